package vault_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"peerwitness/vault"
)

// Pages as bbolt lays them out, made by hand.
const pageSize = 4096

// file begins a database file of so many pages, with one whole meta.
func file(count int, root, freelist uint64) []byte {
	b := make([]byte, count*pageSize)
	ne := binary.NativeEndian
	ne.PutUint32(b[16:], 0xED0CDAED)
	ne.PutUint32(b[20:], 2)
	ne.PutUint32(b[24:], pageSize)
	ne.PutUint64(b[32:], root)
	ne.PutUint64(b[48:], freelist)
	ne.PutUint64(b[56:], uint64(count))
	sum := fnv.New64a()
	sum.Write(b[16:72])
	ne.PutUint64(b[72:], sum.Sum64())
	head(b, 2, flagFreelist, 0)
	return b
}

const (
	flagBranch   = 1
	flagLeaf     = 2
	flagFreelist = 16
)

// head makes a page's header.
func head(b []byte, id uint64, flags, count uint16) []byte {
	p := b[id*pageSize:]
	binary.NativeEndian.PutUint64(p, id)
	binary.NativeEndian.PutUint16(p[8:], flags)
	binary.NativeEndian.PutUint16(p[10:], count)
	binary.NativeEndian.PutUint32(p[12:], 0)
	return p
}

// branch makes a page a branch that leads to others.
func branch(b []byte, id uint64, to ...uint64) {
	p := head(b, id, flagBranch, uint16(len(to)))
	for i, child := range to {
		e := p[16+16*i:]
		binary.NativeEndian.PutUint32(e, uint32(16*(len(to)-i)))
		binary.NativeEndian.PutUint32(e[4:], 0)
		binary.NativeEndian.PutUint64(e[8:], child)
	}
}

// leaf makes a page a leaf with one value, of a bucket or not.
func leaf(b []byte, id uint64, flags uint32, name string, value []byte) {
	p := head(b, id, flagLeaf, 1)
	e := p[16:]
	for i, n := range []uint32{flags, 16, uint32(len(name)), uint32(len(value))} {
		binary.NativeEndian.PutUint32(e[4*i:], n)
	}
	copy(p[32:], name+string(value))
}

// bucket is a bucket's value: its root, or a page of its own.
func bucket(root uint64, own ...byte) []byte {
	return append(binary.NativeEndian.AppendUint64(nil, root), append(make([]byte, 8), own...)...)
}

