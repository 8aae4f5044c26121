package ui

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/mux"

	"peerwitness/review"
)

// sharedPart is what a case's page has of the partners who have it, and what it
// tells a partner about her place in it.
type sharedPart struct {
	Shared  []sharedLine
	ForHer  string // to a partner: how she came by the case and what she can do
	NoShare string // why it can't be shared, where there is somebody to share it with
}

type sharedLine struct{ Who, When, Why string }

// partnerRoutes are what the desk of somebody of a partner organisation has: her
// case, her notes and tasks. The rest is the organisation's own.
var partnerRoutes = []string{
	"/", "/search", "/searches/save", "/searches/use", "/searches/remove", "/quarantine", "/waiting", "/waiting/forget", "/waiting/again", "/sync", "/seen", "/signin", "/anew", "/anew/stop", "/anew/seen", "/due",
	"/deadlines", "/deadlines.ics", idPath, idPath + "/note", idPath + "/task", idPath + "/task/state", idPath + "/file/{n:[0-9]{1,2}}", idPath + "/file/{n:[0-9]{1,2}}/download",
}

const idPath = "/case/{id:[0-9a-f]{64}}"

// forDesk reports whether a page is for the organisation's own people, and a
// partner asked for it; then it has been answered.
func (s *Server) forDesk(w http.ResponseWriter, r *http.Request, d *desk) bool {
	if !d.work.Partner() {
		return false
	}
	path, err := mux.CurrentRoute(r).GetPathTemplate()
	if err == nil && slices.Contains(partnerRoutes, path) {
		return false
	}
	s.show(w, r, http.StatusForbidden, "message", message{
		Title: "This is for the desk’s own people",
		Text:  "Nothing was done. In a case that is shared with you, you can read, write notes, and keep your own tasks. Write a note for what the desk should do.",
	})
	return true
}

// sharedPart makes it.
func (d *desk) sharedPart(c *review.Case, v *review.View, now time.Time) sharedPart {
	var p sharedPart
	for _, x := range c.Shared {
		p.Shared = append(p.Shared, sharedLine{v.Name(x.Partner), "by " + v.Name(x.By) + ", " + ago(x.Time, now), x.Reason})
		if x.Partner == d.work.Me() {
			p.ForHer = v.Name(x.By) + " shared this case with you. You can read all of it, write notes that the desk reads, and keep your own tasks. It is for this case’s sake alone: pass nothing on. The desk can end the share; what comes after is then not here."
		}
	}
	if v.Ended[c.Journal] {
		p.ForHer = "The desk has ended the share, or given the case a new key, the server says. What you see is what came until then; what you write would not reach anybody."
	}
	if may, why := c.MayShare(); !may && d.mayShare(c) && len(v.Partners(c)) > 0 {
		p.NoShare = "Not to be shared with partners: " + why + "."
	}
	return p
}

func (d *desk) mayShare(c *review.Case) bool {
	return d.work.May(c, review.Entry{Kind: "share", Step: &review.Step{}}) == nil
}

// shareForms share a case with a partner, or end that.
func (d *desk) shareForms(c *review.Case, v *review.View) []flowForm {
	base := "/case/" + c.ID.String() + "/share"
	why := flowField{Name: "reason", Label: "Why", Kind: "area", Must: true}
	var out []flowForm
	if may, _ := c.MayShare(); may && d.mayShare(c) {
		to := flowField{Name: "to", Label: "With whom", Kind: "select", Must: true, Hint: "Partners who were named to the person when they agreed."}
		for _, p := range v.Partners(c) {
			to.Options = append(to.Options, option{Value: p.ID, Label: p.Name})
		}
		if len(to.Options) > 0 {
			out = append(out, flowForm{ID: "share", URL: base, Verb: "Share the case with a partner", Fields: []flowField{to, why},
				Hint: "They read all of this case, notes and how to reach the person too, and nothing of any other. They write notes and their own tasks. What they have read can’t be taken back."})
		}
	}
	if d.work.May(c, review.Entry{Kind: "unshare", Step: &review.Step{}}) == nil {
		for _, x := range c.Shared {
			out = append(out, flowForm{ID: "unshare-" + x.Partner, URL: base + "/end", Verb: "End the share with " + v.Name(x.Partner), Hidden: map[string]string{"to": x.Partner},
				Hint: "From then on they get nothing of the case. What they could read until then they keep.", Fields: []flowField{why}})
		}
	}
	return out
}

func (s *Server) shareCase(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "The case is shared. They see it at their next sync.", func(ctx context.Context, c *review.Case) error {
		return d.work.ShareCase(ctx, c.ID, r.PostForm.Get("to"), lines(r.PostForm.Get("reason")))
	})
}

func (s *Server) endShare(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "The share has ended: the case has a new key, which they don’t get.", func(ctx context.Context, c *review.Case) error {
		return d.work.EndShare(ctx, c.ID, r.PostForm.Get("to"), lines(r.PostForm.Get("reason")))
	})
}

// partnersViews are the lists that a partner's desk has.
var partnersViews = []string{"open", "unread", "closed"}
