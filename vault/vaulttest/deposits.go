package vaulttest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"peerwitness/vault"
)

func testDeposit(t *testing.T, h *house) {
	want := vault.Deposit{Desk: "street", Report: body(45<<10, 1)}
	got := must(h.PutDeposit(ctx, want))(t)
	if !got.New || got.ID != want.ID() || got.Day.String() != "2026-11-23" || got.Ticket == "" {
		t.Fatalf("%+v", got)
	}
	d, info, err := h.Deposit(ctx, got.ID)
	ok(t, err)
	same(t, d, want)
	same(t, info, vault.DepositInfo{Day: got.Day})

	h.clock.Move(2 * day)
	again := must(h.PutDeposit(ctx, want))(t)
	got.New = false
	same(t, again, got)
	if h.pos() != 1 {
		t.Fatalf("a repeat made the feed %d long", h.pos())
	}

	// What differs in any part is another deposit.
	for _, d := range []vault.Deposit{
		{Desk: "other", Report: want.Report},
		{Desk: want.Desk, Report: want.Report, ByHand: true},
		{Desk: want.Desk, Report: flip(want.Report, 40000)},
	} {
		put := must(h.PutDeposit(ctx, d))(t)
		if !put.New || put.ID == got.ID || put.Day.String() != "2026-11-25" {
			t.Fatalf("%+v", put)
		}
		held, _, err := h.Deposit(ctx, put.ID)
		ok(t, err)
		same(t, held, d)
	}
	_, _, err = h.Deposit(ctx, sum("nothing"))
	refused(t, err, vault.ErrNotFound)
}

func testDepositLimits(t *testing.T, h *house) {
	for _, c := range []struct {
		d    vault.Deposit
		want error
	}{
		{vault.Deposit{Desk: "a", Report: body(vault.MaxReport, 1)}, nil},
		{vault.Deposit{Desk: "a", Report: body(vault.MaxReport+1, 1)}, vault.ErrTooLarge},
		{vault.Deposit{Desk: "a"}, vault.ErrMalformed},
		{vault.Deposit{Desk: "a", Report: []byte("x")}, nil},
		{vault.Deposit{Desk: "", Report: []byte("x")}, vault.ErrMalformed},
		{vault.Deposit{Desk: "A", Report: []byte("x")}, vault.ErrMalformed},
		{vault.Deposit{Desk: "../x", Report: []byte("x")}, vault.ErrMalformed},
		{vault.Deposit{Desk: strings.Repeat("a", vault.MaxDeskID), Report: []byte("x")}, nil},
		{vault.Deposit{Desk: strings.Repeat("a", vault.MaxDeskID+1), Report: []byte("x")}, vault.ErrMalformed},
	} {
		before := h.pos()
		got, err := h.PutDeposit(ctx, c.d)
		refused(t, err, c.want)
		if c.want != nil && (got != vault.Accepted{} || h.pos() != before) {
			t.Fatalf("refused, and yet: %+v, feed %d after %d", got, h.pos(), before)
		}
	}
}

func testDepositAtOnce(t *testing.T, h *house) {
	h.checking = false
	var news atomic.Int64
	errs := atOnce(32, func(i int) error {
		got, err := h.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: body(9000, uint64(i%4))})
		if got.New {
			news.Add(1)
		}
		return err
	})
	if n := winners(t, errs, nil); n != 32 || news.Load() != 4 || h.pos() != 4 {
		t.Fatalf("%d stored, %d new, feed %d", n, news.Load(), h.pos())
	}
	ok(t, h.Check(ctx))
}