func TestPageWalkRefuses(t *testing.T) {
	inline := make([]byte, 16)
	inline[8] = flagBranch
	for what, test := range map[string]struct {
		deep   bool // is it only Check that looks there
		damage func(b []byte)
	}{
		"a root that is itself below":      {false, func(b []byte) { branch(b, 3, 3) }},
		"a cycle of two":                   {false, func(b []byte) { branch(b, 3, 4); branch(b, 4, 3) }},
		"a page reached twice":             {false, func(b []byte) { branch(b, 3, 4, 4); head(b, 4, flagLeaf, 0) }},
		"leaves at two depths":             {false, func(b []byte) { branch(b, 3, 4, 5); branch(b, 4, 6); head(b, 5, flagLeaf, 0); head(b, 6, flagLeaf, 0) }},
		"leaves at two depths, deep later": {false, func(b []byte) { branch(b, 3, 5, 4); branch(b, 4, 6); head(b, 5, flagLeaf, 0); head(b, 6, flagLeaf, 0) }},
		"a child past the end":             {false, func(b []byte) { branch(b, 3, 10) }},
		"a child that is a meta":           {false, func(b []byte) { branch(b, 3, 1) }},
		"a child that is the freelist":     {false, func(b []byte) { branch(b, 3, 2) }},
		"a page of no kind":                {false, func(b []byte) { head(b, 3, 3, 0) }},
		"a page of another number":         {false, func(b []byte) { b[3*pageSize] = 9 }},
		"a page over the end":              {false, func(b []byte) { b[3*pageSize+12] = 7 }},
		"a branch to nowhere":              {false, func(b []byte) { branch(b, 3) }},
		"more elements than fit":           {false, func(b []byte) { head(b, 3, flagLeaf, 2000) }},
		"a key outside its branch":         {false, func(b []byte) { branch(b, 3, 4); head(b, 4, flagLeaf, 0); b[3*pageSize+17] = 0xFF }},
		"a list of free pages too long":    {false, func(b []byte) { head(b, 2, flagFreelist, 511) }},
		"a list of free pages far too long": {false, func(b []byte) {
			binary.NativeEndian.PutUint64(head(b, 2, flagFreelist, 0xFFFF)[16:], 1<<40)
		}},
		"no list of free pages":       {false, func(b []byte) { head(b, 2, flagLeaf, 0) }},
		"no meta":                     {false, func(b []byte) { b[40] ^= 1 }},
		"a bucket's cycle":            {false, func(b []byte) { leaf(b, 3, 1, "feed", bucket(4)); branch(b, 4, 4) }},
		"a bucket that is its parent": {false, func(b []byte) { leaf(b, 3, 1, "feed", bucket(3)) }},
		"a bucket without a head":     {false, func(b []byte) { leaf(b, 3, 1, "feed", make([]byte, 15)) }},
		"a branch inside a leaf":      {false, func(b []byte) { leaf(b, 3, 1, "feed", bucket(0, inline...)) }},
		"a drawer's branch in a leaf": {false, func(b []byte) { leaf(b, 3, 1, "objects", bucket(4)); leaf(b, 4, 1, "drawer", bucket(0, inline...)) }},
		"a drawer's cycle": {true, func(b []byte) {
			leaf(b, 3, 1, "objects", bucket(4))
			leaf(b, 4, 1, "drawer", bucket(5))
			branch(b, 5, 5)
		}},
		"a drawer that is its parent": {true, func(b []byte) { leaf(b, 3, 1, "feed", bucket(4)); leaf(b, 4, 1, "drawer", bucket(4)) }},
		"a drawer in a drawer": {true, func(b []byte) {
			leaf(b, 3, 1, "objects", bucket(4))
			leaf(b, 4, 1, "d", bucket(5))
			leaf(b, 5, 1, "e", bucket(6))
		}},
		"a value outside its leaf":  {true, func(b []byte) { leaf(b, 3, 1, "objects", bucket(4)); leaf(b, 4, 0, "k", nil); b[4*pageSize+29] = 0xFF }},
		"two buckets with one root": {true, func(b []byte) { leaf(b, 3, 1, "objects", bucket(4)); leaf(b, 4, 1, "drawer", bucket(3)) }},
		"a file that is cut short":  {false, func(b []byte) { branch(b, 3, 9); head(b, 9, flagLeaf, 0) }},
		"a file without a freelist": {false, nil},
		"nothing wrong":             {false, func(b []byte) { branch(b, 3, 4, 5); head(b, 4, flagLeaf, 0); head(b, 5, flagLeaf, 0) }},
		"nothing wrong, with a drawer": {false, func(b []byte) {
			leaf(b, 3, 1, "objects", bucket(4))
			leaf(b, 4, 1, "d", bucket(5))
			leaf(b, 5, 0, "k", []byte("v"))
		}},
	} {
		b := file(10, 3, 2)
		head(b, 3, flagLeaf, 0)
		if test.damage != nil {
			test.damage(b)
		} else { // bbolt goes everywhere then, and so does the walk
			b = file(10, 3, ^uint64(0))
			leaf(b, 3, 1, "objects", bucket(4))
			leaf(b, 4, 1, "drawer", bucket(5))
			branch(b, 5, 5)
		}
		if what == "a file that is cut short" {
			b = b[:9*pageSize]
		}
		open := vault.WalkPages(bytes.NewReader(b), pageSize, false)
		deep := vault.WalkPages(bytes.NewReader(b), pageSize, true)
		if bytes.HasPrefix([]byte(what), []byte("nothing")) {
			if err := errors.Join(open, deep); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if errors.Is(open, vault.ErrCorrupt) == test.deep || test.deep && !errors.Is(deep, vault.ErrCorrupt) {
			t.Errorf("%s: on opening %v, in Check %v", what, open, deep)
		}
	}
}

// Whatever page of a store leads back to itself, opening, reading and checking
// end with an error: following it would end the program.
func TestCyclesAreRefused(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, nil)
	resume := vault.Pause(s)
	ended := make(chan vault.Accepted)
	const many = 120 // reports of one commit: their drawer is a tree
	for i := range many {
		go func() { ended <- putDeposit(t, s, append(fill(3000, 'r'), fmt.Append(nil, i)...)) }()
	}
	for vault.Waiting(s) < many {
		time.Sleep(time.Millisecond)
	}
	resume()
	var last vault.Accepted
	for range many {
		last = <-ended
	}
	checkClean(t, s)
	closeStore(t, s)
	path := filepath.Join(dir, dbName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	roots := map[string]uint64{}
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bolt.Tx) error {
		roots["the root"] = uint64(tx.Cursor().Bucket().Root())
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			roots[string(name)] = uint64(b.Root())
			return b.ForEachBucket(func(k []byte) error {
				roots["a drawer"] = uint64(b.Bucket(k).Root())
				return nil
			})
		})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for name, root := range roots {
		if root == 0 {
			continue // inside its parent's page
		}
		ran++
		b := bytes.Clone(whole)
		branch(b, root, root, root)
		into := t.TempDir()
		if err := os.WriteFile(filepath.Join(into, dbName), b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := vault.OpenBolt(into, nil)
		if err == nil {
			if name != "a drawer" {
				t.Errorf("%s: opened", name)
			}
			if _, _, err := s.Deposit(ctx, last.ID); !errors.Is(err, vault.ErrCorrupt) {
				t.Errorf("%s: read: %v", name, err)
			}
			err = s.Check(ctx)
			closeStore(t, s)
		}
		if !errors.Is(err, vault.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"the root", "feed", "ids", "objects", "a drawer"} {
		if roots[name] == 0 {
			t.Errorf("no cycle was made in %s", name)
		}
	}
	if ran < 5 {
		t.Errorf("%d cycles were made", ran)
	}
}
