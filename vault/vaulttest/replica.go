package vaulttest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"peerwitness/vault"
)

// blobsFrom gives a replica what it lacks.
func (h *house) blobsFrom(original vault.Store) {
	h.t.Helper()
	for _, sum := range must(h.LackingBlobs(ctx, 1000))(h.t) {
		ok(h.t, h.PutReplicaBlob(ctx, sum, must(original.Blob(ctx, sum))(h.t)))
	}
}

func testReplica(t *testing.T, h *house) {
	h.everything()
	records, objects := feed(t, h.Store)
	r := h.another()
	gen := must(h.FeedHead(ctx))(t).Generation
	refused(t, r.Apply(ctx, records, objects), vault.ErrFork) // it does not follow yet
	ok(t, r.Follow(ctx, gen))
	random := rand.New(rand.NewPCG(1, 2))
	for from := 0; from < len(records); {
		to := min(from+1+random.IntN(4), len(records))
		ok(t, r.Apply(ctx, records[from:to], objects[from:to]))
		back := random.IntN(from + 1) // and once more, from further back
		ok(t, r.Apply(ctx, records[back:to], objects[back:to]))
		ok(t, r.Follow(ctx, gen))
		if random.IntN(3) == 0 {
			r.Store = r.reopen(t, r.Store)
		}
		from = to
	}
	r.blobsFrom(h.Store)
	want := read(t, h.Store)
	same(t, read(t, r.Store), want)

	// It goes on where the original goes on.
	h.deposit(50)
	records, objects = feed(t, h.Store)
	last := len(records) - 1
	ok(t, r.Apply(ctx, records[last:], objects[last:]))
	same(t, read(t, r.Store), read(t, h.Store))
	ok(t, r.Apply(ctx, nil, nil))

	// A replica can be replicated.
	third := h.another()
	ok(t, third.Follow(ctx, gen))
	ok(t, third.Apply(ctx, records, objects))
	third.blobsFrom(r.Store)
	same(t, read(t, third.Store), read(t, h.Store))
}

func testReplicaRefuses(t *testing.T, h *house) {
	h.everything()
	records, objects := feed(t, h.Store)
	gen := must(h.FeedHead(ctx))(t).Generation
	refused(t, h.Follow(ctx, [16]byte{1}), vault.ErrFork) // it has a feed of its own
	refused(t, h.Follow(ctx, gen), vault.ErrFork)

	r := h.another()
	ok(t, r.Follow(ctx, gen))
	refused(t, r.Follow(ctx, [16]byte{1}), vault.ErrFork)
	half := len(records) / 2
	ok(t, r.Apply(ctx, records[:half], objects[:half]))
	r.blobsFrom(h.Store)
	before := read(t, r.Store)

	// rechain makes the records a chain again, as a lying server would.
	rechain := func(rs []vault.Record, former vault.ID) {
		for i := range rs {
			rs[i].Hash = rs[i].HashAfter(gen, former)
			former = rs[i].Hash
		}
	}
	chainEnd := records[half-1].Hash
	for _, c := range []struct {
		name   string
		change func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte)
		want   error
	}{
		{"a gap", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) { return rs[1:], os[1:] }, vault.ErrFork},
		{"position zero", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) { rs[0].Pos = 0; return rs, os }, vault.ErrFork},
		{"two in another order", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			rs[2], rs[3], os[2], os[3] = rs[3], rs[2], os[3], os[2]
			return rs, os
		}, vault.ErrFork},
		{"another hash", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) { rs[3].Hash[0] ^= 1; return rs, os }, vault.ErrFork},
		{"another day", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) { rs[3].Day++; return rs, os }, vault.ErrFork},
		{"another author", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			rs[3].Author = carla
			return rs, os
		}, vault.ErrFork},
		{"another generation", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			former := chainEnd
			for i := range rs {
				rs[i].Hash = rs[i].HashAfter([16]byte{9}, former)
				former = rs[i].Hash
			}
			return rs, os
		}, vault.ErrFork},
		{"history rewritten", func([]vault.Record, [][]byte) ([]vault.Record, [][]byte) {
			rs := slices.Clone(records)
			rs[2].Day++
			rechain(rs[2:], rs[1].Hash)
			return rs, slices.Clone(objects)
		}, vault.ErrFork},
		{"another object", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			os[3] = flip(os[3], len(os[3])-1)
			return rs, os
		}, vault.ErrHash},
		{"an object missing", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) { return rs, os[1:] }, vault.ErrMalformed},
		{"no object", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			os[3] = []byte("nothing known")
			rs[3].ID = vault.Sum(os[3])
			rechain(rs, chainEnd)
			return rs, os
		}, vault.ErrMalformed},
		{"an unknown kind", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			rs[3].Kind = "rumour"
			rechain(rs, chainEnd)
			return rs, os
		}, vault.ErrMalformed},
		{"a kind that is not the object's", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			rs[3].Kind = vault.KindDeposit
			rechain(rs, chainEnd)
			return rs, os
		}, vault.ErrMalformed},
		{"an author who is nobody", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			rs[3].Author = "server"
			rechain(rs, chainEnd)
			return rs, os
		}, vault.ErrMalformed},
		{"an object twice", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			rs[0].ID, rs[0].Kind, os[0] = records[1].ID, records[1].Kind, objects[1]
			rechain(rs, chainEnd)
			return rs, os
		}, vault.ErrMalformed},
		{"a journal rolled back", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			last := len(rs) - 1
			a := first(sum("case one"))
			a.Entry.Sealed = []byte("another first")
			os[last] = vault.AppendObject(a)
			rs[last].ID, rs[last].Kind = vault.Sum(os[last]), vault.KindAppend
			rechain(rs, chainEnd)
			return rs, os
		}, vault.ErrMalformed},
		{"a journal whose keys are used up at once", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			last := len(rs) - 1
			a := after(first(sum("case two")).Entry, "far on")
			a.Entry.Epoch = math.MaxUint32
			os[last] = vault.AppendObject(a)
			rs[last].ID, rs[last].Kind = vault.Sum(os[last]), vault.KindAppend
			rechain(rs, chainEnd)
			return rs, os
		}, vault.ErrMalformed},
		{"a claim of nothing", func(rs []vault.Record, os [][]byte) ([]vault.Record, [][]byte) {
			os[0] = vault.AppendObject(first(sum("case x"), sum("no deposit")))
			rs[0].ID, rs[0].Kind = vault.Sum(os[0]), vault.KindAppend
			rechain(rs, chainEnd)
			return rs, os
		}, vault.ErrMalformed},
	} {
		rs, os := c.change(slices.Clone(records[half:]), slices.Clone(objects[half:]))
		if err := r.Apply(ctx, rs, os); err == nil {
			t.Fatalf("%s: taken", c.name)
		} else {
			refused(t, err, c.want)
		}
		same(t, read(t, r.Store), before)
	}

	// Nothing of its own enters a feed that is another's.
	_, err := r.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: []byte("x")})
	refused(t, err, vault.ErrFollows)
	_, err = r.Append(ctx, ana, first(sum("x")))
	refused(t, err, vault.ErrFollows)
	refused(t, r.PutRoster(ctx, ana, 900, note(900)), vault.ErrFollows)
	refused(t, r.PutCertificate(ctx, ana, vault.Certificate{Person: ana, Epoch: 9, JSON: []byte("{}")}), vault.ErrFollows)
	refused(t, r.PutRevocation(ctx, ana, vault.Revocation{Person: ana, JSON: []byte("{}")}), vault.ErrFollows)
	_, err = r.PutRelease(ctx, ana, vault.ID{}, []byte("x"))
	refused(t, err, vault.ErrFollows)
	same(t, read(t, r.Store), before)
	must(r.PutDocument(ctx, []byte("codebook")))(t) // is no part of it

	ok(t, r.Apply(ctx, records[half:], objects[half:]))
	r.blobsFrom(h.Store)
	same(t, read(t, r.Store), read(t, h.Store))
}

