package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"sync/atomic"
)

// bbolt follows a page to the next by recursion and trusts what it finds: a
// branch that leads back to itself grows the stack, or the heap, until the
// program ends, which Go can't recover from. So pages are walked here first,
// without recursion from page to page: on opening those of the top buckets'
// trees, before a drawer is read that drawer's, and in Check every one.
//
// BUG(vault): pages that go bad on the disk while the store is open are not
// walked again. A cycle that comes about so ends the program where the page is
// next used; opening then refuses the store. Nothing acknowledged is lost by it.

// The layout of bbolt's files, format 2, numbers in the machine's byte order:
//
//	page     id 8, flags 2, count 2, overflow 4, then count elements of 16
//	branch   position of key 4, its size 4, page 8
//	leaf     flags 4, position of key 4, its size 4, value's size 4
//	bucket   root page 8, sequence 8; root 0: one leaf page follows
//	meta     page, magic 4, version 4, page size 4, flags 4, bucket 16,
//	         freelist 8, pages in use 8, transaction 8, checksum 8
//
// Positions count from the element.
const (
	pageHead    = 16
	pageElement = 16
	bucketHead  = 16
	metaEnd     = pageHead + 64

	flagBranch   = 1
	flagLeaf     = 2
	flagFreelist = 16
	flagBucket   = 1 // of a leaf's element

	boltMagic   = 0xED0CDAED
	noFreelist  = ^uint64(0)
	maxDepth    = 32 // of a tree; two keys a page would make 2³² leaves
	drawerLevel = 2  // below the root bucket and the buckets in it
)

var native = binary.NativeEndian

// pageFile is the database file beside bbolt's own view of it.
type pageFile struct {
	file   *os.File
	size   int           // of a page
	walked atomic.Uint64 // root of the drawer that was walked last
}

func openPages(path string, size int) (*pageFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &pageFile{file: f, size: size}, nil
}

// drawer walks a drawer's pages, for which reading in it will look. Drawers are
// never rewritten, and feeds are read in order: remembering one is enough.
func (p *pageFile) drawer(root, pages uint64) error {
	if root == 0 || p.walked.Load() == root {
		return nil // inside its bucket's leaf, which was walked on opening
	}
	w := newPageWalk(p.file, p.size, pages)
	if err := w.tree(root, drawerLevel, false); err != nil {
		return err
	}
	p.walked.Store(root)
	return nil
}

// meta is what the last transaction left in one of the first two pages.
type meta struct{ root, freelist, pages, id uint64 }

// readMeta returns the newer of the two metas that are whole. ErrCorrupt.
func readMeta(file io.ReaderAt, size int) (newest meta, err error) {
	found := false
	for n := range 2 {
		b := make([]byte, metaEnd)
		if _, err := file.ReadAt(b, int64(n*size)); err != nil {
			return meta{}, unreadable(err)
		}
		sum := fnv.New64a()
		sum.Write(b[pageHead : metaEnd-8])
		m := meta{root: native.Uint64(b[32:]), freelist: native.Uint64(b[48:]), pages: native.Uint64(b[56:]), id: native.Uint64(b[64:])}
		if native.Uint32(b[16:]) != boltMagic || native.Uint64(b[72:]) != sum.Sum64() {
			continue
		}
		if !found || m.id > newest.id {
			newest, found = m, true
		}
	}
	if !found {
		return meta{}, fmt.Errorf("%w: no meta page is whole", ErrCorrupt)
	}
	return newest, nil
}

// walkForOpening walks what bbolt relies on to open the file, and what the
// store then finds its way by.
func walkForOpening(file io.ReaderAt, size int) error {
	m, err := readMeta(file, size)
	if err != nil {
		return err
	}
	w := newPageWalk(file, size, m.pages)
	if m.freelist == noFreelist {
		w.deep = true // bbolt is going to look for free pages everywhere
	} else if err := w.freelist(m.freelist); err != nil {
		return err
	}
	return w.tree(m.root, 0, false)
}

