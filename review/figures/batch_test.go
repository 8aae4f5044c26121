package figures_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"peerwitness/review/figures"
	"peerwitness/vault"
	"pgregory.net/rapid"
)

func refs(b figures.Batch) (out []figures.Ref) {
	for _, g := range b.Groups {
		out = append(out, g...)
	}
	return out
}

func has(b figures.Batch, r figures.Record) bool {
	return slices.ContainsFunc(refs(b), func(x figures.Ref) bool { return x.Key == r.Key })
}

func TestCloseTakesWhoMayBeCounted(t *testing.T) {
	p := testProgramme(t)
	rs := draw(t, 7, 1, frozen)
	version := func(r figures.Record, day figures.Day, countMe bool) figures.Record {
		r.N, r.Day, r.CountMe = 1, day, countMe
		return r
	}
	rs[1].CountMe = false
	rs[2].Practice = true
	rs[3].Frozen, rs[3].Day = "2026-07-01", "2026-07-01" // late: the next batch
	rs[4].Frozen, rs[4].Day = "2025-12-31", "2025-12-31" // before the first period
	all := append(slices.Clone(rs), version(rs[5], "2026-05-01", false), version(rs[6], "2026-07-10", false))
	if _, err := figures.Close(p, "2026-H1", all, nil, "2026-06-30"); !errors.Is(err, figures.ErrNotOver) {
		t.Errorf("closed on its last day: %v", err)
	}
	if _, err := figures.Close(p, "2025-H2", all, nil, "2026-07-01"); !errors.Is(err, figures.ErrShape) {
		t.Errorf("closed a period before the first: %v", err)
	}
	b, err := figures.Close(p, "2026-H1", all, nil, "2026-07-11")
	must(t, err)
	for i, want := range []bool{true, false, false, false, false, false, false} {
		if has(b, rs[i]) != want {
			t.Errorf("record %d: in the batch is %v", i, !want)
		}
	}
	next, err := figures.Close(p, "2026-H2", all, []figures.Batch{b}, "2027-01-01")
	must(t, err)
	if !has(next, rs[3]) || has(next, rs[0]) || len(refs(next)) != 1 {
		t.Errorf("the next batch has %d records", len(refs(next)))
	}
	raw, err := b.JSON()
	must(t, err)
	again, err := figures.ParseBatch(raw)
	must(t, err)
	if x, _ := again.JSON(); !bytes.Equal(x, raw) {
		t.Error("the batch read again is another")
	}
}

func TestCloseLinksGroups(t *testing.T) {
	p := testProgramme(t)
	rs := draw(t, 6, 1, frozen)
	a, b, c := fake("a"), fake("b"), fake("c")
	rs[0].People, rs[1].People, rs[2].People = []string{a}, []string{a, b}, []string{b}
	slices.Sort(rs[1].People)
	rs[3].People = []string{c}
	rs[4].People, rs[5].People = []string{}, []string{}
	batch, err := figures.Close(p, "2026-H1", rs, nil, "2026-07-01")
	must(t, err)
	if len(batch.Groups) != 4 {
		t.Errorf("%d groups, want 4: three linked through two people, and three alone", len(batch.Groups))
	}
	// linked by a later version, made before the cut-off
	late := rs[3]
	late.N, late.Day, late.People = 1, "2026-06-30", slices.Sorted(slices.Values([]string{b, c}))
	batch, err = figures.Close(p, "2026-H1", append(rs, late), nil, "2026-07-01")
	must(t, err)
	if len(batch.Groups) != 3 {
		t.Errorf("%d groups, want 3", len(batch.Groups))
	}
	late.Day = "2026-07-01"
	batch, err = figures.Close(p, "2026-H1", append(rs, late), nil, "2026-07-02")
	must(t, err)
	if len(batch.Groups) != 4 {
		t.Errorf("%d groups, want 4: linked after the cut-off", len(batch.Groups))
	}
}

