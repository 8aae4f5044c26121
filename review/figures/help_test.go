package figures_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"peerwitness/review/figures"
	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

const (
	nino  = "p-00000000000000a1" // keeper
	dato  = "p-00000000000000a2" // lead
	salo  = "p-00000000000000a3" // advocate, may not sign
	gia   = "p-00000000000000a4" // community
	other = "p-00000000000000ff" // on no roster
)

func key(person string) ed25519.PrivateKey {
	sum := sha256.Sum256([]byte(person))
	return ed25519.NewKeyFromSeed(sum[:])
}

func person(id string, roles ...string) roster.Person {
	return roster.Person{ID: id, Name: id, Roles: roles,
		Signing: base64.StdEncoding.EncodeToString(key(id).Public().(ed25519.PublicKey))}
}

func testRoster() *roster.Roster {
	return &roster.Roster{Organisation: "Demo network", Regions: []roster.Region{
		{ID: "north", Labels: roster.Labels{"en": "North", "fr": "Nord"}},
		{ID: "harbour", Labels: roster.Labels{"en": "=Harbour", "fr": "Port"}},
		{ID: "east", Labels: roster.Labels{"en": "East"}}},
		People: []roster.Person{person(nino, roster.Keeper), person(dato, roster.Advocate, roster.Lead), person(salo, roster.Advocate), person(gia, roster.Community)}}
}

func testCodebook(t testing.TB) *codebook.Codebook {
	t.Helper()
	cb, err := codebook.Parse(codebook.Default())
	must(t, err)
	return cb
}

func testProgramme(t testing.TB) figures.Programme {
	t.Helper()
	p, err := figures.Default(testCodebook(t), testRoster(), "2026-H1", "2025-12-20", 20,
		figures.Labels{"en": "Outreach contacts a year, annual report", "fr": "Contacts de proximité par an, rapport annuel"})
	must(t, err)
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// draw makes n records frozen in the first half of 2026 (or from the day given),
// from a fixed seed; every eighth shares a person with the one before.
func draw(t testing.TB, n int, seed uint64, frozen figures.Day) []figures.Record {
	t.Helper()
	cb := testCodebook(t)
	rnd := rand.New(rand.NewPCG(seed, 1))
	pick := func(list []string) string { return list[rnd.IntN(len(list))] }
	acts, services, outcomes := cb.Codes(codebook.Acts), cb.Codes("service"), cb.Codes("outcome")
	regions := []string{"north", "north", "harbour", "east", ""}
	out := make([]figures.Record, n)
	for i := range out {
		var k figures.Key
		for j := range k {
			k[j] = byte(rnd.Uint32())
		}
		act := pick(acts)
		if rnd.IntN(2) == 0 {
			act = "extortion"
		}
		group, _ := cb.GroupOf(act)
		r := figures.Record{Key: k, Day: frozen, Frozen: frozen, CountMe: true, People: []string{fake(fmt.Sprint(seed, "/", i))},
			Region: pick(regions), ActIndex: rnd.IntN(3), Act: act, Group: group, Perpetrator: "police",
			Populations: []string{pick(cb.Codes("population")), pick(cb.Codes("population"))},
			Services:    []figures.Served{{Service: "legal-primary", Outcome: pick(outcomes)}, {Service: pick(services), Outcome: pick(outcomes)}}}
		if i%8 == 7 {
			r.People = append(r.People, out[i-1].People[0])
		}
		if i%9 == 8 {
			r.Services = nil
		}
		out[i] = r.Tidy()
	}
	return out
}

// fake is a person key for a name.
func fake(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

const frozen = figures.Day("2026-03-01")

// A world is what stands in a figures journal, up to a release.
type world struct {
	t  testing.TB
	p  figures.Programme
	in figures.GateInput
	b  figures.Batch
	o  figures.Output
	r  figures.Release
}

func noiseKey(n byte) (k figures.Key) {
	for i := range k {
		k[i] = n
	}
	return k
}

// newWorld closes, computes, enters and packs the first half of 2026, signed by
// a keeper and a lead.
func newWorld(t testing.TB, records []figures.Record) *world {
	t.Helper()
	return newWorldOf(t, testProgramme(t), records)
}

// newWorldOf does the same by another programme.
func newWorldOf(t testing.TB, p figures.Programme, records []figures.Record) *world {
	t.Helper()
	w := &world{t: t, p: p}
	w.in = figures.GateInput{Now: time.Date(2026, 7, 14, 0, 0, 0, 0, time.UTC), Roster: testRoster(),
		Records: records, Noise: noiseKey(7), Programmes: []figures.Registered{registered(t, w.p, nino, dato)}}
	w.add("2026-H1")
	return w
}

// registered is a programme that stood on the day before the first period.
func registered(t testing.TB, p figures.Programme, by ...string) figures.Registered {
	t.Helper()
	return figures.Registered{SignedProgramme: signedProgramme(t, p, by...), Since: "2025-12-31"}
}

func signedProgramme(t testing.TB, p figures.Programme, by ...string) figures.SignedProgramme {
	t.Helper()
	b, err := p.JSON()
	must(t, err)
	s := figures.SignedProgramme{Body: string(b)}
	for _, id := range by {
		s, err = figures.SignProgramme(s, id, key(id))
		must(t, err)
	}
	return s
}

// add closes a period, enters it in the ledger and makes its signed release.
func (w *world) add(period string) {
	w.t.Helper()
	var err error
	w.b, err = figures.Close(w.p, period, w.in.Records, w.in.Batches, figures.DayOf(w.in.Now))
	must(w.t, err)
	w.in.Batches = append(w.in.Batches, w.b)
	w.o, err = figures.Compute(w.p, w.b, w.in.Noise, w.in.Records)
	must(w.t, err)
	e, added, err := figures.Extend(w.in.Ledger, w.b, w.in.Noise, w.o)
	must(w.t, err)
	if !added {
		w.t.Fatal("ledger was not extended")
	}
	w.in.Ledger = append(w.in.Ledger, e)
	w.make()
}

// make builds the release anew from what stands, and signs it.
func (w *world) make() {
	w.t.Helper()
	head, err := figures.Head(w.in.Ledger)
	must(w.t, err)
	w.r, err = figures.NewRelease(w.p, w.o, w.in.Roster.Organisation, head, w.former())
	must(w.t, err)
	body, err := figures.Pack(w.r)
	must(w.t, err)
	w.in.Body = w.sign(body, nino, dato)
}

func (w *world) former() vault.ID {
	id := vault.ID{}
	for _, b := range w.in.Former {
		id = vault.Sum(vault.ReleaseObject(vault.Release{Former: id, Body: b}))
	}
	return id
}

func (w *world) sign(body []byte, by ...string) []byte {
	w.t.Helper()
	for _, id := range by {
		var err error
		body, err = figures.Sign(body, id, key(id))
		must(w.t, err)
	}
	return body
}

// publish puts the present release on the server.
func (w *world) publish() {
	w.t.Helper()
	must(w.t, figures.Gate(w.in))
	w.in.Former = append(w.in.Former, w.in.Body)
}
