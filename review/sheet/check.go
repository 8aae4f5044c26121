package sheet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Finding is one thing that keeps a row from coming in.
type Finding struct {
	Row    int
	Column string // empty when it is of the whole row
	What   string // what is wrong, after "It" or the cell's words
	Cell   string // what stands there, cut short
	Do     string // what to do
}

// Unknown is a word of a column that stands for nothing yet.
type Unknown struct {
	Word string
	Rows int
}

// Plan is the outcome of a dry run. Nothing was changed by it.
type Plan struct {
	Source   string
	Good     []Ready
	Bad      int // rows that can't come in
	Findings []Finding
	// Unknown are the words to translate, by column, the most frequent first.
	Unknown map[string][]Unknown
	// What would be made of the good rows.
	Desks    map[string]int
	Consents map[string]int
	Silent   int // rows without any consent
	Urgent   int
	Under18  int
	Contact  int
	Notes    []string
}

// Ready is a row that can come in.
type Ready struct {
	N      int
	Mark   string
	Desk   string
	Report seal.Report // without what sealing adds: id, thread, roster, day
}

// maxWritten bounds the text of one report, in bytes.
const maxWritten = 128 << 10

// maxFindings bounds what is kept of them; Bad counts on.
const maxFindings = 5000

// Check is the dry run: it reads every row of t by m and brings nothing in. mine
// tells whether reports may be made for a desk. The mapping must be of this
// table and have no Problem; else there is an error.
func Check(t *Table, m Mapping, book *codebook.Codebook, r *roster.Roster, mine func(desk string) bool, today time.Time) (*Plan, error) {
	if m.check() != nil || !m.fits(t.Header) || r == nil || m.Problem(r) != "" {
		return nil, errMapping
	}
	k := &checking{
		x: newLexicon(book, r), m: m, mine: mine, today: today, source: oneLine(m.Source), unknown: map[string]map[string]*Unknown{}, ids: map[string]int{}, same: map[string]int{},
		plan: &Plan{Source: oneLine(m.Source), Desks: map[string]int{}, Consents: map[string]int{}, Unknown: map[string][]Unknown{}, Notes: slices.Clone(t.Notes)},
	}
	for _, row := range t.Rows {
		k.row(row)
	}
	for name, words := range k.unknown {
		for _, u := range words {
			k.plan.Unknown[name] = append(k.plan.Unknown[name], *u)
		}
		slices.SortFunc(k.plan.Unknown[name], func(a, b Unknown) int { return cmp.Or(b.Rows-a.Rows, strings.Compare(a.Word, b.Word)) })
	}
	return k.plan, nil
}

type checking struct {
	x       *lexicon
	m       Mapping
	mine    func(string) bool
	today   time.Time
	source  string
	plan    *Plan
	unknown map[string]map[string]*Unknown
	ids     map[string]int // row that has an id first
	same    map[string]int // how many rows of the same content came before
	bad     bool           // something is wrong with the row that is read
}

func (k *checking) find(row Row, col int, what, do string) {
	k.bad = true
	if len(k.plan.Findings) >= maxFindings {
		return
	}
	f := Finding{Row: row.N, What: what, Do: do}
	if col >= 0 {
		f.Column, f.Cell = k.m.Columns[col].Name, clip(oneLine(row.Cells[col]), 60)
	}
	k.plan.Findings = append(k.plan.Findings, f)
}

// row reads one row, to the end: all that is wrong with it is named at once.
func (k *checking) row(row Row) {
	k.bad = false
	for col := range k.m.Columns {
		if what := row.Troubles[col]; what != "" && k.m.Columns[col].Field != fieldLeaveOut {
			k.find(row, col, what, "Put the value itself into the cell, and save the file again.")
		}
	}
	out := Ready{N: row.N, Desk: k.m.Desk, Mark: k.mark(row)}
	rep := &out.Report
	a := &rep.Answers
	k.codes(row, "acts", &a.Acts)
	k.codes(row, "groups", &a.Groups)
	k.codes(row, "who", &a.Who)
	k.codes(row, "grounds", &a.Grounds)
	k.codes(row, "consequences", &a.Consequences)
	k.codes(row, "populations", &a.Affected.Populations)
	k.codes(row, "need", &a.Need)
	k.codes(row, fieldConsent, &rep.Consent)
	k.one(row, "gender", &a.Affected.Gender)
	k.one(row, fieldAge, &a.Affected.Age)
	k.one(row, fieldHowMany, &a.Affected.HowMany)
	k.one(row, "urgency", &a.Urgency)
	k.one(row, "asked", &a.Asked)
	a.Teller = k.m.Teller
	k.one(row, fieldTeller, &a.Teller)
	var at string
	k.one(row, fieldRegion, &at)
	a.Where.Region, a.Where.Part, _ = strings.Cut(at, "/")
	k.one(row, fieldDesk, &out.Desk)
	a.Story = k.text(row, fieldStory, true)
	a.WhoText = k.text(row, "who_text", false)
	a.Where.Place = k.text(row, "place", false)
	contact := seal.Contact{Name: k.text(row, "contact_name", false), Reach: k.text(row, "contact_reach", false),
		Times: k.text(row, "contact_times", false), Not: k.text(row, "contact_not", false)}
	if contact != (seal.Contact{}) {
		rep.Contact = &contact
	}
	for _, col := range k.m.of(fieldWhen) {
		if row.Cells[col] == "" {
			continue
		}
		when, what, do := dayOf(row.Cells[col], k.m.Dates, k.today)
		if what != "" {
			k.find(row, col, what, do)
		}
		a.When = when
	}
	switch {
	case k.bad:
	case len(a.Story)+len(a.WhoText)+len(a.Where.Place)+len(contact.Reach)+len(contact.Not) > maxWritten:
		k.find(row, -1, fmt.Sprintf("holds more text than a report can (%d KiB)", maxWritten>>10), "Shorten it, or leave a column out.")
	case a.Story == "" && len(a.Acts) == 0 && len(a.Groups) == 0:
		k.find(row, -1, "says nothing of what happened", "Fill in the story or what happened, or take the row out.")
	case out.Desk == "":
		k.find(row, -1, "is for no desk", "Choose a desk for rows that name none.")
	case !k.mine(out.Desk):
		k.find(row, -1, "is for a desk that you are not at", "Ask a colleague of that desk to bring it in, or choose another desk.")
	}
	if k.bad {
		k.plan.Bad++
		return
	}
	rep.Desk, rep.Lang, rep.Practice = out.Desk, k.m.Lang, k.m.Practice
	rep.Imported = &seal.Imported{Source: k.source, Mark: out.Mark}
	k.count(out)
}

