// Package accesstest makes an organisation for tests of servers: throwaway
// keys, a roster signed by two of three roots, a store that holds it, and
// things that look sealed from outside. Nothing in it can decrypt.
package accesstest

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/mlkem"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/bech32"
	"github.com/pquerna/otp/totp"

	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// Person is somebody on the roster, with her signing key.
type Person struct {
	roster.Person
	Private ed25519.PrivateKey
}

// Org is an organisation: two desks, street (8 slots) and health (16), and one
// person of each role by the role's name, with a second advocate, other.
type Org struct {
	Roots  []string // signers
	People map[string]*Person
	Roster *roster.Roster
	now    atomic.Int64
}

// Start is when organisations begin, unless they are told otherwise.
var Start = time.Date(2026, 11, 23, 9, 15, 0, 0, time.UTC)

// NewOrg makes an organisation whose clock stands at Start.
func NewOrg(t testing.TB) *Org { return NewOrgAt(t, Start) }

// NewOrgAt makes an organisation whose clock stands at start, with a roster
// that is good for the year around it.
func NewOrgAt(t testing.TB, start time.Time) *Org {
	t.Helper()
	o := &Org{People: map[string]*Person{}}
	o.now.Store(start.UnixNano())
	var verifiers []string
	for _, name := range []string{"root-a", "root-b", "root-c"} {
		signer, verifier, err := roster.NewRoot(name)
		if err != nil {
			t.Fatal(err)
		}
		o.Roots, verifiers = append(o.Roots, signer), append(verifiers, verifier)
	}
	r := &roster.Roster{
		Organisation: "Peers & Rights", Version: 1,
		Issued:  start.AddDate(0, -1, 0).UTC().Format(time.DateOnly),
		Expires: start.AddDate(0, 11, 0).UTC().Format(time.DateOnly),
		Roots:   verifiers, Threshold: 2, Recovery: Recipient(t),
		Codebook: vault.Sum(codebook.Default()).String(), Texts: map[string]string{},
		Policy: roster.Policy{AnswersDays: 60, UnclaimedDays: 180, NoConsentDays: 30, ClosedYears: 6},
	}
	for lang, b := range codebook.DefaultTexts() {
		r.Texts[lang] = vault.Sum(b).String()
	}
	roles := []string{roster.Advocate, "other", roster.Lead, roster.Keeper, roster.Partner, roster.Community}
	for i, name := range roles {
		p := NewPerson(t, fmt.Sprintf("p-%016x", i+1), strings.Replace(name, "other", roster.Advocate, 1))
		p.Name = "Person " + name
		o.People[name] = p
		r.People = append(r.People, p.Person)
	}
	r.Regions = []roster.Region{{ID: "north", Labels: roster.Labels{"en": "North"}, Parts: []roster.Part{}}}
	desk := func(id string, slots int) roster.Desk {
		return roster.Desk{
			ID: id, Labels: roster.Labels{"en": id}, Topics: []string{"police"}, Regions: []string{"north"},
			People: []string{r.People[0].ID, r.People[1].ID}, Slots: slots,
		}
	}
	r.Desks = []roster.Desk{desk("street", 8), desk("health", 16)}
	o.adopt(t, o.Sign(t, r))
	return o
}

// Clock is the organisation's clock; Pass moves it.
func (o *Org) Clock() time.Time     { return time.Unix(0, o.now.Load()).UTC() }
func (o *Org) Pass(d time.Duration) { o.now.Add(int64(d)) }

