package vault

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
)

// BackupReport is what reading backups came to.
type BackupReport struct {
	Notes     []*BackupNote // one for each backup whose end was read, in order
	Entries   uint64        // of the feed
	Gone      uint64        // of these, those whose objects were taken away before
	Blobs     uint64
	Documents uint64
	Accounts  int      // in the last backup
	Lacking   uint64   // blobs that the store itself did not have
	Hurt      []string // what is damaged or not there, in words
	More      uint64   // that much more is hurt than the list holds
}

// Whole reports whether nothing is hurt.
func (r *BackupReport) Whole() bool { return len(r.Hurt) == 0 }

// maxAccounts bounds the second factors of one backup.
const maxAccounts = 10_000

// maxBackupHurts bounds the list of what is hurt.
const maxBackupHurts = 200

func (r *BackupReport) hurt(format string, args ...any) {
	if len(r.Hurt) == maxBackupHurts {
		r.More++
		return
	}
	text := fmt.Sprintf(format, args...)
	r.Hurt = append(r.Hurt, text[:min(len(text), 300)])
}

// VerifyBackup reads backups that follow one another, each stream holding one or
// several end to end, and checks every hash, the feed's chain, and that each is
// whole. What is hurt stands in the report, named as far as that can be told. The
// first may go on from one that was not given. It returns an error when a stream
// can't be read, and ErrOtherHistory when the backups don't belong together. What
// it holds in memory does not grow with the backup.
func VerifyBackup(ctx context.Context, streams ...io.Reader) (*BackupReport, error) {
	c := &backupChain{ctx: ctx, report: &BackupReport{}, sink: noSink{}, anywhere: true}
	if err := c.readAll(streams); err != nil {
		return c.report, fmt.Errorf("reading backup: %w", err)
	}
	return c.report, nil
}

// backupSink takes what a backup holds, in its order. What it is given is good
// until the next call.
type backupSink interface {
	head(backupHead)
	record(r Record, object, blob []byte) error // blob is nil where there is none
	gone(r Record, by uint64) error             // its object was taken away
	blob(sum ID, body []byte) error             // one that came late
	document(body []byte) error
	account(backedUpAccount)
	lost(record ID) // a record that can't be read; its place in the order says nothing
}

type noSink struct{}

func (noSink) head(backupHead)                     {}
func (noSink) record(Record, []byte, []byte) error { return nil }
func (noSink) gone(Record, uint64) error           { return nil }
func (noSink) blob(ID, []byte) error               { return nil }
func (noSink) document([]byte) error               { return nil }
func (noSink) account(backedUpAccount)             {}
func (noSink) lost(ID)                             {}

// backupChain reads backups that follow one another.
type backupChain struct {
	ctx      context.Context
	report   *BackupReport
	sink     backupSink
	anywhere bool // the first backup may go on from one that was not given
	begun    bool
	gen      string // of all of them, empty until it is known
	last     Record // the last one of the feed
	sure     bool   // last's hash is known, and the next record must continue it
	br       *bufio.Reader

	// Of the backup that is read now:
	which   int // counts from 1
	mark    []byte
	top     *backupHead // nil until it was read
	next    uint64      // number of the part that comes next
	sums    hash.Hash
	whole   bool        // sums has all parts so far
	missed  [][2]uint64 // first and last number of parts that could not be read, until a list names them
	waiting *backedUp   // a blob's record, until its blob comes
}

// backupBuffer is enough for most parts; a larger one gets a larger buffer, of
// maxPart at most.
const backupBuffer = 128 << 10

func (c *backupChain) readAll(streams []io.Reader) error {
	if len(streams) == 0 {
		return fmt.Errorf("%w: no backup", ErrMalformed)
	}
	c.br = bufio.NewReaderSize(nil, backupBuffer)
	for _, s := range streams {
		c.br.Reset(s)
		for first := true; ; first = false {
			if _, err := c.br.Peek(1); err == io.EOF && !first {
				break
			} else if err != nil && err != io.EOF {
				return err
			}
			c.which++
			more, err := c.readOne()
			if err != nil {
				return err
			}
			if !more {
				break
			}
		}
	}
	return nil
}

