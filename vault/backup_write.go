package vault

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"
)

// backupWriter writes parts one after the other.
type backupWriter struct {
	w    io.Writer
	mark []byte
	n    uint64
	sums hash.Hash // over the sums of all parts
	list []byte    // rows since the last list
	err  error
}

func newBackupWriter(w io.Writer) *backupWriter {
	b := &backupWriter{w: w, mark: make([]byte, markSize), sums: sha256.New()}
	rand.Read(b.mark)
	begin := append([]byte(backupMagic), b.mark...)
	sum := Sum(begin)
	begin = append(begin, sum[:]...)
	_, b.err = w.Write(append(begin, begin...))
	return b
}

func (b *backupWriter) put(kind partKind, pos uint64, id ID, body []byte) {
	if b.err != nil {
		return
	}
	if len(body) > maxPart {
		b.err = fmt.Errorf("%w: a part of %d bytes", ErrTooLarge, len(body))
		return
	}
	h := partHeader{kind: kind, n: b.n, size: len(body), pos: pos, id: id}
	head := h.encode(b.mark)
	sum := partSum(head, body)
	for _, p := range [][]byte{head, body, sum[:]} {
		if _, err := b.w.Write(p); err != nil {
			b.err = err
			return
		}
	}
	b.sums.Write(sum[:])
	b.n++
	if kind == partList {
		return
	}
	b.list = append(append(b.list, h.row()...), sum[:]...)
	if len(b.list) >= listEvery*listRow {
		b.putList()
	}
}

// row is what a list says of a part, before its sum.
func (h partHeader) row() []byte {
	b := append(make([]byte, 0, listRow), byte(h.kind))
	b = append(append(b, U64(h.n)...), U64(h.pos)...)
	return append(b, h.id[:]...)
}

func (b *backupWriter) putList() {
	list := b.list
	b.list = nil
	b.put(partList, 0, ID{}, list)
}

func (b *backupWriter) putJSON(kind partKind, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		b.err = errors.Join(b.err, err)
		return
	}
	b.put(kind, 0, ID{}, body)
}

// backupBatch bounds what is read in one transaction: short ones keep the
// writer's pages from piling up, and let the file be mapped anew.
const (
	backupBatch = 128
	backupBytes = 1 << 20
)

// backedUp is a record as it is read for a backup.
type backedUp struct {
	Record
	object []byte
	blob   BlobRef
	lack   bool
	gone   uint64 // position of what took the object away, or 0
}

