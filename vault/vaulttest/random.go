package vaulttest

import (
	"flag"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"peerwitness/vault"
)

// model is what a store should have come to, kept as plainly as can be.
type model struct {
	deposits map[vault.ID]bool
	claims   map[vault.ID]vault.ID
	blobs    map[vault.ID][]vault.ID
	tickets  map[vault.ID]string
	entries  map[vault.ID][]vault.Append
	releases []vault.ID
	rosters  []uint64
	pos      uint64
}

// testRandom does random things to a store and to the model, and holds one
// against the other; then it replicates the store and holds those together.
func testRandom(t *testing.T, h *house) {
	// Each run opens stores and syncs: a hundred, rapid's own number, are for
	// those who ask for them.
	if n := flag.Lookup("rapid.checks"); n.Value.String() == n.DefValue {
		ok(t, n.Value.Set("20"))
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := h.open(t, h.clock.Now)
		m := &model{deposits: map[vault.ID]bool{}, claims: map[vault.ID]vault.ID{}, blobs: map[vault.ID][]vault.ID{},
			tickets: map[vault.ID]string{}, entries: map[vault.ID][]vault.Append{}}
		rt.Repeat(map[string]func(*rapid.T){
			"deposit": func(rt *rapid.T) { m.putDeposit(rt, s) },
			"blob":    func(rt *rapid.T) { m.putBlob(rt, s) },
			"append":  func(rt *rapid.T) { m.putAppend(rt, s) },
			"release": func(rt *rapid.T) { m.putRelease(rt, s) },
			"roster":  func(rt *rapid.T) { m.putRoster(rt, s) },
			"reopen": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "rarely") == 0 {
					s = h.reopen(t, s)
				}
			},
			"": func(rt *rapid.T) { m.hold(rt, s) },
		})
		if err := s.Check(ctx); err != nil {
			rt.Fatal(err)
		}
		records, objects := feed(t, s)
		r := &house{Store: h.open(t, h.clock.Now), t: t}
		ok(t, r.Follow(ctx, must(s.FeedHead(ctx))(t).Generation))
		ok(t, r.Apply(ctx, records, objects))
		r.blobsFrom(s)
		if err := r.Check(ctx); err != nil {
			rt.Fatal(err)
		}
		same(t, read(t, r.Store), read(t, s))
		ok(t, r.Close())
		ok(t, s.Close())
	})
}

// wants fails unless err is nil exactly when good, and counts a change.
func (m *model) wants(rt *rapid.T, err error, good, change bool) {
	rt.Helper()
	if (err == nil) != good {
		rt.Fatalf("got %v, want success: %v", err, good)
	}
	if good && change {
		m.pos++
	}
}

func (m *model) hold(rt *rapid.T, s vault.Store) {
	head, err := s.FeedHead(ctx)
	if err != nil || head.Pos != m.pos {
		rt.Fatalf("feed is %d long, want %d: %v", head.Pos, m.pos, err)
	}
	for id := range m.deposits {
		_, info, err := s.Deposit(ctx, id)
		if err != nil || info.ClaimedBy != m.claims[id] || !slices.Equal(info.Blobs, m.blobs[id]) {
			rt.Fatalf("deposit: %+v, %v, want claimed by %s with %v", info, err, m.claims[id], m.blobs[id])
		}
	}
	for journal, entries := range m.entries {
		head, err := s.Head(ctx, journal)
		last := entries[len(entries)-1].Entry
		if err != nil || head != (vault.Head{Seq: last.Seq, Entry: last.ID(), Epoch: last.Epoch}) {
			rt.Fatalf("journal: %+v, %v", head, err)
		}
	}
}

var small = rapid.Uint64Range(0, 4)

func smallDeposit(rt *rapid.T) vault.Deposit {
	return vault.Deposit{Desk: "street", Report: body(50, small.Draw(rt, "deposit"))}
}

