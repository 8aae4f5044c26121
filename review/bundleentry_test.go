package review_test

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// exportOf is an export of a bundle with that manifest.
func exportOf(n byte) review.Export {
	return review.Export{Variant: review.ExportRedacted, Manifest: vault.Sum([]byte{n}).String(), LeftOut: []string{"story"}, For: " PRACTICE\n court ", Why: "PRACTICE asked by mouth"}
}

// That a case leaves is in its journal, signed, before anybody gets the bundle,
// and every colleague sees it.
func TestExportIsAnEntry(t *testing.T) {
	o := reviewtest.New(t)
	var blobs [][]byte
	s := o.Send("street", func(r *seal.Report) {
		blobs = reviewtest.Attach(o, r, "image/jpeg", bytes.Repeat([]byte("PRACTICE "), 1000))
	})
	s.Say(seal.Message{Text: "PRACTICE and my files", Attachments: []seal.BlobNames{{N: 0, Blobs: s.Deliver(blobs)}}})
	w := o.Workstation(o.Nino, nil)
	if _, err := w.RecordExport(ctx, s.Deposit, vault.ID{}, exportOf(1)); !errors.Is(err, review.ErrNotLegal) {
		t.Errorf("before anybody took it: %v", err)
	}
	id, err := w.Take(ctx, s.Deposit)
	if err != nil {
		t.Fatal(err)
	}
	o.CodeCase(w, id, "extortion")
	last := find(t, w, id).Last()
	shown, err := w.RecordExport(ctx, id, last, exportOf(1))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(shown.Text, `"for":"PRACTICE court"`) || strings.Contains(shown.Text, "AGE-SECRET") || shown.Masked {
		t.Errorf("the entry is %+v", shown)
	}
	ana := o.Workstation(o.Ana, nil)
	c := find(t, ana, id)
	if e := c.Entries[len(c.Entries)-1]; e.Kind != "export" || e.Author != o.Nino.ID() || e.Export.LeftOut[0] != "story" || len(c.Problems) > 0 {
		t.Errorf("a colleague sees %+v, %+v", e, c.Problems)
	}
	signed, err := ana.SignedEntries(ctx, id)
	if err != nil || len(signed) != 3 {
		t.Fatalf("%v, %d entries", err, len(signed))
	}
	for i, want := range []struct {
		kind   string
		masked bool
	}{{"claim", true}, {"coding", true}, {"export", false}} {
		e := signed[i]
		if !e.Accepted || e.Kind != want.kind || e.Shown.Masked != want.masked || e.Shown.Text == "" || e.Roster != 1 {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
	if n := len(signed[0].Messages); n != 1 {
		t.Errorf("%d messages in the claim", n)
	}
	if rs := ana.View().Rosters(1, 1); len(rs) != 1 || rs[0].Hash != o.Roster.Hash {
		t.Errorf("the list of people: %v", rs)
	}
	if _, err := ana.SignedEntries(ctx, vault.ID{1}); !errors.Is(err, review.ErrNoCase) {
		t.Errorf("no such case: %v", err)
	}
	luka := o.Workstation(o.Luka, nil)
	if _, err := luka.SignedEntries(ctx, id); err == nil {
		t.Error("somebody of another desk reads the journal")
	}

	// The case goes on, or the person writes: a bundle of before is not recorded.
	if _, err := ana.RecordExport(ctx, id, last, exportOf(2)); !errors.Is(err, review.ErrNotLegal) {
		t.Errorf("a bundle that misses an entry: %v", err)
	}
	last = find(t, ana, id).Last()
	s.Say(seal.Message{Text: "PRACTICE wait"})
	if _, err := ana.RecordExport(ctx, id, last, exportOf(2)); !errors.Is(err, review.ErrNotLegal) {
		t.Errorf("a bundle that misses a message: %v", err)
	}
	if c = find(t, ana, id); slices.ContainsFunc(c.Entries, func(e review.Entry) bool { return e.Export.Manifest == exportOf(2).Manifest }) {
		t.Error("a bundle that was not handed out is recorded")
	}
}

func TestExportRefused(t *testing.T) {
	o := reviewtest.New(t)
	w := o.Workstation(o.Nino, nil)
	take := func(change func(*seal.Report)) *review.Case {
		s := o.Send("street", change)
		id, err := w.Take(ctx, s.Deposit)
		if err != nil {
			t.Fatal(err)
		}
		return find(t, w, id)
	}
	plain := take(nil)
	asked := take(func(r *seal.Report) { r.Consent = []string{review.Complain} })
	unasked := take(func(r *seal.Report) {
		r.Consent, r.Answers.Teller, r.Answers.Asked = []string{review.Complain, review.Share}, "witness", "no"
	})
	young := take(func(r *seal.Report) { r.Answers.Affected.Age = "15-17" })
	if plain.MayExport() || !asked.MayExport() || unasked.MayExport() {
		t.Error("consent covers a bundle where it must not, or the other way round")
	}
	with := func(f func(*review.Export)) review.Export { e := exportOf(1); f(&e); return e }
	for what, x := range map[string]struct {
		c    *review.Case
		e    review.Export
		want error
	}{
		"not covered, with a reason":     {plain, exportOf(1), nil},
		"covered, without one":           {asked, with(func(e *review.Export) { e.Why = "" }), nil},
		"not covered, without one":       {plain, with(func(e *review.Export) { e.Why = " " }), review.ErrNotLegal},
		"not asked, without one":         {unasked, with(func(e *review.Export) { e.Why = "" }), review.ErrNotLegal},
		"for nobody":                     {asked, with(func(e *review.Export) { e.For = "" }), review.ErrNotLegal},
		"turned text":                    {asked, with(func(e *review.Export) { e.For = "\u202egpj" }), review.ErrNotLegal},
		"too long":                       {asked, with(func(e *review.Export) { e.For = strings.Repeat("x", 2001) }), review.ErrNotLegal},
		"under 18, without safeguarding": {young, exportOf(1), review.ErrNotLegal},
	} {
		if err := x.c.CheckExport(x.e); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, e := range map[string]review.Export{
		"no manifest":       with(func(e *review.Export) { e.Manifest = "00" }),
		"no variant":        with(func(e *review.Export) { e.Variant = "half" }),
		"full and left out": with(func(e *review.Export) { e.Variant = review.ExportFull }),
		"a part's bad id":   with(func(e *review.Export) { e.LeftOut = []string{"../x"} }),
	} {
		if _, err := w.RecordExport(ctx, asked.ID, asked.Last(), e); !errors.Is(err, review.ErrNotLegal) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// As a careless colleague might write it: shown as a problem, changing nothing.
	if err := w.Write(ctx, asked.ID, "export", map[string]any{"v": 1, "manifest": "x"}); err != nil {
		t.Fatal(err)
	}
	if c := find(t, w, asked.ID); len(c.Problems) != 1 {
		t.Errorf("problems: %+v", c.Problems)
	}
}

// Without the server nothing is recorded, and so nothing handed out.
func TestExportOffline(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	cut := &cutting{}
	w := o.Workstation(o.Nino, &http.Client{Transport: cut})
	id, err := w.Take(ctx, s.Deposit)
	if err != nil {
		t.Fatal(err)
	}
	last := find(t, w, id).Last()
	cut.down = true
	if _, err := w.RecordExport(ctx, id, last, exportOf(1)); err == nil {
		t.Error("recorded without the server")
	}
	cut.down = false
	sync(t, w)
	if c := find(t, w, id); c.Last() != last {
		t.Errorf("%+v", c.Entries)
	}
}

type cutting struct{ down bool }

func (c *cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.down {
		return nil, errors.New("the line is down")
	}
	return http.DefaultTransport.RoundTrip(r)
}

func FuzzExport(f *testing.F) {
	e := exportOf(1)
	e.V, e.For = 1, "PRACTICE"
	b, err := review.Canonical(e)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"v":1,"variant":"full","manifest":"","left_out":null,"for":"","why":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := review.ParseExport(b)
		if err != nil {
			return
		}
		if again, err := review.Canonical(e); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q is read as %q", b, again)
		}
	})
}
