package vault

import (
	"bytes"
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// tx is a transaction and the coding of what is in the buckets. Slices it
// returns are good until the transaction ends, unless said otherwise.
type tx struct {
	*bolt.Tx
	pages  *pageFile
	gen    [16]byte
	dirty  bool         // something was written since the committer cleared it
	spoilt bool         // by putAgain: it wrote and then failed
	drawer *bolt.Bucket // where this transaction puts its objects
}

func (s *boltStore) newTx(btx *bolt.Tx) *tx {
	t := &tx{Tx: btx, pages: s.pages}
	copy(t.gen[:], t.get(bMeta, kGeneration))
	return t
}

func (t *tx) get(bucket, key []byte) []byte { return t.Bucket(bucket).Get(key) }

func (t *tx) write(bucket, key, value []byte) error {
	t.dirty = true
	return t.Bucket(bucket).Put(key, value)
}

// add is write for keys that only grow: pages fill up and are left alone.
func (t *tx) add(bucket, key, value []byte) error {
	t.dirty = true
	b := t.Bucket(bucket)
	b.FillPercent = 1
	return b.Put(key, value)
}

func (t *tx) del(bucket, key []byte) error {
	t.dirty = true
	return t.Bucket(bucket).Delete(key)
}

// scan calls f for the keys that begin with prefix, in order.
func (t *tx) scan(bucket, prefix []byte, f func(k, v []byte) error) error {
	c := t.Bucket(bucket).Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if err := f(k, v); err != nil {
			return err
		}
	}
	return nil
}

// last returns the highest key of a bucket and its value.
func (t *tx) last(bucket []byte) (k, v []byte) { return t.Bucket(bucket).Cursor().Last() }

// Kinds as they stand in the database; never renumber.
var kindCodes = []Kind{1: KindDeposit, 2: KindBlob, 3: KindAppend, 4: KindRoster, 5: KindCertificate, 6: KindRevocation, 7: KindRelease, 8: KindErasure, 9: KindExpiry}

