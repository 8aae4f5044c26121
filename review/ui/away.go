package ui

import (
	"context"
	"errors"
	"net/http"
	"time"

	"peerwitness/review"
	"peerwitness/vault/roster"
)

// awayPage arranges who covers somebody's open cases while she is away.
type awayPage struct {
	Whose         []option // for a lead; empty for one's own alone
	Who           string   // chosen of them
	By            []option
	From, Until   string
	Cases         int // one's own that are open
	Now           []coverRow
	Error         string
	Done, All     int
	More, Offline bool
	Not           []notCovered
	Tried         bool
}

type coverRow struct{ Text, URL string }

type notCovered struct{ URL, Ref, Why string }

// patience is how long one press works through cases: a page that takes longer
// looks broken, and pressing again goes on.
const patience = 20 * time.Second

func (s *Server) awayPage(w http.ResponseWriter, r *http.Request, d *desk) {
	s.pageSync(d)
	s.show(w, r, http.StatusOK, "away", s.awayView(d))
}

func (s *Server) awayView(d *desk) awayPage {
	v, me, now := d.work.View(), d.work.Me(), s.cfg.Clock()
	p := awayPage{Offline: !d.connection(now).SignedIn, Who: me}
	for _, c := range v.Cases {
		if c.Holder == me && c.Open() {
			p.Cases++
		}
		if c.Cover.By != "" && c.Cover.Until >= now.UTC().Format(time.DateOnly) && (c.Holder == me || c.Cover.By == me) && len(p.Now) < maxRows {
			p.Now = append(p.Now, coverRow{v.Name(c.Cover.By) + " for " + v.Name(c.Holder) + ", " + c.Cover.From + " to " + c.Cover.Until + ": case " + c.ID.String()[:8], "/case/" + c.ID.String()})
		}
	}
	if v.Roster == nil {
		return p
	}
	self, _ := v.Roster.Person(me)
	for _, x := range v.Roster.People {
		if !x.Has(roster.Advocate) && !x.Has(roster.Lead) {
			continue
		}
		p.By = append(p.By, option{Value: x.ID, Label: x.Name})
		if self.Has(roster.Lead) {
			p.Whose = append(p.Whose, option{Value: x.ID, Label: x.Name, Chosen: x.ID == me})
		}
	}
	return p
}

// arrangeCover writes the cover into one case after the other, for as long as
// somebody waits for a page. What is left goes on with the next press.
func (s *Server) arrangeCover(w http.ResponseWriter, r *http.Request, d *desk) {
	x, f := sessionOf(r), r.PostForm
	if !x.once(f.Get("form")) {
		http.Redirect(w, r, "/away", http.StatusSeeOther)
		return
	}
	holder := f.Get("whose")
	if holder == "" {
		holder = d.work.Me()
	}
	k := review.Cover{From: f.Get("from"), Until: f.Get("until"), By: f.Get("by")}
	if f.Get("do") == "end" {
		k = review.Cover{}
	}
	var err error
	var done review.Covered
	switch day := s.cfg.Clock().UTC().Format(time.DateOnly); {
	case f.Get("do") != "end" && (k.From == "" || k.Until == "" || k.By == ""):
		err = errAway("say from when to when, and who covers")
	case f.Get("do") != "end" && k.Until < day:
		err = errAway("the last day is past")
	default:
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		done, err = d.work.CoverLeave(ctx, holder, k, nil)
	}
	d.went(err)
	p := s.awayView(d)
	p.Who, p.From, p.Until, p.Tried, p.Done, p.All = holder, k.From, k.Until, true, done.Done, done.All
	for i := range p.By {
		p.By[i].Chosen = p.By[i].Value == k.By
	}
	for i := range p.Whose {
		p.Whose[i].Chosen = p.Whose[i].Value == holder
	}
	for i, id := range done.Not {
		p.Not = append(p.Not, notCovered{"/case/" + id.String(), id.String()[:8], upper(done.Why[i].Error()) + "."})
	}
	p.More = done.Done+len(done.Not) < done.All
	status := http.StatusOK
	if err != nil && !(errors.Is(err, context.DeadlineExceeded) && p.More) {
		p.Error, status = actionWords(err), statusOf(err)
	}
	s.show(w, r, status, "away", p)
}

type errAway string

func (e errAway) Error() string        { return string(e) }
func (e errAway) Is(target error) bool { return target == review.ErrNotLegal }
