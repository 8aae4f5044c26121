package review

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// lineage is every roster version the feed showed, each checked against the
// one before. It serves two ends: the newest one says who may be granted what
// today, and the older ones say whose signature an old entry carries.
//
// Expiry is no reason to forget history, so each roster is checked as of the
// day it was issued; whether the newest still holds today is asked by the
// workstation, which alone knows the day and what it adopted before.
type lineage struct {
	root     string // fingerprint to be met, or empty
	anchored bool   // the fingerprint was met, or none was asked for
	by       map[uint64]*roster.Roster
	hashes   map[vault.ID]uint64
	steps    []step
	newest   *roster.Roster
}

// step says from which position of the feed a version was in force.
type step struct {
	pos     uint64
	version uint64
}

func newLineage(root string) *lineage {
	return &lineage{root: root, by: map[uint64]*roster.Roster{}, hashes: map[vault.ID]uint64{}}
}

// add checks the note that stands at pos and makes it the newest. A refused
// note changes nothing.
func (l *lineage) add(pos uint64, note []byte) error {
	r, err := roster.Parse(note)
	if err != nil {
		return err
	}
	if l.newest != nil && r.Hash == l.newest.Hash {
		return nil
	}
	issued, err := time.Parse(time.DateOnly, r.Issued)
	if err != nil {
		return fmt.Errorf("reading the roster's day of issue: %w", err)
	}
	held := l.newest
	if held != nil && !l.anchored && r.Version != held.Version+1 {
		// Nothing so far met the fingerprint, and a gap breaks the hash that
		// would vouch for what came before: begin again from this one.
		*l = *newLineage(l.root)
		held = nil
	}
	adopted, err := roster.Adopt(held, note, "", issued)
	if err != nil {
		return err
	}
	if l.root == "" || adopted.Fingerprint() == l.root {
		l.anchored = true
	}
	l.newest = adopted
	l.by[adopted.Version] = adopted
	l.hashes[adopted.Hash] = adopted.Version
	l.steps = append(l.steps, step{pos, adopted.Version})
	return nil
}

// version returns one version, or nil while the lineage is not anchored.
func (l *lineage) version(v uint64) *roster.Roster {
	if !l.anchored {
		return nil
	}
	return l.by[v]
}

// at returns the roster in force at a position of the feed, or nil.
func (l *lineage) at(pos uint64) *roster.Roster {
	if !l.anchored {
		return nil
	}
	for i := len(l.steps) - 1; i >= 0; i-- {
		if l.steps[i].pos <= pos {
			return l.by[l.steps[i].version]
		}
	}
	return nil
}

// hashed returns the roster whose note has that hash, or nil.
func (l *lineage) hashed(h vault.ID) *roster.Roster {
	v, ok := l.hashes[h]
	if !ok {
		return nil
	}
	return l.version(v)
}

// person finds someone on the newest roster that ever named her, so that the
// author of an old entry keeps her name.
func (l *lineage) person(id string) (roster.Person, bool) {
	if !l.anchored {
		return roster.Person{}, false
	}
	for i := len(l.steps) - 1; i >= 0; i-- {
		if p, ok := l.by[l.steps[i].version].Person(id); ok {
			return p, true
		}
	}
	return roster.Person{}, false
}

// errRolledBack is what the workstation says of a server that no longer shows
// the roster it adopted earlier.
var errRolledBack = errors.New("the server shows an older or another list of people than this workstation has already accepted")

// pin is what the folder remembers of rosters between runs. The replica holds
// the notes themselves; the pin notices a replica that was swapped.
type pin struct {
	Root    string `json:"root"`
	Version uint64 `json:"version"`
	Hash    string `json:"hash"`
}

// current returns the roster to act by and a warning about it. The roster is
// nil when there is none that this workstation may adopt.
func (l *lineage) current(p pin, now time.Time) (*roster.Roster, error) {
	if l.newest == nil {
		return nil, errors.New("no list of people has arrived yet")
	}
	if !l.anchored {
		return nil, errors.New("the server's list of people is not signed by the roots this workstation was given")
	}
	if p.Version > 0 {
		held := l.by[p.Version]
		if held == nil || held.Hash.String() != p.Hash {
			return nil, errRolledBack
		}
	}
	if !l.newest.Expired(now) {
		return l.newest, nil
	}
	expired := fmt.Errorf("the list of people (version %d) ran out on %s; ask your lead for the new one, and check this computer's date", l.newest.Version, l.newest.Expires)
	if l.newest.Version > p.Version {
		return l.by[p.Version], expired
	}
	return l.newest, expired
}

// copy returns a lineage that later additions do not change.
func (l *lineage) copy() *lineage {
	n := *l
	n.by, n.hashes, n.steps = maps.Clone(l.by), maps.Clone(l.hashes), slices.Clone(l.steps)
	return &n
}
