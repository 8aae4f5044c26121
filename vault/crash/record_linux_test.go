package crash_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"peerwitness/vault"
)

// recording is all that one store's server did to its files in several lives,
// and what it acknowledged meanwhile.
type recording struct {
	base    string // the store before, at rest
	root    string // where it was while it was written to
	moments []moment
	phase   []int // of each moment: in which life of the server it was
	load    *load
}

// course is what a recording is to be of.
type course struct {
	clients int
	lives   []life
}

// life is how one life of the recorded server goes.
type life struct {
	most    int           // answers each client gets before the end; 0: until the kill
	answers int           // in all, and
	within  time.Duration // at most after them the kill comes, if most is 0
	options []string      // more of strace's
	fails   bool          // the disk does
}

// record has a program serve a load for some lives, each ended with kill -9, and
// records every write.
func record(t *testing.T, p program, co course, who ...any) *recording {
	t.Helper()
	needStrace(t)
	h := newHouse(t)
	path := build(t, p)
	dir := t.TempDir()
	store := filepath.Join(dir, "store")
	copyStore(t, h.dir, store)
	base := filepath.Join(scratch(t), "base")
	copyStore(t, h.dir, base)
	r := &recording{base: base, root: store, load: newLoad(h, co.clients, append(who, p.name, "record")...)}
	r.load.calm = true
	now := newDisk(t, store)
	for i, life := range co.lives {
		file := filepath.Join(scratch(t), "trace")
		s := tryStart(t, path, store, tracing(file, life.options...)...)
		if s.addr == "" && !life.fails {
			t.Fatalf("not listening: %s", s.logged())
		}
		if life.most == 0 {
			r.load.killAfter(s, life.answers, between(chance(append(who, i)...), 0, life.within))
		}
		if s.addr != "" { // else the disk failed so early that it would not begin
			r.load.phase = i
			r.load.run(s, life.most)
			s.kill()
		}
		began := len(r.moments)
		r.moments = append(r.moments, readTrace(t, file)...)
		must(t, os.Remove(file))
		var open []*call
		for _, m := range r.moments[began:] {
			now.play(t, m)
			if !m.call.done && !m.end {
				open = append(open, m.call)
			}
		}
		// Calls that the kill cut short were done, or not: the next life sees which.
		for _, c := range open {
			if c.done = c.happened(t, now); c.done {
				c.ret = int64(len(c.data))
			} else if c.name == "fsync" || c.name == "fdatasync" {
				continue // it made nothing last, and dooms nothing
			}
			r.moments = append(r.moments, moment{c, true})
			now.play(t, r.moments[len(r.moments)-1])
		}
		now.reset()
		for range r.moments[began:] {
			r.phase = append(r.phase, i+1)
		}
	}
	for _, m := range r.moments { // they are played once more
		m.node, m.change, m.entry, m.sync, m.entries = nil, nil, nil, nil, nil
	}
	return r
}

// happened tells whether a call that never returned was done, by what is there.
func (c *call) happened(t testing.TB, d *disk) bool {
	t.Helper()
	switch {
	case c.change != nil && c.node == d.top.names[dbName]:
		f, err := os.Open(filepath.Join(d.root, dbName))
		must(t, err)
		defer f.Close()
		if c.change.data == nil {
			info, err := f.Stat()
			must(t, err)
			return info.Size() == c.change.size
		}
		b := make([]byte, len(c.change.data))
		n, _ := f.ReadAt(b, c.change.off) // the file may end before
		return n == len(b) && bytes.Equal(b, c.change.data)
	case c.entry != nil && c.entry.add != "" && c.entry.remove != "":
		_, err := os.Lstat(c.text(t, 3))
		_, old := os.Lstat(c.text(t, 1))
		return err == nil && old != nil
	case c.entry != nil:
		_, err := os.Lstat(c.text(t, 1))
		return (err == nil) == (c.entry.add != "")
	}
	return false // of a file that nothing names yet: the next life removes it
}

const dbName = "peerwitness.db"

// sockets follows the server's connections through a record.
type sockets struct {
	ports map[int64]int // by descriptor
	nth   map[int64]int // answers that began
}

var (
	peerPort = regexp.MustCompile(`sin_port=htons\((\d+)\)`)
	feedHead = regexp.MustCompile(`(?i)Peerwitness-Head: (\d+) ([0-9a-f]{64})\r\n`)
)

// see takes a moment and, if an answer of 2xx begins to go out in it, tells which.
func (s *sockets) see(t testing.TB, m moment, phase int) (at answered, ok bool) {
	t.Helper()
	switch {
	case m.name == "accept4" && m.end && m.ret >= 0:
		if p := peerPort.FindStringSubmatch(strings.Join(m.args, ", ")); p != nil {
			port, err := strconv.Atoi(p[1])
			must(t, err)
			s.ports[m.ret], s.nth[m.ret] = port, 0
		}
	case m.name == "close" && !m.end:
		delete(s.ports, m.number(t, 0))
	case m.name == "write" && !m.end && bytes.HasPrefix(m.data, []byte("HTTP/1.1 ")):
		fd := m.number(t, 0)
		port, known := s.ports[fd]
		if !known {
			return at, false
		}
		s.nth[fd]++
		return answered{phase, port, s.nth[fd]}, m.data[len("HTTP/1.1 ")] == '2'
	}
	return at, false
}

func newSockets() *sockets { return &sockets{map[int64]int{}, map[int64]int{}} }

// seen is what the server had said at a moment.
type seen struct {
	things []thing
	heads  map[uint64]vault.ID // of the feed, as shown to readers
}