func testBlob(t *testing.T, h *house) {
	d, other := h.deposit(1), h.deposit(2)
	var sums []vault.ID
	for i := range uint64(5) {
		b := body(1000, i)
		sums = append(sums, vault.Sum(b))
		same(t, must(h.MissingBlobs(ctx, d.Ticket, sums))(t), sums[i:])
		if !must(h.PutBlob(ctx, d.Ticket, sums[i], b))(t) {
			t.Fatal("a first blob is not new")
		}
		if must(h.PutBlob(ctx, d.Ticket, sums[i], b))(t) {
			t.Fatal("a repeat is new")
		}
		same(t, must(h.Blob(ctx, sums[i]))(t), b)
	}
	same(t, len(must(h.MissingBlobs(ctx, d.Ticket, sums))(t)), 0)
	same(t, len(must(h.MissingBlobs(ctx, d.Ticket, nil))(t)), 0)
	if h.pos() != 7 {
		t.Fatalf("feed is %d long", h.pos())
	}

	// What one deposit has, another does not, nor does it show.
	same(t, must(h.MissingBlobs(ctx, other.Ticket, sums))(t), sums)
	if !must(h.PutBlob(ctx, other.Ticket, sums[3], body(1000, 3)))(t) {
		t.Fatal("not new for the other deposit")
	}
	_, info, err := h.Deposit(ctx, d.ID)
	ok(t, err)
	same(t, info.Blobs, sums)
	_, info, err = h.Deposit(ctx, other.ID)
	ok(t, err)
	same(t, info.Blobs, sums[3:4])
	_, err = h.Blob(ctx, sum("nothing"))
	refused(t, err, vault.ErrNotFound)
}

func testBlobLimits(t *testing.T, h *house) {
	d := h.deposit(1)
	for _, c := range []struct {
		body []byte
		want error
	}{
		{nil, vault.ErrMalformed},
		{body(1, 1), nil},
		{body(vault.MaxBlob, 1), nil},
		{body(vault.MaxBlob+1, 1), vault.ErrTooLarge},
	} {
		created, err := h.PutBlob(ctx, d.Ticket, vault.Sum(c.body), c.body)
		refused(t, err, c.want)
		if created != (c.want == nil) {
			t.Fatalf("%d bytes: created %v", len(c.body), created)
		}
	}
	b := body(100, 2)
	_, err := h.PutBlob(ctx, d.Ticket, vault.Sum(b), flip(b, 50))
	refused(t, err, vault.ErrHash)
	_, err = h.Blob(ctx, vault.Sum(b))
	refused(t, err, vault.ErrNotFound)
}

func testBlobAtOnce(t *testing.T, h *house) {
	d, other := h.deposit(1), h.deposit(2)
	h.checking = false
	b := body(200000, 1)
	var news [2]atomic.Int64
	errs := atOnce(32, func(i int) error {
		created, err := h.PutBlob(ctx, []string{d.Ticket, other.Ticket}[i%2], vault.Sum(b), b)
		if created {
			news[i%2].Add(1)
		}
		return err
	})
	if winners(t, errs, nil) != 32 || news[0].Load() != 1 || news[1].Load() != 1 {
		t.Fatalf("new %d and %d times", news[0].Load(), news[1].Load())
	}
	ok(t, h.Check(ctx))
}

func testTickets(t *testing.T, h *house) {
	d, other := h.deposit(1), h.deposit(2)
	b := body(100, 1)
	try := func(ticket string, want error) {
		t.Helper()
		_, err := h.Store.PutBlob(ctx, ticket, vault.Sum(b), b)
		refused(t, err, want)
		_, err = h.MissingBlobs(ctx, ticket, []vault.ID{vault.Sum(b)})
		refused(t, err, want)
	}
	for i := range d.Ticket {
		c := byte('A')
		if d.Ticket[i] == c {
			c = 'B'
		}
		try(d.Ticket[:i]+string(c)+d.Ticket[i+1:], vault.ErrTicket)
	}
	for _, forged := range []string{"", "x", d.Ticket[1:], d.Ticket + "A", d.Ticket + "=", " " + d.Ticket,
		other.Ticket[:50] + d.Ticket[50:], strings.Repeat("A", len(d.Ticket)), strings.Repeat("A", 1<<20)} {
		try(forged, vault.ErrTicket)
	}
	// Another store's ticket for the same deposit.
	elsewhere := h.another().deposit(1)
	same(t, elsewhere.ID, d.ID)
	try(elsewhere.Ticket, vault.ErrTicket)
	if h.pos() != 2 {
		t.Fatalf("something was stored: feed %d", h.pos())
	}

	h.clock.Move(vault.TicketDays * day)
	try(d.Ticket, nil)
	h.clock.Move(day)
	try(d.Ticket, vault.ErrTicket)
	_, info, err := h.Deposit(ctx, other.ID)
	ok(t, err)
	same(t, len(info.Blobs), 0)
}