// readOne reads a backup. more is false when nothing behind it can be read.
func (c *backupChain) readOne() (more bool, err error) {
	c.top, c.next, c.sums, c.whole, c.missed, c.waiting = nil, 0, sha256.New(), true, nil, nil
	begin, err := c.br.Peek(2 * beginSize)
	if err != nil && err != io.EOF {
		return false, err
	}
	one, ok1 := parseBegin(begin)
	two, ok2 := parseBegin(begin[min(len(begin), beginSize):])
	switch {
	case !ok1 && !ok2:
		c.report.hurt("the beginning of backup %d: nothing that follows can be read", c.which)
		return false, nil
	case !ok1 || !ok2 || !bytes.Equal(one, two):
		c.report.hurt("the beginning of backup %d, one of its two copies", c.which)
	}
	if c.mark = bytes.Clone(one); !ok1 {
		c.mark = bytes.Clone(two)
	}
	if _, err := c.br.Discard(len(begin)); err != nil {
		return false, err
	}
	for {
		if err := c.ctx.Err(); err != nil {
			return false, err
		}
		done, ended, err := c.readPart()
		if err != nil || ended {
			return done, err
		}
	}
}

func parseBegin(b []byte) (mark []byte, ok bool) {
	if len(b) < beginSize || string(b[:len(backupMagic)]) != backupMagic {
		return nil, false
	}
	sum := Sum(b[:beginSize-sha256.Size])
	return b[len(backupMagic) : len(backupMagic)+markSize], bytes.Equal(sum[:], b[beginSize-sha256.Size:beginSize])
}

// readPart reads the next part. ended: there are no more; done, because the end
// was read.
func (c *backupChain) readPart() (done, ended bool, err error) {
	head, err := c.br.Peek(partHeadLen)
	if err != nil && err != io.EOF {
		return false, false, err
	}
	if len(head) == partHeadLen {
		if h, ok := parsePartHeader(head, c.mark); ok {
			return c.readBody(h)
		}
		c.whole = false
		found, err := c.toNextMark()
		if err != nil || found {
			return false, false, err
		}
	}
	if err := c.settle(); err != nil {
		return false, true, err
	}
	c.nameMissed(nil)
	c.report.hurt("the end of backup %d: it is not there, or can't be read; the last part read is %d", c.which, int64(c.next)-1)
	return false, true, nil
}

// toNextMark leaves the reader before the next mark after this place.
func (c *backupChain) toNextMark() (bool, error) {
	if _, err := c.br.Discard(1); err != nil {
		return false, err
	}
	for {
		b, err := c.br.Peek(64 << 10)
		if err != nil && err != io.EOF {
			return false, err
		}
		if i := bytes.Index(b, c.mark); i >= 0 {
			_, err := c.br.Discard(i)
			return true, err
		}
		if len(b) < 64<<10 {
			_, err := c.br.Discard(len(b))
			return false, err
		}
		if _, err := c.br.Discard(len(b) - markSize + 1); err != nil {
			return false, err
		}
		if err := c.ctx.Err(); err != nil {
			return false, err
		}
	}
}

// readBody reads a part whose header is good.
func (c *backupChain) readBody(h partHeader) (done, ended bool, err error) {
	if need := partHeadLen + h.size + sha256.Size; need > c.br.Size() {
		// What is in the smaller one comes through. Twice as large each time: a hostile
		// backup can't pile up many.
		c.br = bufio.NewReaderSize(c.br, max(need, 2*c.br.Size()))
	}
	all, err := c.br.Peek(partHeadLen + h.size + sha256.Size)
	if err != nil && err != io.EOF {
		return false, false, err
	}
	switch {
	case h.n < c.next:
		c.report.hurt("part %d of backup %d stands where another belongs", h.n, c.which)
	case h.n > c.next:
		if len(c.missed) >= maxBackupHurts {
			c.nameMissed(nil)
		}
		c.missed = append(c.missed, [2]uint64{c.next, h.n - 1})
		c.whole = false
	}
	if len(all) < partHeadLen+h.size+sha256.Size {
		if err := c.settle(); err != nil {
			return false, true, err
		}
		c.nameMissed(nil)
		c.report.hurt("%s: cut short, with all that followed in backup %d", h.name(), c.which)
		return false, true, nil
	}
	body := all[partHeadLen : partHeadLen+h.size]
	sum := partSum(all[:partHeadLen], body)
	good := bytes.Equal(sum[:], all[len(all)-sha256.Size:])
	if h.n >= c.next {
		c.next = h.n + 1
		switch {
		case !good:
			c.whole = false
			c.hurtPart(h)
			if err = c.settle(); h.kind == partEnd {
				c.nameMissed(nil)
				done, ended = true, true
			}
		case h.kind == partEnd:
			if err = c.settle(); err == nil {
				done, ended, err = c.readEnd(h, body)
			}
		default:
			c.sums.Write(sum[:])
			err = c.take(h, body)
		}
	}
	if err == nil {
		_, err = c.br.Discard(len(all))
	}
	return done, ended, err
}

