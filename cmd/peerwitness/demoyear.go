package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/seal"
)

// How many reports a demo's year has, and the fewest that make a plausible one.
const (
	yearReports  = 2400
	leastReports = 100
)

// yearClock is the clock of the demo's past year. The shipped server has no
// flag that sets its clock, so the year is made by this process, with the
// server's own handler on the server's own store.
type yearClock struct{ at atomic.Int64 } // unix seconds

func (c *yearClock) now() time.Time          { return time.Unix(c.at.Load(), 0).UTC() }
func (c *yearClock) set(t time.Time)         { c.at.Store(t.Unix()) }
func (c *yearClock) advance(d time.Duration) { c.at.Add(int64(d / time.Second)) }

// year is the demo's past year while it is made.
type year struct {
	demoSite
	d     *demo
	cal   calendar
	clock *yearClock
	book  *codebook.Codebook
	hands []*hand
	tales []*tale
	sent  []sentTale // by tale, in its order
	post  map[int][]letter
	known sync.Map // working name → person key
	// published: the half-year's figures go out as soon as they may.
	published bool

	to    map[string][]string // recipients by desk, as phones know them
	asked time.Time           // when they were asked for
}

// sentTale is what is known of a tale's report once it has arrived.
type sentTale struct {
	id      vault.ID
	receipt seal.Receipt
}

// letter is something that arrives on a day: a tale's report, or what its
// teller says later.
type letter struct {
	tale  int
	later bool
}

// makeYear makes the year: reports arrive as they do from phones, the advocates
// work on weekdays through their workstations' methods, which are what their
// pages call. It leaves the store and the workstations' folders as a year would,
// with its half-year published or yet to be closed.
func (d *demo) makeYear(ctx context.Context, cal calendar, reports int, published bool) (err error) {
	y := &year{d: d, cal: cal, clock: &yearClock{}, post: map[int][]letter{}, published: published}
	y.clock.set(cal.day(0).Add(7 * time.Hour))
	// As the server does: with little memory in use, more of it is left lying.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	if y.book, err = demoBook(); err != nil {
		return err
	}
	if y.demoSite, err = openSite(ctx, d.dir, d.org, y.clock.now); err != nil {
		return fmt.Errorf("opening the year's store: %w", err)
	}
	defer func() { err = errors.Join(err, y.close()) }()
	for _, a := range d.org.advocates {
		h, err := y.newHand(ctx, a)
		if err != nil {
			return fmt.Errorf("%s's first day: %w", a.key.Name, err)
		}
		y.hands = append(y.hands, h)
	}
	if err := y.decide(ctx); err != nil {
		return err
	}
	if err := y.prepare(reports); err != nil {
		return err
	}
	for n := range cal.days() {
		if err := y.day(ctx, n); err != nil {
			return fmt.Errorf("%s: %w", cal.day(n).Format(time.DateOnly), err)
		}
		y.progress(n)
	}
	return nil
}

func (y *year) close() error {
	var all error
	for _, h := range y.hands {
		all = errors.Join(all, h.work.Close())
	}
	return errors.Join(all, y.demoSite.close())
}

// prepare puts what arrives, and what the advocates do about it, on its days.
func (y *year) prepare(reports int) error {
	p, err := readParts()
	if err != nil {
		return err
	}
	var desks [][]string
	for _, h := range y.hands {
		var ids []string
		for _, desk := range y.d.org.roster.Desks {
			if desk.Has(h.a.key.Person) {
				ids = append(ids, desk.ID)
			}
		}
		desks = append(desks, ids)
	}
	y.tales = p.tales(reports, y.cal, desks)
	y.sent = make([]sentTale, len(y.tales))
	for i, t := range y.tales {
		y.post[t.day] = append(y.post[t.day], letter{tale: i})
		if t.said.day >= 0 && t.said.day < y.cal.days() {
			y.post[t.said.day] = append(y.post[t.said.day], letter{tale: i, later: true})
		}
		y.hands[t.hand].plan(i, t)
	}
	return nil
}

// day lets one day pass.
func (y *year) day(ctx context.Context, n int) error {
	y.clock.set(y.cal.day(n).Add(8 * time.Hour))
	if err := y.deliver(ctx, y.post[n]); err != nil {
		return err
	}
	if !y.cal.works(n) {
		return nil
	}
	y.clock.set(y.cal.day(n).Add(9 * time.Hour))
	each := func(do func(*hand) error) error {
		return together(len(y.hands), func(i int) error {
			if err := do(y.hands[i]); err != nil {
				return fmt.Errorf("%s: %w", y.hands[i].a.key.Name, err)
			}
			return nil
		})
	}
	// Everybody has signed in, each with the code of that minute, before time goes on.
	if err := each(func(h *hand) error { return h.morning(ctx, y.cal.day(n).Weekday() == time.Monday) }); err != nil {
		return err
	}
	if err := each(func(h *hand) error { return h.workday(ctx, n) }); err != nil {
		return err
	}
	if y.published {
		if err := y.release(ctx, n); err != nil {
			return fmt.Errorf("releasing figures: %w", err)
		}
	}
	return each(func(h *hand) error { return h.client.SignOut(ctx) })
}

// together does n things at once and returns what went wrong with any.
func together(n int, do func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// progress says at the end of each month how far the year has come.
func (y *year) progress(n int) {
	if next := y.cal.day(n + 1); next.Day() != 1 && n+1 < y.cal.days() {
		return
	}
	in := 0
	for i := 0; i <= n; i++ {
		for _, l := range y.post[i] {
			if !l.later {
				in++
			}
		}
	}
	y.d.e.say("A practice year, %s: %d of %d reports are in", y.cal.day(n).Format("2006-01"), in, len(y.tales))
}
