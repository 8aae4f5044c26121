package review

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// HandOver gives the case to somebody who holds its key, and says why and what
// is open; its holder must say both, a lead who moves a case may not know
// what is open. Who can: the holder, who covers for her, a lead, and anybody
// once the holder does not work on cases any more.
func (w *Workstation) HandOver(ctx context.Context, id vault.ID, to, reason, open string) error {
	s := stepOf{"assign", Step{To: to, Reason: strings.TrimSpace(reason), Open: strings.TrimSpace(open)}}
	return w.act(ctx, id, s.kind, s, nothingMore)
}

// canHold checks that a person can be given the case.
func (c *Case) canHold(person string, m moment) error {
	switch {
	case !slices.Contains(c.Granted, person) || person == roster.Recovery:
		return notLegal("that person does not hold this case's key")
	case !m.has(person, casework):
		return notLegal("that person is no longer on the list of people who work on cases")
	}
	return nil
}

// assignable checks what an assignment says against its case.
func (c *Case) assignable(s Step, m moment) error {
	switch {
	case s.To == c.Holder:
		return notLegal("that person holds the case already")
	case m.by == c.Holder && s.Open == "":
		return notLegal("say what is open, for whoever takes it on")
	}
	return c.canHold(s.To, m)
}

// assign applies an assignment. A leave of the holder before is over with it.
func (c *Case) assign(e read) {
	c.before(e.Entry, "holder", false)
	c.Holder, c.Cover = e.Step.To, Cover{}
}

// Cover says who looks after a case while its holder is away. From and Until
// are its first and last day, YYYY-MM-DD.
type Cover struct {
	From, Until string
	By          string // person id, empty: nobody covers
}

// maxLeave bounds a leave, in days.
const maxLeave = 366

// on reports whether the cover holds on a day, give or take some.
func (k Cover) on(day vault.Day, slack vault.Day) bool {
	from, until, ok := k.days()
	return ok && k.By != "" && day+slack >= from && day <= until+slack
}

func (k Cover) days() (from, until vault.Day, ok bool) {
	a, err1 := time.Parse(time.DateOnly, k.From)
	b, err2 := time.Parse(time.DateOnly, k.Until)
	if err1 != nil || err2 != nil || a.Year() < 1970 || b.Year() > 9999 {
		return 0, 0, false
	}
	return vault.DayOf(a), vault.DayOf(b), true
}

// Covers reports whether a person looks after the case for its holder on a day.
func (c *Case) Covers(person string, day vault.Day) bool {
	return person != "" && c.Cover.By == person && c.Cover.on(day, 0)
}

// coverable checks what a cover says against its case.
func (c *Case) coverable(k Cover, m moment) error {
	if k == (Cover{}) {
		if c.Cover == k {
			return notLegal("nobody covers this case")
		}
		return nil
	}
	from, until, ok := k.days()
	switch {
	case !ok:
		return notLegal("give the first and the last day")
	case until < from:
		return notLegal("the last day is before the first")
	case until-from >= maxLeave:
		return notLegal("a leave is a year at most; hand the case over for longer")
	case k.By == c.Holder:
		return notLegal("choose somebody else to cover")
	case k == c.Cover:
		return notLegal("that is arranged already")
	}
	return c.canHold(k.By, m)
}

// Covered tells how far CoverLeave came. It is arranged for Done of All cases;
// for those in Not it can't be, and Why says in words why not, in their order.
type Covered struct {
	All, Done int
	Not       []vault.ID
	Why       []error
}

// CoverLeave arranges who covers a person's open cases while she is away: an
// entry in each. It goes from case to case and tells of it, may be given up at
// any moment, and goes on where it was when it is asked for again. A zero Cover
// ends the covers there are. The error is that of the first case that
// failed for another reason than the case itself.
func (w *Workstation) CoverLeave(ctx context.Context, holder string, k Cover, progress func(Covered)) (Covered, error) {
	var out Covered
	var todo []*Case
	for _, c := range w.View().Cases {
		if c.Holder != holder || !c.Open() || !slices.Contains(c.Granted, w.Me()) || k == (Cover{}) && c.Cover == k {
			continue
		}
		if out.All++; c.Cover == k {
			out.Done++
			continue
		}
		todo = append(todo, c)
	}
	for _, c := range todo {
		err := ctx.Err()
		if err == nil {
			err = w.cover(ctx, c.ID, holder, k)
		}
		switch {
		case err == nil:
			out.Done++
		case errors.Is(err, ErrNotLegal):
			out.Not, out.Why = append(out.Not, c.ID), append(out.Why, err)
		default:
			return out, err
		}
		if progress != nil {
			progress(out)
		}
	}
	return out, nil
}

// cover writes a cover into one case, unless somebody else holds it by now.
func (w *Workstation) cover(ctx context.Context, id vault.ID, holder string, k Cover) error {
	s := stepOf{"cover", Step{From: k.From, Until: k.Until, By: k.By}}
	return w.act(ctx, id, s.kind, s, func(c *Case, _ bool) error {
		if c.Holder != holder {
			return notLegal("the case was given to somebody else meanwhile")
		}
		return nil
	})
}

// holding reports why a person does not act for the holder of a case, or nil.
func (c *Case) holding(m moment) error {
	switch {
	case m.by == c.Holder, c.Cover.By == m.by && c.Cover.on(m.day, m.slack), m.has(m.by, []string{roster.Lead}), !m.has(c.Holder, casework):
		return nil
	}
	return notLegal("only the person who holds the case, who covers for them, or a lead can do this")
}
