package vault

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// A batch is one transaction and one sync for everybody who waits. These bound
// it, so that the pages it dirties stay a small part of the server's memory.
const (
	maxBatch      = 1024
	maxBatchBytes = 16 << 20
)

// op is one caller's part of a batch.
type op struct {
	// run does the work inside the batch's transaction. It may run more than
	// once, each time on a state without its earlier run. An error returned
	// before anything was written leaves the batch as it was.
	run  func(t *tx) error
	size int // bytes that run writes, about
	// alone, in place of run, is called while no transaction is open.
	alone func()
	// after, if there is one, runs exactly once when the op's fate is known,
	// whether or not anybody still waits for it.
	after func(err error)
	ended chan error
}

func (o *op) end(err error) {
	if o.after != nil {
		o.after(err)
	}
	o.ended <- err
}

var errNothing = errors.New("nothing to commit")

// write hands o to the committer and waits for its fate. Hashing and encoding
// were done before, by the caller's own goroutine.
//
// Even a write that turns out to be a repeat goes this way: what a read
// transaction sees may not be synced yet, and must not be acknowledged.
func (s *boltStore) write(ctx context.Context, doing string, o *op) error {
	o.ended = make(chan error, 1)
	err := s.send(ctx, o)
	if err != nil {
		if o.after != nil {
			o.after(err)
		}
	} else {
		select {
		case err = <-o.ended:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func (s *boltStore) send(ctx context.Context, o *op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return ErrClosed
	}
	select {
	case s.queue <- o:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commitAll is the committer, the only goroutine that writes.
func (s *boltStore) commitAll() {
	defer close(s.done)
	debug.SetPanicOnFault(true)
	var b batch
	for b.begin(s.queue) {
		if b.ops[0].alone != nil {
			b.ops[0].alone()
			b.ops[0].end(nil)
			continue
		}
		b.drain(s.queue)
		if b.due > len(b.ops) {
			b.await(s.queue)
		}
		began := time.Now()
		s.commit(b.ops)
		b.committed(len(s.queue), time.Since(began))
	}
}

// batch is what the committer gathers for its next transaction.
type batch struct {
	ops  []*op
	size int // bytes
	next *op // did not fit
	over bool
	due  int           // how many writers there are, going by the batch before
	wait time.Duration // how long they are worth waiting for
}

// begin waits for a first op. It returns false when there will be no more.
func (b *batch) begin(queue <-chan *op) bool {
	first := b.next
	if first == nil {
		first = <-queue
	}
	b.ops, b.size, b.next, b.over = nil, 0, nil, false
	if first != nil {
		b.take(first)
	}
	return first != nil
}

// take adds o, or keeps it for the next batch if it does not fit.
func (b *batch) take(o *op) {
	if len(b.ops) > 0 && (b.size+o.size > maxBatchBytes || o.alone != nil) {
		b.next, b.over = o, true
		return
	}
	b.ops, b.size = append(b.ops, o), b.size+o.size
	b.over = len(b.ops) == maxBatch
}

// drain takes what is queued.
func (b *batch) drain(queue <-chan *op) {
	for !b.over {
		select {
		case o, ok := <-queue:
			if !ok {
				return
			}
			b.take(o)
		default:
			return
		}
	}
}

// await gives those whom a shared commit has just released the time to write
// again. Without it they and those who wait already become two groups that
// commit in turns, with twice the syncs. It ends when all are here, when nobody
// has come for a while, or after a small part of what a commit takes. Who
// writes alone is never made to wait.
func (b *batch) await(queue <-chan *op) {
	end := time.After(b.wait)
	for len(b.ops) < b.due && !b.over {
		select {
		case o, ok := <-queue:
			if !ok {
				return
			}
			b.take(o)
		case <-end:
			return
		}
	}
}

// committed notes what the next batch may wait for.
func (b *batch) committed(queued int, took time.Duration) {
	b.due, b.wait = 0, 0
	if len(b.ops) > 1 {
		b.due, b.wait = len(b.ops)+queued, took/4
	}
}

// commit runs a batch and tells everybody in it. An op that fails after it has
// written takes the transaction down with it, and the rest run again without it.
func (s *boltStore) commit(batch []*op) {
	for len(batch) > 0 {
		answers := make([]error, len(batch))
		spoilt := -1
		var pos uint64
		err := s.update(func(btx *bolt.Tx) error {
			t := s.newTx(btx)
			written := false
			for i, o := range batch {
				t.dirty = false
				answers[i] = protect(o.run, t)
				if t.dirty && answers[i] != nil {
					spoilt = i
					return answers[i]
				}
				written = written || t.dirty
			}
			if !written {
				return errNothing
			}
			head, err := t.head()
			pos = head.Pos
			return err
		})
		if spoilt >= 0 && s.halted() == nil {
			batch[spoilt].end(answers[spoilt])
			batch = slices.Delete(batch, spoilt, spoilt+1)
			continue
		}
		if err == nil {
			s.durable.Store(pos)
		}
		for i, o := range batch {
			switch {
			case err == nil, err == errNothing:
				o.end(answers[i])
			default:
				// Refusals too: they may rest on what was not committed.
				o.end(err)
			}
		}
		return
	}
}

func protect(run func(*tx) error, t *tx) (err error) {
	defer catch(&err)
	return run(t)
}

// update runs f in a transaction and commits. A commit that fails in anything but
// the writing of its pages stops the store: see halt.
func (s *boltStore) update(f func(*bolt.Tx) error) (err error) {
	if err := s.halted(); err != nil {
		return err
	}
	btx, err := s.db.Begin(true)
	if err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	id := btx.ID()
	defer func() {
		if r := recover(); r != nil {
			s.stuck = !rollback(btx)
			err = s.halt(fmt.Errorf("%w: %v", ErrCorrupt, r))
		}
	}()
	if err := f(btx); err != nil {
		if failed := btx.Rollback(); failed != nil {
			return errors.Join(err, failed)
		}
		return err
	}
	if err := btx.Commit(); err != nil {
		_ = btx.Rollback() // bbolt leaves some of those that fail open
		if s.visible(id) || !onlyRefused(err) {
			return s.halt(fmt.Errorf("committing: %w", err))
		}
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// visible reports whether the transaction, whose commit failed, is what a
// reader now sees. If it can't be told, it is.
func (s *boltStore) visible(id int) (yes bool) {
	yes = true
	defer func() { _ = recover() }()
	_ = s.db.View(func(btx *bolt.Tx) error {
		yes = btx.ID() >= id
		return nil
	})
	return yes
}

func rollback(btx *bolt.Tx) (ok bool) {
	defer func() { _ = recover() }()
	_ = btx.Rollback()
	return true
}
