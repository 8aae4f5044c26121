package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

func TestEveryFlagIsInUsage(t *testing.T) {
	for _, c := range commands {
		fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
		c.flags(fs)
		fs.VisitAll(func(f *flag.Flag) {
			if !strings.Contains(c.usage, "\n  --"+f.Name+" ") {
				t.Errorf("%s: --%s is not explained", c.name, f.Name)
			}
		})
		for _, m := range regexp.MustCompile(`--([a-z-]+)`).FindAllStringSubmatch(c.usage, -1) {
			if fs.Lookup(m[1]) == nil {
				t.Errorf("%s: usage names --%s, which is no flag", c.name, m[1])
			}
		}
		if !strings.Contains(c.usage, "xample") || !strings.Contains(c.usage, "\n  peerwitnessd "+c.name+" ") {
			t.Errorf("%s: no example", c.name)
		}
		if !strings.Contains(overview(), "peerwitnessd "+c.name+" ") {
			t.Errorf("%s: not in the overview", c.name)
		}
	}
}

func TestWrongCalls(t *testing.T) {
	org := accesstest.NewOrg(t)
	dir := t.TempDir()
	for _, args := range [][]string{
		{}, {"nothing"}, {"account"}, {"account", "nothing"}, {"help", "nothing"}, {"serve", "--nothing"},
		{"init"}, {"init", "--store", dir}, {"init", "--store", dir, "--roster", "x", "more"}, {"init", "--text", "en"},
		{"check"}, {"check", "--store", dir, "more"}, {"account", "invite", "--store", dir}, {"account", "list"},
		{"account", "list", "--store", dir, "more"}, {"serve"}, {"serve", "--store", dir},
		{"serve", "--store", dir, "--listen", ":0", "--tls-cert", "x"}, {"serve", "--store", dir, "--listen", ":0", "--acme-host", "x"},
		{"serve", "--store", dir, "--listen", ":0", "--behind-proxy", "--acme-host", "x", "--acme-dir", "y"},
		{"serve", "--store", dir, "--listen", ":0", "more"},
	} {
		_, _, err := in(t, org, args...)
		var b bytes.Buffer
		if code := report(&b, err); code != 2 || !strings.HasPrefix(b.String(), "error: ") || !strings.Contains(b.String(), "\nhint: ") {
			t.Errorf("%q: exit %d, %s", args, code, b.String())
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("a wrong call made %s", entries[0].Name())
	}
	for _, args := range [][]string{{"help"}, {"--help"}, {"help", "serve"}, {"account", "invite", "--help"}} {
		if out, _, err := in(t, org, args...); err != nil || out == "" {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestInitAndCheck(t *testing.T) {
	org := accesstest.NewOrg(t)
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, b, 0o600))
		return path
	}
	note := file("roster.note", org.Roster.Note)
	store := filepath.Join(dir, "store")

	// Refused, and nothing made.
	text := bytes.SplitAfter(org.Roster.Note, []byte("\n"))
	unsigned := file("unsigned.note", bytes.Join(text[:4], nil))
	other := accesstest.NewOrg(t)
	for name, args := range map[string][]string{
		"one signature":  {"--roster", unsigned},
		"no such file":   {"--roster", filepath.Join(dir, "none")},
		"not a roster":   {"--roster", file("noise", []byte("noise"))},
		"other roots":    {"--roster", note, "--root", other.Roster.Fingerprint()},
		"other codebook": {"--roster", note, "--codebook", file("book", []byte("{}"))},
		"other text":     {"--roster", note, "--text", "en=" + file("text", []byte("{}"))},
		"unknown text":   {"--roster", note, "--text", "xx=" + file("text", []byte("{}"))},
	} {
		if _, _, err := in(t, org, append([]string{"init", "--store", store}, args...)...); err == nil {
			t.Errorf("%s: taken", name)
		}
		if _, err := os.Stat(store); err == nil {
			t.Fatalf("%s: made a store", name)
		}
	}
	if _, _, err := in(t, org, "check", "--store", store); err == nil || !strings.Contains(err.Error(), "no store") {
		t.Errorf("check of nothing: %v", err)
	}
	if _, _, err := in(t, org, "account", "list", "--store", store); err == nil {
		t.Error("accounts of nothing")
	}

	en := file("en.json", codebook.DefaultTexts()["en"])
	for range 2 { // twice is harmless
		out, _, err := in(t, org, "init", "--store", store, "--roster", note, "--root", org.Roster.Fingerprint(),
			"--codebook", file("book.json", codebook.Default()), "--text", "en="+en)
		must(t, err)
		if !strings.Contains(out, "root: "+org.Roster.Fingerprint()) {
			t.Errorf("printed %s", out)
		}
	}
	next := file("next.note", org.Next(t, func(r *roster.Roster) { r.Organisation = "Peers" }))
	if _, _, err := in(t, org, "init", "--store", store, "--roster", next); err != nil {
		t.Errorf("the next roster: %v", err)
	}
	if _, _, err := in(t, org, "init", "--store", store, "--roster", note); !errors.Is(err, roster.ErrOlder) {
		t.Errorf("an older roster: %v", err)
	}
	out, _, err := in(t, org, "check", "--store", store)
	if err != nil || !strings.HasPrefix(out, "sound: 2 entries") {
		t.Errorf("check: %v %s", err, out)
	}
	info, err := os.Stat(store)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the store's folder: %v %v", info.Mode(), err)
	}
}

