package roster_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerwitness/vault/roster"
)

const vectors = "../../testdata/vectors/roster"

// wants maps the words of the vectors to errors.
var wants = map[string]error{
	"ok": nil, "shape": roster.ErrShape, "signatures": roster.ErrSignatures, "threshold": roster.ErrThreshold,
	"chain": roster.ErrChain, "expired": roster.ErrExpired, "older": roster.ErrOlder, "root": roster.ErrRoot,
	"person": roster.ErrPerson,
}

// checkWant fails the test unless err is what the vector's word says, and only that.
func checkWant(t *testing.T, err error, want string) {
	t.Helper()
	if _, ok := wants[want]; !ok {
		t.Fatalf("vector wants %q, which is no known word", want)
	}
	for word, sentinel := range wants {
		if got := errors.Is(err, sentinel); got != (word == want) {
			t.Errorf("error %v: is %q = %v, want %q", err, word, got, want)
		}
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors, file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readJSON(t testing.TB, file string, v any) {
	t.Helper()
	if err := json.Unmarshal(read(t, file), v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func date(t testing.TB, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func parse(t testing.TB, file string) *roster.Roster {
	t.Helper()
	r, err := roster.Parse(read(t, file))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return r
}

type rosterCase struct {
	File, Held, Root, Now, Want, Hash, Fingerprint string
	Version                                        uint64
}

func rosterCases(t testing.TB) []rosterCase {
	t.Helper()
	var cases []rosterCase
	readJSON(t, "index.json", &cases)
	if len(cases) < 80 {
		t.Fatalf("only %d roster cases", len(cases))
	}
	return cases
}

func TestVectorsRoster(t *testing.T) {
	for _, c := range rosterCases(t) {
		t.Run(c.File+" after "+c.Held+" on "+c.Now, func(t *testing.T) {
			var held *roster.Roster
			if c.Held != "" {
				held = parse(t, c.Held)
			}
			// The end of the day, because the day counts whole.
			now := date(t, c.Now).Add(24*time.Hour - time.Second)
			got, err := roster.Adopt(held, read(t, c.File), c.Root, now)
			checkWant(t, err, c.Want)
			if err != nil {
				if got != held {
					t.Errorf("refusing gave another roster than the one held")
				}
				return
			}
			if got.Version != c.Version || got.Hash.String() != c.Hash || got.Fingerprint() != c.Fingerprint {
				t.Errorf("version %d, hash %s, fingerprint %s; want %d, %s, %s", got.Version, got.Hash, got.Fingerprint(),
					c.Version, c.Hash, c.Fingerprint)
			}
		})
	}
}

// Every file of the folder is in some case: none is there for nothing.
func TestVectorsComplete(t *testing.T) {
	used := map[string]bool{"index.json": true, "certificates.json": true, "recipients.json": true, "strict.json": true}
	for _, c := range rosterCases(t) {
		used[c.File] = true
	}
	files, err := os.ReadDir(vectors)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !used[f.Name()] {
			t.Errorf("%s is in no case", f.Name())
		}
	}
}

func TestVectorsCertificates(t *testing.T) {
	type signed struct{ Name, JSON, Want string }
	var v struct {
		Roster      string
		Certs       []signed
		Revocations []signed
		Choose      []struct {
			Name, Now   string
			Certs       []string
			WantEpoch   uint32
			WantFrom    string
			WantCurrent bool
		}
	}
	readJSON(t, "certificates.json", &v)
	if len(v.Certs) == 0 || len(v.Revocations) == 0 || len(v.Choose) == 0 {
		t.Fatal("vectors are missing")
	}
	r := parse(t, v.Roster)
	for _, c := range v.Certs {
		t.Run("certificate "+c.Name, func(t *testing.T) {
			_, err := r.CheckCertificate([]byte(c.JSON))
			checkWant(t, err, c.Want)
		})
	}
	for _, c := range v.Revocations {
		t.Run("revocation "+c.Name, func(t *testing.T) {
			_, err := r.CheckRevocation([]byte(c.JSON))
			checkWant(t, err, c.Want)
		})
	}
	for _, c := range v.Choose {
		t.Run("choose "+c.Name, func(t *testing.T) {
			var certs []roster.Certificate
			for _, j := range c.Certs {
				cert, err := r.CheckCertificate([]byte(j))
				if err != nil {
					t.Fatal(err)
				}
				certs = append(certs, cert)
			}
			got, current, ok := roster.Choose(certs, date(t, c.Now).Add(23*time.Hour))
			if got.Epoch != c.WantEpoch || got.From != c.WantFrom || current != c.WantCurrent || ok != (c.WantEpoch != 0) {
				t.Errorf("epoch %d from %s, current %v, ok %v; want %d from %s, %v", got.Epoch, got.From, current, ok,
					c.WantEpoch, c.WantFrom, c.WantCurrent)
			}
		})
	}
}

func TestVectorsRecipients(t *testing.T) {
	var cases []struct {
		Name, Recipient string
		OK              bool
	}
	readJSON(t, "recipients.json", &cases)
	if len(cases) == 0 {
		t.Fatal("vectors are missing")
	}
	for _, c := range cases {
		err := roster.CheckRecipient(c.Recipient)
		if (err == nil) != c.OK || err != nil && !errors.Is(err, roster.ErrShape) {
			t.Errorf("%s: %v, want ok = %v", c.Name, err, c.OK)
		}
	}
}

func TestVectorsStrict(t *testing.T) {
	var cases []struct {
		Name, Base64 string
		OK           bool
	}
	readJSON(t, "strict.json", &cases)
	if len(cases) == 0 {
		t.Fatal("vectors are missing")
	}
	for _, c := range cases {
		b, err := base64.StdEncoding.DecodeString(c.Base64)
		if err != nil {
			t.Fatal(err)
		}
		if err := roster.StrictJSON(b); (err == nil) != c.OK || err != nil && !errors.Is(err, roster.ErrShape) {
			t.Errorf("%s: %v, want ok = %v", c.Name, err, c.OK)
		}
	}
}

// What the vectors hold is what their words say, down to the reason: a note
// refused for another defect than the one it shows would prove nothing.
func TestVectorsReasons(t *testing.T) {
	reasons := map[string]string{
		"recipient-classic.note":         "people[0].personal: not of the form that the protocol gives: recipient: not a hybrid one",
		"recipient-tag.note":             "people[0].personal: not of the form that the protocol gives: recipient: not a hybrid one",
		"recovery-classic.note":          "recovery: not of the form that the protocol gives: recipient: not a hybrid one",
		"json-duplicate-key.note":        `key "version" comes twice`,
		"json-duplicate-nested.note":     `key "slots" comes twice`,
		"json-case-folded.note":          "a key has other characters",
		"json-space.note":                "expected a value",
		"json-escape.note":               "an escape other than",
		"json-separator.note":            "a line or paragraph separator",
		"json-control.note":              "a control character",
		"json-trailing.note":             "bytes after the end",
		"slots-9.note":                   "slots: neither 8 nor 16",
		"eight-people-eight-slots.note":  "people: 8 people where 1 to 7 belong",
		"unknown-person.note":            "not one of the people",
		"duplicate-signing.note":         "people[1].signing: another person has it",
		"bidi-name.note":                 "name: a character that turns the direction",
		"bidi-label.note":                "a character that turns the direction",
		"third-line.note":                "after the two lines come an empty one",
		"trailing-text.note":             "signature line 3",
		"signature-not-canonical.note":   "signature line 2",
		"root-twice.note":                "name and key hash come twice",
		"day.note":                       "issued: not a day",
		"issued-after-expiry.note":       "before the day of issue",
		"recovery-missing.note":          "recovery: missing",
		"policy.note":                    "answers_days: missing",
		"duplicate-person.note":          "id: another person has it",
		"unknown-region.note":            "not one of the regions",
		"nobody-at-desk.note":            "0 people where 1 to 7 belong",
		"recipient-upper-case.note":      "not a hybrid one",
		"version-0.note":                 "version: not a whole number",
		"threshold-4-of-3.note":          "threshold: not a whole number",
		"root-hash.note":                 "not a note's verifier key",
		"json-unsafe-number.note":        "a number over 2^53-1",
		"rotated-by-new-roots-only.note": "",
		"signature-two-spaces.note":      "signature line 1",
		"json-deep.note":                 "more than 32 levels",
		"json-exponent.note":             "expected a comma",
		"json-case-folded-unicode.note":  "a key has other characters",
		"signing-url-base64.note":        "signing: not the base64",
		"duplicate-region.note":          "another region has it",
		"duplicate-desk.note":            "another desk has it",
		"person-twice-at-desk.note":      "comes twice",
		"recipient-tag-hybrid.note":      "not a hybrid one",
		"spoilt-repeat.note":             "root key root-a",
		"former.note":                    "former: not 64",
		"no-roots.note":                  "roots: empty",
		"long-name.note":                 "over 80 characters",
		"empty-name.note":                "name: empty",
		"role.note":                      "not a role",
		"language.note":                  "not a language tag",
		"no-labels.note":                 "0 languages",
		"bucket-bits.note":               "bucket_bits: not a whole number",
	}
	for file, want := range reasons {
		_, err := roster.Parse(read(t, file))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", file, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q in it", file, err, want)
		}
	}
}

func TestVectorsFirst(t *testing.T) {
	r := parse(t, "first.note")
	if diff := cmp.Diff(2, len(r.Desks)); diff != "" {
		t.Error(diff)
	}
	want := roster.Labels{"en": "Street lawyers", "fr": "Avocates de rue"}
	if diff := cmp.Diff(want, r.Desks[0].Labels); diff != "" {
		t.Error(diff)
	}
	if got := r.People[2].Name; got != `Daw "Khin" \ ဒေါ်ခင်` {
		t.Errorf("name %q", got)
	}
}