func (m *model) putDeposit(rt *rapid.T, s vault.Store) {
	d := smallDeposit(rt)
	got, err := s.PutDeposit(ctx, d)
	fresh := !m.deposits[d.ID()]
	m.wants(rt, err, true, fresh)
	if got.New != fresh || !fresh && got.Ticket != m.tickets[d.ID()] {
		rt.Fatalf("%+v, want new: %v", got, fresh)
	}
	m.deposits[d.ID()], m.tickets[d.ID()] = true, got.Ticket
}

func (m *model) putBlob(rt *rapid.T, s vault.Store) {
	id := smallDeposit(rt).ID()
	b := body(20, small.Draw(rt, "blob"))
	created, err := s.PutBlob(ctx, m.tickets[id], vault.Sum(b), b)
	fresh := !slices.Contains(m.blobs[id], vault.Sum(b))
	m.wants(rt, err, m.deposits[id], fresh)
	if created != (m.deposits[id] && fresh) {
		rt.Fatalf("created: %v", created)
	}
	if created {
		m.blobs[id] = append(m.blobs[id], vault.Sum(b))
	}
}

func (m *model) putAppend(rt *rapid.T, s vault.Store) {
	journal := vault.Sum(vault.U64(small.Draw(rt, "journal")))
	entries := m.entries[journal]
	if len(entries) > 0 && rapid.IntRange(0, 4).Draw(rt, "repeat") == 0 {
		again := rapid.SampledFrom(entries).Draw(rt, "again")
		got, err := s.Append(ctx, ana, again)
		m.wants(rt, err, got == vault.Appended{ID: again.Entry.ID(), Seq: again.Entry.Seq}, false)
		return
	}
	a := first(journal)
	good := true
	if len(entries) > 0 {
		last := entries[len(entries)-1].Entry
		base := rapid.SampledFrom(entries).Draw(rt, "base").Entry
		a = after(base, "next")
		a.Entry.Epoch = rapid.Uint32Range(1, 3).Draw(rt, "epoch")
		good = base.Seq == last.Seq && (a.Entry.Epoch == last.Epoch || a.Entry.Epoch == last.Epoch+1)
	}
	a.Entry.Sealed = body(10, rapid.Uint64().Draw(rt, "sealed"))
	for range rapid.IntRange(0, 2).Draw(rt, "claims") {
		id := smallDeposit(rt).ID()
		if slices.Contains(a.Claims, id) {
			continue
		}
		a.Claims = append(a.Claims, id)
		held, claimed := m.claims[id]
		good = good && m.deposits[id] && (!claimed || held == journal)
	}
	if rapid.Bool().Draw(rt, "reply") {
		a.Replies = []vault.Reply{{Prefix: rapid.StringMatching("[01]{0,4}").Draw(rt, "prefix"), Slot: body(vault.SlotSize, m.pos)}}
	}
	_, err := s.Append(ctx, ana, a)
	m.wants(rt, err, good, true)
	if good {
		m.entries[journal] = append(entries, a)
		for _, id := range a.Claims {
			m.claims[id] = journal
		}
	}
}

func (m *model) putRelease(rt *rapid.T, s vault.Store) {
	former := vault.ID{}
	if n := rapid.IntRange(0, len(m.releases)).Draw(rt, "former"); n > 0 {
		former = m.releases[n-1]
	}
	b := body(10, small.Draw(rt, "figures"))
	id := vault.Sum(vault.ReleaseObject(vault.Release{Former: former, Body: b}))
	repeat := slices.Contains(m.releases, id)
	last := len(m.releases) == 0 || former == m.releases[len(m.releases)-1]
	_, err := s.PutRelease(ctx, ana, former, b)
	m.wants(rt, err, repeat || last, !repeat)
	if last && !repeat {
		m.releases = append(m.releases, id)
	}
}

func (m *model) putRoster(rt *rapid.T, s vault.Store) {
	v := rapid.Uint64Range(1, 9).Draw(rt, "version")
	repeat := slices.Contains(m.rosters, v)
	newer := len(m.rosters) == 0 || v > m.rosters[len(m.rosters)-1]
	m.wants(rt, s.PutRoster(ctx, ana, v, note(v)), repeat || newer, !repeat)
	if newer && !repeat {
		m.rosters = append(m.rosters, v)
	}
}
