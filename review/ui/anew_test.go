package ui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"peerwitness/review/reviewtest"
	"peerwitness/review/ui"
	"peerwitness/vault/roster"
)

// The whole way on the pages: a backup was restored, the person is told, asks, puts
// back, locks, and goes on.
func TestServerBeganAnew(t *testing.T) {
	o := reviewtest.New(t)
	backup := o.Backup()
	b := unlocked(t, o, o.Nino)
	o.Send("street", nil)
	b.post("/sync", url.Values{})
	if _, page := b.get("/anew"); !strings.Contains(text(page), "There is nothing to put back") {
		t.Errorf("before: %s", text(page))
	}
	if err := b.ui.Close(); err != nil {
		t.Fatal(err)
	}
	o.RestoreFrom(backup)
	b = launch(t, o, o.Nino, func(c *ui.Config) { c.Dir = b.folder })
	_, page := b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
	b.sees(page, "began anew", "nothing goes to the server until you say so", "The server began anew: what that means and what to do")
	_, page = b.get("/anew")
	b.sees(page, "What happened", "What is kept", "Ask the operator", "Put back what is missing")
	resp, page := b.post("/anew", url.Values{})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("without asking: %d", resp.StatusCode)
	}
	b.sees(page, "Nothing was sent")
	_, page = b.post("/anew", url.Values{"asked": {"yes"}})
	for end := time.Now().Add(30 * time.Second); strings.Contains(page, `action="/anew/stop"`) && time.Now().Before(end); _, page = b.get("/anew") {
		time.Sleep(20 * time.Millisecond)
	}
	b.sees(page, "All that was missing is back")
	b.post("/lock", url.Values{})
	_, page = b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
	b.sees(page, "Up to date")
	if strings.Contains(page, "anew") {
		t.Errorf("still: %s", text(page))
	}
	if _, page = b.get("/"); !strings.Contains(page, "/case/") {
		t.Errorf("the report is gone: %s", text(page))
	}
	b.post("/anew/stop", url.Values{})
	b.post("/anew/seen", url.Values{})
}

// A partner puts nothing back: her page says what she does instead.
func TestServerBeganAnewForPartner(t *testing.T) {
	o := reviewtest.New(t)
	rita := o.Hire("p-00000000000000aa", "Partner Rita", roster.Partner)
	backup := o.Backup()
	b := unlocked(t, o, rita)
	if err := b.ui.Close(); err != nil {
		t.Fatal(err)
	}
	o.RestoreFrom(backup)
	b = launch(t, o, rita, func(c *ui.Config) { c.Dir = b.folder })
	_, page := b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(rita)}})
	b.sees(page, "began anew")
	_, page = b.get("/anew")
	b.sees(page, "Ask the operator", "Go on with the restored server", "Nothing is sent")
	if strings.Contains(page, "Put back what is missing") {
		t.Error("she is asked to put back")
	}
	_, page = b.post("/anew", url.Values{"asked": {"yes"}})
	for end := time.Now().Add(30 * time.Second); strings.Contains(page, `action="/anew/stop"`) && time.Now().Before(end); _, page = b.get("/anew") {
		time.Sleep(20 * time.Millisecond)
	}
	b.sees(page, "restored server's entries are here")
	b.post("/lock", url.Values{})
	_, page = b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(rita)}})
	b.sees(page, "Up to date")
}
