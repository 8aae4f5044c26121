package figures

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"math"
	"strings"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

type page struct {
	R                              Release
	W                              pageWords
	Period, Headline, OtherFile    string
	PeriodSays                     string
	Style                          template.CSS
	StyleHash                      string
	Tables                         []pageTable
	Caveats, Method                []string
	FileCSV, FilePackage, FileJSON string
}

type pageTable struct {
	ID, Title, RowHead string
	Charts             []chart
	Several            bool // columns
	Heads              []string
	Rows               []pageRow
}

type pageRow struct {
	Label string
	Cells []pageCell
}

type pageCell struct {
	Text   string
	Masked bool
}

// PageStyle is the source by which a content security policy allows the style of
// a release's pages, and nothing else of them.
func PageStyle() string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(pageCSS)))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// pageFile writes the page in one language: headline, charts, tables, caveats,
// method, files. It needs nothing from anywhere and runs no script.
func pageFile(r Release, lang string) ([]byte, error) {
	w := words[lang]
	style := strings.TrimSpace(pageCSS)
	p := page{R: r, W: w, Period: PeriodLabel(lang, r.Programme.Every, r.Period), Headline: r.Headline[lang], OtherFile: pageName(w.Other),
		Style: template.CSS(style), StyleHash: PageStyle(),
		Caveats: r.Caveats[lang], FileCSV: FileCSV, FilePackage: FilePackage, FileJSON: FileRelease}
	p.PeriodSays = fmt.Sprintf(w.Regarding, p.Period)
	for _, t := range r.Tables {
		p.Tables = append(p.Tables, newPageTable(r, t, lang))
	}
	k := len(r.Tables)
	p.Method = []string{
		fmt.Sprintf(w.Programme, r.Programme.ID, r.Programme.Version) + " " + fmt.Sprintf(w.Planned, strings.TrimRight(r.Planning[lang], ".")),
		w.Rounding,
		fmt.Sprintf(w.Coin, atMost(Advantage(k, 1), lang)) + " " + fmt.Sprintf(w.Unlinked, atMost(Advantage(k, 3), lang)) + " " + w.Budget,
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("writing page: %w", err)
	}
	return b.Bytes(), nil
}

func newPageTable(r Release, t ReleaseTable, lang string) pageTable {
	w, g := words[lang], newGrid(r, t, lang)
	out := pageTable{ID: t.ID, Title: t.Titles[lang], RowHead: r.dimension(t.Dimensions[0]).Labels[lang], Charts: []chart{newWide(g, w), newSlim(g, w)}, Several: g.several()}
	out.Heads = g.heads
	if !out.Several {
		out.Heads = []string{w.People}
	}
	for _, row := range g.rows {
		line := pageRow{Label: row.label}
		for _, c := range row.cells {
			switch {
			case c.Value == nil && out.Several:
				line.Cells = append(line.Cells, pageCell{w.Under, true})
			case c.Value == nil:
				line.Cells = append(line.Cells, pageCell{w.Fewer, true}, pageCell{"–", true})
			case out.Several:
				line.Cells = append(line.Cells, pageCell{Text: w.number(*c.Value) + " (" + w.number(*c.Value-Whisker) + "–" + w.number(*c.Value+Whisker) + ")"})
			default:
				line.Cells = append(line.Cells, pageCell{Text: w.number(*c.Value)}, pageCell{Text: between(w, *c.Value)})
			}
		}
		out.Rows = append(out.Rows, line)
	}
	return out
}

func between(w pageWords, v int) string {
	return fmt.Sprintf(w.RangeOf, w.number(v-Whisker), w.number(v+Whisker))
}

// atMost writes a bound, rounded up to three places.
func atMost(v float64, lang string) string {
	s := fmt.Sprintf("%.3f", math.Ceil(v*1000)/1000)
	if lang == "fr" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}
