package ui_test

import (
	"context"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/review/ui"
	"peerwitness/vault/seal"
)

const passphrase = "practice passphrase"

// browser is a person's browser on one workstation.
type browser struct {
	t      *testing.T
	org    *reviewtest.Org
	person *reviewtest.Person
	ui     *ui.Server
	base   string
	key    string
	folder string
	http   *http.Client

	referer string
}

// launch starts pages for a person and opens the printed address.
func launch(t *testing.T, o *reviewtest.Org, p *reviewtest.Person, change func(*ui.Config)) *browser {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key.age")
	if err := review.SaveKeyFile(key, p.Key, passphrase, 2); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := ui.Config{Addr: l.Addr().String(), KeyPath: key, ServerURL: o.URL, Dir: filepath.Join(t.TempDir(), "desk"),
		Root: o.Roster.Fingerprint(), Clock: o.Clock.Now, WorkFactor: 2}
	if change != nil {
		change(&cfg)
	}
	s, err := ui.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	b := &browser{t: t, org: o, person: p, ui: s, base: "http://" + cfg.Addr, key: key, folder: cfg.Dir, http: newJar(t)}
	b.get(strings.TrimPrefix(s.LaunchURL(), b.base))
	return b
}

func newJar(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// unlocked is launch, with the cases open and connected.
func unlocked(t *testing.T, o *reviewtest.Org, p *reviewtest.Person) *browser {
	t.Helper()
	b := launch(t, o, p, nil)
	if _, body := b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(p)}}); !strings.Contains(body, "Up to date") {
		t.Fatalf("unlocking shows:\n%s", text(body))
	}
	return b
}

// send makes a request as the browser would.
func (b *browser) send(method, path string, form url.Values) (*http.Response, string) {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, b.base+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.base)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Referer", b.base+b.referer)
	}
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost && strings.Contains(string(page), "Opening your cases") { // a slow machine
		return b.opened()
	}
	return resp, string(page)
}

// opened follows the page that shows how far opening is, as a browser does.
func (b *browser) opened() (resp *http.Response, page string) {
	for range 600 {
		if resp, page = b.get("/"); !strings.Contains(page, "Opening your cases") {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return resp, page
}

func (b *browser) get(path string) (*http.Response, string) { return b.send(http.MethodGet, path, nil) }

var tokenField = regexp.MustCompile(`name="form" value="([^"]+)"`)

// post fills a form in on the page where the browser could find it.
func (b *browser) post(path string, form url.Values) (*http.Response, string) {
	b.t.Helper()
	at := "/"
	if strings.HasPrefix(path, "/enrol") {
		at = "/enrol"
	}
	_, page := b.get(at)
	m := tokenField.FindStringSubmatch(page)
	if m == nil {
		b.t.Fatalf("no form on %s:\n%s", at, text(page))
	}
	form.Set("form", html.UnescapeString(m[1]))
	return b.send(http.MethodPost, path, form)
}

var tags = regexp.MustCompile(`(?s)<[^>]*>`)

// text is what a page says, for messages of tests.
func text(page string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(page, " "))), " ")
}

func (b *browser) sees(page string, parts ...string) {
	b.t.Helper()
	for _, p := range parts {
		if !strings.Contains(text(page), p) {
			b.t.Errorf("the page lacks %q:\n%s", p, text(page))
		}
	}
}

