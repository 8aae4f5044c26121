package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"unsafe"

	bolt "go.etcd.io/bbolt"
)

// Pause holds the committer until resume is called, so that what is written
// meanwhile makes one batch.
func Pause(s Store) (resume func()) {
	held, release := make(chan struct{}), make(chan struct{})
	go s.(*boltStore).write(context.Background(), "pausing", &op{alone: func() {
		close(held)
		<-release
	}})
	<-held
	return func() { close(release) }
}

// Waiting is how many writes wait for the committer.
func Waiting(s Store) int { return len(s.(*boltStore).queue) }

// Commits is a number that rises by one with each commit.
func Commits(s Store) (n int) {
	_ = s.(*boltStore).db.View(func(tx *bolt.Tx) error { n = tx.ID(); return nil })
	return n
}

// WriteAndPanic is a write with a bug: it writes, then panics.
func WriteAndPanic(s Store) error {
	return s.(*boltStore).write(context.Background(), "failing", &op{run: func(t *tx) error {
		if err := t.write(bMeta, []byte("left behind"), []byte("x")); err != nil {
			return err
		}
		panic("a bug")
	}})
}

// LeftBehind reports whether what WriteAndPanic wrote is there.
func LeftBehind(s Store) (yes bool) {
	_ = s.(*boltStore).db.View(func(tx *bolt.Tx) error {
		yes = tx.Bucket(bMeta).Get([]byte("left behind")) != nil
		return nil
	})
	return yes
}

// FailMeta has the write of a commit's last page report failure after it was
// done: nobody can then know whether the commit will survive.
func FailMeta(s Store) {
	ops := reflect.ValueOf(s.(*boltStore).db).Elem().FieldByName("ops")
	writeAt := (*func([]byte, int64) (int, error))(unsafe.Pointer(ops.FieldByName("writeAt").UnsafeAddr()))
	whole := *writeAt
	*writeAt = func(b []byte, at int64) (int, error) {
		n, err := whole(b, at)
		if at < 2*4096 {
			err = errors.New("input/output error")
		}
		return n, err
	}
}

// MakeOld takes away what stores did not have before there were erasures.
func MakeOld(s Store) {
	_ = s.(*boltStore).db.Update(func(tx *bolt.Tx) error {
		return errors.Join(tx.DeleteBucket(bGone), tx.DeleteBucket(bErased))
	})
}

// Buckets are the names of the buckets that the feed makes.
func Buckets() [][]byte {
	return [][]byte{bFeed, bObjects, bIDs, bDeposits, bRefs, bBlobs, bJournals, bSteps,
		bReplies, bRosters, bCertificates, bRevocations, bReleases}
}

// CanonicalBase64 is the check of a header's lines.
func CanonicalBase64(line []byte) bool { return canonicalBase64(line) }

// WalkPages walks a database file as opening does, or as Check does.
func WalkPages(file io.ReaderAt, size int, deep bool) error {
	if !deep {
		return walkForOpening(file, size)
	}
	m, err := readMeta(file, size)
	if err != nil {
		return err
	}
	w := newPageWalk(file, size, m.pages)
	w.deep = true
	return w.tree(m.root, 0, true)
}

// LeaveHalfRestored leaves what a restore does that was killed.
func LeaveHalfRestored(t interface{ Fatal(...any) }, dir string, backup []byte) {
	s, err := openBolt(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = s.write(context.Background(), "beginning", &op{run: func(t *tx) error { return t.write(bMeta, kFormat, []byte(restoringFormat)) }})
	if err != nil {
		t.Fatal(err)
	}
	x := &restore{ctx: context.Background(), s: s, report: &BackupReport{}}
	c := &backupChain{ctx: x.ctx, report: x.report, sink: x}
	if err := errors.Join(c.readAll([]io.Reader{bytes.NewReader(backup)}), x.flush(), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// ResealBackup makes the hashes of a stream's parts hold, as far as their lengths
// make sense: what somebody could write who wants to.
func ResealBackup(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) < 2*beginSize {
		return b
	}
	for _, at := range []int{0, beginSize} {
		copy(b[at:], backupMagic)
		copy(b[at+len(backupMagic):], b[len(backupMagic):len(backupMagic)+markSize])
		sum := Sum(b[at : at+beginSize-len(ID{})])
		copy(b[at+beginSize-len(sum):], sum[:])
	}
	mark := b[len(backupMagic) : len(backupMagic)+markSize]
	for at := 2 * beginSize; at+partHeadLen+len(ID{}) <= len(b); {
		copy(b[at:], mark)
		room := len(b) - at - partHeadLen - len(ID{})
		size := int(binary.BigEndian.Uint32(b[at+25:])) % (room + 1)
		binary.BigEndian.PutUint32(b[at+25:], uint32(size))
		check := partCheck(b[at : at+partHeadEnd])
		copy(b[at+partHeadEnd:], check[:])
		body := at + partHeadLen
		sum := partSum(b[at:body], b[body:body+size])
		copy(b[body+size:], sum[:])
		at = body + size + len(sum)
	}
	return b
}
