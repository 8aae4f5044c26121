package ui_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"peerwitness/review/reviewtest"
	"peerwitness/vault/seal"
)

// coded is a case that b took, the address of its coding, and a form that a
// browser would send from it.
func coded(t *testing.T, b *browser, change func(r *seal.Report)) (path string, form func(more url.Values) url.Values) {
	t.Helper()
	s := b.org.Send("street", change)
	b.get("/")
	b.org.Clock.Advance(6e9) // the pages ask the server again after five seconds
	b.get("/")
	path = "/case/" + s.Deposit.String()
	b.post(path+"/take", url.Values{})
	return path, func(more url.Values) url.Values {
		_, page := b.get(path + "/coding")
		m := seenField.FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no coding form:\n%s", text(page))
		}
		f := url.Values{
			"seen": {m[1]}, "do": {"save"}, "main": {"0"},
			"acts-0-code": {"extortion"}, "acts-0-kind": {"commission"}, "acts-0-state": {"ended"},
			"perpetrators-0-code": {"police"}, "perpetrators-0-badge": {"PRACTICE 17"},
		}
		for k, v := range more {
			f[k] = v
		}
		return f
	}
}

var seenField = regexp.MustCompile(`name="seen" value="([0-9a-f]+)"`)

// holds checks that controls of a form hold what was typed.
func (b *browser) holds(page string, values url.Values) {
	b.t.Helper()
	for name, all := range values {
		for _, v := range all {
			v, name := regexp.QuoteMeta(html.EscapeString(v)), regexp.QuoteMeta(name)
			input := regexp.MustCompile(`<input [^>]*name="` + name + `" value="` + v + `"[^>]*>`).FindString(page)
			ticked := !strings.Contains(input, "checkbox") && !strings.Contains(input, "radio") || strings.Contains(input, "checked")
			picked := regexp.MustCompile(`(?s)<select id="` + name + `"[^>]*>(.*?)</select>`).FindString(page)
			if (input == "" || !ticked) && !regexp.MustCompile(`<option value="`+v+`" selected>`).MatchString(picked) {
				b.t.Errorf("the form does not hold %s = %s", name, v)
			}
		}
	}
}

func TestCodeACase(t *testing.T) {
	o := reviewtest.New(t)
	b := unlocked(t, o, o.Nino)
	path, form := coded(t, b, func(r *seal.Report) {
		r.Answers.Acts = []string{"extortion", "arrest"}
		r.Answers.Grounds = []string{"drug-use"}
	})
	_, page := b.get(path)
	b.sees(page, "Not coded yet.", "Code this case", "It is not coded. Code it first")
	if strings.Contains(page, `<option value="resolved"`) {
		t.Error("closing as resolved is offered before the case is coded")
	}
	_, page = b.get(path + "/coding")
	b.sees(page, "Filled in from the person's own answers.", "by the old pier")
	b.holds(page, url.Values{"acts-0-code": {"extortion"}, "acts-1-code": {"arrest"}, "perpetrators-0-code": {"police"}, "grounds": {"drug-use"}})

	typed := form(url.Values{
		"do": {"act"}, "acts-1-code": {"refused-complaint"}, "acts-1-kind": {"omission"}, "acts-1-state": {"ongoing"},
		"perpetrators-1-code": {"landlord"}, "perpetrators-1-name": {"PRACTICE <b>Z</b>"}, "people-0-age": {"25-34"}, "people-0-populations": {"trans"},
		"region": {"north/harbour"}, "when-kind": {"about"}, "when-date": {"2026-11-20"}, "when-hour": {"soon"},
		"services-0-code": {"legal-primary"}, "services-0-provider": {"PRACTICE office"}, "complaint-code": {"wanted"}, "verification": {"documented"},
	})
	kept := url.Values{}
	for k, v := range typed {
		if k != "do" {
			kept[k] = v
		}
	}
	resp, page := b.post(path+"/coding", typed)
	if resp.StatusCode != http.StatusOK || !strings.Contains(page, `name="acts-2-code"`) {
		t.Errorf("another act: status %d", resp.StatusCode)
	}
	b.holds(page, kept)
	b.holds(page, url.Values{"acts-1-perpetrators": {"police", "landlord"}}) // until she says otherwise

	typed["do"], typed["main"], typed["acts-1-offered"], typed["acts-1-perpetrators"] = []string{"save"}, nil, []string{"police landlord"}, []string{"landlord"}
	resp, page = b.post(path+"/coding", typed)
	if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "<title>Error: ") {
		t.Errorf("faults: status %d", resp.StatusCode)
	}
	for _, id := range []string{"main-act", "services-0-outcome", "when-hour"} {
		if !strings.Contains(page, `href="#`+id+`"`) || !strings.Contains(page, ` id="`+id+`"`) || !strings.Contains(page, `aria-describedby="`+id+`-error"`) || !strings.Contains(page, `id="`+id+`-error"`) {
			t.Errorf("the fault at %s is not both on top and at its field", id)
		}
	}
	delete(kept, "main")
	b.holds(page, kept)
	b.holds(page, url.Values{"acts-1-perpetrators": {"landlord"}})
	if strings.Contains(page, "<b>Z") {
		t.Error("what was typed is taken for a page")
	}

	typed["main"], typed["when-hour"], typed["services-0-outcome"] = []string{"1"}, []string{"14"}, []string{"pending"}
	_, page = b.post(path+"/coding", typed)
	b.sees(page, "The coding is in the case.", "Main act Complaint not taken (something was not done; still going on; by landlord)", "Money or goods demanded (by police, landlord)",
		"Landlord, PRACTICE <b>Z</b>", "North, Harbour", "About Fri 20 Nov 2026", "around 14:00", "Legal advice given, PRACTICE office, still open", "It rests on Documents support it",
		"coded the case", "Complaint not taken and 1 more act", "Change the coding", "Resolved")
	_, page = b.get(path + "/coding")
	b.holds(page, url.Values{"main": {"1"}, "acts-1-perpetrators": {"landlord"}, "when-hour": {"14"}, "region": {"north/harbour"}})
	_, page = b.post(path+"/state", url.Values{"to": {"closed"}, "close": {"resolved"}})
	b.sees(page, "The state was changed.", "Reopen the case")
}