func (k *checking) count(r Ready) {
	p := k.plan
	p.Good = append(p.Good, r)
	p.Desks[r.Desk]++
	for _, c := range r.Report.Consent {
		p.Consents[c]++
	}
	a := r.Report.Answers
	if len(r.Report.Consent) == 0 {
		p.Silent++
	}
	if a.Urgency != "" && a.Urgency != "not-urgent" {
		p.Urgent++
	}
	if a.Affected.Age == "under-15" || a.Affected.Age == "15-17" {
		p.Under18++
	}
	if r.Report.Contact != nil {
		p.Contact++
	}
}

// mark tells a row from every other: by its own id, or by all that stands in it
// and how many rows before it say the same. A row of practice is another one, or
// whoever trained with a file could not bring it in any more.
func (k *checking) mark(row Row) string {
	kind := "real"
	if k.m.Practice {
		kind = "practice"
	}
	for _, col := range k.m.of(fieldID) {
		id := row.Cells[col]
		if id == "" {
			continue // told by its content, then
		}
		if first, ok := k.ids[id]; ok {
			k.find(row, col, fmt.Sprintf("is the id of row %d already", first), "Give each row its own id, or leave the column of ids out.")
		} else {
			k.ids[id] = row.N
		}
		return seal.ImportMark(kind, "id", k.source, id)
	}
	content := seal.ImportMark(append([]string{kind, "row", k.source}, row.Cells...)...)
	n := k.same[content]
	k.same[content]++
	return seal.ImportMark(kind, "nth", content, fmt.Sprint(n))
}

// codes reads the cells of a field with several answers.
func (k *checking) codes(row Row, field string, to *[]string) {
	f, _ := fieldOf(field)
	for _, col := range k.m.of(field) {
		if row.Cells[col] == "" {
			continue
		}
		codes, unknown := k.x.read(f, k.m.Columns[col], row.Cells[col])
		for _, c := range codes {
			if !slices.Contains(*to, c) {
				*to = append(*to, c)
			}
		}
		for _, u := range unknown {
			k.lacks(row, col, f, u)
		}
	}
}

// one reads the cell of a field with one answer.
func (k *checking) one(row Row, field string, to *string) {
	f, _ := fieldOf(field)
	for _, col := range k.m.of(field) {
		if row.Cells[col] == "" {
			continue
		}
		codes, unknown := k.x.read(f, k.m.Columns[col], row.Cells[col])
		if len(unknown) > 0 {
			k.lacks(row, col, f, unknown[0])
		} else if len(codes) > 0 {
			*to = codes[0]
		}
	}
}

// lacks names a word that stands for no code.
func (k *checking) lacks(row Row, col int, f Field, word string) {
	name := k.m.Columns[col].Name
	do := "Say on the page of columns what it stands for, or that it says nothing."
	if f.Name == fieldConsent {
		do = "Say on the page of columns which consent it is. If it does not say which, choose that it says nothing."
	}
	what := "is not known"
	if fold(word) != fold(row.Cells[col]) {
		what = "has a word that is not known: “" + clip(oneLine(word), 60) + "”"
	}
	k.find(row, col, what, do)
	words := k.unknown[name]
	if words == nil {
		words = map[string]*Unknown{}
		k.unknown[name] = words
	}
	key := fold(word)
	switch u := words[key]; {
	case u != nil:
		u.Rows++
	case len(words) < maxWords && len(key) <= maxWord && key != "":
		words[key] = &Unknown{Word: oneLine(word), Rows: 1}
	}
}

// text joins the columns of a field. Where there are several, each is named, if
// named is set.
func (k *checking) text(row Row, field string, named bool) string {
	cols := k.m.of(field)
	var parts []string
	for _, col := range cols {
		cell := row.Cells[col]
		switch {
		case cell == "":
		case len(cols) > 1 && named:
			parts = append(parts, k.m.Columns[col].Name+": "+cell)
		default:
			parts = append(parts, cell)
		}
	}
	if named {
		return strings.Join(parts, "\n\n")
	}
	return strings.Join(parts, "\n")
}
