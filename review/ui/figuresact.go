package ui

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"peerwitness/review"
	"peerwitness/review/figures"
	"peerwitness/vault"
)

// figure runs an action of a keeper, and comes back to the figures' page: with
// what was done, or with what kept it from being done.
func (s *Server) figure(w http.ResponseWriter, r *http.Request, d *desk, done string, do func(ctx context.Context) error) {
	if !d.keeps() {
		s.notFound(w, r)
		return
	}
	x := sessionOf(r)
	if !x.once(r.PostForm.Get("form")) {
		http.Redirect(w, r, "/figures", http.StatusSeeOther)
		return
	}
	ctx, cancel := timeoutOf(r)
	defer cancel()
	err := do(ctx)
	d.went(err)
	if err == nil {
		x.setFlash(done)
		http.Redirect(w, r, "/figures", http.StatusSeeOther)
		return
	}
	p := s.figuresView(d)
	var refusal *figures.Refusal
	var form *proposalError
	switch {
	case errors.As(err, &form):
		p.Propose = &form.proposal
	case errors.As(err, &refusal):
		p.Error, p.Reasons = "The figures were not published. Nothing left this computer.", refusal.Reasons
	default:
		p.Error = figureWords(err)
	}
	status := http.StatusConflict
	if refusal == nil && form == nil {
		status = statusOf(err)
	} else if form != nil {
		status = http.StatusUnprocessableEntity
	}
	s.show(w, r, status, "figures", p)
}

// figureWords says what kept a keeper's step from being done.
func figureWords(err error) string {
	switch {
	case errors.Is(err, figures.ErrNotOver):
		return "Not done: the period is not over yet. Nothing was changed."
	case errors.Is(err, figures.ErrForked):
		return "Not done: the server shows another ledger of the figures than this computer has seen before. Publish nothing; compare with the other keepers, and tell the operator."
	case errors.Is(err, review.ErrNoPeriod):
		return "Not done: that period is not there to be worked on. It may have been closed meanwhile; this is how things stand now."
	case errors.Is(err, figures.ErrUncounted), errors.Is(err, figures.ErrShape):
		return "Not done: the figures can't be computed from what is in the journal. Nothing was changed; the problems below may say why."
	}
	return actionWords(err)
}

func (s *Server) foundFigures(w http.ResponseWriter, r *http.Request, d *desk) {
	s.figure(w, r, d, "The figures journal is founded. Cases are counted from now on as they close. Next, propose a programme.", d.work.FoundFigures)
}

func (s *Server) closePeriod(w http.ResponseWriter, r *http.Request, d *desk) {
	s.figure(w, r, d, "The period is closed. Look at what the public will see, then sign it.", func(ctx context.Context) error {
		return d.work.ClosePeriod(ctx, mux.Vars(r)["period"])
	})
}

func (s *Server) signRelease(w http.ResponseWriter, r *http.Request, d *desk) {
	s.figure(w, r, d, "You signed what this computer itself counted.", func(ctx context.Context) error {
		return d.work.SignRelease(ctx, mux.Vars(r)["period"])
	})
}

func (s *Server) publishRelease(w http.ResponseWriter, r *http.Request, d *desk) {
	s.figure(w, r, d, "The figures are public. They are never changed.", func(ctx context.Context) error {
		return d.work.PublishRelease(ctx, mux.Vars(r)["period"])
	})
}

func (s *Server) signProgramme(w http.ResponseWriter, r *http.Request, d *desk) {
	s.figure(w, r, d, "You signed the programme. With two signatures it is in force.", func(ctx context.Context) error {
		hash, err := vault.ParseID(r.PostForm.Get("programme"))
		if err != nil {
			return review.ErrNoPeriod
		}
		return d.work.SignProgramme(ctx, hash)
	})
}

// proposalError is a form that has faults.
type proposalError struct{ proposal }

func (*proposalError) Error() string { return "the form has faults" }

