package vault

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Limits on what travels inside an object; going over gives ErrTooLarge.
const (
	MaxGrant       = 64 << 10 // a grant's body
	MaxCertificate = 16 << 10 // its JSON
	MaxRevocation  = 16 << 10 // its JSON
	MaxRelease     = 4 << 20  // its body
)

// Tags of the objects (PROTOCOL.md §4, §7, §8).
const (
	tagDeposit     = "peerwitness/deposit/v1"
	tagByHand      = "peerwitness/deposit-by-hand/v1"
	tagEntry       = "peerwitness/entry/v1"
	tagGrant       = "peerwitness/grant/v1"
	tagReply       = "peerwitness/reply/v1"
	tagAppend      = "peerwitness/append/v1"
	tagRoster      = "peerwitness/roster-note/v1"
	tagCertificate = "peerwitness/certificate-object/v1"
	tagRevocation  = "peerwitness/revocation-object/v1"
	tagBlob        = "peerwitness/blob-ref/v1"
	tagRelease     = "peerwitness/release/v1"
)

// BlobRef says that a blob came with a deposit's ticket.
type BlobRef struct {
	Deposit ID
	Blob    ID
	Size    uint64
}

// Release is one release of figures, chained to the one before it.
type Release struct {
	Former ID // zero for the first
	Body   []byte
}

// DepositObject, and the functions like it below, return the bytes that are
// hashed, stored and sent for a thing. They do not judge it: parsing does, and
// whatever a parser accepts encodes to the same bytes again.
func DepositObject(d Deposit) []byte { return LP(d.tag(), []byte(d.Desk), d.Report) }

// appendDepositObject appends what DepositObject returns.
func appendDepositObject(b []byte, d Deposit) []byte {
	b = AppendLP(b, []byte(d.tag()))
	b = AppendLP(b, []byte(d.Desk))
	return AppendLP(b, d.Report)
}

func (d Deposit) tag() string {
	if d.ByHand {
		return tagByHand
	}
	return tagDeposit
}

// EntryObject encodes an entry.
func EntryObject(e Entry) []byte {
	return LP(tagEntry, e.Journal[:], U32(e.Epoch), U64(e.Seq), e.Prev[:], e.Sealed)
}

// GrantObject encodes a grant.
func GrantObject(g Grant) []byte {
	return LP(tagGrant, g.Journal[:], U32(g.Epoch), []byte(g.To), g.Body)
}

// ReplyObject encodes a reply.
func ReplyObject(r Reply) []byte { return LP(tagReply, []byte(r.Prefix), r.Slot) }

// AppendObject encodes an entry with all that commits with it.
func AppendObject(a Append) []byte {
	claims, grants, replies := a.lists()
	return LP(tagAppend, EntryObject(a.Entry), claims, grants, replies)
}

// RosterObject encodes a roster's note.
func RosterObject(note []byte) []byte { return LP(tagRoster, note) }

// CertificateObject encodes a certificate.
func CertificateObject(c Certificate) []byte {
	return LP(tagCertificate, []byte(c.Person), U32(c.Epoch), c.JSON)
}

// RevocationObject encodes a revocation.
func RevocationObject(r Revocation) []byte {
	return LP(tagRevocation, []byte(r.Person), r.JSON)
}

// BlobObject encodes the statement that a blob came with a deposit.
func BlobObject(b BlobRef) []byte {
	return LP(tagBlob, b.Deposit[:], b.Blob[:], U64(b.Size))
}

// ReleaseObject encodes a release.
func ReleaseObject(r Release) []byte { return LP(tagRelease, r.Former[:], r.Body) }

// ID is the hash of the deposit's object.
func (d Deposit) ID() ID { return Sum(DepositObject(d)) }

// ID is the hash of the entry's object: what the next entry names as Prev.
func (e Entry) ID() ID { return Sum(EntryObject(e)) }

// ID is the hash of the append's object: what the feed names.
func (a Append) ID() ID { return Sum(AppendObject(a)) }

// Effects is the hash over claims, grants and replies that the author signs
// inside the entry, so that a server can't add to an append or take from it.
func (a Append) Effects() ID {
	claims, grants, replies := a.lists()
	var b []byte
	for _, l := range [][]byte{claims, grants, replies} {
		b = AppendLP(b, l)
	}
	return Sum(b)
}

