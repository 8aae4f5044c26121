package ui

import (
	"errors"
	"net/http"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
)

// wait is something that was done without a connection and has yet to go.
type wait struct {
	ID, What, Text, Made string
	Case, CaseURL        string
	Stopped              string
	Behind               bool // what comes before it for the same case could not be done
}

// waits are the person's own, of one case or of all.
func (d *desk) waits(c *review.Case, now time.Time) (out []wait, stopped int) {
	v := d.work.View()
	halted := map[vault.ID]bool{}
	for _, x := range d.work.Waiting() {
		at, err := v.Case(x.Case)
		id := x.Case
		if err == nil {
			id = at.ID // taken by now, it goes by another
		}
		behind := halted[id]
		halted[id] = behind || x.Stopped != ""
		if c != nil && at != c {
			continue
		}
		line := wait{ID: x.ID, What: d.wishWhat(v, x), Text: wishText(x, now), Made: ago(x.Made, now), Stopped: x.Stopped, Behind: behind && x.Stopped == "", Case: "A case that is not here any more"}
		if err == nil {
			line.Case, line.CaseURL = "Case "+at.ID.String()[:8]+", "+lower(heading(at, d.codes)), "/case/"+at.ID.String()
		}
		if x.Stopped != "" {
			stopped++
		}
		out = append(out, line)
	}
	return out, stopped
}

func (d *desk) wishWhat(v *review.View, x review.Wish) string {
	switch x.Kind {
	case "claim":
		return "Take the case"
	case "note":
		return "A note"
	case "answer":
		return "An answer to the person"
	case "assign":
		return "Give the case to " + v.Name(x.Doing.To)
	case "state":
		return "Move it to “" + d.codes.Label(lang, "state", x.Doing.Change.To) + "”"
	case "coding":
		return "A coding"
	case "consent":
		return "What the person no longer agrees to"
	case "person":
		return "Who the case is about"
	case "task":
		return "A task or a deadline"
	case "custody":
		return "That somebody is held, or was released"
	case "propose":
		return "A proposal that needs a second person"
	case "agree":
		return "Your agreement to a colleague's proposal"
	case "risk":
		return "What a peer worker risks"
	}
	return "Something else"
}

// wishText is what somebody wrote, by which she knows it again.
func wishText(x review.Wish, now time.Time) string {
	do := x.Doing
	switch x.Kind {
	case "task":
		if due := dueWords(do.Task, now); due != "" {
			return taskText(do.Task) + " · " + due
		}
		return taskText(do.Task)
	case "custody":
		return do.Held.Place
	}
	return do.Note.Text + do.Answer + do.Change.Reason + do.Reason + do.Risk + do.Person // one of them at most
}

// waitSaid is what is said of an action that waits, and empty of any other.
func waitSaid(err error) string {
	switch {
	case !errors.Is(err, review.ErrKept):
		return ""
	case errors.Is(err, review.ErrUnsure):
		return "The server's answer did not arrive. This is kept on this computer, sealed, and settles by itself at the next sync: it happens once, whether or not it arrived."
	}
	return "There is no connection, so this waits on this computer, sealed. It goes at the next sync after you connect; until then you can take it back."
}

type waitingPage struct {
	Waits   []wait
	Stopped int
}

func (s *Server) waitingPage(w http.ResponseWriter, r *http.Request, d *desk) {
	var p waitingPage
	p.Waits, p.Stopped = d.waits(nil, s.cfg.Clock())
	s.show(w, r, http.StatusOK, "waiting", p)
}

func (s *Server) forgetWait(w http.ResponseWriter, r *http.Request, d *desk) {
	switch err := d.work.Forget(r.PostForm.Get("wait")); {
	case errors.Is(err, review.ErrUnsure):
		sessionOf(r).setFlash("It can't be taken back now: it may have arrived already. The next sync settles that.")
	case err != nil:
		sessionOf(r).setFlash("Not taken back: this computer's folder can't be written. Check its disk.")
	default:
		sessionOf(r).setFlash("Taken back. It is not kept any more.")
	}
	http.Redirect(w, r, s.back(r), http.StatusSeeOther)
}

func (s *Server) retryWait(w http.ResponseWriter, r *http.Request, d *desk) {
	if err := d.work.TryAgain(r.PostForm.Get("wait")); err != nil {
		sessionOf(r).setFlash("Not noted: this computer's folder can't be written. Check its disk.")
	} else {
		ctx, cancel := timeoutOf(r)
		defer cancel()
		d.sync(ctx, s.cfg.Clock())
	}
	http.Redirect(w, r, s.back(r), http.StatusSeeOther)
}
