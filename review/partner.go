package review

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// Sharing is that somebody of a partner organisation was given a case.
type Sharing struct {
	Partner string // person id
	By      string
	Time    time.Time // as the author's computer had it
	Reason  string
	Entry   vault.ID
}

// maxShares bounds how many partners have one case at a time.
const maxShares = 8

// onlyPartner reports whether a person is a partner and nobody of the
// organisation's own.
func onlyPartner(p roster.Person) bool {
	return p.Has(roster.Partner) && !worksOnCases(p) && !p.Has(roster.Keeper)
}

// partnerAt reports whether somebody was a partner, and no more, at a place of
// the feed.
func (ix *index) partnerAt(person string, pos uint64) bool {
	r := ix.rosters.at(pos)
	if r == nil {
		return false
	}
	p, ok := r.Person(person)
	return ok && onlyPartner(p)
}

// Partner reports whether the person at this workstation is of a partner
// organisation: she sees what was shared with her, and does in it what the table
// gives to partners.
func (w *Workstation) Partner() bool {
	r := w.View().Roster
	if r == nil {
		return false
	}
	p, ok := r.Person(w.Me())
	return ok && onlyPartner(p)
}

// Partners are those with whom a case could be shared: partners now who were
// named to the person when she agreed, and have not got it.
func (v *View) Partners(c *Case) []roster.Person {
	var out []roster.Person
	then := v.SealedTo(c)
	if v.Roster == nil || then == nil {
		return nil
	}
	for _, p := range v.Roster.People {
		was, ok := then.Person(p.ID)
		if ok && onlyPartner(p) && was.Has(roster.Partner) && !c.SharedWith(p.ID) && !slices.Contains(c.LeftOut(), p.ID) {
			out = append(out, p)
		}
	}
	return out
}

// SharedWith reports whether a partner has the case.
func (c *Case) SharedWith(person string) bool {
	return slices.ContainsFunc(c.Shared, func(s Sharing) bool { return s.Partner == person })
}

// ShareCase gives one case to somebody of a partner organisation: its keys, so
// that she reads all of it, and a place in it to write notes and her own tasks.
// The person must have agreed to it, and this partner have been named to her.
func (w *Workstation) ShareCase(ctx context.Context, id vault.ID, partner, reason string) error {
	s := stepOf{"share", Step{To: partner, Reason: strings.TrimSpace(reason)}}
	return w.act(ctx, id, s.kind, s, nothingMore)
}

// shareable checks with whom a case is to be shared, and that the person agreed.
// then is the list of people that her report was sealed by, whose partners were
// named to her; nil when it is not known.
func (c *Case) shareable(s Step, m moment, then *roster.Roster) error {
	if may, why := c.MayShare(); !may {
		return notLegal("it may not be shared with partners: " + why)
	}
	for _, l := range m.lists {
		if p, ok := l.Person(s.To); !ok || !onlyPartner(p) || m.out(s.To) {
			return notLegal("that is nobody of a partner organisation on the list of people")
		}
	}
	var was roster.Person
	if then != nil {
		was, _ = then.Person(s.To)
	}
	switch {
	case !was.Has(roster.Partner):
		return notLegal("the person agreed to the partners that were named to them then, and this one was not among them")
	case slices.Contains(c.LeftOut(), s.To):
		return notLegal("the person chose that one of them should not open this")
	case c.SharedWith(s.To):
		return notLegal("that partner has the case already")
	case len(c.Shared) >= maxShares:
		return notLegal(fmt.Sprintf("a case is shared with %d partners at most", maxShares))
	}
	return nil
}

// shared is the case as the entry leaves it that shares it with somebody.
func (c *Case) shared(partner string) *Case {
	n := *c
	n.Shared = append(slices.Clip(c.Shared), Sharing{Partner: partner})
	return &n
}

// partners are those who have the case, and are partners still.
func (c *Case) partners(r *roster.Roster) []string {
	var out []string
	for _, s := range c.Shared {
		if p, ok := r.Person(s.Partner); ok && onlyPartner(p) {
			out = append(out, s.Partner)
		}
	}
	return out
}

