package access

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// Somebody of a partner organisation is shown a feed of her own: the lists of
// people, and the cases whose key was given to her, up to where it was given.
// Of every other case she learns nothing, not even that there is one. It is
// made of the store's feed alone, in its order, so that it only ever grows; its
// generation is the store's and hers together. What comes into it late, because
// the key was given late, stands at its end; where it stood in the store's feed
// she is told besides (Places), because who might write an entry is judged there.
//
// Of a case that she was given and that was erased the records stay, and the
// statement of the two people comes, by which her workstation removes it too.
// Statements about other cases do not come, nor the server's expiries: what was
// hers had been claimed.

// onlyPartner reports whether a person is a partner and nobody of the organisation's own.
func onlyPartner(p roster.Person) bool {
	return p.Has(roster.Partner) && !p.Has(roster.Advocate) && !p.Has(roster.Lead) && !p.Has(roster.Keeper)
}

// partnerFeed is one partner's feed as far as it was made.
type partnerFeed struct {
	store  vault.Store
	person string

	mu       sync.Mutex // guards what follows
	of       [16]byte   // generation of the store's feed
	pos      uint64     // how far the store's feed was gone through
	missed   vault.ID   // over the entries gone by whose it was can't be told; zero for none
	shown    []vault.Record
	stored   []vault.Record  // the same as the store has them
	has      map[uint64]bool // where they stand in the store's
	cases    map[vault.ID]*sharedCase
	deposits map[vault.ID]vault.ID // those that are shown, and whose journal has them
	blobs    map[vault.ID]bool
}

// sharedCase is a journal of which the partner was given a key.
type sharedCase struct {
	given uint32 // the last epoch of which she was
	epoch uint32 // the journal's
}

func (c *sharedCase) stands() bool { return c != nil && c.epoch <= c.given }

// partnerOf is the feed of a partner.
func (s *Server) partnerOf(person string) *partnerFeed {
	s.partnering.Lock()
	defer s.partnering.Unlock()
	if s.partners[person] == nil {
		s.partners[person] = &partnerFeed{store: s.store, person: person}
	}
	return s.partners[person]
}

// read runs do on the feed once it is as long as the store's.
func (f *partnerFeed) read(ctx context.Context, do func()) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.follow(ctx); err != nil {
		return err
	}
	do()
	return nil
}

// follow makes the feed as long as the store's. The caller holds mu.
func (f *partnerFeed) follow(ctx context.Context) error {
	head, err := f.store.FeedHead(ctx)
	if err != nil {
		return fmt.Errorf("reading head of feed: %w", err)
	}
	if f.of != head.Generation || f.cases == nil || f.pos > head.Pos {
		if err := f.begin(ctx, head); err != nil {
			return err
		}
	}
	missed := f.missed
	defer func() {
		if f.missed != missed { // it is another feed then
			f.anew()
		}
	}()
	for f.pos < head.Pos {
		records, err := f.store.Feed(ctx, f.pos, maxFeedItems)
		if err != nil {
			return fmt.Errorf("reading feed: %w", err)
		}
		if len(records) == 0 {
			break // not synced yet
		}
		for _, r := range records {
			if err := f.take(ctx, r); err != nil {
				return fmt.Errorf("reading feed: %w", err)
			}
			f.pos = r.Pos
		}
	}
	return nil
}

// generation is the feed's own. The caller holds mu.
func (f *partnerFeed) generation() [16]byte {
	fields := [][]byte{f.of[:], []byte(f.person)}
	if !f.missed.IsZero() {
		fields = append(fields, f.missed[:])
	}
	sum := vault.Sum(vault.LP("peerwitness/partner-feed/v1", fields...))
	return [16]byte(sum[:16])
}

