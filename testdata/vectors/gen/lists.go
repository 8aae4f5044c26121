package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/btcsuite/btcd/btcutil/bech32"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

type signedCase struct {
	Name string `json:"name"`
	JSON string `json:"json"`
	Want string `json:"want"`
}

type chooseCase struct {
	Name        string   `json:"name"`
	Now         string   `json:"now"`
	Certs       []string `json:"certs"`
	WantEpoch   uint32   `json:"wantEpoch"` // 0 when there is none to seal to
	WantFrom    string   `json:"wantFrom"`
	WantCurrent bool     `json:"wantCurrent"`
}

func text(v any) string { return string(must(json.Marshal(v))) }

func date(s string) time.Time { return must(time.Parse(time.DateOnly, s)) }

func certificate(from string) roster.Certificate {
	return must(roster.NewCertificate("p-0000000000000001", hybrid("person-1 intake "+from), date(from), signing("person-1 signing")))
}

// resign signs a certificate that NewCertificate wouldn't make.
func resign(c roster.Certificate, key ed25519.PrivateKey) string {
	c.Sig = base64.StdEncoding.EncodeToString(ed25519.Sign(key, vault.LP("peerwitness/certificate/v1",
		[]byte(c.Person), vault.U32(c.Epoch), []byte(c.Recipient), []byte(c.From), []byte(c.Until))))
	return text(c)
}

func certificateVectors(first string) error {
	key := signing("person-1 signing")
	good := certificate("2026-11-05")
	with := func(change func(c *roster.Certificate)) roster.Certificate { c := good; change(&c); return c }
	certs := []signedCase{
		{"good", text(good), "ok"},
		{"unknown key kept", swap(text(good), `{`, `{"later":1,`), "ok"},
		{"over the end of a year", text(certificate("2026-12-31")), "ok"},
		{"leap year", text(certificate("2028-01-16")), "ok"},
		{"white space", swap(text(good), `,"from"`, `, "from"`), "shape"},
		{"duplicate key", swap(text(good), `{`, `{"epoch":202611,`), "shape"},
		{"case-folded key", swap(text(good), `"epoch"`, `"Epoch"`), "shape"},
		{"missing key", swap(text(good), `"until":"2026-12-20",`, ``), "shape"},
		{"classic recipient", resign(with(func(c *roster.Certificate) { c.Recipient = classic("x") }), key), "shape"},
		{"tag recipient", resign(with(func(c *roster.Certificate) { c.Recipient = tagged("x") }), key), "shape"},
		{"longer than 45 days", resign(with(func(c *roster.Certificate) { c.Until = "2026-12-21" }), key), "shape"},
		{"epoch of another month", resign(with(func(c *roster.Certificate) { c.Epoch = 202612 }), key), "shape"},
		{"no such day", resign(with(func(c *roster.Certificate) { c.From = "2026-11-31" }), key), "shape"},
		{"signature cut", text(with(func(c *roster.Certificate) { c.Sig = c.Sig[4:] })), "shape"},
		{"person not on the roster", resign(with(func(c *roster.Certificate) { c.Person = "p-00000000000000ff" }), key), "person"},
		{"another person's", text(with(func(c *roster.Certificate) { c.Person = "p-0000000000000002" })), "signatures"},
		{"signed by another person", resign(good, signing("person-2 signing")), "signatures"},
		{"another recipient", text(with(func(c *roster.Certificate) { c.Recipient = hybrid("y") })), "signatures"},
	}
	sep, oct, nov := text(certificate("2026-09-02")), text(certificate("2026-10-20")), text(good)
	late, dec := text(certificate("2026-11-25")), text(certificate("2026-12-01"))
	choose := []chooseCase{
		{"none", today, []string{}, 0, "", false},
		{"the only one", today, []string{nov}, 202611, "2026-11-05", true},
		{"highest epoch of two current", today, []string{nov, oct}, 202611, "2026-11-05", true},
		{"order does not matter", today, []string{oct, nov}, 202611, "2026-11-05", true},
		{"last day", "2026-12-20", []string{nov}, 202611, "2026-11-05", true},
		{"day after the last", "2026-12-21", []string{nov}, 202611, "2026-11-05", false},
		{"none current: the newest", "2027-06-01", []string{oct, nov, sep}, 202611, "2026-11-05", false},
		{"a current one before one that begins soon", "2026-11-30", []string{dec, nov}, 202611, "2026-11-05", true},
		{"begins in two days", "2026-11-29", []string{dec}, 202612, "2026-12-01", false},
		{"begins in three days", "2026-11-28", []string{dec}, 0, "", false},
		{"begins in three days, a run-out one stays", "2026-11-28", []string{dec, sep}, 202609, "2026-09-02", false},
		{"same epoch: the later first day", "2026-11-25", []string{nov, late, oct}, 202611, "2026-11-25", true},
		{"same epoch, not begun yet", today, []string{late, nov}, 202611, "2026-11-05", true},
	}
	lead := signing("person-1 signing")
	hash := vault.Sum([]byte(first))
	rev := must(roster.NewRevocation("p-0000000000000002", hash, "p-0000000000000001", vault.Sum([]byte("head")), lead))
	gone := must(roster.NewRevocation("p-00000000000000ff", hash, "p-0000000000000001", vault.ID{}, lead))
	notLead := must(roster.NewRevocation("p-0000000000000001", hash, "p-0000000000000002", vault.ID{}, signing("person-2 signing")))
	forged := must(roster.NewRevocation("p-0000000000000002", hash, "p-0000000000000001", vault.ID{}, signing("person-3 signing")))
	moved := rev
	moved.Person = "p-0000000000000003"
	revocations := []signedCase{
		{"good", text(rev), "ok"},
		{"somebody who has left", text(gone), "ok"},
		{"duplicate key", swap(text(rev), `{`, `{"person":"p-0000000000000002",`), "shape"},
		{"not a hash", swap(text(rev), hash.String(), "00"), "shape"},
		{"not by a lead", text(notLead), "person"},
		{"forged", text(forged), "signatures"},
		{"moved to another person", text(moved), "signatures"},
	}
	return writeJSON(dir+"certificates.json", struct {
		Roster      string       `json:"roster"`
		Certs       []signedCase `json:"certs"`
		Choose      []chooseCase `json:"choose"`
		Revocations []signedCase `json:"revocations"`
	}{"first.note", certs, choose, revocations})
}

