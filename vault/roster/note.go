package roster

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"peerwitness/vault"
)

const (
	firstLine = "peerwitness/roster/v1\n"
	sigPrefix = "— "
	algorithm = 1 // Ed25519, in a note's keys
)

// maxRootName bounds a root key's name, in characters.
const maxRootName = 80

// A rootKey is one of a roster's roots.
type rootKey struct {
	note.Verifier
	key [ed25519.PublicKeySize]byte
}

func (k rootKey) names(name string, hash uint32) bool {
	return k.Name() == name && k.KeyHash() == hash
}

// parseRoot reads a note verifier key in its one spelling.
func parseRoot(s string) (rootKey, error) {
	bad := errors.New("not a note's verifier key (name+hash+key)")
	parts := strings.SplitN(s, "+", 3)
	if len(parts) != 3 || !validRootName(parts[0]) {
		return rootKey{}, bad
	}
	b, err := decodeBase64(parts[2], 1+ed25519.PublicKeySize)
	if err != nil || b[0] != algorithm {
		return rootKey{}, bad
	}
	if s2, err := note.NewEd25519VerifierKey(parts[0], b[1:]); err != nil || s2 != s {
		return rootKey{}, bad
	}
	v, err := note.NewVerifier(s)
	if err != nil {
		return rootKey{}, bad
	}
	return rootKey{v, [ed25519.PublicKeySize]byte(b[1:])}, nil
}

// validRootName holds names to printable ASCII without space and plus, so that
// every reader splits signature lines alike.
func validRootName(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '+' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= maxRootName
}

func parseRoots(list []string) ([]rootKey, error) {
	keys := make([]rootKey, len(list))
	for i, s := range list {
		k, err := parseRoot(s)
		if err != nil {
			return nil, fmt.Errorf("%w: roots[%d]: %w", ErrShape, i, err)
		}
		keys[i] = k
	}
	return keys, nil
}

// A signature is one line at a note's end.
type signature struct {
	name   string
	hash   uint32
	sig    []byte
	base64 string // hash and sig, as on the line
}

// splitText takes the two lines of a roster's text off b.
func splitText(b []byte) (text, line, rest []byte, err error) {
	if len(b) > vault.MaxNote {
		return nil, nil, nil, fmt.Errorf("%w: over %d bytes", ErrShape, vault.MaxNote)
	}
	after, ok := bytes.CutPrefix(b, []byte(firstLine))
	if !ok {
		return nil, nil, nil, fmt.Errorf("%w: first line is not %q", ErrShape, strings.TrimSpace(firstLine))
	}
	line, rest, ok = bytes.Cut(after, []byte("\n"))
	if !ok {
		return nil, nil, nil, fmt.Errorf("%w: second line has no end", ErrShape)
	}
	return b[:len(firstLine)+len(line)+1], line, rest, nil
}

// splitSignatures reads what follows the text: an empty line, then 1 to 100
// signature lines and nothing else. It takes less than package note would, so
// that readers in other languages need not copy that one's leniencies.
func splitSignatures(rest []byte) ([]signature, error) {
	rest, ok := bytes.CutPrefix(rest, []byte("\n"))
	if !ok || len(rest) == 0 || rest[len(rest)-1] != '\n' {
		return nil, fmt.Errorf("%w: after the two lines come an empty one and the signatures, nothing else", ErrShape)
	}
	lines := strings.Split(string(rest[:len(rest)-1]), "\n")
	if len(lines) > MaxSignatures {
		return nil, fmt.Errorf("%w: over %d signatures", ErrShape, MaxSignatures)
	}
	sigs := make([]signature, len(lines))
	for i, l := range lines {
		name, text, ok := strings.Cut(strings.TrimPrefix(l, sigPrefix), " ")
		b, err := base64.StdEncoding.DecodeString(text)
		if !ok || !strings.HasPrefix(l, sigPrefix) || !validRootName(name) || err != nil || len(b) < 5 ||
			base64.StdEncoding.EncodeToString(b) != text {
			return nil, fmt.Errorf("%w: signature line %d", ErrShape, i+1)
		}
		sigs[i] = signature{name, binary.BigEndian.Uint32(b), b[4:], text}
	}
	return sigs, nil
}

// signers returns how many distinct public keys out of keys signed text. Every
// line that claims one of them must verify, repeats too. ErrSignatures.
func signers(text []byte, sigs []signature, keys []rootKey) (int, error) {
	signed := make(map[[ed25519.PublicKeySize]byte]bool)
	for _, s := range sigs {
		i := slices.IndexFunc(keys, func(k rootKey) bool { return k.names(s.name, s.hash) })
		if i < 0 {
			continue
		}
		if !keys[i].Verify(text, s.sig) {
			return 0, fmt.Errorf("%w: the one that claims to be by root key %s", ErrSignatures, s.name)
		}
		signed[keys[i].key] = true
	}
	return len(signed), nil
}
