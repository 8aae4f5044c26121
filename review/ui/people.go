package ui

import (
	"cmp"
	"context"
	"net/http"

	"peerwitness/review"
)

// peoplePage links a case to people who are known from others.
type peoplePage struct {
	URL, CaseURL, Ref, Heading string
	Practice, Offline          bool
	Linked                     []linkRow
	Query                      string
	Searched                   bool
	Found                      []foundRow
	More                       bool // there are more than are shown
	Error                      string
	As, Role                   string // typed for somebody new
}

func (p peoplePage) title() string { return "People of case " + p.Ref }

type linkRow struct {
	Key, As, Role, RoleCode string
	Cases                   []caseLink // the others
}

type foundRow struct {
	Key, Short, As string
	Names          []string // the other working names
	Cases          []caseLink
	Linked         string // how they are linked here already
	Affected       bool   // as the one it happened to
	Reporter       bool   // as the one who told us
}

type caseLink struct{ URL, Text string }

// Bounds of what a page shows.
const (
	maxFound      = 20
	maxCasesShown = 5
	maxQuery      = 100
)

// peoplePage shows a case's people, and finds others. What is searched for is
// posted: browsers keep addresses in their history, on disk.
func (s *Server) peoplePage(w http.ResponseWriter, r *http.Request, d *desk) {
	c := s.find(w, r, d)
	if c == nil {
		return
	}
	if !d.canWrite(c) {
		http.Redirect(w, r, "/case/"+c.ID.String(), http.StatusSeeOther)
		return
	}
	s.show(w, r, http.StatusOK, "people", s.peopleView(d, c, reading{r.PostForm}.get("q")))
}

func (s *Server) peopleView(d *desk, c *review.Case, query string) peoplePage {
	v := d.work.View()
	p := peoplePage{
		CaseURL: "/case/" + c.ID.String(), Ref: c.ID.String()[:8], Heading: heading(c, d.codes), Practice: c.Practice,
		Offline: !d.connection(s.cfg.Clock()).SignedIn, Query: query, Searched: query != "", Role: review.RoleAffected,
	}
	p.URL = p.CaseURL + "/people"
	for _, l := range c.People {
		row := linkRow{Key: l.Person, As: l.As, Role: roleWords(l.Role), RoleCode: l.Role}
		if x, ok := v.Someone(l.Person); ok {
			row.Cases = d.caseLinks(x, c)
		}
		p.Linked = append(p.Linked, row)
	}
	if len(query) > maxQuery {
		p.Error = "Search for less than that: a working name, or the beginning of a key."
		return p
	}
	found := v.FindPeople(query, maxFound+1)
	p.More = len(found) > maxFound
	for _, x := range found[:min(len(found), maxFound)] {
		row := foundRow{Key: x.Key, Short: x.Key[:8], As: x.Names[0], Names: x.Names[1:min(len(x.Names), 4)], Cases: d.caseLinks(x, c)}
		for _, l := range c.People {
			if l.Person == x.Key {
				row.Linked = joined(row.Linked, lower(roleWords(l.Role)))
				row.Affected = row.Affected || l.Role == review.RoleAffected
				row.Reporter = row.Reporter || l.Role == review.RoleReporter
			}
		}
		p.Found = append(p.Found, row)
	}
	return p
}

// caseLinks are a person's cases but the one that is looked at.
func (d *desk) caseLinks(x review.Someone, at *review.Case) []caseLink {
	var out []caseLink
	for _, c := range x.Cases {
		if c != at && len(out) < maxCasesShown {
			out = append(out, caseLink{"/case/" + c.ID.String(), c.ID.String()[:8] + ", " + lower(heading(c, d.codes))})
		}
	}
	return out
}

// person runs an action on a case's people, and comes back to their page.
func (s *Server) person(w http.ResponseWriter, r *http.Request, d *desk, done string, do func(ctx context.Context, c *review.Case) error) {
	c := s.find(w, r, d)
	if c == nil {
		return
	}
	here := "/case/" + c.ID.String() + "/people"
	x := sessionOf(r)
	if !x.once(r.PostForm.Get("form")) {
		http.Redirect(w, r, here, http.StatusSeeOther)
		return
	}
	ctx, cancel := timeoutOf(r)
	defer cancel()
	err := do(ctx, c)
	d.went(err)
	if said := waitSaid(err); err == nil || said != "" {
		x.setFlash(cmp.Or(said, done))
		http.Redirect(w, r, here, http.StatusSeeOther)
		return
	}
	if now, e := d.work.View().Case(c.ID); e == nil {
		c = now
	}
	p := s.peopleView(d, c, reading{r.PostForm}.get("q"))
	p.Error, p.As = actionWords(err), r.PostForm.Get("new")
	if role := r.PostForm.Get("role"); role == review.RoleReporter {
		p.Role = role
	}
	s.show(w, r, statusOf(err), "people", p)
}

// linkPerson links somebody who is known, or somebody new.
func (s *Server) linkPerson(w http.ResponseWriter, r *http.Request, d *desk) {
	s.person(w, r, d, "The person is linked to this case.", func(ctx context.Context, c *review.Case) error {
		f := reading{r.PostForm}
		key, as := f.get("person"), f.get("new")
		if key == "" {
			key = review.NewPersonKey()
		} else if known, ok := d.work.View().Someone(key); ok {
			as = known.Names[0]
		}
		return d.work.LinkPerson(ctx, c.ID, key, f.get("role"), as)
	})
}

func (s *Server) unlinkPerson(w http.ResponseWriter, r *http.Request, d *desk) {
	s.person(w, r, d, "The link was taken back. It stays in the history.", func(ctx context.Context, c *review.Case) error {
		f := reading{r.PostForm}
		return d.work.UnlinkPerson(ctx, c.ID, f.get("person"), f.get("role"))
	})
}
