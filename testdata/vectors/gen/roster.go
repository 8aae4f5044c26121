package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

const (
	dir   = "testdata/vectors/roster/"
	today = "2026-11-23"
)

var (
	rootA = newRoot("root-a", "root-a")
	rootB = newRoot("root-b", "root-b")
	rootC = newRoot("root-c", "root-c")
	rootD = newRoot("root-d", "root-d")
	rootE = newRoot("root-e", "root-e")
	// rootA2 is root-a's key under another name.
	rootA2 = newRoot("root-a-again", "root-a")
)

// A rosterCase is one line of index.json.
type rosterCase struct {
	File        string `json:"file"`
	Held        string `json:"held,omitempty"`
	Root        string `json:"root,omitempty"`
	Now         string `json:"now"`
	Want        string `json:"want"`
	Version     uint64 `json:"version,omitempty"`     // of what is held afterwards
	Hash        string `json:"hash,omitempty"`        // H(note), accepted ones
	Fingerprint string `json:"fingerprint,omitempty"` // accepted ones
}

// rosters collects cases and writes their notes.
type rosters struct{ cases []rosterCase }

func (v *rosters) add(file, content string, c rosterCase) {
	if c.Now == "" {
		c.Now = today
	}
	c.File = file
	if c.Want == "ok" {
		r := must(roster.Parse([]byte(content)))
		c.Version, c.Hash, c.Fingerprint = r.Version, r.Hash.String(), r.Fingerprint()
	}
	must(0, write(dir+file, []byte(content)))
	v.cases = append(v.cases, c)
}

func (v *rosters) refuse(want, file, content string) { v.add(file, content, rosterCase{Want: want}) }

func person(n int, name string, roles ...string) roster.Person {
	key := fmt.Sprintf("person-%d", n)
	return roster.Person{
		ID: fmt.Sprintf("p-%016x", n), Name: name, Roles: roles,
		Personal: hybrid(key + " personal"), Signing: public(key + " signing"),
	}
}

func baseRoster() *roster.Roster {
	sum := func(s string) string { return vault.Sum([]byte(s)).String() }
	return &roster.Roster{
		Organisation: "Harbour Rights Network (practice)",
		Version:      1,
		Issued:       "2026-11-01",
		Expires:      "2027-11-01",
		Roots:        []string{rootA.verifier, rootB.verifier, rootC.verifier},
		Threshold:    2,
		Desks: []roster.Desk{
			{ID: "street", Labels: roster.Labels{"en": "Street lawyers", "fr": "Avocates de rue"}, Topics: []string{"police", "community"},
				Regions: []string{"north"}, People: []string{"p-0000000000000001", "p-0000000000000002"}, Slots: 8},
			{ID: "health", Labels: roster.Labels{"en": "Health desk", "fr": "Bureau santé"}, Topics: []string{"health"},
				Regions: []string{"north", "south"}, People: []string{"p-0000000000000002", "p-0000000000000003"}, Slots: 16},
		},
		Regions: []roster.Region{
			{ID: "north", Labels: roster.Labels{"en": "North", "fr": "Nord"}, Parts: []roster.Part{
				{ID: "harbour", Labels: roster.Labels{"en": "Harbour", "fr": "Le port"}}}},
			{ID: "south", Labels: roster.Labels{"en": "South", "fr": "Sud"}, Parts: []roster.Part{}},
		},
		People: []roster.Person{
			person(1, "Advocate Nino", roster.Advocate, roster.Lead),
			person(2, "Avocate Zoé & co <3", roster.Advocate),
			person(3, `Daw "Khin" \ ဒေါ်ခင်`, roster.Advocate, roster.Keeper),
		},
		Recovery: hybrid("recovery"),
		Codebook: sum("codebook"),
		Texts:    map[string]string{"en": sum("texts en"), "fr": sum("texts fr")},
		Policy:   roster.Policy{AnswersDays: 60, UnclaimedDays: 180, NoConsentDays: 30, ClosedYears: 6},
	}
}

// compose makes the text of the base roster after change.
func compose(change func(r *roster.Roster)) string {
	r := baseRoster()
	if change != nil {
		change(r)
	}
	return string(must(roster.Compose(r)))
}

// swap replaces old, which must be there, once.
func swap(s, old, new string) string {
	if !strings.Contains(s, old) {
		panic("nothing to replace: " + old)
	}
	return strings.Replace(s, old, new, 1)
}

