package vault

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const (
	boltFile   = "peerwitness.db"
	boltFormat = "1"

	// restoringFormat stands in its place until a restore is done: a store that
	// was left half-way is not opened.
	restoringFormat = "1, being restored"

	// lockWait is how long opening waits for another process to let go.
	lockWait = 500 * time.Millisecond
)

// Buckets of the database. Whatever the feed says is in feed, objects and ids;
// the rest of the first group is derived from it by apply, and by nothing else.
var (
	bFeed         = []byte("feed")         // pos → record
	bObjects      = []byte("objects")      // pos of a commit's first object → bucket of pos → object
	bIDs          = []byte("ids")          // object id → pos
	bDeposits     = []byte("deposits")     // pos → bytes charged, journal; of those with blobs or claimed
	bRefs         = []byte("refs")         // holder, pos of deposit, pos of blob record → blob
	bBlobs        = []byte("blobs")        // blob → size, number of refs, its place in lacking
	bLacking      = []byte("lacking")      // pos of blob record → blob whose file is not held
	bJournals     = []byte("journals")     // journal → head
	bSteps        = []byte("steps")        // journal, seq → pos
	bReplies      = []byte("replies")      // prefix, 0, pos, number → slot
	bRosters      = []byte("rosters")      // version → pos
	bCertificates = []byte("certificates") // person, 0, epoch → pos
	bRevocations  = []byte("revocations")  // pos → nothing
	bReleases     = []byte("releases")     // pos → nothing

	bGone   = []byte("gone")   // pos → pos of the record that took the object away
	bErased = []byte("erased") // 'j' journal, 'd' deposit, 'b' blob, or 'x' pos of a record carried out → pos of that record

	bMeta      = []byte("meta")      // format, generation, key, follows
	bDocuments = []byte("documents") // hash → bytes
	bAccounts  = []byte("accounts")  // person → account
	bSessions  = []byte("sessions")  // token → session

	// bLost is there in a store that was restored in part: object id → nothing,
	// of what the backup had and could not give. Who comes back leaves it.
	bLost = []byte("lost")

	allBuckets = [][]byte{bFeed, bObjects, bIDs, bDeposits, bRefs, bBlobs, bLacking, bJournals, bSteps,
		bReplies, bRosters, bCertificates, bRevocations, bReleases, bGone, bErased, bMeta, bDocuments, bAccounts, bSessions}

	// laterBuckets came after the first stores were made; opening adds them.
	laterBuckets = [][]byte{bGone, bErased}

	kFormat     = []byte("format")
	kGeneration = []byte("generation")
	kTicketKey  = []byte("ticket key")
	kFollows    = []byte("follows")
	kRestored   = []byte("restored") // restoredRow, JSON
	kExpired    = []byte("expired")  // how far unclaimed deposits and answers have gone, see expiry
	kStale      = []byte("stale")    // something was taken away since the file was compacted
)

// boltStore is the embedded Store: one bbolt file, and blobs as files beside it.
type boltStore struct {
	db    *bolt.DB
	pages *pageFile
	blobs *blobDir
	clock Clock
	key   []byte // of tickets; never changes

	mu     sync.RWMutex // held for reading while sending on queue
	closed bool         // guarded by mu
	queue  chan *op
	done   chan struct{} // closed when the committer has ended

	// durable is the last feed position whose commit was synced. A reader may
	// see a commit in the moment before its sync ends; a workstation must
	// never get a record that power loss could still take back.
	durable atomic.Uint64

	stopped atomic.Pointer[error] // why nothing more is written, once something is
	stuck   bool                  // a transaction could not be ended: the file can't be closed; the committer's own
}