func (s *boltStore) Backup(ctx context.Context, w io.Writer, after *BackupNote) error {
	const doing = "backing up"
	var x expiry
	err := s.view(ctx, doing, func(t *tx) (err error) { x, err = t.expiry(); return err })
	if err != nil {
		return err
	}
	head, err := s.FeedHead(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	var id [16]byte
	rand.Read(id[:])
	h := backupHead{V: 1, ID: hex.EncodeToString(id[:]), Generation: hex.EncodeToString(head.Generation[:]), Pos: head.Pos, Hash: head.Hash, Answers: x.answers, TicketKey: s.key}
	end := backupEnd{Documents: []ID{}, Lacking: []uint64{}}
	if after != nil {
		if err := s.continues(ctx, after, head); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		h.Former, h.After, h.AfterHash = after.ID, after.Pos, after.Hash
		end.Documents = append(end.Documents, after.Documents...)
	}
	b := newBackupWriter(w)
	b.putJSON(partHead, h)
	if err := errors.Join(b.err, s.backUpDocuments(ctx, b, &end)); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if after != nil {
		if err := s.backUpLate(ctx, b, after.Lacking, &end); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	committed := head.Pos
	for pos := h.After; pos < head.Pos; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		began := time.Now()
		batch, err := s.backupBatch(ctx, pos, head.Pos)
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		for _, r := range batch {
			pos = r.Pos
			kind := partRecord
			if r.gone > 0 {
				kind = partGone
			}
			b.put(kind, r.Pos, r.ID, encodeBackupRecord(r.Record, r.object))
			if r.Kind == KindBlob && r.gone == 0 {
				if r.gone, err = s.backUpBlob(ctx, b, r, &end); err != nil {
					return fmt.Errorf("%s: %w", doing, err)
				}
			}
			if r.gone > head.Pos { // erased since the backup began: it goes on to there
				if head, err = s.FeedHead(ctx); err != nil {
					return fmt.Errorf("%s: %w", doing, err)
				}
			}
		}
		if b.err != nil {
			return fmt.Errorf("%s: %w", doing, b.err)
		}
		if now := s.durable.Load(); now != committed {
			// Others write meanwhile: they get as much of the disk as this does.
			committed = now
			if err := rest(ctx, min(time.Since(began), backupRest)); err != nil {
				return fmt.Errorf("%s: %w", doing, err)
			}
		}
	}
	if err := s.backUpAccounts(ctx, b); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if len(b.list) > 0 {
		b.putList()
	}
	h.Pos, h.Hash = head.Pos, head.Hash
	end.Head, end.Parts, end.Sum = h, b.n, ID(b.sums.Sum(nil))
	if b.putJSON(partEnd, end); b.err != nil {
		return fmt.Errorf("%s: %w", doing, b.err)
	}
	return nil
}

// backupRest is how long a backup lets others go first at most, between batches.
const backupRest = 250 * time.Millisecond

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// continues tells whether the store's feed goes on from where a note ends.
func (s *boltStore) continues(ctx context.Context, n *BackupNote, head FeedHead) error {
	if n.Generation != hex.EncodeToString(head.Generation[:]) || n.Pos > head.Pos {
		return ErrOtherHistory
	}
	if n.Pos == 0 {
		return nil
	}
	at, err := s.Feed(ctx, n.Pos-1, 1)
	if err != nil {
		return err
	}
	if len(at) != 1 || at[0].Hash != n.Hash {
		return ErrOtherHistory
	}
	return nil
}

// backupBatch reads the records that follow position after, in one short
// transaction: one at least, no more than fit, none beyond last.
func (s *boltStore) backupBatch(ctx context.Context, after, last uint64) (batch []backedUp, err error) {
	err = s.view(ctx, "reading feed", func(t *tx) error {
		batch = nil
		size := 0
		c := t.Bucket(bFeed).Cursor()
		for k, v := c.Seek(U64(after + 1)); k != nil && len(batch) < backupBatch && size < backupBytes; k, v = c.Next() {
			r := backedUp{}
			var err error
			if r.Record, err = decodeRecord(k, v); err != nil {
				return err
			}
			if r.Pos > last {
				break
			}
			var gone *GoneError
			if r.object, err = t.object(r.Record); errors.As(err, &gone) {
				r.gone, r.object = gone.By, GoneObject(gone.By)
			} else if err != nil {
				return err
			}
			if r.Kind == KindBlob && r.gone == 0 {
				if r.blob, err = ParseBlobObject(r.object); err != nil {
					return errors.Join(ErrCorrupt, err)
				}
				row, known, err := t.blobRow(r.blob.Blob)
				if err != nil {
					return err
				}
				r.lack = !known || row.lack != 0
			}
			size += len(r.object)
			batch = append(batch, r)
		}
		if len(batch) == 0 {
			return fmt.Errorf("%w: feed record %d is gone", ErrCorrupt, after+1)
		}
		return nil
	})
	return batch, err
}

// backUpBlob writes a blob. gone is not 0 when it was taken away since its record
// was read, and by what.
func (s *boltStore) backUpBlob(ctx context.Context, b *backupWriter, r backedUp, end *backupEnd) (gone uint64, err error) {
	if r.lack {
		b.put(partLacking, r.Pos, r.blob.Blob, nil)
		end.Lacking = append(end.Lacking, r.Pos)
		return 0, b.err
	}
	body, err := s.blobs.read(r.blob.Blob)
	if err != nil {
		damage := err
		err = s.view(ctx, "reading feed", func(t *tx) (err error) { gone, _, err = t.gone(r.Pos); return err })
		if err == nil && gone == 0 {
			err = withoutPath(damage)
		}
		if err != nil {
			return 0, err
		}
		b.put(partLacking, r.Pos, r.blob.Blob, nil)
		return gone, b.err
	}
	b.put(partBlob, r.Pos, r.blob.Blob, body)
	return 0, b.err
}

// backUpLate writes the blobs whose files came since the backup before.
func (s *boltStore) backUpLate(ctx context.Context, b *backupWriter, lacking []uint64, end *backupEnd) error {
	for _, pos := range lacking {
		if pos == 0 {
			return fmt.Errorf("%w: not the note of a backup", ErrMalformed)
		}
		batch, err := s.backupBatch(ctx, pos-1, pos)
		if err != nil {
			return err
		}
		if r := batch[0]; r.Kind == KindBlob && r.gone == 0 {
			if _, err := s.backUpBlob(ctx, b, r, end); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *boltStore) backUpDocuments(ctx context.Context, b *backupWriter, end *backupEnd) error {
	var sums []ID
	err := s.view(ctx, "listing documents", func(t *tx) error {
		sums = nil
		return t.scan(bDocuments, nil, func(k, _ []byte) error {
			if len(k) != len(ID{}) {
				return fmt.Errorf("%w: name of a document", ErrCorrupt)
			}
			sums = append(sums, ID(k))
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, sum := range sums {
		if slices.Contains(end.Documents, sum) {
			continue
		}
		body, err := s.Document(ctx, sum)
		if err != nil {
			return err
		}
		b.put(partDocument, 0, sum, body)
		end.Documents = append(end.Documents, sum)
	}
	return b.err
}

// backedUpAccount is what is kept of an account: its secret, no step and no
// invitation.
type backedUpAccount struct {
	Person string `json:"person"`
	Secret []byte `json:"secret"`
}

func (s *boltStore) backUpAccounts(ctx context.Context, b *backupWriter) error {
	accounts, err := s.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if len(a.Secret) > 0 {
			b.putJSON(partAccount, backedUpAccount{a.Person, a.Secret})
		}
	}
	return b.err
}
