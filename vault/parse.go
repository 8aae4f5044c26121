package vault

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// ParseDeposit reads a deposit of either kind. Like all parsers here it gives
// ErrMalformed or ErrTooLarge, and what it returns aliases b.
func ParseDeposit(b []byte) (Deposit, error) {
	c, tag := cut(b, tagDeposit, tagByHand)
	d := Deposit{ByHand: tag == tagByHand}
	d.Desk = string(c.field())
	c.hold(validDesk(d.Desk), "bad desk id")
	d.Report = c.bytes("report", 1, MaxReport)
	if err := c.end(); err != nil {
		return Deposit{}, fmt.Errorf("parsing deposit: %w", err)
	}
	return d, nil
}

// ParseEntry reads an entry. Epochs begin at 1; an entry has no former one
// exactly when its seq is 0.
func ParseEntry(b []byte) (Entry, error) {
	c, _ := cut(b, tagEntry)
	e := Entry{Journal: c.named("journal"), Epoch: c.u32(), Seq: c.u64(), Prev: c.id()}
	e.Sealed = c.bytes("sealed entry", 1, MaxAppend)
	c.hold(e.Epoch > 0, "epoch is zero")
	c.hold((e.Seq == 0) == e.Prev.IsZero(), "seq and former entry disagree")
	if err := c.end(); err != nil {
		return Entry{}, fmt.Errorf("parsing entry: %w", err)
	}
	return e, nil
}

// ParseGrant reads a grant without looking into its body.
func ParseGrant(b []byte) (Grant, error) {
	c, _ := cut(b, tagGrant)
	g := Grant{Journal: c.named("journal"), Epoch: c.u32(), To: string(c.field())}
	g.Body = c.bytes("grant", 1, MaxGrant)
	c.hold(g.Epoch > 0, "epoch is zero")
	c.hold(validPerson(g.To) || g.To == "recovery", "granted to nobody")
	if err := c.end(); err != nil {
		return Grant{}, fmt.Errorf("parsing grant: %w", err)
	}
	return g, nil
}

// ParseReply reads a reply.
func ParseReply(b []byte) (Reply, error) {
	c, _ := cut(b, tagReply)
	r := Reply{Prefix: string(c.field())}
	c.hold(validPrefix(r.Prefix), "bad prefix")
	r.Slot = c.fixed(SlotSize)
	if err := c.end(); err != nil {
		return Reply{}, fmt.Errorf("parsing reply: %w", err)
	}
	return r, nil
}

// ParseAppend reads an append. Its grants are for its entry's journal and for
// no later epoch, and no deposit is claimed twice in it.
func ParseAppend(b []byte) (Append, error) {
	if len(b) > MaxAppend {
		return Append{}, fmt.Errorf("parsing append: %w: over %d bytes", ErrTooLarge, MaxAppend)
	}
	c, _ := cut(b, tagAppend)
	entry, claims, grants, replies := c.field(), c.field(), c.field(), c.field()
	if err := c.end(); err != nil {
		return Append{}, fmt.Errorf("parsing append: %w", err)
	}
	var a Append
	var err error
	if a.Entry, err = ParseEntry(entry); err == nil {
		a.Claims, err = parseClaims(claims)
	}
	if err == nil {
		a.Grants, err = parseGrants(a.Entry, grants)
	}
	if err == nil {
		a.Replies, err = parseReplies(replies)
	}
	if err != nil {
		return Append{}, fmt.Errorf("parsing append: %w", err)
	}
	return a, nil
}

func parseClaims(b []byte) ([]ID, error) {
	const size = len(ID{})
	if len(b)%size != 0 {
		return nil, fmt.Errorf("%w: claims cut short", ErrMalformed)
	}
	if len(b)/size > MaxClaims {
		return nil, fmt.Errorf("%w: more than %d claims", ErrTooLarge, MaxClaims)
	}
	var ids []ID
	seen := make(map[ID]bool, len(b)/size)
	for ; len(b) > 0; b = b[size:] {
		id := ID(b[:size])
		if id.IsZero() || seen[id] {
			return nil, fmt.Errorf("%w: a claim is zero or doubled", ErrMalformed)
		}
		seen[id] = true
		ids = append(ids, id)
	}
	return ids, nil
}

