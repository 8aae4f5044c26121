package crash_test

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// disk plays a record of writes back as a disk that keeps no more than it was
// made to: what POSIX promises of fsync, and not what one file system does
// besides. A write lasts once a sync of its file that began after it has
// returned; a name, once a sync of its folder has. A sync that fails makes
// nothing last, and what it was to make last never does, whatever is synced
// later: Linux takes such pages for clean. Until the power goes everything is
// there for whoever looks, also after a kill -9.
type disk struct {
	root string
	top  *node
	fds  map[int64]*node
	pos  map[int64]int64 // where the next write by that descriptor goes
}

// node is a file or a folder.
type node struct {
	lasting image     // of a file
	pending []*change // that may be lost, in order

	names   map[string]*node // of a folder, as everybody sees it; nil for a file
	kept    map[string]*node // as it would be after a power cut
	entries []*dirChange
}

// change is a write, or a new size.
type change struct {
	off    int64
	data   []byte
	size   int64 // if data is nil
	done   bool  // the call has returned
	doomed bool  // a sync that should have made it last failed
}

// dirChange is a name that appears, goes, or moves.
type dirChange struct {
	remove, add string // one or both
	node        *node
	done        bool
	doomed      bool
}

const chunkSize = 4096

// image is a file's bytes; chunks that are not there are zeros.
type image struct {
	size   int64
	chunks map[int64]*[chunkSize]byte
}

func (m *image) write(off int64, b []byte) {
	m.size = max(m.size, off+int64(len(b)))
	for len(b) > 0 {
		c := m.chunks[off/chunkSize]
		if c == nil {
			c = new([chunkSize]byte)
			m.chunks[off/chunkSize] = c
		}
		n := copy(c[off%chunkSize:], b)
		b, off = b[n:], off+int64(n)
	}
}

func (m *image) resize(size int64) {
	for n, c := range m.chunks {
		if n*chunkSize >= size {
			delete(m.chunks, n)
		} else if end := size - n*chunkSize; end < chunkSize {
			clear(c[end:])
		}
	}
	m.size = size
}

func newFile() *node { return &node{lasting: image{chunks: map[int64]*[chunkSize]byte{}}} }
func newFolder() *node {
	return &node{names: map[string]*node{}, kept: map[string]*node{}}
}

// newDisk begins with what is in a folder, all of it lasting.
func newDisk(t testing.TB, root string) *disk {
	t.Helper()
	d := &disk{root: root, top: newFolder(), fds: map[int64]*node{}, pos: map[int64]int64{}}
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		n := newFolder()
		if !e.IsDir() {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			n = newFile()
			zeros := make([]byte, chunkSize)
			for off := 0; off < len(b); off += chunkSize {
				if part := b[off:min(off+chunkSize, len(b))]; !bytes.Equal(part, zeros[:len(part)]) {
					n.lasting.write(int64(off), part)
				}
			}
			n.lasting.size = int64(len(b))
		}
		in, name := d.find(path)
		in.names[name], in.kept[name] = n, n
		return nil
	}))
	return d
}

// find returns the folder that path is in, nil when it is none of the store's.
func (d *disk) find(path string) (in *node, name string) {
	rest, ok := strings.CutPrefix(path, d.root+"/")
	if !ok {
		return nil, ""
	}
	in = d.top
	for {
		first, more, deeper := strings.Cut(rest, "/")
		if !deeper {
			return in, first
		}
		if in = in.names[first]; in == nil {
			return nil, ""
		}
		rest = more
	}
}

// reset forgets what belonged to a process that was killed. Its calls that never
// returned may have been done.
func (d *disk) reset() { clear(d.fds); clear(d.pos) }

// play goes over one moment of a record.
func (d *disk) play(t testing.TB, m moment) {
	t.Helper()
	c := m.call
	if m.end && c.ret < 0 {
		d.undo(c)
		return
	}
	switch c.name {
	case "write", "pwrite64", "ftruncate", "fsync", "fdatasync":
		d.file(t, m)
	case "openat":
		if m.end {
			d.open(t, c)
		}
	case "close": // when it begins: before it has ended somebody else may get its number
		if !m.end {
			fd := c.number(t, 0)
			delete(d.fds, fd)
			delete(d.pos, fd)
		}
	case "renameat", "renameat2", "unlinkat", "mkdirat":
		d.name(t, m)
	case "accept4":
	case "mmap":
		if !m.end && d.fds[fdOf(c.args[4])] != nil && strings.Contains(c.args[2], "PROT_WRITE") && strings.Contains(c.args[3], "MAP_SHARED") {
			t.Fatal("the store writes through a map, which no record of calls shows")
		}
	default:
		for _, a := range c.args {
			if d.fds[fdOf(a)] != nil && c.name != "sendto" {
				t.Fatalf("the store uses %s, which is not played back", c.name)
			}
		}
	}
}

// undo takes back a call that failed.
func (d *disk) undo(c *call) {
	for _, x := range c.sync {
		x.doomed = true
	}
	for _, x := range c.entries {
		x.doomed = true
	}
	if c.node != nil {
		drop(&c.node.pending, c.change)
		drop(&c.node.entries, c.entry)
	}
}

func drop[T comparable](list *[]T, x T) {
	var kept []T
	for _, y := range *list {
		if y != x {
			kept = append(kept, y)
		}
	}
	*list = kept
}

