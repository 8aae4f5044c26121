package vaulttest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"peerwitness/vault"
)

// erasure is what ana proposed and berta agreed to after the entry e.
func erasure(e vault.Entry, deposits ...vault.ID) vault.Erasure {
	slices.SortFunc(deposits, func(a, b vault.ID) int { return slices.Compare(a[:], b[:]) })
	x := vault.Erasure{Journal: e.Journal, Seq: e.Seq, After: e.ID(), Deposits: deposits}
	x.Signed[0], x.Signed[1] = vault.ErasureSignature{By: ana}, vault.ErasureSignature{By: berta}
	return x
}

// agreed appends the proposal and the agreement after e.
func (h *house) agreed(e vault.Entry) (last vault.Entry) {
	h.t.Helper()
	p := after(e, "propose")
	must(h.Append(ctx, ana, p))(h.t)
	a := after(p.Entry, "agree")
	must(h.Append(ctx, berta, a))(h.t)
	return a.Entry
}

func (h *house) PutErasure(author string, e vault.Erasure) (bool, error) {
	h.t.Helper()
	defer h.check()
	return h.Store.PutErasure(ctx, author, e)
}

// doomed is a case with all that can hang on one, agreed to be erased.
type doomed struct {
	vault.Erasure
	deposits []vault.Accepted
	blobs    [][]byte // the last is another deposit's too
	appends  []vault.Append
	other    vault.Accepted
}

func (h *house) doomed() doomed {
	h.t.Helper()
	t := h.t
	d := doomed{deposits: []vault.Accepted{h.deposit(1), h.deposit(2)}, blobs: [][]byte{body(5000, 1), body(5000, 2), body(100, 3)}, other: h.deposit(3)}
	for _, b := range d.blobs {
		must(h.PutBlob(ctx, d.deposits[0].Ticket, vault.Sum(b), b))(t)
	}
	shared := d.blobs[2]
	must(h.PutBlob(ctx, d.other.Ticket, vault.Sum(shared), shared))(t)
	a := first(sum("case"), d.deposits[0].ID)
	a.Grants = []vault.Grant{{Journal: a.Entry.Journal, Epoch: 1, To: ana, Body: []byte("g")}}
	b := after(a.Entry, "answer")
	b.Claims = []vault.ID{d.deposits[1].ID}
	b.Replies = []vault.Reply{{Prefix: "01", Slot: fill(vault.SlotSize, 1)}}
	d.appends = []vault.Append{a, b, after(b.Entry, "propose")}
	d.appends = append(d.appends, after(d.appends[2].Entry, "agree"))
	for i, author := range []string{ana, ana, ana, berta} {
		must(h.Append(ctx, author, d.appends[i]))(t)
	}
	keep := first(sum("another case"), d.other.ID)
	keep.Replies = []vault.Reply{{Prefix: "01", Slot: fill(vault.SlotSize, 2)}}
	must(h.Append(ctx, carla, keep))(t)
	d.Erasure = erasure(b.Entry, d.deposits[0].ID, d.deposits[1].ID)
	return d
}

// erased holds that nothing of it is there, and that offering it again stores
// nothing and tells a phone nothing.
func (h *house) erased(d doomed) {
	h.t.Helper()
	t := h.t
	before := h.pos()
	for i, x := range d.deposits {
		_, _, err := h.Deposit(ctx, x.ID)
		refused(t, err, vault.ErrErased)
		refused(t, err, vault.ErrNotFound)
		again := h.deposit(uint64(i + 1))
		want := x
		want.New = false
		same(t, again, want)
		same(t, len(must(h.MissingBlobs(ctx, x.Ticket, []vault.ID{sum("x"), vault.Sum(d.blobs[0])}))(t)), 0)
		for _, b := range append(d.blobs, body(77, 77)) {
			same(t, must(h.PutBlob(ctx, x.Ticket, vault.Sum(b), b))(t), false)
		}
	}
	for i, b := range d.blobs {
		_, err := h.Blob(ctx, vault.Sum(b))
		if i == 2 {
			ok(t, err)
			continue
		}
		refused(t, err, vault.ErrNotFound)
		same(t, must(h.PutBlob(ctx, d.other.Ticket, vault.Sum(b), b))(t), false) // by another way
		refused(t, second(h.Blob(ctx, vault.Sum(b))), vault.ErrNotFound)
	}
	_, err := h.Blob(ctx, vault.Sum(body(77, 77)))
	refused(t, err, vault.ErrNotFound)
	refused(t, second(h.Head(ctx, d.Journal)), vault.ErrErased)
	refused(t, second(h.Outline(ctx, d.Journal)), vault.ErrErased)
	refused(t, second(h.Appends(ctx, d.Journal, 0)), vault.ErrErased)
	for _, a := range append(d.appends, first(d.Journal), after(d.appends[3].Entry, "more")) {
		refused(t, second(h.Append(ctx, ana, a)), vault.ErrErased)
	}
	refused(t, second(h.Append(ctx, ana, first(sum("thief"), d.deposits[0].ID))), vault.ErrErased)
	other := d.Erasure
	other.Signed[1].Sig[0] ^= 1
	refused(t, second(h.PutErasure(carla, other)), vault.ErrErased)
	same(t, must(h.PutErasure(carla, d.Erasure))(t), false)
	same(t, must(h.Bucket(ctx, "01"))(t), [][]byte{fill(vault.SlotSize, 2)})
	_, info, err := h.Deposit(ctx, d.other.ID)
	ok(t, err)
	same(t, info.Blobs, []vault.ID{vault.Sum(d.blobs[2])})
	same(t, h.pos(), before)
}

