package ui_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"peerwitness/review/reviewtest"
	"peerwitness/review/sheet"
	"peerwitness/review/ui"
	"peerwitness/vault/seal"
)

// importing is unlocked, with a way to send that does not pause.
func importing(t *testing.T, o *reviewtest.Org, p *reviewtest.Person, out sheet.Outbox) *browser {
	t.Helper()
	b := launch(t, o, p, func(c *ui.Config) { c.Outbox, c.Pace = out, time.Nanosecond })
	b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(p)}})
	return b
}

// upload chooses a file on the page.
func (b *browser) upload(file []byte, letters string) (*http.Response, string) {
	b.t.Helper()
	_, page := b.get("/sheet")
	m := tokenField.FindStringSubmatch(page)
	if m == nil {
		b.t.Fatalf("no form:\n%s", text(page))
	}
	return b.uploadWith(map[string]string{"form": html.UnescapeString(m[1]), "letters": letters}, file)
}

func (b *browser) uploadWith(fields map[string]string, files ...[]byte) (*http.Response, string) {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			b.t.Fatal(err)
		}
	}
	for _, f := range files {
		p, err := w.CreateFormFile("file", "../../secret-name.csv")
		if err == nil {
			_, err = p.Write(f)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, b.base+"/sheet", &body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Origin", b.base)
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, string(page)
}

func sheetFile(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.ReadFile(filepath.Join("..", "..", "testdata", "sheets", name))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var (
	chosenField = regexp.MustCompile(`(?s)<select id="([^"]+)" name="([^"]+)">(.*?)</select>`)
	chosenValue = regexp.MustCompile(`<option value="([^"]*)" selected>`)
	hiddenWord  = regexp.MustCompile(`<input type="hidden" name="(k[0-9.]+)" value="([^"]*)">`)
)

// columns is the form on the page of columns as it stands.
func (b *browser) columns() url.Values {
	b.t.Helper()
	_, page := b.get("/sheet/columns")
	f := url.Values{"then": {"check"}}
	for _, m := range chosenField.FindAllStringSubmatch(page, -1) {
		v := ""
		if c := chosenValue.FindStringSubmatch(m[3]); c != nil {
			v = html.UnescapeString(c[1])
		}
		f.Set(m[2], v)
	}
	for _, m := range hiddenWord.FindAllStringSubmatch(page, -1) {
		f.Set(m[1], html.UnescapeString(m[2]))
	}
	return f
}

// arrives waits until the import has ended.
func (b *browser) arrives(path string) string {
	b.t.Helper()
	for range 500 {
		_, page := b.get(path)
		if !strings.Contains(page, `http-equiv="refresh"`) {
			return page
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.t.Fatal("it goes on and on")
	return ""
}

func TestBringInASpreadsheet(t *testing.T) {
	o := reviewtest.New(t)
	out := &reviewtest.Outbox{Org: o}
	b := importing(t, o, o.Nino, out)
	_, page := b.get("/")
	b.sees(page, "Bring in a spreadsheet", "Take out my cases")
	_, page = b.upload(sheetFile(t, "kobo.xlsx"), "")
	b.sees(page, "What the columns say", "5 rows", "guesses from the headings", "incident/incident_date", "2026-03-30 · 2026-04-01")
	resp, page := b.post("/sheet/columns", url.Values{"then": {"check"}})
	if resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without a source: status %d", resp.StatusCode)
	}
	b.sees(page, "Say what this file comes from")
	f := b.columns()
	f.Set("source", "Practice Kobo")
	_, page = b.post("/sheet/columns", f)
	b.sees(page, "Dry run: 3 would come in, 2 would not", "Nothing has come in yet", "5 incident/region “ east ” is not known", "6 incident/incident_date “ 2027-04-05 ” is a day that has not come yet",
		"Count my report in figures that show nobody. 2", "Urgent 1", "Someone under 18 1", "Bring in 3 rows")
	if len(out.Sent) != 0 {
		t.Fatal("the dry run sent something")
	}
	// A word is learnt, and the row it stood in comes in as well.
	f = b.columns()
	if f.Get("k4.0") != "east" || f.Get("v4.0") != "?" {
		t.Fatalf("the word to translate is not asked for: %v", f)
	}
	f.Set("v4.0", "north/harbour")
	f.Set("source", "Practice Kobo")
	_, page = b.post("/sheet/columns", f)
	b.sees(page, "Dry run: 4 would come in, 1 would not")
	resp, page = b.post("/sheet/import", url.Values{})
	if resp.StatusCode != http.StatusConflict || len(out.Sent) != 0 {
		t.Errorf("consents were not confirmed: status %d, %d sent", resp.StatusCode, len(out.Sent))
	}
	b.sees(page, "Confirm that they were asked")
	b.post("/sheet/import", url.Values{"agreed": {"yes"}})
	page = b.arrives("/sheet/progress?again=1")
	b.sees(page, "All 4 rows are in", "4 came in now", "1 rows with a problem stayed out", "delete the spreadsheet")
	_, page = b.get("/?view=new")
	b.sees(page, "Not taken yet 4", "PRACTICE. Taken to the station.")
	id := regexp.MustCompile(`href="(/case/[0-9a-f]{64})"`).FindStringSubmatch(page)[1]
	_, page = b.get(id)
	b.sees(page, "Brought in from a spreadsheet", "“Practice Kobo”", "I work for this organisation")

	// The next file of the form needs no work, and what is here is left alone.
	b.post("/sheet/forget", url.Values{})
	_, page = b.upload(sheetFile(t, "kobo.csv"), "")
	b.sees(page, "A file of this form was here before")
	_, page = b.get("/sheet/check")
	b.sees(page, "Dry run: 0 would come in, 1 would not", "Here already 4", "Row 2: case")
	if raw, err := os.ReadFile(filepath.Join(b.folder, "sheets.age")); err != nil || bytes.Contains(raw, []byte("incident")) {
		t.Errorf("what is remembered of the form: %v", err)
	}
	b.post("/lock", url.Values{})
	b.post("/unlock", url.Values{"passphrase": {passphrase}, "code": {o.Code(o.Nino)}})
	if _, page = b.get("/sheet/check"); strings.Contains(page, "Dry run") || strings.Contains(page, "incident") {
		t.Error("after the lock the file is still here")
	}
}

func TestSheetsThatCantBeRead(t *testing.T) {
	o := reviewtest.New(t)
	b := importing(t, o, o.Nino, &reviewtest.Outbox{Org: o})
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":       {nil, "Choose a file first"},
		"a picture":     {[]byte("\x89PNG\r\n\x1a\n\x00\x00"), "Not a CSV or XLSX file"},
		"letters":       {[]byte("a;b\n\xff\xe0;1\n"), "can't be told apart"},
		"headings only": {[]byte("a;b\n"), "There are no rows"},
		"cut":           {sheetFile(t, "odk.xlsx")[:400], "The file is damaged"},
		"large":         {bytes.Repeat([]byte("a,b\n"), sheet.MaxFile/4+1), "Too large"},
	} {
		resp, page := b.upload(c.file, "")
		if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text(page), c.want) {
			t.Errorf("%s: status %d:\n%s", name, resp.StatusCode, text(page))
		}
	}
	if resp, _ := b.uploadWith(map[string]string{"form": "x"}, []byte("a\n1\n")); resp.StatusCode != http.StatusForbidden {
		t.Errorf("an upload without a good form token: status %d", resp.StatusCode)
	}
	for name, files := range map[string][][]byte{"two files": {[]byte("a"), []byte("b")}} {
		if resp, _ := b.uploadWith(map[string]string{"form": "x"}, files...); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
	}
	if resp, _ := b.uploadWith(map[string]string{"form": strings.Repeat("x", 5000)}); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a long field: status %d", resp.StatusCode)
	}
	if resp, _ := b.post("/sheet", url.Values{}); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a form without a file's kind: status %d", resp.StatusCode)
	}
	// Hostile cells are inert on every page, and the old Cyrillic alphabet is read when it is named.
	_, page := b.upload([]byte("story;\"acts<script>\"\n\"<script>alert(1)</script>\u202e\";\"<b>x\"\n"), "")
	if strings.Contains(page, "<script") || strings.Contains(page, "<b>x") {
		t.Error("a cell runs on the page of columns")
	}
	f := b.columns()
	f.Set("source", "<script>1</script>")
	f.Set("f1", "acts")
	f.Set("desk", "street")
	_, page = b.post("/sheet/columns", f)
	if b.sees(page, "Dry run: 0 would come in, 1 would not"); strings.Contains(page, "<script") || strings.Contains(page, "<b>x") {
		t.Error("a cell runs on the page of the dry run")
	}
	if _, page = b.upload([]byte("\xee\xef\xe8\xf1\xe0\xed\xe8\xe5\nPRACTICE \xed\xee\xf7\xfc\n"), "windows-1251"); !strings.Contains(page, "PRACTICE ночь") {
		t.Errorf("old Cyrillic:\n%s", text(page))
	}
	for _, path := range []string{"/sheet/progress", "/sheet/check"} {
		if resp, _ := b.get(path); resp.StatusCode != http.StatusOK {
			t.Errorf("%s before there is anything: status %d", path, resp.StatusCode)
		}
	}
}

