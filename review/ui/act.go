package ui

import (
	"context"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/access"
)

// actions fills in what this person can do with the case now.
func (d *desk) actions(p *casePage, c *review.Case, v *review.View, now time.Time) {
	p.Offline = !d.connection(now).SignedIn
	p.WithoutForm = !c.Readable || v.Ended[c.Journal]
	if c.Journal.IsZero() {
		p.CanTake = c.Readable
		return
	}
	if !c.Readable || !slices.Contains(c.Granted, d.work.Me()) {
		p.WithoutForm = true
		if d.work.CanMend(c) {
			p.Forms = d.restrictForms(c, v)
			p.Meant = []string{"Somebody wrote to this case under a key of their own, which they may not. Nobody can go on with it until you restrict it anew; you can open it to the desk again after that."}
		}
		return
	}
	if d.work.Partner() {
		p.Safeguard = false // for the desk to write
		p.flowPart = d.flow(c, v, now)
		return
	}
	answer := d.answerOf(c)
	p.Answer = &answer
	if !p.Safeguard {
		for _, to := range review.Steps(c.State) {
			x := d.step(to)
			if to == review.Closed && c.Coding == nil {
				x.Options = slices.DeleteFunc(x.Options, func(o option) bool { return !review.ClosesUncoded(o.Value) })
				x.Hint = "It is not coded. Code it first to close it as resolved or not resolved."
			}
			p.Steps = append(p.Steps, x)
		}
	}
	p.flowPart = d.flow(c, v, now)
}

func (d *desk) step(to string) step {
	s := step{To: to, Label: d.codes.Label(lang, "state", to), Verb: "Move to “" + d.codes.Label(lang, "state", to) + "”"}
	choose := func(field, ask, list string, codes []string) {
		s.Field, s.Ask = field, ask
		for _, code := range codes {
			s.Options = append(s.Options, option{Value: code, Label: d.codes.Label(lang, list, code)})
		}
	}
	switch to {
	case review.Closed:
		s.Verb = "Close the case"
		choose("close", "How it ended", "close", review.CloseReasons())
	case review.Verified:
		s.Verb = "Mark as verified"
		choose("verification", "What it rests on", "verification", review.Verifications())
	case review.Reopened:
		s.Verb, s.Reason = "Reopen the case", true
	}
	return s
}

// act runs an action for a form that was not sent before, and goes back to the
// case: with what went wrong and what was typed, or with what was done.
func (s *Server) act(w http.ResponseWriter, r *http.Request, d *desk, done string, do func(ctx context.Context, c *review.Case) error) {
	c := s.find(w, r, d)
	if c == nil {
		return
	}
	x := sessionOf(r)
	if !x.once(r.PostForm.Get("form")) {
		http.Redirect(w, r, "/case/"+c.ID.String(), http.StatusSeeOther)
		return
	}
	ctx, cancel := timeoutOf(r)
	defer cancel()
	err := do(ctx, c)
	d.went(err)
	now, e := d.work.View().Case(c.ID)
	if e == nil {
		c = now
	}
	var taken *review.TakenError
	switch {
	case errors.Is(e, review.ErrErased) && err != nil: // meanwhile: its page must not show it once more
		x.setFlash("Not done: two colleagues erased the case meanwhile.")
	case waitSaid(err) != "":
		x.setFlash(waitSaid(err))
	case errors.As(err, &taken):
		x.setFlash(upper(taken.Error()) + ". Nothing of yours was lost; this is the case as it stands now.")
	case err != nil:
		p := s.caseView(r, d, c)
		p.Error = actionWords(err)
		if errors.Is(err, access.ErrRole) && d.work.Partner() {
			p.Error = "Not done: the desk may have ended the share of this case. What you typed is still here; ask them."
		}
		p.Meanwhile = meanwhile{Events: d.events(c, c.Since(seenOf(r.PostForm), d.work.Me()), d.work.View(), s.cfg.Clock())}
		p.Kept, p.KeptReason, p.KeptTo = r.PostForm.Get("text"), r.PostForm.Get("reason"), r.PostForm.Get("to")
		there := p.flowPart.refill(r.URL.Path, r.PostForm)
		there = refill(p.Care, r.URL.Path, r.PostForm) || there
		for i := range p.Tasks {
			there = refill(p.Tasks[i].Forms, r.URL.Path, r.PostForm) || there
		}
		for i := range p.Timeline {
			there = refill(p.Timeline[i].Undo, r.URL.Path, r.PostForm) || there
		}
		for i := range p.Steps {
			p.Steps[i].Open = p.Steps[i].To == p.KeptTo
			there = there || p.Steps[i].Open
			for j := range p.Steps[i].Options {
				o := &p.Steps[i].Options[j]
				o.Chosen = o.Value != "" && o.Value == r.PostForm.Get(p.Steps[i].Field)
			}
		}
		if there = there || path.Base(r.URL.Path) == "note" && p.Taken && !p.WithoutForm; !there {
			p.Typed = typedInto(r.PostForm)
		}
		s.show(w, r, statusOf(err), "case", p)
		return
	default:
		x.setFlash(done)
		x.keepSeen(c.ID, seenOf(r.PostForm))
	}
	http.Redirect(w, r, "/case/"+c.ID.String(), http.StatusSeeOther)
}

