package roster

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"peerwitness/vault"
)

// Parse reads a signed roster and checks what it can be checked for by itself,
// rules 1 to 4 of PROTOCOL.md: its form, and that at least its threshold of
// distinct keys out of its own roots signed it. Who the roots are, whether it
// is newer than another and whether it has expired is for [Adopt]. ErrShape,
// ErrSignatures, ErrThreshold.
func Parse(note []byte) (*Roster, error) {
	r, _, _, err := parse(note)
	if err != nil {
		return nil, fmt.Errorf("reading roster: %w", err)
	}
	return r, nil
}

func parse(note []byte) (*Roster, []byte, []signature, error) {
	text, line, rest, err := splitText(note)
	if err != nil {
		return nil, nil, nil, err
	}
	sigs, err := splitSignatures(rest)
	if err != nil {
		return nil, nil, nil, err
	}
	r, err := readRoster(line)
	if err != nil {
		return nil, nil, nil, err
	}
	keys, err := parseRoots(r.Roots)
	if err != nil {
		return nil, nil, nil, err
	}
	n, err := signers(text, sigs, keys)
	if err != nil {
		return nil, nil, nil, err
	}
	if n < r.Threshold {
		return nil, nil, nil, fmt.Errorf("%w: %d of the %d it takes", ErrThreshold, n, r.Threshold)
	}
	r.Note = bytes.Clone(note)
	r.Hash = vault.Sum(note)
	return r, text, sigs, nil
}

// Adopt decides whether a reader that holds held (nil when it holds none) goes
// over to note, by all rules of PROTOCOL.md, and returns the roster that it
// holds from then on: on any error held itself, unchanged. The very note that
// is held already is no error. root is the fingerprint that a reader without a
// roster was given, or empty when it was given none and takes what it is shown;
// a reader that holds a roster goes by that one's roots instead.
//
// The checks come in this order: ErrShape, ErrSignatures, ErrThreshold; ErrRoot;
// ErrOlder; ErrSignatures and ErrChain by the held roots; ErrChain for the
// former hash; ErrExpired.
func Adopt(held *Roster, note []byte, root string, now time.Time) (*Roster, error) {
	if held != nil && bytes.Equal(held.Note, note) {
		return held, nil
	}
	r, err := adopt(held, note, root, now)
	if err != nil {
		return held, fmt.Errorf("adopting roster: %w", err)
	}
	return r, nil
}

func adopt(held *Roster, note []byte, root string, now time.Time) (*Roster, error) {
	r, text, sigs, err := parse(note)
	if err != nil {
		return nil, err
	}
	if held == nil {
		if root != "" && root != r.Fingerprint() {
			return nil, ErrRoot
		}
	} else if err := follows(held, r, text, sigs); err != nil {
		return nil, err
	}
	if r.Expired(now) {
		return nil, fmt.Errorf("%w: on %s", ErrExpired, r.Expires)
	}
	return r, nil
}

// follows checks rule 5: that r, with its text and signatures, may replace held.
func follows(held, r *Roster, text []byte, sigs []signature) error {
	if r.Version <= held.Version {
		return fmt.Errorf("%w: version %d after %d", ErrOlder, r.Version, held.Version)
	}
	keys, err := parseRoots(held.Roots)
	if err != nil {
		return err
	}
	n, err := signers(text, sigs, keys)
	if err != nil {
		return err
	}
	if n < held.Threshold {
		return fmt.Errorf("%w: %d of the %d held root keys it takes signed it", ErrChain, n, held.Threshold)
	}
	if r.Version == held.Version+1 && r.Former != held.Hash.String() {
		return fmt.Errorf("%w: it names another roster as the one before", ErrChain)
	}
	return nil
}

// Fingerprint names the roster's root keys and threshold: what a link's #root=
// carries. It is empty when Roots holds something else than verifier keys, which
// on a parsed roster it never does.
func (r *Roster) Fingerprint() string {
	keys, err := parseRoots(r.Roots)
	if err != nil || len(keys) == 0 {
		return ""
	}
	slices.SortFunc(keys, func(a, b rootKey) int { return bytes.Compare(a.key[:], b.key[:]) })
	keys = slices.CompactFunc(keys, func(a, b rootKey) bool { return a.key == b.key })
	b := vault.LP("peerwitness/roots/v1")
	b = append(b, vault.U32(uint32(r.Threshold))...)
	for _, k := range keys {
		b = vault.AppendLP(b, k.key[:])
	}
	sum := vault.Sum(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
