package roster_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"peerwitness/vault/roster"
)

// signing is the vectors' Ed25519 key of that name, as their README derives it.
func signing(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("peerwitness test vectors: " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// rootSigner is the vectors' root key of keyName under a name.
func rootSigner(name, keyName string) string {
	key := signing(keyName)
	h := sha256.Sum256(append([]byte(name+"\n\x01"), key.Public().(ed25519.PublicKey)...))
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, binary.BigEndian.Uint32(h[:4]),
		base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...)))
}

func verifierOf(t testing.TB, name, keyName string) string {
	t.Helper()
	s, err := note.NewEd25519VerifierKey(name, signing(keyName).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// forceSign signs any text at all, as an attacker with root keys would.
func forceSign(t testing.TB, text []byte, signers ...string) []byte {
	t.Helper()
	var list []note.Signer
	for _, s := range signers {
		n, err := note.NewSigner(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	out, err := note.Sign(&note.Note{Text: string(text)}, list...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var rootA, rootB, rootC = rootSigner("root-a", "root-a"), rootSigner("root-b", "root-b"), rootSigner("root-c", "root-c")

// textOf is a note without its signatures.
func textOf(t testing.TB, n []byte) []byte {
	t.Helper()
	text, _, ok := bytes.Cut(n, []byte("\n\n"))
	if !ok {
		t.Fatal("a note without signatures")
	}
	return append(bytes.Clone(text), '\n')
}

// first is the vectors' first roster, ready to be changed.
func first(t testing.TB) *roster.Roster {
	t.Helper()
	return parse(t, "first.note")
}

// compose composes, signs by A and C, and parses the first roster after change.
func compose(t testing.TB, change func(r *roster.Roster)) *roster.Roster {
	t.Helper()
	r := first(t)
	change(r)
	n, err := roster.Compose(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{rootA, rootC} {
		if n, err = roster.Sign(n, s); err != nil {
			t.Fatal(err)
		}
	}
	if r, err = roster.Parse(n); err != nil {
		t.Fatal(err)
	}
	return r
}