// Three tables each half-year cost 3/32; the sixth would go over 16/32. Who was
// counted as two people in one batch cost four times as much.
func TestLifetimeBudget(t *testing.T) {
	p := testProgramme(t)
	me, you := fake("me"), fake("you")
	var records []figures.Record
	var batches []figures.Batch
	periods := []string{"2026-H1", "2026-H2", "2027-H1", "2027-H2", "2028-H1", "2028-H2", "2029-H1"}
	counted := map[string][]bool{}
	for i, period := range periods {
		from, until, err := figures.Window(p.Every, period)
		must(t, err)
		rs := draw(t, 4, uint64(i), from)
		rs[0].People, rs[1].People, rs[2].People = []string{me}, []string{you}, []string{you}
		if i == 1 {
			rs[2].People = []string{fake("nobody knew yet that this is you")}
		}
		if i == 2 {
			rs[2].People = slices.Sorted(slices.Values([]string{you, fake("nobody knew yet that this is you")}))
		}
		records = append(records, rs...)
		b, err := figures.Close(p, period, records, batches, figures.Day(until[:8]+"99"))
		must(t, err)
		batches = append(batches, b)
		counted["me"] = append(counted["me"], has(b, rs[0]))
		counted["you"] = append(counted["you"], has(b, rs[1]))
		counted["else"] = append(counted["else"], has(b, rs[3]))
	}
	if want := []bool{true, true, true, true, true, false, false}; !slices.Equal(counted["me"], want) {
		t.Errorf("five times 3/32 fit: %v", counted["me"])
	}
	// 3 + 2²·3 = 15: nothing more fits
	if want := []bool{true, true, false, false, false, false, false}; !slices.Equal(counted["you"], want) {
		t.Errorf("one person counted as two: %v", counted["you"])
	}
	if slices.Contains(counted["else"], false) {
		t.Errorf("people counted once: %v", counted["else"])
	}
}

// The gate does not take the batch's word for the budget.
func TestGateRefusesAnOverspentGroup(t *testing.T) {
	w := newWorld(t, draw(t, 20, 1, frozen))
	for i := range 5 {
		r := draw(t, 1, uint64(20+i), figures.Day([]string{"2023-01-01", "2023-07-01", "2024-01-01", "2024-07-01", "2025-01-01"}[i]))[0]
		r.People = w.in.Records[0].People
		w.in.Records = append(w.in.Records, r)
		from, until, err := figures.Window("half-year", figures.PeriodOf("half-year", r.Frozen))
		must(t, err)
		w.in.Batches = slices.Insert(w.in.Batches, i, figures.Batch{V: 1, Programme: w.b.Programme, Version: 1, Period: figures.PeriodOf("half-year", r.Frozen),
			From: from, Until: until, Cost: 3, Groups: [][]figures.Ref{{{Key: r.Key}}}})
	}
	refused(t, w.in, "lifetime budget")
}

// Attack suite, 12: a linked group, however many cases, acts and services it has,
// changes each table by one in one cell at most.
func TestOneGroupMovesEachTableByOne(t *testing.T) {
	p := testProgramme(t)
	rapid.Check(t, func(rt *rapid.T) {
		base := draw(t, rapid.IntRange(0, 30).Draw(rt, "others"), rapid.Uint64().Draw(rt, "seed")<<1, frozen)
		group := draw(t, rapid.IntRange(1, 6).Draw(rt, "cases"), rapid.Uint64().Draw(rt, "seed of group")<<1|1, frozen)
		for i := range group { // a chain: each shares one person with the next
			group[i].People = slices.Sorted(slices.Values([]string{fake(string(rune('a' + i))), fake(string(rune('b' + i)))}))
		}
		count := func(rs []figures.Record) [][]int {
			b, err := figures.Close(p, "2026-H1", rs, nil, "2026-07-01")
			must(t, err)
			return figures.Counts(p, b, rs)
		}
		without, with := count(base), count(append(slices.Clone(base), group...))
		served := slices.ContainsFunc(group, func(r figures.Record) bool { return len(r.Services) > 0 })
		for i := range with {
			moved := 0
			for j := range with[i] {
				d := with[i][j] - without[i][j]
				moved += d * d
			}
			if want := 1; i < 2 && moved != want || moved > 1 || i == 2 && served && moved != 1 {
				rt.Fatalf("table %d moved by %d", i, moved)
			}
		}
	})
}

// Which main act of a group counts is chosen by the record keys, table by table.
func TestChosenMainAct(t *testing.T) {
	p := testProgramme(t)
	rs := draw(t, 3, 11, frozen)
	for i := range rs {
		rs[i].People = []string{fake("one")}
		rs[i].Region = []string{"north", "harbour", "east"}[i]
		rs[i].Group = []string{"police", "property", "health"}[i]
	}
	b, err := figures.Close(p, "2026-H1", rs, nil, "2026-07-01")
	must(t, err)
	counts := figures.Counts(p, b, rs)
	for table, name := range []string{"totals", "acts"} {
		least := 0
		for i := range rs {
			x, y := figures.Rank(name, rs[i]), figures.Rank(name, rs[least])
			if bytes.Compare(x[:], y[:]) < 0 {
				least = i
			}
		}
		want := least // the first codes of both dimensions are in this order
		if got := slices.Index(counts[table], 1); table == 0 && got != want || table == 1 && p.Dimensions[1].Codes[got].Code != rs[least].Group {
			t.Errorf("%s: cell %d counts, want that of record %d", name, got, least)
		}
	}
	// the bytes, as the specification has them
	mac := hmac.New(sha256.New, rs[0].Key[:])
	mac.Write(slices.Concat(vault.LP("totals"), vault.U32(uint32(rs[0].ActIndex))))
	if got := figures.Rank("totals", rs[0]); !bytes.Equal(got[:], mac.Sum(nil)) {
		t.Error("a main act is ranked by other bytes")
	}
}

