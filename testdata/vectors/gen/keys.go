package main

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/tag"
	"github.com/btcsuite/btcd/btcutil/bech32"
	"golang.org/x/mod/sumdb/note"
)

// seed derives the 32 bytes that a vector's key of that name is made from.
func seed(name string) []byte {
	s := sha256.Sum256([]byte("peerwitness test vectors: " + name))
	return s[:]
}

func encode(hrp string, data []byte) string {
	return must(bech32.Encode(hrp, must(bech32.ConvertBits(data, 8, 5, true))))
}

// hybrid is the age hybrid recipient of that name.
func hybrid(name string) string {
	s := strings.ToUpper(encode("age-secret-key-pq-", seed(name)))
	return must(age.ParseHybridIdentity(s)).Recipient().String()
}

func classic(name string) string {
	s := strings.ToUpper(encode("age-secret-key-", seed(name)))
	return must(age.ParseX25519Identity(s)).Recipient().String()
}

func tagged(name string) string {
	key := must(ecdh.P256().NewPrivateKey(seed(name)))
	point := key.PublicKey().Bytes() // 4, x, y
	compressed := append([]byte{2 + point[64]&1}, point[1:33]...)
	return must(tag.NewClassicRecipient(compressed)).String()
}

// taggedHybrid is a post-quantum tag recipient: ML-KEM-768 and P-256.
func taggedHybrid(name string) string {
	key := must(ecdh.P256().NewPrivateKey(seed(name)))
	pq := raw(hybrid(name))[:1184]
	return must(tag.NewHybridRecipient(append(pq, key.PublicKey().Bytes()...))).String()
}

// raw is what a recipient's bech32 holds.
func raw(recipient string) []byte {
	_, values, err := bech32.DecodeNoLimit(recipient)
	return must(bech32.ConvertBits(must(values, err), 5, 8, false))
}

func signing(name string) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(seed(name)) }

func public(name string) string {
	return base64.StdEncoding.EncodeToString(signing(name).Public().(ed25519.PublicKey))
}

// A root is a note key under a name of its own.
type root struct{ signer, verifier string }

// newRoot makes the root key of keyName, shown as name.
func newRoot(name, keyName string) root {
	key := signing(keyName)
	pub := append([]byte{1}, key.Public().(ed25519.PublicKey)...)
	priv := append([]byte{1}, key.Seed()...)
	h := sha256.Sum256(append([]byte(name+"\n"), pub...))
	hash := binary.BigEndian.Uint32(h[:])
	b64 := base64.StdEncoding.EncodeToString
	return root{
		signer:   fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, hash, b64(priv)),
		verifier: fmt.Sprintf("%s+%08x+%s", name, hash, b64(pub)),
	}
}

// sign signs any text at all, sound or not.
func sign(text string, roots ...root) string {
	signers := make([]note.Signer, len(roots))
	for i, r := range roots {
		signers[i] = must(note.NewSigner(r.signer))
	}
	return string(must(note.Sign(&note.Note{Text: text}, signers...)))
}
