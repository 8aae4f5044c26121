package review_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/figures"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// What a case leaves for the figures is what the figures read, byte for byte.
func TestCountRecord(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", func(r *seal.Report) { r.Practice = true; r.Answers.Story = "PRACTICE secret story" })
	w := o.Workstation(o.Nino, nil)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	day := vault.DayOf(reviewtest.Start)
	record := func(day vault.Day, former []byte) (figures.Record, []byte, error) {
		t.Helper()
		b, err := w.CountRecord(find(t, w, s.Deposit), day, former)
		if err != nil {
			return figures.Record{}, nil, err
		}
		r, err := figures.ParseRecord(b)
		if err != nil {
			t.Fatalf("the figures refuse %s: %v", b, err)
		}
		return r, b, nil
	}
	if _, _, err := record(day, nil); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), "code the case") {
		t.Errorf("before coding: %v", err)
	}
	k := reviewtest.Coding("extortion")
	k.Acts = append([]review.CodedAct{{Code: "arrest", Kind: "commission", State: "ended"}}, k.Acts...)
	k.Perpetrators[0].Name = "PRACTICE secret name"
	k.People = append(k.People, review.CodedPerson{Populations: []string{"trans", "uses-drugs"}})
	k.Services = []review.Service{{Code: "psychosocial", Outcome: "full"}, {Code: "legal-primary", Provider: "PRACTICE secret office", Outcome: "pending"}, {Code: "psychosocial", Outcome: "full"}}
	if err := w.SetCoding(ctx, s.Deposit, k, o.Book(), nil); err != nil {
		t.Fatal(err)
	}
	first, b, err := record(day, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := find(t, w, s.Deposit)
	if strings.Contains(string(b), "secret") {
		t.Errorf("the record holds more than codes: %s", b)
	}
	if first.Key.Reveal() != c.Coding.RecordKey || first.N != 0 || first.Day != "2026-11-23" || first.Frozen != first.Day || !first.Practice || !first.CountMe ||
		first.Region != "north" || first.Act != "extortion" || first.ActIndex != 1 || first.Group != "police" || first.Perpetrator != "police" ||
		strings.Join(first.Populations, " ") != "trans uses-drugs" || !slices.Equal(first.People, c.PersonKeys()) ||
		!slices.Equal(first.Services, []figures.Served{{Service: "legal-primary", Outcome: "pending"}, {Service: "psychosocial", Outcome: "full"}}) {
		t.Errorf("record %+v", first)
	}
	if _, _, err := record(day+1, b); !errors.Is(err, review.ErrSame) {
		t.Errorf("the same again: %v", err)
	}
	if err := w.Withdraw(ctx, s.Deposit, []string{review.CountMe}); err != nil {
		t.Fatal(err)
	}
	second, _, err := record(day+3, b)
	if err != nil {
		t.Fatal(err)
	}
	if second.N != 1 || second.Frozen != first.Frozen || second.Day != "2026-11-26" || second.CountMe {
		t.Errorf("after the consent was taken back: %+v", second)
	}
	if _, _, err := record(day, nil); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), "took it back") {
		t.Errorf("a first record without consent: %v", err)
	}
	if r, _, err := record(day-1, b); err != nil || r.Day != first.Day || r.CountMe {
		t.Errorf("where this computer's date is behind: %+v, %v", r, err)
	}
	other := strings.Replace(string(b), c.Coding.RecordKey, strings.Repeat("9", 64), 1)
	for name, former := range map[string]string{"another case's": other, "not one": "{}", "too large": strings.Repeat(" ", 65<<10)} {
		if _, _, err := record(day+3, []byte(former)); err == nil || errors.Is(err, review.ErrSame) {
			t.Errorf("after a record that is %s: %v", name, err)
		}
	}
}

func TestClosedCasesThatAreNotCounted(t *testing.T) {
	for reason, counted := range map[string]bool{"resolved": true, "lost-contact": true, "duplicate": false, "abusive": false, "out-of-scope": false, "withdrawn": false} {
		h := take(t)
		h.org.CodeCase(h.work, h.journal, "arrest")
		if err := h.work.SetState(ctx, h.journal, review.Change{To: review.Closed, Close: reason}); err != nil {
			t.Fatal(err)
		}
		_, err := h.work.CountRecord(only(t, h.work), vault.DayOf(reviewtest.Start), nil)
		if counted != (err == nil) {
			t.Errorf("closed as %s: %v", reason, err)
		}
	}
}
