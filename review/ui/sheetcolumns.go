package ui

import (
	"net/http"
	"slices"
	"strings"

	"peerwitness/review/sheet"
)

type columnsPage struct {
	Error    string
	Known    bool
	Rows     int
	Source   string
	Desks    []option
	Dates    []option
	Tellers  []option
	Langs    []option
	Practice bool
	Columns  []columnRow
	Notes    []string
	Ready    bool // a dry run can be shown
}

type columnRow struct {
	N      int
	Name   string
	Sample string // what stands in the first rows
	Fields []option
	Words  []wordRow
	More   int // further words that are not shown
}

type wordRow struct {
	N       int
	Word    string
	Rows    int
	Options []option
}

// maxWordRows bounds the words to translate that are shown of a column.
const maxWordRows = 40

func (s *Server) columnsPage(w http.ResponseWriter, r *http.Request, d *desk) {
	s.showColumns(w, r, d, http.StatusOK, "")
}

func (s *Server) showColumns(w http.ResponseWriter, r *http.Request, d *desk, status int, text string) {
	k := &d.bring
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.table == nil {
		http.Redirect(w, r, "/sheet", http.StatusSeeOther)
		return
	}
	m := k.mapping
	p := columnsPage{Error: text, Known: k.known, Rows: len(k.table.Rows), Source: m.Source, Practice: m.Practice, Notes: k.table.Notes, Ready: k.plan != nil}
	p.Desks = chosen(m.Desk, option{Value: "", Label: "Each row says it"})
	for _, desk := range d.mine() {
		p.Desks = append(p.Desks, option{Value: desk.ID, Label: desk.Label(lang), Chosen: desk.ID == m.Desk})
	}
	p.Dates = chosen(m.Dates, option{Value: "", Label: "Not needed"}, option{Value: sheet.DayFirst, Label: "Day first: 31/12/2025"}, option{Value: sheet.MonthFirst, Label: "Month first: 12/31/2025"})
	for _, code := range d.codes.Codes("teller") {
		p.Tellers = append(p.Tellers, option{Value: code, Label: d.codes.Label(lang, "teller", code), Chosen: code == m.Teller})
	}
	p.Langs = chosen(m.Lang, option{Value: "", Label: "Several, or not known"})
	for _, l := range importLanguages {
		p.Langs = append(p.Langs, option{Value: l, Label: languageName(l), Chosen: l == m.Lang})
	}
	for i, c := range m.Columns {
		p.Columns = append(p.Columns, d.columnRow(i, c))
	}
	s.show(w, r, status, "sheetcolumns", p)
}

// importLanguages are those that the app speaks or has a draft in.
var importLanguages = []string{"en", "fr", "es", "pt", "ru", "uk", "ar", "prs", "sw", "my"}

func chosen(value string, options ...option) []option {
	for i := range options {
		options[i].Chosen = options[i].Value == value
	}
	return options
}

// columnRow is one column's part of the form. The caller holds bring.mu.
func (d *desk) columnRow(i int, c sheet.Column) columnRow {
	k := &d.bring
	row := columnRow{N: i, Name: c.Name}
	var sample []string
	for _, r := range k.table.Rows {
		if cell := excerpt(r.Cells[i], 40); cell != "" && !slices.Contains(sample, cell) {
			sample = append(sample, cell)
		}
		if len(sample) == 3 {
			break
		}
	}
	row.Sample = strings.Join(sample, " · ")
	var field sheet.Field
	for _, f := range sheet.Fields() {
		row.Fields = append(row.Fields, option{Value: f.Name, Label: f.Label, Chosen: f.Name == c.Field})
		if f.Name == c.Field {
			field = f
		}
	}
	if !field.Worded() {
		return row
	}
	codes := d.wordOptions(field)
	add := func(word string, rows int, code string, decided bool) {
		if len(row.Words) == maxWordRows {
			row.More++
			return
		}
		w := wordRow{N: len(row.Words), Word: word, Rows: rows, Options: []option{{Value: undecided, Label: "Not decided", Chosen: !decided}, {Value: "", Label: "Says nothing", Chosen: decided && code == ""}}}
		for _, o := range codes {
			o.Chosen = decided && o.Value == code
			w.Options = append(w.Options, o)
		}
		row.Words = append(row.Words, w)
	}
	seen := map[string]bool{}
	if k.plan != nil {
		for _, u := range k.plan.Unknown[c.Name] {
			seen[u.Word] = true
			add(u.Word, u.Rows, "", false)
		}
	}
	for _, w := range c.Words {
		if !seen[w.Word] {
			add(w.Word, 0, w.Code, true)
		}
	}
	return row
}