// take goes past one record of the store's feed. It changes nothing when it fails.
func (f *partnerFeed) take(ctx context.Context, r vault.Record) error {
	switch r.Kind {
	case vault.KindRoster, vault.KindRevocation:
		f.show(r)
	case vault.KindErasure:
		object, err := f.store.Object(ctx, r)
		if err != nil {
			return err
		}
		e, err := vault.ParseErasure(object)
		if err != nil {
			return err
		}
		if f.cases[e.Journal] != nil {
			f.show(r)
		}
	case vault.KindAppend:
		object, err := f.store.Object(ctx, r)
		if errors.Is(err, vault.ErrErased) {
			f.miss(r)
			return nil
		}
		if err != nil {
			return err
		}
		a, err := vault.ParseAppend(object)
		if err != nil {
			return err
		}
		return f.takeAppend(ctx, r, a)
	case vault.KindBlob:
		if len(f.cases) == 0 {
			return nil
		}
		b, err := f.blob(ctx, r)
		if errors.Is(err, vault.ErrErased) {
			return nil
		}
		if err != nil {
			return err
		}
		if journal, ok := f.deposits[b.Deposit]; ok && f.cases[journal].stands() {
			f.blobs[b.Blob] = true
			f.show(r)
		}
	}
	return nil
}

func (f *partnerFeed) blob(ctx context.Context, r vault.Record) (vault.BlobRef, error) {
	object, err := f.store.Object(ctx, r)
	if err != nil {
		return vault.BlobRef{}, err
	}
	return vault.ParseBlobObject(object)
}

// takeAppend shows an append, where the partner was given its epoch, and with
// it whatever of the case she was given by it and was not shown before.
func (f *partnerFeed) takeAppend(ctx context.Context, r vault.Record, a vault.Append) error {
	journal, given := a.Entry.Journal, uint32(0)
	for _, g := range a.Grants {
		if g.To == f.person {
			given = max(given, g.Epoch)
		}
	}
	c := f.cases[journal]
	if c == nil && given == 0 {
		return nil
	}
	next := sharedCase{given: given, epoch: a.Entry.Epoch}
	if c != nil {
		next.given = max(given, c.given)
	}
	found := []vault.Record{r}
	appends := []vault.Append{a}
	if c == nil || given > c.given { // all of the journal up to here
		stored, err := f.store.Appends(ctx, journal, 0)
		if err != nil {
			return err
		}
		found, appends = nil, nil
		for _, x := range stored[:min(uint64(len(stored)), a.Entry.Seq+1)] {
			at, err := f.store.Record(ctx, vault.Sum(vault.AppendObject(x)))
			if err != nil {
				return err
			}
			found, appends = append(found, at), append(appends, x)
		}
	}
	var come []vault.Record
	fresh := map[vault.ID]bool{} // deposits
	first := r.Pos
	for i, x := range appends {
		if x.Entry.Epoch > next.given || f.has[found[i].Pos] {
			continue
		}
		come = append(come, found[i])
		for _, id := range x.Claims {
			if _, ok := f.deposits[id]; ok || fresh[id] {
				continue
			}
			d, err := f.store.Record(ctx, id)
			if err != nil {
				return err
			}
			come, fresh[id], first = append(come, d), true, min(first, d.Pos)
		}
	}
	// Blobs of deposits that she has, and of those that come: the former may have
	// got some while the case was not hers.
	blobs, err := f.blobsOf(ctx, journal, fresh, first, r.Pos, c == nil || given > c.given)
	if err != nil {
		return err
	}
	for at := range blobs {
		come = append(come, at)
	}
	slices.SortFunc(come, func(a, b vault.Record) int { return cmp.Compare(a.Pos, b.Pos) })
	f.cases[journal] = &next
	for id := range fresh {
		f.deposits[id] = journal
	}
	for _, x := range come {
		if sum, ok := blobs[x]; ok {
			f.blobs[sum] = true
		}
		f.show(x)
	}
	return nil
}

// blobsOf finds the blobs, up to a position, of deposits that come; with all set
// also those of deposits that the journal has already, which are not shown yet.
func (f *partnerFeed) blobsOf(ctx context.Context, journal vault.ID, fresh map[vault.ID]bool, first, last uint64, all bool) (map[vault.Record]vault.ID, error) {
	out := map[vault.Record]vault.ID{}
	if all {
		first = 1
	} else if len(fresh) == 0 {
		return out, nil
	}
	for pos := first - 1; pos < last; {
		records, err := f.store.Feed(ctx, pos, maxFeedItems)
		if err != nil || len(records) == 0 {
			return out, err
		}
		for _, r := range records {
			if pos = r.Pos; pos > last || r.Kind != vault.KindBlob || f.has[pos] {
				continue
			}
			b, err := f.blob(ctx, r)
			if errors.Is(err, vault.ErrErased) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if held, ok := f.deposits[b.Deposit]; fresh[b.Deposit] || ok && held == journal {
				out[r] = b.Blob
			}
		}
	}
	return out, nil
}