func testReplicaBlobs(t *testing.T, h *house) {
	d, e := h.deposit(1), h.deposit(2)
	var sums []vault.ID
	for i := range uint64(5) {
		b := body(3000, i)
		must(h.PutBlob(ctx, d.Ticket, vault.Sum(b), b))(t)
		sums = append(sums, vault.Sum(b))
	}
	b := body(3000, 2)
	must(h.PutBlob(ctx, e.Ticket, vault.Sum(b), b))(t) // named twice, lacking once
	records, objects := feed(t, h.Store)
	r := h.another()
	ok(t, r.Follow(ctx, must(h.FeedHead(ctx))(t).Generation))
	ok(t, r.Apply(ctx, records, objects))

	same(t, must(r.LackingBlobs(ctx, 100))(t), sums)
	same(t, must(r.LackingBlobs(ctx, 2))(t), sums[:2])
	same(t, len(must(r.LackingBlobs(ctx, 0))(t)), 0)
	_, err := r.Blob(ctx, sums[0])
	refused(t, err, vault.ErrNotFound)
	refused(t, r.PutReplicaBlob(ctx, sums[2], body(3000, 3)), vault.ErrHash)
	refused(t, r.PutReplicaBlob(ctx, vault.Sum(body(9, 9)), body(9, 9)), vault.ErrNotFound)
	refused(t, r.PutReplicaBlob(ctx, sums[2], body(vault.MaxBlob+1, 3)), vault.ErrTooLarge)
	_, info, err := r.Deposit(ctx, d.ID)
	ok(t, err)
	same(t, info.Blobs, sums)

	for range 2 {
		ok(t, r.PutReplicaBlob(ctx, sums[2], body(3000, 2)))
	}
	same(t, must(r.Blob(ctx, sums[2]))(t), body(3000, 2))
	r.Store = r.reopen(t, r.Store)
	same(t, must(r.LackingBlobs(ctx, 100))(t), append(slices.Clone(sums[:2]), sums[3:]...))
	r.checking = false
	errs := atOnce(32, func(i int) error { return r.PutReplicaBlob(ctx, sums[i%5], body(3000, uint64(i%5))) })
	winners(t, errs, nil)
	same(t, len(must(r.LackingBlobs(ctx, 100))(t)), 0)
	ok(t, r.Check(ctx))
	same(t, read(t, r.Store), read(t, h.Store))
}