// undecided is no code: codes are in small letters.
const undecided = "?"

func (d *desk) wordOptions(f sheet.Field) []option {
	var out []option
	switch f.Name {
	case "region":
		r := d.work.View().Roster
		if r == nil {
			return nil
		}
		for _, g := range r.Regions {
			out = append(out, option{Value: g.ID, Label: g.Label(lang)})
			for _, part := range g.Parts {
				out = append(out, option{Value: g.ID + "/" + part.ID, Label: g.Label(lang) + ": " + part.Label(lang)})
			}
		}
	case "desk":
		for _, k := range d.mine() {
			out = append(out, option{Value: k.ID, Label: k.Label(lang)})
		}
	default:
		for _, code := range d.codes.Codes(f.List) {
			out = append(out, option{Value: code, Label: d.codes.Label(lang, f.List, code)})
		}
	}
	return out
}

// setColumns takes what the page of columns says, remembers it, and does the dry
// run.
func (s *Server) setColumns(w http.ResponseWriter, r *http.Request, d *desk) {
	text, roster := "", d.work.View().Roster
	k := &d.bring
	k.mu.Lock()
	switch {
	case k.table == nil || roster == nil:
		k.mu.Unlock()
		http.Redirect(w, r, "/sheet", http.StatusSeeOther)
		return
	case k.running:
		k.mu.Unlock()
		http.Redirect(w, r, "/sheet/progress", http.StatusSeeOther)
		return
	}
	m := d.formMapping(r, k.mapping)
	if _, err := m.Encode(); err != nil {
		text = "The columns can't be kept like this: the name of the source may be too long. What you chose before still stands."
	} else {
		k.mapping = m
		d.check(s)
		text = m.Problem(roster)
		if err := d.forms.Keep(m); err != nil {
			sessionOf(r).setFlash("The columns are not remembered for the next file: this computer's disk may be full. Everything else goes on.")
		}
	}
	k.mu.Unlock()
	if text != "" {
		s.showColumns(w, r, d, http.StatusUnprocessableEntity, text)
		return
	}
	if r.PostForm.Get("then") == "look" {
		http.Redirect(w, r, "/sheet/columns", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/sheet/check", http.StatusSeeOther)
}

// formMapping is a mapping with what the form says changed.
func (d *desk) formMapping(r *http.Request, m sheet.Mapping) sheet.Mapping {
	f := r.PostForm
	if f.Has("source") { // else it is not the form of the page of columns
		m.Source = strings.Join(strings.Fields(strings.ToValidUTF8(f.Get("source"), "")), " ")
		m.Practice = f.Get("practice") == "yes"
	}
	if v := f.Get("dates"); f.Has("dates") && v == "" || v == sheet.DayFirst || v == sheet.MonthFirst {
		m.Dates = v
	}
	if v := f.Get("desk"); f.Has("desk") && v == "" || d.isMine(v) {
		m.Desk = v
	}
	if v := f.Get("lang"); f.Has("lang") && v == "" || slices.Contains(importLanguages, v) {
		m.Lang = v
	}
	if v := f.Get("teller"); d.codes.Has("teller", v) {
		m.Teller = v
	}
	m.Columns = slices.Clone(m.Columns)
	for i := range m.Columns {
		c, n := &m.Columns[i], itoa(i)
		to, given := f.Get("f"+n), f.Has("f"+n)
		known := slices.ContainsFunc(sheet.Fields(), func(x sheet.Field) bool { return x.Name == to })
		if !given || !known {
			continue
		}
		if to != c.Field {
			c.Field, c.Words = to, nil // words of another question
			continue
		}
		for j := range maxWordRows {
			at := n + "." + itoa(j)
			if !f.Has("k" + at) {
				break
			}
			if code := f.Get("v" + at); code != undecided && len(code) <= 128 {
				c.Let(f.Get("k"+at), code)
			} else {
				c.Forget(f.Get("k" + at))
			}
		}
	}
	return m
}