func second[T any](_ T, err error) error { return err }

func testErasure(t *testing.T, h *house) {
	d := h.doomed()
	day0 := must(h.FeedHead(ctx))(t)
	same(t, must(h.Outline(ctx, d.Journal))(t), vault.Outline{Head: must(h.Head(ctx, d.Journal))(t), Claims: d.Deposits, Held: []string{ana}})
	refused(t, second(h.Outline(ctx, sum("none"))), vault.ErrNotFound)
	h.clock.Move(3 * day)
	same(t, must(h.PutErasure(berta, d.Erasure))(t), true)
	h.erased(d)
	h.Store = h.reopen(t, h.Store)
	h.erased(d)
	same(t, h.pos(), day0.Pos+1)

	// The feed keeps its places and its chain, and says what is gone.
	gone := 0
	records := must(h.Feed(ctx, 0, 100))(t)
	var former vault.ID
	for _, r := range records {
		same(t, r.Hash, r.HashAfter(day0.Generation, former))
		former = r.Hash
		_, err := h.Object(ctx, r)
		var g *vault.GoneError
		if errors.As(err, &g) {
			same(t, g.By, records[len(records)-1].Pos)
			refused(t, err, vault.ErrErased)
			gone++
		} else {
			ok(t, err)
		}
	}
	same(t, gone, 2+3+4) // deposits, blobs, appends
	same(t, len(must(h.Gone(ctx))(t)), gone)
	must(h.Append(ctx, ana, first(sum("third"))))(t) // it goes on
}

func testErasureRefused(t *testing.T, h *house) {
	d := h.doomed()
	var conflict *vault.ConflictError
	for name, c := range map[string]struct {
		change func(e *vault.Erasure)
		want   error
	}{
		"one person twice":         {func(e *vault.Erasure) { e.Signed[1].By = ana }, vault.ErrMalformed},
		"nobody":                   {func(e *vault.Erasure) { e.Signed[1].By = "recovery" }, vault.ErrMalformed},
		"no deposits":              {func(e *vault.Erasure) { e.Deposits = nil }, vault.ErrMalformed},
		"a deposit left out":       {func(e *vault.Erasure) { e.Deposits = e.Deposits[:1] }, vault.ErrMalformed},
		"out of order":             {func(e *vault.Erasure) { e.Deposits = []vault.ID{e.Deposits[1], e.Deposits[0]} }, vault.ErrMalformed},
		"another case's deposit":   {func(e *vault.Erasure) { *e = erasure(d.appends[1].Entry, append(e.Deposits, d.other.ID)...) }, vault.ErrClaimed},
		"another case's statement": {func(e *vault.Erasure) { e.Journal = sum("another case") }, vault.ErrMalformed},
		"something written since":  {func(e *vault.Erasure) { *e = erasure(d.appends[0].Entry, e.Deposits...) }, vault.ErrConflict},
		"after another entry":      {func(e *vault.Erasure) { e.After[0] ^= 1 }, vault.ErrConflict},
		"who agreed is another":    {func(e *vault.Erasure) { e.Signed[1].By = carla }, vault.ErrConflict},
		"the other way round":      {func(e *vault.Erasure) { e.Signed[0], e.Signed[1] = e.Signed[1], e.Signed[0] }, vault.ErrConflict},
		"no journal":               {func(e *vault.Erasure) { e.Journal = vault.ID{} }, vault.ErrMalformed},
		"something that is no case": {func(e *vault.Erasure) {
			e.Journal = sum("x")
			e.Deposits = []vault.ID{must(h.Feed(ctx, 3, 1))(t)[0].ID}
		}, vault.ErrMalformed},
	} {
		e := d.Erasure
		e.Deposits = slices.Clone(e.Deposits)
		c.change(&e)
		before := h.pos()
		if _, err := h.PutErasure(berta, e); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		} else if c.want == vault.ErrConflict && !errors.As(err, &conflict) {
			t.Errorf("%s: does not say where the journal is: %v", name, err)
		}
		same(t, h.pos(), before)
	}
	_, _, err := h.Deposit(ctx, d.deposits[0].ID)
	ok(t, err)
	long := d.Erasure
	for i := range vault.MaxErased + 1 {
		long.Deposits = append(long.Deposits, vault.Sum(vault.U64(uint64(i))))
	}
	refused(t, second(h.PutErasure(berta, long)), vault.ErrTooLarge)
}

