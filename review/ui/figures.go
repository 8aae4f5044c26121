package ui

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"peerwitness/review"
	"peerwitness/review/figures"
	"peerwitness/vault/roster"
)

// figuresPage is where keepers make figures. No count is on it but what the
// public sees.
type figuresPage struct {
	Offline    bool
	Error      string
	Reasons    []string // why the gate refused
	Problems   []review.Problem
	Founded    bool
	Holder     bool
	Renew      bool
	Keepers    []string // who hold the key, or would
	FewKeepers bool
	Periods    []periodRow // the one to act on first
	Programmes []programmeRow
	Propose    *proposal
	Version    int // of the next programme
}

// periodRow is a period and what can be done with it.
type periodRow struct {
	URL, Name, Days  string
	State, Why       string
	Close, Sign      bool
	Publish, Preview bool
	Signed           []string
	SignedByMe       bool
	Headline         string
}

// programmeRow is a programme as people read it before they sign.
type programmeRow struct {
	Hash, Short, Name string
	State             string
	InForce, Sign     bool
	By                []string
	Facts             []fact
	Lists             []fact
}

// proposal is the form for a programme.
type proposal struct {
	Begin   []option
	Planned string
	Sources []sourceField
	Faults  []formFault
	Open    bool
}

// Fault is what is wrong with a field, or empty.
func (p proposal) Fault(id string) string {
	for _, f := range p.Faults {
		if f.ID == id {
			return f.Text
		}
	}
	return ""
}

type sourceField struct{ ID, Lang, Label, Value string }

func (p figuresPage) title() string {
	if p.Error != "" || p.Propose != nil && len(p.Propose.Faults) > 0 {
		return "Error: figures"
	}
	return "Figures"
}

func (s *Server) figuresPage(w http.ResponseWriter, r *http.Request, d *desk) {
	s.pageSync(d)
	if !d.keeps() {
		s.notFound(w, r)
		return
	}
	s.show(w, r, http.StatusOK, "figures", s.figuresView(d))
}

// keeps reports whether this person works on figures.
func (d *desk) keeps() bool {
	f := d.work.Figures()
	return f != nil && f.Keeper
}

func (s *Server) figuresView(d *desk) figuresPage {
	v, f, now := d.work.View(), d.work.Figures(), s.cfg.Clock()
	p := figuresPage{Offline: !d.connection(now).SignedIn}
	if f == nil || v.Roster == nil {
		return p // locked meanwhile, or the list of people has run out
	}
	p.Problems, p.Founded, p.Holder, p.Renew, p.Version = f.Problems, f.Founded, f.Holder, f.Renew, 1
	if !f.Founded {
		for _, x := range v.Roster.People {
			if x.Has(roster.Keeper) {
				p.Keepers = append(p.Keepers, x.Name)
			}
		}
		p.FewKeepers = len(p.Keepers) < 2
		return p
	}
	for _, id := range f.Keepers {
		p.Keepers = append(p.Keepers, v.Name(id))
	}
	if !f.Holder {
		return p
	}
	for _, x := range f.Programmes {
		p.Programmes = append(p.Programmes, programmeRowOf(x, v, d.work.Me()))
		p.Version = max(p.Version, x.Programme.Version+1)
	}
	for _, x := range f.Periods {
		p.Periods = append(p.Periods, periodRowOf(x, f, v, d.work.Me(), now))
	}
	slices.Reverse(p.Periods)
	form := newProposal(f, now)
	p.Propose = &form
	return p
}

func names(v *review.View, people []string) []string {
	var out []string
	for _, id := range people {
		out = append(out, v.Name(id))
	}
	return out
}

// periodRowOf says where a period stands, what comes next, and why not yet.
func periodRowOf(x review.FiguresPeriod, f *review.FiguresView, v *review.View, me string, now time.Time) periodRow {
	every := ""
	for _, p := range f.Programmes {
		if p.Hash == x.Programme {
			every = p.Programme.Every
		}
	}
	row := periodRow{URL: "/figures/" + x.Period, Name: figures.PeriodLabel(lang, every, x.Period), Signed: names(v, x.Signed), SignedByMe: slices.Contains(x.Signed, me)}
	row.Days = shortDay(x.From) + " to " + shortDay(x.Until)
	opens := dateWords(string(x.Opens), now)
	switch x.Status {
	case review.PeriodRuns:
		row.State = "Still going on"
		row.Why = "It can be closed from " + dateWords(string(nextDay(x.Until)), now) + ", and its figures can go out from " + opens + "."
	case review.PeriodOver:
		row.State, row.Close = "Over, not closed", x.Next
		if x.Next {
			row.Why = "Cases that were closed by its last day are in it. Late ones go into the next period. Once closed, nothing in it changes. Its figures can go out from " + opens + "."
			if slices.ContainsFunc(f.Periods, func(p review.FiguresPeriod) bool { return p.Status == review.PeriodClosed }) {
				row.Why += " Publish the one before it first if you can: closing moves the ledger on, and what was signed must be signed again."
			}
		} else {
			row.Why = "Close the periods before it first. A thin period is counted too: leaving it out would say something."
		}
	case review.PeriodClosed:
		row.Preview = x.Release != nil
		if x.Release != nil {
			row.Headline = x.Release.Headline[lang]
		}
		early := f.Today < x.Opens
		lacking := figures.Signers - len(x.Signed)
		row.Sign, row.Publish = !row.SignedByMe && x.Release != nil, !early && lacking <= 0
		row.State = "Closed"
		var why []string
		if lacking > 0 {
			why = append(why, fmt.Sprintf("Two people sign what will be published, each on their own computer; %s lacking.", plural(lacking, "signature is", "signatures are")))
		}
		if early {
			why = append(why, "It can go out from "+opens+": two weeks are left for people to take their consent back and for you to look.")
		}
		row.Why = strings.Join(why, " ")
	case review.PeriodPublished:
		row.State, row.Preview, row.Headline = "Published", true, x.Release.Headline[lang]
		row.Why = "It is public since " + dayWords(x.Day, now) + ", and is never changed."
	}
	return row
}