type recipientCase struct {
	Name      string `json:"name"`
	Recipient string `json:"recipient"`
	OK        bool   `json:"ok"`
}

func recipientVectors() error {
	good := hybrid("person-1 personal")
	data := raw(good)
	changed := func(at int, b ...byte) string {
		d := append([]byte(nil), data...)
		copy(d[at:], b)
		return encode("age1pq", d)
	}
	values := must(bech32.ConvertBits(data, 8, 5, true))
	padded := append([]byte(nil), values...)
	padded[len(padded)-1] |= 1
	five := must(bech32.Encode("age1pq", padded))
	lowOrder := make([]byte, 32)
	lowOrder[0] = 1
	mistyped := swap(good, good[100:110], strings.Repeat("q", 10))
	return writeJSON(dir+"recipients.json", []recipientCase{
		{"hybrid", good, true},
		{"another hybrid", hybrid("recovery"), true},
		{"empty", "", false},
		{"classic", classic("x"), false},
		{"tag", tagged("x"), false},
		{"hybrid tag", taggedHybrid("x"), false},
		{"plug-in", encode("age1yubikey", make([]byte, 33)), false},
		{"ssh", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
		{"identity", strings.ToUpper(encode("age-secret-key-pq-", seed("x"))), false},
		{"upper case", strings.ToUpper(good), false},
		{"mixed case", "age1pq1" + strings.ToUpper(good[7:]), false},
		{"space before", " " + good, false},
		{"newline after", good + "\n", false},
		{"mistyped", mistyped, false},
		{"bech32m", must(bech32.EncodeM("age1pq", values)), false},
		{"padding bits not zero", five, false},
		{"one byte short", encode("age1pq", data[:1215]), false},
		{"one byte long", encode("age1pq", append(append([]byte(nil), data...), 0)), false},
		{"only the prefix", "age1pq1", false},
		{"ML-KEM coefficient out of range", changed(0, 0x01, 0x0d|data[1]&0xf0), false},
		{"X25519 all zero", changed(1184, make([]byte, 32)...), false},
		{"X25519 of low order", changed(1184, lowOrder...), false},
	})
}

type strictCase struct {
	Name   string `json:"name"`
	Base64 string `json:"base64"`
	OK     bool   `json:"ok"`
}

func strictVectors() error {
	var cases []strictCase
	add := func(ok bool, name, s string) {
		cases = append(cases, strictCase{name, base64.StdEncoding.EncodeToString([]byte(s)), ok})
	}
	add(true, "object", `{"a":1,"b_-9":[true,false,null,"x"],"c":{}}`)
	add(true, "escapes", `{"a":"\"\\"}`)
	add(true, "other letters", `["é ဒေါ် 𝄞"]`)
	add(true, "same key in two objects", `[{"a":1},{"a":1}]`)
	add(true, "space inside a text", `[" "]`)
	add(true, "numbers", `[0,-1,9007199254740991,-9007199254740991]`)
	add(true, "32 levels", strings.Repeat("[", 32)+strings.Repeat("]", 32))
	add(true, "bare value", `"x"`)
	add(true, "key __proto__", `{"__proto__":1}`)
	for _, c := range [][2]string{
		{"empty", ""},
		{"space before", ` {}`},
		{"newline after", "{}\n"},
		{"space after colon", `{"a": 1}`},
		{"space after comma", `[1, 2]`},
		{"two values", `{}{}`},
		{"duplicate key", `{"a":1,"a":1}`},
		{"duplicate key apart", `{"a":1,"b":2,"a":3}`},
		{"duplicate __proto__", `{"__proto__":1,"__proto__":2}`},
		{"upper-case key", `{"A":1}`},
		{"empty key", `{"":1}`},
		{"key with other letters", `{"ſ":1}`},
		{"key with escape", `{"\\":1}`},
		{"key with space", `{"a b":1}`},
		{"key not UTF-8", "{\"a\xff\":1}"},
		{"escape u", `["\u0061"]`},
		{"escape n", `["\n"]`},
		{"escape solidus", `["\/"]`},
		{"lone escape", `["\`},
		{"tab in text", "[\"\t\"]"},
		{"delete", "[\"\x7f\"]"},
		{"U+0085", "[\"\u0085\"]"},
		{"U+009F", "[\"\u009f\"]"},
		{"U+2028", "[\"\u2028\"]"},
		{"U+2029", "[\"\u2029\"]"},
		{"not UTF-8", "[\"\xff\"]"},
		{"overlong", "[\"\xc0\xaf\"]"},
		{"surrogate", "[\"\xed\xa0\x80\"]"},
		{"byte order mark", "\ufeff{}"},
		{"fraction", `[1.0]`},
		{"exponent", `[1e0]`},
		{"leading zero", `[01]`},
		{"minus zero", `[-0]`},
		{"plus", `[+1]`},
		{"over 2^53-1", `[9007199254740992]`},
		{"huge", `[` + strings.Repeat("9", 400) + `]`},
		{"lone minus", `[-]`},
		{"NaN", `[NaN]`},
		{"trailing comma", `[1,]`},
		{"trailing comma in object", `{"a":1,}`},
		{"single quotes", `{'a':1}`},
		{"comment", `{}/**/`},
		{"no end", `{"a":1`},
		{"text without end", `["x`},
		{"True", `[True]`},
		{"no colon", `{"a"}`},
		{"33 levels", strings.Repeat("[", 33) + strings.Repeat("]", 33)},
		{"zero byte", "\x00"},
	} {
		add(false, c[0], c[1])
	}
	return writeJSON(dir+"strict.json", cases)
}
