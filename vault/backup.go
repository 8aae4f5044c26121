package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A backup is one stream: a beginning, then parts, each found by a mark that is
// drawn anew for every backup and held by two hashes, one over its head and one
// over its body. So a flipped bit costs the part it is in and no other, and it can
// be said which. Exact bytes are in PROTOCOL.md, section 14.
//
// It holds the feed with its objects, blobs, documents, accounts and the ticket
// key. It holds no session, no step of a second factor, no invitation, and no
// time but the days that stand in the feed.

// Archiver makes backups.
type Archiver interface {
	// Backup writes a backup to w: everything, or with after what came since that
	// one. It may run beside all other work and never holds a transaction
	// open while it waits for w; what it holds in memory does not grow with the
	// store. Everything that was acknowledged before the call is in it.
	// ErrOtherHistory when after is not of this store's feed. A backup that ends
	// in an error has no end, which its reader tells.
	Backup(ctx context.Context, w io.Writer, after *BackupNote) error
}

// BackupNote says where a backup ended, for the next one to go on from. It holds
// nothing secret.
type BackupNote struct {
	V          int      `json:"v"`
	ID         string   `json:"backup"`     // 32 hex, random
	Generation string   `json:"generation"` // hex
	Pos        uint64   `json:"pos"`        // of the last feed record in it
	Hash       ID       `json:"hash"`       // of the feed there
	Documents  []ID     `json:"documents"`  // all that are in this one and those before it
	Lacking    []uint64 `json:"lacking"`    // feed positions of blobs whose file the store did not have
	Sum        ID       `json:"sum"`        // over all of the backup: its fingerprint
}

// ParseBackupNote reads what Encode wrote. ErrMalformed.
func ParseBackupNote(b []byte) (*BackupNote, error) {
	var n BackupNote
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&n); err != nil || n.V != 1 || len(n.ID) != 32 || len(n.Generation) != 32 || !bytes.Equal(n.Encode(), b) {
		return nil, fmt.Errorf("%w: not the note of a backup", ErrMalformed)
	}
	return &n, nil
}

// Encode writes the note as one line of JSON.
func (n *BackupNote) Encode() []byte {
	b, err := json.Marshal(n)
	if err != nil {
		panic(err) // strings, numbers and hex alone
	}
	return append(b, '\n')
}

// partKind says what a part of a backup holds.
type partKind byte

const (
	partHead     partKind = 'H' // backupHead, JSON
	partRecord   partKind = 'R' // a feed record and its object
	partGone     partKind = 'G' // a feed record whose object was taken away
	partBlob     partKind = 'B' // a blob; follows the record that names it, or its file came late
	partLacking  partKind = 'L' // in its place: the store did not have the file
	partDocument partKind = 'D'
	partAccount  partKind = 'A'
	partList     partKind = 'M' // what the parts before it are
	partEnd      partKind = 'E' // backupEnd, JSON
)

// backupHead is the first part's body.
type backupHead struct {
	V          int    `json:"v"`
	ID         string `json:"backup"`
	Generation string `json:"generation"`
	Former     string `json:"former"` // the backup that this one goes on from, or empty
	After      uint64 `json:"after"`  // the feed position there
	AfterHash  ID     `json:"after_hash"`
	Pos        uint64 `json:"pos"`
	Hash       ID     `json:"hash"`
	Answers    uint64 `json:"answers,omitzero"` // position up to which answers had expired
	TicketKey  []byte `json:"ticket_key"`
}

// backupEnd is the last part's body. It says the head again, so that one damaged
// part can't take it away. Its Pos is beyond the first one's where something was
// erased meanwhile: whatever is gone in a backup, what took it away is in it too.
type backupEnd struct {
	Head      backupHead `json:"head"`
	Parts     uint64     `json:"parts"` // before this one
	Documents []ID       `json:"documents"`
	Lacking   []uint64   `json:"lacking"`
	Sum       ID         `json:"sum"` // over the sums of all parts before this one, in order
}

