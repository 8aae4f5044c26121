package review

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"peerwitness/vault"
)

// past is what an entry changed, as it stood before. The last one of an aspect
// can be undone; then the one before it is the last.
type past struct {
	entry  vault.ID
	by     string
	kind   string // of the entry
	aspect string // what later changes of the same would be in the way
	fixed  bool   // there is no way back: the person wrote, or two people agreed

	state, close, verification string
	verified                   vault.ID // the entry by which verification stood
	holder                     string
	cover                      Cover
	coding                     *Coding
	codedIn                    vault.ID
	link                       PersonLink // that puts the link back as it was
}

// before notes how an aspect of the case stands, before e changes it.
func (c *Case) before(e Entry, aspect string, fixed bool) {
	p := past{entry: e.ID, by: e.Author, kind: e.Kind, aspect: aspect, fixed: fixed, state: c.State, close: c.Close, verification: c.Verification, verified: c.verifiedIn,
		holder: c.Holder, cover: c.Cover, coding: c.Coding, codedIn: c.CodedIn}
	if e.Kind == "person" {
		p.link = PersonLink{Person: e.Person.Person, Role: e.Person.Role}
		for _, l := range c.People {
			if l.Person == e.Person.Person && l.Role == e.Person.Role {
				p.link = l
			}
		}
	}
	c.past = append(slices.Clip(c.past), p)
}

// Undo takes an entry back by a further one, which restores what stood before:
// of a change of state, an assignment, a coding, a link to a person. Only who
// wrote it or a lead can, and only while nothing came after it that changed
// the same. The entry stays in the history, marked.
func (w *Workstation) Undo(ctx context.Context, id, entry vault.ID, reason string) error {
	s := stepOf{"undo", Step{Of: entry.String(), Reason: strings.TrimSpace(reason)}}
	return w.act(ctx, id, s.kind, s, func(c *Case, joined bool) error {
		if p, err := c.undoable(entry); err == nil && joined && p.kind == "state" && p.state == Closed {
			return notLegal("a new message from the person came in and is now in the case: read it, then close")
		}
		return nil
	})
}

// undoable finds what an entry changed, if it is the last that changed it.
func (c *Case) undoable(entry vault.ID) (past, error) {
	i := slices.IndexFunc(c.past, func(p past) bool { return p.entry == entry })
	if i < 0 {
		if slices.ContainsFunc(c.Entries, func(e Entry) bool { return e.ID == entry && !e.Undone.IsZero() }) {
			return past{}, notLegal("that was taken back already")
		}
		return past{}, notLegal("that can't be taken back: what was answered, written or agreed to stands, and a new entry can say otherwise")
	}
	p := c.past[i]
	switch {
	case p.fixed:
		return past{}, notLegal("that can't be taken back: it came from the person, or two people agreed to it")
	case slices.ContainsFunc(c.past[i+1:], func(x past) bool { return x.aspect == p.aspect }):
		return past{}, notLegal("it was changed again after that: look at what stands now, and change it instead")
	}
	return p, nil
}

// restorable checks that the case may be again as it was.
func (c *Case) restorable(p past, m moment) error {
	switch p.kind {
	case "state":
		if p.state == Closed && c.Coding == nil && !ClosesUncoded(p.close) {
			return notLegal("the case was closed with a coding that was taken back since: code it first")
		}
	case "assign":
		return c.canHold(p.holder, m)
	case "coding":
		switch {
		case p.coding != nil:
			return c.checkCoding(p.coding)
		case c.State == Closed && !ClosesUncoded(c.Close):
			return notLegal("the case is closed and needs its coding: reopen it, or change the coding")
		case c.Counted.Record != nil:
			return notLegal("the case is in the figures by this coding: change the coding, and the figures follow")
		}
	case "person":
		return c.canLink(p.link)
	}
	return nil
}

// undo applies an entry that takes one back, and marks that one.
func (c *Case) undo(e read) error {
	p, err := c.undoable(e.Step.of())
	if err != nil {
		return err
	}
	switch p.kind {
	case "state":
		c.setState(p.state, p.close)
		if c.verifiedIn == p.entry {
			c.Verification, c.verifiedIn = p.verification, p.verified
		}
	case "assign":
		c.Holder, c.Cover = p.holder, p.cover
	case "coding":
		c.Coding, c.CodedIn = p.coding, p.codedIn
		if c.verifiedIn == p.entry {
			c.Verification, c.verifiedIn = p.verification, p.verified
		}
		c.setAge()
	case "person":
		if err := c.link(p.link); err != nil {
			return err
		}
	default:
		return fmt.Errorf("it takes back what can't be")
	}
	c.past = slices.DeleteFunc(slices.Clone(c.past), func(x past) bool { return x.entry == p.entry })
	for i := range c.Entries {
		if c.Entries[i].ID == p.entry {
			c.Entries[i].Undone = e.ID
		}
	}
	return nil
}
