package vaulttest

import (
	"errors"
	"sync/atomic"
	"testing"

	"peerwitness/vault"
)

// testReopenEach closes and opens the store after every write: what it returned nil
// for is there, all of it, and nothing else.
func testReopenEach(t *testing.T, h *house) {
	h.reopening = true
	h.everything()
	r := h.another()
	r.reopening = false // until its blobs are there it can't be read whole
	ok(t, r.Follow(ctx, must(h.FeedHead(ctx))(t).Generation))
	records, objects := feed(t, h.Store)
	for i := range records { // a copy too, record by record
		ok(t, r.Apply(ctx, records[i:i+1], objects[i:i+1]))
	}
	r.blobsFrom(h.Store)
	same(t, read(t, r.Store), read(t, h.Store))
}

// testWritersAtOnce has writers of every kind at once, some of whom want the same:
// the same version of the roster, the same deposits, the place after the last release.
// Each thing has one winner, each loser the sentinel, and who won is there.
func testWritersAtOnce(t *testing.T, h *house) {
	const n = 24
	wanted := []vault.Accepted{h.deposit(1), h.deposit(2), h.deposit(3)}
	h.checking = false
	var claims, releases, written atomic.Int64
	lost := func(err error, allowed ...error) (won bool, _ error) {
		for _, want := range allowed {
			if errors.Is(err, want) {
				return false, nil
			}
		}
		if err == nil {
			written.Add(1)
		}
		return err == nil, err
	}
	errs := atOnce(n, func(i int) error {
		number := uint64(1000 + i)
		d, err := h.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: body(300, number)})
		if _, err := lost(err); err != nil {
			return err
		}
		b := body(500, number)
		_, err = h.PutBlob(ctx, d.Ticket, vault.Sum(b), b)
		if _, err := lost(err); err != nil {
			return err
		}
		a := first(sum(order(number)), d.ID, wanted[i%3].ID)
		_, err = h.Append(ctx, ana, a)
		won, err := lost(err, vault.ErrClaimed)
		if err != nil {
			return err
		}
		if won {
			claims.Add(1)
		} else {
			a.Claims = a.Claims[:1]
			_, err = h.Append(ctx, ana, a)
			if _, err := lost(err); err != nil {
				return err
			}
		}
		if won, err = lost(h.PutRoster(ctx, ana, uint64(1+i%4), note(uint64(1+i%4))), vault.ErrOld); err != nil {
			return err
		} else if won {
			written.Add(-1) // a repeat succeeds too: counted by the feed below
		}
		_, err = h.PutRelease(ctx, ana, vault.ID{}, body(10, number))
		won, err = lost(err, vault.ErrConflict)
		if won {
			releases.Add(1)
		}
		return err
	})
	winners(t, errs, nil)
	if claims.Load() != 3 || releases.Load() != 1 {
		t.Fatalf("%d claims of 3 deposits, %d releases after the same one", claims.Load(), releases.Load())
	}
	rosters := 0
	records, _ := feed(t, h.Store)
	for _, r := range records {
		if r.Kind == vault.KindRoster {
			rosters++
		}
	}
	same(t, len(records)-rosters-len(wanted), int(written.Load()))
	h.checking, h.reopening = true, true
	h.check()
	for i := range n {
		d, info, err := h.Deposit(ctx, vault.Deposit{Desk: "street", Report: body(300, uint64(1000+i))}.ID())
		ok(t, err)
		same(t, d.Report, body(300, uint64(1000+i)))
		same(t, info.ClaimedBy, sum(order(uint64(1000+i))))
		same(t, info.Blobs, []vault.ID{vault.Sum(body(500, uint64(1000+i)))})
	}
}
