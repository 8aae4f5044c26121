package sheet_test

import (
	"bytes"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerwitness/review/sheet"
	"peerwitness/vault/seal"
)

// attack 23, on the way out: no cell that a peer filled is a formula, under
// whatever separator it is opened, and it reads back as it was.
func TestAttack23CellsAreInert(t *testing.T) {
	for s, want := range map[string]string{
		"=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1": "'+1", "-1": "'-1", "@SUM(1)": "'@SUM(1)", "\t=1": "'\t'=1", "\r=1": "'\r'=1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠a": "'＠a", " =1": "' =1", "\u200b=1": "'\u200b=1", "\"=1": "'\"=1", "'=1": "''=1", "''=1": "'''=1",
		"a;=1": "a;'=1", "a;\"=1": "a;'\"=1", "a\n=1": "a\n'=1", "a|+1": "a|'+1", "a\t@x": "a\t'@x", "\x00=1": "'\x00=1",
		"plain": "plain", "a=b": "a=b", "'tis": "'tis", "a, -1": "a, -1", "2026-03-01": "2026-03-01", "": "",
	} {
		got := sheet.Inert(s)
		if got != want {
			t.Errorf("%q becomes %q, want %q", s, got, want)
		}
		if back := sheet.Plain(got); back != s {
			t.Errorf("%q comes back as %q", s, back)
		}
	}
}

func FuzzInert(f *testing.F) {
	for _, s := range []string{"=1", "'=1", "a;'\"=1\n+x", "; \n=x", "\xff=1", "\t\t=", "''", "a\r\n-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := sheet.Inert(s)
		if back := sheet.Plain(got); back != s {
			t.Fatalf("%q → %q → %q", s, got, back)
		}
		for _, cell := range strings.FieldsFunc(got, func(r rune) bool { return strings.ContainsRune(";\t\n\r|", r) }) {
			if strings.ContainsAny(cell[:1], "=+-@") {
				t.Fatalf("%q has a formula in %q", got, cell)
			}
		}
	})
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	header := []string{"story", "=place"}
	rows := [][]string{{"=1+1\nand \"more\"; -2", "a,b"}, {"'=quoted", "рассказ"}, {"@x", ""}}
	b := sheet.WriteCSV(header, rows)
	if !bytes.HasPrefix(b, []byte("\xef\xbb\xbf\"story\",\"'=place\"\r\n\"'=1+1\n")) {
		t.Errorf("written as %q", b)
	}
	got, err := sheet.Read(b, "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(header, got.Header); diff != "" {
		t.Error(diff)
	}
	for i, r := range got.Rows {
		if diff := cmp.Diff(rows[i], r.Cells); diff != "" {
			t.Error(diff)
		}
	}
	j, err := sheet.WriteJSON(header, rows)
	if err != nil {
		t.Fatal(err)
	}
	const want = "{\"v\":1,\"cases\":[\n{\"story\":\"=1+1\\nand \\\"more\\\"; -2\",\"=place\":\"a,b\"},\n{\"story\":\"'=quoted\",\"=place\":\"рассказ\"},\n{\"story\":\"@x\"}\n]}\n"
	if string(j) != want {
		t.Errorf("JSON is %q, want %q", j, want)
	}
}

