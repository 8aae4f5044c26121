package ui

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"peerwitness/review/sheet"
	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// bringing is a spreadsheet on its way in. It is in memory only, and goes with
// the lock.
type bringing struct {
	mu      sync.Mutex
	table   *sheet.Table // nil before a file was chosen
	mapping sheet.Mapping
	known   bool // the columns were remembered from an earlier file
	plan    *sheet.Plan
	job     *sheet.Import
	running bool   // the job does, or what it sent is still fetched
	stop    func() // ends the job that runs
	// here are cases that were made of rows of this file, by their marks.
	here map[string]vault.ID
}

// drop forgets the file. The caller holds mu.
func (b *bringing) drop() {
	if b.stop != nil {
		b.stop()
	}
	b.table, b.mapping, b.known, b.plan, b.job, b.stop, b.here = nil, sheet.Mapping{}, false, nil, nil, nil, nil
}

// mine are the desks that this person may bring cases in for.
func (d *desk) mine() []roster.Desk {
	r := d.work.View().Roster
	if r == nil {
		return nil
	}
	me, ok := r.Person(d.work.Me())
	if !ok || !me.Has(roster.Advocate) && !me.Has(roster.Lead) {
		return nil
	}
	var out []roster.Desk
	for _, k := range r.Desks {
		if k.Has(d.work.Me()) {
			out = append(out, k)
		}
	}
	return out
}

func (d *desk) isMine(id string) bool {
	return slices.ContainsFunc(d.mine(), func(k roster.Desk) bool { return k.ID == id })
}

type sheetPage struct {
	Error   string
	Why     string // nothing can be brought in, and why
	Begun   bool   // a file is here already
	Running bool
	Letters []option
	Max     int
}

func (s *Server) sheetPage(w http.ResponseWriter, r *http.Request, d *desk) {
	s.showSheet(w, r, d, http.StatusOK, "")
}

func (s *Server) showSheet(w http.ResponseWriter, r *http.Request, d *desk, status int, text string) {
	p := sheetPage{Error: text, Max: sheet.MaxFile >> 20, Letters: []option{
		{Value: "", Label: "Find it out"}, {Value: "windows-1251", Label: "Cyrillic (Windows)"}, {Value: "windows-1252", Label: "Western (Windows)"}}}
	switch {
	case d.work.View().Roster == nil:
		p.Why = "There is no valid list of people to seal to. Ask your lead for the new one, and check this computer's date."
	case len(d.mine()) == 0:
		p.Why = "Only advocates bring cases in, for the desks they are at."
	}
	d.bring.mu.Lock()
	p.Begun = d.bring.table != nil
	p.Running = d.bring.running
	d.bring.mu.Unlock()
	s.show(w, r, status, "sheet", p)
}

// uploadSheet reads a file. What it was told of the form before is remembered.
func (s *Server) uploadSheet(w http.ResponseWriter, r *http.Request, d *desk) {
	if !sessionOf(r).once(r.PostForm.Get("form")) {
		http.Redirect(w, r, "/sheet/columns", http.StatusSeeOther)
		return
	}
	v := d.work.View()
	if v.Roster == nil || len(d.mine()) == 0 {
		s.showSheet(w, r, d, http.StatusConflict, "")
		return
	}
	b := uploaded(r)
	if len(b) == 0 {
		s.showSheet(w, r, d, http.StatusUnprocessableEntity, "Choose a file first. An empty one can't be read.")
		return
	}
	letters := r.PostForm.Get("letters")
	if !slices.Contains(sheet.Letters, letters) {
		letters = ""
	}
	t, err := sheet.Read(b, letters)
	if err != nil {
		s.showSheet(w, r, d, http.StatusUnprocessableEntity, sheetWords(err))
		return
	}
	m, known, err := d.forms.Recall(t.Header)
	if err != nil {
		sessionOf(r).setFlash("What was remembered of columns can't be read, and counts as forgotten. Nothing else is lost.")
	}
	if !known {
		m = sheet.Guess(t, d.codes, v.Roster)
		if k := d.mine(); len(k) == 1 {
			m.Desk = k[0].ID
		}
	}
	if !d.isMine(m.Desk) {
		m.Desk = ""
	}
	k := &d.bring
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.running {
		s.show(w, r, http.StatusConflict, "message", message{Title: "Another file is coming in", Text: "Wait until it is done, or stop it first. What was sent is kept; nothing was begun with the new file."})
		return
	}
	k.drop()
	k.table, k.mapping, k.known = t, m, known
	d.check(s)
	http.Redirect(w, r, "/sheet/columns", http.StatusSeeOther)
}

// check does the dry run anew, if the columns are such that it can be done. The
// caller holds bring.mu.
func (d *desk) check(s *Server) {
	k := &d.bring
	k.plan, k.job, k.here = nil, nil, nil
	v := d.work.View()
	if k.table == nil || v.Roster == nil || k.mapping.Problem(v.Roster) != "" {
		return
	}
	p, err := sheet.Check(k.table, k.mapping, d.codes, v.Roster, d.isMine, s.cfg.Clock())
	if err != nil {
		return // the page of columns asks again
	}
	k.plan = p
	d.sheetLook()
}

// look finds which rows of the plan are here already. The caller holds bring.mu.
func (d *desk) sheetLook() sheet.Here {
	k := &d.bring
	h := sheet.Here{Reports: map[string]bool{}, Marks: map[string]bool{}}
	byReport, byMark := map[string]vault.ID{}, map[string]vault.ID{}
	for _, c := range d.work.View().Cases {
		if c.Report.ID == "" {
			continue
		}
		h.Reports[c.Report.ID], byReport[c.Report.ID] = true, c.ID
		if i := c.Report.Imported; i != nil {
			h.Marks[i.Mark], byMark[i.Mark] = true, c.ID
		}
	}
	k.here = map[string]vault.ID{}
	if k.plan == nil {
		return h
	}
	for _, r := range k.plan.Good {
		id, err := d.key.ImportID(r.Mark)
		if err != nil {
			continue
		}
		if c, ok := byReport[id]; ok {
			k.here[r.Mark] = c
		} else if c, ok := byMark[r.Mark]; ok {
			k.here[r.Mark] = c
		}
	}
	return h
}

func (s *Server) forgetSheet(w http.ResponseWriter, r *http.Request, d *desk) {
	d.bring.mu.Lock()
	d.bring.drop()
	d.bring.mu.Unlock()
	sessionOf(r).setFlash("The file was put away. What had come in of it stays.")
	http.Redirect(w, r, "/sheet", http.StatusSeeOther)
}

// sheetWords says why a file can't be read, and what to do.
func sheetWords(err error) string {
	said := upper(strings.TrimSpace(err.Error()))
	switch {
	case errors.Is(err, sheet.ErrLetters):
		return "The letters of this file can't be told apart. Choose an alphabet below, or save the file as UTF-8 or as .xlsx. Nothing was kept."
	case errors.Is(err, sheet.ErrKind):
		return said + ". Save it as CSV or .xlsx, and choose it again. Nothing was kept."
	case errors.Is(err, sheet.ErrEmpty):
		return "There are no rows under the headings. The first row of the first sheet must hold the headings. Nothing was kept."
	case errors.Is(err, sheet.ErrTooLarge):
		return said + ". Nothing was kept."
	case errors.Is(err, sheet.ErrDamaged):
		return said + ". Save it again in the program that it comes from. Nothing was kept."
	}
	return "This file can't be read. Nothing was kept."
}
