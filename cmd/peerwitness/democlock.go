package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// movedClock is this computer's clock, moved by as many seconds as a small file
// in a demo's folder says. All programs of that demo read the same file, so that
// its time goes on for all of them at once. No other program reads it.
type movedClock struct{ f *os.File }

const movedClockFile = "clock"

// newMovedClock makes the clock of a demo in dir. The caller closes it.
func newMovedClock(dir string, by time.Duration) (movedClock, error) {
	f, err := os.OpenFile(filepath.Join(dir, movedClockFile), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return movedClock{}, fmt.Errorf("making demo's clock: %w", plainPath(err))
	}
	c := movedClock{f}
	return c, c.set(by)
}

// openMovedClock reads the clock of the demo that runs in dir.
func openMovedClock(dir string) (movedClock, error) {
	f, err := os.Open(filepath.Join(dir, movedClockFile))
	if err != nil {
		return movedClock{}, fmt.Errorf("reading demo's clock: %w", plainPath(err))
	}
	c := movedClock{f}
	if _, err := c.by(); err != nil {
		f.Close()
		return movedClock{}, fmt.Errorf("reading demo's clock: %w", err)
	}
	return c, nil
}

func (c movedClock) by() (time.Duration, error) {
	var b [8]byte
	if _, err := c.f.ReadAt(b[:], 0); err != nil {
		return 0, errors.New("it does not say by how much it is moved")
	}
	return time.Duration(int64(binary.BigEndian.Uint64(b[:]))) * time.Second, nil
}

func (c movedClock) set(by time.Duration) error {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(int64(by/time.Second)))
	if _, err := c.f.WriteAt(b[:], 0); err != nil {
		return fmt.Errorf("moving demo's clock: %w", plainPath(err))
	}
	return nil
}

// now is the demo's time. Where its file is gone the demo is over, and so is its time.
func (c movedClock) now() time.Time {
	by, err := c.by()
	if err != nil {
		by = 0
	}
	return time.Now().Add(by)
}

func (c movedClock) close() error { return c.f.Close() }
