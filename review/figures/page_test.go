package figures_test

import (
	"encoding/xml"
	"errors"
	"html"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"peerwitness/review/figures"
)

// The pages need nothing from elsewhere, run nothing, and say in text all that the
// drawing shows.
func TestPages(t *testing.T) {
	w := newWorld(t, draw(t, 300, 1, frozen))
	f := files(t, w.in.Body)
	for _, lang := range figures.PageLanguages() {
		page := f[lang+".html"]
		for _, bad := range []string{"<script", "http://", "https://", "url(http", "@import", "<img", "<link", " style=", " on", "ZgotmplZ"} {
			if i := strings.Index(page, bad); i >= 0 && bad != " on" || bad == " on" && regexp.MustCompile(` on[a-z]+=`).MatchString(page) {
				t.Errorf("%s: %q in the page", lang, bad)
			}
		}
		for _, c := range append(figures.Caveats(lang), w.r.Headline[lang]) {
			if !strings.Contains(html.UnescapeString(page), c) {
				t.Errorf("%s: not in the page: %s", lang, c)
			}
		}
		d := xml.NewDecoder(strings.NewReader(page))
		d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
		ids, refs := map[string]bool{}, []string{}
		counts, drawing := map[string]int{}, ""
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			must(t, err)
			e, ok := tok.(xml.StartElement)
			if !ok {
				continue
			}
			counts[e.Name.Local]++
			for _, a := range e.Attr {
				switch {
				case a.Name.Local == "id":
					if ids[a.Value] {
						t.Errorf("%s: id %q twice", lang, a.Value)
					}
					ids[a.Value] = true
				case a.Name.Local == "aria-labelledby":
					refs = append(refs, strings.Fields(a.Value)...)
				case a.Name.Local == "href" && strings.HasPrefix(a.Value, "#"):
					refs = append(refs, a.Value[1:])
				case a.Name.Local == "href":
					if f[a.Value] == "" {
						t.Errorf("%s: a link to %q, which is no file of the release", lang, a.Value)
					}
				case a.Name.Local == "class" && (a.Value == "wide" || a.Value == "slim"):
					drawing = a.Value
					counts[drawing]++
				case a.Name.Local == "class" && (a.Value == "bar" || a.Value == "masked"):
					counts[drawing+" "+a.Value]++
				}
			}
		}
		for _, r := range refs {
			if !ids[r] {
				t.Errorf("%s: nothing has the id %q", lang, r)
			}
		}
		cells := 0
		for _, table := range w.r.Tables {
			cells += len(table.Cells)
		}
		if counts["wide bar"]+counts["wide masked"] != cells || counts["wide bar"] == 0 || counts["wide"] != 3 || counts["slim"] != 3 || counts["table"] != 3 || counts["h1"] != 1 {
			t.Errorf("%s: %v", lang, counts)
		}
		// On a phone, all numbers too, and a row that is masked throughout once.
		if counts["slim bar"] != counts["wide bar"] || counts["slim masked"] == 0 || counts["slim masked"] > counts["wide masked"] {
			t.Errorf("%s: %v", lang, counts)
		}
	}
}

// Bars are sorted by what is published, masked ones last.
func TestBarsAreSorted(t *testing.T) {
	w := newWorld(t, draw(t, 300, 1, frozen))
	page := files(t, w.in.Body)["en.html"]
	for _, svg := range strings.Split(page, "<svg")[1:5] { // those with one bar a row
		svg, _, _ = strings.Cut(svg, "</svg>")
		last := 1 << 30
		for _, m := range regexp.MustCompile(`class="(value|few)"[^>]*>([^<]*)<`).FindAllStringSubmatch(svg, -1) {
			v, _ := strconv.Atoi(m[2]) // nought for the words
			if v > last {
				t.Errorf("%d after %d", v, last)
			}
			last = v
		}
	}
}

// Bars stay within their drawing, and labels too, however long a word is and
// also where nothing is published.
func TestDrawingsHold(t *testing.T) {
	long := testProgramme(t)
	for i := range long.Dimensions {
		for j := range long.Dimensions[i].Codes {
			long.Dimensions[i].Codes[j].Labels["fr"] += " anticonstitutionnellement-et-même-davantage"
		}
	}
	for name, w := range map[string]*world{"some": newWorld(t, draw(t, 300, 1, frozen)), "many": newWorld(t, draw(t, 3000, 1, frozen)), "none": newWorld(t, nil),
		"long": newWorldOf(t, long, draw(t, 300, 1, frozen))} {
		page := files(t, w.in.Body)["fr.html"]
		for _, svg := range strings.Split(page, "<svg")[1:] {
			svg, _, _ = strings.Cut(svg, "</svg>")
			width := atoi(t, regexp.MustCompile(`^ class="[a-z]+" viewBox="0 0 (\d+) `).FindStringSubmatch(svg)[1])
			for _, m := range regexp.MustCompile(`<rect class="(?:bar|masked)" x="(\d+)" y="\d+" width="(\d+)"`).FindAllStringSubmatch(svg, -1) {
				if end := atoi(t, m[1]) + atoi(t, m[2]); end > width {
					t.Errorf("%s: a bar ends at %d of %d", name, end, width)
				}
			}
			for _, m := range regexp.MustCompile(`<text class="(label|head|value|few)" x="(\d+)" y="\d+"(?: text-anchor="([a-z]+)")?>([^<]*)<`).FindAllStringSubmatch(svg, -1) {
				x, length := atoi(t, m[2]), 7*len([]rune(html.UnescapeString(m[4]))) // about 7 units a character
				if m[3] == "end" && x-length < -10 || m[3] != "end" && x+length > width+10 {
					t.Errorf("%s: %q runs out of the drawing", name, m[4])
				}
			}
		}
	}
}

// Large numbers are written as each language does.
func TestLargeNumbers(t *testing.T) {
	w := newWorld(t, draw(t, 4000, 1, frozen))
	f := files(t, w.in.Body)
	for lang, form := range map[string]string{"en": `about 2,\d{3} people, likely between 2,\d{3} and 2,\d{3}\.`, "fr": `environ 2\x{202f}\d{3} personnes`} {
		if !regexp.MustCompile(form).MatchString(w.r.Headline[lang]) {
			t.Error(w.r.Headline[lang])
		}
		page := f[lang+".html"]
		number := map[string]string{"en": "2,", "fr": "2\u202f"}[lang] + `\d{3}`
		if !regexp.MustCompile(`class="value"[^>]*>`+number+`<`).MatchString(page) || !regexp.MustCompile(`<td>`+number+`<`).MatchString(page) {
			t.Errorf("%s: not so in chart and table", lang)
		}
	}
	if regexp.MustCompile(`2,\d{3},published`).MatchString(f[figures.FileCSV]) {
		t.Error("numbers in the data are grouped")
	}
}

func atoi(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	must(t, err)
	return n
}
