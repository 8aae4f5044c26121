package ui

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"peerwitness/review"
	"peerwitness/vault/codebook"
)

// answerForm is what an answer is written into, on the case's page and on its own.
type answerForm struct {
	URL      string // where it goes, the case's address before it
	Can      bool
	Why      string // when it can't be answered, in words
	Text     string
	Read     int // the person's messages that were shown to the author
	Ready    []readySentence
	Language string   // of the person's page, to write in
	Note     string   // about the language of the ready sentences
	Draft    string   // that nobody has reviewed them
	English  []string // of the ready sentences that stand in Text
	More     bool     // whether Text has anything besides them
	Agreed   agreed
}

// readySentence is one to tick. English is empty where Text is that.
type readySentence struct {
	N               int
	Text, Lang, Dir string
	English         string
}

// answerPage shows an answer before it is sent, or a form with what kept it
// from being sent.
type answerPage struct {
	CaseURL, Ref, Heading string
	Practice              bool
	Desk, Day             string
	Text, Lang            string
	Kept                  string
	Error                 string
	New                   []messageLine // what the person sent since the author began
	Form                  answerForm
	Preview               bool
}

func (p answerPage) title() string {
	switch {
	case p.Error != "":
		return "Error: answer in case " + p.Ref
	case p.Preview:
		return "Read your answer before it goes, case " + p.Ref
	}
	return "Answer in case " + p.Ref
}

// answerOf is the empty form for a case.
func (d *desk) answerOf(c *review.Case) answerForm {
	f := answerForm{URL: "/case/" + c.ID.String() + "/answer", Read: len(c.FollowUps), Agreed: d.agreed(c)}
	if err := c.Answerable(); err != nil {
		f.Why = upper(err.Error()) + "."
		return f
	}
	f.Can = slices.Contains(c.Granted, d.work.Me())
	f.Language = languageName(c.Report.Lang)
	sentences, spoken := readySentences(c.Report.Lang)
	own, _ := readySentences(lang)
	locale, dir := markup(spoken)
	for i, s := range sentences {
		r := readySentence{N: i + 1, Text: s.Text, Lang: locale, Dir: dir}
		if spoken != lang {
			r.English = own[i].Text
		}
		f.Ready = append(f.Ready, r)
	}
	switch {
	case base(c.Report.Lang) != spoken && c.Report.Lang != "":
		f.Note = "There are no ready sentences in the person's language. These are in " + languageName(spoken) + "."
	case !slices.Contains(codebook.Reviewed(), spoken):
		// That the organisation's own texts were reviewed says nothing of these.
		f.Draft = "The ready sentences in " + languageName(spoken) + " are drafts: no native speaker has reviewed them yet."
	}
	return f
}

// composed is the text of a sent form: the ready sentences that were ticked,
// then the author's own words.
func composed(f url.Values, peer string) string {
	sentences, _ := readySentences(peer)
	var parts []string
	for i, s := range sentences {
		if slices.Contains(f["ready"], strconv.Itoa(i+1)) {
			parts = append(parts, s.Text)
		}
	}
	if own := strings.TrimSpace(lines(f.Get("text"))); own != "" {
		parts = append(parts, own)
	}
	return strings.Join(parts, "\n")
}

func (s *Server) answerView(d *desk, c *review.Case, text string, read int) answerPage {
	now := s.cfg.Clock()
	p := answerPage{
		CaseURL: "/case/" + c.ID.String(), Ref: c.ID.String()[:8], Heading: heading(c, d.codes), Practice: c.Practice,
		Desk: deskName(d.work.View(), c.Desk), Day: now.UTC().Format("2 January 2006"), Text: text, Form: d.answerOf(c),
	}
	p.Lang, _ = markup(c.Report.Lang)
	if r := d.work.View().Roster; r != nil {
		p.Kept = plural(r.Policy.AnswersDays, "day", "days")
	}
	p.Form.Text = text
	p.Form.English, p.Form.More = inEnglish(text, c.Report.Lang)
	for _, u := range c.FollowUps[min(read, len(c.FollowUps)):] {
		p.New = append(p.New, messageLine{Text: u.Text, Day: dayWords(u.Day, now), Withdraw: labels(d.codes, "consent", clipList(u.Withdraw, maxShown)), Joined: u.Joined,
			FilesOnly: u.Text == "" && len(u.Withdraw) == 0 && u.Helped == "", Helped: d.helped(u.Helped)})
	}
	return p
}

// readOf is how many messages the form's author had before her.
func readOf(f url.Values) int {
	n, err := strconv.Atoi(f.Get("read"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// previewAnswer shows exactly what the person will read. It sends nothing, and
// "change it" comes back here with what was written.
func (s *Server) previewAnswer(w http.ResponseWriter, r *http.Request, d *desk) {
	c := s.find(w, r, d)
	if c == nil {
		return
	}
	read := readOf(r.PostForm)
	text := composed(r.PostForm, c.Report.Lang)
	p := s.answerView(d, c, text, read)
	status := http.StatusOK
	switch err := c.Answerable(); {
	case err != nil:
		p.Error, status = actionWords(err), http.StatusConflict
	case r.PostForm.Get("do") == "change":
	default:
		if err := review.CheckAnswer(text); err != nil {
			p.Error, status = actionWords(err), http.StatusConflict
			break
		}
		// The author reads what came meanwhile on this very page.
		p.Preview = true
	}
	s.show(w, r, status, "answer", p)
}

// sendAnswer leaves the answer for the person. What keeps it from going is
// shown with the text.
func (s *Server) sendAnswer(w http.ResponseWriter, r *http.Request, d *desk) {
	c := s.find(w, r, d)
	if c == nil {
		return
	}
	back := "/case/" + c.ID.String()
	x := sessionOf(r)
	if !x.once(r.PostForm.Get("form")) {
		http.Redirect(w, r, back, http.StatusSeeOther)
		return
	}
	ctx, cancel := timeoutOf(r)
	defer cancel()
	text, read := lines(r.PostForm.Get("text")), readOf(r.PostForm)
	err := s.answer(ctx, d, c, text, read)
	if err == nil {
		x.setFlash("Your answer is in the desk's box, sealed for the person alone. They read it when they come back with their words.")
		http.Redirect(w, r, back, http.StatusSeeOther)
		return
	}
	if said := waitSaid(err); said != "" {
		x.setFlash(said)
		http.Redirect(w, r, back, http.StatusSeeOther)
		return
	}
	if now, e := d.work.View().Case(c.ID); e == nil {
		c = now
	}
	p := s.answerView(d, c, text, read)
	p.Error = actionWords(err)
	s.show(w, r, statusOf(err), "answer", p)
}

func (s *Server) answer(ctx context.Context, d *desk, c *review.Case, text string, read int) error {
	err := d.work.Answer(ctx, c.ID, text, read)
	d.went(err)
	return err
}

// keptWords says what can honestly be said of an answer that was left.
func keptWords(v *review.View, e review.Entry, now time.Time) string {
	const unknown = "Left in the desk's box, sealed for the person. Nobody here can know whether it was read."
	last, days := v.Kept(e)
	switch {
	case days == 0:
		return unknown
	case now.After(last.AddDate(0, 0, 1)):
		return unknown + " The " + plural(days, "day", "days") + " for which answers are kept ran out on " + last.Format("Mon 2 Jan 2006") + "."
	}
	return unknown + " It is kept there until " + last.Format("Mon 2 Jan 2006") + "; after that day it may be gone."
}
