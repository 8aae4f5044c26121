package bundle

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
)

//go:embed index.html
var pageText string

var pageTemplate = template.Must(template.New("index.html").Funcs(template.FuncMap{"text": inert}).Parse(pageText))

// Bounds of what one page shows; the rest is in the text files beside it.
const (
	shownText    = 64 << 10 // bytes of one text
	shownEntries = 3000
	shownValues  = 200
)

// page is what of a case is shown, after what was left out.
type page struct {
	Record  Record
	Case    Case
	Start   string
	Groups  []group
	Files   []pageFile
	Entries []pageEntry
	More    int // entries that only journal.txt has
	Rows    []row
	Signed  int
	Made    string

	left leave
	kept []Part
}

type group struct {
	Title string
	Parts []Part
}

type pageFile struct {
	File
	Title, Path, Sum, Note string
	Left                   bool
}

type pageEntry struct {
	Seq                    uint64
	When, Who, What, Text  string
	Checked, Absent, Trace string
}

// row is one line of who had the case, and when.
type row struct{ When, Who, What string }

func when(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05") + " UTC" }

func pageOf(c Case, r Record, l leave) *page {
	p := &page{Record: r, Case: c, left: l, Made: when(r.Made)}
	for _, x := range c.Parts {
		if l.out[x.ID] || len(x.Facts) == 0 && len(x.Words) == 0 {
			continue
		}
		p.kept = append(p.kept, x)
		x = shorten(x)
		if n := len(p.Groups); n > 0 && p.Groups[n-1].Title == x.Group {
			p.Groups[n-1].Parts = append(p.Groups[n-1].Parts, x)
		} else {
			p.Groups = append(p.Groups, group{x.Group, []Part{x}})
		}
	}
	for _, f := range c.Files {
		p.Files = append(p.Files, p.file(f))
	}
	for _, f := range c.Arrived[:min(1, len(c.Arrived))] {
		p.Rows = append(p.Rows, row{strings.Join(f.Values, ", "), "The server", "received the report, sealed; it could not read it"})
	}
	for i, e := range c.Entries {
		x := p.entry(e, r.Entries[i])
		if e.Custody != "" {
			p.Rows = append(p.Rows, row{x.When, x.Who, e.Custody})
		}
		if r.Entries[i].Path != "" {
			p.Signed++
		}
		p.Entries = append(p.Entries, x)
	}
	p.Rows = append(p.Rows, row{p.Made, r.MakerName, "made this bundle, " + variantWords(r) + ", for: " + r.For})
	return p
}

// file says what is here of an attachment, and of one that was left out nothing
// but that there is one.
func (p *page) file(f File) pageFile {
	x := pageFile{File: f, Title: fileTitle(f)}
	switch {
	case p.left.out[f.Part]:
		return pageFile{Title: x.Title, Left: true, Note: "Left out of this bundle."}
	case f.Missing != "":
		return pageFile{Title: x.Title, Note: f.Missing}
	}
	i := slices.IndexFunc(p.Record.Files, func(r FileRecord) bool { return r.N == f.N })
	x.Path, x.Sum, x.Size = strings.TrimPrefix(p.Record.Files[i].Path, "data/"), p.Record.Files[i].SHA256, p.Record.Files[i].Size
	x.Note = "As it was chosen on the phone, byte for byte."
	if f.Cleaned {
		x.Note = "As it was sent, byte for byte. Before that, on the phone, what tells where, when and with which device it was made was taken out; the picture or sound itself was not touched."
	}
	return x
}

func fileTitle(f File) string { return fmt.Sprintf("File %d", f.N) }

func (p *page) entry(e Entry, r EntryFile) pageEntry {
	x := pageEntry{Seq: e.Seq, When: "time not known", Who: "not known", What: "an entry that was not accepted", Trace: e.ID[:16]}
	if e.Accepted {
		x.When, x.Who, x.What = when(e.Time), e.Name, e.What
		if p.left.all(e.Needs) {
			x.Text = cut(e.Text, shownText)
		} else if e.Text != "" {
			x.Text = "[left out]"
		}
	}
	if r.Path != "" {
		x.Checked = strings.TrimPrefix(r.Path, "data/")
	} else {
		x.Absent = r.Absent
	}
	return x
}

// shorten bounds what the page shows of a part.
func shorten(x Part) Part {
	x.Facts, x.Words = slices.Clone(x.Facts), slices.Clone(x.Words)
	for i, f := range x.Facts {
		values := slices.Clone(f.Values[:min(len(f.Values), shownValues)])
		for j := range values {
			values[j] = cut(values[j], shownText)
		}
		x.Facts[i].Values = values
	}
	for i := range x.Words {
		if len(x.Words[i].Text) > shownText {
			x.Words[i].Text = cut(x.Words[i].Text, shownText) + "\n[The rest is in words.txt]"
		}
	}
	return x
}

// words.txt: what the person said, and nothing else.
func (p *page) words() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%sCase %s: the person's own words, as they wrote them.\nCharacters that can't be seen are written out.\n", practiceLine(p.Record), p.Record.Case)
	for _, x := range p.kept {
		for _, w := range x.Words {
			fmt.Fprintf(&b, "\n== %s ==\n\n%s\n", line(w.Title, 200), inert(w.Text))
		}
	}
	for _, l := range p.Record.LeftOut {
		fmt.Fprintf(&b, "\n[Left out: %s]\n", l.Title)
	}
	return []byte(b.String())
}