func (s *Server) take(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "The case is yours. Your desk's advocates can read it and write in it.", func(ctx context.Context, c *review.Case) error {
		_, err := d.work.Take(ctx, c.ID)
		return err
	})
}

func (s *Server) changeState(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "The state was changed.", func(ctx context.Context, c *review.Case) error {
		f := r.PostForm
		return d.work.SetState(ctx, c.ID, review.Change{To: f.Get("to"), Reason: lines(f.Get("reason")), Close: f.Get("close"), Verification: f.Get("verification")})
	})
}

func (s *Server) note(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "The note is in the case.", func(ctx context.Context, c *review.Case) error {
		return d.work.AddNote(ctx, c.ID, review.Note{Text: lines(r.PostForm.Get("text")), Safeguarding: r.PostForm.Get("safeguarding") == "yes"})
	})
}

func (s *Server) assign(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "The case was given on.", func(ctx context.Context, c *review.Case) error {
		f := r.PostForm
		return d.work.HandOver(ctx, c.ID, f.Get("to"), lines(f.Get("reason")), lines(f.Get("open")))
	})
}

func timeoutOf(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), 2*online)
}

// actionWords says what happened, what was kept and what to do.
func actionWords(err error) string {
	switch {
	case errors.Is(err, review.ErrNotLegal):
		return "Not done: " + err.Error() + "."
	case errors.Is(err, review.ErrUnsure):
		return "The server's answer did not arrive, so it is not certain whether this was done. It is kept and sent again by itself, once at most. Wait for the next sync, then look at the case's history."
	case errors.Is(err, review.ErrNotYours):
		return "Not done: the key of this case was not given to you. Ask a colleague who holds it."
	case errors.Is(err, review.ErrBusy):
		return "Not done: colleagues were changing the case at the same moment. Look at what they did, then try again."
	case errors.Is(err, access.ErrRemoved), errors.Is(err, access.ErrRole):
		return "Not done: the server says that you may not do this. What you typed is still here; speak to your lead."
	case errors.Is(err, review.ErrOffline), errors.Is(err, access.ErrSignedOut):
		return "Not done: the server was not reached. What you typed is still here. Connect with a code, then send it again."
	case errors.Is(err, vault.ErrFork):
		return "Not done: the server shows another history than this computer. Tell your lead and the operator before you go on."
	case errors.Is(err, vault.ErrTooLarge):
		return "Not done: it is too large for one entry. Split it in two."
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "Not finished in time. Look at the case's history before you try again."
	}
	return "Not done, for a reason that this page can't name. What you typed is still here; try again, and if it keeps failing tell the operator."
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, review.ErrNotLegal), errors.Is(err, review.ErrBusy), errors.Is(err, review.ErrNotYours):
		return http.StatusConflict
	case errors.Is(err, vault.ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusServiceUnavailable
}

// lines makes a browser's line ends plain ones.
func lines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