func testQuota(t *testing.T, h *house) {
	d, other := h.deposit(1), h.deposit(2)
	h.checking = false
	const whole = vault.TicketQuota / vault.MaxBlob
	put := func(b []byte, want error) {
		t.Helper()
		_, err := h.PutBlob(ctx, d.Ticket, vault.Sum(b), b)
		refused(t, err, want)
	}
	errs := atOnce(whole-1, func(i int) error {
		b := body(vault.MaxBlob, uint64(i))
		_, err := h.PutBlob(ctx, d.Ticket, vault.Sum(b), b)
		return err
	})
	winners(t, errs, nil)
	put(body(vault.MaxBlob-vault.MinCharge, 1000), nil)
	put(body(vault.MinCharge+1, 1001), vault.ErrQuota)
	put(body(vault.MaxBlob, 0), nil) // a repeat costs nothing
	put(body(1, 1002), nil)          // counts as MinCharge: the last that fits
	put(body(1, 1003), vault.ErrQuota)
	put(body(1, 1002), nil)

	// One deposit's quota is not another's.
	b := body(vault.MaxBlob, 0)
	must(h.PutBlob(ctx, other.Ticket, vault.Sum(b), b))(t)
	_, err := h.Blob(ctx, vault.Sum(body(1, 1003)))
	refused(t, err, vault.ErrNotFound)
	ok(t, h.Check(ctx))
}

func testOwnBytes(t *testing.T, h *house) {
	h.everything()
	before := fmt.Sprintf("%v", read(t, h.Store))
	spoil := func(b []byte) {
		for i := range b {
			b[i] = 'x'
		}
	}
	st := read(t, h.Store)
	for _, d := range st.Deposits {
		spoil(d.Report)
	}
	for _, as := range st.Journals {
		for _, a := range as {
			spoil(a.Entry.Sealed)
		}
	}
	for _, list := range [][][]byte{st.Objects, st.Bodies, st.Buckets[""]} {
		for _, b := range list {
			spoil(b)
		}
	}
	for _, b := range st.Blobs {
		spoil(b)
	}
	if got := fmt.Sprintf("%v", read(t, h.Store)); got != before {
		t.Fatal("what was returned was the store's own memory")
	}
	ok(t, h.Check(ctx))
}

func testContexts(t *testing.T, h *house) {
	d := h.deposit(1)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	b := body(10, 1)
	_, err := h.PutDeposit(gone, vault.Deposit{Desk: "street", Report: b})
	refused(t, err, context.Canceled)
	_, err = h.PutBlob(gone, d.Ticket, vault.Sum(b), b)
	refused(t, err, context.Canceled)
	_, err = h.Append(gone, ana, first(sum("j")))
	refused(t, err, context.Canceled)
	_, _, err = h.Deposit(gone, d.ID)
	refused(t, err, context.Canceled)
	refused(t, h.UseStep(gone, ana, 1), context.Canceled)
	refused(t, h.Check(gone), context.Canceled)
	if h.pos() != 1 {
		t.Fatalf("feed is %d long", h.pos())
	}
	// The blob that did not make it can still come.
	must(h.PutBlob(ctx, d.Ticket, vault.Sum(b), b))(t)
}
