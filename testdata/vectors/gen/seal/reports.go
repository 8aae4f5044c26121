package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"peerwitness/vault/seal"
)

const rosterHash = "1111111111111111111111111111111111111111111111111111111111111111"

// sample is a report with every field that PROTOCOL.md names.
func sample() seal.Report {
	hour := 14
	return seal.Report{
		V: 1, Kind: "report", ID: "00112233445566778899aabbccddeeff", Desk: "street", Lang: "en", Made: "2026-11-23",
		Build: "test", Practice: true, Flags: []string{"expired-roster"}, Roster: rosterHash,
		Answers: seal.Answers{
			Groups: []string{"police"}, Acts: []string{"extortion"}, Who: []string{"police"}, WhoText: "two officers",
			Where:  seal.Where{Region: "north", Part: "harbour", Place: "by the old ferry"},
			When:   seal.When{Kind: "date", Date: "2026-11-20", Hour: &hour, Clock: "phone"},
			Teller: "affected", Asked: "yes",
			Affected: seal.Affected{Populations: []string{"injects-drugs"}, Gender: "woman", Age: "25-34", HowMany: "1"},
			Grounds:  []string{"drug-use"}, Consequences: []string{"injured"}, Urgency: "danger-now", Need: []string{"lawyer-now"},
			Custody: &seal.Custody{Name: "A", Place: "station", Since: "yesterday", Hearing: "tomorrow", Medicine: "none"},
			Story:   "PRACTICE. They asked for money. <b>&amp; မြန်မာ",
		},
		Contact: &seal.Contact{Name: "K", Reach: "knock", Times: "evening", Not: "no names"},
		Consent: []string{"legal-help", "count-me"},
		Thread:  entropy("000102030405060708090a0b0c0d0e0f").Thread(),
		Attachments: []seal.Attachment{{N: 0, SHA256: strings.Repeat("ab", 32), SealedSHA256: strings.Repeat("cd", 32), Size: 123,
			Type: "image/jpeg", Identity: seal.IdentityFromSeed(seed(9)), SealedSize: 1800, Cleaned: true}},
	}
}

type jsonCase struct {
	Name string `json:"name"`
	JSON string `json:"json"`
	OK   bool   `json:"ok"`
}

// edit returns the sample's JSON with one field changed; a nil value deletes it.
func edit(base map[string]any, path string, v any) string {
	var copied map[string]any
	check(json.Unmarshal(must(json.Marshal(base)), &copied))
	at, parts := copied, strings.Split(path, ".")
	for _, p := range parts[:len(parts)-1] {
		at = at[p].(map[string]any)
	}
	if v == nil {
		delete(at, parts[len(parts)-1])
	} else {
		at[parts[len(parts)-1]] = v
	}
	return string(must(json.Marshal(copied)))
}

func asMap(b []byte) (m map[string]any) {
	check(json.Unmarshal(b, &m))
	return m
}

func reports() {
	full := must(sample().Encode())
	m := asMap(full)
	least := map[string]any{}
	for _, k := range []string{"v", "kind", "report", "desk", "thread", "roster"} {
		least[k] = m[k]
	}
	small := string(must(json.Marshal(least)))
	with := func(text string) string { return small[:len(small)-1] + "," + text + "}" }
	att := func(change map[string]any) string {
		a := maps.Clone(m["attachments"].([]any)[0].(map[string]any))
		maps.Copy(a, change)
		return edit(least, "attachments", []any{a})
	}
	nested := func(n int) string { return with(`"later":` + strings.Repeat("[", n) + strings.Repeat("]", n)) }
	many := func(n int) string {
		var as []any
		for i := range n {
			a := maps.Clone(m["attachments"].([]any)[0].(map[string]any))
			a["n"] = i
			as = append(as, a)
		}
		return edit(least, "attachments", as)
	}
	classic := "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	write("reports.json", []jsonCase{
		{"everything", string(full), true},
		{"only what is required", small, true},
		{"unknown fields", with(`"later":{"x":[1,2.5,null,"\u00e9"]}`), true},
		{"codes nobody knows", edit(m, "answers.groups", []string{"new-group"}), true},
		{"white space", " \n" + small + "\n ", true},
		{"31 levels below the top", nested(31), true},
		{"16 attachments", many(16), true},
		{"nothing", "", false},
		{"null", "null", false},
		{"a list", "[]", false},
		{"two values", small + small, false},
		{"cut short", small[:len(small)-1], false},
		{"not UTF-8 can't be in this file; a lone byte is tested by each side", "\\", false},
		{"33 levels", nested(32), false},
		{"a thousand levels, never closed", with(`"later":` + strings.Repeat("[", 1000)), false},
		{"version 2", edit(least, "v", 2), false},
		{"version as text", edit(least, "v", "1"), false},
		{"another kind", edit(least, "kind", "follow-up"), false},
		{"no report id", edit(least, "report", nil), false},
		{"report id in upper case", edit(least, "report", "00112233445566778899AABBCCDDEEFF"), false},
		{"report id too short", edit(least, "report", "0011"), false},
		{"no desk", edit(least, "desk", nil), false},
		{"desk with a slash", edit(least, "desk", "../street"), false},
		{"no thread", edit(least, "thread", nil), false},
		{"thread null", edit(least, "thread", json.RawMessage("null")), false},
		{"thread id of another key", edit(least, "thread.id", strings.Repeat("0", 32)), false},
		{"thread key of 31 bytes", edit(least, "thread.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg=="), false},
		{"thread key without padding", edit(least, "thread.key", strings.TrimRight(m["thread"].(map[string]any)["key"].(string), "=")), false},
		{"reply to a classic recipient", edit(least, "thread.reply", classic), false},
		{"no reply", edit(least, "thread.reply", nil), false},
		{"bucket too short", edit(least, "thread.bucket", "00"), false},
		{"no roster", edit(least, "roster", nil), false},
		{"a key twice", with(`"desk":"street"`), false},
		{"a key twice, escaped", with(`"des\u006b":"street"`), false},
		{"a key in other case", with(`"Desk":"other"`), false},
		{"a key twice, further in", with(`"later":{"a":1,"a":2}`), false},
		{"groups as text", edit(m, "answers.groups", "police"), false},
		{"hour as a fraction", edit(m, "answers.when.hour", 1.5), false},
		{"17 attachments", many(17), false},
		{"two attachments with one number", edit(least, "attachments", []any{m["attachments"].([]any)[0], m["attachments"].([]any)[0]}), false},
		{"attachment with a classic identity", att(map[string]any{"identity": "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"}), false},
		{"attachment of a negative size", att(map[string]any{"size": -1}), false},
		{"attachment over 100 MiB", att(map[string]any{"size": 100<<20 + 1}), false},
		{"attachment with number 16", att(map[string]any{"n": 16}), false},
		{"attachment cleaned, without its sealed hash", att(map[string]any{"sealed_sha256": ""}), false},
		{"attachment with a bad hash", att(map[string]any{"sha256": "00"}), false},
	})
}

