package ui_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/review/ui"
)

// A second program on the same folder is refused, and the first is not disturbed.
func TestSecondProgramIsRefused(t *testing.T) {
	o := reviewtest.New(t)
	o.Send("street", nil)
	dir := filepath.Join(t.TempDir(), "desk")
	at := func(c *ui.Config) { c.Dir = dir }
	first, second := launch(t, o, o.Nino, at), launch(t, o, o.Nino, at)
	_, page := first.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
	first.sees(page, "Not taken yet 1")
	resp, page := second.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
	if second.sees(page, "already open in another window of this program", "nothing was changed"); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("status %d", resp.StatusCode)
	}
	_, page = first.get("/")
	first.sees(page, "Not taken yet 1")
	first.post("/lock", url.Values{})
	_, page = second.post("/unlock", url.Values{"passphrase": {passphrase}})
	second.sees(page, "Not taken yet 1")
}

// Locked, the pages end so that a fresh program can go on with the browsers that
// are open; forms from before are not taken by it.
func TestFreshProgramGoesOn(t *testing.T) {
	o := reviewtest.New(t)
	key := filepath.Join(t.TempDir(), "key.age")
	if err := review.SaveKeyFile(key, o.Nino.Key, passphrase, 2); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := ui.Config{Addr: l.Addr().String(), KeyPath: key, Dir: filepath.Join(t.TempDir(), "desk"), Clock: o.Clock.Now, WorkFactor: 2, Renew: true}
	s, err := ui.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), l) }()
	b := &browser{t: t, org: o, person: o.Nino, base: "http://" + cfg.Addr, http: newJar(t)}
	b.get(strings.TrimPrefix(s.LaunchURL(), b.base))
	b.post("/unlock", url.Values{"passphrase": {passphrase}})
	_, page := b.get("/")
	token := tokenField.FindStringSubmatch(page)[1]
	b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if resp, _ := b.post("/lock", url.Values{}); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("locking: status %d", resp.StatusCode)
	}
	if err := <-done; !errors.Is(err, ui.ErrLocked) {
		t.Fatalf("after the lock: %v", err)
	}
	cfg.Handover = s.Handover()
	if strings.Contains(cfg.Handover, passphrase) {
		t.Error("the handover has more than it needs")
	}
	if l, err = net.Listen("tcp", cfg.Addr); err != nil {
		t.Fatal(err)
	}
	if s, err = ui.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { done <- s.Serve(ctx, l) }()
	defer func() { cancel(); <-done }()
	if resp, page := b.get("/unlock"); resp.StatusCode != http.StatusOK {
		t.Errorf("the browser that was open: %d\n%s", resp.StatusCode, page)
	}
	if resp, _ := b.send(http.MethodPost, "/lock", url.Values{"form": {token}}); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a form from before: status %d, want 403", resp.StatusCode)
	}
	for _, bad := range []string{"{", `{"sessions":[{"hash":"x"}]}`, `{"sessions":[` + strings.Repeat("{},", 16) + `{}]}`} {
		cfg.Handover = bad
		if _, err := ui.New(cfg); err == nil {
			t.Errorf("going on from %.20q", bad)
		}
	}
}