func rosterVectors() error {
	v := &rosters{}
	first := sign(compose(nil), rootA, rootC)
	v.accepted(first)
	v.signatures(first)
	v.chain(first)
	v.json()
	v.shape()
	if err := writeJSON(dir+"index.json", v.cases); err != nil {
		return err
	}
	if err := certificateVectors(first); err != nil {
		return err
	}
	if err := recipientVectors(); err != nil {
		return err
	}
	return strictVectors()
}

func second(first string) string {
	return sign(compose(func(r *roster.Roster) {
		r.Version, r.Former = 2, vault.Sum([]byte(first)).String()
		r.Issued, r.Expires = "2026-11-20", "2027-11-20"
	}), rootA, rootB)
}

// rotate is the third roster, whose roots are C, D and E.
func rotate(former string, by ...root) string {
	return sign(compose(func(r *roster.Roster) {
		r.Version, r.Former = 3, vault.Sum([]byte(former)).String()
		r.Roots = []string{rootC.verifier, rootD.verifier, rootE.verifier}
	}), by...)
}

func (v *rosters) accepted(first string) {
	print := must(roster.Parse([]byte(first))).Fingerprint()
	ok := func(file, content, held, root string) {
		v.add(file, content, rosterCase{Want: "ok", Held: held, Root: root})
	}
	ok("first.note", first, "", print)
	ok("first.note", first, "", "")
	ok("first.note", first, "first.note", "")
	ok("second.note", second(first), "first.note", "")
	ok("third-rotated.note", rotate(second(first), rootA, rootC, rootD), "second.note", "")
	// A version was missed: the former hash is not the held one's, the roots are.
	ok("third-rotated.note", rotate(second(first), rootA, rootC, rootD), "first.note", "")
	// A reader that holds one goes by the roots it holds, not by an old link.
	ok("second.note", second(first), "first.note", strings.Repeat("A", 43))
	ok("extra-signature.note", sign(compose(nil), rootE, rootA, rootC), "", "")
	ok("unknown-keys.note", sign(swap(compose(nil), `"threshold":`,
		`"later":{"a_b-9":[true,false,null,-12,0,9007199254740991,"x",[],{}]},"threshold":`), rootA, rootC), "", "")
	ok("two-names-three-signatures.note", sign(compose(twoNames), rootA, rootA2, rootB), "", "")
	v.add("last-day.note", sign(compose(func(r *roster.Roster) { r.Expires = today }), rootA, rootC),
		rosterCase{Want: "ok"})
}

// twoNames makes two of the three roots one key.
func twoNames(r *roster.Roster) {
	r.Roots = []string{rootA.verifier, rootA2.verifier, rootB.verifier}
}

// spoil breaks the signature on the note's line of that root.
func spoil(n, name string) string {
	lines := strings.SplitAfter(n, "\n")
	for i, l := range lines {
		if b64, ok := strings.CutPrefix(l, "— "+name+" "); ok {
			b := must(base64.StdEncoding.DecodeString(strings.TrimSpace(b64)))
			b[len(b)-1] ^= 1
			lines[i] = "— " + name + " " + base64.StdEncoding.EncodeToString(b) + "\n"
		}
	}
	return strings.Join(lines, "")
}

func (v *rosters) signatures(first string) {
	text, _, _ := strings.Cut(first, "\n\n")
	text += "\n"
	v.refuse("shape", "no-signature.note", text)
	v.refuse("shape", "empty-signatures.note", text+"\n")
	v.refuse("threshold", "one-key-short.note", sign(text, rootA))
	v.refuse("threshold", "unknown-signers.note", sign(text, rootA, rootD, rootE))
	v.refuse("threshold", "same-key-two-names.note", sign(compose(twoNames), rootA, rootA2))
	v.refuse("threshold", "same-line-twice.note", sign(text, rootA)+strings.SplitN(sign(text, rootA), "\n\n", 2)[1])
	v.refuse("signatures", "spoilt-signature.note", spoil(sign(text, rootA, rootB, rootC), "root-b"))
	v.refuse("signatures", "spoilt-repeat.note", first+strings.SplitN(spoil(sign(text, rootA), "root-a"), "\n\n", 2)[1])
	v.refuse("signatures", "changed-after-signing.note", swap(first, "Harbour Rights", "Harbor Rights"))
	v.refuse("shape", "trailing-text.note", first+"and more\n")
	v.refuse("shape", "trailing-empty-line.note", first+"\n")
	v.refuse("shape", "signature-without-end.note", strings.TrimSuffix(first, "\n"))
	v.refuse("shape", "signature-not-canonical.note", strings.TrimSuffix(first, "=\n")+"\n")
	v.refuse("shape", "signature-with-hyphen.note", swap(first, "— root-a", "- root-a"))
	v.refuse("shape", "signature-two-spaces.note", swap(first, "— root-a ", "— root-a  "))
	v.refuse("shape", "third-line.note", sign(text+"third line\n", rootA, rootC))
	v.refuse("shape", "crlf.note", sign(strings.ReplaceAll(text, "\n", "\r\n"), rootA, rootC))
	v.refuse("shape", "byte-order-mark.note", sign("\ufeff"+text, rootA, rootC))
	v.refuse("shape", "first-line.note", sign(swap(text, "roster/v1", "roster/v2"), rootA, rootC))
}