// Who is at no desk brings nothing in, and nobody does for a desk of others.
func TestOnlyForOnesOwnDesk(t *testing.T) {
	o := reviewtest.New(t)
	out := &reviewtest.Outbox{Org: o}
	mari := importing(t, o, o.Mari, out)
	_, page := mari.get("/sheet")
	mari.sees(page, "Only advocates bring cases in")
	if resp, _ := mari.upload([]byte("story\nPRACTICE\n"), ""); resp.StatusCode != http.StatusConflict {
		t.Errorf("a keeper's file: status %d", resp.StatusCode)
	}
	nino := importing(t, o, o.Nino, out)
	nino.upload([]byte("story,desk\nPRACTICE one,custody\nPRACTICE two,street\n"), "")
	f := nino.columns()
	f.Set("source", "Practice")
	f.Set("practice", "yes")
	_, page = nino.post("/sheet/columns", f)
	nino.sees(page, "Dry run: 1 would come in, 1 would not", "all marked as practice", "is for a desk that you are not at")
	nino.post("/sheet/import", url.Values{})
	nino.sees(nino.arrives("/sheet/progress?again=1"), "All 1 rows are in")
	_, page = nino.get("/")
	nino.sees(page, "PRACTICE two", "Practice")
	if len(out.Sent) != 1 {
		t.Errorf("%d sent, want 1", len(out.Sent))
	}
}