// OpenBolt opens the embedded store in the folder dir, and makes both when they
// are not there. It removes what an interrupted write left behind. ErrLocked
// when another process has it open, ErrCorrupt when it can't be read.
//
// The clock (time.Now when nil) gives days to what arrives and ends to tickets
// and sessions. The folder is made 0700 and everything in it 0600.
func OpenBolt(dir string, clock Clock) (Store, error) {
	s, err := openBolt(dir, clock)
	if err != nil {
		return nil, fmt.Errorf("opening store: %w", err)
	}
	return s, nil
}

func openBolt(dir string, clock Clock) (*boltStore, error) {
	if clock == nil {
		clock = time.Now
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, boltFile)
	if err := lookAt(path); err != nil {
		return nil, err
	}
	db, file, err := openFile(path)
	if err != nil {
		return nil, err
	}
	// Who waited for the lock of a file that was compacted meanwhile has got
	// the old one, which has no name any more.
	if now, err := os.Stat(path); err != nil || !os.SameFile(file, now) {
		return nil, errors.Join(withoutPath(err), db.Close(), ErrLocked)
	}
	// What a compaction left that was stopped half-way.
	if err := os.Remove(filepath.Join(dir, compactFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(withoutPath(err), db.Close())
	}
	if err := settle(path, db.Info().PageSize); err != nil {
		db.Close()
		return nil, err
	}
	pages, err := openPages(path, db.Info().PageSize)
	if err != nil {
		db.Close()
		return nil, err
	}
	s := &boltStore{db: db, pages: pages, clock: clock, queue: make(chan *op, maxBatch), done: make(chan struct{})}
	if err := s.prepare(dir); err != nil {
		db.Close()
		pages.file.Close()
		return nil, err
	}
	go s.commitAll()
	return s, nil
}

// lookAt walks the pages of a database file that is there, under bbolt's lock for
// readers, before bbolt believes a word of them.
func lookAt(path string) (err error) {
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil // bbolt makes it
	}
	db, err := openBbolt(path, &bolt.Options{Timeout: lockWait, ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return walkForOpening(f, db.Info().PageSize)
}

// openFile opens the database file with the settings that were measured to be
// best for this store without giving up a single sync:
//
//   - The freelist is synced. It is a page or two here, since little is ever
//     freed, and without it opening would read the whole file.
//   - The hash map finds free pages in constant time.
//   - 4 KiB pages keep the rewriting of the few small index pages small;
//     objects span as many as they need.
//   - The first map covers 256 MiB of addresses, so that a growing file is
//     seldom mapped anew; on Windows the file would get that size, so not there.
//   - The file grows by 32 MiB at a time: each growth costs a sync of its own.
//
// NoSync is never set on a file in its place; NoGrowSync neither, as the file's
// size must survive too. file is the one that was opened.
func openFile(path string) (db *bolt.DB, file fs.FileInfo, err error) {
	options := &bolt.Options{
		OpenFile: func(name string, flag int, mode fs.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, mode)
			if err == nil {
				file, err = f.Stat()
			}
			return f, err
		},
		Timeout:      lockWait,
		FreelistType: bolt.FreelistMapType,
		PageSize:     4096,
	}
	if runtime.GOOS != "windows" {
		options.InitialMmapSize = 256 << 20
	}
	if db, err = openBbolt(path, options); err != nil {
		return nil, nil, err
	}
	db.AllocSize = 32 << 20
	return db, file, nil
}

func openBbolt(path string, options *bolt.Options) (db *bolt.DB, err error) {
	defer catch(&err) // bbolt panics over some damaged pages
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	db, err = bolt.Open(path, 0o600, options)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, ErrLocked
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	case err != nil:
		return nil, err
	}
	return db, nil
}

