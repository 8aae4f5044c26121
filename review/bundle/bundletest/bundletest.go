// Package bundletest makes an invented case for the tests of evidence bundles:
// real keys, a real list of people, entries really sealed and signed.
package bundletest

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peerwitness/review/bundle"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Case is an invented case and who works on it.
type Case struct {
	bundle.Case
	T       testing.TB
	Key     seal.KeyFile
	Content []byte // of its file

	caseKey seal.Identity
	journal vault.ID
	roster  *roster.Roster
}

// Words that stand in one part of the case each.
const (
	Story   = "PRACTICE two of them by the old pier"
	Reach   = "PRACTICE the blue door, ask for L"
	Note    = "PRACTICE note about the lamp"
	Message = "PRACTICE and they came back"
)

// New makes a case with a report, a file, a later message, a note and a move.
func New(t testing.TB) *Case {
	t.Helper()
	c := &Case{T: t, Content: bytes.Repeat([]byte("PRACTICE picture "), 1000)}
	var err error
	c.Key, err = seal.NewPerson("p-0000000000000001", "Advocate Nino")
	c.must(err)
	c.caseKey, err = seal.NewIdentity()
	c.must(err)
	rand.Read(c.journal[:])
	c.people()

	report, message := c.report()
	c.Case = bundle.Case{
		Organisation: "Harbour Peers (practice)", Ref: c.journal.String()[:8], Journal: c.journal.String(), Desk: "Street", State: "In review", Practice: true,
		Maker: c.Key.Person, MakerName: c.Key.Name, Made: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), For: "PRACTICE court",
		Arrived: []bundle.Fact{{Label: "Arrived", Values: []string{"Mon 23 Nov 2026"}}}, Holders: []string{c.Key.Name},
		Parts: []bundle.Part{
			{ID: "story", Group: "In the person's own words", Title: "What the person wrote", Words: []bundle.Words{{Title: "The report", Lang: "en", Text: Story}}},
			{ID: "message-1", Group: "In the person's own words", Title: "Later message", Words: []bundle.Words{{Title: "Later message", Text: Message}}},
			{ID: "reach", Group: "Reaching the person", Title: "Safe way to reach", Off: true, Facts: []bundle.Fact{{Label: "Safe way to reach", Values: []string{Reach}}}},
			{ID: "entry-2", Group: "What was written into the case", Title: "Note by Advocate Nino"},
		},
		Files: []bundle.File{{Part: "file-1", N: 1, Ext: ".jpg", Type: "image/jpeg", Size: int64(len(c.Content)), Announced: vault.Sum(c.Content).String(),
			Open: func(context.Context) ([]byte, error) { return c.Content, nil }}},
		Rosters: []bundle.Roster{{Version: 1, Note: c.roster.Note}},
	}
	c.Add("claim", `{"deposits":[],"desk":"street","report":`+report+`,"flags":[]}`, bundle.Entry{What: "took the case", Custody: "took the case", Needs: []string{"story", "reach", "file-1"}})
	c.Add("join", `{"deposits":[],"follow_ups":[`+message+`]}`, bundle.Entry{What: "took in what the person sent since", Needs: []string{"message-1"}})
	c.Add("note", `{"text":"`+Note+`"}`, bundle.Entry{What: "wrote a note", Text: Note, Needs: []string{"entry-2"}})
	c.Add("state", `{"to":"in-review"}`, bundle.Entry{What: "moved it to “In review”"})
	c.Add("count", `{"record":{}}`, bundle.Entry{What: "counted it", Never: "it belongs to the figures, not to the case"})
	return c
}

func (c *Case) must(err error) {
	c.T.Helper()
	if err != nil {
		c.T.Fatal(err)
	}
}

// people makes and signs the list of people.
func (c *Case) people() {
	c.T.Helper()
	var signers, roots []string
	for _, name := range []string{"root-one", "root-two", "root-three"} {
		s, v, err := roster.NewRoot(name)
		c.must(err)
		signers, roots = append(signers, s), append(roots, v)
	}
	recovery, err := seal.NewIdentity()
	c.must(err)
	zero := strings.Repeat("0", 64)
	note, err := roster.Compose(&roster.Roster{
		Organisation: "Harbour Peers (practice)", Version: 1, Issued: "2026-11-01", Expires: "2027-11-01", Roots: roots, Threshold: 2,
		Desks:    []roster.Desk{{ID: "street", Labels: roster.Labels{"en": "Street"}, Topics: []string{}, Regions: []string{}, People: []string{c.Key.Person}, Slots: 8}},
		Regions:  []roster.Region{},
		People:   []roster.Person{{ID: c.Key.Person, Name: c.Key.Name, Roles: []string{"advocate"}, Personal: c.Key.Personal.Recipient(), Signing: base64.StdEncoding.EncodeToString(c.Key.Signing.Public().(ed25519.PublicKey))}},
		Recovery: recovery.Recipient(), Codebook: zero, Texts: map[string]string{},
		Policy: roster.Policy{AnswersDays: 60, UnclaimedDays: 180, NoConsentDays: 30, ClosedYears: 6},
	})
	c.must(err)
	for _, s := range signers[:2] {
		note, err = roster.Sign(note, s)
		c.must(err)
	}
	c.roster, err = roster.Parse(note)
	c.must(err)
}