// An import that fails, is stopped or meets the lock says so and goes on.
func TestAnImportIsStopped(t *testing.T) {
	o := reviewtest.New(t)
	gate := make(chan error, 8)
	out := &reviewtest.Outbox{Org: o, Before: func(int) error {
		select {
		case err := <-gate:
			return err
		case <-t.Context().Done():
			return t.Context().Err()
		}
	}}
	b := importing(t, o, o.Nino, out)
	b.upload([]byte("story\nPRACTICE one\nPRACTICE two\nPRACTICE three\n"), "")
	f := b.columns()
	f.Set("source", "Practice")
	b.post("/sheet/columns", f)
	_, page := b.post("/sheet/import", url.Values{})
	b.sees(page, "Bringing in: 0 of 3")
	if strings.Contains(page, "http-equiv") {
		t.Error("the page of progress moves under its reader unasked")
	}
	if _, page = b.get("/sheet/progress?again=1"); !strings.Contains(page, `<meta http-equiv="refresh" content="5">`) {
		t.Error("the page of progress does not ask for itself again where somebody wants it to")
	}
	if resp, page := b.upload([]byte("story\nPRACTICE\n"), ""); resp.StatusCode != http.StatusConflict {
		t.Errorf("a second file meanwhile: status %d\n%s", resp.StatusCode, text(page))
	}
	gate <- nil
	gate <- errors.New("the line broke")
	page = b.arrives("/sheet/progress?again=1")
	b.sees(page, "Stopped: 1 of 3 are in", "at row 3", "Nothing is sent twice")
	b.post("/sheet/import", url.Values{})
	b.post("/sheet/stop", url.Values{})
	close(gate)
	page = b.arrives("/sheet/progress?again=1")
	b.sees(page, "Stopped: ", "Go on")
	b.post("/sheet/import", url.Values{})
	page = b.arrives("/sheet/progress?again=1")
	b.sees(page, "All 3 rows are in")
	_, page = b.get("/")
	b.sees(page, "To do 3")
}

// stuck is a server that never answers.
type stuck struct{ *reviewtest.Outbox }

func (stuck) Post(ctx context.Context, _ string, _ []byte) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestLockingEndsAnImport(t *testing.T) {
	o := reviewtest.New(t)
	b := importing(t, o, o.Nino, stuck{&reviewtest.Outbox{Org: o}})
	b.upload([]byte("story\nPRACTICE one\n"), "")
	f := b.columns()
	f.Set("source", "Practice")
	b.post("/sheet/columns", f)
	_, page := b.post("/sheet/import", url.Values{})
	b.sees(page, "Bringing in: 0 of 1")
	_, page = b.post("/lock", url.Values{})
	b.sees(page, "Unlock your cases")
}

