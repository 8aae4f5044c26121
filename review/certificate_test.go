package review_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// renewing is a workstation whose key file is on disk, as the pages have it.
type renewing struct {
	org  *reviewtest.Org
	work *review.Workstation
	path string
}

func newRenewing(t *testing.T, o *reviewtest.Org, k seal.KeyFile, hc *http.Client) *renewing {
	t.Helper()
	w, err := review.Open(ctx, review.Config{Dir: t.TempDir(), Key: k, Client: o.Client(o.Nino, hc), Clock: o.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return &renewing{o, w, filepath.Join(t.TempDir(), "key.age")}
}

func (r *renewing) save(k seal.KeyFile) error { return review.SaveKeyFile(r.path, k, "practice", 2) }

func (r *renewing) renew(t *testing.T, want bool) {
	t.Helper()
	got, err := r.work.Renew(ctx, r.save)
	if err != nil || got != want {
		t.Fatalf("renewing: %v, %v; want %v", got, err, want)
	}
}

func (r *renewing) published(t *testing.T) []vault.Certificate {
	t.Helper()
	c, err := r.org.Store.Certificates(ctx, r.org.Nino.ID())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCertificateIsRenewedInTime(t *testing.T) {
	o := reviewtest.New(t)
	r := newRenewing(t, o, o.Nino.Key, nil)
	r.renew(t, false)
	o.Clock.Advance(29 * 24 * time.Hour) // 22 December: 16 days are left
	r.work = newRenewing(t, o, o.Nino.Key, nil).work
	r.renew(t, false)
	o.Clock.Advance(2 * 24 * time.Hour) // 14 days are left
	r.work = newRenewing(t, o, o.Nino.Key, nil).work
	r.renew(t, true)
	if c := r.published(t); len(c) != 2 || c[1].Epoch != 202612 {
		t.Fatalf("%d certificates", len(c))
	}
	k, err := review.LoadKeyFile(r.path, "practice")
	if err != nil || len(k.Intake) != 2 {
		t.Fatalf("key file: %v, %d intake keys", err, len(k.Intake))
	}
	r.renew(t, false)
	s := o.Send("street", nil) // sealed to the new one
	sync(t, r.work)
	if c := find(t, r.work, s.Deposit); c.Report.ID != s.Report.ID {
		t.Error("a report sealed to the new certificate can't be read")
	}
	o.Clock.Advance(150 * 24 * time.Hour) // the first one ended more than 120 days ago
	r.work = newRenewing(t, o, k, nil).work
	r.renew(t, true)
	if k, err = review.LoadKeyFile(r.path, "practice"); err != nil || len(k.Intake) != 2 || k.Intake[0].Epoch != 202612 {
		t.Errorf("old keys are kept: %v, %d", err, len(k.Intake))
	}
}

func TestCertificateOfAnEarlierKeyFile(t *testing.T) {
	o := reviewtest.New(t)
	k := o.Nino.Key
	k.Intake = nil // a spare copy from before the certificate
	r := newRenewing(t, o, k, nil)
	r.renew(t, true)
	if c := r.published(t); len(c) != 2 || c[1].Epoch != 202612 {
		t.Fatalf("the month's certificate is taken, so the next month's must come: %d", len(c))
	}
	r.renew(t, false)
}

// Nobody may seal to a key that a crash could lose.
func TestKeyIsSavedBeforeItIsPublished(t *testing.T) {
	o := reviewtest.New(t)
	o.Clock.Advance(40 * 24 * time.Hour)
	r := newRenewing(t, o, o.Nino.Key, nil)
	full := errors.New("disk full")
	if _, err := r.work.Renew(ctx, func(seal.KeyFile) error { return full }); !errors.Is(err, full) {
		t.Fatalf("renewing on a full disk: %v", err)
	}
	if n := len(r.published(t)); n != 1 {
		t.Fatalf("%d certificates after the key could not be saved, want 1", n)
	}
	cut := &refusing{}
	r = newRenewing(t, o, o.Nino.Key, &http.Client{Transport: cut})
	if _, err := r.work.Renew(ctx, r.save); err == nil {
		t.Fatal("publishing over a dead line worked")
	}
	k, err := review.LoadKeyFile(r.path, "practice")
	if err != nil || len(k.Intake) != 2 {
		t.Fatalf("the key is not in the file: %v", err)
	}
	next := newRenewing(t, o, k, nil)
	next.path = r.path
	next.renew(t, true) // after a restart the same key is published
	c, err := o.Roster.CheckCertificate(r.published(t)[1].JSON)
	if err != nil || c.Recipient != k.Intake[1].Identity.Recipient() {
		t.Errorf("another key than the saved one was published: %v", err)
	}
	if again, err := review.LoadKeyFile(r.path, "practice"); err != nil || len(again.Intake) != 2 {
		t.Errorf("a third key was made: %v", err)
	}
}

// refusing loses certificates on their way.
type refusing struct{}

func (*refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/certificates") {
		return nil, errors.New("line is dead")
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestWriteFileKeepsTheOldOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key.age")
	if err := review.WriteFile(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := review.WriteFile(filepath.Join(dir, "no", "such", "folder"), []byte("x")); err == nil {
		t.Error("writing into a folder that is not there worked")
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := review.WriteFile(filepath.Join(dir, "taken"), []byte("x")); err == nil {
		t.Error("replacing a folder worked")
	}
	if err := review.WriteFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != "new" {
		t.Errorf("%q, %v", b, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("files left over: %v", left)
	}
}

// attack 12: a server whose feed is not the one held is noticed, and what is
// here stays.
func TestAttack12AnotherFeed(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	dir := t.TempDir()
	w, err := review.Open(ctx, review.Config{Dir: dir, Key: o.Nino.Key, Client: o.Client(o.Nino, nil), Clock: o.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	sync(t, w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	other := reviewtest.New(t) // another store under the same people's eyes
	w, err = review.Open(ctx, review.Config{Dir: dir, Key: o.Nino.Key, Client: other.Client(other.Nino, nil), Clock: o.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Sync(ctx, nil); !errors.Is(err, vault.ErrFork) {
		t.Fatalf("syncing with another feed: %v", err)
	}
	if v := w.View(); len(v.Alarms) != 1 || !strings.Contains(v.Alarms[0], "another history") {
		t.Errorf("alarms: %v", v.Alarms)
	}
	if c := find(t, w, s.Deposit); c.Report.ID != s.Report.ID {
		t.Error("what was here is gone")
	}
	if _, err := w.Take(ctx, s.Deposit); !errors.Is(err, vault.ErrFork) {
		t.Errorf("acting on a forked feed: %v", err)
	}
}
