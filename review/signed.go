package review

import (
	"context"
	"errors"
	"fmt"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// SignedEntry is one place of a case's journal with what its author signed, as
// far as it may be shown to people who hold no key of the case.
type SignedEntry struct {
	Entry         // its ID and Seq are always set
	Accepted bool // what else stands here was opened and passed every check
	Roster   uint64
	Shown    seal.Shown // empty when it can't be shown without a key
	// Messages are the ids of the person's later messages in it; "" stands for
	// one that is not of the agreed form.
	Messages []string
}

// SignedEntries reads a case's journal again, from its first entry to its last.
func (w *Workstation) SignedEntries(ctx context.Context, id vault.ID) ([]SignedEntry, error) {
	if err := w.hold(ctx); err != nil {
		return nil, err
	}
	v := w.View()
	c, err := v.Case(id)
	var j *journal
	if err == nil {
		j = w.ix.journals[c.Journal] // once published it does not change
	}
	w.release()
	switch {
	case err != nil:
		return nil, err
	case j == nil || c.key == "":
		return nil, ErrNotYours
	}
	appends, err := w.store.Appends(ctx, j.id, 0)
	if err != nil {
		return nil, fmt.Errorf("reading journal: %w", err)
	}
	accepted := make(map[uint64]read, len(j.entries))
	for _, r := range j.entries {
		accepted[r.Seq] = r
	}
	out := make([]SignedEntry, 0, len(appends))
	for _, a := range appends[:min(len(appends), len(j.refs))] {
		s := SignedEntry{Entry: Entry{ID: a.Entry.ID(), Seq: a.Entry.Seq}}
		if r, ok := accepted[s.Seq]; ok && r.ID == s.ID {
			body, shown, err := seal.ShowEntry(a.Entry, a.Effects(), j.proven[a.Entry.Epoch], v.names.signer)
			if err != nil && !errors.Is(err, seal.ErrKeys) {
				return nil, fmt.Errorf("reading journal: %w", err)
			}
			s.Entry, s.Accepted, s.Roster, s.Shown = r.Entry, true, body.Roster, shown
			for _, f := range r.follows {
				s.Messages = append(s.Messages, f.Message.ID)
			}
			for range r.unfit {
				s.Messages = append(s.Messages, "")
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// Rosters are the lists of people from one version to another, as far as this
// workstation has seen them: those by which a journal's signatures are checked.
func (v *View) Rosters(from, to uint64) []*roster.Roster {
	var out []*roster.Roster
	if v.names == nil {
		return nil
	}
	for _, s := range v.names.steps {
		if r := v.names.version(s.version); r != nil && s.version >= from && s.version <= to {
			out = append(out, r)
		}
	}
	return out
}