func encodeRecord(r Record) []byte {
	var code byte
	for i, k := range kindCodes {
		if k == r.Kind {
			code = byte(i)
		}
	}
	b := append([]byte{code}, r.ID[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(r.Day))
	b = append(b, r.Hash[:]...)
	return append(b, r.Author...)
}

func decodeRecord(k, v []byte) (Record, error) {
	if len(k) != 8 || len(v) < 69 || v[0] == 0 || int(v[0]) >= len(kindCodes) {
		return Record{}, fmt.Errorf("%w: a feed record of no known form", ErrCorrupt)
	}
	return Record{
		Pos:    binary.BigEndian.Uint64(k),
		Kind:   kindCodes[v[0]],
		ID:     ID(v[1:33]),
		Day:    Day(binary.BigEndian.Uint32(v[33:37])),
		Hash:   ID(v[37:69]),
		Author: string(v[69:]),
	}, nil
}

// head is the feed's last record, the zero Record before the first.
func (t *tx) head() (Record, error) {
	k, v := t.last(bFeed)
	if k == nil {
		return Record{}, nil
	}
	return decodeRecord(k, v)
}

func (t *tx) record(pos uint64) (Record, error) {
	k := U64(pos)
	v := t.get(bFeed, k)
	if v == nil {
		return Record{}, fmt.Errorf("%w: feed record %d is gone", ErrCorrupt, pos)
	}
	return decodeRecord(k, v)
}

// at returns the record of the object id. ErrNotFound.
func (t *tx) at(id ID) (Record, error) {
	v := t.get(bIDs, id[:])
	if v == nil {
		return Record{}, ErrNotFound
	}
	pos, err := parsePos(v)
	if err != nil {
		return Record{}, err
	}
	return t.record(pos)
}

// holds reports whether the object id is in the feed.
func (t *tx) holds(id ID) bool { return t.get(bIDs, id[:]) != nil }

func parsePos(v []byte) (uint64, error) {
	if len(v) != 8 {
		return 0, fmt.Errorf("%w: a position of %d bytes", ErrCorrupt, len(v))
	}
	return binary.BigEndian.Uint64(v), nil
}

// putObject stores an object under its position. bbolt keeps two to four large
// values on a leaf and rewrites them all when one more comes, so each
// transaction has a drawer of its own: no commit rewrites another's objects.
func (t *tx) putObject(pos uint64, object []byte) error {
	t.dirty = true
	if t.drawer == nil {
		all := t.Bucket(bObjects)
		all.FillPercent = 1
		d, err := all.CreateBucket(U64(pos))
		if err != nil {
			return err
		}
		d.FillPercent = 1
		t.drawer = d
	}
	return t.drawer.Put(U64(pos), object)
}

// object returns a copy of the object behind r, checked against its hash.
// *GoneError when it was taken away.
func (t *tx) object(r Record) ([]byte, error) {
	if by, gone, err := t.gone(r.Pos); err != nil {
		return nil, err
	} else if gone {
		return nil, &GoneError{By: by}
	}
	all := t.Bucket(bObjects)
	c := all.Cursor()
	pos := U64(r.Pos)
	k, _ := c.Seek(pos)
	if !bytes.Equal(k, pos) {
		// The drawer began before pos.
		if k == nil {
			k, _ = c.Last()
		} else {
			k, _ = c.Prev()
		}
	}
	var object []byte
	if k != nil {
		if d := all.Bucket(k); d != nil {
			if err := t.pages.drawer(uint64(d.Root()), t.inUse()); err != nil {
				return nil, err
			}
			object = d.Get(pos)
		}
	}
	if object == nil {
		return nil, fmt.Errorf("%w: object %d is gone", ErrCorrupt, r.Pos)
	}
	if len(object) > MaxAppend {
		return nil, fmt.Errorf("%w: object %d is larger than any", ErrCorrupt, r.Pos)
	}
	object = clone(object)
	if Sum(object) != r.ID {
		return nil, fmt.Errorf("%w: object %d does not have its hash", ErrCorrupt, r.Pos)
	}
	return object, nil
}

// inUse is how many pages the transaction's file has.
func (t *tx) inUse() uint64 { return uint64(t.Size()) / uint64(t.pages.size) }

// follows reports whether the store follows another one's feed.
func (t *tx) follows() bool { return t.get(bMeta, kFollows) != nil }

// depositRow is what is kept of a deposit once it has blobs or is claimed.
type depositRow struct {
	charged uint64 // against its ticket's quota
	journal ID     // that claimed it
}

func (t *tx) depositRow(pos uint64) (depositRow, error) {
	v := t.get(bDeposits, U64(pos))
	if v == nil {
		return depositRow{}, nil
	}
	return parseDepositRow(v)
}

func parseDepositRow(v []byte) (depositRow, error) {
	if len(v) != 40 {
		return depositRow{}, fmt.Errorf("%w: deposit row", ErrCorrupt)
	}
	return depositRow{binary.BigEndian.Uint64(v), ID(v[8:])}, nil
}

func (r depositRow) encode() []byte { return append(U64(r.charged), r.journal[:]...) }

// holder begins the keys in refs of the blobs that came with the deposit at
// pos: held by the deposit until a journal has claimed it.
func (r depositRow) holder(pos uint64) []byte {
	if r.journal.IsZero() {
		return append([]byte{'d'}, U64(pos)...)
	}
	k := append([]byte{'j'}, r.journal[:]...)
	return append(k, U64(pos)...)
}

type blobRow struct {
	size uint64
	refs uint32
	// lack is the position of the record under which bLacking has the blob:
	// its file has not come yet. Zero when it is there.
	lack uint64
}

func (t *tx) blobRow(sum ID) (row blobRow, known bool, err error) {
	v := t.get(bBlobs, sum[:])
	if v == nil {
		return blobRow{}, false, nil
	}
	row, err = parseBlobRow(v)
	return row, true, err
}

func parseBlobRow(v []byte) (blobRow, error) {
	if len(v) != 20 {
		return blobRow{}, fmt.Errorf("%w: blob row", ErrCorrupt)
	}
	return blobRow{binary.BigEndian.Uint64(v), binary.BigEndian.Uint32(v[8:]), binary.BigEndian.Uint64(v[12:])}, nil
}

func (r blobRow) encode() []byte {
	b := binary.BigEndian.AppendUint32(U64(r.size), r.refs)
	return binary.BigEndian.AppendUint64(b, r.lack)
}

func (t *tx) journalHead(journal ID) (h Head, ok bool, err error) {
	v := t.get(bJournals, journal[:])
	if v == nil {
		return Head{}, false, nil
	}
	h, err = parseHead(v)
	return h, true, err
}

func parseHead(v []byte) (Head, error) {
	if len(v) != 44 {
		return Head{}, fmt.Errorf("%w: journal head", ErrCorrupt)
	}
	return Head{Seq: binary.BigEndian.Uint64(v), Entry: ID(v[8:40]), Epoch: binary.BigEndian.Uint32(v[40:])}, nil
}

func encodeHead(h Head) []byte {
	return binary.BigEndian.AppendUint32(append(U64(h.Seq), h.Entry[:]...), h.Epoch)
}

func stepKey(journal ID, seq uint64) []byte { return append(clone(journal[:]), U64(seq)...) }

func certificateKey(person string, epoch uint32) []byte {
	return append(append([]byte(person), 0), U32(epoch)...)
}

func replyKey(prefix string, pos uint64, n int) []byte {
	k := append(append([]byte(prefix), 0), U64(pos)...)
	return append(k, byte(n))
}

// charge is what a blob of that size counts against a quota.
func charge(size uint64) uint64 { return max(size, MinCharge) }
