package vault

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// blobDir keeps blobs as files named by their hash, in a subfolder for each
// first byte: ab/abcd…. A file is whole from the moment it has its name.
//
// Files and folders show midnight of the arrival's day as the time of their
// last change, so that a seized disk tells no more than the feed does.
//
// BUG(blobdir): a file system also keeps the time at which an inode was last
// touched (ctime, and on some the time of birth), which no program can set. To
// somebody with the raw disk it tells when a blob arrived.
type blobDir struct {
	dir string

	mu     sync.Mutex
	shards map[string]bool // subfolders that are there and synced; guarded by mu
	busy   map[ID]*blobLock
}

type blobLock struct {
	sync.Mutex
	users int // guarded by blobDir.mu
}

const tempPrefix = "tmp-"

// openBlobDir opens or makes the folder, and removes temporary files and files
// that nothing stored names: they belong to writes that were never acknowledged.
func openBlobDir(dir string, named func(ID) bool) (*blobDir, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	d := &blobDir{dir: dir, shards: map[string]bool{}, busy: map[ID]*blobLock{}}
	err := d.walk(func(path string, sum ID, temp bool) error {
		if temp || !named(sum) {
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	shards, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range shards {
		d.shards[e.Name()] = true
	}
	return d, syncDir(dir)
}

// walk calls f for each file that is a blob's or a temporary one, and leaves
// everything else alone.
func (d *blobDir) walk(f func(path string, sum ID, temp bool) error) error {
	shards, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	for _, shard := range shards {
		if !shard.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(d.dir, shard.Name()))
		if err != nil {
			return err
		}
		for _, e := range files {
			path := filepath.Join(d.dir, shard.Name(), e.Name())
			sum, err := ParseID(e.Name())
			temp := strings.HasPrefix(e.Name(), tempPrefix)
			if !temp && (err != nil || d.path(sum) != path) {
				continue
			}
			if err := f(path, sum, temp); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *blobDir) path(sum ID) string {
	name := sum.String()
	return filepath.Join(d.dir, name[:2], name)
}

// lock makes the caller the only one who writes or removes that blob's file.
func (d *blobDir) lock(sum ID) (unlock func()) {
	d.mu.Lock()
	l := d.busy[sum]
	if l == nil {
		l = &blobLock{}
		d.busy[sum] = l
	}
	l.users++
	d.mu.Unlock()
	l.Lock()
	return func() {
		l.Unlock()
		d.mu.Lock()
		if l.users--; l.users == 0 {
			delete(d.busy, sum)
		}
		d.mu.Unlock()
	}
}

// has reports whether a file of that size has the blob's name.
func (d *blobDir) has(sum ID, size int) bool {
	info, err := os.Stat(d.path(sum))
	return err == nil && info.Mode().IsRegular() && info.Size() == int64(size)
}

func (d *blobDir) exists(sum ID) bool {
	_, err := os.Lstat(d.path(sum))
	return err == nil
}

// write stores a blob's bytes, which have the hash sum: when it returns, file
// and folder are synced.
func (d *blobDir) write(sum ID, body []byte, day Day) error {
	path := d.path(sum)
	shard := filepath.Dir(path)
	if err := d.makeShard(shard); err != nil {
		return err
	}
	f, err := os.CreateTemp(shard, tempPrefix)
	if err != nil {
		return err
	}
	temp := f.Name()
	midnight := time.Unix(int64(day)*86400, 0)
	_, err = f.Write(body)
	if err == nil {
		err = os.Chtimes(temp, midnight, midnight)
	}
	if err == nil {
		err = unsynced(f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if err := os.Chtimes(shard, midnight, midnight); err != nil {
		return err
	}
	return syncDir(shard)
}

func (d *blobDir) makeShard(shard string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := filepath.Base(shard)
	if d.shards[name] {
		return nil
	}
	if err := os.Mkdir(shard, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := syncDir(d.dir); err != nil {
		return err
	}
	d.shards[name] = true
	return nil
}

// read returns a blob's bytes, checked against its name. ErrCorrupt when the
// file is gone or is another.
func (d *blobDir) read(sum ID) ([]byte, error) {
	f, err := os.Open(d.path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: file of blob %s is gone", ErrCorrupt, sum)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	body := make([]byte, min(info.Size(), MaxBlob+1))
	if _, err := io.ReadFull(f, body); err != nil {
		return nil, err
	}
	if Sum(body) != sum {
		return nil, fmt.Errorf("%w: file of blob %s does not have its hash", ErrCorrupt, sum)
	}
	return body, nil
}

// settle makes durable that the files of those blobs are gone.
func (d *blobDir) settle(sums []ID) error {
	done := map[string]bool{}
	for _, sum := range sums {
		shard := filepath.Dir(d.path(sum))
		if done[shard] {
			continue
		}
		done[shard] = true
		if err := syncDir(shard); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (d *blobDir) remove(sum ID) error { return os.Remove(d.path(sum)) }

// syncDir makes the names in a folder durable. Windows has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(unsynced(f.Sync()), f.Close())
}
