package roster_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/mod/sumdb/note"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

func TestLabel(t *testing.T) {
	l := roster.Labels{"en": "Street", "fr": "Rue", "pt-br": "Rua"}
	for lang, want := range map[string]string{"fr": "Rue", "fr-ca": "Rue", "FR": "Rue", "pt-br": "Rua", "pt": "Street", "": "Street", "my": "Street"} {
		if got := l.Label(lang); got != want {
			t.Errorf("label in %q is %q, want %q", lang, got, want)
		}
	}
	if got := (roster.Labels{"uk": "В", "ka": "ქ"}).Label("my"); got != "ქ" {
		t.Errorf("without English the first language gives %q", got)
	}
	if got := (roster.Labels{}).Label("en"); got != "" {
		t.Errorf("no labels give %q", got)
	}
	d := roster.Desk{Labels: l}
	if d.Label("fr") != "Rue" || (roster.Region{Labels: l}).Label("fr") != "Rue" || (roster.Part{Labels: l}).Label("fr") != "Rue" {
		t.Error("desk, region and part don't give their labels")
	}
}

func TestLookups(t *testing.T) {
	r := first(t)
	p, ok := r.Person("p-0000000000000001")
	if !ok || p.Name != "Advocate Nino" || !p.Has(roster.Lead) || p.Has(roster.Keeper) {
		t.Errorf("person %+v, %v", p, ok)
	}
	if want := signing("person-1 signing").Public(); !p.Key().Equal(want) {
		t.Error("another signing key")
	}
	if (roster.Person{Signing: "AAAA"}).Key() != nil {
		t.Error("a key of three bytes")
	}
	if _, ok := r.Person(roster.Recovery); ok {
		t.Error("recovery is a person")
	}
	d, ok := r.Desk("health")
	if !ok || d.Slots != 16 || !d.Has("p-0000000000000003") || d.Has("p-0000000000000001") {
		t.Errorf("desk %+v, %v", d, ok)
	}
	if _, ok := r.Desk("nowhere"); ok {
		t.Error("a desk that isn't there")
	}
	if g, ok := r.Region("north"); !ok || len(g.Parts) != 1 {
		t.Errorf("region %+v, %v", g, ok)
	}
	if _, ok := r.Region("west"); ok {
		t.Error("a region that isn't there")
	}
}

func TestExpired(t *testing.T) {
	r := first(t)
	last := date(t, r.Expires)
	if r.Expired(last.Add(24*time.Hour - 1)) {
		t.Error("expired on its last day")
	}
	if !r.Expired(last.Add(24 * time.Hour)) {
		t.Error("not expired on the day after")
	}
	// Five hours ahead of UTC the day after has begun, in UTC it hasn't.
	if r.Expired(last.Add(20 * time.Hour).In(time.FixedZone("", 5*3600))) {
		t.Error("expired by local time")
	}
}

func TestComposeAndParse(t *testing.T) {
	old := first(t)
	got := compose(t, func(r *roster.Roster) { r.Version = 9 })
	old.Version = 9
	if diff := cmp.Diff(old, got, cmpopts.IgnoreFields(roster.Roster{}, "Note", "Hash")); diff != "" {
		t.Error(diff)
	}
	if got.Hash != vault.Sum(got.Note) {
		t.Error("hash is not the note's")
	}
	var keys []note.Verifier
	for _, s := range got.Roots {
		v, err := note.NewVerifier(s)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, v)
	}
	n, err := note.Open(got.Note, note.VerifierList(keys...))
	if err != nil || len(n.Sigs) != 2 {
		t.Errorf("package note reads %v, %v", n, err)
	}
}

func TestParseKeepsItsOwnNote(t *testing.T) {
	b := read(t, "first.note")
	r, err := roster.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if vault.Sum(r.Note) != r.Hash {
		t.Error("the note changed with the caller's bytes")
	}
}

