package vaulttest

import (
	"math"
	"testing"
	"time"

	"peerwitness/vault"
)

func testFeed(t *testing.T, h *house) {
	head := must(h.FeedHead(ctx))(t)
	if head.Pos != 0 || !head.Hash.IsZero() || head.Generation == [16]byte{} {
		t.Fatalf("an empty feed: %+v", head)
	}
	if g := must(h.another().FeedHead(ctx))(t).Generation; g == head.Generation {
		t.Fatal("two stores of one generation")
	}
	h.everything()
	records, objects := feed(t, h.Store)
	var former vault.ID
	kinds := map[vault.Kind]int{}
	for i, r := range records {
		if r.Pos != uint64(i)+1 || r.Hash != r.HashAfter(head.Generation, former) {
			t.Fatalf("record %d does not continue the chain", i)
		}
		if vault.Sum(objects[i]) != r.ID {
			t.Fatalf("object %d does not have its hash", i)
		}
		former = r.Hash
		kinds[r.Kind]++
	}
	end := must(h.FeedHead(ctx))(t)
	same(t, end, vault.FeedHead{Generation: head.Generation, Pos: uint64(len(records)), Hash: former})
	same(t, kinds, map[vault.Kind]int{vault.KindDeposit: 3, vault.KindBlob: 6, vault.KindAppend: 4,
		vault.KindRoster: 2, vault.KindCertificate: 3, vault.KindRevocation: 1, vault.KindRelease: 2})

	for after := range uint64(len(records) + 2) {
		for _, limit := range []int{-1, 0, 1, 3, 1000} {
			got := must(h.Feed(ctx, after, limit))(t)
			from := min(int(after), len(records))
			want := records[from:min(from+max(limit, 0), len(records))]
			same(t, len(got), len(want))
			for i := range got {
				same(t, got[i], want[i])
			}
		}
	}
	same(t, len(must(h.Feed(ctx, math.MaxUint64, 1))(t)), 0)

	for _, want := range records {
		same(t, must(h.Record(ctx, want.ID))(t), want)
	}
	_, err := h.Record(ctx, sum("no object"))
	refused(t, err, vault.ErrNotFound)

	r := records[4]
	r.ID[0] ^= 1
	_, err = h.Object(ctx, r)
	refused(t, err, vault.ErrNotFound)
	r = records[4]
	r.Pos = uint64(len(records) + 1)
	_, err = h.Object(ctx, r)
	refused(t, err, vault.ErrNotFound)
}

// testFeedOrder goes over the positions where a byte carries.
func testFeedOrder(t *testing.T, h *house) {
	h.checking = false
	const n = 600
	errs := atOnce(n, func(i int) error {
		_, err := h.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: body(50, uint64(i))})
		return err
	})
	winners(t, errs, nil)
	a := first(sum("j"))
	for range 300 {
		must(h.Append(ctx, ana, a))(t)
		a = after(a.Entry, "next")
	}
	records, _ := feed(t, h.Store)
	same(t, len(records), n+300)
	for i, r := range records {
		same(t, r.Pos, uint64(i)+1)
	}
	for i, a := range must(h.Appends(ctx, sum("j"), 0))(t) {
		same(t, a.Entry.Seq, uint64(i))
	}
	ok(t, h.Check(ctx))
}

func testReopen(t *testing.T, h *house) {
	h.everything()
	d := h.deposit(100)
	ok(t, h.Invite(ctx, ana, sum("code"), vault.DayOf(h.clock.Now())))
	ok(t, h.Enrol(ctx, ana, sum("code"), []byte("secret")))
	ok(t, h.UseStep(ctx, ana, 5))
	ok(t, h.PutSession(ctx, vault.Session{Token: sum("a"), Person: ana, Until: h.clock.Now().Add(time.Hour)}))
	doc := must(h.PutDocument(ctx, []byte("codebook")))(t)
	before := read(t, h.Store)

	h.Store = h.reopen(t, h.Store)
	h.check()
	same(t, read(t, h.Store), before)
	same(t, must(h.Account(ctx, ana))(t), vault.Account{Person: ana, Secret: []byte("secret"), LastStep: 5})
	same(t, must(h.Session(ctx, sum("a")))(t).Person, ana)
	same(t, must(h.Document(ctx, doc))(t), []byte("codebook"))
	b := body(10, 1)
	must(h.PutBlob(ctx, d.Ticket, vault.Sum(b), b))(t) // the ticket is still good
	again := h.deposit(100)
	d.New = false
	same(t, again, d)
	h.deposit(101)
	records, _ := feed(t, h.Store)
	same(t, records[:len(before.Records)], before.Records)
}

func testClosed(t *testing.T, h *house) {
	d := h.deposit(1)
	ok(t, h.Close())
	ok(t, h.Close())
	h.checking = false
	b := body(10, 1)
	_, err := h.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: b})
	refused(t, err, vault.ErrClosed)
	_, err = h.PutBlob(ctx, d.Ticket, vault.Sum(b), b)
	refused(t, err, vault.ErrClosed)
	_, err = h.Append(ctx, ana, first(sum("j")))
	refused(t, err, vault.ErrClosed)
	_, _, err = h.Deposit(ctx, d.ID)
	refused(t, err, vault.ErrClosed)
	_, err = h.FeedHead(ctx)
	refused(t, err, vault.ErrClosed)
	refused(t, h.UseStep(ctx, ana, 1), vault.ErrClosed)
	refused(t, h.Check(ctx), vault.ErrClosed)
}
