package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"

	"filippo.io/age"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// exampleRoster writes keys.example/roster.note. Its private keys exist only
// while this function runs.
func exampleRoster() error {
	r := baseRoster()
	r.Organisation = "Example Rights Network"
	r.Issued, r.Expires = today, "2036-11-23"
	sum := func(s string) string { return vault.Sum([]byte("example " + s)).String() }
	r.Codebook, r.Texts = sum("codebook"), map[string]string{"en": sum("en"), "fr": sum("fr")}
	r.Recovery = fresh()
	names := map[string]string{}
	for i, name := range []string{"Advocate Nino", "Advocate Zoé", "Advocate Khin"} {
		b := make([]byte, 8)
		rand.Read(b)
		p := &r.People[i]
		names[p.ID] = "p-" + hex.EncodeToString(b)
		p.ID, p.Name, p.Personal = names[p.ID], name, fresh()
		pub, _, err := ed25519.GenerateKey(nil)
		p.Signing = base64.StdEncoding.EncodeToString(must(pub, err))
	}
	for _, d := range r.Desks {
		for i, id := range d.People {
			d.People[i] = names[id]
		}
	}
	var signers []string
	for i, name := range []string{"example-root-1", "example-root-2", "example-root-3"} {
		signer, verifier, err := roster.NewRoot(name)
		signers, r.Roots[i] = append(signers, must(signer, err)), verifier
	}
	n := must(roster.Compose(r))
	for _, s := range signers[:2] {
		n = must(roster.Sign(n, s))
	}
	return write("keys.example/roster.note", n)
}

// fresh is the recipient of an identity that nobody has.
func fresh() string { return must(age.GenerateHybridIdentity()).Recipient().String() }