// A store that was restored from before the case knows only the statement.
func testErasureFirst(t *testing.T, h *house) {
	d := h.doomed()
	r := h.another()
	must(r.deposit(3), nil)(t)
	must(r.Append(ctx, ana, d.appends[0]))
	keep := must(r.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: body(300, 2)}))(t) // not yet claimed there
	same(t, must(r.PutErasure(carla, d.Erasure))(t), true)
	refused(t, second(r.Append(ctx, ana, d.appends[0])), vault.ErrErased)
	before := r.pos()
	_, _, err := r.Deposit(ctx, keep.ID)
	refused(t, err, vault.ErrErased)
	for n := range uint64(2) {
		again := r.deposit(n + 1)
		same(t, again.New, false)
		b := body(99, n)
		same(t, must(r.PutBlob(ctx, again.Ticket, vault.Sum(b), b))(t), false)
		refused(t, second(r.Blob(ctx, vault.Sum(b))), vault.ErrNotFound)
	}
	same(t, r.pos(), before)

	// The beginning of it alone, and then the rest is offered.
	s := h.another()
	for i := range 2 {
		must(s.deposit(uint64(i+1)), nil)(t)
	}
	for i := range 2 {
		must(s.Append(ctx, ana, d.appends[i]))(t)
	}
	same(t, must(s.PutErasure(carla, d.Erasure))(t), true)
	for _, a := range d.appends {
		refused(t, second(s.Append(ctx, ana, a)), vault.ErrErased)
	}
}

// Erasing against an append, a claim, a blob and itself at once: each is before
// it, and gone with it or in its way, or after it and refused.
func testErasureAtOnce(t *testing.T, h *house) {
	h.checking = false
	for n := range uint64(12) {
		dep, blob := h.deposit(100+n), body(2000, 100+n)
		a := first(vault.Sum(vault.U64(n)), dep.ID)
		must(h.Append(ctx, ana, a))(t)
		last := h.agreed(a.Entry)
		e := erasure(a.Entry, dep.ID)
		errs := atOnce(5, func(i int) error {
			switch i {
			case 0:
				return second(h.Store.Append(ctx, ana, after(last, "late")))
			case 1:
				return second(h.Store.PutBlob(ctx, dep.Ticket, vault.Sum(blob), blob))
			case 2:
				return second(h.Store.Append(ctx, carla, first(sum("thief "+order(n)), dep.ID)))
			}
			return second(h.Store.PutErasure(ctx, berta, e))
		})
		ok(t, errs[1])
		gone := errs[3] == nil
		same(t, errs[4] == nil, gone)
		if gone {
			refused(t, errs[0], vault.ErrErased)
			refused(t, second(h.Store.Blob(ctx, vault.Sum(blob))), vault.ErrNotFound)
			_, _, err := h.Store.Deposit(ctx, dep.ID)
			refused(t, err, vault.ErrErased)
		} else {
			refused(t, errs[3], vault.ErrConflict)
			ok(t, errs[0])
			must(h.Store.Blob(ctx, vault.Sum(blob)))(t)
		}
		if errs[2] == nil {
			t.Fatal("another journal got its deposit")
		}
	}
	ok(t, h.Check(ctx))
	h.Store = h.reopen(t, h.Store)
	ok(t, h.Check(ctx))
}