func (v *rosters) chain(first string) {
	with := func(want, file, content string, c rosterCase) {
		c.Want = want
		v.add(file, content, c)
	}
	with("root", "first.note", first, rosterCase{Root: strings.Repeat("A", 43)})
	with("root", "other-roots.note", sign(compose(func(r *roster.Roster) {
		r.Roots = []string{rootC.verifier, rootD.verifier, rootE.verifier}
	}), rootD, rootE), rosterCase{Root: must(roster.Parse([]byte(first))).Fingerprint()})
	with("root", "other-threshold.note", sign(compose(func(r *roster.Roster) { r.Threshold = 1 }), rootA, rootC),
		rosterCase{Root: must(roster.Parse([]byte(first))).Fingerprint()})
	with("expired", "first.note", first, rosterCase{Now: "2027-11-02"})
	with("expired", "second.note", second(first), rosterCase{Held: "first.note", Now: "2028-01-01"})
	with("older", "first.note", first, rosterCase{Held: "second.note"})
	with("older", "same-version.note", sign(compose(func(r *roster.Roster) { r.Organisation = "Another" }), rootA, rootC),
		rosterCase{Held: "first.note"})
	with("chain", "wrong-former.note", sign(compose(func(r *roster.Roster) {
		r.Version, r.Former = 2, strings.Repeat("ab", 32)
	}), rootA, rootC), rosterCase{Held: "first.note"})
	with("chain", "no-former.note", sign(compose(func(r *roster.Roster) { r.Version = 2 }), rootA, rootC),
		rosterCase{Held: "first.note"})
	with("chain", "rotated-by-new-roots-only.note", rotate(second(first), rootC, rootD, rootE), rosterCase{Held: "second.note"})
	with("chain", "lowered-threshold.note", sign(compose(func(r *roster.Roster) {
		r.Version, r.Former, r.Threshold = 2, vault.Sum([]byte(first)).String(), 1
	}), rootB), rosterCase{Held: "first.note"})
	with("signatures", "rotated-spoilt-held.note", spoil(rotate(second(first), rootA, rootB, rootC, rootD), "root-b"),
		rosterCase{Held: "second.note"})
}

func (v *rosters) json() {
	base := compose(nil)
	bad := func(file, text string) { v.refuse("shape", "json-"+file+".note", sign(text, rootA, rootC)) }
	bad("duplicate-key", swap(base, `"version":1,`, `"version":1,"version":1,`))
	bad("duplicate-nested", swap(base, `"slots":8`, `"slots":8,"slots":8`))
	bad("case-folded", swap(base, `"desks":`, `"Desks":[],"desks":`))
	bad("case-folded-unicode", swap(base, `"desks":`, `"deſks":[],"desks":`))
	bad("space", swap(base, `"version":1`, `"version": 1`))
	bad("escape", swap(base, "Harbour", `H\u0061rbour`))
	bad("escape-solidus", swap(base, "Harbour", `Harbour\/`))
	bad("separator", swap(base, "Harbour", "Harbour\u2028"))
	bad("control", swap(base, "Harbour", "Harbour\u0085"))
	bad("exponent", swap(base, `"version":1`, `"version":1e0`))
	bad("fraction", swap(base, `"version":1`, `"version":1.0`))
	bad("unsafe-number", swap(base, `"version":1`, `"version":9007199254740993`))
	bad("trailing", swap(base, "}\n", "}{}\n"))
	bad("array", firstLineOf(base)+"[]\n")
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	bad("deep", swap(base, `"threshold":`, `"later":`+deep+`,"threshold":`))
}

func firstLineOf(text string) string { l, _, _ := strings.Cut(text, "\n"); return l + "\n" }

