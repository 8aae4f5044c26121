package figures_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"peerwitness/review/figures"
	"peerwitness/vault"
)

func files(t testing.TB, body []byte) map[string]string {
	t.Helper()
	_, list, _, err := figures.Open(body)
	must(t, err)
	out := map[string]string{}
	for _, f := range list {
		out[f.Name] = string(f.Body)
	}
	return out
}

// The bytes of one release, pinned: what was published once is made the same way
// for ever, or the release's form must get another version.
func TestReleaseBytesArePinned(t *testing.T) {
	const want = "63e15bb5032cfa44148c5e592cc26c1274b75335c3057337db99b285e54f82f0"
	w := newWorld(t, draw(t, 300, 1, frozen))
	if dir := os.Getenv("FIGURES_OUT"); dir != "" {
		for name, b := range files(t, w.in.Body) {
			must(t, os.WriteFile(dir+"/"+name, []byte(b), 0o644))
		}
	}
	body, err := figures.Pack(w.r)
	must(t, err)
	if got := vault.Sum(body).String(); got != want {
		t.Errorf("the release's body is %s, was %s", got, want)
	}
}

func TestVerify(t *testing.T) {
	w := newWorld(t, draw(t, 300, 1, frozen))
	unsigned, err := figures.Pack(w.r)
	must(t, err)
	for _, c := range []struct {
		by   []string
		want error
	}{
		{[]string{nino, dato}, nil}, {[]string{dato, gia}, nil}, {[]string{nino, dato, gia}, nil}, {[]string{salo, nino, dato}, nil},
		{nil, figures.ErrSigners}, {[]string{nino}, figures.ErrSigners}, {[]string{nino, nino}, figures.ErrSigners}, {[]string{nino, salo}, figures.ErrSigners}, {[]string{nino, other}, figures.ErrSigners},
	} {
		if _, err := figures.Verify(w.sign(unsigned, c.by...), w.in.Roster); !errors.Is(err, c.want) {
			t.Errorf("signed by %v: %v", c.by, err)
		}
	}
	if a, b := w.sign(unsigned, nino, dato), w.sign(unsigned, dato, nino); !bytes.Equal(a, b) {
		t.Error("the order of signing shows")
	}
	forged, err := figures.Sign(w.sign(unsigned, nino), dato, key(salo))
	must(t, err)
	if _, err := figures.Verify(forged, w.in.Roster); !errors.Is(err, figures.ErrSignatures) {
		t.Errorf("signed with another key: %v", err)
	}
	for i := range len(w.in.Body) { // any byte changed: whole, or refused
		if i%991 != 0 && (i > 600 || i%7 != 0) {
			continue
		}
		b := bytes.Clone(w.in.Body)
		b[i] ^= 1
		if _, err := figures.Verify(b, w.in.Roster); err == nil {
			t.Fatalf("byte %d changed and nothing noticed", i)
		}
	}
	for _, b := range [][]byte{nil, w.in.Body[:len(w.in.Body)-1], append(bytes.Clone(w.in.Body), 0), make([]byte, vault.MaxRelease+1)} {
		if _, err := figures.Verify(b, w.in.Roster); !errors.Is(err, figures.ErrShape) && !errors.Is(err, figures.ErrFiles) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
}

// Two releases chain; the second one's people are others.
func TestSecondRelease(t *testing.T) {
	w := newWorld(t, draw(t, 300, 1, frozen))
	first := w.in.Body
	w.publish()
	w.in.Records = append(w.in.Records, draw(t, 200, 2, "2026-09-01")...)
	w.in.Now = w.in.Now.AddDate(0, 6, 0)
	w.add("2026-H2")
	must(t, figures.Gate(w.in))
	r, err := figures.Verify(w.in.Body, w.in.Roster)
	must(t, err)
	if r.Former != vault.Sum(vault.ReleaseObject(vault.Release{Body: first})).String() {
		t.Error("the second release does not name the first")
	}
	w.in.Former = nil
	refused(t, w.in, "does not follow the last one")
}

func TestTableFile(t *testing.T) {
	w := newWorld(t, draw(t, 300, 1, frozen))
	all := files(t, w.in.Body)[figures.FileCSV]
	c := csv.NewReader(strings.NewReader(all))
	c.Comment = '#'
	rows, err := c.ReadAll()
	must(t, err)
	head := rows[0]
	at := func(row []string, name string) string { return row[slices.Index(head, name)] }
	published, masked, n := 0, 0, 0
	for _, table := range w.r.Tables {
		n += len(table.Cells)
	}
	if len(rows)-1 != n {
		t.Errorf("%d rows, want %d", len(rows)-1, n)
	}
	for _, row := range rows[1:] {
		switch at(row, "status") {
		case figures.Masked:
			masked++
			if at(row, "value")+at(row, "lower95")+at(row, "upper95") != "" {
				t.Errorf("a masked cell says something: %v", row)
			}
		case figures.Published:
			published++
			v, err := strconv.Atoi(at(row, "value"))
			must(t, err)
			if v < 15 || v%5 != 0 || at(row, "lower95") != strconv.Itoa(v-10) || at(row, "upper95") != strconv.Itoa(v+10) {
				t.Errorf("%v", row)
			}
		default:
			t.Errorf("%v", row)
		}
		if at(row, "code_1") == "harbour" && at(row, "label_1_en") != "'=Harbour" {
			t.Errorf("a label that a spreadsheet would run: %v", row)
		}
	}
	if published == 0 || masked == 0 {
		t.Errorf("%d published, %d masked: the test sees one kind only", published, masked)
	}
	if at(rows[len(rows)-1], "label_2_fr") == "" || at(rows[1], "label_1_fr") == "" || at(rows[1], "code_2") != "" {
		t.Error("labels are missing")
	}
}

func TestDataPackage(t *testing.T) {
	w := newWorld(t, draw(t, 300, 1, frozen))
	f := files(t, w.in.Body)
	var p struct {
		Schema    string `json:"$schema"`
		Name      string
		Resources []struct {
			Name, Path, Type, Hash string
			Bytes                  int
			Dialect                struct{ CommentChar string }
			Schema                 struct {
				Fields        []struct{ Name, Type string }
				MissingValues []string
			} `json:"schema"`
		}
	}
	must(t, json.Unmarshal([]byte(f[figures.FilePackage]), &p))
	r := p.Resources[0]
	table := f[figures.FileCSV]
	if p.Schema != "https://datapackage.org/profiles/2.0/datapackage.json" || r.Path != figures.FileCSV || r.Type != "table" || r.Bytes != len(table) ||
		r.Hash != "sha256:"+vault.Sum([]byte(table)).String() || r.Dialect.CommentChar != "#" || !slices.Equal(r.Schema.MissingValues, []string{""}) {
		t.Errorf("%+v", p)
	}
	if !regexp.MustCompile(`^[a-z0-9._-]+$`).MatchString(p.Name) {
		t.Errorf("name %q", p.Name)
	}
	var names []string
	for _, field := range r.Schema.Fields {
		names = append(names, field.Name)
	}
	i := strings.Index(table, "\r\ntable,") + 2
	if head, _, _ := strings.Cut(table[i:], "\r\n"); head != strings.Join(names, ",") {
		t.Errorf("fields %v, columns %s", names, head)
	}
}

// Two releases that differ by one person are the same but for values and hashes.
func TestFileDiffShowsValuesOnly(t *testing.T) {
	records := draw(t, 300, 1, frozen)
	a, b := files(t, newWorld(t, records).in.Body), files(t, newWorld(t, records[1:]).in.Body)
	blank := func(s string) string {
		s = regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(s, "hash")
		s = regexp.MustCompile(`"value":(null|[0-9]+)`).ReplaceAllString(s, `"value":_`)
		s = regexp.MustCompile(`(?m),(,masked,,|[0-9]+,published,[0-9]+,[0-9]+)\r$`).ReplaceAllString(s, ",_")
		s = regexp.MustCompile(`"bytes": [0-9]+`).ReplaceAllString(s, "")
		return regexp.MustCompile(`"headline":\{[^}]*\}`).ReplaceAllString(s, "")
	}
	for _, name := range []string{figures.FileRelease, figures.FileCSV, figures.FilePackage} {
		if a[name] == b[name] {
			t.Errorf("%s is the same: this test sees nothing", name)
		}
		if blank(a[name]) != blank(b[name]) {
			t.Errorf("%s differs in more than values", name)
		}
	}
}

func TestHeadlines(t *testing.T) {
	w := newWorld(t, draw(t, 300, 1, frozen))
	if h := w.r.Headline["en"]; !regexp.MustCompile(`^January to June 2026: “Police and officials” was reported by or for about \d+ people, likely between \d+ and \d+\.$`).MatchString(h) {
		t.Error(h)
	}
	if h := newWorld(t, nil).r.Headline["fr"]; h != "De janvier à juin 2026\u00a0: chaque nombre est inférieur à 15, peut-être nul." {
		t.Error(h)
	}
}

// The headline never says that nothing is published while something is, and
// names all that share the highest number.
func TestHeadlineOfTheOtherTables(t *testing.T) {
	w := newWorld(t, draw(t, 300, 1, frozen))
	say := func(change func(table string, i int, c *figures.Cell)) string {
		r := w.r
		r.Tables = slices.Clone(r.Tables)
		for i := range r.Tables {
			r.Tables[i].Cells = slices.Clone(r.Tables[i].Cells)
			for j := range r.Tables[i].Cells {
				change(r.Tables[i].ID, j, &r.Tables[i].Cells[j])
			}
		}
		return figures.Headline(r)["en"]
	}
	number := func(n int) *int { return &n }
	for _, c := range []struct{ table, want string }{
		{"totals", "January to June 2026: about 40 people counted under “North”, likely between 30 and 50."},
		{"services", "January to June 2026: about 40 people counted under “Legal advice given, Fully helped”, likely between 30 and 50."},
	} {
		got := say(func(table string, i int, cell *figures.Cell) {
			cell.Value = nil
			if table == c.table && i == 0 {
				cell.Value = number(40)
			}
		})
		if got != c.want {
			t.Errorf("%s alone: %s", c.table, got)
		}
	}
	got := say(func(table string, i int, cell *figures.Cell) {
		cell.Value = nil
		if table == "acts" && i < 3 {
			cell.Value = number(15)
		}
	})
	if !regexp.MustCompile(`^January to June 2026: “[^”]+”, “[^”]+” and “[^”]+” were each reported by or for about 15 people, likely between 5 and 25\.$`).MatchString(got) {
		t.Error(got)
	}
}

func TestPeriodLabels(t *testing.T) {
	for _, c := range [][4]string{
		{"fr", figures.Quarterly, "2026-Q2", "d’avril à juin 2026"}, {"fr", figures.Quarterly, "2026-Q4", "d’octobre à décembre 2026"},
		{"fr", figures.HalfYearly, "2026-H2", "de juillet à décembre 2026"}, {"fr", figures.Monthly, "2026-08", "août 2026"},
		{"en", figures.Quarterly, "2026-Q2", "April to June 2026"}, {"en", figures.Yearly, "2026", "2026"}, {"en", figures.Yearly, "x", "x"}, {"xx", figures.Yearly, "2026", "2026"},
	} {
		if got := figures.PeriodLabel(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%v: %s", c, got)
		}
	}
}