// The digest and the seed of a cell's noise, made here from the specification.
func TestDigestAndSeedBytes(t *testing.T) {
	w := newWorld(t, draw(t, 20, 1, frozen))
	var parts [][]byte
	for _, g := range w.b.Groups {
		for _, ref := range g {
			r := w.in.Records[slices.IndexFunc(w.in.Records, func(r figures.Record) bool { return r.Key == ref.Key })]
			coding, err := r.JSON()
			must(t, err)
			sum := vault.Sum(slices.Concat(vault.LP(string(coding)), vault.LP(string(g[0].Key[:]))))
			parts = append(parts, slices.Concat(r.Key[:], sum[:]))
		}
	}
	slices.SortFunc(parts, bytes.Compare)
	d := vault.Sum(slices.Concat(parts...))
	if d != w.o.Digest {
		t.Errorf("digest %v, want %v", w.o.Digest, d)
	}
	mac := hmac.New(sha256.New, w.in.Noise[:])
	mac.Write(vault.LP("cell-noise/v1", []byte("half-year"), vault.U64(1), []byte("services"), []byte("2026-H1"), vault.LP("legal-primary", []byte("partial")), d[:]))
	want, err := figures.NewSampler(mac.Sum(nil)).DGauss(16)
	must(t, err)
	noise := figures.Noise(w.p, w.b, w.in.Noise, w.in.Records)
	if got := noise[4+9+1]; got != want {
		t.Errorf("noise of services, legal-primary, partial is %d, want %d", got, want)
	}
}

func TestHistoryMustHang(t *testing.T) {
	p := testProgramme(t)
	r := draw(t, 1, 1, frozen)[0]
	with := func(f func(*figures.Record)) figures.Record {
		v := r
		v.N, v.Day = 1, "2026-04-01"
		f(&v)
		return v
	}
	for name, rs := range map[string][]figures.Record{
		"a version missing":        {r, with(func(v *figures.Record) { v.N = 2 })},
		"frozen twice":             {r, with(func(v *figures.Record) { v.Frozen = "2026-03-05" })},
		"practice turned real":     {r, with(func(v *figures.Record) { v.Practice = true })},
		"a day before the last":    {r, with(func(v *figures.Record) { v.Day = "2026-05-01" }), with(func(v *figures.Record) { v.N = 2 })},
		"one version, two things":  {r, with(func(v *figures.Record) {}), with(func(v *figures.Record) { v.CountMe = false })},
		"first version is missing": {with(func(v *figures.Record) {})},
	} {
		if _, err := figures.Close(p, "2026-H1", rs, nil, "2026-07-01"); !errors.Is(err, figures.ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHMACIsTheStandardOne(t *testing.T) {
	for n := range 300 {
		k, m := noiseKey(byte(n)), bytes.Repeat([]byte{byte(n)}, n)
		mac := hmac.New(sha256.New, k[:])
		mac.Write(m)
		if got := figures.HMACSum(k, m); !bytes.Equal(got[:], mac.Sum(nil)) {
			t.Fatalf("another result for %d bytes", n)
		}
	}
}

// Keys that begin alike, which nobody but an attacker makes, are told apart.
func TestKeysThatBeginAlike(t *testing.T) {
	records := draw(t, 60, 3, frozen)
	for i := range records {
		copy(records[i].Key[:30], make([]byte, 30))
		records[i].Key[30] = byte(i * 37)
	}
	withdrawn := records[5]
	withdrawn.N, withdrawn.CountMe = 1, false
	records = append(records, withdrawn)
	p := testProgramme(t)
	b, err := figures.Close(p, "2026-H1", records, nil, "2026-07-01")
	must(t, err)
	n := 0
	for _, g := range b.Groups {
		for _, ref := range g {
			if ref.Key == withdrawn.Key {
				t.Error("who took it back is in the batch")
			}
			n++
		}
	}
	if n != 59 {
		t.Errorf("%d records in the batch", n)
	}
	if _, err := figures.Compute(p, b, noiseKey(1), records); err != nil {
		t.Error(err)
	}
	b.Groups[0][0].Key[31]++ // begins alike and is nobody's
	if _, err := figures.Compute(p, b, noiseKey(1), records); !errors.Is(err, figures.ErrUncounted) {
		t.Errorf("a record that is not there: %v", err)
	}
}
