package review

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// batch is how many feed records are read before their objects are opened.
const batch = 512

// index is what the workstation holds in memory of its replica: everything
// opened, nothing sealed. It is rebuilt from the feed at each start and then
// follows it. The workstation's syncing lock guards writing, its mu guards
// publishing the folded cases; workers get only what they need.
type index struct {
	pos      uint64
	at       uint64 // the furthest place in the organisation's feed, which is pos but for partners
	rosters  *lineage
	revoked  map[string]uint64 // person → position of the first good revocation
	deposits map[vault.ID]*deposit
	order    []*deposit // feed order
	journals map[vault.ID]*journal
	taken    []vault.ID         // journals in feed order of their first entry
	blobs    map[vault.ID]bool  // named by the feed
	lacking  map[vault.ID]bool  // of those, not here yet
	broken   map[blobsKey]error // attachments that were opened and failed
	genuine  map[vault.ID]bool  // follow-ups whose signature was checked
	odd      []Quarantined      // records of other kinds that were refused
	clusters *clusters
	shown    shown
	places   int // how many journals were taken, ever
	figs     *figureBook
	releases []publicRelease     // in the feed's order
	today    vault.Day           // of the newest record
	signs    map[string]signpost // of threads, as far as they were looked for
	lists    []uint64            // positions of rosters, revocations, releases, erasures and expiries
	erasures []*erasure          // in the feed's order
	withheld []string            // what is gone that nobody signed for, in words
}

func newIndex(root string) *index {
	return &index{
		rosters: newLineage(root), revoked: map[string]uint64{},
		deposits: map[vault.ID]*deposit{}, journals: map[vault.ID]*journal{},
		blobs: map[vault.ID]bool{}, lacking: map[vault.ID]bool{}, broken: map[blobsKey]error{}, genuine: map[vault.ID]bool{},
		clusters: newClusters(), figs: newFigureBook(), signs: map[string]signpost{},
	}
}

// blobsKey names an attachment by the report or message that describes it.
type blobsKey struct {
	report string
	n      int
}

// follow reads the replica's feed from where the index stands and opens what
// came. It reports whether anything changed.
func (w *Workstation) follow(ctx context.Context, progress func(done, total uint64)) (bool, error) {
	ix := w.ix
	head, err := w.store.FeedHead(ctx)
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return false, fmt.Errorf("reading the replica: %w", err)
	}
	changed := false
	if progress == nil {
		progress = func(done, total uint64) {}
	}
	for ix.pos < head.Pos {
		records, err := w.store.Feed(ctx, ix.pos, batch)
		if err != nil {
			return changed, fmt.Errorf("reading the replica: %w", err)
		}
		if records = w.known(records); len(records) == 0 {
			break
		}
		if err := w.take(ctx, records); err != nil {
			return changed, err
		}
		changed = true
		progress(ix.pos, head.Pos)
	}
	went, err := w.carryErasures(ctx, changed)
	if changed = changed || went; err != nil {
		return changed, err
	}
	if err := w.openDeposits(ctx, progress); err != nil {
		return changed, err
	}
	return changed, w.lookForBlobs(ctx, &changed)
}

