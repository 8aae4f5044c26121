package vault

import (
	"errors"
	"fmt"
)

// item is an object taken apart, ready to be applied. Making one is the work
// that needs no transaction.
type item struct {
	kind   Kind
	id     ID
	object []byte

	append  Append      // the one of these that belongs to kind
	cert    Certificate //
	blob    BlobRef     //
	held    bool        // the blob's file is there
	release Release     //
	version uint64      // of the roster
	person  string      // of the revocation
	erasure Erasure     //
	upTo    uint64      // of an expiry
	goneBy  uint64      // position of the record that took the object away, 0 when it is here
}

// newItem parses an object of that kind. ErrMalformed, ErrTooLarge.
func newItem(kind Kind, object []byte) (*item, error) {
	it := &item{kind: kind, object: object}
	var err error
	switch kind {
	case KindDeposit:
		_, err = ParseDeposit(object)
	case KindBlob:
		it.blob, err = ParseBlobObject(object)
	case KindAppend:
		it.append, err = ParseAppend(object)
	case KindRoster:
		var note []byte
		if note, err = ParseRosterObject(object); err == nil {
			it.version, err = RosterVersion(note)
		}
	case KindCertificate:
		it.cert, err = ParseCertificateObject(object)
	case KindRevocation:
		var r Revocation
		r, err = ParseRevocationObject(object)
		it.person = r.Person
	case KindRelease:
		it.release, err = ParseRelease(object)
	case KindErasure:
		it.erasure, err = ParseErasure(object)
	case KindExpiry:
		it.upTo, err = ParseExpiry(object)
	default:
		err = fmt.Errorf("%w: feed kind %q", ErrMalformed, kind)
	}
	if err != nil {
		return nil, err
	}
	it.id = Sum(object)
	return it, nil
}

// put gives it the feed's next position and applies it: how every write of this
// store's own enters the feed. Nothing has been written when it returns one of
// the sentinels.
func (t *tx) put(author string, day Day, it *item) (Record, error) {
	if t.follows() {
		return Record{}, ErrFollows
	}
	if err := validAuthor(author); err != nil {
		return Record{}, err
	}
	head, err := t.head()
	if err != nil {
		return Record{}, err
	}
	r := Record{Pos: head.Pos + 1, Kind: it.kind, ID: it.id, Day: day, Author: author}
	r.Hash = r.HashAfter(t.gen, head.Hash)
	return r, t.apply(r, it)
}

func validAuthor(author string) error {
	if author != "" && !validPerson(author) {
		return fmt.Errorf("%w: bad person id", ErrMalformed)
	}
	return nil
}

// apply does what the record r and its object do to a store. Both the store's
// own writes and those of a feed it follows come through here, so that a
// replica is the same by construction. r continues the feed; the caller made
// sure. Everything is checked before anything is written.
func (t *tx) apply(r Record, it *item) error {
	if t.holds(it.id) {
		return fmt.Errorf("%w: object is in the feed already", ErrConflict)
	}
	if it.goneBy > 0 {
		return errors.Join(
			t.add(bFeed, U64(r.Pos), encodeRecord(r)),
			t.add(bGone, U64(r.Pos), U64(it.goneBy)),
			t.write(bIDs, it.id[:], U64(r.Pos)))
	}
	var err error
	switch it.kind {
	case KindDeposit:
		if !t.follows() && t.get(bErased, erasedKey('d', it.id)) != nil {
			err = ErrErased
		}
	case KindBlob:
		err = t.applyBlob(r, it.blob, it.held)
	case KindAppend:
		err = t.applyAppend(r, it.append)
	case KindRoster:
		err = t.applyRoster(r, it.version)
	case KindCertificate:
		key := certificateKey(it.cert.Person, it.cert.Epoch)
		if t.get(bCertificates, key) != nil {
			return fmt.Errorf("%w: %s has another certificate for epoch %d", ErrConflict, it.cert.Person, it.cert.Epoch)
		}
		err = t.write(bCertificates, key, U64(r.Pos))
	case KindRevocation:
		err = t.add(bRevocations, U64(r.Pos), []byte(it.person))
	case KindRelease:
		err = t.applyRelease(r, it.release)
	case KindErasure:
		// A store that follows a feed does nothing by it before its reader has
		// checked who signed.
		if !t.follows() {
			err = t.erase(r, it.erasure)
		}
	case KindExpiry:
		if !t.follows() {
			err = t.expire(r, it.upTo)
		}
	}
	if err != nil {
		return err
	}
	if lost := t.Bucket(bLost); lost != nil && lost.Get(it.id[:]) != nil {
		if err := t.del(bLost, it.id[:]); err != nil {
			return err
		}
	}
	return errors.Join(
		t.add(bFeed, U64(r.Pos), encodeRecord(r)),
		t.putObject(r.Pos, it.object),
		t.write(bIDs, it.id[:], U64(r.Pos)))
}