func (a Append) lists() (claims, grants, replies []byte) {
	for _, c := range a.Claims {
		claims = append(claims, c[:]...)
	}
	for _, g := range a.Grants {
		grants = AppendLP(grants, GrantObject(g))
	}
	for _, r := range a.Replies {
		replies = AppendLP(replies, ReplyObject(r))
	}
	return claims, grants, replies
}

// size is about what AppendObject would take, so that something far too large
// is refused before it is copied.
func (a Append) size() int {
	n := len(a.Entry.Sealed) + len(a.Claims)*len(ID{})
	for _, g := range a.Grants {
		n += len(g.Body)
	}
	for _, r := range a.Replies {
		n += len(r.Slot)
	}
	return n
}

// HashAfter is the record's hash in the feed of that generation, after the
// record whose hash is former (the zero ID before the first).
func (r Record) HashAfter(generation [16]byte, former ID) ID {
	return Sum(LP("peerwitness/feed/v1", generation[:], U64(r.Pos), []byte(r.Kind), r.ID[:],
		U32(uint32(r.Day)), []byte(r.Author), former[:]))
}

// A cutter takes an object apart and remembers the first thing that is wrong.
type cutter struct {
	b   []byte
	err error
}

// cut begins an object that carries one of tags, and tells which.
func cut(b []byte, tags ...string) (c *cutter, tag string) {
	c = &cutter{b: b}
	got := c.field()
	for _, t := range tags {
		if string(got) == t {
			return c, t
		}
	}
	c.fail(fmt.Errorf("%w: not a %s object", ErrMalformed, tags[0]))
	return c, ""
}

func (c *cutter) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *cutter) field() []byte {
	if c.err != nil {
		return nil
	}
	f, rest, err := CutLP(c.b)
	if err != nil {
		c.fail(err)
		return nil
	}
	c.b = rest
	return f
}

// bytes takes a field of min to max bytes.
func (c *cutter) bytes(what string, min, max int) []byte {
	f := c.field()
	if c.err != nil {
		return nil
	}
	if len(f) < min {
		c.fail(fmt.Errorf("%w: %s is empty or short", ErrMalformed, what))
		return nil
	}
	if len(f) > max {
		c.fail(fmt.Errorf("%w: %s over %d bytes", ErrTooLarge, what, max))
		return nil
	}
	return f
}

func (c *cutter) fixed(n int) []byte {
	f := c.field()
	if c.err == nil && len(f) != n {
		c.fail(fmt.Errorf("%w: a field of %d bytes where %d belong", ErrMalformed, len(f), n))
	}
	if c.err != nil {
		return make([]byte, n)
	}
	return f
}

func (c *cutter) id() ID      { return ID(c.fixed(len(ID{}))) }
func (c *cutter) u32() uint32 { return binary.BigEndian.Uint32(c.fixed(4)) }
func (c *cutter) u64() uint64 { return binary.BigEndian.Uint64(c.fixed(8)) }

// named takes an id that must name something.
func (c *cutter) named(what string) ID {
	id := c.id()
	c.hold(!id.IsZero(), what+" is zero")
	return id
}

func (c *cutter) hold(ok bool, why string) {
	if !ok {
		c.fail(fmt.Errorf("%w: %s", ErrMalformed, why))
	}
}

// end closes the object: nothing may follow.
func (c *cutter) end() error {
	if c.err == nil {
		c.hold(len(c.b) == 0, "bytes after the end")
	}
	return c.err
}

// validDesk reports whether s is a desk id: [a-z0-9][a-z0-9-]{0,31}.
func validDesk(s string) bool {
	if len(s) == 0 || len(s) > MaxDeskID || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// validPerson reports whether s is a person id: p- and 16 lower-case hex digits.
func validPerson(s string) bool {
	if len(s) != 18 || s[:2] != "p-" {
		return false
	}
	for i := 2; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'f') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// validPrefix reports whether s is a bucket prefix.
func validPrefix(s string) bool {
	return len(s) <= MaxPrefix && len(bytes.Trim([]byte(s), "01")) == 0
}