// A store that follows does nothing by an erasure before it is told to.
func testErasureReplica(t *testing.T, h *house) {
	d := h.doomed()
	all, objects := feed(t, h.Store)
	gen := must(h.FeedHead(ctx))(t).Generation
	old, fresh, half := h.another(), h.another(), h.another()
	for _, r := range []*house{old, fresh, half} {
		ok(t, r.Follow(ctx, gen))
	}
	ok(t, old.Apply(ctx, all, objects))
	old.blobsFrom(h.Store)
	half.Apply(ctx, all[:9], objects[:9])
	must(h.PutErasure(berta, d.Erasure))(t)
	at := h.pos()
	must(h.Append(ctx, carla, first(sum("later"))))(t)
	all = must(h.Feed(ctx, 0, 100))(t)
	objects = nil
	for _, r := range all {
		b, err := h.Object(ctx, r)
		var g *vault.GoneError
		if errors.As(err, &g) {
			b, err = vault.GoneObject(g.By), nil
		}
		ok(t, err)
		objects = append(objects, b)
	}
	for _, bad := range [][]byte{vault.GoneObject(1), vault.GoneObject(0), append(vault.GoneObject(99), 0)} {
		refused(t, half.Apply(ctx, all[9:], append([][]byte{bad}, objects[10:]...)), vault.ErrMalformed)
	}
	lastGone := append(slices.Clone(objects[9:len(objects)-2]), vault.GoneObject(99), objects[len(objects)-1]) // the tombstone itself
	refused(t, half.Apply(ctx, all[9:], lastGone), vault.ErrMalformed)
	for name, r := range map[string]*house{"old": old, "fresh": fresh, "half": half} {
		ok(t, r.Apply(ctx, all, objects))
		if name == "old" {
			must(r.Appends(ctx, d.Journal, 0))(t)
			must(r.Blob(ctx, vault.Sum(d.blobs[0])))(t)
			same(t, len(must(r.Gone(ctx))(t)), 0)
		}
		same(t, must(r.Done(ctx, at))(t), false)
		refused(t, r.CarryOut(ctx, at-1), vault.ErrNotFound)
		refused(t, r.CarryOut(ctx, at+9), vault.ErrNotFound)
		for range 2 {
			ok(t, r.CarryOut(ctx, at))
			r.check()
			r.Store = r.reopen(t, r.Store)
		}
		same(t, must(r.Done(ctx, at))(t), true)
		r.blobsFrom(h.Store)
		_, err := r.Appends(ctx, d.Journal, 0)
		refused(t, err, vault.ErrErased)
		same(t, len(must(r.Gone(ctx))(t)), 9)
		same(t, must(r.FeedHead(ctx))(t), must(h.FeedHead(ctx))(t))
		_, info, err := r.Deposit(ctx, d.other.ID)
		ok(t, err)
		same(t, info.Blobs, []vault.ID{vault.Sum(d.blobs[2])})
		must(r.Blob(ctx, vault.Sum(d.blobs[2])))(t)
	}
	refused(t, h.CarryOut(ctx, at), vault.ErrFork) // it follows nobody
}

var keep = vault.Keep{Answers: 60, Unclaimed: 180}

func (h *house) expire(dry bool) vault.Expired {
	h.t.Helper()
	defer h.check()
	return must(h.Expire(ctx, keep, dry))(h.t)
}

// days lets something happen on each of n days.
func (h *house) days(n int) {
	h.t.Helper()
	for i := range n {
		h.clock.Move(day)
		must(h.Store.Append(ctx, ana, first(vault.Sum(vault.U64(uint64(h.clock.Now().Unix())+uint64(i))))))(h.t)
	}
}