func fdOf(arg string) int64 {
	var n int64
	if len(arg) == 0 || len(arg) > 6 {
		return -1
	}
	for _, c := range arg {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// file plays what is done to an open file, or a folder's sync.
func (d *disk) file(t testing.TB, m moment) {
	t.Helper()
	c := m.call
	fd := c.number(t, 0)
	if !m.end {
		n := d.fds[fd]
		if n == nil {
			return // a socket, or a file of somebody else's
		}
		c.node = n
		switch c.name {
		case "write":
			c.change = &change{off: d.pos[fd], data: c.data}
		case "pwrite64":
			c.change = &change{off: c.number(t, 3), data: c.data}
		case "ftruncate":
			c.change = &change{size: c.number(t, 1)}
		default:
			for _, x := range n.pending {
				if x.done && !x.doomed {
					c.sync = append(c.sync, x)
				}
			}
			for _, x := range n.entries {
				if x.done && !x.doomed {
					c.entries = append(c.entries, x)
				}
			}
			return
		}
		n.pending = append(n.pending, c.change)
		return
	}
	n := c.node
	switch {
	case n == nil:
	case c.change != nil:
		c.change.done = true
		if c.change.data != nil {
			c.change.data = c.change.data[:c.ret]
			if c.name == "write" {
				d.pos[fd] += c.ret
			}
		}
	default:
		for _, x := range c.sync {
			if x.data == nil {
				n.lasting.resize(x.size)
			} else {
				n.lasting.write(x.off, x.data)
			}
			n.forget(x)
		}
		for _, x := range c.entries {
			x.apply(n.kept)
			drop(&n.entries, x)
		}
	}
}

// forget takes a change that lasts now from those that may be lost, and with it
// any older one that failed to last and lies under it.
func (n *node) forget(x *change) {
	var left []*change
	under := true
	for _, y := range n.pending {
		if y == x {
			under = false
			continue
		}
		if under && y.doomed && (x.data == nil || y.off < x.off+int64(len(x.data)) && x.off < y.off+int64(len(y.data))) {
			continue
		}
		left = append(left, y)
	}
	n.pending = left
}

func (x *dirChange) apply(names map[string]*node) {
	if x.remove != "" {
		delete(names, x.remove)
	}
	if x.add != "" {
		names[x.add] = x.node
	}
}

func (d *disk) open(t testing.TB, c *call) {
	t.Helper()
	path := c.text(t, 1)
	if path == d.root {
		d.fds[c.ret] = d.top
		return
	}
	in, name := d.find(path)
	if in == nil {
		return
	}
	n := in.names[name]
	if n == nil {
		n = newFile()
		x := &dirChange{add: name, node: n, done: true}
		x.apply(in.names)
		in.entries = append(in.entries, x)
	} else if strings.Contains(c.args[2], "O_TRUNC") {
		n.pending = append(n.pending, &change{done: true})
	}
	d.fds[c.ret], d.pos[c.ret] = n, 0
}

// name plays what is done to names.
func (d *disk) name(t testing.TB, m moment) {
	t.Helper()
	c := m.call
	if m.end {
		if c.entry != nil {
			c.entry.done = true
			c.entry.apply(c.node.names)
		}
		return
	}
	in, name := d.find(c.text(t, 1))
	if in == nil {
		return
	}
	switch c.name {
	case "mkdirat":
		c.entry = &dirChange{add: name, node: newFolder()}
	case "unlinkat":
		if in.names[name] == nil {
			return // the socket for account commands, of which nothing is asked
		}
		c.entry = &dirChange{remove: name}
	default:
		to, as := d.find(c.text(t, 3))
		if to != in {
			t.Fatal("the store moves files between folders, which is not played back")
		}
		c.entry = &dirChange{remove: name, add: as, node: in.names[name]}
	}
	c.node = in
	in.entries = append(in.entries, c.entry)
}

// cut is how a power cut treats what was not synced.
type cut struct {
	keep   float64 // the share of it that is there all the same; 0: none
	sector int     // what a write that is there in part is torn into, in bytes
	chance *rand.Rand
}

// after writes to a folder what is there when the power comes back.
func (d *disk) after(t testing.TB, c cut, to string) {
	t.Helper()
	must(t, os.MkdirAll(to, 0o700))
	d.top.after(t, c, to)
}

func (n *node) after(t testing.TB, c cut, to string) {
	t.Helper()
	if n.kept == nil {
		n.fileAfter(t, c, to)
		return
	}
	names := map[string]*node{}
	for name, child := range n.kept {
		names[name] = child
	}
	for _, x := range n.entries {
		if c.chance.Float64() < c.keep {
			x.apply(names)
		}
	}
	for name, child := range names {
		path := filepath.Join(to, name)
		if child.kept != nil {
			must(t, os.MkdirAll(path, 0o700))
		}
		child.after(t, c, path)
	}
}

func (n *node) fileAfter(t testing.TB, c cut, to string) {
	t.Helper()
	f, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	must(t, err)
	defer f.Close()
	must(t, f.Truncate(n.lasting.size))
	for at, chunk := range n.lasting.chunks {
		_, err := f.WriteAt(chunk[:min(chunkSize, n.lasting.size-at*chunkSize)], at*chunkSize)
		must(t, err)
	}
	for _, x := range n.pending {
		switch p := c.chance.Float64(); {
		case p >= c.keep:
		case x.data == nil:
			must(t, f.Truncate(x.size))
		case p < c.keep/2: // whole
			_, err := f.WriteAt(x.data, x.off)
			must(t, err)
		default:
			for b, off := x.data, x.off; len(b) > 0; {
				part := b[:min(int64(len(b)), int64(c.sector)-off%int64(c.sector))]
				if c.chance.Float64() < 0.5 {
					_, err := f.WriteAt(part, off)
					must(t, err)
				}
				b, off = b[len(part):], off+int64(len(part))
			}
		}
	}
}
