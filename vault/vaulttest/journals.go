package vaulttest

import (
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"peerwitness/vault"
)

func testAppend(t *testing.T, h *house) {
	_, err := h.Head(ctx, sum("j"))
	refused(t, err, vault.ErrNotFound)
	_, err = h.Appends(ctx, sum("j"), 0)
	refused(t, err, vault.ErrNotFound)

	all := []vault.Append{first(sum("j"))}
	for range 4 {
		all = append(all, after(all[len(all)-1].Entry, "next"))
	}
	all[3].Entry.Epoch = 2
	all[4] = after(all[3].Entry, "in the new epoch")
	all[2].Grants = []vault.Grant{{Journal: sum("j"), Epoch: 1, To: ana, Body: []byte("g")}}
	for i, a := range all {
		got := must(h.Append(ctx, ana, a))(t)
		same(t, got, vault.Appended{ID: a.Entry.ID(), Seq: uint64(i), New: true})
		// Everything so far may come again, in any order.
		for j, b := range slices.Backward(all[:i+1]) {
			got := must(h.Append(ctx, berta, b))(t)
			same(t, got, vault.Appended{ID: b.Entry.ID(), Seq: uint64(j)})
		}
		same(t, must(h.Head(ctx, sum("j")))(t), vault.Head{Seq: uint64(i), Entry: a.Entry.ID(), Epoch: a.Entry.Epoch})
	}
	if h.pos() != 5 {
		t.Fatalf("feed is %d long", h.pos())
	}
	for from := range uint64(7) {
		same(t, must(h.Appends(ctx, sum("j"), from))(t), append([]vault.Append(nil), all[min(from, 5):]...))
	}
}

func testAppendRefused(t *testing.T, h *house) {
	a := first(sum("j"))
	b := after(a.Entry, "b")
	b.Entry.Epoch = 2
	must(h.Append(ctx, ana, a))(t)
	must(h.Append(ctx, ana, b))(t)
	deposit := h.deposit(1)
	before := read(t, h.Store)
	head := must(h.Head(ctx, sum("j")))(t)

	conflict := func(a vault.Append) {
		t.Helper()
		_, err := h.Append(ctx, ana, a)
		var c *vault.ConflictError
		if !errors.As(err, &c) || !errors.Is(err, vault.ErrConflict) || c.Head != head {
			t.Fatalf("got %v, want a conflict with %+v", err, head)
		}
	}
	conflict(after(a.Entry, "c"))
	effects := b
	effects.Claims = []vault.ID{deposit.ID}
	conflict(effects) // the same entry with another effect
	second := first(sum("j"))
	second.Entry.Epoch = 2
	conflict(second)
	ahead := after(b.Entry, "x")
	ahead.Entry.Seq++
	conflict(ahead)
	fork := after(b.Entry, "x")
	fork.Entry.Prev = a.Entry.ID()
	conflict(fork)
	head = vault.Head{}
	unknown := after(b.Entry, "x")
	unknown.Entry.Journal = sum("unknown")
	conflict(unknown)

	var err error
	for _, epoch := range []uint32{1, 4, math.MaxUint32} {
		other := after(b.Entry, "of another epoch")
		other.Entry.Epoch = epoch
		_, err = h.Append(ctx, ana, other)
		refused(t, err, vault.ErrEpoch)
	}
	later := first(sum("later"))
	later.Entry.Epoch = 2
	_, err = h.Append(ctx, ana, later)
	refused(t, err, vault.ErrEpoch)

	nobody := after(b.Entry, "x")
	nobody.Claims = []vault.ID{deposit.ID, sum("no deposit")}
	nobody.Replies = []vault.Reply{{Slot: fill(vault.SlotSize, 1)}}
	_, err = h.Append(ctx, ana, nobody)
	refused(t, err, vault.ErrNotFound)
	nobody.Claims[1] = a.ID() // an object, but no deposit
	_, err = h.Append(ctx, ana, nobody)
	refused(t, err, vault.ErrNotFound)

	same(t, read(t, h.Store), before)
}

