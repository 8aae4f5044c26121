package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"image"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"peerwitness/vault/codebook"
	"peerwitness/vault/seal"
)

func TestPracticeReports(t *testing.T) {
	list, err := practiceReports()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 60 {
		t.Errorf("%d practice reports, want 60", len(list))
	}
	id, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	r := demoRoster(time.Now(), time.Now())
	r.Recovery = recoveryOf(t)
	langs, desks, urgent, pictures := map[string]int{}, map[string]int{}, map[string]int{}, 0
	seen := map[string]bool{}
	for n, p := range list {
		story, _ := p.Answers["story"].(string)
		if !strings.Contains(story, "PRACTICE") || seen[story] || len([]rune(story)) > 400 {
			t.Errorf("report %d: story %q lacks PRACTICE, is there twice, or is long", n+1, story)
		}
		seen[story] = true
		checkPlace(t, n, p)
		if strings.Contains(strings.ToLower(story), "clean") || regexp.MustCompile(`(?i)addict|prostitut|drogué|наркоман`).MatchString(story) {
			t.Errorf("report %d: a word that blames in %q", n+1, story)
		}
		langs[p.Lang]++
		desks[p.Desk]++
		urgent[p.Answers["urgency"].(string)]++
		if p.Picture {
			pictures++
		}
		made, err := p.seal(r, []string{id.Recipient()}, n, time.Now())
		if err != nil {
			t.Errorf("report %d: %v", n+1, err)
			continue
		}
		plain, err := seal.OpenReport(made.report, 8, id)
		if err != nil {
			t.Fatal(err)
		}
		got, err := seal.ParseReport(plain)
		if err != nil || !got.Practice || got.Answers.Story != story || got.Lang != p.Lang {
			t.Errorf("report %d opens as %v, %v", n+1, got.Answers.Story, err)
		}
	}
	cb, err := codebook.Parse(codebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range cb.Codes("urgency") {
		if urgent[code] == 0 {
			t.Errorf("no report is %s", code)
		}
	}
	if len(langs) < 8 || len(desks) != len(r.Desks) || pictures < 5 {
		t.Errorf("%d languages, %d desks, %d pictures", len(langs), len(desks), pictures)
	}
}

func recoveryOf(t *testing.T) string {
	t.Helper()
	id, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id.Recipient()
}

// checkPlace holds a practice report to regions and parts of the demo's roster.
func checkPlace(t *testing.T, n int, p practice) {
	t.Helper()
	where, _ := p.Answers["where"].(map[string]any)
	g, ok := demoRoster(time.Now(), time.Now()).Region(where["region"].(string))
	found := false
	for _, part := range g.Parts {
		found = found || part.ID == where["part"]
	}
	if !ok || !found {
		t.Errorf("report %d: no such place: %v", n+1, where)
	}
}

func TestPictures(t *testing.T) {
	var former []byte
	for n := range 4 {
		p, err := drawPicture(n)
		if err != nil {
			t.Fatal(err)
		}
		_, kind, err := image.Decode(bytes.NewReader(p.data))
		if err != nil || "image/"+kind != p.kind {
			t.Errorf("picture %d is %q, decodes as %q, %v", n, p.kind, kind, err)
		}
		if bytes.Equal(p.data, former) {
			t.Errorf("picture %d is the one before", n)
		}
		former = p.data
	}
}

// The whole way, with the real programs: what `make demo ONCE=1` runs.
func TestDemoOnce(t *testing.T) {
	onPath(t)
	dir := filepath.Join(t.TempDir(), "d")
	out, errs, code := call("", "demo", "--once", "--reports", "100", "--dir", dir)
	if code != 0 {
		t.Fatalf("code %d\n%s%s", code, out, errs)
	}
	if n := strings.Count(out, "ok  "); n != 29 {
		t.Errorf("%d steps are ok, want 29:\n%s", n, out)
	}
	for _, want := range []string{"60 of 60", "100 of 100"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no progress %s was shown:\n%s", want, errs)
		}
	}
	if !strings.Contains(out, "refused: Two people must sign") {
		t.Errorf("the gate's reason is not shown:\n%s", out)
	}
	// Sealed at rest: no story is anywhere in the server's or workstations' files.
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && (bytes.Contains(b, []byte("Lantern Street")) || bytes.Contains(b, []byte("PRACTICE"))) {
			t.Errorf("%s holds a story in the clear", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// A folder that is not empty is left alone.
	if _, errs, code := call("", "demo", "--once", "--reports", "100", "--dir", dir); code != 1 || !strings.Contains(errs, "is not empty") {
		t.Errorf("again in the same folder: code %d\n%s", code, errs)
	}
}

// Ctrl-C ends the server and removes every file. The tool is this test's own
// binary, with fewer reports, and the server the real one.
func TestDemoEnds(t *testing.T) {
	me, err := exec.LookPath("peerwitness") // this binary, as TestMain has it
	if err != nil {
		t.Fatal(err)
	}
	onPath(t)
	tmp := t.TempDir()
	cmd := exec.Command(me, "demo", "--reports", "100")
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	out := &watched{want: "sign-in code", seen: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	select {
	case <-out.seen:
	case <-time.After(10 * time.Minute):
		t.Fatalf("no sign-in code was printed:\n%s", out.text())
	}
	phone := regexp.MustCompile(`phone\s+http://([0-9.:]+)/#root=[A-Za-z0-9_-]{43}`).FindStringSubmatch(out.text())
	desk := regexp.MustCompile(`desk\s+(http://127\.0\.0\.1:\d+/launch\?token=\S+)`).FindStringSubmatch(out.text())
	code := regexp.MustCompile(`sign-in code\s+(\d{3}) (\d{3})`).FindStringSubmatch(out.text())
	if phone == nil || desk == nil || code == nil || !strings.Contains(out.text(), "figures  http://"+phone[1]+"/figures") || !strings.Contains(out.text(), demoPassphrase) {
		t.Fatalf("an address, the passphrase or the code is missing:\n%s", out.text())
	}
	// What is printed lets a person in, and all her reports are there.
	ctx := context.Background()
	b, err := browse(ctx, desk[1])
	if err == nil {
		err = b.unlock(ctx, demoPassphrase, code[1]+code[2])
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.findCase(ctx, "PRACTICE"); err != nil {
		t.Error(err)
	}
	// As a terminal does: to the demo and its server alike.
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v:\n%s", err, out.text())
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) != 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
	if c, err := net.DialTimeout("tcp", phone[1], time.Second); err == nil {
		c.Close()
		t.Error("the server still listens")
	}
}

func TestDemoWithoutServer(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, errs, code := call("", "demo", "--once", "--reports", "100")
	if code != 1 || !strings.Contains(errs, "peerwitnessd was not found") || !strings.Contains(errs, "hint: build it") {
		t.Errorf("code %d\n%s", code, errs)
	}
}

// A server that says nothing, or fails, is reported in its own words.
func TestDemoServerFails(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho 'error: no room \x1b[31m' >&2\nexit 3\n"
	if err := os.WriteFile(filepath.Join(dir, "peerwitnessd"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	_, errs, code := call("", "demo", "--once", "--reports", "100")
	if code != 1 || !strings.Contains(errs, "no room") || strings.Contains(errs, "\x1b") {
		t.Errorf("code %d\n%q", code, errs)
	}
	if _, err := startServer(t.Context(), "serve"); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("starting gives %v", err)
	}
}

// The authority that a phone is asked to trust can vouch for one address only.
func TestLanCertificate(t *testing.T) {
	ip := net.IPv4(192, 168, 7, 9).To4()
	ca, leaf, key, err := issue(ip, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x509.ParsePKCS8PrivateKey(key); err != nil {
		t.Error(err)
	}
	top, err := x509.ParseCertificate(ca)
	if err != nil {
		t.Fatal(err)
	}
	site, err := x509.ParseCertificate(leaf)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(top)
	check := func(host string) error {
		_, err := site.Verify(x509.VerifyOptions{Roots: pool, DNSName: host, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
		return err
	}
	if err := check("192.168.7.9"); err != nil {
		t.Error(err)
	}
	for _, host := range []string{"192.168.7.10", "bank.example"} {
		if check(host) == nil {
			t.Errorf("it vouches for %s", host)
		}
	}
	if !top.IsCA || !top.MaxPathLenZero || !top.PermittedDNSDomainsCritical || len(top.PermittedIPRanges) != 1 || len(top.ExcludedDNSDomains) != 1 {
		t.Error("the authority is not held to its address")
	}
	if time.Until(top.NotAfter) > 8*24*time.Hour {
		t.Error("the authority lives too long")
	}
	s := &lanSite{ca: ca}
	if got := s.fingerprint(); len(strings.Fields(got)) != 16 {
		t.Errorf("fingerprint %q", got)
	}
}

func TestDemoOnLan(t *testing.T) {
	if _, _, err := lanAddress(); err != nil {
		t.Log("this machine is on no network; the refusal itself is what is tested")
		onPath(t)
		if _, errs, code := call("", "demo", "--lan", "--once", "--reports", "100"); code != 1 || !strings.Contains(errs, "hint:") {
			t.Errorf("code %d\n%s", code, errs)
		}
		return
	}
	onPath(t)
	if out, errs, code := call("", "demo", "--lan", "--once", "--reports", "100"); code != 0 {
		t.Errorf("code %d\n%s%s", code, out, errs)
	}
}

func TestQRText(t *testing.T) {
	art, err := qrText("https://127.0.0.1/")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(art, "\n"), "\n")
	for _, l := range lines {
		if len([]rune(l)) != len([]rune(lines[0])) {
			t.Fatalf("lines differ in width:\n%s", art)
		}
	}
	if !strings.HasPrefix(lines[0], "████") || !strings.HasPrefix(lines[1], "████") {
		t.Errorf("no quiet zone:\n%s", art)
	}
	if _, err := qrText(strings.Repeat("x", 4000)); err == nil {
		t.Error("what no QR code can hold gives no error")
	}
}

func TestPracticeIsOneObjectEach(t *testing.T) {
	var list []json.RawMessage
	if err := json.Unmarshal(practiceJSON, &list); err != nil {
		t.Fatal(err)
	}
	for n, b := range list {
		if bytes.Contains(b, []byte("\n")) {
			t.Errorf("report %d is not on one line", n+1)
		}
	}
}