// take takes in a run of records. Rosters and revocations come first, in their
// order: whether an entry's author may write depends on the ones before it. A
// run is not left half-way because whoever asked has gone: what was passed by
// would not be read again.
func (w *Workstation) take(ctx context.Context, records []vault.Record) error {
	ctx = context.WithoutCancel(ctx)
	ix := w.ix
	entries := map[vault.ID][]placed{}
	var claimed []*deposit
	var touched []vault.ID
	for _, r := range records {
		object, err := w.store.Object(ctx, r)
		if errors.Is(err, vault.ErrErased) {
			ix.pos, ix.today = r.Pos, max(ix.today, r.Day)
			continue // see carryErasures for whether it may be gone
		}
		if err != nil {
			return fmt.Errorf("reading the replica at %d: %w", r.Pos, err)
		}
		ix.pos, r.Pos = r.Pos, w.place(r.Pos)
		switch r.Kind {
		case vault.KindRoster, vault.KindRevocation, vault.KindRelease, vault.KindErasure, vault.KindExpiry:
			ix.lists = append(ix.lists, ix.pos)
		}
		switch r.Kind {
		case vault.KindRoster:
			err = ix.takeRoster(r, object)
			ix.clusters.all = true
		case vault.KindRevocation:
			err = ix.takeRevocation(r, object)
		case vault.KindBlob:
			var b vault.BlobRef
			if b, err = vault.ParseBlobObject(object); err == nil {
				ix.blobs[b.Blob] = true
				ix.clusters.files = true
			}
		case vault.KindDeposit:
			var d vault.Deposit
			if d, err = vault.ParseDeposit(object); err == nil {
				ix.addDeposit(&deposit{id: r.ID, pos: r.Pos, desk: d.Desk, day: r.Day, byHand: d.ByHand})
			}
		case vault.KindAppend:
			var a vault.Append
			if a, err = vault.ParseAppend(object); err == nil {
				id, p := a.Entry.Journal, placed{pos: r.Pos, author: r.Author, day: r.Day, Append: a}
				if !ix.figs.holds(id) {
					if entries[id] == nil {
						touched = append(touched, id)
					}
					entries[id] = append(entries[id], p)
				} else if err := w.takeFigures(ctx, p, entries); err != nil {
					return err
				}
				for _, c := range a.Claims {
					if d := ix.deposits[c]; d != nil {
						d.claimed = id
						claimed = append(claimed, d)
					}
				}
			}
		case vault.KindRelease:
			err = ix.takeRelease(r, object)
		case vault.KindErasure, vault.KindExpiry:
			err = ix.takeErasure(r, ix.pos, object)
		}
		if err != nil {
			ix.odd = append(ix.odd, Quarantined{Pos: r.Pos, Kind: r.Kind, ID: r.ID, Day: r.Day, Alarm: true, Reason: plainReason(err)})
		}
		ix.at, ix.today = max(ix.at, r.Pos), max(ix.today, r.Day)
	}
	if err := w.readFigures(ctx); err != nil {
		return err
	}
	touched = slices.DeleteFunc(touched, func(id vault.ID) bool { return len(entries[id]) == 0 })
	next := make([]*journal, len(touched))
	err := parallel(ctx, len(touched), func(i int) error {
		id := touched[i]
		j := newJournal(id)
		if old := ix.journals[id]; old != nil {
			j = old.clone()
		}
		err := w.readJournal(ctx, j, entries[id])
		next[i] = j
		return err
	})
	if err != nil {
		return err
	}
	for i, id := range touched {
		if ix.journals[id] == nil {
			next[i].n = ix.places
			ix.places++
			ix.taken = append(ix.taken, id)
		}
		ix.journals[id] = next[i]
		ix.clusters.journal(next[i].n, next[i])
	}
	for _, d := range claimed {
		ix.clusters.deposit(d)
	}
	return nil
}

func (ix *index) addDeposit(d *deposit) {
	if ix.deposits[d.id] == nil {
		ix.deposits[d.id] = d
		ix.order = append(ix.order, d)
		ix.clusters.deposit(d)
	}
}

func (ix *index) takeRoster(r vault.Record, object []byte) error {
	note, err := vault.ParseRosterObject(object)
	if err != nil {
		return err
	}
	if n := len(ix.rosters.steps); n > 0 && r.Pos <= ix.rosters.steps[n-1].pos {
		return errors.New("the server puts it before a list of people that it showed earlier")
	}
	return ix.rosters.add(r.Pos, note)
}

// takeRevocation applies a revocation that a lead of a known roster signed. It
// holds from its place in the feed on.
func (ix *index) takeRevocation(r vault.Record, object []byte) error {
	v, err := vault.ParseRevocationObject(object)
	if err != nil {
		return err
	}
	at := ix.rosters.at(r.Pos)
	if at == nil {
		return errors.New("revokes someone before any list of people was accepted")
	}
	checked, err := at.CheckRevocation(v.JSON)
	if err != nil {
		return err
	}
	if _, done := ix.revoked[checked.Person]; !done {
		ix.revoked[checked.Person] = r.Pos
	}
	return nil
}

// revokedAt reports whether person was revoked before pos.
func (ix *index) revokedAt(person string, pos uint64) bool {
	at, ok := ix.revoked[person]
	return ok && at < pos
}

// lookForBlobs notes which of the blobs that the feed names are not here.
func (w *Workstation) lookForBlobs(ctx context.Context, changed *bool) error {
	lacking, err := w.store.LackingBlobs(ctx, 1<<20)
	if err != nil {
		return fmt.Errorf("reading the replica: %w", err)
	}
	now := make(map[vault.ID]bool, len(lacking))
	for _, b := range lacking {
		now[b] = true
	}
	if !maps.Equal(now, w.ix.lacking) {
		*changed, w.ix.clusters.files = true, true
	}
	w.ix.lacking = now
	return nil
}

// parallel runs n jobs on the machine's cores and returns the first error.
func parallel(ctx context.Context, n int, job func(i int) error) error {
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
		next  = make(chan int)
		stop  = make(chan struct{})
	)
	for range min(n, max(2, runtime.GOMAXPROCS(0))) {
		wg.Go(func() {
			for i := range next {
				if err := job(i); err != nil {
					once.Do(func() { first = err; close(stop) })
					return
				}
			}
		})
	}
feed:
	for i := range n {
		select {
		case next <- i:
		case <-stop:
			break feed
		case <-ctx.Done():
			once.Do(func() { first = ctx.Err(); close(stop) })
			break feed
		}
	}
	close(next)
	wg.Wait()
	return first
}

// identities returns those that reports may be sealed to, the newest first:
// each is tried on each slot, and most reports were sealed to the newest.
func (w *Workstation) identities() []seal.Identity {
	out := make([]seal.Identity, 0, len(w.intake))
	for _, i := range slices.Backward(w.intake) {
		out = append(out, i.Identity)
	}
	return out
}
