package ui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"peerwitness/review/reviewtest"
	"peerwitness/review/ui"
	"peerwitness/vault/seal"
)

func TestUnreadAndOverdue(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", func(r *seal.Report) { r.Answers.Story = "PRACTICE the heron" })
	held := o.Send("street", urgentAs("in-custody-now"))
	o.Send("street", func(r *seal.Report) { r.Practice = true })
	b := unlocked(t, o, o.Nino)
	_, page := b.get("/")
	b.sees(page, "Not opened by you 3", "Waiting too long 0")
	b.get("/case/" + s.Deposit.String())
	_, page = b.get("/?view=unread")
	if b.sees(page, "Not opened by you 2"); strings.Contains(page, "heron") {
		t.Error("what was opened is in the list of what was not")
	}
	o.Clock.Advance(24 * time.Hour)
	_, page = b.get("/?view=overdue")
	b.sees(page, "Waiting too long 1", "Held now")
	o.Clock.Advance(6 * 24 * time.Hour)
	_, page = b.get("/")
	b.sees(page, "Waiting too long 2")
	b.post("/signin", url.Values{"code": {o.Code(o.Nino)}})
	b.post("/case/"+held.Deposit.String()+"/take", url.Values{})
	_, page = b.get("/")
	b.sees(page, "Waiting too long 1")
}

func TestSavedSearches(t *testing.T) {
	o := reviewtest.New(t)
	o.Send("street", func(r *seal.Report) { r.Answers.Story = "PRACTICE the heron" })
	o.Send("street", func(r *seal.Report) { r.Answers.Story = "PRACTICE the bittern" })
	b := unlocked(t, o, o.Nino)
	_, page := b.post("/searches/save", url.Values{"name": {"x"}})
	b.sees(page, "Not saved: there is nothing to look for.")
	b.post("/search", url.Values{"q": {"heron"}})
	resp, page := b.post("/searches/save", url.Values{"name": {`Pier <b>"one"</b>`}})
	if b.sees(page, "Saved on this computer, sealed", `Pier <b>"one"</b>`); strings.Contains(page, "<b>") || strings.Contains(resp.Request.URL.String(), "Pier") {
		t.Error("its name is markup, or stands in the address")
	}
	b.post("/search", url.Values{"q": {""}})
	b.post("/lock", url.Values{})
	b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
	resp, page = b.post("/searches/use", url.Values{"name": {`Pier <b>"one"</b>`}})
	if b.sees(page, "1 of 2 in this list have", "heron"); strings.Contains(page, "bittern") || resp.Request.URL.Path != "/" {
		t.Errorf("it found too much, or stands in %s", resp.Request.URL)
	}
	_, page = b.post("/searches/remove", url.Values{"name": {`Pier <b>"one"</b>`}})
	if b.sees(page, "The saved search is removed."); strings.Contains(page, "Saved searches") {
		t.Error("it is there still")
	}
}

// With many cases the unlocking form does not hang: a page says how far it is,
// and goes on by itself.
func TestOpeningShowsHowFarItIs(t *testing.T) {
	o := reviewtest.New(t)
	for range 80 {
		o.Send("street", nil)
	}
	dir := t.TempDir()
	first := launch(t, o, o.Nino, func(c *ui.Config) { c.Dir = dir })
	first.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
	first.post("/lock", url.Values{})
	b := launch(t, o, o.Nino, func(c *ui.Config) { c.Dir, c.Patience = dir, time.Nanosecond })
	_, page := b.get("/unlock")
	form := url.Values{"passphrase": {passphrase}, "form": {tokenField.FindStringSubmatch(page)[1]}}
	b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if resp, _ := b.send(http.MethodPost, "/unlock", form); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", resp.StatusCode)
	}
	shown, far := 0, false
	for range 600 {
		resp, page := b.get("/?view=urgent")
		if !strings.Contains(page, "Opening your cases") {
			break
		}
		if shown++; resp.Header.Get("Refresh") != "1" || strings.Contains(page, "PRACTICE") {
			t.Errorf("it does not go on by itself: %q", resp.Header.Get("Refresh"))
		}
		far = far || strings.Contains(page, " read.")
		if resp, _ := b.get("/unlock"); resp.StatusCode == http.StatusOK {
			t.Error("while it opens, it can be unlocked once more")
		}
		time.Sleep(2 * time.Millisecond)
	}
	_, page = b.get("/")
	if b.sees(page, "Not taken yet 80"); shown == 0 || !far {
		t.Errorf("the page was seen %d times, with how far it is: %v", shown, far)
	}
	// What fails on the way is said where the page was.
	second := launch(t, o, o.Nino, func(c *ui.Config) { c.Dir, c.Patience = dir, time.Nanosecond })
	_, page = second.post("/unlock", url.Values{"passphrase": {passphrase}})
	second.sees(page, "already open in another window")
}
