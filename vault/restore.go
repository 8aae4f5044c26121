package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

// Restored is what a store that came from a backup can do besides: take back what
// was lost by it.
type Restored interface {
	// Restoration says how the store came from a backup, nil when it did not.
	Restoration(ctx context.Context) (*Restoration, error)
	// PutBack gives a restored store records of the feed that it had before, each
	// with its object: they go to the feed's end, in the order given, with their
	// author, and their day as far as it can be true: not after the restore,
	// and not before the backup's end unless the backup had lost that very object.
	// The answer has, for each record, nil when it is stored or was already, or why
	// not: *ConflictError and the like where the place was taken meanwhile,
	// ErrNotFound for what another record must come before, ErrErased for what an
	// erasure names; an erasure takes what it names, as far as it is here. A blob's bytes follow
	// by PutReplicaBlob. ErrNotRestored, ErrMalformed (an expiry too), ErrHash for the whole.
	PutBack(ctx context.Context, records []Record, objects [][]byte) ([]error, error)
}

// Restoration is what a store keeps of its coming from a backup.
type Restoration struct {
	Day     Day      // on which it was restored
	From    Day      // of the last record in the backup
	Hurt    []string // what of the backup was damaged or not there, in words
	More    uint64   // that much more was
	Lost    uint64   // records that the backup could not give and that have not come back
	Lacking uint64   // blobs that are named and whose file has not come
}

// restoredRow is what of it stands in the database.
type restoredRow struct {
	Day  Day      `json:"day"`
	From Day      `json:"from"`
	Hurt []string `json:"hurt"`
	More uint64   `json:"more"`
}

// ErrNotEmpty: a restore goes into an empty folder only.
var ErrNotEmpty = errors.New("folder is not empty")

// HurtError says that backups can't be restored whole.
type HurtError struct{ Report *BackupReport }

func (e *HurtError) Error() string {
	n := uint64(len(e.Report.Hurt)) + e.Report.More
	if n == 1 {
		return "the backup is damaged: one part is hurt or not there"
	}
	return fmt.Sprintf("the backup is damaged: %d parts are hurt or not there", n)
}
func (e *HurtError) Is(target error) bool { return target == ErrCorrupt }

const (
	restoreBatch = 512
	restoreBytes = 4 << 20
)

// RestoreBolt makes an embedded store in the folder dir, which must be empty or
// not there, of backups that follow one another, the first a whole one. The store
// gets a generation of its own, so that whoever followed the one before notices;
// its accounts are those of the last backup, without invitations and steps.
//
// Where something is hurt it leaves the folder as it was and returns a *HurtError;
// with partial it restores the rest, and the store keeps the list: Restoration,
// Check. What hangs on a record that is lost (the entries of a journal after it, the
// claim of a deposit) is lost with it.
func RestoreBolt(ctx context.Context, dir string, clock Clock, partial bool, streams ...io.Reader) (*BackupReport, error) {
	const doing = "restoring"
	made, err := emptyFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	report, err := restoreBolt(ctx, dir, clock, partial, streams)
	if err == nil {
		err = TidyBolt(dir) // of what an earlier backup still had, and a later one erased
	}
	if err != nil {
		err = errors.Join(err, os.Remove(filepath.Join(dir, boltFile)), os.RemoveAll(filepath.Join(dir, "blobs")))
		if made {
			err = errors.Join(err, os.Remove(dir))
		}
		return report, fmt.Errorf("%s: %w", doing, err)
	}
	return report, nil
}

// emptyFolder reports whether dir has yet to be made. ErrNotEmpty.
func emptyFolder(dir string) (made bool, err error) {
	left, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, os.MkdirAll(dir, 0o700)
	case err == nil && len(left) > 0:
		return false, ErrNotEmpty
	}
	return false, err
}

func restoreBolt(ctx context.Context, dir string, clock Clock, partial bool, streams []io.Reader) (report *BackupReport, err error) {
	s, err := openBolt(dir, clock)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	err = s.write(ctx, "beginning", &op{run: func(t *tx) error { return t.write(bMeta, kFormat, []byte(restoringFormat)) }})
	if err != nil {
		return nil, err
	}
	report = &BackupReport{}
	x := &restore{ctx: ctx, s: s, report: report}
	c := &backupChain{ctx: ctx, report: report, sink: x}
	if err := c.readAll(streams); err != nil {
		return report, err
	}
	if err := x.flush(); err != nil {
		return report, err
	}
	if !report.Whole() && !partial {
		return report, &HurtError{report}
	}
	if err := x.finish(); err != nil {
		return report, err
	}
	return report, s.sweep(ctx, "removing what was erased")
}

// restore is the sink that makes a store.
type restore struct {
	ctx      context.Context
	s        *boltStore
	report   *BackupReport
	key      []byte
	last     Day
	accounts []backedUpAccount // of the last backup
	answers  uint64            // position up to which they had expired
	unread   []ID              // records that can't be read
	tombs    map[uint64]uint64 // position before → now, of erasures and expiries
	away     [][2]uint64       // position now, and of what took the object away, before
	records  []Record
	items    []*item
	size     int
}

func (x *restore) head(h backupHead) {
	x.key, x.answers = h.TicketKey, h.Answers
	x.accounts = nil
}

func (x *restore) lost(id ID)                { x.unread = append(x.unread, id) }
func (x *restore) account(a backedUpAccount) { x.accounts = append(x.accounts, a) }

func (x *restore) document(body []byte) error {
	_, err := x.s.PutDocument(x.ctx, body)
	return err
}