// A store that is hurt is not sound.
func TestCheckFindsDamage(t *testing.T) {
	org := accesstest.NewOrg(t)
	dir := initStoreOf(t, org)
	store, err := vault.OpenBolt(dir, org.Clock)
	must(t, err)
	ctx := context.Background()
	a, err := store.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: accesstest.Report(8, 0)})
	must(t, err)
	_, err = store.PutBlob(ctx, a.Ticket, vault.Sum([]byte("blob")), []byte("blob"))
	must(t, err)
	must(t, store.Close())
	if _, _, err := in(t, org, "check", "--store", dir); err != nil {
		t.Fatal(err)
	}
	must(t, filepath.WalkDir(filepath.Join(dir, "blobs"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			err = os.WriteFile(path, []byte("blub"), 0o600)
		}
		return err
	}))
	if _, _, err := in(t, org, "check", "--store", dir); !errors.Is(err, vault.ErrCorrupt) {
		t.Fatalf("a changed blob: %v", err)
	}
}

var codeLine = regexp.MustCompile(`(?m)^code: ([A-Z2-7]{5}(-[A-Z2-7]{5}){3})$`)

func TestAccounts(t *testing.T) {
	org := accesstest.NewOrg(t)
	dir := initStoreOf(t, org)
	nino := org.People["advocate"]
	out, _, err := in(t, org, "account", "invite", "--store", dir, nino.Name)
	must(t, err)
	if !codeLine.MatchString(out) || !strings.Contains(out, nino.ID) || !strings.Contains(out, "2026-11-30") {
		t.Errorf("printed %s", out)
	}
	list := func() string {
		t.Helper()
		out, _, err := in(t, org, "account", "list", "--store", dir)
		must(t, err)
		return out
	}
	if got := list(); !strings.Contains(got, nino.ID+"  invited until 2026-11-30") || strings.Count(got, "not invited") != 5 {
		t.Errorf("listed %s", got)
	}
	_, _, err = in(t, org, "account", "end", "--store", dir, nino.ID)
	must(t, err)
	if got := list(); strings.Count(got, "not invited") != 6 {
		t.Errorf("listed %s", got)
	}
	for _, args := range [][]string{{"invite", "Nobody"}, {"end", "Nobody"}, {"end", org.People["keeper"].ID}} {
		if _, _, err := in(t, org, "account", args[0], "--store", dir, args[1]); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("%q: %v", args, err)
		}
	}
	// Somebody else has the store open and takes no commands.
	store, err := vault.OpenBolt(dir, org.Clock)
	must(t, err)
	defer store.Close()
	for _, args := range [][]string{{"account", "list"}, {"check"}} {
		_, _, err := in(t, org, append(args, "--store", dir)...)
		var h *hinted
		if !errors.Is(err, vault.ErrLocked) || !errors.As(err, &h) {
			t.Errorf("%q beside another: %v", args, err)
		}
	}
}

func TestPrintable(t *testing.T) {
	var b bytes.Buffer
	report(&b, fmt.Errorf("name \x1b[31m\u202e evil"))
	if strings.ContainsAny(b.String(), "\x1b\u202e") {
		t.Errorf("%q", b.String())
	}
}

func TestLogbook(t *testing.T) {
	var b bytes.Buffer
	l := newLogbook(&b)
	http := l.httpErrors()
	for range 25 {
		http.Printf("http: TLS handshake error from 127.0.0.77:4321: EOF")
	}
	http.Printf("http: panic serving 127.0.0.77:4321: SECRET")
	http.Printf("http: Accept error: SECRET; retrying")
	http.Printf("http2: SECRET")
	l.trouble(fmt.Errorf("storing SECRET: %w", &os.PathError{Op: "write", Path: "/SECRET", Err: os.ErrPermission}))
	l.trouble(context.Canceled)
	want := "a TLS handshake failed\na TLS handshake failed (10 times)\ninternal error: a handler panicked\n" +
		"accepting a connection failed\na connection failed\ninternal error\n"
	if b.String() != want {
		t.Errorf("logged %q", b.String())
	}
}

// A roster whose words name a recording that the server lacks is not adopted.
func TestInitRecordings(t *testing.T) {
	org := accesstest.NewOrg(t)
	store := initStoreOf(t, org)
	file := func(name string, b []byte) string {
		path := filepath.Join(t.TempDir(), name)
		must(t, os.WriteFile(path, b, 0o600))
		return path
	}
	sound := []byte("ID3 what each of these means")
	words, err := codebook.WithSound(codebook.DefaultTexts()["en"], "en", map[string]codebook.Sound{"consent": {SHA256: vault.Sum(sound).String(), Type: "audio/mpeg"}})
	must(t, err)
	note := file("next.note", org.Next(t, func(r *roster.Roster) { r.Texts["en"] = vault.Sum(words).String() }))
	args := []string{"init", "--store", store, "--roster", note, "--text", "en=" + file("en.json", words)}
	if _, _, err := in(t, org, args...); !errors.Is(err, vault.ErrNotFound) || !strings.Contains(err.Error(), "recording for the text en") {
		t.Errorf("without the recording: %v", err)
	}
	if _, _, err := in(t, org, append(args, "--audio", file("other.mp3", []byte("another")))...); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("with another one: %v", err)
	}
	if _, _, err := in(t, org, append(args, "--audio", file("consent.mp3", sound))...); err != nil {
		t.Errorf("with it: %v", err)
	}
}
