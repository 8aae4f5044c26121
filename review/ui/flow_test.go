package ui_test

import (
	"html"
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
	ana.post2("/sync")
	_, list := ana.get("/?view=second")
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

func TestHandOverAndTakeBack(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	nino, ana := unlocked(t, o, o.Nino), unlocked(t, o, o.Ana)
	path := "/case/" + s.Deposit.String()
	nino.post(path+"/take", url.Values{})
	_, page := nino.get(path)
	nino.sees(page, "Hand the case over", "What is open")
	resp, page := nino.post(path+"/assign", url.Values{"to": {o.Ana.ID()}, "reason": {"PRACTICE a long reason"}, "open": {" "}})
	if resp.StatusCode != http.StatusConflict || !strings.Contains(page, ">PRACTICE a long reason</textarea>") || !strings.Contains(page, `value="`+o.Ana.ID()+`" selected`) {
		t.Errorf("what was typed is lost, status %d", resp.StatusCode)
	}
	nino.sees(page, "say what is open")
	_, page = nino.post(path+"/assign", url.Values{"to": {o.Ana.ID()}, "reason": {"PRACTICE leave"}, "open": {"PRACTICE call on Friday"}})
	nino.sees(page, "The case was given on.", "gave the case to Advocate Ana", "What is open: PRACTICE call on Friday", "Take this back")
	if strings.Contains(text(page), "Hand the case over") {
		t.Error("who does not hold the case is offered to hand it over")
	}
	_, page = nino.post(path+"/undo", url.Values{"of": {nino.of(page)}, "reason": {"PRACTICE wrong colleague"}})
	nino.sees(page, "It was taken back", "With Advocate Nino", "Taken back by Advocate Nino.", "gave the case to Advocate Ana")
	if !strings.Contains(page, `<li class="undone">`) {
		t.Error("what was taken back is not marked")
	}
	if resp, page = ana.post(path+"/undo", url.Values{"of": {"../../x"}, "reason": {"<b>PRACTICE"}}); resp.StatusCode != http.StatusConflict || strings.Contains(page, "<b>PRACTICE") {
		t.Errorf("an entry that is none: status %d", resp.StatusCode)
	}
}

func TestLeaveCoverPage(t *testing.T) {
	o := reviewtest.New(t)
	nino, ana := unlocked(t, o, o.Nino), unlocked(t, o, o.Ana)
	var paths []string
	for range 2 {
		paths = append(paths, "/case/"+o.Send("street", nil).Deposit.String())
	}
	for _, p := range paths {
		nino.post(p+"/take", url.Values{})
	}
	_, page := nino.get("/")
	nino.sees(page, "Leave cover")
	_, page = nino.get("/away")
	nino.sees(page, "You hold 2 open cases")
	away := func(b *browser, f url.Values) (*http.Response, string) {
		_, page := b.get("/away")
		all := tokenField.FindAllStringSubmatch(page, -1)
		f.Set("form", html.UnescapeString(all[len(all)-1][1]))
		return b.send(http.MethodPost, "/away", f)
	}
	resp, page := away(nino, url.Values{"from": {"2026-11-23"}, "by": {o.Ana.ID()}, "do": {"cover"}})
	if resp.StatusCode != http.StatusConflict || !strings.Contains(page, `value="2026-11-23"`) {
		t.Errorf("half of it: status %d", resp.StatusCode)
	}
	nino.sees(page, "say from when to when")
	_, page = away(nino, url.Values{"from": {"2025-01-01"}, "until": {"2025-01-02"}, "by": {o.Ana.ID()}, "do": {"cover"}})
	nino.sees(page, "the last day is past")
	_, page = away(nino, url.Values{"from": {"2026-11-23"}, "until": {"2026-12-01"}, "by": {o.Luka.ID()}, "do": {"cover"}})
	nino.sees(page, "0 of 2 cases are arranged", "could not be arranged: That person does not hold this case's key")
	// Nobody arranges it for others by sending another name.
	_, page = away(nino, url.Values{"whose": {o.Ana.ID()}, "from": {"2026-11-23"}, "until": {"2026-12-01"}, "by": {o.Nino.ID()}, "do": {"cover"}})
	nino.sees(page, "There is no open case")
	_, page = away(nino, url.Values{"from": {"2026-11-23"}, "until": {"2026-12-01"}, "by": {o.Ana.ID()}, "do": {"cover"}})
	nino.sees(page, "2 of 2 cases are arranged.", "Advocate Ana for Advocate Nino")
	ana.post2("/sync")
	_, page = ana.get("/?view=mine")
	ana.sees(page, "Mine 2", "Mine to cover")
	_, page = ana.get(paths[0])
	ana.sees(page, "Away from 2026-11-23 to 2026-12-01: Advocate Ana covers", "Hand the case over")
	_, page = away(ana, url.Values{"whose": {o.Nino.ID()}, "do": {"end"}})
	ana.sees(page, "2 of 2 cases are arranged.")
	ana.get("/?view=mine")
	if _, page = ana.get("/?view=mine"); !strings.Contains(text(page), "Mine 0") {
		t.Error("the cover goes on after its end")
	}
}

// Two people at once: whose was put after a colleague's entry sees what that
// was; who is refused sees why, and keeps every word.
func TestConflictsAreShown(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	nino, ana := unlocked(t, o, o.Nino), unlocked(t, o, o.Ana)
	path := "/case/" + s.Deposit.String()
	nino.post(path+"/take", url.Values{})
	ana.post2("/sync")
	seen := regexp.MustCompile(`name="seen" value="([0-9]+)"`)
	_, page := nino.get(path)
	at := seen.FindStringSubmatch(page)
	if at == nil {
		t.Fatal("the page's forms don't say how far it went")
	}
	ana.post(path+"/note", url.Values{"text": {"PRACTICE: the clinic called"}})
	_, page = nino.post(path+"/note", url.Values{"text": {"PRACTICE mine"}, "seen": {at[1]}})
	nino.sees(page, "The note is in the case.", "Meanwhile, before what you just did: Advocate Ana wrote a note", "PRACTICE: the clinic called", "Yours was put after it")
	_, page = nino.get(path)
	if strings.Contains(text(page), "Meanwhile") {
		t.Error("it is said again")
	}
	at = seen.FindStringSubmatch(page)
	_, page = nino.post(path+"/note", url.Values{"text": {"PRACTICE alone"}, "seen": {at[1]}})
	if strings.Contains(text(page), "Meanwhile") {
		t.Error("nothing came between, and something is said to have")
	}
	at = seen.FindStringSubmatch(page)
	ana.post(path+"/state", url.Values{"to": {"closed"}, "close": {"lost-contact"}})
	resp, page := nino.post(path+"/state", url.Values{"to": {"in-review"}, "reason": {"PRACTICE a whole page of reasons"}, "seen": {at[1]}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("status %d", resp.StatusCode)
	}
	nino.sees(page, "Not done", "Since you opened this page: Advocate Ana moved it to “Closed”", "Yours was not done", "Your reason, not sent", "PRACTICE a whole page of reasons", "Copy it before")
	resp, page = nino.post(path+"/propose", url.Values{"what": {"not-verified"}, "reason": {"PRACTICE <i>words</i>"}, "seen": {"-1"}})
	if resp.StatusCode != http.StatusConflict || !strings.Contains(page, "PRACTICE &lt;i&gt;words&lt;/i&gt;") {
		t.Errorf("status %d, or what was typed is lost", resp.StatusCode)
	}
}

func TestRestrictPage(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	nino, ana := unlocked(t, o, o.Nino), unlocked(t, o, o.Ana)
	path := "/case/" + s.Deposit.String()
	nino.post(path+"/take", url.Values{})
	_, page := nino.get(path)
	nino.sees(page, "Ask a lead to restrict the case")
	resp, page := nino.post(path+"/restrict", url.Values{"people": {o.Nino.ID(), o.Ana.ID()}, "reason": {"PRACTICE words kept"}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("an advocate restricts: status %d", resp.StatusCode)
	}
	nino.sees(page, "only a lead can do this", "PRACTICE words kept")
	_, page = nino.post(path+"/propose", url.Values{"what": {"restrict"}, "people": {o.Ana.ID(), o.Luka.ID()}, "reason": {"PRACTICE: a friend is named in it"}})
	nino.sees(page, "Only a lead can do it.")
	ana.post2("/sync")
	_, page = ana.get("/?view=second")
	ana.sees(page, "For a second person 1")
	_, page = ana.get(path)
	ana.sees(page, "restrict it to some people: Advocate Ana, Advocate Luka", "Restrict the case", "PRACTICE: a friend is named in it")
	if n := strings.Count(page, `name="people" value="`); n != 3 || strings.Count(page, `" checked>`) != 2 {
		t.Errorf("%d people to choose from, not as asked for", n)
	}
	ana.post(path+"/assign", url.Values{"to": {o.Ana.ID()}, "reason": {"PRACTICE"}})
	_, page = ana.post(path+"/restrict", url.Values{"people": {o.Ana.ID(), o.Luka.ID()}, "reason": {"PRACTICE"}})
	ana.sees(page, "The case is restricted.", "Restricted to Advocate Ana, Advocate Luka", "restricted the case to Advocate Ana, Advocate Luka", "Open the case to the desk again")
	resp, page = nino.post(path+"/note", url.Values{"text": {"PRACTICE too late"}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("who was left out writes: status %d", resp.StatusCode)
	}
	nino.sees(page, "the key of this case was not given to you", "Your text, not sent", "PRACTICE too late", "A lead may have restricted the case")
	_, page = ana.post(path+"/lift", url.Values{"reason": {"PRACTICE settled"}})
	ana.sees(page, "The case is open to the desk again.")
}