func (x *restore) blob(sum ID, body []byte) error {
	if err := x.flush(); err != nil {
		return err
	}
	err := x.s.PutReplicaBlob(x.ctx, sum, body)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrHash) {
		return nil // its record could not be read, and stands in the list
	}
	return err
}

func (x *restore) record(r Record, object, blob []byte) error {
	it, err := newItem(r.Kind, bytes.Clone(object))
	if err != nil {
		return err
	}
	if blob != nil {
		if err := x.s.blobs.write(it.blob.Blob, blob, r.Day); err != nil {
			return withoutPath(err)
		}
		it.held = true
	}
	x.records, x.items, x.size = append(x.records, r), append(x.items, it), x.size+len(object)
	x.last = max(x.last, r.Day)
	if len(x.items) >= restoreBatch || x.size >= restoreBytes {
		return x.flush()
	}
	return nil
}

func (x *restore) gone(r Record, by uint64) error {
	x.records, x.items = append(x.records, r), append(x.items, &item{kind: r.Kind, id: r.ID, goneBy: by})
	x.last = max(x.last, r.Day)
	if len(x.items) >= restoreBatch {
		return x.flush()
	}
	return nil
}

// put gives a record its place, and notes where that is if others speak of it.
func (x *restore) put(t *tx, r Record, it *item) error {
	head, err := t.head()
	if err != nil {
		return err
	}
	pos := head.Pos + 1
	if r.Kind == KindExpiry && pos != r.Pos {
		return fmt.Errorf("%w: an expiry of what stands elsewhere now", ErrMalformed)
	}
	if err := t.putAgain(r, it); err != nil {
		return err
	}
	switch {
	case it.goneBy > 0:
		x.away = append(x.away, [2]uint64{pos, it.goneBy})
	case r.Kind == KindErasure || r.Kind == KindExpiry:
		if x.tombs == nil {
			x.tombs = map[uint64]uint64{}
		}
		x.tombs[r.Pos] = pos
	}
	return nil
}

// byLost stands for what took an object away where the backup could not give it.
const byLost = math.MaxUint64

// settleGone lets what is gone name the place where that stands now which took it.
func (x *restore) settleGone(t *tx) error {
	for _, a := range x.away {
		by, ok := x.tombs[a[1]]
		if !ok {
			by = byLost
		}
		if by == a[1] {
			continue
		}
		if err := t.write(bGone, U64(a[0]), U64(by)); err != nil {
			return err
		}
	}
	return nil
}

// settleAnswers takes the answers whose time was over at the backup.
func (x *restore) settleAnswers(t *tx) error {
	if x.answers == 0 || !x.report.Whole() {
		return nil // the next days' expiry goes through them again
	}
	keys, err := t.slots(0, x.answers)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := t.del(bReplies, k); err != nil {
			return err
		}
	}
	e, err := t.expiry()
	if err != nil {
		return err
	}
	e.answers = x.answers
	return errors.Join(t.setExpiry(e), t.write(bMeta, kStale, []byte{1}))
}

// flush writes the records that are gathered. Those that can't stand without one
// that is lost are lost too.
func (x *restore) flush() error {
	if len(x.items) == 0 && len(x.unread) == 0 {
		return nil
	}
	var lost []int
	away := len(x.away)
	err := x.s.write(x.ctx, "storing", &op{size: x.size, run: func(t *tx) error {
		lost, x.away = nil, x.away[:away]
		for i, r := range x.records {
			err := x.put(t, r, x.items[i])
			switch {
			case errors.Is(err, errHeld), err == nil:
			case errors.Is(err, ErrCorrupt), t.spoilt:
				return err
			default:
				lost = append(lost, i)
				if x.items[i].goneBy > 0 || r.Kind == KindExpiry {
					continue // nobody has it to put back
				}
				if err := t.lose(r.ID); err != nil {
					return err
				}
			}
		}
		for _, id := range x.unread {
			if err := t.lose(id); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		return err
	}
	for _, i := range lost {
		r := x.records[i]
		x.report.Entries--
		if x.items[i].held {
			x.report.Blobs--
		}
		x.report.hurt("entry %d (%s): what must come before it is lost", r.Pos, r.ID)
	}
	x.records, x.items, x.size, x.unread = nil, nil, 0, nil
	return nil
}

// lose notes a record that the backup could not give.
func (t *tx) lose(id ID) error {
	t.dirty = true
	b, err := t.CreateBucketIfNotExists(bLost)
	if err != nil || t.holds(id) {
		return err
	}
	return b.Put(id[:], []byte{})
}

// finish makes it a store that can be opened.
func (x *restore) finish() error {
	row := restoredRow{Day: x.s.today(), From: x.last, Hurt: x.report.Hurt, More: x.report.More}
	v, err := json.Marshal(row)
	if err != nil {
		return err
	}
	return x.s.write(x.ctx, "finishing", &op{run: func(t *tx) error {
		for _, a := range x.accounts {
			if err := t.putAccount(Account{Person: a.Person, Secret: a.Secret}); err != nil {
				return err
			}
		}
		if len(x.key) > 0 {
			if err := t.write(bMeta, kTicketKey, x.key); err != nil {
				return err
			}
		}
		if err := errors.Join(x.settleGone(t), x.settleAnswers(t)); err != nil {
			return err
		}
		return errors.Join(t.write(bMeta, kRestored, v), t.write(bMeta, kFormat, []byte(boltFormat)))
	}})
}
