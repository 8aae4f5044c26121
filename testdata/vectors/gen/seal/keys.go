package main

import (
	"encoding/hex"
	"strings"

	"filippo.io/age"
	"filippo.io/age/plugin"
	"github.com/btcsuite/btcd/btcutil/bech32"

	"peerwitness/vault/seal"
)

// keys writes keys.json: seeds with their identities and recipients, and the
// texts that must be refused as one or the other.
func keys() {
	type pair struct {
		Seed      string `json:"seed"`
		Identity  string `json:"identity"`
		Recipient string `json:"recipient"`
	}
	type refused struct {
		Name string `json:"name"`
		Text string `json:"text"`
	}
	var pairs []pair
	for n := range byte(3) {
		s := seed(n)
		id := seal.IdentityFromSeed(s)
		pairs = append(pairs, pair{hex.EncodeToString(s[:]), id.Reveal(), id.Recipient()})
	}
	r, id := pairs[1].Recipient, pairs[1].Identity
	classic := must(age.GenerateX25519Identity())
	_, data, err := bech32.DecodeNoLimit(r)
	check(err)
	key := must(bech32.ConvertBits(data, 5, 8, false))
	last := "q"
	if strings.HasSuffix(r, "q") {
		last = "p"
	}
	tag := must(bech32.EncodeFromBase256("age1tag", append([]byte{2}, key[1184:]...)))
	tagpq := must(bech32.EncodeFromBase256("age1tagpq", append(append([]byte{}, key...), make([]byte, 33)...)))
	lowModulus := append([]byte{}, key...)
	lowModulus[0], lowModulus[1], lowModulus[2] = 0xff, 0xff, 0xff // coefficients over q
	write("keys.json", map[string]any{
		"keys": pairs,
		"refused_recipients": []refused{
			{"nothing", ""},
			{"classic X25519", classic.Recipient().String()},
			{"tag", tag},
			{"tag, post-quantum", tagpq},
			{"plugin", plugin.EncodeRecipient("yubikey", key[:33])},
			{"ssh", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"},
			{"upper case", strings.ToUpper(r)},
			{"mixed case", strings.ToUpper(r[:8]) + r[8:]},
			{"white space before", " " + r},
			{"line end after", r + "\n"},
			{"wrong check", r[:len(r)-1] + last},
			{"cut short", r[:len(r)-40]},
			{"1,215 bytes", must(bech32.EncodeFromBase256("age1pq", key[:1215]))},
			{"1,217 bytes", must(bech32.EncodeFromBase256("age1pq", append(append([]byte{}, key...), 0)))},
			{"key that is not canonical", must(bech32.EncodeFromBase256("age1pq", lowModulus))},
			{"bech32m", must(bech32.EncodeM("age1pq", data))},
			{"an identity", id},
		},
		"refused_identities": []refused{
			{"nothing", ""},
			{"classic X25519", classic.String()},
			{"lower case", strings.ToLower(id)},
			{"mixed case", strings.ToLower(id[:20]) + id[20:]},
			{"wrong check", id[:len(id)-1] + flip(id[len(id)-1])},
			{"cut short", id[:len(id)-4]},
			{"31 bytes", strings.ToUpper(must(bech32.EncodeFromBase256("age-secret-key-pq-", make([]byte, 31))))},
			{"33 bytes", strings.ToUpper(must(bech32.EncodeFromBase256("age-secret-key-pq-", make([]byte, 33))))},
			{"line end after", id + "\n"},
			{"a recipient", r},
		},
	})
}

func flip(c byte) string {
	if c == 'Q' {
		return "P"
	}
	return "Q"
}