func followUps() {
	type followUp struct {
		Name      string `json:"name"`
		Entropy   string `json:"entropy"`    // of the receipt that signed
		ThreadKey string `json:"thread_key"` // of the report, base64
		Desk      string `json:"desk"`       // that it was deposited for
		JSON      string `json:"json"`
		Parses    bool   `json:"parses"`
		Genuine   bool   `json:"genuine"`
	}
	const mine, other = "000102030405060708090a0b0c0d0e0f", "ffffffffffffffffffffffffffffffff"
	r := entropy(mine)
	msg := seal.Message{ID: "aabbccddeeff00112233445566778899", Of: sample().ID, Seq: 1, Text: "I am safe now. é မြန်မာ <b>",
		Withdraw: []string{"count-me"}, Attachments: []seal.BlobNames{{N: 0, Blobs: []string{strings.Repeat("0a", 32)}}}}
	good := string(must(seal.NewFollowUp("street", msg, r.ThreadKey())))
	strange := string(must(seal.NewFollowUp("street", msg, entropy(other).ThreadKey())))
	m, s := asMap([]byte(good)), asMap([]byte(strange))
	body := m["body"].(string)
	resigned := func(body string) string {
		return edit(map[string]any{"v": 1, "kind": "follow-up", "thread": r.ThreadID(), "body": body}, "sig",
			must(seal.SignFollowUp("street", body, r.ThreadKey())))
	}
	bm := asMap([]byte(body))
	key, otherKey := r.Thread().Key, entropy(other).Thread().Key
	file := func(n int) string {
		return fmt.Sprintf(`{"n":%d,"sha256":"%s","size":3,"identity":"%s","sealed_size":1700}`, n, strings.Repeat("0b", 32), string(entropy(other).ReplyIdentity()))
	}
	write("follow-ups.json", []followUp{
		{"good", mine, key, "street", good, true, true},
		{"another order and spaces in the body", mine, key, "street", resigned(" " + body), true, true},
		{"unknown fields", mine, key, "street", edit(m, "later", 1), true, true},
		{"deposited for another desk", mine, key, "other", good, true, false},
		{"text changed", mine, key, "street", edit(m, "body", strings.Replace(body, "safe", "dead", 1)), true, false},
		{"signature changed", mine, key, "street", edit(m, "sig", s["sig"]), true, false},
		{"signed by another thread", other, key, "street", strange, true, false},
		{"signed by another thread, named as this one", other, key, "street", edit(s, "thread", r.ThreadID()), true, false},
		{"named as another thread", mine, otherKey, "street", good, true, false},
		{"no signature", mine, key, "street", edit(m, "sig", nil), false, false},
		{"signature of 63 bytes", mine, key, "street", edit(m, "sig", strings.Repeat("A", 84)), false, false},
		{"body as an object", mine, key, "street", edit(m, "body", bm), false, false},
		{"body not JSON", mine, key, "street", resigned("hello"), false, false},
		{"body with a key twice", mine, key, "street", resigned(body[:len(body)-1] + `,"seq":2}`), false, false},
		{"body 33 levels deep", mine, key, "street", resigned(body[:len(body)-1] + `,"x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + "}"), false, false},
		{"no report id of its own", mine, key, "street", resigned(edit(bm, "report", nil)), false, false},
		{"no report it is of", mine, key, "street", resigned(edit(bm, "of", nil)), true, true},
		{"no report it is of, and no number", mine, key, "street", resigned(edit(asMap([]byte(edit(bm, "of", nil))), "seq", 0)), true, true},
		{"report it is of in upper case", mine, key, "street", resigned(edit(bm, "of", strings.ToUpper(sample().ID))), false, false},
		{"blob name too short", mine, key, "street", resigned(strings.Replace(body, "0a0a", "0a", 1)), false, false},
		{"a file of its own", mine, key, "street", resigned(strings.Replace(body, `"blobs"`, `"new":`+file(0)+`,"blobs"`, 1)), true, true},
		{"a file of its own with two numbers", mine, key, "street", resigned(strings.Replace(body, `"blobs"`, `"new":`+file(1)+`,"blobs"`, 1)), false, false},
		{"a file of its own without a key", mine, key, "street", resigned(strings.Replace(body, `"blobs"`, `"new":{"n":0},"blobs"`, 1)), false, false},
		{"another kind", mine, key, "street", edit(m, "kind", "report"), false, false},
		{"version 2", mine, key, "street", edit(m, "v", 2), false, false},
	})
}
