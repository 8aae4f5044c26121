package roster_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"peerwitness/vault/roster"
)

func TestCheckSigners(t *testing.T) {
	statement := []byte("statement")
	r := &roster.Roster{}
	keys := map[string]ed25519.PrivateKey{}
	add := func(id, seed string, roles ...string) {
		key := ed25519.NewKeyFromSeed([]byte(strings.Repeat(seed, 32)))
		keys[id] = key
		r.People = append(r.People, roster.Person{ID: id, Roles: roles, Signing: base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))})
	}
	const keeper, lead, community, advocate, twin = "p-000000000000000a", "p-000000000000000b", "p-000000000000000c", "p-000000000000000d", "p-000000000000000e"
	add(keeper, "k", roster.Keeper)
	add(lead, "l", roster.Advocate, roster.Lead)
	add(community, "c", roster.Community)
	add(advocate, "a", roster.Advocate, roster.Partner)
	add(twin, "k", roster.Keeper) // the keeper's key under another name
	keys["p-ffffffffffffffff"] = keys[keeper]
	sign := func(over string, by ...string) []roster.Signature {
		sigs := []roster.Signature{}
		for _, id := range by {
			sigs = append(sigs, roster.Signature{By: id, Sig: base64.StdEncoding.EncodeToString(ed25519.Sign(keys[id], []byte(over)))})
		}
		return sigs
	}
	mixed := append(sign("statement", keeper), sign("another", lead)...)
	for name, c := range map[string]struct {
		sigs []roster.Signature
		want error
	}{
		"two":                         {sign("statement", keeper, lead), nil},
		"with the community":          {sign("statement", lead, community), nil},
		"an advocate beside two":      {sign("statement", keeper, lead, advocate), nil},
		"nobody":                      {nil, roster.ErrSigners},
		"one":                         {sign("statement", keeper), roster.ErrSigners},
		"an advocate":                 {sign("statement", keeper, advocate), roster.ErrSigners},
		"a stranger":                  {sign("statement", keeper, "p-ffffffffffffffff"), roster.ErrSigners},
		"one key under two names":     {sign("statement", keeper, twin), roster.ErrSigners},
		"over something else":         {sign("another", keeper, lead), roster.ErrSignature},
		"one of two over something":   {mixed, roster.ErrSignature},
		"the same twice":              {sign("statement", keeper, keeper), roster.ErrShape},
		"in another order":            {sign("statement", lead, keeper), roster.ErrShape},
		"more than anybody checks":    {slices.Repeat(sign("statement", keeper), roster.MaxSigners+1), roster.ErrShape},
		"something that is no id":     {[]roster.Signature{{By: "nino", Sig: sign("statement", keeper)[0].Sig}}, roster.ErrShape},
		"something that is no base64": {[]roster.Signature{{By: keeper, Sig: "!"}}, roster.ErrShape},
		"something that is not long":  {[]roster.Signature{{By: keeper, Sig: "AAAA"}}, roster.ErrShape},
		"base64 with bits to spare":   {[]roster.Signature{{By: keeper, Sig: strings.TrimRight(sign("statement", keeper)[0].Sig, "=")}}, roster.ErrShape},
	} {
		if err := r.CheckSigners(statement, c.sigs); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if errors.Is(c.want, roster.ErrShape) {
			b, err := json.Marshal(c.sigs)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := roster.ParseSignatures(b); !errors.Is(err, roster.ErrShape) {
				t.Errorf("%s: parsed, %v", name, err)
			}
		}
	}
}

func FuzzParseSignatures(f *testing.F) {
	f.Add([]byte(`[]`))
	f.Add([]byte(`[{"by":"p-000000000000000a","sig":"` + base64.StdEncoding.EncodeToString(make([]byte, 64)) + `"}]`))
	for _, bad := range []string{``, `null`, `{}`, `[null]`, `[{}]`, `[ ]`, `[{"sig":"","by":""}]`, `[{"by":"","sig":"","more":1}]`, `[{"BY":"","sig":""}]`} {
		f.Add([]byte(bad))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sigs, err := roster.ParseSignatures(b)
		if err != nil {
			if !errors.Is(err, roster.ErrShape) {
				t.Fatalf("refused without a name: %v", err)
			}
			return
		}
		if again, err := json.Marshal(sigs); err != nil || string(again) != string(b) {
			t.Fatalf("%s became %s, %v", b, again, err)
		}
	})
}
