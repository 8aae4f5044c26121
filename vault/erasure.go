package vault

import (
	"encoding/binary"
	"fmt"
	"slices"
)

const (
	tagErasure          = "peerwitness/erasure/v1"
	tagErasureStatement = "peerwitness/erasure-statement/v1"
	tagExpiry           = "peerwitness/expiry/v1"
	tagGone             = "peerwitness/gone/v1"
)

// MaxErased is how many deposits one erasure may name.
const MaxErased = 1024

// Erasure is the public word of two people that a case is to be gone for good.
// Why stays in the case, and goes with it. Exact bytes are in PROTOCOL.md §7.
type Erasure struct {
	Journal ID
	// Seq and After are the number and the id of the entry that the proposal
	// followed. The proposal and the agreement are the two entries after it, and
	// the last ones, so that what was declined, or had something written after
	// it, can't be completed by one of the two alone.
	Seq   uint64
	After ID
	// Deposits are all that the journal claimed, ascending.
	Deposits []ID
	// Signed are who proposed it and who agreed, in this order.
	Signed [2]ErasureSignature
}

// ErasureSignature is one person's, over the erasure's Statement.
type ErasureSignature struct {
	By  string   // person id
	Sig [64]byte // Ed25519
}

// Statement is what both people sign.
func (e Erasure) Statement() []byte {
	return LP(tagErasureStatement, e.Journal[:], U64(e.Seq), e.After[:], joined(e.Deposits))
}

// ErasureObject encodes an erasure.
func ErasureObject(e Erasure) []byte {
	return LP(tagErasure, e.Journal[:], U64(e.Seq), e.After[:], joined(e.Deposits),
		[]byte(e.Signed[0].By), e.Signed[0].Sig[:], []byte(e.Signed[1].By), e.Signed[1].Sig[:])
}

// ID is the hash of the erasure's object.
func (e Erasure) ID() ID { return Sum(ErasureObject(e)) }

// ParseErasure reads an erasure. Whether the signatures are good, and who the
// two people are, is for those who know the roster.
func ParseErasure(b []byte) (Erasure, error) {
	c, _ := cut(b, tagErasure)
	e := Erasure{Journal: c.named("journal"), Seq: c.u64(), After: c.named("former entry")}
	list := c.field()
	for i := range e.Signed {
		e.Signed[i].By = string(c.field())
		c.hold(validPerson(e.Signed[i].By), "bad person id")
		copy(e.Signed[i].Sig[:], c.fixed(len(e.Signed[i].Sig)))
	}
	c.hold(e.Signed[0].By != e.Signed[1].By, "one person twice")
	c.hold(e.Seq < 1<<62, "a number that no journal reaches")
	if err := c.end(); err != nil {
		return Erasure{}, fmt.Errorf("parsing erasure: %w", err)
	}
	const size = len(ID{})
	if len(list) == 0 || len(list)%size != 0 {
		return Erasure{}, fmt.Errorf("parsing erasure: %w: deposits cut short", ErrMalformed)
	}
	if len(list)/size > MaxErased {
		return Erasure{}, fmt.Errorf("parsing erasure: %w: more than %d deposits", ErrTooLarge, MaxErased)
	}
	for ; len(list) > 0; list = list[size:] {
		id := ID(list[:size])
		if id.IsZero() || len(e.Deposits) > 0 && slices.Compare(e.Deposits[len(e.Deposits)-1][:], id[:]) >= 0 {
			return Erasure{}, fmt.Errorf("parsing erasure: %w: deposits out of order", ErrMalformed)
		}
		e.Deposits = append(e.Deposits, id)
	}
	return e, nil
}

func joined(ids []ID) []byte {
	var b []byte
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return b
}

// ExpiryObject encodes that deposits up to a position which nobody had claimed
// are gone, their blobs with them.
func ExpiryObject(upTo uint64) []byte { return LP(tagExpiry, U64(upTo)) }

// ParseExpiry reads what ExpiryObject made.
func ParseExpiry(b []byte) (upTo uint64, err error) {
	c, _ := cut(b, tagExpiry)
	upTo = c.u64()
	c.hold(upTo > 0, "an expiry of nothing")
	if err := c.end(); err != nil {
		return 0, fmt.Errorf("parsing expiry: %w", err)
	}
	return upTo, nil
}

// GoneObject stands in a feed in the place of an object that was taken away by
// the erasure or expiry at a later position.
func GoneObject(by uint64) []byte { return LP(tagGone, U64(by)) }

// ParseGone reads what GoneObject made.
func ParseGone(b []byte) (by uint64, err error) {
	c, _ := cut(b, tagGone)
	by = c.u64()
	c.hold(by > 0, "taken away by nothing")
	if err := c.end(); err != nil {
		return 0, fmt.Errorf("parsing gone: %w", err)
	}
	return by, nil
}

// mayBeGone tells the kinds whose objects can be taken away.
func mayBeGone(k Kind) bool { return k == KindDeposit || k == KindBlob || k == KindAppend }

// isGone tells a stand-in from the object itself.
func isGone(b []byte) bool {
	tag, _, err := CutLP(b)
	return err == nil && string(tag) == tagGone
}

// GoneError says that an object was taken away, and by the record at which
// position. It matches ErrErased, and ErrNotFound with it.
type GoneError struct{ By uint64 }

func (e *GoneError) Error() string        { return fmt.Sprintf("taken away by entry %d of the feed", e.By) }
func (e *GoneError) Is(target error) bool { return target == ErrErased || target == ErrNotFound }

// Gone is a record of a feed whose object was taken away.
type Gone struct {
	Record Record
	By     uint64 // position of the erasure or expiry
}

func parseBy(v []byte) (uint64, error) {
	if len(v) != 8 {
		return 0, fmt.Errorf("%w: a mark of what is gone", ErrCorrupt)
	}
	return binary.BigEndian.Uint64(v), nil
}
