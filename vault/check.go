package vault

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// maxHurts bounds what Check lists, so that a store in ruins gives an error
// that can still be read.
const maxHurts = 20

// hurts collects what Check finds.
type hurts struct {
	list []string
	more int
}

func (h *hurts) hurt(format string, args ...any) {
	if len(h.list) == maxHurts {
		h.more++
		return
	}
	for i, arg := range args {
		// A damaged page can give a key of a gigabyte.
		if b, ok := arg.([]byte); ok {
			args[i] = b[:min(len(b), 64)]
		}
	}
	text := fmt.Sprintf(format, args...)
	h.list = append(h.list, text[:min(len(text), 300)])
}

// take adds err, if there is one.
func (h *hurts) take(err error) {
	if err != nil {
		h.hurt("%s", strings.TrimPrefix(err.Error(), ErrCorrupt.Error()+": "))
	}
}

func (h *hurts) err() error {
	if len(h.list) == 0 {
		return nil
	}
	text := strings.Join(h.list, "; ")
	if h.more > 0 {
		text += fmt.Sprintf("; and %d more", h.more)
	}
	return fmt.Errorf("%w: %s", ErrCorrupt, text)
}

// Check reads everything once. First the pages are walked, as reading by what is
// wrong there could bring the program down; it ends there if so. The feed is walked in order, and what each
// record must have left in the indices is looked up there; then the indices are
// walked and counted, so that nothing is in them besides. Blob files are read
// and hashed. Last, bbolt checks its own pages, for which writers wait.
func (s *boltStore) Check(ctx context.Context) error {
	const doing = "checking store"
	h := &hurts{}
	err := s.view(ctx, doing, func(t *tx) error {
		w := newPageWalk(s.pages.file, s.pages.size, t.inUse())
		w.ctx, w.deep = ctx, true
		return w.tree(uint64(t.Cursor().Bucket().Root()), 0, true)
	})
	if err != nil {
		return err
	}
	err = s.view(ctx, doing, func(t *tx) error {
		c := newChecker(t, h)
		return errors.Join(c.walkFeed(ctx), c.walkIndices(ctx))
	})
	switch {
	case errors.Is(err, ErrCorrupt):
		h.take(err) // it hit a page that can't be read
	case err != nil:
		return err
	}
	if err := s.checkFiles(ctx, h); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if len(h.list) == 0 {
		// Only now: on pages as bad as those found above, bbolt's check can
		// bring the program down.
		if err := s.checkPages(ctx, h); err != nil {
			return err
		}
	}
	if err := h.err(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// checkPages has bbolt check its pages, while the committer stands still.
func (s *boltStore) checkPages(ctx context.Context, h *hurts) error {
	return s.write(ctx, "checking pages", &op{alone: func() {
		var damage error
		defer func() { h.take(damage) }()
		defer catch(&damage)
		damage = s.db.View(func(btx *bolt.Tx) error {
			if err := checkLayout(btx, s.db.Info().PageSize); err != nil {
				return err
			}
			for err := range btx.Check() {
				h.take(err)
			}
			return nil
		})
	}})
}

// checkLayout walks the pages as they lie in the file. bbolt's check believes
// what a page says about its length, and fills the memory over one that lies.
func checkLayout(btx *bolt.Tx, pageSize int) error {
	pages := int(btx.Size()) / pageSize
	for id := 0; id < pages; id++ {
		p, err := btx.Page(id)
		if err != nil {
			return err
		}
		switch p.Type {
		case "free":
		case "meta", "freelist", "leaf", "branch":
			if id += p.OverflowCount; id >= pages {
				return fmt.Errorf("%w: page %d runs over the end", ErrCorrupt, p.ID)
			}
		default:
			return fmt.Errorf("%w: page %d is of no known kind", ErrCorrupt, id)
		}
	}
	return nil
}

// checkFiles holds the blob folder against the database, both ways.
func (s *boltStore) checkFiles(ctx context.Context, h *hurts) error {
	var sums []ID
	err := s.view(ctx, "listing blobs", func(t *tx) error {
		return t.scan(bBlobs, nil, func(k, v []byte) error {
			row, err := parseBlobRow(v)
			if err == nil && len(k) == len(ID{}) && row.lack == 0 {
				sums = append(sums, ID(k))
			}
			return nil // the walk over the indices tells of bad rows
		})
	})
	if err != nil && !errors.Is(err, ErrCorrupt) {
		return err
	}
	for _, sum := range sums {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := s.blobs.read(sum); err != nil {
			h.take(withoutPath(err))
		}
	}
	return s.blobs.walk(func(_ string, sum ID, temp bool) error {
		if temp || s.heldBlob(sum) {
			return ctx.Err()
		}
		// One that is being written has its file before its row: wait for it.
		defer s.blobs.lock(sum)()
		if s.blobs.exists(sum) && !s.heldBlob(sum) {
			h.hurt("blob %s: nothing names its file", sum)
		}
		return ctx.Err()
	})
}

// checker walks the database inside one transaction.
type checker struct {
	*tx
	*hurts
	head     Record
	count    map[string]int // what each bucket must hold
	deposits map[uint64]depositRow
	journals map[ID]Head
	blobs    map[ID]blobRow
	roster   uint64
	release  ID
	erasures map[uint64]Erasure // by position, those that had their effect
	expiries map[uint64]uint64
	expired  expiry
}

func newChecker(t *tx, h *hurts) *checker {
	return &checker{tx: t, hurts: h, count: map[string]int{}, deposits: map[uint64]depositRow{},
		journals: map[ID]Head{}, blobs: map[ID]blobRow{}, erasures: map[uint64]Erasure{}, expiries: map[uint64]uint64{}}
}

// guard runs f and turns a panic over damaged pages into a finding.
func (c *checker) guard(f func() error) error {
	err := func() (err error) {
		defer catch(&err)
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		return f()
	}()
	if errors.Is(err, ErrCorrupt) {
		c.take(err)
		return nil
	}
	return err
}
