package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"filippo.io/age"

	"peerwitness/vault"
)

const tagOwn = "peerwitness/own/v1"

// ownKeys are an identity and a key for a code of authenticity, for one purpose.
// Both come from the personal identity, and nothing of either is ever published:
// the roster has everybody's personal recipient, so that what is merely sealed
// to that could be anybody's.
func (k KeyFile) ownKeys(purpose string) (*age.HybridIdentity, []byte, error) {
	if k.Kind != KindPerson {
		return nil, nil, fmt.Errorf("%w: not the keys of a person", ErrContent)
	}
	if _, err := k.Personal.age(); err != nil {
		return nil, nil, err
	}
	b, err := hkdf.Key(sha256.New, []byte(k.Personal.Reveal()), nil, string(vault.LP(tagOwn, []byte(purpose))), 64)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key of one's own: %w", ErrIdentity)
	}
	id, err := IdentityFromSeed([32]byte(b[:32])).age()
	return id, b[32:], err
}

// SealOwn seals what a person's own program keeps on her own computer: one age
// file that opens with her personal identity alone, and that nobody could have
// made without it. purpose says what it is for; it opens for no other. The size
// shows through as Padme leaves it. Nothing of it is of a form that others read.
func (k KeyFile) SealOwn(purpose string, plain []byte) ([]byte, error) {
	id, key, err := k.ownKeys(purpose)
	if err != nil {
		return nil, err
	}
	n := sha256.Size + 8 + len(plain)
	out := make([]byte, max(minOwn, int(Padme(int64(n)))))
	binary.BigEndian.PutUint64(out[sha256.Size:], uint64(len(plain)))
	copy(out[sha256.Size+8:], plain)
	copy(out, ownSum(key, purpose, out[sha256.Size:]))
	return encrypt(out, id.Recipient())
}

// minOwn is the size of the smallest file of one's own, so that an empty one
// and one with a few words look the same.
const minOwn = 4 << 10

// OpenOwn opens what SealOwn sealed for the same purpose, up to most bytes of it.
// ErrShape, ErrStanza, ErrNotForUs, ErrTooLarge; ErrDamaged when it was cut or
// altered, or made by somebody else.
func (k KeyFile) OpenOwn(purpose string, sealed []byte, most int) ([]byte, error) {
	id, key, err := k.ownKeys(purpose)
	if err != nil {
		return nil, err
	}
	if err := checkOne(sealed); err != nil {
		return nil, err
	}
	b, err := decrypt(sealed, max(minOwn, int(Padme(int64(most)+sha256.Size+8))), Identity(id.String()))
	if err != nil {
		return nil, err
	}
	if len(b) < sha256.Size+8 || !hmac.Equal(b[:sha256.Size], ownSum(key, purpose, b[sha256.Size:])) {
		return nil, fmt.Errorf("%w: not made with this person's key", ErrDamaged)
	}
	n := binary.BigEndian.Uint64(b[sha256.Size:])
	b = b[sha256.Size+8:]
	if n > uint64(len(b)) || !allZero(b[n:]) {
		return nil, fmt.Errorf("%w: length does not fit", ErrPadding)
	}
	if n > uint64(most) {
		return nil, fmt.Errorf("%w: over %d bytes", ErrTooLarge, most)
	}
	return b[:n], nil
}

func ownSum(key []byte, purpose string, b []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(vault.LP(tagOwn, []byte(purpose)))
	m.Write(b)
	return m.Sum(nil)
}