func (t *tx) applyBlob(r Record, b BlobRef, held bool) error {
	deposit, err := t.present(b.Deposit)
	if err != nil {
		return err
	}
	if deposit.Kind != KindDeposit {
		return fmt.Errorf("%w: blob for something that is no deposit", ErrMalformed)
	}
	row, err := t.depositRow(deposit.Pos)
	if err != nil {
		return err
	}
	if !t.follows() && t.get(bErased, erasedKey('b', b.Blob)) != nil {
		return ErrErased
	}
	file, known, err := t.blobRow(b.Blob)
	if err != nil {
		return err
	}
	if known && file.size != b.Size {
		return fmt.Errorf("%w: blob of two sizes", ErrMalformed)
	}
	row.charged += charge(b.Size)
	file.size = b.Size
	file.refs++
	switch {
	case !known && !held:
		file.lack = r.Pos
		if err := t.add(bLacking, U64(r.Pos), b.Blob[:]); err != nil {
			return err
		}
	case held && file.lack != 0: // it came with this one at last
		if err := t.del(bLacking, U64(file.lack)); err != nil {
			return err
		}
		file.lack = 0
	}
	return errors.Join(
		t.write(bDeposits, U64(deposit.Pos), row.encode()),
		t.write(bRefs, append(row.holder(deposit.Pos), U64(r.Pos)...), b.Blob[:]),
		t.write(bBlobs, b.Blob[:], file.encode()))
}

func (t *tx) applyAppend(r Record, a Append) error {
	e := a.Entry
	if by := t.get(bErased, erasedKey('j', e.Journal)); by != nil {
		return ErrErased
	}
	head, known, err := t.journalHead(e.Journal)
	if err != nil {
		return err
	}
	if known && (e.Seq != head.Seq+1 || e.Prev != head.Entry) || !known && e.Seq != 0 {
		return &ConflictError{Head: head}
	}
	if !head.mayBeFollowedIn(e.Epoch) {
		return fmt.Errorf("%w: journal is in epoch %d", ErrEpoch, head.Epoch)
	}
	claimed := make([]uint64, 0, len(a.Claims)) // those that are new to the journal
	rows := make([]depositRow, 0, len(a.Claims))
	for _, id := range a.Claims {
		deposit, err := t.present(id)
		if err != nil {
			return err
		}
		if deposit.Kind != KindDeposit {
			return fmt.Errorf("%w: claim of something that is no deposit", ErrNotFound)
		}
		row, err := t.depositRow(deposit.Pos)
		if err != nil {
			return err
		}
		if row.journal == e.Journal {
			continue
		}
		if !row.journal.IsZero() {
			return &ClaimedError{Deposit: id, Journal: row.journal}
		}
		claimed, rows = append(claimed, deposit.Pos), append(rows, row)
	}

	for i, pos := range claimed {
		if err := t.claim(pos, rows[i], e.Journal); err != nil {
			return err
		}
	}
	for n, reply := range a.Replies {
		if err := t.write(bReplies, replyKey(reply.Prefix, r.Pos, n), reply.Slot); err != nil {
			return err
		}
	}
	return errors.Join(
		t.write(bSteps, stepKey(e.Journal, e.Seq), U64(r.Pos)),
		t.write(bJournals, e.Journal[:], encodeHead(Head{Seq: e.Seq, Entry: e.ID(), Epoch: e.Epoch})))
}

// claim gives the deposit at pos to the journal, and with it the deposit's
// references to blobs.
func (t *tx) claim(pos uint64, row depositRow, journal ID) error {
	from := row.holder(pos)
	row.journal = journal
	to := row.holder(pos)
	var keys, sums [][]byte
	err := t.scan(bRefs, from, func(k, v []byte) error {
		keys, sums = append(keys, clone(k)), append(sums, clone(v))
		return nil
	})
	if err != nil {
		return err
	}
	for i, k := range keys {
		if err := t.del(bRefs, k); err != nil {
			return err
		}
		if err := t.write(bRefs, append(clone(to), k[len(from):]...), sums[i]); err != nil {
			return err
		}
	}
	return t.write(bDeposits, U64(pos), row.encode())
}

func (t *tx) applyRoster(r Record, version uint64) error {
	if k, _ := t.last(bRosters); k != nil {
		held, err := parsePos(k)
		if err != nil {
			return err
		}
		if version <= held {
			return fmt.Errorf("%w: version %d after %d", ErrOld, version, held)
		}
	}
	return t.add(bRosters, U64(version), U64(r.Pos))
}

func (t *tx) applyRelease(r Record, release Release) error {
	last, err := t.lastRelease()
	if err != nil {
		return err
	}
	if release.Former != last {
		return &FormerError{Last: last}
	}
	return t.add(bReleases, U64(r.Pos), []byte{})
}

// lastRelease is the id of the last release, zero before the first.
func (t *tx) lastRelease() (ID, error) {
	k, _ := t.last(bReleases)
	if k == nil {
		return ID{}, nil
	}
	pos, err := parsePos(k)
	if err != nil {
		return ID{}, err
	}
	r, err := t.record(pos)
	return r.ID, err
}