// pageWalk goes through trees of pages. Each page must be reached once, say who
// it is, and lie inside the file; the leaves of a tree are all equally deep.
type pageWalk struct {
	ctx   context.Context // may end the walk
	file  io.ReaderAt
	size  int
	pages uint64            // in use, those of values that span several included
	seen  map[uint64]uint64 // bits of the pages reached, 64 to an entry
	deep  bool              // into drawers too, and hold every element to its page
	buf   []byte
}

func newPageWalk(file io.ReaderAt, size int, pages uint64) *pageWalk {
	return &pageWalk{ctx: context.Background(), file: file, size: size, pages: pages, seen: map[uint64]uint64{}, buf: make([]byte, size)}
}

// page is one page's beginning, at least its header and elements.
type page struct {
	id, run uint64 // run is its length in bytes, overflow included
	flags   uint16
	count   int
	bytes   []byte // good until the next is read
}

func (w *pageWalk) page(id uint64) (p page, err error) {
	if id < 2 || id >= w.pages {
		return p, fmt.Errorf("%w: a pointer to page %d of %d", ErrCorrupt, id, w.pages)
	}
	if err := w.ctx.Err(); err != nil {
		return p, err
	}
	at := int64(id) * int64(w.size)
	if _, err := w.file.ReadAt(w.buf[:w.size], at); err != nil {
		return p, unreadable(err)
	}
	b := w.buf
	overflow := uint64(native.Uint32(b[12:]))
	p = page{id: id, run: (overflow + 1) * uint64(w.size), flags: native.Uint16(b[8:]), count: int(native.Uint16(b[10:]))}
	if native.Uint64(b) != id {
		return p, fmt.Errorf("%w: page %d says it is another", ErrCorrupt, id)
	}
	if overflow >= w.pages-id {
		return p, fmt.Errorf("%w: page %d runs over the end", ErrCorrupt, id)
	}
	for n := id; n <= id+overflow; n++ {
		if w.seen[n/64]&(1<<(n%64)) != 0 {
			return p, fmt.Errorf("%w: page %d is reached twice", ErrCorrupt, n)
		}
		w.seen[n/64] |= 1 << (n % 64)
	}
	p.bytes = b[:w.size]
	return p, nil
}

// elements reads on until all of a page's elements are there.
func (w *pageWalk) elements(p *page) error {
	n := pageHead + p.count*pageElement
	if uint64(n) > p.run {
		return fmt.Errorf("%w: page %d holds more than fits", ErrCorrupt, p.id)
	}
	if n <= len(p.bytes) {
		return nil
	}
	if n > len(w.buf) {
		w.buf = make([]byte, n)
	}
	p.bytes = w.buf[:n]
	_, err := w.file.ReadAt(p.bytes, int64(p.id)*int64(w.size))
	return unreadable(err)
}

// freelist holds the page of free pages to its own length, which bbolt does not.
func (w *pageWalk) freelist(id uint64) error {
	p, err := w.page(id)
	if err != nil {
		return err
	}
	count, room := uint64(p.count), (p.run-pageHead)/8
	if p.count == 0xFFFF { // too many for the header: the first entry is their number
		count, room = native.Uint64(p.bytes[pageHead:]), room-1
	}
	if p.flags != flagFreelist || count > room {
		return fmt.Errorf("%w: page %d is no list of free pages", ErrCorrupt, id)
	}
	return nil
}