func TestComposeEmptyLists(t *testing.T) {
	r := compose(t, func(r *roster.Roster) {
		r.Desks, r.Regions, r.Texts = nil, nil, nil
		r.People = []roster.Person{r.People[0]}
		r.People[0].Roles = nil
	})
	if r.Desks == nil || len(r.Desks) != 0 || r.People[0].Roles == nil {
		t.Errorf("empty lists come back as %v, %v", r.Desks, r.People[0].Roles)
	}
	r = compose(t, func(r *roster.Roster) {
		r.Desks[0].Topics, r.Desks[0].Regions, r.Regions[1].Parts = nil, nil, nil
	})
	if len(r.Desks[0].Regions) != 0 {
		t.Errorf("regions %v", r.Desks[0].Regions)
	}
}

// many makes n people with keys of their own.
func many(r *roster.Roster, n int) []roster.Person {
	var out []roster.Person
	for i := range n {
		key := make([]byte, 32)
		key[0], key[1] = byte(i), byte(i>>8)
		out = append(out, roster.Person{ID: fmt.Sprintf("p-%016x", 100+i), Name: "N", Personal: r.Recovery,
			Signing: base64.StdEncoding.EncodeToString(key)})
	}
	return out
}

func TestComposeRefuses(t *testing.T) {
	label := roster.Labels{"en": "x"}
	for name, change := range map[string]func(r *roster.Roster){
		"over 1 MiB": func(r *roster.Roster) {
			r.People = append(r.People, many(r, 490)...)
			for i := range r.People {
				r.People[i].Name = strings.Repeat("ဒ", 80)
			}
		},
		"65 desks":    func(r *roster.Roster) { r.Desks = slices.Repeat(r.Desks[:1], 65) },
		"501 people":  func(r *roster.Roster) { r.Desks, r.People = nil, slices.Repeat(r.People[:1], 501) },
		"201 regions": func(r *roster.Roster) { r.Regions = slices.Repeat(r.Regions[:1], 201) },
		"201 parts": func(r *roster.Roster) {
			r.Regions[0].Parts = slices.Repeat([]roster.Part{{ID: "a", Labels: label}}, 201)
		},
		"same part twice":  func(r *roster.Roster) { r.Regions[0].Parts = slices.Repeat([]roster.Part{{ID: "a", Labels: label}}, 2) },
		"10 roots":         func(r *roster.Roster) { r.Roots = slices.Repeat(r.Roots[:1], 10) },
		"same topic":       func(r *roster.Roster) { r.Desks[0].Topics = []string{"a", "a"} },
		"line break":       func(r *roster.Roster) { r.Organisation = "a\nb" },
		"U+2028":           func(r *roster.Roster) { r.Organisation = "a\u2028b" },
		"not UTF-8":        func(r *roster.Roster) { r.Organisation = "a\xff" },
		"long":             func(r *roster.Roster) { r.Organisation = strings.Repeat("é", 201) },
		"long label":       func(r *roster.Roster) { r.Desks[0].Labels["en"] = strings.Repeat("é", 121) },
		"no label":         func(r *roster.Roster) { r.Desks[0].Labels = nil },
		"seven slots":      func(r *roster.Roster) { r.Desks[0].Slots = 7 },
		"negative days":    func(r *roster.Roster) { r.Policy.AnswersDays = -1 },
		"an objective":     func(r *roster.Roster) { r.Policy.LegalHelpDays = -1 },
		"a long objective": func(r *roster.Roster) { r.Policy.WaitDays = roster.MaxObjective + 1 },
		"person recovery":  func(r *roster.Roster) { r.People[0].ID = roster.Recovery },
		"person id":        func(r *roster.Roster) { r.People[0].ID = "p-00000000000000AB" },
		"language digit":   func(r *roster.Roster) { r.Texts["1a"] = r.Codebook },
		"language empty":   func(r *roster.Roster) { r.Texts["en--gb"] = r.Codebook },
		"root base64":      func(r *roster.Roster) { r.Roots[0] = strings.Replace(r.Roots[0], "+A", "+", 1) },
		"root hash case":   func(r *roster.Roster) { r.Roots[0] = strings.ToUpper(r.Roots[0][:15]) + r.Roots[0][15:] },
		"year 1969":        func(r *roster.Roster) { r.Issued = "1969-12-31" },
		"time of day":      func(r *roster.Roster) { r.Expires += "T00:00:00Z" },
		"language":         func(r *roster.Roster) { r.Texts["fr_FR"] = r.Codebook },
		"language by half": func(r *roster.Roster) { r.Texts["fr-"] = r.Codebook },
		"language length":  func(r *roster.Roster) { r.Texts["abcdefghi"] = r.Codebook },
		"language tag":     func(r *roster.Roster) { r.Texts["en-"+strings.Repeat("a-", 17)+"b"] = r.Codebook },
		"root name":        func(r *roster.Roster) { r.Roots[0] = strings.Replace(r.Roots[0], "root-a", "root\u00e9", 1) },
		"root algorithm": func(r *roster.Roster) {
			r.Roots[0] = r.Roots[0][:len(r.Roots[0])-44] + "Ag" + r.Roots[0][len(r.Roots[0])-42:]
		},
	} {
		r := first(t)
		change(r)
		if _, err := roster.Compose(r); !errors.Is(err, roster.ErrShape) {
			t.Errorf("%s: %v, want ErrShape", name, err)
		}
	}
	// As many people as fit are no trouble, and 200 code points are 200 however long their bytes.
	compose(t, func(r *roster.Roster) {
		r.People = append(r.People, many(r, 400)...)
		r.Organisation = strings.Repeat("ဒ", 200)
		r.Texts["sr-latn-rs"] = r.Codebook
	})
}

