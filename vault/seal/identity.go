package seal

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"filippo.io/age"
	"github.com/btcsuite/btcd/btcutil/bech32"
)

const (
	recipientHRP  = "age1pq"
	identityHRP   = "AGE-SECRET-KEY-PQ-"
	recipientSize = 1216
	seedSize      = 32
)

// Identity is a hybrid post-quantum private key, AGE-SECRET-KEY-PQ-1…. It
// formats and logs as the word "identity"; only Reveal and JSON give the key.
// (fmt cannot ask a value in an unexported field of another type: don't print
// such types.)
type Identity string

// NewIdentity makes a random identity.
func NewIdentity() (Identity, error) {
	var seed [seedSize]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return "", fmt.Errorf("making an identity: %w", err)
	}
	defer clear(seed[:])
	return IdentityFromSeed(seed), nil
}

// IdentityFromSeed returns the identity of a 32-byte seed. Any seed has one.
func IdentityFromSeed(seed [32]byte) Identity {
	s, err := bech32.EncodeFromBase256(strings.ToLower(identityHRP), seed[:])
	if err != nil {
		panic("seal: bech32 refused 32 bytes") // it takes any bytes under a valid prefix
	}
	return Identity(strings.ToUpper(s))
}

// ParseIdentity reads the text of an identity, exactly. ErrIdentity, without
// the text in the error.
func ParseIdentity(s string) (Identity, error) {
	if _, err := Identity(s).age(); err != nil {
		return "", err
	}
	return Identity(s), nil
}

// age returns the identity in age's form. age's own error is dropped: it can
// quote the key.
func (i Identity) age() (*age.HybridIdentity, error) {
	if !strings.HasPrefix(string(i), identityHRP+"1") || len(i) != len(identityHRP)+1+52+6 {
		return nil, ErrIdentity
	}
	id, err := age.ParseHybridIdentity(string(i))
	if err != nil {
		return nil, ErrIdentity
	}
	return id, nil
}

// Recipient returns the public half, or "" for what is not an identity.
func (i Identity) Recipient() string {
	id, err := i.age()
	if err != nil {
		return ""
	}
	return id.Recipient().String()
}

// Reveal returns the key itself, for the few places that write it down.
func (i Identity) Reveal() string { return string(i) }

// String gives the word "identity", whatever the key.
func (i Identity) String() string { return "identity" }

// Format writes the word "identity" for every verb.
func (i Identity) Format(f fmt.State, _ rune) { io.WriteString(f, "identity") }

// LogValue keeps the key out of structured logs.
func (i Identity) LogValue() slog.Value { return slog.StringValue("identity") }

// CheckRecipient tells whether s is a hybrid recipient. ErrRecipient.
func CheckRecipient(s string) error {
	_, err := parseRecipient(s)
	return err
}

// parseRecipient accepts the one canonical text of a hybrid recipient. A key
// whose X25519 half is of low order is refused here, where its owner can be
// named, and not in the middle of sealing to eight people.
func parseRecipient(s string) (*age.HybridRecipient, error) {
	switch {
	case !strings.HasPrefix(s, recipientHRP+"1"):
		return nil, fmt.Errorf("%w: not of the kind age1pq1…", ErrRecipient)
	case len(s) > 2000:
		return nil, fmt.Errorf("%w: too long", ErrRecipient)
	}
	r, err := age.ParseHybridRecipient(s)
	if err != nil || r.String() != s {
		return nil, fmt.Errorf("%w: malformed or mistyped", ErrRecipient)
	}
	_, data, err := bech32.DecodeNoLimit(s)
	if err != nil {
		return nil, fmt.Errorf("%w: malformed or mistyped", ErrRecipient)
	}
	key, err := bech32.ConvertBits(data, 5, 8, false)
	if err != nil || len(key) != recipientSize || lowOrder(key[recipientSize-x25519Size:]) {
		return nil, fmt.Errorf("%w: not a usable key", ErrRecipient)
	}
	return r, nil
}

// parseRecipients is parseRecipient for a set: not empty, nobody twice.
func parseRecipients(texts []string) ([]age.Recipient, error) {
	if len(texts) == 0 {
		return nil, ErrNoRecipients
	}
	seen := make(map[string]bool, len(texts))
	out := make([]age.Recipient, 0, len(texts))
	for n, s := range texts {
		r, err := parseRecipient(s)
		if err != nil {
			return nil, fmt.Errorf("recipient %d: %w", n+1, err)
		}
		if seen[s] {
			return nil, fmt.Errorf("recipient %d: %w: given twice", n+1, ErrRecipient)
		}
		seen[s] = true
		out = append(out, r)
	}
	return out, nil
}

// Key is what opens: an [Identity], or one that is [Ready].
type Key interface {
	// Recipient is the public half, or "" for what is no identity.
	Recipient() string
	age() (*age.HybridIdentity, error)
}

// Ready is an identity that was expanded once, for who opens much with it: that
// costs as much as opening a small file. It holds the key: let go of it as of the
// identity. It is safe for concurrent use, and formats as an Identity does.
type Ready struct {
	Identity
	id        *age.HybridIdentity
	recipient func() string
}

// Ready expands the identity. ErrIdentity.
func (i Identity) Ready() (*Ready, error) {
	id, err := i.age()
	if err != nil {
		return nil, err
	}
	return &Ready{i, id, sync.OnceValue(func() string { return id.Recipient().String() })}, nil
}

// Recipient returns the public half.
func (r *Ready) Recipient() string { return r.recipient() }

func (r *Ready) age() (*age.HybridIdentity, error) { return r.id, nil }

func parseIdentities(ids []Identity) ([]age.Identity, error) {
	if len(ids) == 0 {
		return nil, ErrNotForUs
	}
	out := make([]age.Identity, 0, len(ids))
	for _, i := range ids {
		out = append(out, untried{i})
	}
	return out, nil
}

// untried is an identity that is expanded only once age tries it. age takes
// them in order and stops at the first that fits, and expanding one costs more
// than trying it on a slot.
type untried struct{ Key }

// Unwrap tries the identity. ErrIdentity when it is none.
func (u untried) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	id, err := u.age()
	if err != nil {
		return nil, err
	}
	return id.Unwrap(stanzas)
}

// b64 is base64 of JSON fields: standard, padded, canonical.
var b64 = base64.StdEncoding.Strict()

// unb64 decodes a field of exactly size bytes, or of any size when size < 0.
// Go's decoder skips line ends; here they are refused.
func unb64(s string, size int) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := b64.DecodeString(s)
	return b, err == nil && (size < 0 || len(b) == size)
}