// prepare makes what a new store needs, sweeps the blob folder and syncs the
// folders, so that what is stored later can't lose its folder to a power cut.
func (s *boltStore) prepare(dir string) (err error) {
	defer catch(&err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if err := s.db.View(checkFormat); err != nil {
		if !errors.Is(err, errEmpty) {
			return err
		}
		if err := s.db.Update(initBolt); err != nil {
			return err
		}
	}
	if err := addBuckets(s.db); err != nil {
		return err
	}
	err = s.db.View(func(btx *bolt.Tx) error {
		t := s.newTx(btx)
		s.key = clone(t.get(bMeta, kTicketKey))
		head, err := t.head()
		if err != nil {
			return err
		}
		s.durable.Store(head.Pos)
		s.blobs, err = openBlobDir(filepath.Join(dir, "blobs"), func(sum ID) bool {
			row, known, err := t.blobRow(sum)
			return err != nil || known && row.lack == 0
		})
		return err
	})
	if err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	return syncDir(filepath.Dir(filepath.Clean(dir)))
}

var errEmpty = errors.New("empty database")

// checkFormat tells whether the file is a store that this program knows, or
// empty (errEmpty).
func checkFormat(btx *bolt.Tx) error {
	meta := btx.Bucket(bMeta)
	if meta == nil {
		if k, _ := btx.Cursor().First(); k != nil {
			return fmt.Errorf("%w: not a store", ErrCorrupt)
		}
		return errEmpty
	}
	if f := meta.Get(kFormat); string(f) == restoringFormat {
		return fmt.Errorf("%w: a restore into it was not finished; empty the folder and restore again", ErrCorrupt)
	} else if string(f) != boltFormat {
		return fmt.Errorf("%w: format %q where this program knows %q", ErrCorrupt, f, boltFormat)
	}
	for _, name := range allBuckets {
		later := slices.ContainsFunc(laterBuckets, func(b []byte) bool { return string(b) == string(name) })
		if btx.Bucket(name) == nil && !later {
			return fmt.Errorf("%w: no bucket %s", ErrCorrupt, name)
		}
	}
	if len(meta.Get(kGeneration)) != 16 || len(meta.Get(kTicketKey)) != 32 {
		return fmt.Errorf("%w: bad generation or key", ErrCorrupt)
	}
	return nil
}

// addBuckets adds those that an older program did not know.
func addBuckets(db *bolt.DB) error {
	lacks := false
	err := db.View(func(btx *bolt.Tx) error {
		for _, name := range laterBuckets {
			lacks = lacks || btx.Bucket(name) == nil
		}
		return nil
	})
	if err != nil || !lacks {
		return err
	}
	return db.Update(func(btx *bolt.Tx) error {
		for _, name := range laterBuckets {
			if _, err := btx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
}

func initBolt(btx *bolt.Tx) error {
	for _, name := range allBuckets {
		if _, err := btx.CreateBucket(name); err != nil {
			return err
		}
	}
	random := make([]byte, 16+32)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	meta := btx.Bucket(bMeta)
	return errors.Join(
		meta.Put(kFormat, []byte(boltFormat)),
		meta.Put(kGeneration, random[:16]),
		meta.Put(kTicketKey, random[16:]))
}

// today is the clock's day.
func (s *boltStore) today() Day { return DayOf(s.clock()) }

// view reads in one transaction. Damage shows as ErrCorrupt, never as a panic.
func (s *boltStore) view(ctx context.Context, doing string, f func(t *tx) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	err = func() (err error) {
		defer catch(&err)
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		return s.db.View(func(btx *bolt.Tx) error { return f(s.newTx(btx)) })
	}()
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		err = ErrClosed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// Close waits for the writes that were taken, then lets go of the files.
func (s *boltStore) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.queue)
	s.mu.Unlock()
	<-s.done
	if s.stuck {
		return fmt.Errorf("closing store: %w", s.halted())
	}
	if err := errors.Join(s.db.Close(), s.pages.file.Close()); err != nil {
		return fmt.Errorf("closing store: %w", err)
	}
	return nil
}

// catch turns a panic into ErrCorrupt: the code here panics only when pages or
// records are not what they were written as.
func catch(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v", ErrCorrupt, r)
	}
}

func clone(b []byte) []byte { return append([]byte{}, b...) }
