package ui_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"peerwitness/review/reviewtest"
	"peerwitness/vault/seal"
)

var taskField = regexp.MustCompile(`name="task" value="([0-9a-f]{32})"`)

// A hearing, somebody held, a risk to the peer worker: written down on the case's
// page, seen on the list of days, and in a calendar that gives nothing away.
func TestLookingAfterACase(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", func(r *seal.Report) { r.Answers.Story = "PRACTICE quincebrook" })
	nino, ana := unlocked(t, o, o.Nino), unlocked(t, o, o.Ana)
	path := "/case/" + s.Deposit.String()
	nino.post(path+"/take", url.Values{})
	resp, page := nino.post(path+"/task", url.Values{"kind": {"hearing"}, "what": {"PRACTICE district court"}, "day": {""}, "hour": {"09:30"}})
	if resp.StatusCode != http.StatusConflict || !strings.Contains(page, `value="PRACTICE district court"`) || !strings.Contains(page, `value="09:30"`) {
		t.Errorf("what was typed is lost, status %d", resp.StatusCode)
	}
	nino.sees(page, "the day or the hour can't be read")
	_, page = nino.post(path+"/task", url.Values{"kind": {"hearing"}, "what": {"PRACTICE district court"}, "day": {"2026-12-01"}, "hour": {"09:30"}, "who": {o.Ana.ID()}})
	nino.sees(page, "Hearing: PRACTICE district court", "Tue 1 Dec 2026 · in 8 days at 09:30", "wrote down what is to be done")
	_, page = nino.post(path+"/task", url.Values{"kind": {"visit"}, "day": {"2026-11-20"}})
	nino.sees(page, "Overdue Visit or accompaniment")
	_, page = nino.post(path+"/custody", url.Values{"since": {"2026-11-22T09:00"}, "hours": {"abc"}})
	nino.sees(page, "give the hours that the law allows as a number")
	since := o.Clock.Now().Local().Add(-30 * time.Hour).Format("2006-01-02T15:04")
	_, page = nino.post(path+"/custody", url.Values{"since": {since}, "hours": {"48"}, "place": {"PRACTICE Station 4"}})
	nino.sees(page, "Held for 30 hours", "PRACTICE Station 4", "The 48 hours that the law allows end in 18 hours", "Held now")
	_, page = nino.post(path+"/risk", url.Values{"of": {"job", "arrest"}, "text": {"PRACTICE her card was photographed"}})
	nino.sees(page, "arrest, losing work", "Nothing is done about it yet")

	_, page = nino.get("/deadlines")
	nino.sees(page, "Held for 30 hours", "Visit or accompaniment")
	if strings.Contains(text(page), "district court") {
		t.Error("a colleague's task is among one's own")
	}
	_, page = nino.get("/deadlines?of=all")
	nino.sees(page, "Hearing: PRACTICE district court", "Advocate Ana")
	ana.post2("/sync")
	resp, page = ana.get("/deadlines.ics")
	if resp.Header.Get("Content-Type") != "text/calendar; charset=utf-8" || strings.Contains(page, "PRACTICE") || strings.Contains(page, "Ana") || strings.Contains(strings.ToLower(page), "peerwitness") || strings.Contains(strings.ToLower(page), "hearing") {
		t.Errorf("the calendar says too much:\n%s", page)
	}
	for _, want := range []string{"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "DTSTART:20261201T093000\r\n", "SUMMARY:Appointment ", "END:VCALENDAR\r\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("the calendar lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "20261120") {
		t.Error("a colleague's day is in one's own calendar")
	}

	_, page = ana.get(path)
	m := taskField.FindStringSubmatch(page)
	if m == nil {
		t.Fatal("no form names a task")
	}
	_, page = ana.post(path+"/task/state", url.Values{"task": {m[1]}, "state": {"done"}})
	ana.sees(page, "did what was to be done", "Done, or not needed any more")
	_, page = ana.post(path+"/task/state", url.Values{"task": {"../../x"}, "state": {"done"}})
	ana.sees(page, "Not done")
	until := o.Clock.Now().Local().Format("2006-01-02T15:04")
	_, page = ana.post(path+"/custody", url.Values{"since": {since}, "hours": {"48"}, "released": {until}})
	ana.sees(page, "Released", "wrote down that somebody was released")
	_, page = ana.post(path+"/risk", url.Values{"of": {"job", "arrest"}, "done": {"legal-support"}, "over": {"yes"}})
	ana.sees(page, "The danger is over", "a lawyer for them")
}

func TestCasesBroughtTogether(t *testing.T) {
	o := reviewtest.New(t)
	badge := func(story string) func(*seal.Report) {
		return func(r *seal.Report) { r.Answers.Story, r.Answers.WhoText = story, "Badge AB-1234" }
	}
	first, second := o.Send("street", badge("PRACTICE the first telling")), o.Send("street", badge("PRACTICE <b>the second</b> telling"))
	nino := unlocked(t, o, o.Nino)
	path, other := "/case/"+first.Deposit.String(), "/case/"+second.Deposit.String()
	nino.post(other+"/take", url.Values{})
	_, page := nino.post(path+"/take", url.Values{})
	nino.sees(page, "May have to do with this one", "the same number")
	_, page = nino.post(other+"/relation", url.Values{"case": {first.Deposit.String()}, "as": {"duplicate"}})
	nino.sees(page, "this case is merged into it", "merged this case into case")
	if strings.Contains(text(page), "May have to do with this one") {
		t.Error("it is suggested again after it was decided")
	}
	_, page = nino.get(path)
	nino.sees(page, "as well · arrived", "PRACTICE <b>the second</b> telling")
	if strings.Contains(page, "<b>the second") {
		t.Error("a report's own markup reaches the page")
	}
	_, page = nino.post(other+"/relation", url.Values{"case": {first.Deposit.String()}, "as": {"unrelated"}})
	nino.sees(page, "wrote down that this has nothing to do with case")
	if _, page = nino.get(path); strings.Contains(text(page), "as well · arrived") {
		t.Error("taken apart, and still shown together")
	}
	for _, f := range []url.Values{{"case": {"x"}, "as": {"related"}}, {"case": {strings.Repeat("0", 64)}, "as": {"related"}}, {"case": {second.Deposit.String()}, "as": {"<b>"}}} {
		if resp, page := nino.post(path+"/relation", f); resp.StatusCode < 400 || strings.Contains(page, "<b>") {
			t.Errorf("%v: status %d", f, resp.StatusCode)
		}
	}
}

// The team's page has its figures by the objectives that were asked for, and
// refuses what is no number of days.
func TestTeamPage(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", func(r *seal.Report) { r.Answers.Need = []string{"lawyer-now"} })
	nino := unlocked(t, o, o.Nino)
	nino.post("/case/"+s.Deposit.String()+"/take", url.Values{})
	_, page := nino.get("/team")
	nino.sees(page, "Of 1 report that arrived in the last 90 days", "First answer to the person 3 days –", "Advocate Nino 1 0 0 0", "Advocate Luka advocate Custody 0", "Recovery key opens everything when all else is lost")
	resp, page := nino.post("/team", url.Values{"first": {"0"}, "legal": {"-1"}, "days": {"30"}})
	if resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("status %d", resp.StatusCode)
	}
	nino.sees(page, "Give whole days")
	nino.org.Clock.Advance(48 * time.Hour)
	if _, page = nino.post("/team", url.Values{"first": {"1"}, "legal": {"0"}, "days": {"30"}}); !strings.Contains(text(page), "First answer to the person 1 day 0 % 0 of 1 – 1") {
		t.Errorf("late answers are not told:\n%s", text(page))
	}
}
