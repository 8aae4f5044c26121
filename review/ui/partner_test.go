package ui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// A holder shares a case on its page, the partner works on hers, a lead ends it.
func TestSharingPages(t *testing.T) {
	o := reviewtest.New(t)
	rita := o.Hire("p-00000000000000aa", "Partner Rita", roster.Partner)
	agreed := o.Send("street", func(r *seal.Report) {
		r.Consent = []string{"legal-help", review.Share}
		r.Answers.Story = "PRACTICE kestrel"
	})
	not := o.Send("street", nil)
	nino, her := unlocked(t, o, o.Nino), unlocked(t, o, rita)
	has := func(page string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if !strings.Contains(text(page), p) {
				t.Errorf("the page lacks %q:\n%s", p, text(page))
			}
		}
	}
	lacks := func(page string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if strings.Contains(text(page), p) {
				t.Errorf("the page has %q", p)
			}
		}
	}
	_, page := her.get("/")
	has(page, "Nothing is shared with you yet")
	lacks(page, "Leave cover", "Bring in a spreadsheet", "Not taken yet")

	at := "/case/" + agreed.Deposit.String()
	nino.get(at)
	if _, page = nino.post(at+"/take", url.Values{}); !strings.Contains(page, "Share the case with a partner") {
		t.Fatalf("the holder's page:\n%s", text(page))
	}
	_, other := nino.post("/case/"+not.Deposit.String()+"/take", url.Values{})
	has(other, "Not to be shared with partners: the person did not agree to it")
	lacks(other, "Share the case with a partner")
	c, err := o.Workstation(o.Nino, nil).View().Case(agreed.Deposit)
	if err != nil {
		t.Fatal(err)
	}
	at = "/case/" + c.ID.String()
	if resp, _ := nino.post(at+"/share", url.Values{"to": {rita.ID()}, "reason": {""}}); resp.StatusCode != http.StatusConflict {
		t.Errorf("without a reason: %d", resp.StatusCode)
	}
	_, page = nino.post(at+"/share", url.Values{"to": {rita.ID()}, "reason": {"PRACTICE to the court"}})
	has(page, "The case is shared", "shared the case with Partner Rita", "PRACTICE to the court")
	lacks(page, "End the share")

	her.post2("/sync")
	_, page = her.get(at)
	has(page, "shared this case with you", "PRACTICE kestrel", "Add a task or a deadline")
	lacks(page, "Answer the person", "Close the case", "Code this case", "Make an evidence bundle", "Hand the case over", "Who does it", "peer worker risks", "Propose to erase")
	_, page = her.post(at+"/note", url.Values{"text": {"PRACTICE from the court"}})
	has(page, "The note is in the case")
	_, page = her.post(at+"/task", url.Values{"kind": {"hearing"}, "day": {"2031-02-03"}, "who": {rita.ID()}})
	has(page, "It is in the case’s list", "Done")
	for _, path := range []string{"/team", "/away", "/sheet", "/take-out", "/figures", at + "/coding", at + "/people", at + "/evidence"} {
		if resp, page := her.get(path); resp.StatusCode != http.StatusForbidden || !strings.Contains(page, "own people") {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}

	ana := unlocked(t, o, o.Ana)
	_, page = ana.get(at)
	has(page, "PRACTICE from the court", "End the share with Partner Rita")
	_, page = ana.post(at+"/share/end", url.Values{"to": {rita.ID()}, "reason": {"PRACTICE judged"}})
	has(page, "The share has ended", "ended the share with Partner Rita")
	_, page = her.post(at+"/note", url.Values{"text": {"PRACTICE too late"}})
	has(page, "may have ended the share", "PRACTICE too late")

	// Her page says so, and offers nothing to write any more.
	her.post2("/sync")
	_, page = her.get(at)
	has(page, "The desk has ended the share", "PRACTICE kestrel")
	lacks(page, "Add a task or a deadline", "Add the note", "Change it", "Open again", "shared this case with you")

	// Two people erase it: it is gone from hers, and she is told when and by whom.
	_, page = her.get("/due")
	has(page, "Nothing that was shared with you has been erased")
	lacks(page, "What is to be erased", "due")
	first, second := o.Workstation(o.Nino, nil), o.Workstation(o.Ana, nil)
	if err := first.Propose(t.Context(), c.ID, review.Erase, "PRACTICE gull"); err != nil {
		t.Fatal(err)
	}
	if err := second.Sync(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if c, err = second.View().Case(c.ID); err != nil {
		t.Fatal(err)
	}
	if err := second.Agree(t.Context(), c.ID, c.Proposals[0].Entry); err != nil {
		t.Fatal(err)
	}
	if err := second.Sync(t.Context(), nil); err != nil { // which sends it
		t.Fatal(err)
	}
	her.post2("/sync")
	_, page = her.get(at)
	has(page, "was erased", "Advocate Nino proposed it and Advocate Ana agreed")
	lacks(page, "kestrel", "gull")
	_, page = her.get("/due")
	has(page, "What was erased", "Case "+c.ID.String()[:8], "Advocate Ana agreed")
}

// What the organisation set itself is what its root holders signed.
func TestObjectivesOfTheList(t *testing.T) {
	o := reviewtest.New(t)
	o.Next(func(r *roster.Roster) {
		r.Policy.FirstAnswerDays, r.Policy.LegalHelpDays, r.Policy.WaitDays = 11, 13, 2
	})
	s := o.Send("street", nil)
	o.Clock.Advance(3 * 24 * time.Hour)
	b := unlocked(t, o, o.Nino)
	_, page := b.get("/team")
	for _, part := range []string{"11 days", "13 days", "signed list of people has them"} {
		if !strings.Contains(text(page), part) {
			t.Errorf("the page lacks %q:\n%s", part, text(page))
		}
	}
	if _, page = b.get("/?view=overdue"); !strings.Contains(page, s.Deposit.String()) {
		t.Error("a report that waits longer than the list allows is not among those that wait too long")
	}
	_, page = b.post("/team", url.Values{"first": {"5"}, "legal": {"5"}, "days": {"30"}})
	if !strings.Contains(text(page), "not all, from your organisation") {
		t.Error("objectives of one's own pass for the signed ones")
	}
}
