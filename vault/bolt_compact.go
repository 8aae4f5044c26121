package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
)

// compactFile is where the new file is made. One that is there was left by a
// process that ended half-way, and is removed.
const compactFile = boltFile + ".compact"

// compactBatch is how many bytes go into one commit of the new file.
const compactBatch = 16 << 20

// CompactBolt writes what the store in dir holds into a new file and puts that
// in the old one's place, so that no page keeps what was taken away. Blob files
// that nothing names go too. Until the new file is whole, synced and in place
// the old one is untouched: a crash at any moment leaves one or the other.
// ErrLocked when a process has the store open, ErrCorrupt.
//
// What the disk itself keeps of the old file is beyond this: see SECURITY.md.
func CompactBolt(dir string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("compacting store: %w", err)
		}
	}()
	return compactBolt(dir, false)
}

// TidyBolt is CompactBolt if something was taken away since the last time. A store that is not there needs none.
func TidyBolt(dir string) (err error) {
	if err := compactBolt(dir, true); err != nil {
		return fmt.Errorf("tidying store: %w", err)
	}
	return nil
}

func compactBolt(dir string, ifStale bool) (err error) {
	path := filepath.Join(dir, boltFile)
	if _, err := os.Stat(path); err != nil {
		if ifStale && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return withoutPath(err)
	}
	// Opening walks the pages, checks the format and sweeps the blobs. The lock
	// is held until the new file is in place.
	s, err := openBolt(dir, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	stale := false
	if err := s.db.View(func(btx *bolt.Tx) error { stale = btx.Bucket(bMeta).Get(kStale) != nil; return nil }); err != nil {
		return err
	}
	if ifStale && !stale {
		return nil
	}
	made := filepath.Join(dir, compactFile)
	if err := os.Remove(made); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := copyCompact(made, s.db); err != nil {
		return errors.Join(err, os.Remove(made))
	}
	if runtime.GOOS == "windows" { // which renames over no open file, nor does anybody open one there
		if err := s.Close(); err != nil {
			return errors.Join(err, os.Remove(made))
		}
	}
	if err := os.Rename(made, path); err != nil {
		return errors.Join(err, os.Remove(made))
	}
	return syncDir(dir)
}

// copyCompact makes a new file of all that the database holds, and walks it.
func copyCompact(path string, from *bolt.DB) (err error) {
	defer catch(&err) // over damaged pages
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	to, _, err := openFile(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	to.NoSync = true // one sync at the end: nothing is in its place before
	if err := bolt.Compact(to, from, compactBatch); err != nil {
		return err
	}
	if err := to.Update(func(btx *bolt.Tx) error { return btx.Bucket(bMeta).Delete(kStale) }); err != nil {
		return err
	}
	if err := to.Sync(); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	m, err := readMeta(f, to.Info().PageSize)
	if err != nil {
		return err
	}
	w := newPageWalk(f, to.Info().PageSize, m.pages)
	w.deep = true
	return w.tree(m.root, 0, true)
}