// What is taken out is written into the cases first, and only what could be is
// in the file.
func TestTakeOutMyCases(t *testing.T) {
	o := reviewtest.New(t)
	mine := o.Send("street", func(r *seal.Report) {
		r.Answers.Story = "=HYPERLINK(\"http://example.invalid\")"
		r.Contact = &seal.Contact{Reach: "+000 000"}
		r.Practice = true
	})
	other := o.Send("street", func(r *seal.Report) { r.Answers.Story = "PRACTICE of a colleague" })
	b, ana := unlocked(t, o, o.Nino), unlocked(t, o, o.Ana)
	b.post("/case/"+mine.Deposit.String()+"/take", url.Values{})
	ana.post("/case/"+other.Deposit.String()+"/take", url.Values{})
	_, page := b.get("/take-out")
	b.sees(page, "1 case is with you", "This file is not sealed")
	if regexp.MustCompile(`value="(story|contact|notes)" checked`).MatchString(page) {
		t.Error("what shows who somebody is, is chosen beforehand")
	}
	form := url.Values{"which": {"open"}, "format": {"csv"}, "part": {"story", "case", "acts", "contact", "bogus"}, "understood": {"yes"}}
	for name, c := range map[string]struct{ field, value, want string }{
		"not understood": {"understood", "", "tick that you did"}, "no kind": {"format", "xls", "Choose a kind of file"}, "no part": {"part", "bogus", "Choose what to take out"}, "none": {"which", "closed", "None of your cases"},
	} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		bad.Set(c.field, c.value)
		resp, page := b.post("/take-out", bad)
		if resp.StatusCode != http.StatusConflict || !strings.Contains(text(page), c.want) {
			t.Errorf("%s: status %d\n%s", name, resp.StatusCode, text(page))
		}
	}
	b.post("/take-out", form)
	page = b.arrives("/take-out?again=1")
	b.sees(page, "1 case of 1, as CSV")
	resp, file := b.get("/take-out/file")
	if resp.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), `attachment; filename="cases-2026-11-23.csv"`) {
		t.Errorf("it is handed out as %v", resp.Header)
	}
	if !strings.HasPrefix(file, "\ufeff\"case\",\"acts\",\"practice\",\"story\",\"contact\"\r\n") || !strings.Contains(file, `"extortion","yes","'=HYPERLINK(""http://example.invalid"")","Safe way to reach: +000 000"`) || strings.Contains(file, "colleague") {
		t.Errorf("the file is %s", file)
	}
	_, page = b.get("/case/" + mine.Deposit.String())
	b.sees(page, "took a readable copy out of here, as CSV", "Case number, Acts, Practice or not, The person's own words, How to reach the person")
	ana.post("/sync", url.Values{})
	_, page = ana.get("/case/" + mine.Deposit.String())
	ana.sees(page, "Advocate Nino took a readable copy out of here")
	_, page = ana.get("/case/" + other.Deposit.String())
	if strings.Contains(page, "readable copy") {
		t.Error("a colleague's case says that it was taken out")
	}
	form.Set("format", "json")
	b.post("/take-out", form)
	b.arrives("/take-out?again=1")
	_, file = b.get("/take-out/file")
	var got struct {
		V     int
		Cases []map[string]string
	}
	if err := json.Unmarshal([]byte(file), &got); err != nil || got.V != 1 || len(got.Cases) != 1 || got.Cases[0]["story"] != `=HYPERLINK("http://example.invalid")` {
		t.Errorf("as JSON it is %s, %v", file, err)
	}
	b.post("/take-out/stop", url.Values{})
	if _, page := b.get("/take-out/file"); !strings.Contains(page, "Take out my cases") {
		t.Error("what was put away is still handed out")
	}
	// Without the entry there is no file.
	o.Store.DeleteSessions(t.Context(), o.Nino.ID())
	b.post("/take-out", form)
	page = b.arrives("/take-out?again=1")
	if _, file := b.get("/take-out/file"); strings.Contains(file, "HYPERLINK") {
		t.Errorf("a case whose entry could not be written was handed out:\n%s", text(page))
	}
}
