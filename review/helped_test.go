package review_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// The desk sees how the help went, as people say last; practice counts for
// nothing, and so does a message that its sender did not sign.
func TestHelped(t *testing.T) {
	o := reviewtest.New(t)
	first, second := o.Send("street", nil), o.Send("street", nil)
	practice := o.Send("street", func(r *seal.Report) { r.Practice = true })
	first.Say(seal.Message{Helped: "failed"})
	first.Say(seal.Message{Helped: "full", Text: "PRACTICE"})
	practice.Say(seal.Message{Helped: "full"})
	second.Say(seal.Message{Helped: "a-code-of-later"})
	w := o.Workstation(o.Nino, nil)
	got, said, all := w.View().Helped(vault.DayOf(o.Clock.Now()))
	if diff := cmp.Diff([]review.Outcome{{Code: "a-code-of-later", Cases: 1}, {Code: "full", Cases: 1}}, got); diff != "" || said != 2 || all != 2 {
		t.Errorf("%d of %d: %s", said, all, diff)
	}
	for _, bad := range []string{"Full", "a b", "<b>", "é", string(make([]byte, 65))} {
		if _, err := seal.NewFollowUp("street", seal.Message{ID: first.Report.ID, Helped: bad}, first.Receipt.ThreadKey()); err == nil {
			t.Errorf("%q is taken for an outcome", bad)
		}
	}
}
