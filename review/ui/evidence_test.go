package ui_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/bundle"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// told is a report in which every free text is another word.
func told(r *seal.Report) {
	a := &r.Answers
	a.Story, a.WhoText, a.Where = "PRACTICE alder", "PRACTICE birch", seal.Where{Region: "north", Part: "harbour", Place: "PRACTICE cedar"}
	a.Custody = &seal.Custody{Name: "PRACTICE elmtree", Place: "PRACTICE firtree", Medicine: "PRACTICE hazel"}
	r.Contact = &seal.Contact{Name: "PRACTICE iris", Reach: "PRACTICE juniper", Times: "PRACTICE larch", Not: "PRACTICE maple"}
	r.Consent = []string{"legal-help", "complaint"}
	r.Practice = true
}

// evidenceCase is a case with something of every kind in it, and its path.
func evidenceCase(t *testing.T, o *reviewtest.Org, b *browser) (*reviewtest.Sent, vault.ID, string) {
	t.Helper()
	var blobs [][]byte
	s := o.Send("street", func(r *seal.Report) {
		told(r)
		blobs = reviewtest.Attach(o, r, "image/jpeg", []byte("PRACTICE oak, a picture"))
	})
	s.Say(seal.Message{Attachments: []seal.BlobNames{{N: 0, Blobs: s.Deliver(blobs)}}})
	s.Say(seal.Message{Text: "PRACTICE pine"})
	b.post2("/sync")
	_, page := b.post("/case/"+s.Deposit.String()+"/take", url.Values{})
	m := regexp.MustCompile(`action="(/case/([0-9a-f]{64}))/note"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("not taken:\n%s", text(page))
	}
	id, err := vault.ParseID(m[2])
	if err != nil {
		t.Fatal(err)
	}
	b.post(m[1]+"/note", url.Values{"text": {"PRACTICE quince"}})
	b.post(m[1]+"/state", url.Values{"to": {"in-review"}, "reason": {"PRACTICE rowan"}})
	b.post(m[1]+"/people/link", url.Values{"new": {"PRACTICE sorrel"}, "role": {"affected"}})
	b.post(m[1]+"/answer/send", url.Values{"text": {"PRACTICE thyme"}, "read": {"2"}})
	return s, id, m[1]
}

// bundleOf reads the zip that a page handed out.
func bundleOf(t *testing.T, content string) (*bundle.Checked, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bundle.zip")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := bundle.Verify(context.Background(), file, "")
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return c, all.String()
}

func TestEvidencePages(t *testing.T) {
	o := reviewtest.New(t)
	b := unlocked(t, o, o.Nino)
	_, id, path := evidenceCase(t, o, b)
	_, page := b.get(path)
	b.sees(page, "Make an evidence bundle")
	_, page = b.get(path + "/evidence")
	b.sees(page, "Make an evidence bundle", "Who gets it, and what for", "PRACTICE alder", "Note by Advocate Nino", "File 1", "safe way to reach", "how to reach the person and who must not know, too")
	if strings.Contains(text(page), "does not cover") {
		t.Error("warned of consent that was given")
	}
	offered := regexp.MustCompile(`name="keep" value="([^"]+)"( checked)?`).FindAllStringSubmatch(page, -1)
	keep := []string{}
	for _, m := range offered {
		if m[2] != "" {
			keep = append(keep, m[1])
		}
	}
	for _, off := range []string{"re-reaching-the-person-safe-way-to-reach", "people", "entry-1"} {
		if slices.Contains(keep, off) || !strings.Contains(page, `value="`+off+`"`) {
			t.Errorf("%s is ticked, or not offered: %v", off, keep)
		}
	}

	// Nothing leaves before it was shown what would.
	resp, page := b.post(path+"/evidence", url.Values{"variant": {"redacted"}, "keep": keep})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("for nobody: status %d", resp.StatusCode)
	}
	b.sees(page, "write down who gets the bundle")
	form := url.Values{"variant": {"redacted"}, "keep": keep, "for": {"PRACTICE court"}}
	_, page = b.post(path+"/evidence", form)
	b.sees(page, "Read this before the bundle leaves", "safe way to reach", "Nobody can take it back", "Not on the report itself")
	if strings.Contains(page, "PRACTICE juniper") {
		t.Error("the page before it leaves shows what was left out")
	}
	_, page = b.post(path+"/evidence", url.Values{"variant": {"redacted"}, "keep": keep, "for": {"PRACTICE court"}, "do": {"change"}})
	b.sees(page, "Show me what would leave")
	if _, page = b.get(path); strings.Contains(text(page), "made an evidence bundle") {
		t.Error("recorded before it left")
	}

	resp, content := b.post(path+"/evidence/download", form)
	if got := resp.Header.Get("Content-Disposition"); got != `attachment; filename="practice-evidence-`+id.String()[:8]+`-redacted.zip"` || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("handed out as %q", got)
	}
	c, all := bundleOf(t, content)
	if !c.OK() {
		t.Errorf("the bundle: %v", c.Faults)
	}
	for _, in := range []string{"PRACTICE alder", "PRACTICE oak, a picture", "PRACTICE pine", "PRACTICE rowan", "PRACTICE thyme"} {
		if !strings.Contains(all, in) {
			t.Errorf("the bundle lacks %q", in)
		}
	}
	for _, out := range []string{"juniper", "maple", "quince", "sorrel", "AGE-SECRET"} {
		if strings.Contains(all, out) {
			t.Errorf("the bundle holds %q", out)
		}
	}
	_, page = b.get(path)
	b.sees(page, "made an evidence bundle with", "For: PRACTICE court")

	// Pressed twice, it leaves once.
	again := url.Values{"variant": {"full"}, "for": {"PRACTICE lawyer"}, "form": {tokenField.FindStringSubmatch(page)[1]}}
	_, content = b.send(http.MethodPost, path+"/evidence/download", again)
	c, all = bundleOf(t, content)
	if !c.OK() || c.Traced != 1 || c.Said != 2 || len(c.Absent) != 0 || c.Record.Variant != bundle.Full {
		t.Errorf("everything: %v, %+v", c.Faults, c)
	}
	for _, in := range []string{"juniper", "maple", "quince", "sorrel", "withheld:"} {
		if !strings.Contains(all, in) {
			t.Errorf("everything lacks %q", in)
		}
	}
	if strings.Contains(all, "AGE-SECRET") {
		t.Error("a key is in it")
	}
	_, page = b.send(http.MethodPost, path+"/evidence/download", again)
	if n := strings.Count(text(page), "made an evidence bundle"); n != 2 {
		t.Errorf("%d bundles are recorded, want 2", n)
	}
}

