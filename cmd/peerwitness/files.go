package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// readBounded reads a file of at most limit bytes; "-" is not special.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, plainPath(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, plainPath(err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s is over %d bytes", name, limit)
	}
	return b, nil
}

// plainPath drops the system call's name from a file error.
func plainPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}

// absent refuses files that are there already: a key is never overwritten.
func absent(names ...string) error {
	for _, name := range names {
		if _, err := os.Lstat(name); err == nil {
			return hint(fmt.Errorf("%s is there already", name), "nothing was written; choose another name, or move the old file away")
		} else if !errors.Is(err, fs.ErrNotExist) {
			return plainPath(err)
		}
	}
	return nil
}

// writeNew writes a file that must not exist yet, durably, with its folder
// made if need be.
func writeNew(name string, b []byte, perm fs.FileMode) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return plainPath(err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		if errors.Is(err, fs.ErrExist) {
			return absent(name)
		}
		return plainPath(err)
	}
	return finish(f, name, dir, b)
}

// replace writes a file in place of the one of that name: afterwards there is
// the old one or the new one, whole.
func replace(name string, b []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return plainPath(err)
	}
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, ".peerwitness-*")
	if err != nil {
		return plainPath(err)
	}
	if err := f.Chmod(info.Mode().Perm()); err != nil {
		f.Close()
		os.Remove(f.Name())
		return plainPath(err)
	}
	if err := finish(f, f.Name(), dir, b); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		os.Remove(f.Name())
		return plainPath(err)
	}
	return syncDir(dir)
}

// finish writes b to f and makes it last; on failure nothing of it stays.
func finish(f *os.File, name, dir string, b []byte) error {
	_, err := f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		os.Remove(name)
		return plainPath(err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return plainPath(err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return plainPath(err)
	}
	return nil
}
