package sheet_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/review/sheet"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// here is what a workstation has, as its pages tell an import.
func here(w *review.Workstation) sheet.Here {
	h := sheet.Here{Reports: map[string]bool{}, Marks: map[string]bool{}}
	for _, c := range w.View().Cases {
		h.Reports[c.Report.ID] = true
		if i := c.Report.Imported; i != nil {
			h.Marks[i.Mark] = true
		}
	}
	return h
}

func planOf(t *testing.T, o *reviewtest.Org, name string) *sheet.Plan {
	t.Helper()
	table := example(t, name)
	m := sheet.Guess(table, o.Book(), o.Roster)
	m.Source, m.Desk, m.Lang = "Practice Kobo", "street", "en"
	p, err := sheet.Check(table, m, o.Book(), o.Roster, func(d string) bool { return d == "street" }, o.Clock.Now())
	if err != nil {
		t.Fatal(err, m.Problem(o.Roster))
	}
	return p
}

func importOf(o *reviewtest.Org, p *sheet.Plan, out sheet.Outbox, by *reviewtest.Person) *sheet.Import {
	return sheet.NewImport(p, out, by.Key, o.Roster, o.Clock.Now, 0)
}

func run(t *testing.T, im *sheet.Import, h sheet.Here) sheet.Progress {
	t.Helper()
	if err := im.Run(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	p := im.Progress()
	if p.Running || p.Left() != 0 {
		t.Fatalf("after it ran: %+v", p)
	}
	return p
}

func catchUp(t *testing.T, w *review.Workstation) {
	t.Helper()
	if err := w.Sync(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
}

// A row becomes an ordinary report of its desk, once, whoever brings it in and
// however often.
func TestRowsBecomeCasesOnce(t *testing.T) {
	o := reviewtest.New(t)
	nino, ana := o.Workstation(o.Nino, nil), o.Workstation(o.Ana, nil)
	out := &reviewtest.Outbox{Org: o}
	p := planOf(t, o, "kobo.csv")
	if got := run(t, importOf(o, p, out, o.Nino), here(nino)); got.Done != 3 || got.Here != 0 {
		t.Fatalf("first time: %+v", got)
	}
	catchUp(t, nino)
	cases := nino.View().Cases
	if len(cases) != 3 {
		t.Fatalf("%d cases, want 3", len(cases))
	}
	var c *review.Case
	for _, x := range cases {
		if x.Report.Answers.Where.Part == "harbour" {
			c = x
		}
	}
	if c == nil || c.Report.Imported == nil || c.Report.Imported.Source != "Practice Kobo" || c.Report.Answers.Teller != "staff" || c.Urgency != "in-custody-now" ||
		len(c.Flags) != 1 || c.Flags[0] != review.FlagImported || c.Practice || c.Report.Build != "peerwitness import" {
		t.Fatalf("the case is %+v", c)
	}
	if may, _ := c.MayCount(); may || !c.Agreed("legal-help") {
		t.Error("consents are not the row's own")
	}
	id, err := nino.Take(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := nino.Answer(t.Context(), id, "PRACTICE", 0); !errors.Is(err, review.ErrNotLegal) {
		t.Errorf("answering whom nobody gave words: %v", err)
	}
	// The same file in another shape, by the same person and by a colleague, before and after a sync.
	for name, again := range map[string]struct {
		by   *reviewtest.Person
		at   *review.Workstation
		file string
	}{
		"again": {o.Nino, nino, "kobo.csv"}, "from the other file": {o.Nino, nino, "kobo.xlsx"}, "by a colleague": {o.Ana, ana, "kobo.csv"},
	} {
		catchUp(t, again.at)
		before := len(out.Sent)
		if got := run(t, importOf(o, planOf(t, o, again.file), out, again.by), here(again.at)); got.Here != 3 || len(out.Sent) != before {
			t.Errorf("%s: %+v, and %d reports were sent", name, got, len(out.Sent)-before)
		}
	}
	// Training with a file is another thing than bringing it in.
	table := example(t, "kobo.csv")
	m := sheet.Guess(table, o.Book(), o.Roster)
	m.Source, m.Desk, m.Practice = "Practice Kobo", "street", true
	train, err := sheet.Check(table, m, o.Book(), o.Roster, func(string) bool { return true }, o.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range train.Good {
		if here(nino).Has(r, o.Nino.Key) || !r.Report.Practice {
			t.Errorf("row %d of a training is taken for the case that it was made of", r.N)
		}
	}
	// Even a workstation that knows of nothing makes no second case.
	run(t, importOf(o, p, out, o.Nino), sheet.Here{})
	catchUp(t, nino)
	if n := len(nino.View().Cases); n != 3 {
		t.Errorf("%d cases after all that, want 3", n)
	}
}

// An import that is stopped, refused, or loses an answer goes on where it was.
func TestAnImportGoesOn(t *testing.T) {
	o := reviewtest.New(t)
	w := o.Workstation(o.Nino, nil)
	lost := errors.New("the line broke")
	out := &reviewtest.Outbox{Org: o, After: func(n int) error {
		if n == 2 {
			return lost
		}
		return nil
	}}
	p := planOf(t, o, "kobo.csv")
	im := importOf(o, p, out, o.Nino)
	if err := im.Run(t.Context(), here(w)); !errors.Is(err, lost) {
		t.Fatalf("a lost answer: %v", err)
	}
	if at := im.Progress(); at.Done != 1 || at.Running || !errors.Is(at.Err, lost) || at.Row != 3 {
		t.Errorf("then it says %+v", at)
	}
	run(t, im, here(w))
	if len(out.Sent) != 4 || !bytes.Equal(out.Sent[1], out.Sent[2]) {
		t.Errorf("%d sendings; the report whose answer was lost must go in the same bytes", len(out.Sent))
	}
	catchUp(t, w)
	if n := len(w.View().Cases); n != 3 {
		t.Errorf("%d cases, want 3", n)
	}
	for _, c := range w.View().Cases {
		if len(c.Deposits) != 1 {
			t.Errorf("a case of %d deposits", len(c.Deposits))
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	out.After, out.Before = nil, func(int) error { cancel(); return sheet.ErrBusy }
	m := sheet.Guess(example(t, "odk.csv"), o.Book(), o.Roster)
	m.Source, m.Desk = "Practice ODK", "street"
	odk, err := sheet.Check(example(t, "odk.csv"), m, o.Book(), o.Roster, func(string) bool { return true }, o.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	im = importOf(o, odk, out, o.Nino)
	if err := im.Run(ctx, here(w)); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped while the server is busy: %v", err)
	}
	tries := 0
	out.Before = func(int) error {
		if tries++; tries < 3 {
			return sheet.ErrBusy
		}
		return nil
	}
	if got := run(t, im, here(w)); got.Done != 2 || tries != 4 {
		t.Errorf("after a busy server: %+v in %d tries", got, tries)
	}
	refused := importOf(o, odk, &reviewtest.Outbox{Org: o, Before: func(int) error { return sheet.ErrRefused }}, o.Nino)
	if err := refused.Run(t.Context(), sheet.Here{}); !errors.Is(err, sheet.ErrRefused) {
		t.Errorf("refused: %v", err)
	}
}

// nobody is an outbox whose desk has no certificate.
type nobody struct{ reviewtest.Outbox }

func (nobody) Sheet(_ context.Context, desk string) (roster.Sheet, error) {
	return roster.Sheet{Desk: desk}, nil
}

func TestNothingIsSealedToNobody(t *testing.T) {
	o := reviewtest.New(t)
	out := &nobody{reviewtest.Outbox{Org: o}}
	if err := importOf(o, planOf(t, o, "kobo.csv"), out, o.Nino).Run(t.Context(), sheet.Here{}); !errors.Is(err, sheet.ErrNobody) || len(out.Sent) != 0 {
		t.Errorf("sealing to recovery alone: %v, %d sent", err, len(out.Sent))
	}
	o.Clock.Advance(2 * 365 * 24 * time.Hour)
	if err := importOf(o, planOf(t, o, "kobo.csv"), &reviewtest.Outbox{Org: o}, o.Nino).Run(t.Context(), sheet.Here{}); err == nil {
		t.Error("a roster that ran out was sealed with, without anybody's yes")
	}
}

// Who knows a row can't tell the id of its report beforehand, and put another
// report there.
func TestReportIDsAreSecret(t *testing.T) {
	a, err := seal.NewPerson("p-0000000000000001", "A")
	if err != nil {
		t.Fatal(err)
	}
	b, err := seal.NewPerson("p-0000000000000001", "A")
	if err != nil {
		t.Fatal(err)
	}
	mark := seal.ImportMark("id", "source", "1")
	one, err := a.ImportID(mark)
	if err != nil {
		t.Fatal(err)
	}
	two, _ := a.ImportID(mark)
	other, _ := b.ImportID(mark)
	next, _ := a.ImportID(seal.ImportMark("id", "source1", ""))
	if raw, err := hex.DecodeString(one); err != nil || len(raw) != 16 || one != two || one == other || one == next || one == mark[:32] {
		t.Errorf("ids %s %s, another key's %s, another row's %s", one, two, other, next)
	}
	if _, err := (seal.KeyFile{Kind: seal.KindRecovery}).ImportID(mark); err == nil {
		t.Error("a key file that is nobody's makes report ids")
	}
}