func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "sep=;\na;b\n\"1;\"\"\";2", "\xff\xfea\x00;\x00b\x00\n\x001\x00", "a\tb\r1\t2", "\xef\xbb\xbfa|b\n'=1|x\n"} {
		f.Add([]byte(s), byte(0))
	}
	f.Fuzz(func(t *testing.T, b []byte, letters byte) {
		got, err := sheet.Read(b, sheet.Letters[int(letters)%len(sheet.Letters)])
		if err != nil {
			return
		}
		usable(t, got)
		// What was read and is written is read the same.
		rows := make([][]string, len(got.Rows))
		for i, r := range got.Rows {
			rows[i] = r.Cells
		}
		again, err := sheet.Read(sheet.WriteCSV(got.Header, rows), "")
		if err != nil {
			if errors.Is(err, sheet.ErrTooLarge) { // an apostrophe was one too many
				return
			}
			t.Fatal(err)
		}
		for i, r := range again.Rows {
			if diff := cmp.Diff(rows[i], r.Cells); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func FuzzReadXLSX(f *testing.F) {
	for _, name := range []string{"react.xlsx", "kobo.xlsx"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "sheets", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := sheet.Read(b, ""); err == nil {
			usable(t, got)
		}
	})
}

// FuzzSheetXML goes past the zip's checksums, which stop most of a fuzzer's work.
func FuzzSheetXML(f *testing.F) {
	f.Add(head("a", "b")+`<row r="3"><c r="B3" s="1" t="s"><v>0</v></c></row>`, "<sst><si><t>x</t></si></sst>", styles)
	f.Add(head("a")+`<row><c><f>1</f></c></row></sheetData><mergeCells><mergeCell ref="A1:B4"/></mergeCells><sheetData>`, "", "")
	f.Fuzz(func(t *testing.T, rows, texts, look string) {
		if got, err := sheet.Read(xlsx(rows, map[string]string{"xl/sharedStrings.xml": texts, "xl/styles.xml": look}), ""); err == nil {
			usable(t, got)
		}
	})
}

// usable checks that a table is whole, and that guessing and checking take it.
func usable(t *testing.T, got *sheet.Table) {
	t.Helper()
	if len(got.Rows) == 0 || len(got.Header) == 0 {
		t.Fatal("a table without rows or headings")
	}
	last := 0
	for _, r := range got.Rows {
		if len(r.Cells) != len(got.Header) || r.N <= last {
			t.Fatalf("row %d after %d has %d cells for %d headings", r.N, last, len(r.Cells), len(got.Header))
		}
		last = r.N
	}
	if sum := crc32.ChecksumIEEE([]byte(strings.Join(got.Header, "\x00") + got.Rows[0].Cells[0])); sum%16 != 0 && len(got.Header)*len(got.Rows) != 2 {
		return // the words of the codebook take a fuzzer's time: it looks at some
	}
	m := sheet.Guess(got, book(t), list())
	m.Source, m.Desk = "Practice", "street"
	b, err := m.Encode()
	if err != nil {
		t.Fatalf("the guess can't be written: %q", got.Header)
	}
	if _, err := sheet.ParseMapping(b); err != nil {
		t.Fatalf("the guess can't be read back: %s", b)
	}
	if m.Problem(list()) != "" {
		m.Columns[0].Field = "story"
		if m.Problem(list()) != "" {
			return
		}
	}
	p, err := sheet.Check(got, m, book(t), list(), func(string) bool { return true }, today)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Good)+p.Bad != len(got.Rows) {
		t.Fatalf("%d good and %d bad of %d rows", len(p.Good), p.Bad, len(got.Rows))
	}
}

func FuzzParseMapping(f *testing.F) {
	m := sheet.Mapping{V: 1, Source: "Practice", Desk: "street", Dates: "dmy", Columns: []sheet.Column{{Name: "a", Field: "acts"}, {Name: "b"}}}
	m.Columns[0].Let("beating", "physical-violence")
	b, err := m.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"v":1,"source":"","desk":"","lang":"","dates":"","teller":"","practice":false,"columns":[{"name":"a","field":"","words":[]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := sheet.ParseMapping(b); err == nil {
			if again, err := m.Encode(); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%s comes back as %s", b, again)
			}
		}
		_ = sheet.ParseRemembered(b)
	})
}