func parseGrants(e Entry, b []byte) ([]Grant, error) {
	var out []Grant
	for len(b) > 0 {
		if len(out) == MaxGrants {
			return nil, fmt.Errorf("%w: more than %d grants", ErrTooLarge, MaxGrants)
		}
		object, rest, err := CutLP(b)
		if err != nil {
			return nil, err
		}
		g, err := ParseGrant(object)
		if err != nil {
			return nil, err
		}
		if g.Journal != e.Journal || g.Epoch > e.Epoch {
			return nil, fmt.Errorf("%w: a grant for another journal or a later epoch", ErrMalformed)
		}
		out, b = append(out, g), rest
	}
	return out, nil
}

func parseReplies(b []byte) ([]Reply, error) {
	var out []Reply
	for len(b) > 0 {
		if len(out) == MaxReplies {
			return nil, fmt.Errorf("%w: more than %d replies", ErrTooLarge, MaxReplies)
		}
		object, rest, err := CutLP(b)
		if err != nil {
			return nil, err
		}
		r, err := ParseReply(object)
		if err != nil {
			return nil, err
		}
		out, b = append(out, r), rest
	}
	return out, nil
}

// ParseRosterObject returns the note. Whether it is a good roster is for
// package roster.
func ParseRosterObject(b []byte) (note []byte, err error) {
	c, _ := cut(b, tagRoster)
	note = c.bytes("note", 1, MaxNote)
	if err := c.end(); err != nil {
		return nil, fmt.Errorf("parsing roster object: %w", err)
	}
	return note, nil
}

// RosterVersion reads the version out of a roster's note and checks nothing
// else: a replica needs it to keep the history in order.
func RosterVersion(note []byte) (uint64, error) {
	_, rest, _ := bytes.Cut(note, []byte("\n"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	var text map[string]json.RawMessage // a map: a struct would take "Version" too
	var version uint64
	err := json.Unmarshal(line, &text)
	if err == nil {
		err = json.Unmarshal(text["version"], &version)
	}
	if err != nil || version == 0 {
		return 0, fmt.Errorf("%w: a note without a version", ErrMalformed)
	}
	return version, nil
}

// ParseCertificateObject reads a certificate without looking into its JSON.
func ParseCertificateObject(b []byte) (Certificate, error) {
	c, _ := cut(b, tagCertificate)
	v := Certificate{Person: string(c.field()), Epoch: c.u32()}
	v.JSON = c.bytes("certificate", 1, MaxCertificate)
	c.hold(validPerson(v.Person), "bad person id")
	if err := c.end(); err != nil {
		return Certificate{}, fmt.Errorf("parsing certificate object: %w", err)
	}
	return v, nil
}

// ParseRevocationObject reads a revocation without looking into its JSON.
func ParseRevocationObject(b []byte) (Revocation, error) {
	c, _ := cut(b, tagRevocation)
	v := Revocation{Person: string(c.field())}
	v.JSON = c.bytes("revocation", 1, MaxRevocation)
	c.hold(validPerson(v.Person), "bad person id")
	if err := c.end(); err != nil {
		return Revocation{}, fmt.Errorf("parsing revocation object: %w", err)
	}
	return v, nil
}

// ParseBlobObject reads a blob reference.
func ParseBlobObject(b []byte) (BlobRef, error) {
	c, _ := cut(b, tagBlob)
	v := BlobRef{Deposit: c.named("deposit"), Blob: c.named("blob"), Size: c.u64()}
	c.hold(v.Size > 0 && v.Size <= MaxBlob, "bad blob size")
	if err := c.end(); err != nil {
		return BlobRef{}, fmt.Errorf("parsing blob reference: %w", err)
	}
	return v, nil
}

// ParseRelease reads a release.
func ParseRelease(b []byte) (Release, error) {
	c, _ := cut(b, tagRelease)
	v := Release{Former: c.id(), Body: c.bytes("release", 1, MaxRelease)}
	if err := c.end(); err != nil {
		return Release{}, fmt.Errorf("parsing release: %w", err)
	}
	return v, nil
}