func testAppendLimits(t *testing.T, h *house) {
	h.checking = false
	a := first(sum("j"))
	room := vault.MaxAppend - len(vault.AppendObject(a)) + len(a.Entry.Sealed)
	a.Entry.Sealed = fill(room+1, 1)
	_, err := h.Append(ctx, ana, a)
	refused(t, err, vault.ErrTooLarge)
	a.Entry.Sealed = fill(4*vault.MaxAppend, 1)
	_, err = h.Append(ctx, ana, a)
	refused(t, err, vault.ErrTooLarge)
	a.Entry.Sealed = fill(room, 1)
	must(h.Append(ctx, ana, a))(t)

	b := after(a.Entry, "b")
	b.Replies = slices.Repeat([]vault.Reply{{Slot: fill(vault.SlotSize, 1)}}, vault.MaxReplies)
	b.Grants = slices.Repeat([]vault.Grant{{Journal: sum("j"), Epoch: 1, To: ana, Body: fill(vault.MaxGrant, 1)}}, vault.MaxGrants)
	for i := range uint64(vault.MaxClaims + 1) {
		b.Claims = append(b.Claims, h.deposit(i).ID)
	}
	for _, cut := range []func(*vault.Append){
		func(a *vault.Append) { a.Claims = b.Claims[:vault.MaxClaims+1] },
		func(a *vault.Append) { a.Grants = append(slices.Clone(b.Grants), b.Grants[0]) },
		func(a *vault.Append) { a.Replies = append(slices.Clone(b.Replies), b.Replies[0]) },
	} {
		c := b
		c.Claims = b.Claims[:vault.MaxClaims]
		cut(&c)
		_, err := h.Append(ctx, ana, c)
		refused(t, err, vault.ErrTooLarge)
	}
	b.Claims = b.Claims[:vault.MaxClaims]
	must(h.Append(ctx, ana, b))(t)
	same(t, len(must(h.Bucket(ctx, ""))(t)), vault.MaxReplies)
	ok(t, h.Check(ctx))
}

func testAppendAtOnce(t *testing.T, h *house) {
	h.checking = false
	const rounds = 6
	a := first(sum("j"))
	for seq := range uint64(rounds) {
		var won atomic.Int64
		errs := atOnce(32, func(i int) error {
			mine := a
			mine.Entry.Sealed = []byte(order(uint64(i)))
			mine.Replies = []vault.Reply{{Slot: fill(vault.SlotSize, byte(i))}}
			got, err := h.Append(ctx, ana, mine)
			var c *vault.ConflictError
			if errors.As(err, &c) && c.Head.Seq != seq {
				t.Errorf("a loser of %d was sent to %d", seq, c.Head.Seq)
			}
			if err == nil {
				if !got.New || got.Seq != seq {
					t.Errorf("%+v", got)
				}
				won.Store(int64(i))
			}
			return err
		})
		if n := winners(t, errs, vault.ErrConflict); n != 1 {
			t.Fatalf("%d won entry %d", n, seq)
		}
		a.Entry.Sealed = []byte(order(uint64(won.Load())))
		same(t, must(h.Head(ctx, sum("j")))(t).Entry, a.Entry.ID())
		a = after(a.Entry, "")
	}
	same(t, len(must(h.Bucket(ctx, ""))(t)), rounds) // no loser's reply
	ok(t, h.Check(ctx))
}

