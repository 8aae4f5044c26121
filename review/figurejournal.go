package review

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// figuresID is the id of the nth place where the figures journal may be.
// Everybody can work it out, so that nobody needs to be told where it is, and
// two who found it at once meet there.
func figuresID(n uint32) vault.ID {
	return vault.Sum(vault.LP("peerwitness/figures-journal/v1", vault.U32(n)))
}

// figureBook finds the figures journal and holds what was read of it. The
// journal is at the first place whose first append founds it; one that does not,
// whoever wrote it, only uses its place up.
type figureBook struct {
	n       uint32 // the place of the journal, or where it would be founded
	places  map[vault.ID]bool
	founded bool
	journal *figureJournal
	fresh   []placed // not read yet
	squats  []Problem

	steps int // see figureBasis
	basis figureBasis
	view  *FiguresView // by that basis
}

func newFigureBook() *figureBook {
	b := &figureBook{places: map[vault.ID]bool{}}
	b.at(0)
	return b
}

// at begins at the nth place.
func (b *figureBook) at(n uint32) {
	b.n = n
	b.places[figuresID(n)] = true
	b.journal = newFigureJournal(figuresID(n))
}

func (b *figureBook) holds(journal vault.ID) bool { return b.places[journal] }

// takeFigures takes in an append to one of the places of the figures journal.
// others are the appends to other journals of the same run.
func (w *Workstation) takeFigures(ctx context.Context, a placed, others map[vault.ID][]placed) error {
	ix, b := w.ix, w.ix.figs
	if a.Entry.Journal != b.journal.id {
		return nil // at a place that is used up
	}
	if _, founding := ix.keyGiven(a, a.Entry.Epoch); !b.founded && (!founding || a.Entry.Seq != 0) {
		b.squats = append(b.squats, Problem{Alarm: true, Text: "Something by " + ix.name(a.author) +
			" stands where the figures journal would be, and does not found it. It is not used."})
		b.at(b.n + 1)
		ix.clusters.all = true
		b.steps++
		// Somebody may have written at the next place before anybody looked there.
		early, err := w.takeBack(ctx, b.journal.id, others)
		if err != nil {
			return err
		}
		for _, e := range early {
			if err := w.takeFigures(ctx, e, others); err != nil {
				return err
			}
		}
		return nil
	}
	b.founded = true
	b.fresh = append(b.fresh, a)
	ix.clusters.figure(a.Entry.ID())
	return nil
}

// takeBack takes a journal out of the cases, and returns its appends.
func (w *Workstation) takeBack(ctx context.Context, id vault.ID, others map[vault.ID][]placed) ([]placed, error) {
	var out []placed
	if j := w.ix.journals[id]; j != nil {
		stored, err := w.store.Appends(ctx, id, 0)
		if err != nil {
			return nil, fmt.Errorf("reading figures journal: %w", err)
		}
		for i, r := range j.refs {
			out = append(out, placed{r.pos, r.author, r.day, stored[i]})
		}
		delete(w.ix.journals, id)
		w.ix.taken = slices.DeleteFunc(w.ix.taken, func(x vault.ID) bool { return x == id })
	}
	out = append(out, others[id]...)
	delete(others, id)
	return out, nil
}

// keyGiven judges, from its outside alone, the key that an append gives out for
// an epoch: the case recipient that its author, a keeper then, signed for other
// keepers and for recovery. founding is true when at least two keepers and
// recovery are among them, so that the key can be begun with. Empty when it
// gives none, or two.
func (ix *index) keyGiven(a placed, epoch uint32) (recipient string, founding bool) {
	granter := func(person string) (ed25519.PublicKey, bool) {
		p, err := ix.writer(person, a)
		return p.Key(), err == nil && p.Has(roster.Keeper)
	}
	keepers, recovery := 0, false
	for _, g := range a.Grants {
		to, isKeeper := ix.addressee(g.To, a.pos)
		if g.Epoch != epoch || to == "" {
			continue
		}
		r, err := seal.CheckGrant(g, to, granter)
		if err != nil {
			continue
		}
		if recipient != "" && r != recipient {
			return "", false
		}
		recipient = r
		if isKeeper {
			keepers++
		} else {
			recovery = true
		}
	}
	return recipient, keepers >= minKeepers && recovery
}

// minKeepers is how many must hold the key of the figures.
const minKeepers = 2

// addressee gives the recipient of somebody who may hold the figures' key at a
// place of the feed: a keeper, or recovery. Empty for everybody else.
func (ix *index) addressee(to string, pos uint64) (recipient string, keeper bool) {
	r := ix.rosters.at(pos)
	if r == nil {
		return "", false
	}
	if to == roster.Recovery {
		return r.Recovery, false
	}
	p, ok := r.Person(to)
	if !ok || !p.Has(roster.Keeper) || ix.revokedAt(to, pos) {
		return "", false
	}
	return p.Personal, true
}

// name is how a person is called in what people read.
func (ix *index) name(person string) string {
	if p, ok := ix.rosters.person(person); ok {
		return p.Name
	}
	if person == "" {
		return "nobody known"
	}
	return person
}

// rosterAt is the list of people in force at a position, without those who had
// been revoked by then; nil when there was none.
func (ix *index) rosterAt(pos uint64) *roster.Roster {
	r := ix.rosters.at(pos)
	if r == nil {
		return nil
	}
	var out []roster.Revocation
	for person := range ix.revoked {
		if ix.revokedAt(person, pos) {
			out = append(out, roster.Revocation{Person: person})
		}
	}
	return r.Without(out)
}

// errNoFigures says that there is no figures journal.
var errNoFigures = notLegal("the figures journal has not been founded yet; a keeper does that, once")

var errNoKeeper = errors.New("its author is no keeper who holds the figures' key")
