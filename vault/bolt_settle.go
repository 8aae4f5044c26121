package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// settle makes what a database file shows last, before the store believes it.
//
// A commit syncs its pages, writes its meta page, and syncs that. A process that
// was killed in between, or whose last sync failed, leaves a commit that everybody
// sees and a power cut takes back. Who sends again what is in it would be told that
// it is stored, with nothing left to sync; and a sync alone would not do, as Linux
// does not write again what failed to be written once. So the metas are written
// again as they are, and synced. The caller holds the file's lock.
func settle(path string, pageSize int) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	metas := make([]byte, 2*pageSize)
	_, err = f.ReadAt(metas, 0)
	if err == nil {
		_, err = f.WriteAt(metas, 0)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("syncing what is there: %w", err)
	}
	return nil
}

// halt stops the store: it takes no writes until it is opened again, and says so
// with ErrStopped and the first cause. That is for a sync that failed, and for a commit
// of which nobody knows whether it is on the disk: a second sync may succeed
// without writing what the first one failed to, and what the next commit would
// build on is not known. Reading goes on.
func (s *boltStore) halt(cause error) error {
	err := fmt.Errorf("%w: %w", ErrStopped, cause)
	s.stopped.CompareAndSwap(nil, &err)
	return s.halted()
}

// halted is the error that stopped the store, nil while it takes writes.
func (s *boltStore) halted() error {
	if err := s.stopped.Load(); err != nil {
		return *err
	}
	return nil
}

// onlyRefused tells whether a commit failed as a full disk has it fail: its pages
// could not be written, or there was no room to make the file longer. Nothing was
// synced then, nothing shows, and the next commit writes all of its own pages.
func onlyRefused(err error) bool {
	var p *fs.PathError
	return errors.As(err, &p) && p.Op == "write" ||
		strings.HasPrefix(err.Error(), "file resize error: ") // bbolt's words; it drops the cause
}

// errUnsynced: a sync of a blob's file or of a folder failed.
var errUnsynced = errors.New("syncing")

// unsynced marks the error of a sync, nil stays nil.
func unsynced(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errUnsynced, withoutPath(err))
}

// writeBlob stores a blob's file, and stops the store when its sync fails.
func (s *boltStore) writeBlob(sum ID, body []byte) error {
	err := s.halted()
	if err == nil {
		err = s.blobs.write(sum, body, s.today())
	}
	if errors.Is(err, errUnsynced) {
		return s.halt(err)
	}
	return err
}
