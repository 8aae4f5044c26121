package figures_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"peerwitness/review/figures"
)

func TestGateLetsAnHonestReleaseThrough(t *testing.T) {
	w := newWorld(t, draw(t, 300, 1, frozen))
	must(t, figures.Gate(w.in))
	r, err := figures.Verify(w.in.Body, w.in.Roster)
	must(t, err)
	if r.Period != "2026-H1" {
		t.Errorf("period %q", r.Period)
	}
}

// A hundred exports, records in any order, through every serial form: one hash.
func TestHundredExportsGiveOneHash(t *testing.T) {
	records := draw(t, 300, 1, frozen)
	w := newWorld(t, records)
	want := w.in.Body
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		shuffled := slices.Clone(records)
		rnd.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for i := range shuffled { // as a restored journal would give them
			b, err := shuffled[i].JSON()
			must(t, err)
			shuffled[i], err = figures.ParseRecord(b)
			must(t, err)
		}
		again := newWorld(t, append(shuffled, shuffled[:5]...)) // sent twice is harmless
		if string(again.in.Body) != string(want) {
			t.Fatal("another export has other bytes")
		}
	}
}

// A change of one case draws every cell's noise anew, so that no single cell is
// seen to change; and the gate refuses it.
func TestChangedBatchIsDrawnAnewAndRefused(t *testing.T) {
	records := draw(t, 300, 1, frozen)
	w := newWorld(t, records)
	noise := figures.Noise(w.p, w.b, w.in.Noise, w.in.Records)
	one := records[0]
	one.Region = "east"
	if one.Region == records[0].Region {
		one.Region = "north"
	}
	linked := records[0]
	linked.People = slices.Sorted(slices.Values([]string{linked.People[0], records[1].People[0]}))
	for name, changed := range map[string][]figures.Record{
		"one more":  append(slices.Clone(records), draw(t, 1, 2, frozen)...),
		"one fewer": records[1:],
		"recoded":   append([]figures.Record{one}, records[1:]...),
		"linked":    append([]figures.Record{linked}, records[1:]...),
	} {
		x := newWorld(t, changed)
		if x.o.Digest == w.o.Digest {
			t.Errorf("%s: the digest stays", name)
		}
		cells, same := 0, 0
		other := figures.Noise(x.p, x.b, x.in.Noise, x.in.Records)
		for i := range noise {
			cells++
			if noise[i] == other[i] {
				same++
			}
		}
		// two independent draws agree with probability Σp² = .0705
		if cells < 70 || same > cells/4 {
			t.Errorf("%s: %d of %d cells keep their noise", name, same, cells)
		}
		x.in.Ledger = w.in.Ledger // the one that was kept
		x.make()
		refused(t, x.in, "The batch has changed since it was entered in the ledger")
		if _, _, err := figures.Extend(w.in.Ledger, x.b, x.in.Noise, x.o); !errors.Is(err, figures.ErrCounted) {
			t.Errorf("%s: entered in the ledger again: %v", name, err)
		}
	}
	if _, added, err := figures.Extend(w.in.Ledger, w.b, w.in.Noise, w.o); err != nil || added {
		t.Errorf("the same batch again: added %v, %v", added, err)
	}
}

func TestAnotherNoiseKeyGivesOtherFigures(t *testing.T) {
	w := newWorld(t, draw(t, 300, 1, frozen))
	out, err := figures.Compute(w.p, w.b, noiseKey(8), w.in.Records)
	must(t, err)
	if out.Hash() == w.o.Hash() {
		t.Error("the noise key changes nothing")
	}
}

// Noise is added to cells that nobody is in too: with nobody at all, the noisy
// counts are spread as the distribution is.
func TestEmptyCellsGetNoise(t *testing.T) {
	w := newWorld(t, nil)
	var zero int
	noise := figures.Noise(w.p, w.b, w.in.Noise, nil)
	for _, z := range noise {
		if z == 0 {
			zero++
		}
	}
	if len(noise) < 70 || zero > len(noise)/3 {
		t.Errorf("%d of %d empty cells have no noise", zero, len(noise))
	}
	for _, table := range w.o.Tables {
		for _, c := range table.Cells {
			if c.Value != nil {
				t.Errorf("an empty cell of %s shows %d", table.Table, *c.Value)
			}
		}
	}
	must(t, figures.Gate(w.in)) // thin data goes out on schedule, all masked
}

func TestComputeRefuses(t *testing.T) {
	records := draw(t, 40, 1, frozen)
	w := newWorld(t, records)
	change := func(f func(r *figures.Record)) []figures.Record {
		out := slices.Clone(records)
		f(&out[0])
		return out
	}
	for name, rs := range map[string][]figures.Record{
		"missing":         records[1:],
		"practice":        change(func(r *figures.Record) { r.Practice = true }),
		"no consent":      change(func(r *figures.Record) { r.CountMe = false }),
		"unknown service": change(func(r *figures.Record) { r.Services = []figures.Served{{Service: "new", Outcome: "full"}} }),
	} {
		if _, err := figures.Compute(w.p, w.b, w.in.Noise, rs); !errors.Is(err, figures.ErrUncounted) {
			t.Errorf("%s: %v", name, err)
		}
	}
	two := slices.Clone(records)
	two = append(two, two[0])
	two[len(two)-1].Region = "elsewhere"
	if _, err := figures.Compute(w.p, w.b, w.in.Noise, two); !errors.Is(err, figures.ErrShape) {
		t.Errorf("one version that says two things: %v", err)
	}
	p := w.p
	p.Version = 2
	if _, err := figures.Compute(p, w.b, w.in.Noise, records); !errors.Is(err, figures.ErrUncounted) {
		t.Errorf("another programme: %v", err)
	}
}

// An unlisted region counts as not known; nobody is dropped.
func TestUnlistedCodesCountAsTheRest(t *testing.T) {
	w := newWorld(t, draw(t, 30, 1, frozen))
	rs := slices.Clone(w.in.Records)
	for i := range rs {
		rs[i].Region = "closed-since"
	}
	counts := figures.Counts(w.p, w.b, rs)
	groups := len(w.b.Groups)
	if got := counts[0][len(counts[0])-1]; got != groups {
		t.Errorf("%d of %d people are in the last cell, not known", got, groups)
	}
}
