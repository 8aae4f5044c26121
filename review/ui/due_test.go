package ui_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault/seal"
)

// What is due is listed, two people erase it, and the page says so: when and by
// whom, nothing of what it was.
func TestDueAndErased(t *testing.T) {
	o := reviewtest.New(t)
	nino, ana := unlocked(t, o, o.Nino), o.Workstation(o.Ana, nil)
	s := o.Send("street", func(r *seal.Report) { r.Consent, r.Answers.Story = nil, "PRACTICE cormorant" })
	other := o.Send("street", nil)
	for _, x := range []*reviewtest.Sent{s, other} {
		if err := ana.Sync(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := ana.Take(t.Context(), x.Deposit); err != nil {
			t.Fatal(err)
		}
		if err := ana.Answer(t.Context(), x.Deposit, "PRACTICE", 0); err != nil {
			t.Fatal(err)
		}
	}
	path := "/case/" + s.Deposit.String()
	nino.post2("/sync")
	_, page := nino.get("/due")
	nino.sees(page, "What is to be erased", "No case that you can read is due")
	o.Clock.Advance(32 * 24 * time.Hour)
	if got := ana.View().Due(o.Clock.Now()); len(got) != 1 || got[0].Case.Report.ID != s.Report.ID || got[0].Why != review.DueNoConsent {
		t.Fatalf("%+v", got)
	}
	if got := ana.View().Due(o.Clock.Now().Add(-2 * 24 * time.Hour)); len(got) != 0 {
		t.Errorf("due too early: %+v", got)
	}
	nino = unlocked(t, o, o.Nino)
	_, page = nino.get("/due")
	nino.sees(page, "the person agreed to nothing")
	_, page = nino.post(path+"/propose", url.Values{"what": {"erase"}, "reason": {"PRACTICE gull"}})
	nino.sees(page, "proposes to erase it", "somebody else has to agree")
	_, page = nino.get("/due")
	nino.sees(page, "waits for a second person")

	ana = o.Workstation(o.Ana, nil)
	c, err := ana.View().Case(s.Deposit)
	if err != nil {
		t.Fatal(err)
	}
	if err := ana.Agree(t.Context(), c.ID, c.Proposals[0].Entry); err != nil {
		t.Fatal(err)
	}
	nino.post2("/sync")
	resp, page := nino.get(path)
	nino.sees(page, "Case "+c.ID.String()[:8]+" was erased", "Advocate Nino proposed it and Advocate Ana agreed")
	nino.lacks(page, "cormorant", "gull")
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
	if resp, _ = nino.post(path+"/note", url.Values{"text": {"PRACTICE"}}); resp.StatusCode != http.StatusGone {
		t.Errorf("a note to it: %d", resp.StatusCode)
	}
	_, page = nino.get("/due")
	nino.sees(page, "No case that you can read is due", "Case "+c.ID.String()[:8], "Advocate Ana agreed")
}

// A case that was closed for as long as the policy has it.
func TestDueAfterYears(t *testing.T) {
	o := reviewtest.New(t)
	ana := o.Workstation(o.Ana, nil)
	s := o.Send("street", nil)
	if err := ana.Sync(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := ana.Take(t.Context(), s.Deposit); err != nil {
		t.Fatal(err)
	}
	if err := ana.SetState(t.Context(), s.Deposit, review.Change{To: review.Closed, Close: "withdrawn"}); err != nil {
		t.Fatal(err)
	}
	at := o.Clock.Now()
	for when, n := range map[time.Time]int{at.AddDate(5, 11, 0): 0, at.AddDate(6, 0, 2): 1} {
		if got := ana.View().Due(when); len(got) != n || n == 1 && got[0].Why != review.DueClosed {
			t.Errorf("at %v: %+v", when, got)
		}
	}
}