// take gives a part to the sink. What it has no use for is hurt, though its
// hashes hold: the program that made it was not ours.
func (c *backupChain) take(h partHeader, body []byte) error {
	if c.waiting != nil && (h.kind == partBlob || h.kind == partLacking) && h.pos == c.waiting.Pos && h.id == c.waiting.blob.Blob {
		w := c.waiting
		c.waiting = nil
		if h.kind == partLacking {
			c.report.Lacking++
			return c.sink.record(w.Record, w.object, nil)
		}
		if Sum(body) != h.id || uint64(len(body)) != w.blob.Size {
			c.report.hurt("%s: it does not have its hash", h.name())
			return c.sink.record(w.Record, w.object, nil)
		}
		c.report.Blobs++
		return c.sink.record(w.Record, w.object, body)
	}
	if err := c.settle(); err != nil {
		return err
	}
	switch h.kind {
	case partHead:
		return c.takeHead(h, body)
	case partRecord, partGone:
		return c.takeRecord(h, body)
	case partBlob:
		if Sum(body) != h.id {
			c.report.hurt("%s: it does not have its hash", h.name())
			return nil
		}
		c.report.Blobs++
		return c.sink.blob(h.id, body)
	case partLacking:
		c.report.Lacking++
		return nil
	case partDocument:
		if Sum(body) != h.id || len(body) > MaxDocument || len(body) == 0 {
			c.report.hurt("%s: it does not have its hash", h.name())
			return nil
		}
		c.report.Documents++
		return c.sink.document(body)
	case partAccount:
		var a backedUpAccount
		if strictJSON(body, &a) != nil || !validPerson(a.Person) || len(a.Secret) == 0 || c.report.Accounts == maxAccounts {
			c.report.hurt("%s: not of the form", h.name())
			return nil
		}
		c.report.Accounts++
		c.sink.account(a)
		return nil
	case partList:
		c.nameMissed(body)
		return nil
	}
	c.report.hurt("part %d of backup %d: %s", h.n, c.which, h.name())
	return nil
}

// settle gives on a blob's record whose blob did not come.
func (c *backupChain) settle() error {
	w := c.waiting
	if c.waiting = nil; w == nil {
		return nil
	}
	if c.whole {
		c.report.hurt("attachment %s of entry %d: not in the backup", w.blob.Blob, w.Pos)
	}
	return c.sink.record(w.Record, w.object, nil)
}

// hurtPart notes a part that can't be used.
func (c *backupChain) hurtPart(h partHeader) {
	c.report.hurt("%s", h.name())
	if h.kind == partRecord {
		c.sink.lost(h.id)
	}
}

func (c *backupChain) takeHead(h partHeader, body []byte) error {
	var top backupHead
	if strictJSON(body, &top) != nil || !top.valid() || h.n != 0 {
		c.report.hurt("the head of backup %d: not of the form", c.which)
		return nil
	}
	c.report.Accounts = 0
	return c.begin(top)
}

func (t *backupHead) valid() bool {
	gen, err := hex.DecodeString(t.Generation)
	return t.V == 1 && err == nil && len(gen) == 16 && len(t.ID) == 32 && len(t.TicketKey) == 32 && t.After <= t.Pos && t.Answers <= t.Pos
}

// begin holds a backup's head against the backup before.
func (c *backupChain) begin(top backupHead) error {
	switch {
	case c.gen != "" && c.gen != top.Generation:
		return fmt.Errorf("backup %d: %w", c.which, ErrOtherHistory)
	case c.sure && top.After == c.last.Pos && top.AfterHash != c.last.Hash:
		return fmt.Errorf("backup %d: %w", c.which, ErrOtherHistory)
	case top.After > c.last.Pos && !(c.anywhere && !c.begun):
		c.report.hurt("entries %d to %d: in none of the backups before number %d; give them in the order in which they were made", c.last.Pos+1, top.After, c.which)
	}
	if top.After > c.last.Pos || !c.begun {
		c.last, c.sure = Record{Pos: top.After, Hash: top.AfterHash}, true
	}
	c.gen, c.top, c.begun = top.Generation, &top, true
	c.sink.head(top)
	return nil
}