func programmeRowOf(x review.FiguresProgramme, v *review.View, me string) programmeRow {
	p := x.Programme
	row := programmeRow{Hash: x.Hash.String(), Short: x.Hash.String()[:16], Name: "Programme " + p.ID + ", version " + itoa(p.Version), InForce: x.InForce, By: names(v, x.By),
		State: "Proposed", Sign: !slices.Contains(x.By, me)}
	if x.InForce {
		row.State = "In force"
	}
	one := func(label string, values ...string) {
		row.Facts = append(row.Facts, fact{Label: label, Values: values})
	}
	one("Counted", upper(everyWords(p.Every))+", beginning with "+figures.PeriodLabel(lang, p.Every, p.First))
	one("Decided", shortDay(p.Decided))
	one("Planned from", p.Planning[lang])
	var tables []string
	for _, t := range p.Tables {
		tables = append(tables, t.Titles[lang]+" (planned for at least "+itoa(t.Planned)+" people in each cell)")
	}
	one("Tables", tables...)
	one("Safety", "Random noise on every number, noughts too; nothing under "+itoa(p.Method.Mask)+" is shown; the rest is rounded to "+itoa(p.Method.Round)+"s.")
	for _, d := range p.Dimensions {
		var codes []string
		for _, c := range d.Codes {
			codes = append(codes, c.Labels[lang])
		}
		row.Lists = append(row.Lists, fact{Label: d.Labels[lang], Values: []string{strings.Join(codes, "; ")}})
	}
	return row
}

func everyWords(every string) string {
	switch every {
	case figures.Monthly:
		return "every month"
	case figures.Quarterly:
		return "every quarter"
	case figures.HalfYearly:
		return "every half-year"
	}
	return "every year"
}

func nextDay(d figures.Day) figures.Day {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return figures.DayOf(t.AddDate(0, 0, 1))
}

func shortDay(d figures.Day) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	return t.Format("2 Jan 2006")
}

// countedPart is what a case's page says of it in the figures.
type countedPart struct {
	State, Text string
	Verb        string // of the button, empty when there is nothing to do
	Rules       bool
	Shown       bool
}

// counted says how far a case has come into the figures.
func (d *desk) counted(c *review.Case) countedPart {
	p := countedPart{Shown: d.canWrite(c)}
	due, why := d.work.CountDue(c)
	k := c.Counted
	f := d.work.Figures()
	switch {
	case c.Practice:
		p.State, p.Text = "Not counted", "This is a practice report, and those are never counted."
	case k.Record == nil && (f == nil || !f.Founded):
		p.State, p.Text = "Not counted yet", "The figures journal has not been founded. A keeper does that, once; then coded cases are counted when they close."
	case k.Record == nil && why != nil:
		p.State, p.Text = "Not counted", upper(why.Error())+"."
	case k.Record == nil && due:
		p.State, p.Text, p.Verb = "To be counted", "The case is closed and the person agreed to be counted.", "Count it now"
	case k.Record == nil:
		p.State, p.Text, p.Verb, p.Rules = "Not counted yet", "It is counted by itself when it closes. Count it now only if what you coded will hardly change.", "Count it now", true
	case k.Entry.IsZero():
		p.State, p.Text, p.Verb = "On its way", "What is counted stands in the case and has not reached the figures. It goes with the next step here.", "Send it now"
	case due:
		p.State, p.Text, p.Verb = "Counted, and changed since", "What was counted is not what the case says now. It goes with the next step here.", "Bring the figures up to date"
	case !k.Record.CountMe:
		p.State, p.Text = "Taken out", "The case may not be counted any more. It is out of every period that was not closed by then; what is already published is never changed."
	default:
		p.State, p.Rules = "Counted", true
		p.Text = "Its coding was frozen for the figures on " + shortDay(k.Record.Frozen) + "."
	}
	return p
}

func (d *desk) canFigure() bool { f := d.work.Figures(); return f != nil && f.Keeper && f.Holder }

// newProposal is the form as it begins: the next half-years and quarters.
func newProposal(f *review.FiguresView, now time.Time) proposal {
	p := proposal{Planned: "20"}
	for _, every := range []string{figures.HalfYearly, figures.Quarterly} {
		day := f.Today
		for range 2 {
			_, until, err := figures.Window(every, figures.PeriodOf(every, day))
			if err != nil {
				break
			}
			day = nextDay(until)
			period := figures.PeriodOf(every, day)
			p.Begin = append(p.Begin, option{Value: every + "/" + period, Label: upper(everyWords(every)) + ", beginning with " + figures.PeriodLabel(lang, every, period)})
		}
	}
	for _, l := range figures.PageLanguages() {
		p.Sources = append(p.Sources, sourceField{ID: "planning-" + l, Lang: l, Label: "The public figure that the planned counts come from, in " + languageName(l)})
	}
	return p
}
