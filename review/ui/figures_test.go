package ui_test

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"peerwitness/review/figures"
	"peerwitness/review/reviewtest"
	"peerwitness/vault/seal"
)

// reconnect signs in anew after the clock has moved.
func (b *browser) reconnect() {
	b.t.Helper()
	if _, body := b.post("/signin", url.Values{"code": {b.org.Code(b.person)}}); !strings.Contains(body, "Up to date") {
		b.t.Fatalf("connecting again shows:\n%s", text(body))
	}
}

func (b *browser) says(path string, want ...string) string {
	b.t.Helper()
	_, page := b.get(path)
	for _, w := range want {
		if !strings.Contains(text(page), w) {
			b.t.Errorf("%s lacks %q:\n%s", path, w, text(page))
		}
	}
	return page
}

func (b *browser) does(path string, form url.Values, status int, want string) {
	b.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	resp, page := b.post(path, form)
	if resp.StatusCode != status || !strings.Contains(text(page), want) {
		b.t.Fatalf("%s: %d, without %q:\n%s", path, resp.StatusCode, want, text(page))
	}
}

var programmeField = regexp.MustCompile(`name="programme" value="([0-9a-f]{64})"`)

// Two keepers found the journal, agree on a programme, and bring a period out;
// an advocate's case is counted meanwhile, and she sees nothing of it.
func TestFiguresPages(t *testing.T) {
	o := reviewtest.New(t)
	nino, mari, keti := unlocked(t, o, o.Nino), unlocked(t, o, o.Mari), unlocked(t, o, o.Keti)
	if resp, page := nino.get("/figures"); resp.StatusCode != http.StatusNotFound || strings.Contains(page, `href="/figures"`) {
		t.Errorf("an advocate's figures: %d", resp.StatusCode)
	}
	nino.does("/figures/found", nil, http.StatusNotFound, "no such page")
	mari.says("/", "Figures")
	mari.says("/figures", "Found the figures journal", "Keeper Mari , Keeper Keti", "can't read it")
	mari.does("/figures/found", nil, http.StatusOK, "founded")

	form := url.Values{"begin": {"quarter/2027-Q1"}, "planned": {"19"}, "planning-en": {"Outreach contacts (invented)"}}
	mari.does("/figures/programme", form, http.StatusUnprocessableEntity, "20 or more")
	mari.does("/figures/programme", form, http.StatusUnprocessableEntity, "in French")
	form.Set("planned", "25")
	form.Set("planning-fr", "Contacts (inventés)")
	mari.does("/figures/programme", form, http.StatusOK, "has your signature")
	mari.says("/figures", "Proposed", "Signed by Keeper Mari", "Every quarter, beginning with January to March 2027", "25 people in each cell")
	keti.org.Clock.Advance(10 * time.Second) // pages sync once in a few seconds
	page := keti.says("/figures", "Sign this programme")
	hash := programmeField.FindStringSubmatch(page)
	if hash == nil {
		t.Fatal("no programme to sign")
	}
	keti.does("/figures/programme/sign", url.Values{"programme": {hash[1]}}, http.StatusOK, "In force")

	o.Later(time.Date(2027, 1, 5, 9, 0, 0, 0, time.UTC))
	for _, b := range []*browser{nino, mari, keti} {
		b.reconnect()
	}
	mari.says("/figures", "January to March 2027", "Still going on", "can be closed from Thu 1 Apr 2027", "can go out from Wed 14 Apr 2027")
	mari.does("/figures/2027-Q1/close", nil, http.StatusServiceUnavailable, "not over yet")
	s := o.Send("street", nil)
	practice := o.Send("street", func(r *seal.Report) { r.Practice = true })
	nino.does("/sync", nil, http.StatusOK, "Cases")
	nino.does("/case/"+practice.Deposit.String()+"/take", nil, http.StatusOK, "never counted")
	nino.does("/case/"+s.Deposit.String()+"/take", nil, http.StatusOK, "Code the case first")
	w := o.Workstation(o.Ana, nil)
	o.CodeCase(w, s.Deposit, "extortion")
	nino.does("/sync", nil, http.StatusOK, "Cases")
	at := "/case/" + s.Deposit.String()
	nino.says(at, "Not counted yet. It is counted by itself when it closes")
	nino.does(at+"/state", url.Values{"to": {"closed"}, "close": {"resolved"}}, http.StatusOK, "frozen for the figures on 5 Jan 2027")
	nino.does(at+"/count", nil, http.StatusOK, "up to date")
	nino.does(at+"/withdraw", url.Values{"consent": {"count-me"}}, http.StatusOK, "Taken out")

	o.Later(time.Date(2027, 4, 2, 9, 0, 0, 0, time.UTC))
	mari.reconnect()
	keti.reconnect()
	mari.does("/figures/2027-Q1/close", nil, http.StatusOK, "2 signatures are lacking")
	_, shown := mari.get("/figures/2027-Q1/en.html")
	mari.does("/figures/2027-Q1/sign", nil, http.StatusOK, "1 signature is lacking")
	mari.does("/figures/2027-Q1/publish", nil, http.StatusConflict, "Two people must sign")
	mari.does("/figures/2027-Q1/publish", nil, http.StatusConflict, "may go out from 2027-04-14")
	if _, bodies, err := o.Store.Releases(t.Context()); err != nil || len(bodies) != 0 {
		t.Fatalf("published against the gate: %d, %v", len(bodies), err)
	}
	o.Later(time.Date(2027, 4, 14, 9, 0, 0, 0, time.UTC))
	keti.reconnect()
	keti.does("/figures/2027-Q1/sign", nil, http.StatusOK, "Signed by Keeper Mari , Keeper Keti")
	keti.does("/figures/2027-Q1/publish", nil, http.StatusOK, "What the public sees")

	_, bodies, err := o.Store.Releases(t.Context())
	if err != nil || len(bodies) != 1 {
		t.Fatalf("%d releases: %v", len(bodies), err)
	}
	if _, err := figures.Verify(bodies[0], o.Roster); err != nil {
		t.Error(err)
	}
	_, files, _, err := figures.Open(bodies[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		resp, page := keti.get("/figures/2027-Q1/" + f.Name)
		if page != string(f.Body) {
			t.Errorf("%s is not what is public", f.Name)
		}
		csp, html := resp.Header.Get("Content-Security-Policy"), strings.HasSuffix(f.Name, ".html")
		if html != strings.Contains(csp, "style-src 'sha256-") || strings.Contains(csp, "script") || html == (resp.Header.Get("Content-Disposition") != "") {
			t.Errorf("%s: headers %v", f.Name, resp.Header)
		}
		if f.Name == "en.html" && !bytes.Equal([]byte(shown), f.Body) {
			t.Error("what was shown before signing is not what is public")
		}
	}
	for _, path := range []string{"/figures/2027-Q1/en.html", "/figures/2027-Q1/release.json"} {
		if resp, _ := nino.get(path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("an advocate gets %s: %d", path, resp.StatusCode)
		}
	}
	if resp, _ := keti.get("/figures/2027-Q1/other.html"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a file that is not there: %d", resp.StatusCode)
	}
}