func TestUnlockTakeAndWrite(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", func(r *seal.Report) { r.Answers.Urgency = "danger-now"; r.Practice = true })
	b := unlocked(t, o, o.Nino)
	_, page := b.get("/")
	b.sees(page, "To do 1", "Danger now", "Practice", "Money or goods demanded", "by the old pier", "Street and police")
	path := "/case/" + s.Deposit.String()
	_, page = b.get(path)
	b.sees(page, "In their own words", "PRACTICE. Somebody asked for money by the old pier.", "Take this case", "Sealed for Advocate Nino")
	_, page = b.post(path+"/take", url.Values{})
	b.sees(page, "The case is yours.", "took the case", "Being sorted", "Mine")
	_, page = b.post(path+"/note", url.Values{"text": {"PRACTICE: line one\r\nline two"}})
	b.sees(page, "The note is in the case.", "line one line two")
	resp, page := b.post(path+"/state", url.Values{"to": {"closed"}, "reason": {"kept words"}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("closing without a reason: status %d", resp.StatusCode)
	}
	b.sees(page, "closing needs one of the closing reasons", "kept words")
	_, page = b.post(path+"/state", url.Values{"to": {"closed"}, "close": {"lost-contact"}})
	b.sees(page, "The state was changed.", "Closed", "Lost contact", "Reopen the case")
	_, page = b.get("/?view=closed")
	b.sees(page, "Closed 1")
	_, page = b.post("/lock", url.Values{})
	b.sees(page, "Unlock your cases")
	if _, page = b.get(path); strings.Contains(page, "old pier") {
		t.Error("after locking, a case is still shown")
	}
}

func TestSetUpSecondFactor(t *testing.T) {
	o := reviewtest.New(t)
	code := o.Invite(o.Nino)
	b := launch(t, o, o.Nino, nil)
	_, page := b.post("/enrol", url.Values{"passphrase": {passphrase}, "code": {"WRONG-WRONG-WRONG-WRONG"}})
	b.sees(page, "was not accepted")
	_, page = b.post("/enrol", url.Values{"passphrase": {passphrase}, "code": {code}})
	b.sees(page, "scan this picture")
	resp, png := b.get("/enrol/qr.png")
	if resp.Header.Get("Content-Type") != "image/png" || resp.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(png, "\x89PNG") {
		t.Error("the picture to scan is not a PNG that is never stored")
	}
	m := regexp.MustCompile(`<code class="secret">([A-Z2-7 ]+)</code>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("the secret is not written out")
	}
	_, page = b.post("/enrol/code", url.Values{"code": {"000000"}})
	b.sees(page, "did not accept the code", "is kept")
	now := reviewtest.CodeFor(t, strings.ReplaceAll(m[1], " ", ""), o.Clock.Now())
	_, page = b.post("/enrol/code", url.Values{"code": {now[:3] + " " + now[3:]}})
	b.sees(page, "Up to date", "No reports yet", "&practice")
	if resp, _ := b.get("/enrol/qr.png"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the secret can be fetched again: status %d", resp.StatusCode)
	}
}

func TestWrongPassphraseAndOffline(t *testing.T) {
	o := reviewtest.New(t)
	o.Send("street", nil)
	dir := filepath.Join(t.TempDir(), "desk")
	b := launch(t, o, o.Nino, func(c *ui.Config) { c.Dir = dir })
	resp, page := b.post("/unlock", url.Values{"passphrase": {"wrong"}, "code": {o.Code(o.Nino)}})
	if resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("wrong passphrase: status %d", resp.StatusCode)
	}
	b.sees(page, "not the passphrase")
	_, page = b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {"000000"}})
	b.sees(page, "did not accept the code", "work offline")
	_, page = b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
	b.sees(page, "Up to date", "by the old pier")
	b.post("/lock", url.Values{})
	_, page = b.post("/unlock", url.Values{"passphrase": {passphrase}})
	b.sees(page, "last synced just now", "by the old pier", "Connect")
	_, page = b.post("/signin", url.Values{"code": {o.Code(o.Nino)}})
	b.sees(page, "Connected.", "Up to date")
	if info, err := os.Stat(b.key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v", info.Mode(), err)
	}
}

func TestAButtonPressedTwiceActsOnce(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	b := unlocked(t, o, o.Nino)
	path := "/case/" + s.Deposit.String()
	_, page := b.post(path+"/take", url.Values{})
	form := url.Values{"text": {"PRACTICE once"}, "form": {html.UnescapeString(tokenField.FindStringSubmatch(page)[1])}}
	b.send(http.MethodPost, path+"/note", form)
	_, page = b.send(http.MethodPost, path+"/note", form)
	if n := strings.Count(text(page), "wrote a note"); n != 1 {
		t.Errorf("%d notes, want 1", n)
	}
}

func TestTheListDoesNotJump(t *testing.T) {
	o := reviewtest.New(t)
	first := o.Send("street", func(r *seal.Report) { r.Answers.Story = "PRACTICE first" })
	b := unlocked(t, o, o.Nino)
	b.get("/")
	o.Send("street", func(r *seal.Report) { r.Answers.Story = "PRACTICE second"; r.Answers.Urgency = "danger-now" })
	b.post2("/sync")
	path := "/case/" + first.Deposit.String()
	_, page := b.get(path)
	b.sees(page, "1 new since you opened this list: refresh")
	if strings.Contains(page, "PRACTICE second") {
		t.Error("the list beside the case jumped")
	}
	_, page = b.get("/")
	b.sees(page, "PRACTICE second")
}

// post2 sends a form without opening the list on the way.
func (b *browser) post2(path string) {
	b.t.Helper()
	_, page := b.get("/quarantine")
	b.referer = "/quarantine"
	defer func() { b.referer = "" }()
	b.send(http.MethodPost, path, url.Values{"form": {html.UnescapeString(tokenField.FindStringSubmatch(page)[1])}})
}

func TestTakenByAColleague(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	nino, ana := unlocked(t, o, o.Nino), unlocked(t, o, o.Ana)
	path := "/case/" + s.Deposit.String()
	nino.post(path+"/take", url.Values{})
	_, page := ana.post(path+"/take", url.Values{})
	ana.sees(page, "Advocate Nino has taken this case", "Nothing of yours was lost", "took the case")
}

func TestWhatWasTypedIsKept(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	b := unlocked(t, o, o.Nino)
	path := "/case/" + s.Deposit.String()
	b.post(path+"/take", url.Values{})
	o.Store.DeleteSessions(context.Background(), o.Nino.ID())
	_, page := b.post(path+"/note", url.Values{"text": {"PRACTICE a long note"}})
	b.sees(page, "this waits on this computer, sealed", "PRACTICE a long note", "Take it back")
	_, page = b.get("/")
	b.sees(page, "1 thing you did waits on this computer")
	_, page = b.get("/waiting")
	b.sees(page, "A note", "PRACTICE a long note", "Case ")
	wait := regexp.MustCompile(`name="wait" value="([0-9a-f]{32})"`).FindStringSubmatch(page)
	b.referer = "/waiting"
	_, page = b.post("/waiting/forget", url.Values{"wait": {wait[1]}})
	b.sees(page, "Taken back.", "Nothing waits.")
	b.referer = ""
	b.post(path+"/note", url.Values{"text": {"PRACTICE another"}})
	b.post(path+"/answer/send", url.Values{"text": {"PRACTICE an answer"}, "read": {"0"}})
	b.post(path+"/state", url.Values{"to": {"in-review"}})
	_, page = b.post("/signin", url.Values{"code": {o.Code(o.Nino)}})
	b.sees(page, "Connected.")
	_, page = b.get(path)
	if b.sees(page, "PRACTICE another", "PRACTICE an answer", "In review"); strings.Contains(page, "Take it back") {
		t.Error("what went still waits")
	}
	o.Store.DeleteSessions(context.Background(), o.Nino.ID())
	o.Send("street", nil)
	b.post("/sync", url.Values{})
	_, page = b.get("/")
	b.sees(page, "Connect")
}

func TestLocksByItself(t *testing.T) {
	o := reviewtest.New(t)
	o.Send("street", nil)
	b := launch(t, o, o.Nino, func(c *ui.Config) { c.SyncEvery = 20 * time.Millisecond; c.LockAfter = 10 * time.Minute })
	b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
	o.Clock.Advance(11 * time.Minute)
	b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for range 200 {
		time.Sleep(10 * time.Millisecond)
		if resp, _ := b.get("/unlock"); resp.StatusCode == http.StatusOK { // else it leads to the open cases
			return
		}
	}
	t.Error("after eleven minutes without use the cases are still open")
}

// What is looked for shortens the list, leaves the counts of what is urgent
// alone, stands in no address, and is forgotten with the lock.
func TestFindInCases(t *testing.T) {
	o := reviewtest.New(t)
	o.Send("street", func(r *seal.Report) { r.Answers.Story = "PRACTICE at the alder gate" })
	o.Send("street", func(r *seal.Report) {
		r.Answers.Story = "PRACTICE ရဲက ဈေးနားမှာ တားတယ်"
	})
	o.Send("street", func(r *seal.Report) {
		r.Answers.Story, r.Answers.Urgency = "PRACTICE by the birch", "danger-now"
	})
	b := unlocked(t, o, o.Nino)
	resp, page := b.post("/search", url.Values{"q": {"ALDER gate"}})
	b.sees(page, "1 of 3 in this list have", "alder gate")
	if strings.Contains(page, "by the birch") || resp.Request.URL.String() != b.base+"/" {
		t.Errorf("found too much, or it stands in the address %s", resp.Request.URL)
	}
	if !regexp.MustCompile(`<dt>Urgent</dt><dd>1</dd>`).MatchString(page) {
		t.Error("looking for something hides that a case is urgent")
	}
	if _, page = b.get("/?view=urgent"); strings.Contains(page, "by the birch") {
		t.Error("another list shows what was not found")
	}
	b.sees(page, "Nothing found")
	b.get("/")
	_, page = b.post("/search", url.Values{"q": {"ဈေးနား"}})
	b.sees(page, "1 of 3 in this list have")
	_, page = b.post("/search", url.Values{"q": {`"><script>alert(1)</script>` + strings.Repeat("x", 5000)}})
	b.sees(page, "0 of 3 in this list have", "Nothing found")
	if strings.Contains(page, "<script") {
		t.Error("what was looked for runs")
	}
	_, page = b.post("/search", url.Values{"q": {""}})
	b.sees(page, "alder gate", "by the birch")
	b.post("/search", url.Values{"q": {"alder"}})
	b.post("/lock", url.Values{})
	_, page = b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
	b.sees(page, "alder gate", "by the birch")
}
