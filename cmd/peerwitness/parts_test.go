package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

func TestLabelled(t *testing.T) {
	for _, row := range []struct {
		spec, id string
		labels   roster.Labels
	}{
		{"street=Street", "street", roster.Labels{"en": "Street"}},
		{"street=Street desk: day=night:fr=Rue:pt-br=Rua", "street", roster.Labels{"en": "Street desk: day=night", "fr": "Rue", "pt-br": "Rua"}},
		{"s=a:b:c", "s", roster.Labels{"en": "a:b:c"}},
		{"north/harbour=Harbour", "north/harbour", roster.Labels{"en": "Harbour"}},
		{"street", "", nil},
		{"=Street", "", nil},
		{"street=", "", nil},
		{"s=a:fr=b:fr=c", "", nil},
		{"s=a:en=b", "", nil},
	} {
		id, labels, err := labelled("--desk", row.spec)
		if (err == nil) != (row.labels != nil) || err == nil && (id != row.id || !cmp.Equal(labels, row.labels)) {
			t.Errorf("%q: %q, %v, %v", row.spec, id, labels, err)
		}
		if err != nil && !errors.Is(err, errUsage) {
			t.Errorf("%q: %v is not a wrong call", row.spec, err)
		}
	}
}

// A new intake key is made when none is good today, and only then.
func TestCurrentCertificate(t *testing.T) {
	k, err := newPersonKey("Nino")
	if err != nil {
		t.Fatal(err)
	}
	day := func(s string) time.Time {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, row := range []struct {
		now   string
		fresh bool
		keys  int
		epoch uint32
	}{
		{"2026-11-23", true, 1, 202611},
		{"2026-11-23", false, 1, 202611},
		{"2026-11-30", false, 1, 202611},
		{"2026-12-01", true, 2, 202612},
		{"2027-03-05", true, 3, 202703},
	} {
		cert, fresh, err := currentCertificate(&k, day(row.now))
		if err != nil || fresh != row.fresh || len(k.Intake) != row.keys || cert.Epoch != row.epoch {
			t.Errorf("%s: fresh %v, %d keys, epoch %d, %v", row.now, fresh, len(k.Intake), cert.Epoch, err)
		}
		if last := k.Intake[len(k.Intake)-1]; cert.Recipient != last.Identity.Recipient() || cert.From > row.now || cert.Until < row.now {
			t.Errorf("%s: the certificate is not for the newest key", row.now)
		}
	}
}

// An expired roster file is used only with the person's yes, and the report
// says so.
func TestExpiredRoster(t *testing.T) {
	dir := t.TempDir()
	org, err := newOrganisation(dir, demoPeople, time.Now(), time.Now().AddDate(0, 0, 30), false)
	if err != nil {
		t.Fatal(err)
	}
	pass := filepath.Join(dir, "pass")
	sheet := filepath.Join(dir, "sheet.json")
	cert, err := certifyFile(org.advocates[0].file, demoPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{pass: demoPassphrase, sheet: `{"desk":"street","certificates":[` + string(cert) + `],"revocations":[]}`} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	later := func() time.Time { return time.Now().AddDate(0, 2, 0) }
	try := func(o reportOptions) (string, error) {
		var errs bytes.Buffer
		o.roster, o.desk, o.sheet, o.practice, o.lang = org.rosterFile, "street", sheet, true, "en"
		err := o.run(context.Background(), &env{stdout: &errs, stderr: &errs, now: later})
		return errs.String(), err
	}
	var h hinted
	if _, err := try(reportOptions{out: filepath.Join(dir, "no")}); !errors.Is(err, roster.ErrExpired) || !errors.As(err, &h) || !strings.Contains(h.hint, "--expired-ok") {
		t.Errorf("without a yes: %v", err)
	}
	if _, err := try(reportOptions{out: filepath.Join(dir, "no"), expiredOK: true, root: "AAAA"}); !errors.Is(err, roster.ErrRoot) {
		t.Errorf("with another root: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "no")); err == nil {
		t.Error("something was written")
	}
	if said, err := try(reportOptions{out: filepath.Join(dir, "yes"), expiredOK: true, root: org.roster.Fingerprint()}); err != nil {
		t.Fatalf("with a yes: %v\n%s", err, said)
	}
	out, _ := must(t, "open", "--key", org.advocates[0].file, "--in", filepath.Join(dir, "yes", "report.age"), "--passphrase-file", pass)
	if !strings.Contains(out, `"expired-roster"`) {
		t.Errorf("the report does not say so:\n%s", out)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "deep", "file")
	if err := writeNew(name, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeNew(name, []byte("two"), 0o600); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("over a file: %v", err)
	}
	if err := os.Chmod(name, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := replace(name, []byte("three")); err != nil {
		t.Fatal(err)
	}
	b, err := readBounded(name, 5)
	if err != nil || string(b) != "three" {
		t.Errorf("read %q, %v", b, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("replacing changed the mode: %v, %v", info.Mode(), err)
	}
	if _, err := readBounded(name, 4); err == nil {
		t.Error("a file over the bound was read")
	}
	if err := replace(filepath.Join(dir, "absent"), nil); err == nil {
		t.Error("an absent file was replaced")
	}
	if err := writeNew(filepath.Join(name, "below"), nil, 0o600); err == nil {
		t.Error("a file was written below a file")
	}
	left, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestMediaType(t *testing.T) {
	for _, row := range []struct{ head, ext, want string }{
		{"\xff\xd8\xff\xe0", ".txt", "image/jpeg"},
		{"\x89PNG\r\n\x1a\n", "", "image/png"},
		{"\x00\x00\x00\x18ftyphe\x00", ".heic", "image/heic"},
		{"\x00\x01\x02", ".jpg", "application/octet-stream"},
	} {
		if got := mediaType([]byte(row.head), row.ext); got != row.want {
			t.Errorf("%q %s: %q, want %q", row.head, row.ext, got, row.want)
		}
	}
}

// The keys that the tool writes itself can't be given, or a report could claim
// another thread, roster or build.
func TestReadAnswersRefusesOurs(t *testing.T) {
	for _, key := range ours {
		if _, err := readAnswers([]byte(`{"answers":{},"`+key+`":1}`), nil); err == nil || !strings.Contains(err.Error(), "leave it out") {
			t.Errorf("%s: %v", key, err)
		}
	}
	if _, err := readAnswers([]byte(`{"Answers":{}}`), nil); err == nil {
		t.Error("a key in capitals was taken")
	}
	if _, err := readAnswers([]byte(`{"answers":{}} {}`), nil); err == nil {
		t.Error("two objects were taken")
	}
	if _, err := readAnswers([]byte(`[]`), nil); err == nil {
		t.Error("a list was taken")
	}
}

// With nobody to seal to, nothing is sealed.
func TestAttack02ZeroRecipients(t *testing.T) {
	org, err := newOrganisation(t.TempDir(), demoPeople, time.Now(), time.Now().AddDate(0, 0, 30), false)
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	e := &env{stderr: &errs, now: time.Now}
	who, err := openers(e, org.roster, "street", roster.Sheet{Desk: "street"}, nil)
	if err == nil || who.to != nil {
		t.Errorf("an empty sheet gives %d recipients, %v", len(who.to), err)
	}
	if _, err := seal.SealReport([]byte("{}"), nil, 8); !errors.Is(err, seal.ErrNoRecipients) {
		t.Errorf("sealing to nobody: %v", err)
	}
	if n := strings.Count(errs.String(), "has no certificate yet"); n != 3 {
		t.Errorf("%d of 3 advocates are named:\n%s", n, errs.String())
	}
}

// What readAnswers takes is valid JSON that it takes again, unchanged; joined
// with the tool's own fields it is a report with exactly these answers, or is
// refused when the report is checked.
func FuzzReadAnswers(f *testing.F) {
	f.Add([]byte(practiceReport))
	f.Add([]byte(`{"answers":{},"from_a_newer_phone":[1,"\u00e9\n"]}`))
	f.Add([]byte(`{"answers":{},"answers":{}}`))
	f.Add([]byte(`{"answers":{"acts":["stop-serch"]}}`))
	cb, err := codebook.Parse(codebook.Default())
	if err != nil {
		f.Fatal(err)
	}
	receipt, err := seal.NewReceipt()
	if err != nil {
		f.Fatal(err)
	}
	own := map[string]any{"v": 1, "kind": "report", "report": strings.Repeat("0", 32), "desk": "street", "thread": receipt.Thread(),
		"roster": strings.Repeat("0", 64)}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readAnswers(b, cb)
		if err != nil {
			return
		}
		again, err := readAnswers(m, cb)
		if err != nil || !bytes.Equal(m, again) {
			t.Fatalf("taken again it is %s, %v", again, err)
		}
		plain, err := join(own, m)
		if err != nil {
			t.Fatal(err)
		}
		r, err := seal.ParseReport(plain)
		if err != nil {
			return
		}
		if r.Desk != "street" || r.Thread != receipt.Thread() || r.Kind != "report" || len(r.Attachments) != 0 || len(r.Flags) != 0 {
			t.Fatalf("answers changed the tool's own fields: %s", plain)
		}
	})
}

// Labels that are taken come back as they were given.
func FuzzLabelled(f *testing.F) {
	f.Add("street=Street desk:fr=Rue")
	f.Add("s=a:b=c:pt-br=d")
	f.Fuzz(func(t *testing.T, spec string) {
		id, labels, err := labelled("--desk", spec)
		if err != nil {
			return
		}
		n := len(id) + 1 + len(labels["en"])
		for lang, s := range labels {
			if lang != "en" {
				n += len(lang) + 2 + len(s)
			}
		}
		if n != len(spec) || !strings.HasPrefix(spec, id+"="+labels["en"]) {
			t.Fatalf("%q became %q, %v", spec, id, labels)
		}
	})
}
