package ui_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"peerwitness/review/reviewtest"
)

var ofField = regexp.MustCompile(`name="of" value="([0-9a-f]{64})"`)

// of is the entry that a form on the page names.
func (b *browser) of(page string) string {
	b.t.Helper()
	m := ofField.FindStringSubmatch(page)
	if m == nil {
		b.t.Fatalf("no form names an entry:\n%s", text(page))
	}
	return m[1]
}

func TestSecondPerson(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	nino, ana := unlocked(t, o, o.Nino), unlocked(t, o, o.Ana)
	path := "/case/" + s.Deposit.String()
	nino.post(path+"/take", url.Values{})
	_, page := nino.post(path+"/state", url.Values{"to": {"in-review"}})
	nino.sees(page, "Propose as not verified")
	resp, page := nino.post(path+"/propose", url.Values{"what": {"not-verified"}, "reason": {" "}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("without a reason: status %d", resp.StatusCode)
	}
	nino.sees(page, "needs a reason")
	_, page = nino.post(path+"/propose", url.Values{"what": {"not-verified"}, "reason": {"PRACTICE: nobody saw it"}})
	nino.sees(page, "The case waits for a second person", "Advocate Nino proposes to mark it as not verified", "You proposed it, so somebody else has to agree", "Take your proposal back")
	if _, list := nino.get("/?view=second"); !strings.Contains(text(list), "For a second person 0") {
		t.Error("her own proposal waits for herself")
	}
	_, list := ana.get("/?view=second")
	ana.post2("/sync")
	_, list = ana.get("/?view=second")
	ana.sees(list, "For a second person 1", "Waits for a second person")
	_, page = ana.get(path)
	ana.sees(page, "PRACTICE: nobody saw it", "Agree to mark it as not verified")
	of := ana.of(page)
	if _, page = nino.post(path+"/agree", url.Values{"of": {of}}); strings.Contains(text(page), "as the second person") {
		t.Error("one person is two")
	}
	_, page = ana.post(path+"/decline", url.Values{"of": {of}, "reason": {""}})
	ana.sees(page, "needs a reason")
	_, page = ana.post(path+"/agree", url.Values{"of": {of}})
	ana.sees(page, "You agreed, as the second person.", "agreed, as the second person, to mark it as not verified")
	_, page = ana.post(path+"/decline", url.Values{"of": {of}, "reason": {"PRACTICE late words"}})
	ana.sees(page, "does not wait any more")
}