// Sign composes r and signs it by the first two roots.
func (o *Org) Sign(t testing.TB, r *roster.Roster) []byte {
	t.Helper()
	note, err := roster.Compose(r)
	for _, signer := range o.Roots[:2] {
		if err == nil {
			note, err = roster.Sign(note, signer)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return note
}

// Next returns the signed roster that follows, after change, and makes it the
// organisation's own.
func (o *Org) Next(t testing.TB, change func(r *roster.Roster)) []byte {
	t.Helper()
	r, err := roster.Parse(o.Roster.Note)
	if err != nil {
		t.Fatal(err)
	}
	r.Version, r.Former = o.Roster.Version+1, o.Roster.Hash.String()
	change(r)
	note := o.Sign(t, r)
	o.adopt(t, note)
	return note
}

// Without is a change that takes a person off the roster.
func Without(id string) func(*roster.Roster) {
	return func(r *roster.Roster) {
		var people []roster.Person
		for _, p := range r.People {
			if p.ID != id {
				people = append(people, p)
			}
		}
		r.People = people
		for i, d := range r.Desks {
			var ids []string
			for _, p := range d.People {
				if p != id {
					ids = append(ids, p)
				}
			}
			r.Desks[i].People = ids
		}
	}
}

func (o *Org) adopt(t testing.TB, note []byte) {
	t.Helper()
	r, err := roster.Parse(note)
	if err != nil {
		t.Fatal(err)
	}
	o.Roster = r
}

// Store opens a store in dir that holds the roster and its documents.
func (o *Org) Store(t testing.TB, dir string) vault.Store {
	t.Helper()
	ctx := context.Background()
	store, err := vault.OpenBolt(dir, o.Clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	documents := [][]byte{codebook.Default()}
	for _, b := range codebook.DefaultTexts() {
		documents = append(documents, b)
	}
	for _, b := range documents {
		if _, err := store.PutDocument(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.PutRoster(ctx, "", o.Roster.Version, o.Roster.Note); err != nil {
		t.Fatal(err)
	}
	return store
}

// NewPerson makes somebody with fresh keys.
func NewPerson(t testing.TB, id string, roles ...string) *Person {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Person{roster.Person{
		ID: id, Name: "Person " + id, Roles: roles, Personal: Recipient(t),
		Signing: base64.StdEncoding.EncodeToString(public),
	}, private}
}

// Certificate makes one of p's, good from the day of from.
func (p *Person) Certificate(t testing.TB, from time.Time) roster.Certificate {
	t.Helper()
	c, err := roster.NewCertificate(p.ID, Recipient(t), from, p.Private)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Recipient makes a hybrid recipient whose identity nobody keeps.
func Recipient(t testing.TB) string {
	t.Helper()
	pq, err1 := mlkem.GenerateKey768()
	classic, err2 := ecdh.X25519().GenerateKey(rand.Reader)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	raw := append(pq.EncapsulationKey().Bytes(), classic.PublicKey().Bytes()...)
	values, err := bech32.ConvertBits(raw, 8, 5, true)
	if err != nil {
		t.Fatal(err)
	}
	text, err := bech32.Encode("age1pq", values)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Code is the second factor's code at that time.
func Code(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// Report makes what a server can't tell from a sealed report with that many
// stanzas, holding 32 KiB·2^k.
func Report(slots, k int) []byte {
	var b bytes.Buffer
	b.WriteString("age-encryption.org/v1\n")
	line := func(n int) string {
		raw := make([]byte, n)
		rand.Read(raw)
		return base64.RawStdEncoding.EncodeToString(raw)
	}
	for range slots {
		fmt.Fprintf(&b, "-> mlkem768x25519 %s\n%s\n", line(1120), line(32))
	}
	fmt.Fprintf(&b, "--- %s\n", line(32))
	plain := 32 << 10 << k
	payload := make([]byte, 16+plain+16*((plain+64<<10-1)/(64<<10)))
	rand.Read(payload)
	b.Write(payload)
	return b.Bytes()
}

// Append makes the append that follows prev in a journal (seq 0 and a zero
// prev begin one), of bytes that nobody can open.
func Append(journal vault.ID, seq uint64, prev vault.ID, claims ...vault.ID) vault.Append {
	sealed := make([]byte, 5000)
	rand.Read(sealed)
	return vault.Append{
		Entry:  vault.Entry{Journal: journal, Epoch: 1, Seq: seq, Prev: prev, Sealed: sealed},
		Claims: claims,
	}
}

// ID makes a random id.
func ID() (id vault.ID) {
	rand.Read(id[:])
	return id
}

// Release returns a release's body that looks like one of the organisation's
// from outside, signed by the lead and the keeper or by those named. No number in
// it means anything.
func (o *Org) Release(t testing.TB, former vault.ID, period string, signers ...string) []byte {
	t.Helper()
	says := map[string]any{"organisation": o.Roster.Organisation, "period": period, "former": "",
		"programme": map[string]any{"id": "half-year", "every": "half-year"}, "headline": map[string]string{"en": "Figures of " + period}}
	if !former.IsZero() {
		says["former"] = former.String()
	}
	var release bytes.Buffer
	e := json.NewEncoder(&release)
	e.SetEscapeHTML(false) // the strict form knows no such escapes
	if err := e.Encode(says); err != nil {
		t.Fatal(err)
	}
	if len(signers) == 0 {
		signers = []string{roster.Lead, roster.Keeper}
	}
	return o.SignRelease(t, bytes.TrimSpace(release.Bytes()), signers...)
}

// SignRelease packs a release.json and signs it by people, named as in o.People.
func (o *Org) SignRelease(t testing.TB, release []byte, signers ...string) []byte {
	t.Helper()
	files := []vault.ReleaseFile{{Name: vault.ReleaseJSON, Body: release}}
	sigs := []roster.Signature{}
	for _, name := range signers {
		p := o.People[name]
		sigs = append(sigs, roster.Signature{By: p.ID, Sig: base64.StdEncoding.EncodeToString(ed25519.Sign(p.Private, vault.ReleaseStatement(files)))})
	}
	slices.SortFunc(sigs, func(a, b roster.Signature) int { return strings.Compare(a.By, b.By) })
	raw, err := json.Marshal(sigs)
	if err != nil {
		t.Fatal(err)
	}
	body, err := vault.PackRelease(raw, files)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
