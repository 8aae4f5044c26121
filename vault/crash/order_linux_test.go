package crash_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"peerwitness/vault"
)

// Before the first byte of a 201 leaves the server, each sync that it rests on has
// returned: the blob's file, its name, the folder's own name, the commit's pages, and
// the page that makes the commit count. Read from the real server's system calls.
func TestSyncedBeforeAnswered(t *testing.T) {
	rec := record(t, shipped, course{6, []life{{most: 9}}}, "order")
	l := newLedger(t, rec)
	kinds := map[string]int{}
	s := newSockets()
	for i, m := range rec.moments {
		at, ok := s.see(t, m, 1)
		x := rec.load.at[at]
		if !ok || x == nil {
			continue
		}
		var err error
		switch x := x.(type) {
		case deposited:
			kinds["deposit"]++
			err = l.committed(i, mark(x.make().Report[len(header):]))
		case blobbed:
			kinds["blob"]++
			if err = l.filed(i, x); err == nil {
				ref := vault.BlobRef{Deposit: x.deposit.make().ID(), Blob: vault.Sum(x.make()), Size: uint64(len(x.make()))}
				err = l.committed(i, vault.BlobObject(ref))
			}
		case appended:
			kinds["append"]++
			err = l.committed(i, mark(x.Entry.Sealed))
		}
		if err != nil {
			t.Errorf("%s was answered at %d: %v", x, i, err)
		}
	}
	t.Logf("answers that were looked at: %v", kinds)
	if kinds["deposit"] < 6 || kinds["blob"] < 3 || kinds["append"] < 3 {
		t.Error("not much of a test")
	}
}

// mark is enough of some bytes to know them by, and lies within a page.
func mark(b []byte) []byte { return b[:min(len(b), 48)] }

// ledger has, of a record, what each call was about.
type ledger struct {
	moments []moment
	path    map[*call]string
	begins  map[*call]int
}

func newLedger(t *testing.T, rec *recording) *ledger {
	t.Helper()
	l := &ledger{rec.moments, map[*call]string{}, map[*call]int{}}
	fds := map[int64]string{}
	for i, m := range rec.moments {
		if !m.end {
			l.begins[m.call] = i
		}
		switch {
		case m.name == "openat" && m.end && m.ret >= 0:
			fds[m.ret] = m.text(t, 1)
		case m.name == "openat", m.name == "mkdirat":
			l.path[m.call] = m.text(t, 1)
		case m.name == "renameat":
			l.path[m.call] = m.text(t, 3)
		case m.name == "close" && !m.end:
			delete(fds, m.number(t, 0))
		case m.name == "accept4" && m.end:
			delete(fds, m.ret)
		case !m.end && len(m.args) > 0:
			l.path[m.call] = fds[fdOf(m.args[0])]
		}
	}
	return l
}

// next returns the first call of that name, for a path of that name or folder, that
// began after one moment and had ended well before another.
func (l *ledger) next(after, before int, name string, fits func(path string, c *call) bool) (ended int, err error) {
	for i := after + 1; i < before; i++ {
		m := l.moments[i]
		if m.end && m.name == name && m.ret >= 0 && l.begins[m.call] > after && fits(l.path[m.call], m.call) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no %s that began after %d had ended", name, after)
}

func isStore(path string, _ *call) bool { return filepath.Base(path) == dbName }

// committed holds that bytes stood in a page that was written to the database and
// synced, and that the meta page was written after that and synced too.
func (l *ledger) committed(answer int, b []byte) error {
	at, err := l.next(-1, answer, "pwrite64", func(path string, c *call) bool {
		return filepath.Base(path) == dbName && bytes.Contains(c.data, b)
	})
	if err == nil {
		at, err = l.next(at, answer, "fdatasync", isStore)
	}
	if err == nil {
		at, err = l.next(at, answer, "pwrite64", func(path string, c *call) bool {
			return isStore(path, c) && (c.args[3] == "0" || c.args[3] == "4096")
		})
	}
	if err == nil {
		_, err = l.next(at, answer, "fdatasync", isStore)
	}
	return err
}

// filed holds that a blob's file was synced, named, and its folders synced.
func (l *ledger) filed(answer int, x blobbed) error {
	body := x.make()
	name := vault.Sum(body).String()
	folder := func(path string, _ *call) bool { return filepath.Base(path) == name[:2] }
	var temp string
	at, err := l.next(-1, answer, "write", func(path string, c *call) bool {
		temp = path
		return filepath.Base(filepath.Dir(path)) == name[:2] && bytes.Equal(c.data, body)
	})
	if err == nil {
		at, err = l.next(at, answer, "fsync", func(path string, _ *call) bool { return path == temp })
	}
	if err == nil {
		at, err = l.next(at, answer, "renameat", func(path string, _ *call) bool { return filepath.Base(path) == name })
	}
	if err == nil {
		_, err = l.next(at, answer, "fsync", folder)
	}
	if err != nil {
		return err
	}
	if at, err = l.next(-1, answer, "mkdirat", folder); err == nil { // else it was there
		_, err = l.next(at, answer, "fsync", func(path string, _ *call) bool { return filepath.Base(path) == "blobs" })
		return err
	}
	return nil
}