// report is one as a phone seals it, with the key of its file, and a later message.
func (c *Case) report() (report, message string) {
	c.T.Helper()
	receipt, err := seal.NewReceipt()
	c.must(err)
	id, err := seal.NewReportID()
	c.must(err)
	file, _, err := seal.SealAttachment(bytes.NewReader(c.Content), int64(len(c.Content)))
	c.must(err)
	r, err := seal.Report{ID: id, Desk: "street", Lang: "en", Roster: c.roster.Hash.String(), Thread: receipt.Thread(), Practice: true,
		Contact: &seal.Contact{Reach: Reach}, Answers: seal.Answers{Story: Story}, Attachments: []seal.Attachment{file.Attachment(0, "image/jpeg")}}.Encode()
	c.must(err)
	m, err := seal.NewFollowUp("street", seal.Message{ID: strings.Repeat("a", 32), Of: id, Seq: 1, Text: Message}, receipt.ThreadKey())
	c.must(err)
	return string(r), string(m)
}

// Add writes the next entry of the journal, and e with what its author signed.
func (c *Case) Add(kind, data string, e bundle.Entry) {
	c.T.Helper()
	shown, id := c.Sign(kind, data, c.Key)
	e.Seq, e.ID, e.Accepted, e.Kind, e.Shown = uint64(len(c.Entries)), id.String(), true, kind, shown
	e.Author, e.Name, e.Time = c.Key.Person, c.Key.Name, c.at()
	c.Entries = append(c.Entries, e)
}

func (c *Case) at() time.Time {
	return time.Date(2026, 11, 23, 9, len(c.Entries), 0, 0, time.UTC)
}

// Sign makes the entry that would come next, as k's owner signs it.
func (c *Case) Sign(kind, data string, k seal.KeyFile) (seal.Shown, vault.ID) {
	c.T.Helper()
	e := vault.Entry{Journal: c.journal, Epoch: 1, Seq: uint64(len(c.Entries))}
	if n := len(c.Entries); n > 0 {
		var err error
		e.Prev, err = vault.ParseID(c.Entries[n-1].ID)
		c.must(err)
	}
	none := vault.Append{}.Effects()
	var err error
	e.Sealed, err = seal.SealEntry(seal.EntryBody{Journal: c.journal.String(), Epoch: 1, Seq: e.Seq, Prev: e.Prev.String(), Author: k.Person, Roster: 1,
		Time: c.at(), Kind: kind, Effects: none.String(), Data: json.RawMessage(data)}, c.caseKey.Recipient(), k.Signing)
	c.must(err)
	_, shown, err := seal.ShowEntry(e, none, c.caseKey, func(string, uint64) (ed25519.PublicKey, bool) { return k.Signing.Public().(ed25519.PublicKey), true })
	c.must(err)
	return shown, e.ID()
}

// Record is the entry that records b, as RecordExport writes it.
func (c *Case) Record(b *bundle.Bundle, variant string) seal.Shown {
	c.T.Helper()
	data, err := json.Marshal(struct {
		V        int      `json:"v"`
		Variant  string   `json:"variant"`
		Manifest string   `json:"manifest"`
		LeftOut  []string `json:"left_out"`
		For      string   `json:"for"`
		Why      string   `json:"why"`
	}{1, variant, b.Manifest().String(), b.LeftOut(), c.For, c.Why})
	c.must(err)
	shown, _ := c.Sign("export", string(data), c.Key)
	return shown
}

// Zip makes a bundle of the case; with without it is a redacted one.
func (c *Case) Zip(without ...string) []byte {
	c.T.Helper()
	variant := bundle.Full
	if len(without) > 0 {
		variant = bundle.Redacted
	}
	b, err := bundle.Make(context.Background(), c.Case, len(without) > 0, without)
	c.must(err)
	var out bytes.Buffer
	c.must(b.WriteZip(context.Background(), &out, c.Record(b, variant)))
	return out.Bytes()
}

// Root is the fingerprint of the organisation's root keys.
func (c *Case) Root() string { return c.roster.Fingerprint() }

// File writes a bundle's bytes into a file of their own.
func File(t testing.TB, zip []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bundle.zip")
	if err := os.WriteFile(name, zip, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// Unpack writes a bundle's files into dir, without the folder round them, and returns their names.
func Unpack(t testing.TB, content []byte, dir string) []string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		_, name, _ := strings.Cut(f.Name, "/")
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}
