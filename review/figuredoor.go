package review

import (
	"fmt"
	"math"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// keepers are those on the list of people who are not revoked.
func (w *Workstation) keepers(r *roster.Roster) []roster.Person {
	var out []roster.Person
	for _, p := range r.People {
		if p.Has(roster.Keeper) && !w.shutOut(p.ID) {
			out = append(out, p)
		}
	}
	return out
}

// figureGrants makes out the keys of epochs to every keeper, and recovery, who
// was not given them; newest epoch first, as many as one append takes.
func (w *Workstation) figureGrants(r *roster.Roster, journal vault.ID, keys map[uint32]seal.Identity) ([]vault.Grant, error) {
	lacks := w.lacking()
	var out []vault.Grant
	var epochs []uint32
	for e := range keys {
		epochs = append(epochs, e)
	}
	slices.Sort(epochs)
	slices.Reverse(epochs)
	for _, epoch := range epochs {
		give := func(to, recipient string) error {
			if !lacks(epoch, to) || len(out) == vault.MaxGrants {
				return nil
			}
			g, err := seal.SealGrant(journal, epoch, to, recipient, keys[epoch], w.key.Person, w.key.Signing)
			if err != nil {
				return fmt.Errorf("making out the figures' key: %w", err)
			}
			out = append(out, g)
			return nil
		}
		if err := give(roster.Recovery, r.Recovery); err != nil {
			return nil, err
		}
		for _, p := range w.keepers(r) {
			if err := give(p.ID, p.Personal); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// lacking tells who was not given an epoch's key.
func (w *Workstation) lacking() func(epoch uint32, person string) bool {
	w.syncing <- struct{}{}
	defer w.release()
	given := map[uint32]map[string]bool{}
	for epoch, people := range w.ix.figs.journal.granted {
		given[epoch] = map[string]bool{}
		for p := range people {
			given[epoch][p] = true
		}
	}
	return func(epoch uint32, person string) bool { return !given[epoch][person] }
}

// figureDoor is what somebody needs who writes into the figures journal.
type figureDoor struct {
	journal    vault.ID
	head       vault.Head
	recipient  string // of the head's epoch, empty when its key is nobody's
	keys       map[uint32]seal.Identity
	whole      bool // keys has every epoch's
	renew      bool // the key is due to be made anew
	lastRoster uint64
}

// door looks at the figures journal. errNoFigures when there is none.
func (w *Workstation) door(r *roster.Roster) (figureDoor, error) {
	w.syncing <- struct{}{}
	defer w.release()
	if !w.ix.figs.founded {
		return figureDoor{}, errNoFigures
	}
	j := w.ix.figs.journal
	d := figureDoor{journal: j.id, head: j.head, recipient: j.recipients[j.head.Epoch], keys: map[uint32]seal.Identity{}, whole: j.whole(), lastRoster: j.lastRoster}
	for e, id := range j.keys {
		d.keys[e] = id
	}
	d.renew = w.ix.renewDue(j, r)
	return d, nil
}

// whole reports whether this person holds the keys of all epochs.
func (j *figureJournal) whole() bool {
	for epoch := range j.recipients {
		if _, ok := j.keys[epoch]; !ok {
			return false
		}
	}
	return len(j.recipients) > 0
}

// renewDue reports whether the key is to be made anew: somebody who holds it is
// no keeper any more, or the newest epoch's is no keeper's.
func (ix *index) renewDue(j *figureJournal, r *roster.Roster) bool {
	if j.recipients[j.head.Epoch] == "" {
		return true
	}
	if j.head.Epoch == math.MaxUint32 {
		return false // somebody used the epochs up; this one has to do
	}
	for person := range j.granted[j.head.Epoch] {
		p, ok := r.Person(person)
		_, out := ix.revoked[person]
		if person != roster.Recovery && (!ok || !p.Has(roster.Keeper) || out) {
			return true
		}
	}
	return false
}

// without is the list of people without those who have been revoked.
func (ix *index) without(r *roster.Roster) *roster.Roster {
	var out []roster.Revocation
	for person := range ix.revoked {
		out = append(out, roster.Revocation{Person: person})
	}
	return r.Without(out)
}
