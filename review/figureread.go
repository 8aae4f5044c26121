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

// figureJournal is the figures journal as far as it was read: its outside by
// everybody, its inside by whoever holds its key.
type figureJournal struct {
	id      vault.ID
	head    vault.Head
	next    uint64 // seq of the next append
	refs    []ref
	entries map[vault.ID]bool // ids of the entries there are

	// By epoch, from outside: the recipient to seal to, which is that of the
	// keepers' first good grants, and who was given its identity.
	recipients map[uint32]string
	granted    map[uint32]map[string]uint64 // person → seq of the entry that gave it
	// keys are this person's own. An epoch's is checked against its recipient.
	keys map[uint32]seal.Identity

	unread     int
	lastRoster uint64
	figureState
}

func newFigureJournal(id vault.ID) *figureJournal {
	return &figureJournal{
		id: id, entries: map[vault.ID]bool{}, recipients: map[uint32]string{},
		granted: map[uint32]map[string]uint64{}, keys: map[uint32]seal.Identity{}, figureState: newFigureState(),
	}
}

// maxFigureProblems bounds what is kept of the problems: whoever floods the
// journal with nonsense must not fill the memory.
const maxFigureProblems = 100

func (j *figureJournal) trouble(p Problem) {
	if j.more = len(j.problems) >= maxFigureProblems; !j.more {
		j.problems = append(j.problems, p)
	}
}

// readFigures reads what was taken in of the figures journal. Whatever is wrong
// with an entry becomes a problem that is shown; nothing stops the rest.
func (w *Workstation) readFigures(ctx context.Context) error {
	b := w.ix.figs
	fresh := b.fresh
	b.fresh = nil
	j := b.journal
	late := false
	for _, a := range fresh {
		late = w.readOutside(j, a) && j.unread > 0 || late
	}
	if !late {
		return w.readInside(ctx, j, fresh)
	}
	// A key came for entries that could not be opened before.
	stored, err := w.store.Appends(ctx, j.id, 0)
	if err != nil {
		return fmt.Errorf("reading figures journal: %w", err)
	}
	again := newFigureJournal(j.id)
	all := make([]placed, len(j.refs))
	for i, r := range j.refs {
		all[i] = placed{r.pos, r.author, r.day, stored[i]}
		w.readOutside(again, all[i])
	}
	b.journal = again
	return w.readInside(ctx, again, all)
}

// readOutside takes in what everybody can judge of an append, and reports
// whether it gave this person a key.
func (w *Workstation) readOutside(j *figureJournal, a placed) (gave bool) {
	e := a.Entry
	j.head, j.next = vault.Head{Seq: e.Seq, Entry: e.ID(), Epoch: e.Epoch}, e.Seq+1
	j.refs = append(j.refs, ref{a.pos, a.author, a.day})
	j.entries[e.ID()] = true
	if len(a.Grants) > 0 || e.Seq == 0 {
		w.ix.figs.steps++
	}

	var epochs []uint32
	for _, g := range a.Grants {
		if !slices.Contains(epochs, g.Epoch) {
			epochs = append(epochs, g.Epoch)
		}
	}
	for _, epoch := range epochs {
		recipient, founding := w.ix.keyGiven(a, epoch)
		known := j.recipients[epoch]
		switch {
		case recipient == "":
			continue
		case known == "" && founding && epoch == e.Epoch:
			j.recipients[epoch], j.granted[epoch] = recipient, map[string]uint64{a.author: e.Seq}
		case known != recipient || !j.holder(epoch, a.author, e.Seq):
			j.trouble(Problem{Alarm: true, Text: "A key made out by " + w.ix.name(a.author) + " is not the one that figures are sealed to. It is not used."})
			continue
		}
		gave = w.takeFigureKey(j, a, epoch, recipient) || gave
	}
	return gave
}

// holder reports whether a person had been given an epoch's key by an entry.
func (j *figureJournal) holder(epoch uint32, person string, seq uint64) bool {
	at, ok := j.granted[epoch][person]
	return ok && at <= seq
}

