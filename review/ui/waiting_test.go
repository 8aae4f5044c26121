package ui_test

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"peerwitness/review/reviewtest"
)

// What waits is known again by what was written, and says why it does not go:
// a colleague was quicker, or what stands before it has to be decided about.
func TestWhatWaitsExplainsItself(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	nino, ana := unlocked(t, o, o.Nino), unlocked(t, o, o.Ana)
	path := "/case/" + s.Deposit.String()
	nino.post(path+"/take", url.Values{})
	nino.post(path+"/state", url.Values{"to": {"in-review"}})
	o.Store.DeleteSessions(context.Background(), o.Nino.ID())
	nino.post(path+"/state", url.Values{"to": {"verified"}, "verification": {"corroborated"}, "reason": {"PRACTICE two accounts"}})
	nino.post(path+"/task", url.Values{"kind": {"deadline"}, "what": {"PRACTICE complaint"}, "day": {"2030-03-04"}})
	nino.post(path+"/custody", url.Values{"place": {"PRACTICE harbour station"}})
	nino.post(path+"/risk", url.Values{"of": {"arrest"}, "text": {"PRACTICE they watch the door"}})
	nino.post(path+"/people/link", url.Values{"new": {"PRACTICE blue jacket"}, "role": {"affected"}})
	ana.post(path+"/state", url.Values{"to": {"verified"}, "verification": {"single-account"}})

	_, page := nino.get("/waiting")
	nino.sees(page, "PRACTICE two accounts", "Deadline: PRACTICE complaint", "4 Mar 2030", "PRACTICE harbour station", "PRACTICE they watch the door", "PRACTICE blue jacket")
	if strings.Contains(page, "could not be done") || strings.Contains(page, "stands above it") {
		t.Error("before it was tried something is said to have failed")
	}
	nino.post("/signin", url.Values{"code": {o.Code(o.Nino)}})
	_, page = nino.get("/waiting")
	nino.sees(page, "could not be done", "The case is in “verified” already.")
	if n := strings.Count(page, "waits until you decide about what stands above it"); n != 4 {
		t.Errorf("%d of 4 say what they wait for", n)
	}
	wait := regexp.MustCompile(`name="wait" value="([0-9a-f]{32})"`).FindStringSubmatch(page)
	nino.referer = "/waiting"
	_, page = nino.post("/waiting/forget", url.Values{"wait": {wait[1]}})
	if strings.Contains(page, "stands above it") {
		t.Error("nothing stands above them any more")
	}
	_, page = nino.post("/sync", url.Values{})
	nino.sees(page, "Nothing waits.")
	nino.referer = ""
	// A state that can't be reached is named in words.
	_, page = ana.post(path+"/state", url.Values{"to": {"reopened"}, "reason": {"PRACTICE"}})
	ana.sees(page, "the case is in “verified” by now, and can't go from there to “reopened”")
}