func TestParseTooLarge(t *testing.T) {
	text := bytes.Replace(textOf(t, read(t, "first.note")), []byte(`"threshold"`),
		[]byte(`"later":"`+strings.Repeat("x", vault.MaxNote)+`","threshold"`), 1)
	if _, err := roster.Parse(forceSign(t, text, rootA, rootC)); !errors.Is(err, roster.ErrShape) {
		t.Errorf("a note over the limit: %v", err)
	}
	line := append(bytes.Repeat([]byte("— x AAAAAAA=\n"), roster.MaxSignatures+1), 0)[:101*len("— x AAAAAAA=\n")]
	if _, err := roster.Parse(append(append(textOf(t, read(t, "first.note")), '\n'), line...)); !errors.Is(err, roster.ErrShape) {
		t.Errorf("101 signatures: %v", err)
	}
}

func TestFingerprint(t *testing.T) {
	r := first(t)
	var keys [][]byte
	for _, name := range []string{"root-a", "root-b", "root-c"} {
		keys = append(keys, signing(name).Public().(ed25519.PublicKey))
	}
	slices.SortFunc(keys, bytes.Compare)
	b := append(vault.LP("peerwitness/roots/v1"), 0, 0, 0, 2)
	for _, k := range keys {
		b = append(append(b, 0, 0, 0, 32), k...)
	}
	sum := vault.Sum(b)
	want := base64.RawURLEncoding.EncodeToString(sum[:])
	if got := r.Fingerprint(); got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
	slices.Reverse(r.Roots)
	if r.Fingerprint() != want {
		t.Error("the order of the roots changes the fingerprint")
	}
	r.Roots = append(r.Roots, verifierOf(t, "another-name", "root-a"))
	if r.Fingerprint() != want {
		t.Error("a key under a second name changes the fingerprint")
	}
	r.Threshold = 1
	if r.Fingerprint() == want {
		t.Error("the threshold doesn't change the fingerprint")
	}
	if (&roster.Roster{Roots: []string{"x"}}).Fingerprint() != "" || (&roster.Roster{}).Fingerprint() != "" {
		t.Error("a fingerprint without root keys")
	}
}

// The example in keys.example is what readers take, on any day until it runs out.
func TestExample(t *testing.T) {
	b, err := os.ReadFile("../../keys.example/roster.note")
	if err != nil {
		t.Fatal(err)
	}
	r, err := roster.Adopt(nil, b, "", date(t, "2026-11-23"))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Desks) != 2 || len(r.People) != 3 || len(r.Roots) != 3 || r.Threshold != 2 {
		t.Errorf("%d desks, %d people, %d of %d roots", len(r.Desks), len(r.People), r.Threshold, len(r.Roots))
	}
	if r.Expires != "2036-11-23" {
		t.Errorf("expires on %s", r.Expires)
	}
}