func TestCodedByBoth(t *testing.T) {
	o := reviewtest.New(t)
	nino := unlocked(t, o, o.Nino)
	path, form := coded(t, nino, nil)
	ana := unlocked(t, o, o.Ana)
	_, page := ana.get(path + "/coding")
	hers := form(url.Values{"seen": {seenField.FindStringSubmatch(page)[1]}, "acts-0-code": {"arrest"}})
	mine := form(url.Values{"perpetrators-0-unit": {"PRACTICE pier"}})
	ana.post(path+"/coding", hers)
	resp, page := nino.post(path+"/coding", mine)
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("status %d", resp.StatusCode)
	}
	nino.sees(page, "Advocate Ana coded this case while you did.", "What your colleague coded Main act Arrest")
	nino.holds(page, url.Values{"acts-0-code": {"extortion"}, "perpetrators-0-unit": {"PRACTICE pier"}})
	mine["seen"] = []string{seenField.FindStringSubmatch(page)[1]}
	_, page = nino.post(path+"/coding", mine)
	nino.sees(page, "The coding is in the case.", "Main act Money or goods demanded", "Advocate Ana coded the case")
}

func TestCodingIsKeptWhenTheServerIsNotReached(t *testing.T) {
	o := reviewtest.New(t)
	b := unlocked(t, o, o.Nino)
	path, form := coded(t, b, nil)
	typed := form(url.Values{"perpetrators-0-name": {"PRACTICE name"}})
	o.Store.DeleteSessions(context.Background(), o.Nino.ID())
	resp, page := b.post(path+"/coding", typed)
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
	b.sees(page, "A coding waits on this computer", "You are offline")
	b.post("/signin", url.Values{"code": {o.Code(o.Nino)}})
	_, page = b.get(path + "/coding")
	b.holds(page, url.Values{"perpetrators-0-name": {"PRACTICE name"}})
}

func TestCodingOfWhatIsNotMine(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	b := unlocked(t, o, o.Nino)
	path := "/case/" + s.Deposit.String()
	for _, page := range []string{"/coding", "/people"} {
		if _, body := b.get(path + page); !strings.Contains(text(body), "Take this case") {
			t.Errorf("%s of a case that nobody took:\n%s", page, text(body))
		}
	}
	resp, page := b.post(path+"/coding", url.Values{"do": {"save"}, "main": {"0"}, "seen": {strings.Repeat("0", 64)},
		"acts-0-code": {"arrest"}, "acts-0-kind": {"commission"}, "acts-0-state": {"ended"}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("coding it: status %d", resp.StatusCode)
	}
	b.sees(page, "take the case first")
	luka := unlocked(t, o, o.Luka)
	for _, page := range []string{"/coding", "/people"} {
		if resp, _ := luka.get(path + page); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s at another desk: status %d", page, resp.StatusCode)
		}
	}
}

