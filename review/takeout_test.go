package review_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
)

func TestTakeOut(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	nino, ana := o.Workstation(o.Nino, nil), o.Workstation(o.Ana, nil)
	data := review.TakenOut{Format: review.CSV, Fields: []string{"acts", "story"}}
	if err := nino.TakeOut(ctx, s.Deposit, data); !errors.Is(err, review.ErrNotLegal) {
		t.Errorf("out of a case that nobody took: %v", err)
	}
	if _, err := nino.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]review.TakenOut{
		"nothing": {Format: review.CSV}, "no kind": {Fields: []string{"acts"}}, "another kind": {Format: "pdf", Fields: []string{"acts"}},
		"no such part": {Format: review.CSV, Fields: []string{"key"}}, "a part twice": {Format: review.CSV, Fields: []string{"acts", "acts"}},
	} {
		if err := nino.TakeOut(ctx, s.Deposit, bad); !errors.Is(err, review.ErrNotLegal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := ana.TakeOut(ctx, s.Deposit, data); !errors.Is(err, review.ErrNotLegal) {
		t.Errorf("out of a colleague's case: %v", err)
	}
	before := find(t, nino, s.Deposit)
	if err := nino.TakeOut(ctx, s.Deposit, data); err != nil {
		t.Fatal(err)
	}
	if err := ana.Sync(ctx, nil); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*review.Workstation{nino, ana} {
		c := find(t, w, s.Deposit)
		last := c.Entries[len(c.Entries)-1]
		if last.Kind != "taken-out" || last.Author != o.Nino.ID() || !cmp.Equal(last.TakenOut, data) || c.State != before.State || len(c.Problems) > 0 {
			t.Errorf("the case shows %+v, problems %v", last, c.Problems)
		}
	}
	for _, f := range review.TakeOutFields() {
		if _, err := review.ParseTakenOut([]byte(`{"format":"csv","fields":["` + f + `"]}`)); err != nil {
			t.Errorf("the part %q can't be read back", f)
		}
	}
}

func FuzzParseTakenOut(f *testing.F) {
	for _, s := range []string{`{"format":"csv","fields":["story"]}`, `{"format":"csv","fields":[]}`, `{"format":"CSV","fields":["story"]}`, `{"format":"csv","fields":["a","a"]}`, `{"fields":["a"],"format":"csv"}`, `{"format":"csv","fields":["a"],"x":1}`, `{}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := review.ParseTakenOut(b)
		if err != nil {
			return
		}
		if again, err := review.Canonical(d); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%s comes back as %s", b, again)
		}
	})
}