func testClaim(t *testing.T, h *house) {
	d1, d2, d3 := h.deposit(1), h.deposit(2), h.deposit(3)
	var sums []vault.ID
	put := func(number uint64) {
		b := body(500, number)
		must(h.PutBlob(ctx, d1.Ticket, vault.Sum(b), b))(t)
		sums = append(sums, vault.Sum(b))
	}
	put(1)
	put(2)
	a := first(sum("one"), d1.ID, d2.ID)
	must(h.Append(ctx, ana, a))(t)
	put(3) // blobs go on coming after the claim
	_, info, err := h.Deposit(ctx, d1.ID)
	ok(t, err)
	same(t, info, vault.DepositInfo{Day: d1.Day, ClaimedBy: sum("one"), Blobs: sums})
	put(1) // and again
	sums = sums[:3]

	// Claimed again by its own journal: nothing changes.
	b := after(a.Entry, "again")
	b.Claims = []vault.ID{d2.ID, d3.ID}
	must(h.Append(ctx, ana, b))(t)

	// By another journal: refused, with the journal's name, and d4 stays free.
	d4 := h.deposit(4)
	_, err = h.Append(ctx, berta, first(sum("two"), d4.ID, d3.ID))
	var c *vault.ClaimedError
	if !errors.As(err, &c) || !errors.Is(err, vault.ErrClaimed) || c.Deposit != d3.ID || c.Journal != sum("one") {
		t.Fatalf("got %v", err)
	}
	_, info, err = h.Deposit(ctx, d4.ID)
	ok(t, err)
	same(t, info.ClaimedBy, vault.ID{})
	_, err = h.Head(ctx, sum("two"))
	refused(t, err, vault.ErrNotFound)
	must(h.Append(ctx, berta, first(sum("two"), d4.ID)))(t)
	_, info, err = h.Deposit(ctx, d1.ID)
	ok(t, err)
	same(t, info.Blobs, sums)
}

func testClaimAtOnce(t *testing.T, h *house) {
	deposits := []vault.ID{h.deposit(1).ID, h.deposit(2).ID, h.deposit(3).ID}
	h.checking = false
	errs := atOnce(32, func(i int) error {
		// Each claims two of three, so that any two journals collide.
		claims := []vault.ID{deposits[i%3], deposits[(i+1)%3]}
		_, err := h.Append(ctx, ana, first(sum(order(uint64(i))), claims...))
		return err
	})
	if n := winners(t, errs, vault.ErrClaimed); n != 1 {
		t.Fatalf("%d journals claimed the same", n)
	}
	winner := sum(order(uint64(slices.Index(errs, nil))))
	for i, d := range deposits {
		_, info, err := h.Deposit(ctx, d)
		ok(t, err)
		won := slices.Index(errs, nil)
		if claimed := i == won%3 || i == (won+1)%3; claimed && info.ClaimedBy != winner || !claimed && !info.ClaimedBy.IsZero() {
			t.Fatalf("deposit %d is with %s", i, info.ClaimedBy)
		}
	}
	ok(t, h.Check(ctx))
}

func testBuckets(t *testing.T, h *house) {
	prefixes := []string{"", "0", "1", "01", "00", "0110", "0111", "0110011001100110", "", "01"}
	a := first(sum("j"))
	for i, p := range prefixes {
		a.Replies = append(a.Replies, vault.Reply{Prefix: p, Slot: fill(vault.SlotSize, byte(i))})
		if i%3 == 2 || i == len(prefixes)-1 {
			must(h.Append(ctx, ana, a))(t)
			a = after(a.Entry, "more")
		}
	}
	for prefix, want := range map[string][]byte{
		"":                 {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
		"0":                {0, 1, 3, 4, 5, 6, 7, 8, 9},
		"1":                {0, 2, 8},
		"00":               {0, 1, 4, 8},
		"01":               {0, 1, 3, 5, 6, 7, 8, 9},
		"011":              {0, 1, 3, 5, 6, 7, 8, 9},
		"0110":             {0, 1, 3, 5, 7, 8, 9},
		"0110011001100110": {0, 1, 3, 5, 7, 8, 9},
		"0110011001100111": {0, 1, 3, 5, 8, 9},
		"1111111111111111": {0, 2, 8},
	} {
		var got []byte
		for _, slot := range must(h.Bucket(ctx, prefix))(t) {
			same(t, slot, fill(vault.SlotSize, slot[0]))
			got = append(got, slot[0])
		}
		if !slices.Equal(got, want) {
			t.Errorf("bucket %q: %v, want %v", prefix, got, want)
		}
	}
	for _, bad := range []string{"2", "0 ", "01101100110011001", "\x00"} {
		_, err := h.Bucket(ctx, bad)
		refused(t, err, vault.ErrMalformed)
	}
}
