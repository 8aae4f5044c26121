package ui

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"peerwitness/review"
	"peerwitness/review/bundle"
)

// evidencePage is where a case's bundle is chosen, looked at once more, and made.
type evidencePage struct {
	URL, CaseURL, Ref, Heading string
	Practice, Offline          bool
	Error                      string
	Warnings                   []string // where consent does not cover it
	NeedWhy                    bool
	For, Why                   string
	Full                       bool
	Groups                     []choiceGroup
	Missing                    []string // files that can't go along

	// Of the page before it leaves:
	Ready       bool
	Keep        []string
	LeftOut     []string
	Files       int
	Size        string
	Signed, All int
	HasContact  bool
	NoClaim     bool // the signature over the report does not go along
}

func (p evidencePage) title() string {
	switch {
	case p.Error != "":
		return "Error: evidence bundle of case " + p.Ref
	case p.Ready:
		return "Before the bundle leaves, case " + p.Ref
	}
	return "Evidence bundle of case " + p.Ref
}

type choiceGroup struct {
	Title string
	Items []choice
}

type choice struct {
	ID, Title, Text, Hint string
	Chosen                bool
}

// bundling lets one bundle at a time take memory.
var bundling = make(chan struct{}, 1)

// oneBundle waits its turn; the caller calls what it returns when done.
func oneBundle(ctx context.Context) (func(), error) {
	select {
	case bundling <- struct{}{}:
		return func() { <-bundling }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// howLong a bundle may take to make and to hand out.
const howLong = 30 * time.Minute

// evidencePage shows what the case is made of. It makes nothing.
func (s *Server) evidencePage(w http.ResponseWriter, r *http.Request, d *desk) {
	c := s.find(w, r, d)
	if c == nil {
		return
	}
	if !d.canWrite(c) {
		http.Redirect(w, r, "/case/"+c.ID.String(), http.StatusSeeOther)
		return
	}
	b, err := d.evidence(r.Context(), c, s.cfg.Clock())
	p := s.evidenceView(d, c, b, nil)
	if err != nil {
		p.Error = actionWords(err)
		s.show(w, r, statusOf(err), "evidence", p)
		return
	}
	s.show(w, r, http.StatusOK, "evidence", p)
}

// evidenceView is the form, with what was chosen, or, without a form that was
// sent, with what is offered.
func (s *Server) evidenceView(d *desk, c *review.Case, b bundle.Case, sent *reading) evidencePage {
	p := evidencePage{
		CaseURL: "/case/" + c.ID.String(), Ref: c.ID.String()[:8], Heading: heading(c, d.codes), Practice: c.Practice,
		Offline: !d.connection(s.cfg.Clock()).SignedIn, NeedWhy: !c.MayExport(), HasContact: len(contact(c)) > 0,
	}
	p.URL = p.CaseURL + "/evidence"
	p.Warnings = exportWarnings(c)
	if sent != nil {
		p.For, p.Why, p.Full, p.Keep = sent.get("for"), sent.get("why"), sent.get("variant") == bundle.Full, sent.all("keep")
	}
	texts := map[string]string{}
	for _, e := range b.Entries {
		texts["entry-"+itoa(int(e.Seq))] = e.Text
	}
	for _, x := range bundle.PartsOf(b) {
		i := choice{ID: x.ID, Title: x.Title, Hint: x.Hint, Chosen: !x.Off, Text: excerpt(partText(x)+texts[x.ID], 160)}
		if sent != nil {
			i.Chosen = slices.Contains(p.Keep, x.ID)
		}
		at := slices.IndexFunc(p.Groups, func(g choiceGroup) bool { return g.Title == x.Group })
		if at < 0 {
			at = len(p.Groups)
			p.Groups = append(p.Groups, choiceGroup{Title: x.Group})
		}
		p.Groups[at].Items = append(p.Groups[at].Items, i)
	}
	for _, f := range b.Files {
		if f.Missing != "" {
			p.Missing = append(p.Missing, "File "+itoa(f.N)+". "+f.Missing)
		}
	}
	return p
}

// partText is how a part begins, to tell it from others.
func partText(x bundle.Part) string {
	for _, w := range x.Words {
		return w.Text
	}
	var out []string
	for _, f := range x.Facts[:min(len(x.Facts), 3)] {
		out = append(out, strings.Join(f.Values[:min(len(f.Values), 3)], ", "))
	}
	return strings.Join(out, "; ")
}

// exportWarnings say why what the person agreed to does not cover a bundle.
func exportWarnings(c *review.Case) []string {
	var out []string
	if c.Close == "withdrawn" {
		out = append(out, "The person withdrew the report. Make a bundle only if they asked for it, or if the law makes you.")
	}
	if c.Origin == review.FromForm && c.Report.ID != "" && !c.AffectedAgreed() {
		out = append(out, "The person it happened to has not agreed to this being told. Without their yes there is to be no complaint, no sharing, no story.")
	}
	if !c.MayExport() {
		_, complain := c.MayComplain()
		_, share := c.MayShare()
		out = append(out, "What the person agreed to does not cover a bundle. For a complaint: "+complain+". For partners: "+share+".")
	}
	return out
}

// chosen makes the bundle that the form asks for, of the case as it is now.
func (s *Server) chosen(ctx context.Context, d *desk, c *review.Case, f reading) (bundle.Case, *bundle.Bundle, review.Export, error) {
	b, err := d.evidence(ctx, c, s.cfg.Clock())
	if err != nil {
		return b, nil, review.Export{}, err
	}
	e := review.Export{Variant: review.ExportRedacted, For: f.get("for"), Why: f.get("why")}
	if f.get("variant") == bundle.Full {
		e.Variant = review.ExportFull
	}
	if c.MayExport() {
		e.Why = ""
	}
	if err := c.CheckExport(e); err != nil {
		return b, nil, e, err
	}
	// What came in since the form was shown is not among what was ticked, and stays in.
	var without []string
	if keep := f.all("keep"); e.Variant == review.ExportRedacted {
		for _, x := range bundle.PartsOf(b) {
			if !slices.Contains(keep, x.ID) {
				without = append(without, x.ID)
			}
		}
	}
	b.For, b.Why = e.For, e.Why
	made, err := bundle.Make(ctx, b, e.Variant == review.ExportRedacted, without)
	if err != nil {
		return b, nil, e, err
	}
	e.Manifest, e.LeftOut = made.Manifest().String(), made.LeftOut()
	return b, made, e, nil
}

// latest is the case with all that the person sent in it.
func (s *Server) latest(ctx context.Context, d *desk, c *review.Case) (*review.Case, error) {
	if len(c.Waiting) == 0 {
		return c, nil
	}
	if err := d.work.Join(ctx, c.ID); err != nil {
		return c, err
	}
	return d.work.View().Case(c.ID)
}

// previewEvidence says what would leave. It records nothing and hands out nothing.
func (s *Server) previewEvidence(w http.ResponseWriter, r *http.Request, d *desk) {
	c := s.find(w, r, d)
	if c == nil {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), howLong)
	defer cancel()
	f := reading{r.PostForm}
	c, err := s.latest(ctx, d, c)
	var b bundle.Case
	var made *bundle.Bundle
	var done func()
	if err == nil {
		done, err = oneBundle(ctx)
	}
	if err == nil {
		b, made, _, err = s.chosen(ctx, d, c, f)
		done()
	}
	d.went(err)
	p := s.evidenceView(d, c, b, &f)
	switch {
	case err != nil:
		p.Error = evidenceWords(err)
		s.show(w, r, statusOf(err), "evidence", p)
		return
	case f.get("do") != "change":
		p.Ready = true
		p.Files, p.Size = made.Files(), size(made.Bytes())
		p.Signed, p.All = made.Rechecked()
		p.NoClaim = !made.HasClaim()
		for _, x := range bundle.PartsOf(b) {
			if slices.Contains(made.LeftOut(), x.ID) {
				p.LeftOut = append(p.LeftOut, x.Title)
			}
		}
	}
	s.show(w, r, http.StatusOK, "evidence", p)
}

// downloadEvidence writes into the case that it leaves, and only then hands
// the bundle out.
func (s *Server) downloadEvidence(w http.ResponseWriter, r *http.Request, d *desk) {
	c := s.find(w, r, d)
	if c == nil {
		return
	}
	if !sessionOf(r).once(r.PostForm.Get("form")) {
		http.Redirect(w, r, "/case/"+c.ID.String(), http.StatusSeeOther)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), howLong)
	defer cancel()
	done, err := oneBundle(ctx)
	if err != nil {
		return // whoever asked has gone
	}
	defer done()
	f := reading{r.PostForm}
	b, made, e, err := s.chosen(ctx, d, c, f)
	if err == nil {
		recorded, rerr := d.work.RecordExport(ctx, c.ID, c.Last(), e)
		d.went(rerr)
		if rerr == nil {
			// A download may last longer than a page may take.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(howLong))
			w.Header().Set("Content-Type", "application/zip")
			w.Header().Set("Content-Disposition", `attachment; filename="`+made.Name()+`"`)
			if made.WriteZip(ctx, w, recorded) != nil {
				panic(http.ErrAbortHandler) // so that the browser shows a download that failed, not a short file
			}
			return
		}
		err = rerr
	}
	if now, e := d.work.View().Case(c.ID); e == nil {
		c = now
	}
	p := s.evidenceView(d, c, b, &f)
	p.Error = evidenceWords(err)
	s.show(w, r, statusOf(err), "evidence", p)
}

// evidenceWords says what happened, what was kept and what to do.
func evidenceWords(err error) string {
	switch {
	case errors.Is(err, review.ErrNotComplete):
		return "Nothing was made: a file of this case is not wholly on this computer. Connect with a code, or leave that file out."
	case errors.Is(err, review.ErrUnsure):
		return "Nothing was handed out: the server's answer did not arrive, so it is not certain whether the bundle is recorded in the case. Wait for the next sync, look at the case's history, then make it again."
	case errors.Is(err, bundle.ErrTooLarge):
		return "Nothing was made: the case is too large for one bundle. Leave files out."
	case errors.Is(err, review.ErrNotLegal), errors.Is(err, review.ErrNotYours), errors.Is(err, review.ErrBusy):
		return actionWords(err)
	case errors.Is(err, review.ErrOffline):
		return "Nothing was handed out: that a bundle leaves is written into the case first, and the server was not reached. What you chose is still here. Connect with a code, then try again."
	}
	return actionWords(err)
}