const (
	backupMagic = "peerwitness/backup/v1\n"
	markSize    = 16
	beginSize   = len(backupMagic) + markSize + sha256.Size // it stands twice
	partHeadEnd = markSize + 1 + 8 + 4 + 8 + sha256.Size    // where the check begins
	partHeadLen = partHeadEnd + sha256.Size
	maxPart     = MaxAppend + 128<<10 // the largest object, and room
	listEvery   = 512
	listRow     = 1 + 8 + 8 + 2*sha256.Size
)

// partHeader stands before a part's body.
type partHeader struct {
	kind partKind
	n    uint64 // counts parts from 0
	size int
	pos  uint64 // feed position that it is about, or 0
	id   ID     // object, blob or document, or zero
}

func (h partHeader) encode(mark []byte) []byte {
	b := append(make([]byte, 0, partHeadLen), mark...)
	b = append(b, byte(h.kind))
	b = append(append(b, U64(h.n)...), U32(uint32(h.size))...)
	b = append(append(b, U64(h.pos)...), h.id[:]...)
	check := partCheck(b)
	return append(b, check[:]...)
}

func partCheck(head []byte) ID { return Sum(LP("peerwitness/backup-part/v1", head)) }

// parsePartHeader reads a header whose check holds.
func parsePartHeader(b, mark []byte) (h partHeader, ok bool) {
	if len(b) < partHeadLen || !bytes.Equal(b[:markSize], mark) {
		return h, false
	}
	if check := partCheck(b[:partHeadEnd]); !bytes.Equal(check[:], b[partHeadEnd:partHeadLen]) {
		return h, false
	}
	b = b[markSize:]
	h = partHeader{kind: partKind(b[0]), n: binary.BigEndian.Uint64(b[1:]), size: int(binary.BigEndian.Uint32(b[9:])),
		pos: binary.BigEndian.Uint64(b[13:]), id: ID(b[21:53])}
	return h, h.size <= maxPart
}

// partSum is the hash over a part: its head with its mark, and its body.
func partSum(head, body []byte) ID {
	h := sha256.New()
	h.Write(LP("peerwitness/backup-body/v1", head))
	h.Write(U32(uint32(len(body))))
	h.Write(body)
	return ID(h.Sum(nil))
}

// name says what a part is, for people.
func (h partHeader) name() string {
	switch h.kind {
	case partHead:
		return "the head"
	case partRecord, partGone:
		return fmt.Sprintf("entry %d (%s)", h.pos, h.id)
	case partBlob, partLacking:
		return fmt.Sprintf("attachment %s of entry %d", h.id, h.pos)
	case partDocument:
		return fmt.Sprintf("document %s", h.id)
	case partAccount:
		return "a second factor"
	case partList:
		return "a list of parts"
	case partEnd:
		return "the end"
	}
	return "something of no known kind"
}

// encodeBackupRecord makes the body of a partRecord.
func encodeBackupRecord(r Record, object []byte) []byte {
	b := AppendLP(nil, []byte(r.Kind))
	b = AppendLP(b, U32(uint32(r.Day)))
	b = AppendLP(b, []byte(r.Author))
	b = AppendLP(b, r.Hash[:])
	return AppendLP(b, object)
}

// parseBackupRecord takes it apart; the object aliases b. Of a partGone it is the
// stand-in.
func parseBackupRecord(h partHeader, b []byte) (Record, []byte, error) {
	c := &cutter{b: b}
	r := Record{Pos: h.pos, ID: h.id, Kind: Kind(c.field())}
	r.Day = Day(c.u32())
	r.Author = string(c.field())
	r.Hash = c.id()
	object := c.field()
	if err := c.end(); err != nil {
		return r, nil, err
	}
	if h.kind == partGone {
		by, err := ParseGone(object)
		if err == nil && (by <= r.Pos || !mayBeGone(r.Kind)) {
			err = fmt.Errorf("%w: taken away by an earlier record, or of a kind that stays", ErrMalformed)
		}
		return r, object, errors.Join(err, validAuthor(r.Author))
	}
	if Sum(object) != r.ID {
		return r, nil, ErrHash
	}
	return r, object, validAuthor(r.Author)
}
