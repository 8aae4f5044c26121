package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// demoPassphrase unlocks every key of a demo. It is printed; nothing in a demo
// is worth hiding.
const demoPassphrase = "practice lantern ferry quince"

// demoWork is scrypt's work factor of a demo's key files: unlocking should not
// make anybody wait for keys that are thrown away.
const demoWork = 12

// organisation is a throwaway one.
type organisation struct {
	roster     *roster.Roster
	rosterFile string
	texts      map[string][]byte // by language, as the roster names them
	advocates  []*advocate
}

// advocate is one of its people, with everything that a real one would hold
// herself.
type advocate struct {
	key    seal.KeyFile
	file   string
	secret string // of the second factor
}

// demoPerson is one of the people of a demo.
type demoPerson struct {
	name  string
	roles []string
	desks []string
}

var demoPeople = []demoPerson{
	{"Advocate Nino", []string{roster.Advocate, roster.Lead, roster.Keeper}, []string{"street", "health"}},
	{"Advocate Amara", []string{roster.Advocate, roster.Keeper}, []string{"street", "health"}},
	{"Advocate Luc", []string{roster.Advocate}, []string{"street"}},
}

// newOrganisation makes keys and a roster that two of three root keys signed.
// The campaigner gets keys too, and, as PROTOCOL.md has it, no place on the
// roster, which is public.
func newOrganisation(dir string, people []demoPerson, issued, expires time.Time, drafts bool) (*organisation, error) {
	o := &organisation{rosterFile: filepath.Join(dir, "roster.txt"), texts: codebook.DefaultTexts()}
	if drafts {
		if err := o.addDrafts(issued); err != nil {
			return nil, err
		}
	}
	r := demoRoster(issued, expires)
	for lang, b := range o.texts {
		r.Texts[lang] = vault.Sum(b).String()
	}
	for _, p := range people {
		a, err := newAdvocate(dir, p.name)
		if err != nil {
			return nil, err
		}
		card, err := a.key.Card()
		if err != nil {
			return nil, err
		}
		r.People = append(r.People, roster.Person{ID: card.Person, Name: card.Name, Roles: p.roles, Personal: card.Personal, Signing: card.Signing})
		for i := range r.Desks {
			if strings.Contains(strings.Join(p.desks, " "), r.Desks[i].ID) {
				r.Desks[i].People = append(r.Desks[i].People, card.Person)
			}
		}
		o.advocates = append(o.advocates, a)
	}
	if _, err := newAdvocate(dir, "Campaigner Sol"); err != nil {
		return nil, err
	}
	recovery, err := seal.NewIdentity()
	if err != nil {
		return nil, err
	}
	r.Recovery = recovery.Recipient()
	if err := saveDemoKey(filepath.Join(dir, "recovery.key"), seal.KeyFile{Kind: seal.KindRecovery, Recovery: recovery}); err != nil {
		return nil, err
	}
	if err := o.sign(dir, r); err != nil {
		return nil, fmt.Errorf("making roster: %w", err)
	}
	return o, nil
}

// sign makes three root keys and signs with the first two.
func (o *organisation) sign(dir string, r *roster.Roster) error {
	var signers []string
	for _, name := range []string{"root-a", "root-b", "root-c"} {
		signer, verifier, err := roster.NewRoot(name)
		if err != nil {
			return err
		}
		r.Roots = append(r.Roots, verifier)
		signers = append(signers, signer)
		if err := saveDemoKey(filepath.Join(dir, name+".key"), seal.KeyFile{Kind: seal.KindRoot, Name: name, Signer: signer}); err != nil {
			return err
		}
	}
	note, err := roster.Compose(r)
	if err != nil {
		return err
	}
	for _, signer := range signers[:r.Threshold] {
		if note, err = roster.Sign(note, signer); err != nil {
			return err
		}
	}
	if o.roster, err = roster.Parse(note); err != nil {
		return err
	}
	return writeNew(o.rosterFile, note, 0o644)
}

func demoRoster(issued, expires time.Time) *roster.Roster {
	both := func(en, fr string) roster.Labels { return roster.Labels{"en": en, "fr": fr} }
	r := &roster.Roster{
		Organisation: "Harbour Peers (practice)", Version: 1, Threshold: 2,
		Issued: issued.UTC().Format(time.DateOnly), Expires: expires.UTC().Format(time.DateOnly),
		Codebook: vault.Sum(codebook.Default()).String(), Texts: make(map[string]string), Policy: defaultPolicy,
		Desks: []roster.Desk{
			{ID: "street", Labels: both("Street desk", "Permanence de rue"), Topics: []string{"police", "community", "property"}, Regions: []string{"north", "south"}, Slots: 8},
			{ID: "health", Labels: both("Health and home desk", "Permanence santé et logement"), Topics: []string{"health", "emergency", "family-housing"}, Regions: []string{"north", "south"}, Slots: 8},
		},
		Regions: []roster.Region{
			{ID: "north", Labels: both("North shore (invented)", "Rive nord (inventée)"), Parts: []roster.Part{
				{ID: "harbour", Labels: both("Harbour", "Le Port")}, {ID: "mill", Labels: both("Old Mill", "Le Moulin")}}},
			{ID: "south", Labels: both("South shore (invented)", "Rive sud (inventée)"), Parts: []roster.Part{
				{ID: "saltmarket", Labels: both("Saltmarket", "Marché au Sel")}, {ID: "ferry", Labels: both("Ferry Steps", "Le Bac")}}},
		},
	}
	return r
}

// addDrafts turns on the languages that nobody has reviewed: here no report is
// real.
func (o *organisation) addDrafts(on time.Time) error {
	book, err := codebook.Parse(codebook.Default())
	if err != nil {
		return err
	}
	nobody := codebook.Review{By: "nobody: practice only", On: on.Format(time.DateOnly), Consent: true, Emergency: true, Rights: true}
	for _, lang := range codebook.Drafts() {
		b, _, err := codebook.Draft(book, lang)
		if err != nil {
			return err
		}
		if o.texts[lang], err = nobody.Sign(b, lang); err != nil {
			return err
		}
	}
	return nil
}

func newAdvocate(dir, name string) (*advocate, error) {
	k, err := newPersonKey(name)
	if err != nil {
		return nil, err
	}
	a := &advocate{key: k, file: filepath.Join(dir, strings.ToLower(strings.ReplaceAll(name, " ", "-"))+".key")}
	return a, saveDemoKey(a.file, k)
}

func saveDemoKey(file string, k seal.KeyFile) error {
	b, err := seal.SealKeyFile(k, demoPassphrase, demoWork)
	if err == nil {
		err = writeNew(file, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing demo key: %w", err)
	}
	return nil
}
