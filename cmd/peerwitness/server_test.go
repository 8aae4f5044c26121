package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

var inviteCode = regexp.MustCompile(`\b[A-Z2-7]{5}(?:-[A-Z2-7]{5}){3}\b`)

// site is an organisation with one desk and two advocates, made by the tool's
// own commands, and its running server.
type site struct {
	dir, url, pass string
	codes          map[string]string // one-time codes by key file
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// must runs the tool and fails the test unless it succeeds.
func must(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	out, errs, code := call("", args...)
	if code != 0 {
		t.Fatalf("%v: code %d\n%s%s", args, code, out, errs)
	}
	return out, errs
}

func newSite(t *testing.T, serve ...string) *site {
	t.Helper()
	onPath(t)
	s := &site{dir: t.TempDir(), codes: make(map[string]string)}
	s.pass = s.path("pass")
	if err := os.WriteFile(s.pass, []byte("correct horse battery staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "keygen", "root", "--name", "root", "--out", s.path("a.key"), "--out", s.path("b.key"), "--passphrase-file", s.pass, "--passphrase-file", s.pass)
	must(t, "keygen", "recovery", "--out", s.path("recovery.key"), "--passphrase-file", s.pass)
	args := []string{"roster", "new", "--organisation", "Harbour Peers", "--desk", "street=Street desk", "--out", s.path("roster.txt"),
		"--recovery", s.path("recovery.key.recipient"), "--root", s.path("a.key.root"), "--root", s.path("b.key.root")}
	for _, name := range []string{"nino", "amara"} {
		must(t, "keygen", "person", "--name", name, "--out", s.path(name+".key"), "--passphrase-file", s.pass)
		args = append(args, "--person", s.path(name+".key.card.json")+":advocate")
	}
	must(t, args...)
	must(t, "roster", "sign", "--key", s.path("a.key"), "--key", s.path("b.key"), "--passphrase-file", s.pass, "--passphrase-file", s.pass, s.path("roster.txt"))
	if _, err := runServer(t.Context(), "init", "--store", s.path("store"), "--roster", s.path("roster.txt")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"nino", "amara"} {
		out, err := runServer(t.Context(), "account", "invite", "--store", s.path("store"), name)
		if err != nil {
			t.Fatal(err)
		}
		s.codes[name] = string(inviteCode.Find(out))
	}
	server, err := startServer(t.Context(), append([]string{"serve", "--store", s.path("store"), "--listen", "127.0.0.1:0"}, serve...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.stop(); err != nil {
			t.Error(err)
		}
	})
	s.url = server.url
	return s
}

// typed runs the tool and types answers as its prompts appear. An answer is
// made when it is asked for, from all that was printed until then.
func typed(t *testing.T, args []string, answers map[string]func(printed string) string) (out string, code int) {
	t.Helper()
	in, typing := io.Pipe()
	var both watchedBuffer
	both.onWrite = func(all string) {
		for ask, answer := range answers {
			if strings.HasSuffix(all, ask) {
				go fmt.Fprintln(typing, answer(all))
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err := run(ctx, args, in, &both, &both)
	code = report(&both, err)
	return both.String(), code
}

type watchedBuffer struct {
	bytes.Buffer
	onWrite func(string)
}

func (b *watchedBuffer) Write(p []byte) (int, error) {
	n, err := b.Buffer.Write(p)
	b.onWrite(b.String())
	return n, err
}

const (
	askInvite = "The operator's one-time code: "
	askCode   = "The code that the authenticator shows now: "
)

var secretLine = regexp.MustCompile(`secret ([A-Z2-7]+)\n`)

// enrolled sets up name's second factor and returns its secret.
func (s *site) enrolled(t *testing.T, name string) string {
	t.Helper()
	var secret string
	out, code := typed(t, []string{"enrol", "--key", s.path(name + ".key"), "--server", s.url, "--passphrase-file", s.pass},
		map[string]func(string) string{
			askInvite: func(string) string { return s.codes[name] },
			askCode: func(all string) string {
				secret = secretLine.FindStringSubmatch(all)[1]
				// The step before the current one leaves two more for the test.
				return codeAt(t, secret, time.Now().Add(-totpPeriod))
			},
		})
	if code != 0 || !strings.Contains(out, "Certificate published") || !strings.Contains(out, "otpauth://totp/") {
		t.Fatalf("enrolling %s: code %d\n%s", name, code, out)
	}
	return secret
}

func codeAt(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Error(err)
	}
	return code
}

func TestServer(t *testing.T) {
	s := newSite(t)
	sendArgs := []string{"report", "--practice", "--roster", s.url, "--desk", "street", "--send", s.url}
	if _, errs, code := call("", sendArgs...); code != 1 || !strings.Contains(errs, "nobody at that desk can open a report") {
		t.Errorf("before any certificate: code %d\n%s", code, errs)
	}

	// A wrong one-time code, then the right one, then the same again.
	wrong := s.path("wrong")
	if err := os.WriteFile(wrong, []byte("AAAAA-AAAAA-AAAAA-AAAAA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	enrol := []string{"enrol", "--key", s.path("nino.key"), "--server", s.url, "--passphrase-file", s.pass, "--code-file", wrong}
	if _, errs, code := call("", enrol...); code != 1 || !strings.Contains(errs, "hint: the code may be mistyped") {
		t.Errorf("wrong one-time code: code %d\n%s", code, errs)
	}
	secret := s.enrolled(t, "nino")
	if out, code := typed(t, enrol[:len(enrol)-2], map[string]func(string) string{askInvite: func(string) string { return s.codes["nino"] }}); code != 1 || !strings.Contains(out, "error: enrolling") {
		t.Errorf("one-time code used twice: code %d\n%s", code, out)
	}

	// A used code, then a good one: the certificate is published again, the same.
	certify := []string{"certify", "--key", s.path("nino.key"), "--server", s.url, "--passphrase-file", s.pass}
	old := codeAt(t, secret, time.Now().Add(-2*totpPeriod))
	if out, code := typed(t, certify, map[string]func(string) string{askCode: func(string) string { return old }}); code != 1 || !strings.Contains(out, "hint: each code works once") {
		t.Errorf("old code: code %d\n%s", code, out)
	}
	before, err := os.ReadFile(s.path("nino.key"))
	if err != nil {
		t.Fatal(err)
	}
	if out, code := typed(t, certify, map[string]func(string) string{askCode: func(string) string { return codeAt(t, secret, time.Now()) }}); code != 0 {
		t.Errorf("certifying again: code %d\n%s", code, out)
	}
	if after, err := os.ReadFile(s.path("nino.key")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("certifying again changed the key file, %v", err)
	}
	if _, errs, code := call("", certify...); code != 1 || !strings.Contains(errs, "nothing was typed") {
		t.Errorf("no code typed: code %d\n%s", code, errs)
	}

	s.enrolled(t, "amara")
	s.sendAndOpen(t)
}

// sendAndOpen sends a report with a file over 1 MiB and opens it, as the
// second advocate, from the server's own copy.
func (s *site) sendAndOpen(t *testing.T) {
	t.Helper()
	big := s.path("big.bin")
	if err := os.WriteFile(big, bytes.Repeat([]byte("practice "), 200_000), 0o600); err != nil {
		t.Fatal(err)
	}
	words, errs := must(t, "report", "--practice", "--roster", s.url, "--desk", "street", "--send", s.url, "--attach", big)
	if len(strings.Fields(words)) != 12 || !strings.Contains(errs, "Root fingerprint of Harbour Peers: ") || !strings.Contains(errs, "The report has arrived") {
		t.Errorf("words %q\n%s", words, errs)
	}
	print := regexp.MustCompile(`Harbour Peers: (\S+)`).FindStringSubmatch(errs)[1]
	must(t, "report", "--practice", "--roster", s.url, "--root", print, "--desk", "street", "--send", s.url)
	if _, errs, code := call("", "report", "--practice", "--roster", s.url, "--root", "A"+print[1:], "--desk", "street", "--send", s.url); code != 1 && print[0] != 'A' {
		t.Errorf("another root: code %d\n%s", code, errs)
	}
	// Sent from folders, too: what --out writes is what --send sends.
	must(t, "report", "--practice", "--roster", s.path("roster.txt"), "--desk", "street", "--send", s.url, "--no-words")
	if _, errs, code := call("", "report", "--practice", "--roster", s.url, "--desk", "harbour", "--send", s.url); code != 1 || !strings.Contains(errs, "hint: it has street") {
		t.Errorf("no such desk: code %d\n%s", code, errs)
	}
	must(t, "report", "--practice", "--roster", s.url, "--desk", "street", "--out", s.path("kept"))
	out, _ := must(t, "open", "--key", s.path("amara.key"), "--in", s.path("kept/report.age"), "--passphrase-file", s.pass)
	if !strings.Contains(out, "PRACTICE: a first report") {
		t.Errorf("opened: %s", out)
	}
	s.openByAge(t)
	s.openByHand(t)
}

// openByAge has plain age open what the tool sealed.
func (s *site) openByAge(t *testing.T) {
	t.Helper()
	ids := s.path("identity.txt")
	_, errs := must(t, "identity", "--key", s.path("amara.key"), "--out", ids, "--passphrase-file", s.pass)
	if info, err := os.Stat(ids); err != nil || info.Mode().Perm() != 0o600 || !strings.Contains(errs, "is not sealed") {
		t.Errorf("identity file: %v, %v\n%s", info, err, errs)
	}
	plain, err := exec.Command("go", "tool", "age", "-d", "-i", ids, s.path("kept/report.age")).Output()
	if err != nil || len(plain) != 32<<10 || !bytes.Contains(plain, []byte("PRACTICE: a first report")) {
		t.Errorf("age gives %d bytes, %v", len(plain), err)
	}
	if _, errs, code := call("", "identity", "--key", s.path("amara.key"), "--out", ids, "--passphrase-file", s.pass); code != 1 || !strings.Contains(errs, "is there already") {
		t.Errorf("over the file: code %d\n%s", code, errs)
	}
	if _, errs, code := call("", "identity", "--key", s.path("a.key"), "--out", ids+"2", "--passphrase-file", s.pass); code != 1 || !strings.Contains(errs, "opens no reports") {
		t.Errorf("of a root key: code %d\n%s", code, errs)
	}
}

// openByHand opens what a person sealed with plain age to an advocate's
// current intake recipient.
func (s *site) openByHand(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile(s.path("amara.key"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := seal.OpenKeyFile(b, "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	text := "PRACTICE by hand, with a \x1b[31mcolour\n"
	cmd := exec.Command("go", "tool", "age", "-r", k.Intake[0].Identity.Recipient(), "-o", s.path("hand.age"))
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("age: %v\n%s", err, out)
	}
	if out, _ := must(t, "open", "--by-hand", "--key", s.path("amara.key"), "--in", s.path("hand.age"), "--passphrase-file", s.pass); out != text {
		t.Errorf("opened by hand: %q", out)
	}
	if _, errs, code := call("", "open", "--by-hand", "--key", s.path("nino.key"), "--in", s.path("hand.age"), "--passphrase-file", s.pass); code != 1 || !strings.Contains(errs, "not sealed to this identity") {
		t.Errorf("opened by another: code %d\n%s", code, errs)
	}
	if _, errs, code := call("", "open", "--key", s.path("amara.key"), "--in", s.path("hand.age"), "--passphrase-file", s.pass); code != 1 || !strings.Contains(errs, "--by-hand") {
		t.Errorf("opened as a report: code %d\n%s", code, errs)
	}
}

func TestPublicServer(t *testing.T) {
	for in, want := range map[string]string{
		"https://reports.example":       "https://reports.example",
		"https://reports.example/":      "https://reports.example",
		"https://192.168.1.4:8443":      "https://192.168.1.4:8443",
		"http://127.0.0.1:8080":         "http://127.0.0.1:8080",
		"http://[::1]:8080":             "http://[::1]:8080",
		"http://localhost":              "http://localhost",
		"http://abc.onion":              "http://abc.onion",
		"http://reports.example":        "",
		"http://127.0.0.1.example":      "",
		"http://localhost.example":      "",
		"https://u@reports.example":     "",
		"https://reports.example/?a":    "",
		"https://reports.example/x":     "",
		"https://reports.example/#root": "",
		"https://":                      "",
		"reports.example":               "",
		"file:///etc/passwd":            "",
		"https://a b":                   "",
	} {
		api, err := publicServer(in)
		if (err == nil) != (want != "") || err == nil && api.base != want {
			t.Errorf("%q: %v, %v", in, api, err)
		}
	}
}

// A server that lies, redirects or talks without end gets nowhere.
func TestHostileServer(t *testing.T) {
	var elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	report := []byte("not looked at by the sender")
	blob := []byte("blob")
	for name, answer := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		},
		"another id": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"id":%q,"day":"2026-11-23","ticket":"t"}`, vault.Sum([]byte("x")))
		},
		"not JSON": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") },
		"endless":  func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte(" "), 17<<20)) },
		"says steer": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(422)
			io.WriteString(w, "{\"error\":\"\\u001b[31mred\"}")
		},
		"wants more": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"missing":[%q]}`, vault.Sum([]byte("something of ours that was not offered")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(answer)
			defer srv.Close()
			api, err := publicServer(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			_, err = api.post(t.Context(), "street", report)
			if err == nil || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("post: %v", err)
			}
			if err := api.putBlobs(t.Context(), "ticket", [][]byte{blob}); err == nil && name != "another id" {
				t.Error("putBlobs gives no error")
			}
			if _, err := api.sheet(t.Context(), "street"); err == nil {
				t.Error("sheet gives no error")
			}
			if _, err := api.codebook(t.Context(), strings.Repeat("0", 64)); err == nil {
				t.Error("codebook gives no error")
			}
		})
	}
	if elsewhere != 0 {
		t.Errorf("%d requests followed a redirect", elsewhere)
	}
	api, err := publicServer(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	other.Close()
	_, err = api.post(t.Context(), "street", report)
	if err == nil || strings.Contains(err.Error(), "/v1/deposits") {
		t.Errorf("no server: %v", err)
	}
}

// A real server that is flooded asks the real tool for work, and takes what it
// shows.
func TestReportThroughAFlood(t *testing.T) {
	s := newSite(t, "--calm", "1")
	s.enrolled(t, "nino")
	began := time.Now()
	for range 2 { // the second is one too many for a minute of calm
		must(t, "report", "--practice", "--roster", s.url, "--desk", "street", "--send", s.url)
	}
	t.Logf("two reports, the second with work, took %s", time.Since(began).Round(time.Millisecond))
}
