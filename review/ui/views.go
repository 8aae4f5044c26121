package ui

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// looker is who looks at the list, and when.
type looker struct {
	me    string
	lead  bool
	now   time.Time
	today vault.Day
	work  *review.Workstation

	wait, waitUrgent int // days that a report may wait to be taken
}

// Days that a report may wait for somebody to take it, where the list of people
// does not say.
const (
	waitDays       = 7
	waitDaysUrgent = 1
)

// holds reports whether the case is hers to look after, or hers for now.
func (l looker) holds(c *review.Case) bool { return c.Holder == l.me || c.Covers(l.me, l.today) }

// overdue reports whether a report has waited too long for a first action, or
// something that should have been done by now has not.
func (l looker) overdue(c *review.Case) bool {
	if c.Readable && c.Overdue(l.now) {
		return true
	}
	days := vault.Day(l.wait)
	if c.Urgent() {
		days = vault.Day(l.waitUrgent)
	}
	return c.State == review.New && c.Readable && !c.Practice && c.Arrived > 0 && c.Arrived+days <= l.today
}

// views are the ways to look at the cases. The first is where one begins.
var views = []struct {
	name, label string
	has         func(l looker, c *review.Case) bool
}{
	{"open", "To do", func(_ looker, c *review.Case) bool { return c.Open() || c.Waits() }},
	{"urgent", "Urgent", func(_ looker, c *review.Case) bool { return c.Urgent() }},
	{"new", "Not taken yet", func(_ looker, c *review.Case) bool { return c.State == review.New && c.Readable }},
	{"overdue", "Waiting too long", looker.overdue},
	{"unread", "Not opened by you", func(l looker, c *review.Case) bool { return (c.Open() || c.Waits()) && c.Readable && l.work.Unread(c) }},
	{"mine", "Mine", func(l looker, c *review.Case) bool { return l.holds(c) && (c.Open() || c.Waits()) }},
	{"second", "For a second person", func(l looker, c *review.Case) bool { return c.WaitsFor(l.me, l.lead) }},
	{"messages", "New messages", func(_ looker, c *review.Case) bool { return c.Waits() }},
	{"answered", "Waiting for the person", func(_ looker, c *review.Case) bool { return c.Open() && c.Answered() }},
	{"closed", "Closed", func(_ looker, c *review.Case) bool { return !c.Open() }},
}

func (d *desk) looker(v *review.View, now time.Time) looker {
	l := looker{me: d.work.Me(), now: now, today: vault.DayOf(now), work: d.work, wait: waitDays, waitUrgent: waitDaysUrgent}
	if v.Roster != nil {
		l.wait, l.waitUrgent = cmp.Or(v.Roster.Policy.WaitDays, waitDays), cmp.Or(v.Roster.Policy.WaitDaysUrgent, waitDaysUrgent)
		p, _ := v.Roster.Person(l.me)
		l.lead = p.Has(roster.Lead)
	}
	return l
}

func pickView(name string) (string, func(looker, *review.Case) bool) {
	for _, v := range views {
		if v.name == name {
			return v.name, v.has
		}
	}
	return views[0].name, views[0].has
}

// saveSearch keeps what is being looked for under a name.
func (s *Server) saveSearch(w http.ResponseWriter, r *http.Request, d *desk) {
	x := sessionOf(r)
	x.mu.Lock()
	query := x.sought
	x.mu.Unlock()
	name := reading{r.PostForm}.get("name")
	switch err := d.work.SaveSearch(review.Search{Name: name, Query: query}); {
	case errors.Is(err, review.ErrNotLegal):
		x.setFlash("Not saved: " + err.Error() + ".")
	case err != nil:
		x.setFlash("Not saved: this computer's folder can't be written, or what was saved can't be read.")
	default:
		x.setFlash("Saved on this computer, sealed with your key.")
	}
	http.Redirect(w, r, s.back(r), http.StatusSeeOther)
}

// useSearch looks for what was saved. Its name goes in a form, as all else that
// is looked for: an address would stand in the browser's history.
func (s *Server) useSearch(w http.ResponseWriter, r *http.Request, d *desk) {
	x := sessionOf(r)
	name, list := r.PostForm.Get("name"), d.work.Searches()
	if i := slices.IndexFunc(list, func(o review.Search) bool { return o.Name == name }); i >= 0 {
		x.mu.Lock()
		x.sought = list[i].Query
		x.mu.Unlock()
	}
	http.Redirect(w, r, s.back(r), http.StatusSeeOther)
}

func (s *Server) removeSearch(w http.ResponseWriter, r *http.Request, d *desk) {
	if err := d.work.RemoveSearch(r.PostForm.Get("name")); err != nil {
		sessionOf(r).setFlash("Not removed: this computer's folder can't be written, or what was saved can't be read.")
	} else {
		sessionOf(r).setFlash("The saved search is removed.")
	}
	http.Redirect(w, r, s.back(r), http.StatusSeeOther)
}