func TestHostileCodingForm(t *testing.T) {
	o := reviewtest.New(t)
	b := unlocked(t, o, o.Nino)
	path, form := coded(t, b, nil)
	many := url.Values{}
	for n := range 500 {
		many.Set("acts-"+strconv.Itoa(n)+"-code", "arrest")
	}
	for name, more := range map[string]url.Values{
		"five hundred acts":      many,
		"code of no codebook":    {"acts-0-code": {`"><script>`}},
		"region nobody has":      {"region": {"../../etc"}},
		"person of another case": {"people-0-age": {""}, "people-0-key": {"<b>"}},
		"no seen":                {"seen": {"x"}},
	} {
		resp, page := b.post(path+"/coding", form(more))
		if resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
		if strings.Contains(page, "<script>") || strings.Contains(page, "<b>") {
			t.Errorf("%s: it is taken for a page", name)
		}
		if n := strings.Count(page, `<select id="acts-`); n > 3*80 {
			t.Errorf("%s: %d rows come back", name, n/3)
		}
	}
	if _, page := b.get(path); !strings.Contains(text(page), "Not coded yet.") {
		t.Error("something was coded")
	}
}

func TestLinkPeople(t *testing.T) {
	o := reviewtest.New(t)
	b := unlocked(t, o, o.Nino)
	first, _ := coded(t, b, nil)
	second, form := coded(t, b, nil)
	_, page := b.get(first + "/people")
	b.sees(page, "Nobody yet. The case counts as one person of its own.", "Nobody is linked to any case yet.")
	resp, page := b.post(first+"/people/link", url.Values{"new": {""}, "role": {"affected"}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("without a name: status %d", resp.StatusCode)
	}
	b.sees(page, "give a short working name")
	_, page = b.post(first+"/people/link", url.Values{"new": {"Blue <i>jacket"}, "role": {"affected"}})
	b.sees(page, "The person is linked to this case.", "Blue <i>jacket It happened to them")

	_, page = b.post(second+"/people", url.Values{"q": {"zebra"}})
	b.sees(page, "Nobody in the cases you can read goes by that.")
	_, page = b.post(second+"/people", url.Values{"q": {" BLUE "}})
	b.sees(page, "Blue <i>jacket")
	key := regexp.MustCompile(`name="person" value="([0-9a-f]{32})"`).FindStringSubmatch(page)
	if key == nil {
		t.Fatal("nobody to link")
	}
	_, page = b.post(second+"/people/link", url.Values{"person": {key[1]}, "role": {"affected"}})
	b.sees(page, "The person is linked to this case.")
	_, page = b.get(second)
	b.sees(page, "Blue <i>jacket It happened to them, also in 1 other case", "linked “Blue <i>jacket”: it happened to them")
	_, page = b.get(second + "/coding")
	b.sees(page, "Linked as Blue <i>jacket")
	_, page = b.post(second+"/coding", form(url.Values{"people-0-age": {""}, "people-0-key": {key[1]}}))
	b.sees(page, "The coding is in the case.", "People affected “Blue <i>jacket”")
	_, page = b.post(second+"/people/unlink", url.Values{"person": {key[1]}, "role": {"affected"}})
	b.sees(page, "The link was taken back.", "Nobody yet.")
	_, page = b.get(second)
	b.sees(page, "took back the link to “Blue <i>jacket” (it happened to them)")
	if resp, page = b.post(second+"/people", url.Values{"q": {strings.Repeat("a", 200)}}); resp.StatusCode != http.StatusOK {
		t.Errorf("a long search: status %d", resp.StatusCode)
	}
	b.sees(page, "Search for less than that")
}

func TestTakeConsentBack(t *testing.T) {
	o := reviewtest.New(t)
	b := unlocked(t, o, o.Nino)
	path, _ := coded(t, b, func(r *seal.Report) {
		r.Consent = []string{"count-me", "complaint"}
		r.Answers.Teller, r.Answers.Asked = "witness", "no"
	})
	_, page := b.get(path)
	b.sees(page, "No complaint is made: the person it happened to has not agreed.")
	resp, page := b.post(path+"/withdraw", url.Values{})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("nothing chosen: status %d", resp.StatusCode)
	}
	b.sees(page, "choose what the person no longer agrees to")
	_, page = b.post(path+"/withdraw", url.Values{"consent": {"count-me"}})
	b.sees(page, "It is recorded that the person no longer agrees.", "Withdrawn Count my report in figures that show nobody.",
		"recorded that the person, by word of mouth, no longer agrees to this")
}
