package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// A partner's feed is made anew from the store's when the server starts. Whom an
// erased case had been given to can't be read then any more, and her feed would
// lack what it showed: a fork. So before anything is erased each partner's feed is
// kept, and making it goes on from there. An entry that was taken away past what is
// kept may have been hers or not: her feed then is another one, with a generation of its own.

// keptFeed is what is kept of a partner's feed.
type keptFeed struct {
	Generation [16]byte              `json:"generation"` // of the store's feed
	Pos        uint64                `json:"pos"`        // how far that was gone through
	Missed     vault.ID              `json:"missed,omitzero"`
	Shown      []uint64              `json:"shown"` // positions in the store's feed, in the order of hers
	Cases      map[vault.ID]keptCase `json:"cases"`
	Deposits   map[vault.ID]vault.ID `json:"deposits"`
	Blobs      []vault.ID            `json:"blobs"`
}

type keptCase struct {
	Given uint32 `json:"given"`
	Epoch uint32 `json:"epoch"`
}

// kept encodes the feed. The caller holds mu.
func (f *partnerFeed) kept() ([]byte, error) {
	k := keptFeed{Generation: f.of, Pos: f.pos, Missed: f.missed, Cases: map[vault.ID]keptCase{}, Deposits: f.deposits}
	for _, r := range f.stored {
		k.Shown = append(k.Shown, r.Pos)
	}
	for id, c := range f.cases {
		k.Cases[id] = keptCase{c.given, c.epoch}
	}
	for id := range f.blobs {
		k.Blobs = append(k.Blobs, id)
	}
	return json.Marshal(k)
}

// begin goes back to what was kept of the feed, or to nothing. The caller holds mu.
func (f *partnerFeed) begin(ctx context.Context, head vault.FeedHead) error {
	var k keptFeed
	b, err := f.store.KeptFeed(ctx, f.person)
	if err == nil && json.Unmarshal(b, &k) != nil {
		err = fmt.Errorf("%w: what was kept of a partner's feed", vault.ErrCorrupt)
	}
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return fmt.Errorf("reading a partner's feed: %w", err)
	}
	if k.Generation != head.Generation || k.Pos > head.Pos {
		k = keptFeed{} // of another feed: from before a restore
	}
	var stored []vault.Record
	for _, pos := range k.Shown {
		r, err := f.store.Feed(ctx, pos-1, 1)
		if err != nil {
			return fmt.Errorf("reading feed: %w", err)
		}
		if len(r) != 1 {
			return fmt.Errorf("%w: a partner's feed has what the store has not", vault.ErrCorrupt)
		}
		stored = append(stored, r[0])
	}
	f.of, f.pos, f.missed, f.stored = head.Generation, k.Pos, k.Missed, stored
	f.cases, f.deposits, f.blobs = map[vault.ID]*sharedCase{}, map[vault.ID]vault.ID{}, map[vault.ID]bool{}
	for id, c := range k.Cases {
		f.cases[id] = &sharedCase{c.Given, c.Epoch}
	}
	for id, journal := range k.Deposits {
		f.deposits[id] = journal
	}
	for _, id := range k.Blobs {
		f.blobs[id] = true
	}
	f.anew()
	return nil
}

// anew makes the chain of the feed once more.
func (f *partnerFeed) anew() {
	all := f.stored
	f.shown, f.stored, f.has = nil, nil, map[uint64]bool{}
	for _, r := range all {
		f.show(r)
	}
}

// miss notes an entry that was taken away before it could be told whose it was.
func (f *partnerFeed) miss(r vault.Record) {
	f.missed = vault.Sum(vault.LP("", f.missed[:], vault.U64(r.Pos)))
}

// keepPartners keeps all partners' feeds as they are now, and holds them there
// until release is called: what is erased meanwhile was in none of them, or is in
// what was kept. A feed that can't be made holds up no erasure: it is another one then.
func (s *Server) keepPartners(ctx context.Context) (release func(), err error) {
	r, _, err := s.people.current(ctx)
	if err != nil {
		return nil, err
	}
	people := slices.DeleteFunc(slices.Clone(r.People), func(p roster.Person) bool { return !onlyPartner(p) })
	slices.SortFunc(people, func(a, b roster.Person) int { return strings.Compare(a.ID, b.ID) }) // one order of locking
	var held []*partnerFeed
	release = func() {
		for _, f := range held {
			f.mu.Unlock()
		}
	}
	feeds := map[string][]byte{}
	for _, p := range people {
		f := s.partnerOf(p.ID)
		f.mu.Lock()
		held = append(held, f)
		err := f.follow(ctx)
		if err == nil {
			feeds[p.ID], err = f.kept()
		}
		if err != nil && ctx.Err() != nil {
			release()
			return nil, ctx.Err()
		}
		if err != nil && s.Trouble != nil {
			s.Trouble(fmt.Errorf("keeping a partner's feed: %w", err))
		}
	}
	if err := s.store.KeepFeeds(ctx, feeds); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// Ended tells the bearer, a partner, which of the journals in her feed go on under
// a key that she was not given: 32 bytes each, ascending. Those that were erased
// are not among them. ErrRole for everybody else.
func (s *Server) Ended(ctx context.Context, bearer string) ([]byte, error) {
	p, err := s.may(ctx, bearer, actPlaces)
	if err != nil {
		return nil, err
	}
	if !onlyPartner(p) {
		return nil, ErrRole
	}
	var ended []vault.ID
	f := s.partnerOf(p.ID)
	err = f.read(ctx, func() {
		for id, c := range f.cases {
			if !c.stands() {
				ended = append(ended, id)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ended, func(a, b vault.ID) int { return slices.Compare(a[:], b[:]) })
	var out []byte
	for _, id := range ended {
		if _, err := s.store.Head(ctx, id); errors.Is(err, vault.ErrErased) {
			continue
		} else if err != nil {
			return nil, err
		}
		out = append(out, id[:]...)
	}
	return out, nil
}

func erases(r vault.Record) bool { return r.Kind == vault.KindErasure }
