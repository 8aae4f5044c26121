package ui

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// teamPage is who can open what, who has how much to do, and whether the
// programme keeps to what it set itself. Nothing in it counts anybody who brings
// reports in.
type teamPage struct {
	Days         int
	Cases        int
	Stages       []fact
	First, Legal waitLine
	Services     []servedRow
	Load         []loadRow
	Access       []accessRow
	Out          []accessRow
	Signed       bool // the objectives are those of the list of people
	Error        string
}

type waitLine struct {
	Goal                  int
	Of, Had, Within, Late int
	Share, Median, Say    string
}

type servedRow struct {
	Label    string
	All      int
	Outcomes string
}

type loadRow struct {
	Name                           string
	Open, Urgent, Overdue, Waiting int
}

type accessRow struct {
	Name, Roles, Desks string
	Cases              int
}

// What the page begins with, in days, where the list of people does not say.
var (
	usualObjectives = review.Objectives{First: 3, Legal: 2}
	usualDays       = 90
)

const mostDays = 3660

// objectivesOf are those that the root holders signed, or the usual ones.
func objectivesOf(v *review.View) review.Objectives {
	o := usualObjectives
	if v.Roster != nil {
		o.First, o.Legal = cmp.Or(v.Roster.Policy.FirstAnswerDays, o.First), cmp.Or(v.Roster.Policy.LegalHelpDays, o.Legal)
	}
	return o
}

func (s *Server) team(w http.ResponseWriter, r *http.Request, d *desk) {
	s.pageSync(d)
	x := sessionOf(r)
	x.mu.Lock()
	goal, days := x.goal, x.days
	x.mu.Unlock()
	if days == 0 {
		goal, days = objectivesOf(d.work.View()), usualDays
	}
	s.show(w, r, http.StatusOK, "team", s.teamView(d, goal, days))
}

// objectives takes the days that the page asks for. They are kept in memory,
// until the desk is locked.
func (s *Server) objectives(w http.ResponseWriter, r *http.Request, d *desk) {
	whole := func(field string, least int) (int, bool) {
		n, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue(field)))
		return n, err == nil && n >= least && n <= mostDays
	}
	first, a := whole("first", 0)
	legal, b := whole("legal", 0)
	days, c := whole("days", 1)
	if !a || !b || !c {
		p := s.teamView(d, objectivesOf(d.work.View()), usualDays)
		p.Error = "Give whole days, as numbers up to " + itoa(mostDays) + "."
		s.show(w, r, http.StatusUnprocessableEntity, "team", p)
		return
	}
	x := sessionOf(r)
	x.mu.Lock()
	x.goal, x.days = review.Objectives{First: first, Legal: legal}, days
	x.mu.Unlock()
	http.Redirect(w, r, "/team", http.StatusSeeOther)
}

func (s *Server) teamView(d *desk, goal review.Objectives, days int) teamPage {
	v, now := d.work.View(), s.cfg.Clock()
	from := vault.DayOf(now) - vault.Day(days-1)
	if vault.DayOf(now) < vault.Day(days) {
		from = 0
	}
	m := v.Measure(from, now, goal)
	p := teamPage{Days: days, Cases: m.Cases, First: waitOf(m.First, goal.First), Legal: waitOf(m.Legal, goal.Legal)}
	if v.Roster != nil {
		k := v.Roster.Policy
		p.Signed = k.FirstAnswerDays > 0 && k.LegalHelpDays > 0 && goal == objectivesOf(v)
	}
	for _, state := range d.codes.Codes("state") {
		if n := m.Stages[state]; n > 0 {
			p.Stages = append(p.Stages, fact{Label: d.codes.Label(lang, "state", state), Values: []string{itoa(n)}})
		}
	}
	for _, x := range m.Services {
		var parts []string
		for _, o := range d.codes.Codes("outcome") {
			if n := x.Outcomes[o]; n > 0 {
				parts = append(parts, itoa(n)+" "+d.codes.Label(lang, "outcome", o))
			}
		}
		p.Services = append(p.Services, servedRow{d.codes.Label(lang, "service", x.Code), x.All(), strings.Join(parts, ", ")})
	}
	for _, l := range m.Load {
		p.Load = append(p.Load, loadRow{v.Name(l.Person), l.Open, l.Urgent, l.Overdue, l.Waiting})
	}
	for _, a := range v.Access() {
		row := accessRow{Name: v.Name(a.Person), Roles: strings.Join(a.Roles, ", "), Cases: a.Cases}
		for _, k := range a.Desks {
			row.Desks = strings.TrimPrefix(row.Desks+", "+deskName(v, k), ", ")
		}
		switch {
		case a.Out && a.Person == roster.Recovery:
			row.Roles = "opens everything when all else is lost; kept in parts, locked away"
			p.Access = append(p.Access, row)
		case a.Out:
			p.Out = append(p.Out, row)
		default:
			p.Access = append(p.Access, row)
		}
	}
	slices.SortStableFunc(p.Access, func(a, b accessRow) int { return b.Cases - a.Cases })
	return p
}

func waitOf(w review.Wait, goal int) waitLine {
	l := waitLine{Goal: goal, Of: w.Of, Had: w.Had, Within: w.Within, Late: w.Late, Median: plural(w.Median, "day", "days")}
	// A share of cases that are too new to be late would be worse than it is.
	if judged := w.Had + w.Late; judged > 0 {
		l.Share = itoa((100*w.Within+judged/2)/judged) + " %"
		l.Say = itoa(w.Within) + " of " + itoa(judged)
	}
	return l
}
