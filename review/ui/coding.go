package ui

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"peerwitness/review"
	"peerwitness/vault"
)

// codingPage is the form by which a case is coded, beside what the person said.
type codingPage struct {
	URL, CaseURL, Ref, Heading string
	Practice, Offline          bool
	Words, Lang                string
	Said                       []fact
	Messages                   []messageLine

	Seen      string // the coding entry that the form began from
	Suggested bool   // filled in from the person's answers
	Error     string
	Faults    []formFault
	Theirs    []fact // a colleague's coding that came in between

	Acts                  []actRow
	Perpetrators          []perpetratorRow
	People                []personRow
	Services              []serviceRow
	Grounds, Consequences field
	Region                field
	WhenKind, Date, Hour  field
	Complaint, Why        field
	Verification          field
	MainError             string
	ManyPerpetrators      bool
}

func (p codingPage) title() string {
	if len(p.Faults) > 0 {
		return "Error: code case " + p.Ref
	}
	return "Code case " + p.Ref
}

type formFault struct{ ID, Text string }

// field is one control. Its id is also its name, unless Name is set.
type field struct {
	ID, Label, Value, Error string
	Options                 []option
	Groups                  []optionGroup
}

type optionGroup struct {
	Label   string
	Options []option
}

type actRow struct {
	N                 int
	Main              bool
	Code, Kind, State field
	By                field
	Offered           string // whose boxes the row shows
}

type perpetratorRow struct {
	N                                int
	Code, Name, Badge, Vehicle, Unit field
}

type personRow struct {
	N                                      int
	Key, Populations, Gender, Age, HowMany field
}

type serviceRow struct {
	N                            int
	Code, Provider, Day, Outcome field
}

// codingPage shows the form: the newest coding, or what the person answered.
func (s *Server) codingPage(w http.ResponseWriter, r *http.Request, d *desk) {
	c := s.find(w, r, d)
	if c == nil {
		return
	}
	if !d.canWrite(c) {
		http.Redirect(w, r, "/case/"+c.ID.String(), http.StatusSeeOther)
		return
	}
	f := codingForm{}
	if c.Coding != nil {
		f = formOf(*c.Coding)
	} else {
		f = formOf(review.SuggestCoding(c, d.codes, d.work.View().Roster))
	}
	p := s.codingView(d, c, f, nil)
	p.Seen, p.Suggested = c.CodedIn.String(), c.Coding == nil
	s.show(w, r, http.StatusOK, "coding", p)
}

// code saves a coding, or shows the form again: with a row more, with what is
// wrong, or with what kept it from being saved. What was typed always stays.
func (s *Server) code(w http.ResponseWriter, r *http.Request, d *desk) {
	c := s.find(w, r, d)
	if c == nil {
		return
	}
	f := readForm(r.PostForm)
	seen, err := vault.ParseID(r.PostForm.Get("seen"))
	again := func(status int, faults []formFault, change func(p *codingPage)) {
		p := s.codingView(d, c, f, faults)
		p.Seen = seen.String()
		if change != nil {
			change(&p)
		}
		s.show(w, r, status, "coding", p)
	}
	if f.more != "save" {
		again(http.StatusOK, nil, nil)
		return
	}
	f.more = ""
	if faults := f.faults(d); len(faults) > 0 || err != nil {
		again(http.StatusUnprocessableEntity, faults, nil)
		return
	}
	x := sessionOf(r)
	if !x.once(r.PostForm.Get("form")) {
		http.Redirect(w, r, "/case/"+c.ID.String(), http.StatusSeeOther)
		return
	}
	ctx, cancel := timeoutOf(r)
	defer cancel()
	err = d.saveCoding(ctx, c, f.k, seen)
	if now, e := d.work.View().Case(c.ID); e == nil {
		c = now
	}
	var recoded *review.RecodedError
	switch {
	case waitSaid(err) != "":
		x.setFlash(waitSaid(err))
		http.Redirect(w, r, "/case/"+c.ID.String(), http.StatusSeeOther)
	case errors.As(err, &recoded):
		seen = recoded.Entry
		again(http.StatusConflict, nil, func(p *codingPage) {
			p.Error = d.work.View().Name(recoded.By) + " coded this case while you did. Both are below; yours is not saved yet. Save again to put yours in the place of theirs, which stays in the history."
			if c.Coding != nil {
				p.Theirs = d.codedFacts(c, c.Coding, s.cfg.Clock())
			}
		})
	case err != nil:
		again(statusOf(err), nil, func(p *codingPage) { p.Error = actionWords(err) })
	default:
		x.setFlash("The coding is in the case. What was coded before stays in the history.")
		http.Redirect(w, r, "/case/"+c.ID.String(), http.StatusSeeOther)
	}
}

func (d *desk) saveCoding(ctx context.Context, c *review.Case, k review.Coding, seen vault.ID) error {
	err := d.work.SetCoding(ctx, c.ID, k, d.codes, &seen)
	d.went(err)
	return err
}

// canWrite reports whether this person works on the case: holds its key, and is
// no partner, who writes notes and her own tasks.
func (d *desk) canWrite(c *review.Case) bool {
	return !d.work.Partner() && !c.Journal.IsZero() && c.Readable && slices.Contains(c.Granted, d.work.Me())
}

// codingView makes the page of a form as it stands.
func (s *Server) codingView(d *desk, c *review.Case, f codingForm, faults []formFault) codingPage {
	v, now := d.work.View(), s.cfg.Clock()
	p := codingPage{
		CaseURL: "/case/" + c.ID.String(), Ref: c.ID.String()[:8], Heading: heading(c, d.codes), Practice: c.Practice,
		Offline: !d.connection(now).SignedIn, Words: c.Report.Answers.Story, Lang: c.Report.Lang, Faults: faults,
	}
	p.URL = p.CaseURL + "/coding"
	if c.Origin == review.ByHand {
		p.Words = c.Text
	}
	for _, g := range d.facts(c, v, now) {
		p.Said = append(p.Said, g.Items...)
	}
	for _, u := range c.FollowUps {
		if u.Text != "" {
			p.Messages = append(p.Messages, messageLine{Text: u.Text, Day: dayWords(u.Day, now)})
		}
	}
	m := maker{d: d, wrong: map[string]string{}}
	for _, x := range faults {
		if m.wrong[x.ID] == "" {
			m.wrong[x.ID] = x.Text
		}
	}
	p.MainError = m.wrong["main-act"]
	m.acts(&p, f)
	m.others(&p, f)
	m.people(&p, c, f)
	m.rest(&p, v, f)
	return p
}