// show puts a record at the feed's end.
func (f *partnerFeed) show(r vault.Record) {
	var former vault.ID
	if n := len(f.shown); n > 0 {
		former = f.shown[n-1].Hash
	}
	n := r
	n.Pos = uint64(len(f.shown)) + 1
	n.Hash = n.HashAfter(f.generation(), former)
	f.shown, f.stored, f.has[r.Pos] = append(f.shown, n), append(f.stored, r), true
}

// partnerRecords are up to limit of the records after a position of a partner's
// feed, as it has them and as the store does.
func (s *Server) partnerRecords(ctx context.Context, person string, after uint64, limit int) (head vault.FeedHead, shown, stored []vault.Record, err error) {
	f := s.partnerOf(person)
	err = f.read(ctx, func() {
		n := uint64(len(f.shown))
		head = vault.FeedHead{Generation: f.generation(), Pos: n}
		if n > 0 {
			head.Hash = f.shown[n-1].Hash
		}
		if after < n {
			end := min(after+uint64(max(limit, 0)), n)
			shown, stored = slices.Clone(f.shown[after:end]), slices.Clone(f.stored[after:end])
		}
	})
	return head, shown, stored, err
}

// partnerPlace is where a record of the store's feed stands in a partner's.
func (s *Server) partnerPlace(ctx context.Context, person string, pos uint64) (place uint64, err error) {
	f := s.partnerOf(person)
	err = f.read(ctx, func() {
		place = uint64(slices.IndexFunc(f.stored, func(r vault.Record) bool { return r.Pos == pos }) + 1)
	})
	if err == nil && place == 0 {
		err = fmt.Errorf("%w: a partner's feed lacks the statement that took away what is in it", vault.ErrCorrupt)
	}
	return place, err
}

// Places tells the bearer, a partner, where each record of her feed stands in
// the store's: 8 bytes each, big-endian, in the order of her feed. ErrRole for
// everybody else, whose feed is the store's.
func (s *Server) Places(ctx context.Context, bearer string) ([]byte, error) {
	p, err := s.may(ctx, bearer, actPlaces)
	if err != nil {
		return nil, err
	}
	if !onlyPartner(p) {
		return nil, ErrRole
	}
	var out []byte
	f := s.partnerOf(p.ID)
	err = f.read(ctx, func() {
		for _, r := range f.stored {
			out = binary.BigEndian.AppendUint64(out, r.Pos)
		}
	})
	return out, err
}

// partnerMayAppend reports why a partner may not append that, or nil: she writes
// in a case that is hers, under the key that she was given, and gives nobody
// anything by it.
func (s *Server) partnerMayAppend(ctx context.Context, person string, a vault.Append) error {
	if len(a.Claims)+len(a.Replies)+len(a.Grants) > 0 {
		return ErrRole
	}
	hers := false
	f := s.partnerOf(person)
	err := f.read(ctx, func() {
		c := f.cases[a.Entry.Journal]
		hers = c.stands() && a.Entry.Epoch <= c.given
	})
	if err == nil && !hers {
		err = ErrRole
	}
	return err
}

// partnerBlob reports whether a blob belongs to a case that a partner was shown.
func (s *Server) partnerBlob(ctx context.Context, person string, sum vault.ID) error {
	hers := false
	f := s.partnerOf(person)
	err := f.read(ctx, func() { hers = f.blobs[sum] })
	if err == nil && !hers {
		err = vault.ErrNotFound
	}
	return err
}

// givesPartner reports whether an append gives a key to somebody who is a
// partner and no more.
func (s *Server) givesPartner(ctx context.Context, a vault.Append) (bool, error) {
	r, _, err := s.people.current(ctx)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(a.Grants, func(g vault.Grant) bool {
		p, ok := r.Person(g.To)
		return ok && onlyPartner(p)
	}), nil
}