// tree walks the pages of one bucket. level says how deep it lies in others;
// look, that its leaves may hold buckets even if the walk is not deep.
func (w *pageWalk) tree(root uint64, level int, look bool) error {
	type step struct {
		id    uint64
		depth int
	}
	leaves := -1 // how deep they lie
	for todo := []step{{root, 0}}; len(todo) > 0; {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		p, err := w.page(next.id)
		if err != nil {
			return err
		}
		if next.depth > maxDepth || leaves >= 0 && (next.depth == leaves) != (p.flags == flagLeaf) {
			return fmt.Errorf("%w: page %d lies too deep or not deep enough", ErrCorrupt, p.id)
		}
		switch p.flags {
		case flagBranch:
			if err := w.elements(&p); err != nil {
				return err
			}
			if p.count == 0 {
				return fmt.Errorf("%w: page %d leads nowhere", ErrCorrupt, p.id)
			}
			for i := p.count - 1; i >= 0; i-- { // in order, so that leaves comes to be known first
				at := pageHead + i*pageElement
				e := p.bytes[at:]
				if err := p.holds(at, native.Uint32(e), native.Uint32(e[4:]), 0); err != nil {
					return err
				}
				todo = append(todo, step{native.Uint64(e[8:]), next.depth + 1})
			}
		case flagLeaf:
			leaves = next.depth
			if err := w.leaf(&p, level, look); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w: page %d is no part of a tree", ErrCorrupt, p.id)
		}
	}
	return nil
}

// holds tells whether an element's key and value lie inside the page.
func (p *page) holds(at int, pos, key, value uint32) error {
	from := uint64(at) + uint64(pos)
	if from < uint64(pageHead+p.count*pageElement) || from+uint64(key)+uint64(value) > p.run {
		return fmt.Errorf("%w: an element of page %d lies outside it", ErrCorrupt, p.id)
	}
	return nil
}

// leaf looks for buckets among a leaf's elements and walks those in reach.
func (w *pageWalk) leaf(p *page, level int, look bool) error {
	if !w.deep && !look && level > 0 {
		return nil
	}
	if err := w.elements(p); err != nil {
		return err
	}
	type bucket struct {
		root uint64
		look bool
	}
	var buckets []bucket // walked last: walking fills the buffer anew
	for i := range p.count {
		at := pageHead + i*pageElement
		e := p.bytes[at:]
		flags, pos, key, value := native.Uint32(e), native.Uint32(e[4:]), native.Uint32(e[8:]), native.Uint32(e[12:])
		if flags&flagBucket == 0 && !w.deep {
			continue
		}
		if err := p.holds(at, pos, key, value); err != nil {
			return err
		}
		if flags&flagBucket == 0 {
			continue
		}
		// A bucket's value is its head, and a small one's whole page.
		b := make([]byte, min(uint64(key)+uint64(value), uint64(w.size)))
		if _, err := w.file.ReadAt(b, int64(p.id)*int64(w.size)+int64(at)+int64(pos)); err != nil {
			return unreadable(err)
		}
		name := b[:min(int(key), len(b))]
		head := b[len(name):]
		if level >= drawerLevel || len(head) < bucketHead {
			return fmt.Errorf("%w: a bucket on page %d where none belongs", ErrCorrupt, p.id)
		}
		root := native.Uint64(head)
		if root == 0 {
			if err := inline(head[bucketHead:]); err != nil {
				return err
			}
		} else if w.deep || level == 0 {
			buckets = append(buckets, bucket{root, string(name) == string(bObjects)})
		}
	}
	for _, b := range buckets {
		if err := w.tree(b.root, level+1, b.look); err != nil {
			return err
		}
	}
	return nil
}

// inline checks the page of a bucket that lies inside another's leaf. It can't
// be a branch: bbolt would take its children to be itself.
func inline(b []byte) error {
	if len(b) < pageHead || native.Uint16(b[8:]) != flagLeaf || int(native.Uint16(b[10:])) > (len(b)-pageHead)/pageElement {
		return fmt.Errorf("%w: a bucket's own page", ErrCorrupt)
	}
	return nil
}

// unreadable makes a file that ends too soon ErrCorrupt.
func unreadable(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the file is cut short", ErrCorrupt)
	}
	return err
}