// asPartner checks what somebody of a partner organisation writes besides what
// the table asks.
func (c *Case) asPartner(e Entry, m moment) error {
	if m.has(m.by, casework) {
		return nil
	}
	switch {
	case !c.SharedWith(m.by):
		return notLegal("the case is not shared with you")
	case e.Note.Safeguarding:
		return notLegal("the safeguarding note is for the desk to write")
	case e.Kind == "task":
		if at := c.task(e.Task.ID); e.Task.Who != m.by || at >= 0 && c.Tasks[at].Who != m.by {
			return notLegal("a partner's tasks are her own; write a note for what somebody else should do")
		}
	}
	return nil
}

// EndShare takes a partner out of a case, by a new key that she is not given.
// What she read until then she keeps. Only a lead can, as with every key.
func (w *Workstation) EndShare(ctx context.Context, id vault.ID, partner, reason string) error {
	reason = strings.TrimSpace(reason)
	wish := vault.Sum(vault.LP("", []byte(partner), []byte(reason)))
	w.acting.Lock()
	defer w.acting.Unlock()
	for range attempts {
		c, err := w.leading(ctx, id)
		if err != nil {
			return err
		}
		what := intent{c.Journal, "unshare", wish}
		if w.alreadyDone(what) {
			return nil
		}
		if !c.SharedWith(partner) {
			return notLegal("the case is not shared with that partner")
		}
		next, s, err := w.withoutPartner(c, partner, reason)
		if err != nil {
			return err
		}
		if err := c.permit(Entry{Kind: "unshare", Step: &s}, w.now()); err != nil {
			return err
		}
		body, err := encode(s)
		if err != nil {
			return fmt.Errorf("writing entry: %w", err)
		}
		a, err := w.newEpoch(next, "unshare", body)
		if err != nil {
			return err
		}
		if err = w.send(ctx, what, a); err == nil {
			return w.settle(ctx)
		}
		if !errors.Is(err, vault.ErrConflict) && !errors.Is(err, vault.ErrEpoch) {
			return err
		}
	}
	return ErrBusy
}

// withoutPartner is a case as it goes on without a partner, and the step that
// says who goes on.
func (w *Workstation) withoutPartner(c *Case, partner, reason string) (*Case, Step, error) {
	r := w.View().Roster
	if r == nil {
		return nil, Step{}, errNoRoster
	}
	next := *c
	next.Shared = slices.DeleteFunc(slices.Clone(c.Shared), func(s Sharing) bool { return s.Partner == partner })
	holders, err := w.holders(r, &next)
	if err != nil {
		return nil, Step{}, err
	}
	s := Step{To: partner, Reason: reason}
	for _, p := range holders {
		if p.ID != roster.Recovery {
			s.People = append(s.People, p.ID)
		}
	}
	s.People = named(s.People)
	return &next, s, nil
}

// unshare applies the entry that takes a partner out.
func (c *Case) unshare(e read) {
	c.Shared = slices.DeleteFunc(slices.Clone(c.Shared), func(s Sharing) bool {
		return s.Partner == e.Step.To || !slices.Contains(e.Step.People, s.Partner)
	})
}

// goesOn checks who goes on with a case once a partner is out of it: people who
// work on cases, those named where it is restricted, and the other partners.
func (j *journal) goesOn(s Step, m moment) error {
	var desk []string
	for _, p := range s.People {
		switch {
		case p == s.To:
			return errors.New("it gives the new key to the partner whom it takes out")
		case j.shared[p]:
		case j.named != nil && !j.named[p]:
			return errors.New("it gives the new key to somebody to whom the case is not restricted")
		default:
			desk = append(desk, p)
		}
	}
	return (&Case{Report: j.report()}).nameable(desk, m)
}

// endShares is the set of partners after somebody was taken out of it.
func (j *journal) endShares(s Step) {
	j.shared = maps.Clone(j.shared)
	maps.DeleteFunc(j.shared, func(p string, _ bool) bool { return p == s.To || !slices.Contains(s.People, p) })
}