// Leaving one part out leaves it out everywhere, whatever it is.
func TestEveryPartCanBeLeftOut(t *testing.T) {
	o := reviewtest.New(t)
	b := unlocked(t, o, o.Nino)
	_, id, _ := evidenceCase(t, o, b)
	w := o.Workstation(o.Ana, nil)
	k := reviewtest.Coding("extortion")
	k.Perpetrators[0].Name, k.Perpetrators[0].Badge = "PRACTICE umbel", "PRACTICE 17"
	if err := w.SetCoding(context.Background(), id, k, o.Book(), nil); err != nil {
		t.Fatal(err)
	}
	// A later coding without the name: the earlier one still holds it.
	k.Perpetrators[0].Name, k.Perpetrators[0].Badge = "", ""
	if err := w.SetCoding(context.Background(), id, k, o.Book(), &find(t, w, id).CodedIn); err != nil {
		t.Fatal(err)
	}
	b.post2("/sync")
	c, err := b.ui.Evidence(id)
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{
		"story": "alder", "re-by-whom-name-badge-vehicle-unit": "birch", "re-where-and-when-place": "cedar", "re-held-now-name": "elmtree", "re-held-now-place": "firtree",
		"re-held-now-medicine-needed": "hazel", "re-reaching-the-person-name-to-use": "iris", "re-reaching-the-person-safe-way-to-reach": "juniper",
		"re-reaching-the-person-safe-times": "larch", "re-reaching-the-person-do-not-or-who-mus": "maple", "message-2": "pine", "entry-1": "quince", "entry-2": "rowan",
		"people": "sorrel", "entry-4": "thyme", "coding-names": "umbel", "file-1": "oak",
	}
	codes := map[string]string{"coding": `"main": true`, "re-what-happened-acts": "Money or goods demanded", "consent": "complaint"}
	seen := map[string]bool{}
	for _, p := range bundle.PartsOf(c) {
		seen[p.ID] = true
		made, err := bundle.Make(context.Background(), c, true, []string{p.ID})
		if err != nil {
			t.Fatalf("%s: %v", p.ID, err)
		}
		var out bytes.Buffer
		if err := made.WriteZip(context.Background(), &out, seal.Shown{Text: "{}"}); err != nil {
			t.Fatal(err)
		}
		if w := words[p.ID]; w != "" && bytes.Contains(out.Bytes(), []byte(w)) {
			t.Errorf("without %s: %q is in the bundle", p.ID, w)
		}
		for id, w := range words {
			// Of an earlier coding's name only the signed entry tells, and it needs the coding.
			if id != p.ID && id != "coding-names" && !bytes.Contains(out.Bytes(), []byte(w)) {
				t.Errorf("without %s: %q is gone", p.ID, w)
			}
		}
		if w := codes[p.ID]; w == `"main": true` && bytes.Contains(out.Bytes(), []byte(w)) {
			t.Errorf("without %s: %q is in the bundle", p.ID, w)
		}
	}
	for id := range words {
		if !seen[id] {
			t.Errorf("there is no part %s: %v", id, seen)
		}
	}
}