// takeFigureKey notes to whom an append gives an epoch's key, and keeps it where
// that is this person.
func (w *Workstation) takeFigureKey(j *figureJournal, a placed, epoch uint32, recipient string) (gave bool) {
	for _, g := range a.Grants {
		if to, _ := w.ix.addressee(g.To, a.pos); to == "" || g.Epoch != epoch {
			continue
		}
		if g.To == w.key.Person {
			id, err := seal.OpenGrant(g, w.key.Personal, w.key.Person, func(person string) (ed25519.PublicKey, bool) {
				p, err := w.ix.writer(person, a)
				return p.Key(), err == nil
			})
			if err != nil || id.Recipient() != recipient {
				j.trouble(Problem{Alarm: true, Text: "The key of the figures that " + w.ix.name(a.author) + " made out to you does not fit. Tell the other keepers."})
				continue
			}
			if _, have := j.keys[epoch]; !have {
				j.keys[epoch], gave = id, true
			}
		}
		if _, had := j.granted[epoch][g.To]; !had {
			j.granted[epoch][g.To] = a.Entry.Seq
		}
	}
	return gave
}

// opened is an append's entry, or why it could not be opened.
type openedFigure struct {
	body seal.EntryBody
	err  error
	key  bool // there was a key to try
}

// readInside opens appends with this person's keys, several at once, and takes
// them in one after the other.
func (w *Workstation) readInside(ctx context.Context, j *figureJournal, appends []placed) error {
	opened := make([]openedFigure, len(appends))
	err := parallel(ctx, len(appends), func(i int) error {
		e := appends[i].Entry
		id, ok := j.keys[e.Epoch]
		if !ok {
			return nil
		}
		o := openedFigure{key: true}
		o.body, o.err = seal.OpenEntry(e, appends[i].Effects(), id, w.ix.rosters.signer)
		opened[i] = o
		return nil
	})
	if err != nil {
		return err
	}
	for i, a := range appends {
		o := opened[i]
		if !o.key || o.err != nil || o.body.Kind != "count" {
			w.ix.figs.steps++
		}
		if !o.key {
			if j.unread++; len(j.keys) > 0 && j.recipients[a.Entry.Epoch] == "" {
				j.trouble(Problem{Alarm: true, Text: "Something by " + w.ix.name(a.author) + " is sealed with a key that no keeper gave out. It is not used."})
			}
			continue
		}
		if o.err == nil {
			o.err = w.ix.acceptFigure(j, a, o.body)
		}
		if o.err == nil {
			j.lastRoster = o.body.Roster
			o.err = j.apply(w.ix, a, o.body)
		}
		if o.err != nil {
			w.ix.figs.steps++
			alarm := !errors.Is(o.err, errBody) && !errors.Is(o.err, errRecord)
			j.trouble(Problem{Alarm: alarm, Text: fmt.Sprintf("Something that %s wrote into the figures journal on %s is not used: %s.", w.ix.name(a.author), a.day, plainReason(o.err))})
		}
	}
	return nil
}

// acceptFigure checks who wrote an entry: an advocate or lead where it says that
// a case is counted, and for all else a keeper who holds the key.
func (ix *index) acceptFigure(j *figureJournal, a placed, body seal.EntryBody) error {
	p, err := ix.writer(body.Author, a)
	switch {
	case err != nil:
		return err
	case body.Roster < j.lastRoster:
		return errors.New("it was signed under an older list of people than an entry before it")
	case len(a.Claims) > 0 || len(a.Replies) > 0:
		return errors.New("it takes reports in or leaves answers, which have no place there")
	case body.Kind == "count":
		if !worksOnCases(p) {
			return errors.New("its author does not work on cases")
		}
	case !p.Has(roster.Keeper) || !j.holder(a.Entry.Epoch, body.Author, a.Entry.Seq):
		return errNoKeeper
	}
	return nil
}
