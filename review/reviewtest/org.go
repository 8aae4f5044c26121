// Package reviewtest sets up a small organisation for tests of the
// workstation: throwaway roots, four people at two desks, and a real server
// for people on the roster. Reports go straight into the store, sealed as a
// phone seals them. All of it is invented.
package reviewtest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"github.com/pquerna/otp/totp"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Clock is a clock that tests set.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// Now tells the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Person is somebody of the organisation with her keys.
type Person struct {
	Key    seal.KeyFile
	secret string
}

// Org is the organisation. Nino and Ana (a lead) work at the desk "street",
// Luka and Ana at "custody"; Mari and Keti are at neither, and are keepers.
type Org struct {
	T        testing.TB
	Clock    *Clock
	Store    vault.Store
	StoreDir string // where Store is
	URL      string
	Roster   *roster.Roster
	Recovery seal.Identity
	Nino     *Person
	Ana      *Person
	Luka     *Person
	Mari     *Person
	Keti     *Person
	signers  []string
	stop     func() // ends the server
}

// Start is when every organisation begins.
var Start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// New sets an organisation up, with everyone enrolled and certified.
func New(t testing.TB) *Org {
	t.Helper()
	o := &Org{T: t, Clock: &Clock{at: Start}, StoreDir: filepath.Join(t.TempDir(), "store")}
	var err error
	o.Store, err = vault.OpenBolt(o.StoreDir, o.Clock.Now)
	o.must(err)
	o.Recovery, err = seal.NewIdentity()
	o.must(err)
	o.Nino, o.Ana = o.person("p-0000000000000001", "Advocate Nino"), o.person("p-0000000000000002", "Advocate Ana")
	o.Luka, o.Mari = o.person("p-0000000000000003", "Advocate Luka"), o.person("p-0000000000000004", "Keeper Mari")
	o.Keti = o.person("p-0000000000000005", "Keeper Keti")
	var roots []string
	for _, name := range []string{"one", "two", "three"} {
		signer, verifier, err := roster.NewRoot("root-" + name)
		o.must(err)
		o.signers, roots = append(o.signers, signer), append(roots, verifier)
	}
	texts := map[string]string{}
	for lang, b := range codebook.DefaultTexts() {
		id, err := o.Store.PutDocument(context.Background(), b)
		o.must(err)
		texts[lang] = id.String()
	}
	book, err := o.Store.PutDocument(context.Background(), codebook.Default())
	o.must(err)
	o.Publish(&roster.Roster{
		Organisation: "Harbour Peers (practice)", Version: 1, Issued: "2026-11-01", Expires: "2027-11-01", Roots: roots, Threshold: 2,
		Desks: []roster.Desk{
			{ID: "street", Labels: roster.Labels{"en": "Street and police"}, Topics: []string{"police"}, Regions: []string{"north"}, People: []string{o.Nino.ID(), o.Ana.ID()}, Slots: 8},
			{ID: "custody", Labels: roster.Labels{"en": "Custody"}, Topics: []string{"justice-custody"}, Regions: []string{"north"}, People: []string{o.Luka.ID(), o.Ana.ID()}, Slots: 8},
		},
		Regions:  []roster.Region{{ID: "north", Labels: roster.Labels{"en": "North"}, Parts: []roster.Part{{ID: "harbour", Labels: roster.Labels{"en": "Harbour"}}}}},
		People:   []roster.Person{o.Nino.entry("advocate"), o.Ana.entry("advocate", "lead"), o.Luka.entry("advocate"), o.Mari.entry("keeper"), o.Keti.entry("keeper")},
		Recovery: o.Recovery.Recipient(), Codebook: book.String(), Texts: texts,
		Policy: roster.Policy{AnswersDays: 60, UnclaimedDays: 180, NoConsentDays: 30, ClosedYears: 6},
	})
	o.serve()
	for _, p := range []*Person{o.Nino, o.Ana, o.Luka} {
		o.Certify(p)
	}
	for _, p := range []*Person{o.Nino, o.Ana, o.Luka, o.Mari, o.Keti} {
		o.enrol(p)
	}
	return o
}

func (o *Org) must(err error) {
	o.T.Helper()
	if err != nil {
		o.T.Fatal(err)
	}
}

func (o *Org) person(id, name string) *Person {
	k, err := seal.NewPerson(id, name)
	o.must(err)
	return &Person{Key: k}
}

// ID is the person's id.
func (p *Person) ID() string { return p.Key.Person }

func (p *Person) entry(roles ...string) roster.Person {
	return roster.Person{ID: p.Key.Person, Name: p.Key.Name, Roles: roles, Personal: p.Key.Personal.Recipient(),
		Signing: base64.StdEncoding.EncodeToString(p.Key.Signing.Public().(ed25519.PublicKey))}
}

// Publish signs a roster with two roots and makes it the store's current one.
func (o *Org) Publish(r *roster.Roster) {
	o.T.Helper()
	if o.Roster != nil {
		r.Former = o.Roster.Hash.String()
	}
	note, err := roster.Compose(r)
	o.must(err)
	for _, s := range o.signers[:2] {
		note, err = roster.Sign(note, s)
		o.must(err)
	}
	o.Roster, err = roster.Parse(note)
	o.must(err)
	o.must(o.Store.PutRoster(context.Background(), "", r.Version, note))
}

