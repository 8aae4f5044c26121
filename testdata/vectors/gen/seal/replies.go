package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"filippo.io/age"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// person is who a reader of answers has on its roster.
type person struct {
	Person  string   `json:"person"`
	Signing string   `json:"signing"` // base64
	Roles   []string `json:"roles"`
	Revoked bool     `json:"revoked"`
}

// slot is a file, the lowest bit changed of the byte at Flip where that is not -1.
type slot struct {
	File  string `json:"file"`
	Flip  int    `json:"flip"`
	State string `json:"state"` // what becomes of it
	Error string `json:"error"` // of it by itself; empty when it opens and holds
}

type said struct {
	N     uint32 `json:"n"`
	Day   string `json:"day"`
	Text  string `json:"text"`
	Whole bool   `json:"whole"`
}

const longAnswer = 6000 // bytes, about: three slots

// replies writes replies.json: buckets as a phone fetches them, and what it must show.
func replies() {
	type bucket struct {
		Name    string `json:"name"`
		Entropy string `json:"entropy"`
		Slots   []slot `json:"slots"`
		Said    []said `json:"said"`
		RunOut  uint32 `json:"run_out"`
	}
	const mine, other = "000102030405060708090a0b0c0d0e0f", "ffffffffffffffffffffffffffffffff"
	const nino, dara, keeper, gone, stranger = "p-0000000000000001", "p-0000000000000002", "p-0000000000000003", "p-0000000000000004", "p-0000000000000005"
	key := func(p string) ed25519.PrivateKey {
		s := seed(40 + p[17] - '0')
		return ed25519.NewKeyFromSeed(s[:])
	}
	someone := func(p string, revoked bool, roles ...string) person {
		return person{p, base64.StdEncoding.EncodeToString(key(p).Public().(ed25519.PublicKey)), roles, revoked}
	}
	people := []person{someone(nino, false, "advocate"), someone(dara, false, "lead", "keeper"), someone(keeper, false, "keeper", "community"), someone(gone, true, "advocate")}

	r := entropy(mine)
	me := must(age.ParseHybridRecipient(r.ReplyIdentity().Recipient()))
	ok := func(file string) slot { return slot{file, -1, "answer", ""} }
	un := func(file, bad string) slot { return slot{file, -1, "unconfirmed", bad} }
	base := seal.Reply{Thread: r.ThreadID(), Desk: "street", Author: nino, Roster: 3, Day: "2026-11-23"}
	with := func(change func(*seal.Reply)) seal.Reply {
		b := base
		change(&b)
		return b
	}
	sums := map[string]string{}
	put := func(file string, b []byte) {
		if len(b) != vault.SlotSize {
			panic(fmt.Sprintf("%s has %d bytes", file, len(b)))
		}
		writeBytes(file, b)
		sums[file] = vault.Sum(b).String()
	}
	// good seals an answer as a workstation does, to files name-0, name-1 …
	good := func(name string, b seal.Reply) (files []string) {
		for i, s := range must(seal.SealReply(b, r.ReplyIdentity().Recipient(), key(b.Author))) {
			files = append(files, fmt.Sprintf("replies/%s-%d.slot", name, i))
			put(files[i], s)
		}
		return files
	}
	// made seals any text signed by any key; length -1 is its own.
	made := func(name, body string, by string, length int, change func([]byte)) string {
		sig := ed25519.Sign(key(by), vault.LP("peerwitness/reply-body/v1", []byte(body)))
		env := must(json.Marshal(map[string]string{"body": body, "sig": base64.StdEncoding.EncodeToString(sig)}))
		if length < 0 {
			length = len(env)
		}
		p := padded(env, length, 2437)
		change(p)
		file := "replies/" + name + ".slot"
		put(file, ageFile(p, bare{me}))
		return file
	}
	as := func([]byte) {}
	text := func(b seal.Reply) string { return string(must(json.Marshal(b))) }
	raw := func(path string, v any) string { return edit(asMap([]byte(text(first(base, "Hello.")))), path, v) }

	hello := "We read your report. အကြောင်းပြန်ပါမည်။ Nobody will contact the police. \"é\" <b>\nSecond line."
	long := strings.TrimSpace(strings.Repeat("ကျွန်ုပ်တို့ သင့်အစီရင်ခံစာကို ဖတ်ပြီးပါပြီ။ A lawyer comes on Monday. ", longAnswer/150))
	single := good("single", first(base, hello))
	chained := good("long", first(base, long))
	next := func(files []string, who string, txt string) seal.Reply {
		return with(func(b *seal.Reply) {
			b.N, b.Former, b.Author, b.Text, b.Day = uint32(len(files)), sums[files[len(files)-1]], who, txt, "2026-11-25"
		})
	}
	second := good("second", next(single, dara, "And one thing more."))
	third := good("third", next(append(single, second...), nino, "The last one."))
	afterLong := good("after-long", next(chained, dara, "See you on Monday."))
	s0 := said{0, base.Day, hello, true}
	s1 := said{1, "2026-11-25", "And one thing more.", true}
	s2 := said{2, "2026-11-25", "The last one.", true}
	sLong := said{0, base.Day, long, true}
	hi := []said{{0, base.Day, "Hello.", true}}

	var cases []bucket
	add := func(name string, runOut uint32, want []said, slots ...slot) {
		if want == nil {
			want = []said{}
		}
		if slots == nil {
			slots = []slot{}
		}
		cases = append(cases, bucket{name, mine, slots, want, runOut})
	}
	all := func(files ...[]string) (out []slot) {
		for _, fs := range files {
			for _, f := range fs {
				out = append(out, ok(f))
			}
		}
		return out
	}
	reversed := func(s []slot) (out []slot) {
		for i := range s {
			out = append(out, s[len(s)-1-i])
		}
		return out
	}

	add("nothing", 0, nil)
	add("one slot", 0, []said{s0}, all(single)...)
	add("a long one, chained", 0, []said{sLong}, all(chained)...)
	add("three answers by two people", 0, []said{s0, s1, s2}, all(single, second, third)...)
	add("a long one and one more, in reverse order", 0, []said{sLong, {uint32(len(chained)), "2026-11-25", "See you on Monday.", true}}, reversed(all(chained, afterLong))...)
	add("the first one has run out", 1, []said{s1, s2}, all(second, third)...)
	add("the same bytes twice", 0, []said{s0}, ok(single[0]), slot{single[0], -1, "other", ""})

	// Others' slots.
	theirs := must(seal.SealReply(with(func(b *seal.Reply) { b.Thread, b.Text = entropy(other).ThreadID(), "Not for you." }), entropy(other).ReplyIdentity().Recipient(), key(nino)))
	put("replies/theirs.slot", theirs[0])
	put("replies/noise.slot", make([]byte, vault.SlotSize))
	put("replies/two-stanzas.slot", twoStanzas(r))
	add("wrong receipt", 0, nil, slot{single[0], -1, "other", "not-for-us"})
	cases[len(cases)-1].Entropy = other
	add("another person's between", 0, []said{s0}, slot{"replies/theirs.slot", -1, "other", "not-for-us"}, ok(single[0]))
	add("not a slot", 0, []said{s0}, slot{"replies/noise.slot", -1, "other", "shape"}, ok(single[0]))
	add("two stanzas", 0, []said{s0}, slot{"replies/two-stanzas.slot", -1, "other", "shape"}, ok(single[0]))

	// Sealed to this receipt, and not to be believed.
	add("altered", 0, nil, slot{single[0], 4000, "unconfirmed", "damaged"})
	add("last byte altered", 0, nil, slot{single[0], 4095, "unconfirmed", "damaged"})
	add("signed by another than it names", 0, nil, un(made("wrong-key", text(first(base, "Hello.")), dara, -1, as), "signature"))
	add("body changed after signing", 0, nil, un(forged(me, text(first(base, "Hello.")), text(first(base, "Go to the police.")), key(nino), put), "signature"))
	add("author who isn't on the roster", 0, nil, un(made("stranger", text(with(func(b *seal.Reply) { b.Author, b.Text = stranger, "Hello." })), stranger, -1, as), "author"))
	add("author without the role", 0, nil, un(made("keeper", text(with(func(b *seal.Reply) { b.Author, b.Text = keeper, "Hello." })), keeper, -1, as), "author"))
	add("author who was revoked", 0, nil, un(made("gone", text(with(func(b *seal.Reply) { b.Author, b.Text = gone, "Hello." })), gone, -1, as), "author"))
	add("another thread's, sealed to this receipt", 0, nil, un(made("thread", text(with(func(b *seal.Reply) { b.Thread, b.Text = entropy(other).ThreadID(), "Hello." })), nino, -1, as), "thread"))
	add("signed as something else", 0, nil, un(otherTag(me, text(first(base, "Hello.")), key(nino), put), "signature"))
	add("length that doesn't fit", 0, nil, un(made("length", text(first(base, "Hello.")), nino, 2434, as), "padding"))
	add("length of 4 GiB", 0, nil, un(made("length-huge", text(first(base, "Hello.")), nino, 1<<32-1, as), "padding"))
	add("padding not zero", 0, nil, un(made("padding", text(first(base, "Hello.")), nino, -1, func(p []byte) { p[2436] = 1 }), "padding"))
	add("body not JSON", 0, nil, un(made("not-json", "Hello.", nino, -1, as), "content"))
	add("body with a key twice", 0, nil, un(made("key-twice", strings.TrimSuffix(text(first(base, "Hello.")), "}")+`,"n":1}`, nino, -1, as), "content"))
	add("no author", 0, nil, un(made("no-author", raw("author", nil), nino, -1, as), "content"))
	add("number below zero", 0, nil, un(made("negative", raw("n", -1), nino, -1, as), "content"))
	add("number that isn't whole", 0, nil, un(made("fraction", raw("n", 0.5), nino, -1, as), "content"))
	add("first one with a former", 0, nil, un(made("former", raw("former", strings.Repeat("0", 64)), nino, -1, as), "content"))
	add("second one without a former", 0, nil, un(made("no-former", raw("n", 1), nino, -1, as), "content"))
	add("no such day", 0, nil, un(made("day", raw("day", "2026-02-30"), nino, -1, as), "content"))
	add("unknown fields", 0, hi, ok(made("later", raw("later", map[string]any{"x": 1}), nino, -1, as)))

	// Chains.
	rival := good("rival", first(base, "The other first one."))
	add("two with one number: the first in the bucket counts", 0, []said{s0}, ok(single[0]), un(rival[0], ""))
	add("two with one number, the other way round, and the chain goes on from the loser", 0,
		[]said{{0, base.Day, "The other first one.", true}, s1}, ok(rival[0]), un(single[0], ""), ok(second[0]))
	twin := good("twin", next(single, dara, "Another second one."))
	add("two second ones, both after the first", 0, []said{s0, s1}, ok(single[0]), ok(second[0]), un(twin[0], ""))
	add("former of another slot", 0, []said{{0, base.Day, "The other first one.", true}}, ok(rival[0]), un(second[0], ""))
	add("one missing between", 0, []said{s0}, ok(single[0]), un(third[0], ""))
	add("altered in the middle", 0, []said{s0}, ok(single[0]), slot{second[0], 4000, "unconfirmed", "damaged"}, un(third[0], ""))
	add("end of a long one missing", 0, []said{{0, base.Day, long[:len(long)-len(tail(chained, r, key(nino)))], false}}, all(chained[:len(chained)-1])...)
	left := made("left", text(next(single, gone, "From one who has left.")), gone, -1, as)
	stayed := good("stayed", with(func(b *seal.Reply) { b.N, b.Former, b.Text = 2, sums[left], "From one who stayed." }))
	add("after one by a person who has left since", 0, []said{s0, {2, base.Day, "From one who stayed.", true}}, ok(single[0]), un(left, "author"), ok(stayed[0]))
	write("replies.json", map[string]any{"people": people, "buckets": cases})
}