func testExpiry(t *testing.T, h *house) {
	same(t, h.expire(false), vault.Expired{}) // of nothing
	d, held := h.deposit(1), h.deposit(2)
	b := body(900, 1)
	must(h.PutBlob(ctx, d.Ticket, vault.Sum(b), b))(t)
	a := first(sum("case"), held.ID)
	a.Replies = []vault.Reply{{Prefix: "0", Slot: fill(vault.SlotSize, 1)}, {Prefix: "1", Slot: fill(vault.SlotSize, 2)}}
	must(h.Append(ctx, ana, a))(t)
	h.days(60)
	same(t, h.expire(true), vault.Expired{})
	h.days(1)
	same(t, h.expire(true), vault.Expired{Answers: 2})
	same(t, len(must(h.Bucket(ctx, ""))(t)), 2)
	same(t, h.expire(false), vault.Expired{Answers: 2})
	same(t, len(must(h.Bucket(ctx, ""))(t)), 0)
	same(t, h.expire(false), vault.Expired{})
	h.days(119)
	before := h.pos()
	same(t, h.expire(false).Deposits, 0) // day 180
	same(t, h.pos(), before)
	h.days(1)
	same(t, h.expire(true).Deposits, 1)
	x := h.expire(false)
	same(t, []int{x.Deposits, x.Blobs}, []int{1, 1})
	same(t, h.pos(), before+2) // a day's entry, and what says that it is gone
	_, _, err := h.Deposit(ctx, d.ID)
	refused(t, err, vault.ErrErased)
	refused(t, second(h.Blob(ctx, vault.Sum(b))), vault.ErrNotFound)
	same(t, h.deposit(1).New, false) // sent again: a repeat, and not stored
	refused(t, second(h.Append(ctx, ana, first(sum("late"), d.ID))), vault.ErrErased)
	_, _, err = h.Deposit(ctx, held.ID)
	ok(t, err)
	h.Store = h.reopen(t, h.Store)
	h.check()
	same(t, h.expire(false), vault.Expired{}) // once a day
	refused(t, second(h.Expire(ctx, vault.Keep{Answers: -1}, true)), vault.ErrMalformed)
	h.days(40)
	same(t, must(h.Expire(ctx, vault.Keep{}, false))(t), vault.Expired{}) // kept for good
}

// A clock that is wrong, forwards or backwards, for long or for a moment, takes
// nothing before its time, or no more than a bounded step.
func testExpiryClock(t *testing.T, h *house) {
	h.checking = false
	for n := range uint64(20) {
		h.deposit(n)
		h.clock.Move(time.Hour)
	}
	h.clock.Move(400 * day) // nothing came meanwhile: more likely the clock jumped
	refused(t, second(h.Expire(ctx, keep, false)), vault.ErrPlausible)
	h.deposit(100) // and one came under the wrong clock
	refused(t, second(h.Expire(ctx, keep, true)), vault.ErrPlausible)
	h.clock.Move(-400 * day)
	same(t, h.expire(false), vault.Expired{})
	h.clock.Move(-30 * day) // behind
	refused(t, second(h.Expire(ctx, keep, false)), vault.ErrPlausible)
	h.deposit(101) // under a clock that is behind: not over its time therefore
	h.clock.Move(-400 * day)
	h.deposit(102)
	h.clock.Move(430 * day)
	same(t, h.expire(true), vault.Expired{})

	// Much came under the wrong clock, which so has the feed with it: what goes
	// in a day is bounded all the same.
	h.days(30)
	h.clock.Move(400 * day)
	for n := range uint64(20) {
		h.deposit(200 + n)
	}
	x := h.expire(false)
	if !x.More || x.Deposits == 0 {
		t.Fatalf("%+v", x)
	}
	same(t, h.expire(false), vault.Expired{})
	ok(t, h.Check(ctx))
}

func testExpiryReplica(t *testing.T, h *house) {
	h.checking = false
	d := h.deposit(1)
	b := body(900, 1)
	must(h.PutBlob(ctx, d.Ticket, vault.Sum(b), b))(t)
	h.days(31)
	all, objects := feed(t, h.Store)
	r := h.another()
	ok(t, r.Follow(ctx, must(h.FeedHead(ctx))(t).Generation))
	ok(t, r.Apply(ctx, all, objects))
	r.blobsFrom(h.Store)
	same(t, must(h.Expire(ctx, vault.Keep{Unclaimed: 20}, false))(t), vault.Expired{Deposits: 1, Blobs: 1})
	at := h.pos()
	ok(t, h.Check(ctx))
	record := must(h.Feed(ctx, at-1, 1))(t)
	ok(t, r.Apply(ctx, record, [][]byte{must(h.Object(ctx, record[0]))(t)}))
	must(r.Blob(ctx, vault.Sum(b)))(t)
	ok(t, r.CarryOut(ctx, at))
	refused(t, second(r.Blob(ctx, vault.Sum(b))), vault.ErrNotFound)
	refused(t, second(r.Expire(ctx, keep, false)), vault.ErrFollows)
	r.check()
	same(t, must(vault.FeedDay(ctx, h.Store, 1))(t), must(vault.FeedDay(ctx, h.Store, 2))(t))
}
