package access

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// people answers who is on the roster now. It reads the store each time and
// parses only what changed.
type people struct {
	store vault.Reader

	mu      sync.Mutex // guards what follows
	roster  *roster.Roster
	seen    vault.ID // hash over the revocations that revoked was made from
	revoked map[string]bool
}

// current returns the store's roster and the set of people whom a lead on it
// revoked. vault.ErrNotFound before the first roster. Neither may be changed.
func (p *people) current(ctx context.Context) (*roster.Roster, map[string]bool, error) {
	_, note, err := p.store.Roster(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reading roster: %w", err)
	}
	revocations, err := p.store.Revocations(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reading revocations: %w", err)
	}
	var all []byte
	for _, r := range revocations {
		all = vault.AppendLP(all, r.JSON)
	}
	seen := vault.Sum(all)

	p.mu.Lock()
	defer p.mu.Unlock()
	same := p.roster != nil && bytes.Equal(p.roster.Note, note)
	if !same {
		r, err := roster.Parse(note)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: roster does not parse", vault.ErrCorrupt)
		}
		p.roster = r
	}
	if !same || seen != p.seen {
		p.seen, p.revoked = seen, map[string]bool{}
		for _, r := range revocations {
			// One by somebody who is no lead any more counts no longer, as
			// phones and workstations see it.
			if v, err := p.roster.CheckRevocation(r.JSON); err == nil {
				p.revoked[v.Person] = true
			}
		}
	}
	return p.roster, p.revoked, nil
}

// find returns a person who is on the current roster and not revoked.
func (p *people) find(ctx context.Context, id string) (roster.Person, bool, error) {
	r, revoked, err := p.current(ctx)
	if errors.Is(err, vault.ErrNotFound) {
		return roster.Person{}, false, nil
	}
	if err != nil {
		return roster.Person{}, false, err
	}
	who, ok := r.Person(id)
	return who, ok && !revoked[id], nil
}