func first(b seal.Reply, text string) seal.Reply {
	b.Text = text
	return b
}

// tail is the text of the last of some slots.
func tail(files []string, r seal.Receipt, key ed25519.PrivateKey) string {
	b := must(readVector(files[len(files)-1]))
	return must(seal.OpenReply(b, r.ReplyIdentity(), r.ThreadID(), func(string) (ed25519.PublicKey, bool) { return key.Public().(ed25519.PublicKey), true })).Text
}

// twoStanzas is a file of a slot's size with two stanzas.
func twoStanzas(r seal.Receipt) []byte {
	me := must(age.ParseHybridRecipient(r.ReplyIdentity().Recipient()))
	b := ageFile(make([]byte, 2437-1558), bare{me}, hybrid(3))
	return append(b, make([]byte, max(0, vault.SlotSize-len(b)))...)[:vault.SlotSize]
}

// forged carries body under the signature of another text.
func forged(me age.Recipient, signed, body string, key ed25519.PrivateKey, put func(string, []byte)) string {
	return envelope("replies/changed.slot", body, ed25519.Sign(key, vault.LP("peerwitness/reply-body/v1", []byte(signed))), me, put)
}

// otherTag signs the body as an entry's.
func otherTag(me age.Recipient, body string, key ed25519.PrivateKey, put func(string, []byte)) string {
	return envelope("replies/other-tag.slot", body, ed25519.Sign(key, vault.LP("peerwitness/entry-body/v1", []byte(body))), me, put)
}

func envelope(file, body string, sig []byte, me age.Recipient, put func(string, []byte)) string {
	env := must(json.Marshal(map[string]string{"body": body, "sig": base64.StdEncoding.EncodeToString(sig)}))
	put(file, ageFile(padded(env, len(env), 2437), bare{me}))
	return file
}