func TestMappingsAreRefused(t *testing.T) {
	for name, s := range map[string]string{
		"no columns":    `{"v":1,"source":"","desk":"","lang":"","dates":"","teller":"","practice":false,"columns":[]}`,
		"another field": `{"v":1,"source":"","desk":"","lang":"","dates":"","teller":"","practice":false,"columns":[{"name":"a","field":"x","words":[]}]}`,
		"a name twice":  `{"v":1,"source":"","desk":"","lang":"","dates":"","teller":"","practice":false,"columns":[{"name":"a","field":"","words":[]},{"name":"a","field":"","words":[]}]}`,
		"words astray":  `{"v":1,"source":"","desk":"","lang":"","dates":"","teller":"","practice":false,"columns":[{"name":"a","field":"","words":[{"word":"b","code":""},{"word":"a","code":""}]}]}`,
		"not folded":    `{"v":1,"source":"","desk":"","lang":"","dates":"","teller":"","practice":false,"columns":[{"name":"a","field":"","words":[{"word":"B","code":""}]}]}`,
		"an order":      `{"v":1,"source":"","desk":"","lang":"","dates":"ymd","teller":"","practice":false,"columns":[{"name":"a","field":"","words":[]}]}`,
		"a key more":    `{"v":1,"source":"","desk":"","lang":"","dates":"","teller":"","practice":false,"columns":[{"name":"a","field":"","words":[]}],"x":1}`,
		"version 2":     `{"v":2,"source":"","desk":"","lang":"","dates":"","teller":"","practice":false,"columns":[{"name":"a","field":"","words":[]}]}`,
		"no JSON":       `{`,
	} {
		if _, err := sheet.ParseMapping([]byte(s)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestMemory(t *testing.T) {
	id, err := seal.NewPerson("p-0000000000000001", "Advocate Nino")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sheets.age")
	mem := sheet.NewMemory(path, id)
	table := example(t, "kobo.csv")
	if _, ok, err := mem.Recall(table.Header); ok || err != nil {
		t.Fatalf("before anything is kept: %v %v", ok, err)
	}
	m := guessed(t, table)
	m.Columns[4].Let("Тайное слово & <b>", "north")
	if err := mem.Keep(m); err != nil {
		t.Fatal(err)
	}
	for n := range 45 { // others push the oldest out, and not this one, which is used
		other := sheet.Mapping{V: 1, Columns: []sheet.Column{{Name: strings.Repeat("x", n+1)}}}
		if err := mem.Keep(other); err != nil {
			t.Fatal(err)
		}
		if n%10 == 0 {
			if err := mem.Keep(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, ok, err := sheet.NewMemory(path, id).Recall(table.Header)
	if err != nil || !ok {
		t.Fatalf("recalling: %v %v", ok, err)
	}
	b1, _ := m.Encode()
	if b2, err := got.Encode(); err != nil || !bytes.Equal(b1, b2) {
		t.Errorf("kept %s, recalled %s", b1, b2)
	}
	if _, ok, _ := mem.Recall([]string{"x"}); ok {
		t.Error("the form used longest ago is still remembered after 45 others")
	}
	if _, ok, _ := mem.Recall(table.Header[1:]); ok {
		t.Error("another form is taken for this one")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte("incident")) || bytes.Contains(raw, []byte("Тайное")) {
		t.Error("headings or words are in the file as they are")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file may be read by others: %v %v", info.Mode(), err)
	}
	other, err := seal.NewPerson("p-0000000000000001", "Advocate Nino")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := sheet.NewMemory(path, other).Recall(table.Header); !errors.Is(err, sheet.ErrMemory) {
		t.Errorf("with another key: %v", err)
	}
	if err := os.WriteFile(path, raw[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := mem.Recall(table.Header); !errors.Is(err, sheet.ErrMemory) {
		t.Errorf("cut short: %v", err)
	}
	if err := mem.Keep(m); err != nil {
		t.Fatalf("replacing what can't be read: %v", err)
	}
	if _, ok, err := mem.Recall(table.Header); !ok || err != nil {
		t.Errorf("after that: %v %v", ok, err)
	}
}

func TestDays(t *testing.T) {
	for _, c := range []struct{ cell, order, want string }{
		{"2026-03-01", "", "date 2026-03-01 -"}, {"2026-03-01T23:59:00.000+04:00", "", "date 2026-03-01 23"}, {"2026-03-01 00:00:00", "", "date 2026-03-01 -"},
		{"1.3.2026", "", "date 2026-03-01 -"}, {"31/12/2025", "", "date 2025-12-31 -"}, {"12/31/2025", "", "date 2025-12-31 -"}, {"3/4/2026", sheet.DayFirst, "date 2026-04-03 -"},
		{"3/4/2026", sheet.MonthFirst, "date 2026-03-04 -"}, {"3/3/26", "", "date 2026-03-03 -"}, {"03-04-2026 14:30", sheet.DayFirst, "date 2026-04-03 14"}, {"2025-03", "", "about 2025-03-01 -"}, {"2025", "", "about 2025-01-01 -"},
		{"3/4/2026", "", "could be two different days"}, {"2026-02-30", "", "is no day of the calendar"}, {"2026-01-01T25:00", "", "is no day of the calendar"}, {"yesterday", "", "is no day that can be read"},
		{"46083", "", "is no day that can be read"}, {"2026-12-25", "", "is a day that has not come yet"}, {"1949-12-31", "", "is a day before 1950"},
	} {
		w, what := sheet.DayOf(c.cell, c.order, today)
		got := what
		if what == "" {
			got = w.Kind + " " + w.Date + " " + hour(w.Hour)
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.cell, got, c.want)
		}
	}
}