// Next publishes a copy of the current roster as the next version, after change.
func (o *Org) Next(change func(*roster.Roster)) {
	o.T.Helper()
	r := *o.Roster
	r.Version++
	change(&r)
	o.Publish(&r)
}

// Hire puts somebody with that role on the next roster, and enrols her.
func (o *Org) Hire(id, name string, roles ...string) *Person {
	o.T.Helper()
	p := o.person(id, name)
	o.Next(func(r *roster.Roster) { r.People = append(slices.Clone(r.People), p.entry(roles...)) })
	o.enrol(p)
	return p
}

func (o *Org) serve() {
	r := mux.NewRouter()
	srv := httptest.NewUnstartedServer(r)
	o.URL = "http://" + srv.Listener.Addr().String()
	access.NewServer(o.Store, o.URL, o.Clock.Now).Routes(r)
	srv.Start()
	o.stop = sync.OnceFunc(func() {
		srv.Close()
		if err := o.Store.Check(context.Background()); err != nil {
			o.T.Errorf("checking the server's store: %v", err)
		}
		if err := o.Store.Close(); err != nil {
			o.T.Errorf("closing the server's store: %v", err)
		}
	})
	o.T.Cleanup(o.stop)
}

// Stop ends the server and closes its store.
func (o *Org) Stop() { o.stop() }

// Restore ends the server, copies its store as a backup holds it, and serves the
// copy at another address. Workstations must be opened anew.
func (o *Org) Restore() {
	o.T.Helper()
	o.stop()
	backup := filepath.Join(o.T.TempDir(), "store")
	o.must(os.CopyFS(backup, os.DirFS(o.StoreDir)))
	var err error
	o.Store, err = vault.OpenBolt(backup, o.Clock.Now)
	o.must(err)
	o.StoreDir = backup
	o.serve()
}

// Certify publishes a certificate for today and puts its private half into the
// person's key file.
func (o *Org) Certify(p *Person) {
	o.T.Helper()
	id, err := seal.NewIdentity()
	o.must(err)
	c, err := roster.NewCertificate(p.ID(), id.Recipient(), o.Clock.Now(), p.Key.Signing)
	o.must(err)
	b, err := json.Marshal(c)
	o.must(err)
	o.must(o.Store.PutCertificate(context.Background(), p.ID(), vault.Certificate{Person: p.ID(), Epoch: c.Epoch, JSON: b}))
	p.Key.Intake = append(p.Key.Intake, seal.IntakeKey{Epoch: c.Epoch, Identity: id, From: c.From, Until: c.Until})
}

func (o *Org) enrol(p *Person) {
	o.T.Helper()
	ctx := context.Background()
	_, code, _, err := access.Invite(ctx, o.Store, o.Clock.Now, p.ID())
	o.must(err)
	p.secret, _, err = access.NewClient(o.URL, nil).Enrol(ctx, p.ID(), p.Key.Signing, code, o.Clock.Now())
	o.must(err)
}

// Invite makes the one-time code for a new second factor.
func (o *Org) Invite(p *Person) string {
	o.T.Helper()
	_, code, _, err := access.Invite(context.Background(), o.Store, o.Clock.Now, p.ID())
	o.must(err)
	return code
}

// Code is a fresh code of the person's second factor; the clock moves on, since
// each works once.
func (o *Org) Code(p *Person) string {
	o.T.Helper()
	o.Clock.Advance(time.Minute)
	return CodeFor(o.T, p.secret, o.Clock.Now())
}

// CodeFor is the code that a secret gives at a moment.
func CodeFor(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// Client is signed in as the person; hc may be nil.
func (o *Org) Client(p *Person, hc *http.Client) *access.Client {
	o.T.Helper()
	c := access.NewClient(o.URL, hc)
	o.must(c.SignIn(context.Background(), p.ID(), p.Key.Signing, o.Code(p), o.Clock.Now()))
	return c
}

// Workstation opens a workstation for the person, signed in and synced. hc may
// be nil. It is closed when the test ends.
func (o *Org) Workstation(p *Person, hc *http.Client) *review.Workstation {
	o.T.Helper()
	w, err := review.Open(context.Background(), review.Config{
		Dir: o.T.TempDir(), Key: p.Key, Client: o.Client(p, hc), Root: o.Roster.Fingerprint(), Clock: o.Clock.Now,
	})
	o.must(err)
	o.T.Cleanup(func() {
		if err := w.Close(); err != nil {
			o.T.Errorf("closing workstation: %v", err)
		}
	})
	o.must(w.Sync(context.Background(), nil))
	return w
}

// Backup is a backup of the server's store, as it is now.
func (o *Org) Backup() []byte {
	o.T.Helper()
	var b bytes.Buffer
	o.must(o.Store.Backup(context.Background(), &b, nil))
	return b.Bytes()
}

// RestoreFrom ends the server and serves a store restored from a backup at another
// address. Workstations must be opened anew.
func (o *Org) RestoreFrom(backup []byte) {
	o.T.Helper()
	o.stop()
	o.StoreDir = filepath.Join(o.T.TempDir(), "store")
	_, err := vault.RestoreBolt(context.Background(), o.StoreDir, o.Clock.Now, true, bytes.NewReader(backup))
	o.must(err)
	o.Store, err = vault.OpenBolt(o.StoreDir, o.Clock.Now)
	o.must(err)
	o.serve()
}
