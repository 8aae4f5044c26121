package roster_test

import (
	"bytes"
	"errors"
	"testing"

	"peerwitness/vault/roster"
)

// Attack 1: the roster adds a recipient that anybody with a quantum computer,
// or a plug-in, could stand behind. Nothing is adopted, so nothing is sealed.
func TestAttack01ClassicOrTagRecipient(t *testing.T) {
	held := first(t)
	for _, file := range []string{"recipient-classic.note", "recipient-tag.note", "recipient-tag-hybrid.note", "recovery-classic.note"} {
		// As the next version, well signed: only the recipient is wrong.
		text := bytes.Replace(textOf(t, read(t, file)), []byte(`"version":1,"former":""`),
			[]byte(`"version":2,"former":"`+held.Hash.String()+`"`), 1)
		n := forceSign(t, text, rootA, rootB, rootC)
		if !bytes.Contains(n, []byte(held.Hash.String())) {
			t.Fatal("the attack was not made")
		}
		for _, h := range []*roster.Roster{held, nil} {
			got, err := roster.Adopt(h, n, "", date(t, "2026-11-23"))
			if !errors.Is(err, roster.ErrShape) || got != h {
				t.Errorf("%s: %v, %v", file, got, err)
			}
		}
		if _, err := roster.Sign(text, rootA); !errors.Is(err, roster.ErrShape) {
			t.Errorf("%s: a root signs it: %v", file, err)
		}
	}
	var v struct{ Certs []struct{ Name, JSON string } }
	readJSON(t, "certificates.json", &v)
	tried := 0
	for _, c := range v.Certs {
		if c.Name != "classic recipient" && c.Name != "tag recipient" {
			continue
		}
		tried++
		sheet := roster.Sheet{Desk: "street"}
		sheet.Certificates = append(sheet.Certificates, []byte(c.JSON))
		openers, refused, err := held.Openers("street", sheet, date(t, "2026-11-23"))
		if err != nil || len(refused) != 1 || !errors.Is(refused[0], roster.ErrShape) || openers[0].Certificate.Recipient != "" {
			t.Errorf("%s: %+v, %v, %v", c.Name, openers, refused, err)
		}
	}
	if tried != 2 {
		t.Errorf("tried %d certificates", tried)
	}
}

// Attack 13: a roster that is older, expired, one distinct key short, signed by
// one key under two names, or read differently by two parsers. It is refused and
// the former one stays, byte for byte.
func TestAttack13FormerRosterStays(t *testing.T) {
	second := parse(t, "second.note")
	firstHeld := parse(t, "first.note")
	for _, c := range []struct {
		name string
		held *roster.Roster
		file string
		now  string
		want error
	}{
		{"older", second, "first.note", "2026-11-23", roster.ErrOlder},
		{"same version", firstHeld, "same-version.note", "2026-11-23", roster.ErrOlder},
		{"expired", firstHeld, "second.note", "2027-11-21", roster.ErrExpired},
		{"one key short", second, "one-key-short.note", "2026-11-23", roster.ErrThreshold},
		{"same key under two names", second, "same-key-two-names.note", "2026-11-23", roster.ErrThreshold},
		{"held roots one key short", second, "rotated-by-new-roots-only.note", "2026-11-23", roster.ErrChain},
		{"duplicate JSON keys", second, "json-duplicate-key.note", "2026-11-23", roster.ErrShape},
		{"duplicate nested keys", second, "json-duplicate-nested.note", "2026-11-23", roster.ErrShape},
		{"case-folded keys", second, "json-case-folded.note", "2026-11-23", roster.ErrShape},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := *c.held
			note := bytes.Clone(c.held.Note)
			got, err := roster.Adopt(c.held, read(t, c.file), "", date(t, c.now))
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if got != c.held || got.Version != before.Version || !bytes.Equal(got.Note, note) {
				t.Error("the former roster did not stay")
			}
		})
	}
	// The same key under two names in the held roots doesn't make two, either.
	held := compose(t, func(r *roster.Roster) {
		r.Roots = []string{r.Roots[0], verifierOf(t, "root-a-again", "root-a"), r.Roots[2]}
	})
	next := first(t)
	next.Version, next.Former = 2, held.Hash.String()
	text, err := roster.Compose(next)
	if err != nil {
		t.Fatal(err)
	}
	n := forceSign(t, text, rootA, rootSigner("root-a-again", "root-a"), rootB)
	if got, err := roster.Adopt(held, n, "", date(t, "2026-11-23")); !errors.Is(err, roster.ErrChain) || got != held {
		t.Errorf("one held key under two names: %v", err)
	}
	if _, err := roster.Adopt(held, forceSign(t, text, rootA, rootC), "", date(t, "2026-11-23")); err != nil {
		t.Errorf("two held keys: %v", err)
	}
}