func (s *Server) proposeProgramme(w http.ResponseWriter, r *http.Request, d *desk) {
	s.figure(w, r, d, "The programme is proposed and has your signature. It is in force once another keeper signs it.", func(ctx context.Context) error {
		p, err := s.readProposal(r, d)
		if err != nil {
			return err
		}
		return d.work.ProposeProgramme(ctx, p)
	})
}

// readProposal makes a programme of what was typed.
func (s *Server) readProposal(r *http.Request, d *desk) (figures.Programme, error) {
	f, in := d.work.Figures(), reading{r.PostForm}
	if f == nil || d.work.View().Roster == nil {
		return figures.Programme{}, review.ErrOffline
	}
	form := newProposal(f, s.cfg.Clock())
	form.Open, form.Planned = true, in.get("planned")
	fault := func(id, text string) { form.Faults = append(form.Faults, formFault{id, text}) }

	at := slices.IndexFunc(form.Begin, func(o option) bool { return o.Value == in.get("begin") })
	if at < 0 {
		fault("begin", "Choose when the programme begins.")
	} else {
		form.Begin[at].Chosen = true
	}
	planned, err := strconv.Atoi(form.Planned)
	if err != nil || planned < figures.MinPlanned || planned > 1<<20 {
		fault("planned", "Give the people planned for the smallest cell, as a whole number: "+itoa(figures.MinPlanned)+" or more.")
	}
	planning := figures.Labels{}
	for i := range form.Sources {
		x := &form.Sources[i]
		x.Value = strings.Join(strings.Fields(in.get(x.ID)), " ")
		planning[x.Lang] = x.Value
		if x.Value == "" {
			fault(x.ID, "Name the public figure in "+languageName(x.Lang)+"; it stands beside the figures.")
		}
	}
	if len(form.Faults) > 0 {
		return figures.Programme{}, &proposalError{form}
	}
	every, first, _ := strings.Cut(form.Begin[at].Value, "/")
	p, err := d.programme(every, first, f, planned, planning)
	if err != nil {
		fault("planned", "This does not make a programme. Check that the texts are not over 300 characters and hold nothing that can't be shown.")
		return figures.Programme{}, &proposalError{form}
	}
	return p, nil
}

// programme is the default one over the organisation's own lists, decided today.
func (d *desk) programme(every, first string, f *review.FiguresView, planned int, planning figures.Labels) (figures.Programme, error) {
	start, _, err := figures.Window(every, first)
	if err != nil {
		return figures.Programme{}, err
	}
	p, err := figures.Default(d.codes, d.work.View().Roster, figures.PeriodOf(figures.HalfYearly, start), f.Today, planned, planning)
	if err != nil {
		return figures.Programme{}, err
	}
	p.ID, p.Every, p.First = every, every, first
	for _, x := range f.Programmes {
		p.Version = max(p.Version, x.Programme.Version+1)
	}
	_, err = p.JSON() // which checks it
	return p, err
}

// figureFile shows a file of a release as it is or would be published, byte for
// byte. Its pages may load their own style and nothing else.
func (s *Server) figureFile(w http.ResponseWriter, r *http.Request, d *desk) {
	period, name := mux.Vars(r)["period"], mux.Vars(r)["file"]
	if f := d.work.Figures(); d.canFigure() {
		for _, p := range f.Periods {
			if p.Period != period || p.Body == nil {
				continue
			}
			_, files, err := vault.UnpackRelease(p.Body)
			if err != nil {
				break
			}
			for _, x := range files {
				if x.Name == name {
					sendFigure(w, x)
					return
				}
			}
		}
	}
	s.notFound(w, r)
}

func sendFigure(w http.ResponseWriter, f figures.File) {
	h := w.Header()
	if strings.HasSuffix(f.Name, ".html") {
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src '"+figures.PageStyle()+"'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
	} else {
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", `attachment; filename="`+f.Name+`"`)
	}
	w.Write(f.Body)
}

// count writes a case into the figures.
func (s *Server) count(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "The figures are up to date with this case.", func(ctx context.Context, c *review.Case) error {
		return d.work.Count(ctx, c.ID)
	})
}