func (v *rosters) shape() {
	base := compose(nil)
	bad := func(file, text string) { v.refuse("shape", file+".note", sign(text, rootA, rootC)) }
	one := person(1, "")
	bad("recipient-classic", swap(base, one.Personal, classic("person-1 personal")))
	bad("recipient-tag", swap(base, one.Personal, tagged("person-1 personal")))
	bad("recipient-tag-hybrid", swap(base, one.Personal, taggedHybrid("person-1 personal")))
	bad("recipient-upper-case", swap(base, one.Personal, strings.ToUpper(one.Personal)))
	bad("recovery-classic", swap(base, hybrid("recovery"), classic("recovery")))
	bad("recovery-missing", swap(base, `"recovery":`, `"recover":`))
	bad("slots-9", swap(base, `"slots":8`, `"slots":9`))
	bad("slots-text", swap(base, `"slots":8`, `"slots":"8"`))
	ids, people := "", ""
	for n := 4; n <= 9; n++ {
		p := person(n, fmt.Sprintf("Person %d", n), roster.Advocate)
		ids += fmt.Sprintf(",%q", p.ID)
		people += fmt.Sprintf(`{"id":%q,"name":%q,"roles":["advocate"],"personal":%q,"signing":%q},`, p.ID, p.Name, p.Personal, p.Signing)
	}
	eight := swap(swap(base, `"people":[{`, `"people":[`+people+`{`), `"p-0000000000000002"],"slots":8`, `"p-0000000000000002"`+ids+`],"slots":8`)
	bad("eight-people-eight-slots", eight)
	bad("nobody-at-desk", swap(base, `["p-0000000000000001","p-0000000000000002"]`, `[]`))
	bad("unknown-person", swap(base, `["p-0000000000000001",`, `["p-00000000000000ff",`))
	bad("person-twice-at-desk", swap(base, `["p-0000000000000001",`, `["p-0000000000000002",`))
	bad("unknown-region", swap(base, `"regions":["north"]`, `"regions":["west"]`))
	bad("duplicate-person", swap(base, `{"id":"p-0000000000000003"`, `{"id":"p-0000000000000001"`))
	bad("duplicate-desk", swap(base, `"id":"health"`, `"id":"street"`))
	bad("duplicate-region", swap(base, `"id":"south"`, `"id":"north"`))
	bad("duplicate-signing", swap(base, person(2, "").Signing, one.Signing))
	bad("signing-short", swap(base, one.Signing, base64.StdEncoding.EncodeToString(make([]byte, 31))))
	bad("signing-url-base64", swap(base, one.Signing, base64.RawURLEncoding.EncodeToString(seed("x"))))
	bad("role", swap(base, `"roles":["advocate","lead"]`, `"roles":["advocate","admin"]`))
	bad("bidi-name", swap(base, "Advocate Nino", "Advocate \u202eoniN"))
	bad("bidi-label", swap(base, "Street lawyers", "Street \u2066lawyers"))
	bad("long-name", swap(base, "Advocate Nino", strings.Repeat("é", 81)))
	bad("empty-name", swap(base, "Advocate Nino", "  "))
	bad("no-labels", swap(base, `{"en":"North","fr":"Nord"}`, `{}`))
	bad("language", swap(base, `{"en":"North"`, `{"e":"North"`))
	bad("desk-id", swap(base, `"id":"street"`, `"id":"Street"`))
	bad("desk-id-path", swap(base, `"id":"street"`, `"id":"../street"`))
	bad("day", swap(base, `"2026-11-01"`, `"2026-11-31"`))
	bad("issued-after-expiry", swap(base, `"issued":"2026-11-01"`, `"issued":"2027-11-02"`))
	bad("version-0", swap(base, `"version":1`, `"version":0`))
	bad("former", swap(base, `"former":""`, `"former":"`+strings.ToUpper(hex.EncodeToString(seed("former")))+`"`))
	bad("threshold-0", swap(base, `"threshold":2`, `"threshold":0`))
	bad("threshold-4-of-3", swap(base, `"threshold":2`, `"threshold":4`))
	bad("root-twice", swap(base, rootB.verifier, rootA.verifier))
	bad("root-hash", swap(base, rootB.verifier, "x"+rootB.verifier))
	bad("no-roots", swap(base, `"`+rootA.verifier+`","`+rootB.verifier+`","`+rootC.verifier+`"`, ""))
	bad("codebook", swap(base, `"codebook":"`, `"codebook":"0`))
	bad("policy", swap(base, `"answers_days":60,`, ""))
	bad("bucket-bits", swap(base, `"bucket_bits":0`, `"bucket_bits":17`))
	bad("policy-null", swap(base, `"closed_years":6`, `"closed_years":null`))
}