func practiceLine(r Record) string {
	if r.Practice {
		return "PRACTICE: this is not a real case.\n"
	}
	return ""
}

// journal.txt: every entry in words, in full length.
func (p *page) journal() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%sCase %s: everything that was written into it, in order.\nTimes are those of each author's own computer.\n", practiceLine(p.Record), p.Record.Case)
	for i, x := range p.Entries {
		fmt.Fprintf(&b, "\n%d. %s, %s\n   %s\n", x.Seq, x.When, line(x.Who, 1000), line(x.What, 4000))
		text := x.Text
		if e := p.Case.Entries[i]; e.Accepted && p.left.all(e.Needs) {
			text = e.Text
		}
		for _, l := range strings.Split(inert(text), "\n") {
			if text != "" {
				fmt.Fprintf(&b, "   | %s\n", l)
			}
		}
		if x.Checked != "" {
			fmt.Fprintf(&b, "   Signed by its author: %s\n", x.Checked)
		} else {
			fmt.Fprintf(&b, "   The author's signature is not in this bundle: %s.\n", x.Absent)
		}
	}
	return []byte(b.String())
}

// custody.tsv: who had the case, and when.
func (p *page) custody() []byte {
	var b bytes.Buffer
	b.WriteString("when\twho\twhat\n")
	for _, r := range p.Rows {
		fmt.Fprintf(&b, "%s\t%s\t%s\n", cell(r.When), cell(r.Who), cell(r.What))
	}
	return b.Bytes()
}

// partFile is one part in data/parts.json.
type partFile struct {
	ID    string  `json:"id"`
	Title string  `json:"title"`
	Facts []Fact  `json:"facts"`
	Words []Words `json:"words"`
	Data  any     `json:"data"`
}

// parts.json: the same for machines, with the codes beside their labels and
// every text exactly as it was.
func (p *page) parts() ([]byte, error) {
	out := []partFile{}
	for _, x := range p.kept {
		out = append(out, partFile{x.ID, x.Title, append([]Fact{}, x.Facts...), append([]Words{}, x.Words...), x.Data})
	}
	return encode(out)
}

func (p *page) html() ([]byte, error) {
	p.Start = start
	if n := len(p.Entries); n > shownEntries {
		p.Entries, p.More = p.Entries[:shownEntries], n-shownEntries
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("writing the page: %w", err)
	}
	return b.Bytes(), nil
}
