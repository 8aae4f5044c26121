package ui_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"peerwitness/review/reviewtest"
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