func (c *backupChain) takeRecord(h partHeader, body []byte) error {
	r, object, err := parseBackupRecord(h, body)
	var it *item
	if err == nil && h.kind == partRecord {
		it, err = newItem(r.Kind, object)
	}
	if err != nil {
		c.hurtPart(h)
		return nil
	}
	switch {
	case r.Pos <= c.last.Pos:
		return nil // in the backup before, too
	case r.Pos == c.last.Pos+1 && c.sure && c.gen != "":
		gen, _ := hex.DecodeString(c.gen) // valid has read it
		if r.Hash != r.HashAfter([16]byte(gen), c.last.Hash) {
			c.report.hurt("%s: it does not continue the chain of the feed", h.name())
		}
	case r.Pos != c.last.Pos+1 && c.whole:
		c.report.hurt("entries %d to %d: not in the backup", c.last.Pos+1, r.Pos-1)
	}
	c.last, c.sure, c.begun = r, true, true
	c.report.Entries++
	if h.kind == partGone {
		c.report.Gone++
		by, _ := ParseGone(object) // parseBackupRecord has read it
		return c.sink.gone(r, by)
	}
	if r.Kind == KindBlob {
		c.waiting = &backedUp{Record: r, object: bytes.Clone(object), blob: it.blob}
		return nil
	}
	return c.sink.record(r, object, nil)
}

// readEnd reads the last part.
func (c *backupChain) readEnd(h partHeader, body []byte) (done, ended bool, err error) {
	c.nameMissed(nil)
	var end backupEnd
	if strictJSON(body, &end) != nil || !end.Head.valid() || end.Parts != h.n {
		c.report.hurt("the end of backup %d: not of the form", c.which)
		return false, true, nil
	}
	if c.top == nil {
		if err := c.begin(end.Head); err != nil {
			return false, true, err
		}
	}
	if c.whole {
		if sum := ID(c.sums.Sum(nil)); sum != end.Sum {
			c.report.hurt("backup %d: its parts are not those that its end names", c.which)
		}
		if c.last.Pos < end.Head.Pos || c.last.Pos == end.Head.Pos && c.sure && c.last.Pos > 0 && c.last.Hash != end.Head.Hash {
			c.report.hurt("entries after %d of backup %d: not in the backup", c.last.Pos, c.which)
		}
	}
	c.report.Notes = append(c.report.Notes, &BackupNote{V: 1, ID: end.Head.ID, Generation: end.Head.Generation, Pos: end.Head.Pos, Hash: end.Head.Hash,
		Documents: end.Documents, Lacking: end.Lacking, Sum: end.Sum})
	return true, true, nil
}

// nameMissed names the parts that could not be read by a list of what they were.
// Without one, those that no list named are numbered.
func (c *backupChain) nameMissed(list []byte) {
	if list == nil {
		for _, m := range c.missed {
			c.report.hurt("parts %d to %d of backup %d, whose names can't be read", m[0], m[1], c.which)
		}
		c.missed = nil
		return
	}
	if len(list)%listRow != 0 || len(list) == 0 {
		c.report.hurt("a list of parts of backup %d: not of the form", c.which)
		return
	}
	var left [][2]uint64
	low, high := binary.BigEndian.Uint64(list[1:]), binary.BigEndian.Uint64(list[len(list)-listRow+1:])
	for _, m := range c.missed {
		if m[0] < low {
			left = append(left, [2]uint64{m[0], min(m[1], low-1)})
		}
		if m[1] > high {
			left = append(left, [2]uint64{max(m[0], high+1), m[1]})
		}
		for at := 0; at < len(list); at += listRow {
			row := list[at : at+listRow]
			if n := binary.BigEndian.Uint64(row[1:]); n >= m[0] && n <= m[1] {
				c.hurtPart(partHeader{kind: partKind(row[0]), n: n, pos: binary.BigEndian.Uint64(row[9:]), id: ID(row[17:49])})
			}
		}
	}
	c.missed = left
}

// strictJSON reads JSON that v holds whole, spelled as this program spells it.
func strictJSON(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return err
	}
	if again, err := json.Marshal(v); err != nil || !bytes.Equal(again, b) {
		return errors.New("not in its one form")
	}
	return nil
}
