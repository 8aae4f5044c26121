package ui_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"peerwitness/review/reviewtest"
	"peerwitness/review/ui"
	"peerwitness/vault/seal"
)

func urgentAs(code string) func(*seal.Report) {
	return func(r *seal.Report) { r.Answers.Urgency = code }
}

// rung waits until the desktop was notified n times, and no more.
func rung(t *testing.T, bell *atomic.Int32, n int32) {
	t.Helper()
	for range 6000 {
		if bell.Load() >= n {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	if got := bell.Load(); got != n {
		t.Errorf("notified %d times, want %d", got, n)
	}
}

func TestUrgentCallsOnce(t *testing.T) {
	o := reviewtest.New(t)
	o.Send("street", urgentAs("danger-now")) // there before: it is in the list, and calls nobody
	var bell atomic.Int32
	b := launch(t, o, o.Nino, func(c *ui.Config) {
		c.SyncEvery = time.Hour
		c.Ring = func(context.Context) error { bell.Add(1); return errors.New("no desktop here") }
	})
	unlock := func() {
		_, page := b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
		b.sees(page, "Cases")
	}
	unlock()
	b.get("/")
	b.post("/lock", url.Values{})
	first := bell.Load()
	unlock()
	rung(t, &bell, first)

	quiet := func(what string) {
		t.Helper()
		_, page := b.post("/sync", url.Values{})
		if strings.Contains(page, "Came in just now") {
			t.Errorf("%s calls: %s", what, text(page))
		}
		rung(t, &bell, first)
	}
	quiet("nothing")
	o.Send("street", func(r *seal.Report) { r.Answers.Urgency, r.Practice = "danger-now", true })
	o.Send("street", urgentAs("deadline-soon"))
	quiet("practice, or a deadline,")

	s := o.Send("street", urgentAs("in-custody-now"))
	o.Send("street", urgentAs("danger-now"))
	_, page := b.post("/sync", url.Values{})
	b.sees(page, "Came in just now", "Held now", "Danger now")
	if i, j := strings.Index(page, "Danger now"), strings.Index(page, "Held now"); i > j {
		t.Error("danger does not stand first")
	}
	rung(t, &bell, first+1)
	b.post("/sync", url.Values{})
	rung(t, &bell, first+1)

	// Every page says it until the case is looked at, or a colleague has it.
	path := "/case/" + s.Deposit.String()
	_, page = b.get("/quarantine")
	b.sees(page, "Came in just now", "Held now")
	b.get(path)
	_, page = b.get("/quarantine")
	if b.sees(page, "Danger now"); strings.Contains(page, "Held now") {
		t.Error("what was looked at still calls")
	}
	ana := o.Workstation(o.Ana, nil)
	for _, c := range ana.View().Cases {
		if c.Urgency == "danger-now" && !c.Practice {
			if _, err := ana.Take(context.Background(), c.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, page = b.post("/sync", url.Values{})
	if strings.Contains(page, "Came in just now") {
		t.Error("what a colleague took still calls")
	}

	// A message in a case of one's own, and not in a colleague's.
	b.post(path+"/take", url.Values{})
	s.Say(seal.Message{Text: "PRACTICE they let me out"})
	_, page = b.post("/sync", url.Values{})
	b.sees(page, "A message in a case of yours")
	rung(t, &bell, first+2)
	b.referer = "/quarantine"
	resp, page := b.post("/seen", url.Values{})
	if strings.Contains(page, "Came in just now") || resp.Request.URL.Path != "/quarantine" {
		t.Errorf("after saying so it still calls, or leads to %s", resp.Request.URL)
	}
}

// The strip in each page tells of what came in after the page was made. It asks
// by itself and no longer than somebody is there, and keeps nothing unlocked.
func TestStripTellsAnOpenPage(t *testing.T) {
	o := reviewtest.New(t)
	b := launch(t, o, o.Nino, func(c *ui.Config) { c.SyncEvery, c.LockAfter = 20*time.Millisecond, 10*time.Minute })
	_, page := b.get("/now")
	b.sees(page, "Locked.")
	_, page = b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
	if !strings.Contains(page, `<iframe class="now" src="/now?since=0"`) {
		t.Fatal("the page has no strip")
	}
	resp, page := b.get("/now?since=0")
	b.sees(page, "Nothing urgent since")
	if got := resp.Header.Get("Refresh"); got != "20; url=/now?since=0&n=1" {
		t.Errorf("it asks again: %q", got)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
		"X-Frame-Options":         "SAMEORIGIN",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	o.Send("street", func(r *seal.Report) {
		r.Answers.Urgency, r.Answers.Story = "danger-now", "PRACTICE by the alder"
	})
	for range 3000 {
		if _, page = b.get("/now?since=0"); strings.Contains(page, "Something urgent came in") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if b.sees(page, "Something urgent came in"); strings.Contains(page, "alder") || strings.Contains(page, "Danger") {
		t.Error("the strip says what it was")
	}
	if _, page = b.get("/now?since=1"); strings.Contains(page, "Something urgent") {
		t.Error("it tells of what the page round it shows already")
	}
	if resp, _ = b.get("/now?since=1&n=31"); resp.Header.Get("Refresh") != "" {
		t.Error("it asks for ever")
	}
	for _, odd := range []string{"/now?since=-1&n=x", "/now?since=99999999999999999999", "/now?since=1%0d%0aX:y"} {
		if resp, _ := b.get(odd); resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Refresh"), "20; url=/now?since=0&n=") {
			t.Errorf("%s: status %d, %q", odd, resp.StatusCode, resp.Header.Get("Refresh"))
		}
	}
	o.Clock.Advance(9 * time.Minute)
	b.get("/now?since=1")
	o.Clock.Advance(2 * time.Minute)
	for range 3000 {
		if _, page = b.get("/now"); strings.Contains(page, "Locked.") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the strip keeps the desk unlocked")
}