// A report with a field that no page shows keeps its signed form in, unless
// everything goes.
func TestFieldThatNoPageShows(t *testing.T) {
	o := reviewtest.New(t)
	b := unlocked(t, o, o.Nino)
	plain := o.Write("street", nil)
	j, err := plain.Report.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]bool{`"without":["` + o.Ana.ID() + `"]`: false, `"later":{"secret":"PRACTICE vetch"}`: false, `"flags":[]`: true} {
		r := map[string]json.RawMessage{}
		if err := json.Unmarshal(j, &r); err != nil {
			t.Fatal(err)
		}
		fresh, err := seal.NewReportID()
		if err != nil {
			t.Fatal(err)
		}
		r["report"] = json.RawMessage(fmt.Sprintf("%q", fresh))
		key, value, _ := strings.Cut(what, ":")
		r[strings.Trim(key, `"`)] = json.RawMessage(value)
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		d, _ := o.Deposit("street", o.Seal("street", again))
		b.post2("/sync")
		_, page := b.post("/case/"+d.String()+"/take", url.Values{})
		b.sees(page, "The case is yours")
		c, err := b.ui.Evidence(d)
		if err != nil {
			t.Fatal(err)
		}
		made, err := bundle.Make(context.Background(), c, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		if made.HasClaim() != want {
			t.Errorf("%s: the signed report goes along: %v", what, made.HasClaim())
		}
	}
}

// Where consent does not cover it, the page says so and asks what it rests on.
func TestEvidenceWithoutConsent(t *testing.T) {
	o := reviewtest.New(t)
	b := unlocked(t, o, o.Nino)
	s := o.Send("street", func(r *seal.Report) { r.Answers.Teller, r.Answers.Asked = "witness", "could-not" })
	b.post2("/sync")
	path := "/case/" + s.Deposit.String()
	_, page := b.get(path + "/evidence") // nobody has taken it: there is nothing to make
	b.sees(page, "Take this case")
	b.post(path+"/take", url.Values{})
	_, page = b.get(path + "/evidence")
	b.sees(page, "has not agreed to this being told", "does not cover a bundle", "What it rests on")
	resp, page := b.post(path+"/evidence/download", url.Values{"variant": {"full"}, "for": {"PRACTICE court"}})
	if resp.StatusCode != http.StatusConflict || strings.HasPrefix(page, "PK") {
		t.Errorf("without a reason: status %d", resp.StatusCode)
	}
	b.sees(page, "write down what it rests on")
	_, content := b.post(path+"/evidence/download", url.Values{"variant": {"full"}, "for": {"PRACTICE court"}, "why": {"PRACTICE order 7"}})
	if c, all := bundleOf(t, content); !c.OK() || c.Record.Why != "PRACTICE order 7" || !strings.Contains(all, "PRACTICE order 7") {
		t.Errorf("with one: %v", c.Faults)
	}
	// Signed out, nothing is recorded, and nothing handed out.
	o.Store.DeleteSessions(context.Background(), o.Nino.ID())
	resp, page = b.post(path+"/evidence/download", url.Values{"variant": {"full"}, "for": {"PRACTICE court"}, "why": {"PRACTICE order 8"}})
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("signed out: status %d", resp.StatusCode)
	}
	b.sees(page, "Nothing was handed out", "Everything, whatever is ticked below")
	if !strings.Contains(page, "PRACTICE order 8") {
		t.Error("what was typed is gone")
	}
}

func find(t *testing.T, w *review.Workstation, id vault.ID) *review.Case {
	t.Helper()
	c, err := w.View().Case(id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
