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
	"peerwitness/vault"
)

// carePart is what a case's page has for looking after people: who is held,
// what is to be done by when, what the peer worker risks, and other cases.
type carePart struct {
	Held     *heldNow
	Tasks    []taskLine
	Finished []taskLine
	Risk     *riskNow
	Care     []flowForm // new task, custody, risk
	Related  []relatedLine
	Similar  []relatedLine
	Merged   []mergedCase // told here as well
}

type heldNow struct {
	Text  string
	Alarm bool
}

type taskLine struct {
	What, Due, Who string
	Late           bool
	Forms          []flowForm
}

type riskNow struct {
	Of, Done []string
	Text     string
	Over     bool
}

type relatedLine struct {
	URL, Text, Why string
	Forms          []flowForm
}

// mergedCase is another case in which the same thing was told, with its words.
type mergedCase struct {
	URL, Ref, Words, Lang, Arrived string
	Messages                       []messageLine
}

// Words for what the codebook has no list of.
var (
	taskWords = map[string]string{review.KindHearing: "Hearing", review.KindDeadline: "Deadline", review.KindVisit: "Visit or accompaniment",
		review.KindMedicine: "Bring medicine", review.KindOther: "Something else"}
	riskWords = map[string]string{"arrest": "arrest", "exposure": "being exposed", "family": "family or children", "job": "losing work", "violence": "violence"}
	doneWords = map[string]string{"legal-support": "a lawyer for them", "moved-to-safety": "moved to safety", "psychosocial": "psychosocial help",
		"salary-while-detained": "salary while detained", "work-paused": "outreach work paused"}
	shareWords = map[string]string{review.SameNumber: "the same number", review.SameName: "the same name", review.SameUnit: "the same unit or station",
		review.SamePlace: "the same place", review.SameDays: "the same days and region"}
)

// local is the form in which a browser's field holds a day and an hour.
const local = "2006-01-02T15:04"

// care fills that part of the page in.
func (d *desk) care(c *review.Case, v *review.View, now time.Time) carePart {
	p := carePart{Held: heldWords(c, now)}
	write, partner := d.canWrite(c), d.work.Partner() && !v.Ended[c.Journal]
	for _, t := range c.OpenTasks() {
		p.Tasks = append(p.Tasks, d.taskLine(c, v, t, now, write || partner && t.Who == d.work.Me()))
	}
	for _, t := range c.Tasks {
		if t.State != review.TaskOpen {
			p.Finished = append(p.Finished, d.taskLine(c, v, t, now, write || partner && t.Who == d.work.Me()))
		}
	}
	if r := c.Risk; r != nil {
		p.Risk = &riskNow{worded(riskWords, r.Of), worded(doneWords, r.Done), r.Text, r.Over}
	}
	d.others(&p, c, v, now, write)
	if write {
		p.Care = d.careForms(c, v)
	} else if partner && c.SharedWith(d.work.Me()) {
		p.Care = []flowForm{d.taskForm(c, v, review.Task{Who: d.work.Me()})}
	}
	return p
}

func worded(words map[string]string, codes []string) []string {
	out := make([]string, 0, len(codes))
	for _, x := range codes {
		out = append(out, words[x])
	}
	return out
}

// heldWords says for how long somebody has been held, and what is left.
func heldWords(c *review.Case, now time.Time) *heldNow {
	since, ends, held := c.Held()
	switch {
	case c.Custody != nil && !held:
		at, err := time.Parse("2006-01-02T15:04Z", c.Custody.Released)
		if err != nil {
			return nil
		}
		return &heldNow{Text: "Released " + at.Local().Format("Mon 2 Jan 2006 15:04") + "."}
	case !held:
		return nil
	case since.IsZero():
		return &heldNow{Text: "Held. Since when is not written down: hours can matter.", Alarm: true}
	}
	h := &heldNow{Text: "Held for " + span(now.Sub(since)) + ", since " + since.Local().Format("Mon 2 Jan 2006 15:04") + "."}
	if c.Custody.Place != "" {
		h.Text += " " + c.Custody.Place + "."
	}
	if !ends.IsZero() {
		left := ends.Sub(now)
		h.Alarm = left < 12*time.Hour
		if left < 0 {
			h.Text += " The " + plural(c.Custody.Hours, "hour", "hours") + " that the law allows ran out " + span(-left) + " ago, on " + ends.Local().Format("Mon 2 Jan 15:04") + "."
		} else {
			h.Text += " The " + plural(c.Custody.Hours, "hour", "hours") + " that the law allows end in " + span(left) + ", on " + ends.Local().Format("Mon 2 Jan 15:04") + "."
		}
	}
	return h
}

// span is a length of time in hours, or in days when it is long.
func span(d time.Duration) string {
	switch hours := int(d.Hours()); {
	case d < time.Hour:
		return plural(max(int(d.Minutes()), 0), "minute", "minutes")
	case hours < 72:
		return plural(hours, "hour", "hours")
	default:
		return plural(hours/24, "day", "days")
	}
}

func (d *desk) taskLine(c *review.Case, v *review.View, t review.Task, now time.Time, write bool) taskLine {
	x := taskLine{What: taskText(t), Due: dueWords(t, now)}
	if due, ok := t.Due(time.Local); ok && due.Before(now) && t.State == review.TaskOpen && c.Open() {
		x.Late = true
	}
	if t.Who != "" {
		x.Who = v.Name(t.Who)
	}
	if !write {
		return x
	}
	hidden := map[string]string{"task": t.ID}
	button := func(id, verb, state string) {
		h := map[string]string{"state": state}
		for k, val := range hidden {
			h[k] = val
		}
		x.Forms = append(x.Forms, flowForm{ID: id + "-" + t.ID[:8], URL: "/case/" + c.ID.String() + "/task/state", Verb: verb, Hidden: h})
	}
	if t.State == review.TaskOpen {
		button("done", "Done", review.TaskDone)
		button("drop", "Not needed any more", review.TaskDropped)
		f := d.taskForm(c, v, t)
		f.ID, f.Verb = "task-"+t.ID[:8], "Change it"
		if f.Hidden == nil {
			f.Hidden = map[string]string{}
		}
		f.Hidden["task"] = t.ID
		x.Forms = append(x.Forms, f)
	} else {
		button("open", "Open again", review.TaskOpen)
	}
	return x
}

func taskText(t review.Task) string {
	switch {
	case t.What == "":
		return taskWords[t.Kind]
	case t.Kind == review.KindOther:
		return t.What
	}
	return taskWords[t.Kind] + ": " + t.What
}

func dueWords(t review.Task, now time.Time) string {
	if t.Day == "" {
		return ""
	}
	s := dateWords(t.Day, now)
	if t.Hour != "" {
		s += " at " + t.Hour
	}
	return s
}

func (d *desk) taskForm(c *review.Case, v *review.View, t review.Task) flowForm {
	f := flowForm{ID: "task", URL: "/case/" + c.ID.String() + "/task", Verb: "Add a task or a deadline"}
	kinds := make([]option, 0, 5)
	for _, k := range review.TaskKinds() {
		kinds = append(kinds, option{Value: k, Label: taskWords[k], Chosen: k == t.Kind})
	}
	who := append(colleagues(c, v, ""), partnersOf(c, v)...)
	for i := range who {
		who[i].Chosen = who[i].Value == t.Who
	}
	f.Fields = []flowField{
		{Name: "kind", Label: "What kind", Kind: "select", Must: true, Options: kinds},
		{Name: "what", Label: "What is to be done", Kind: "text", Value: t.What},
		{Name: "day", Label: "Day", Kind: "date", Value: t.Day}, {Name: "hour", Label: "Hour", Kind: "time", Value: t.Hour},
		{Name: "who", Label: "Who does it", Kind: "select", Options: who, Hint: "Without a name it is for whoever holds the case."},
	}
	if d.work.Partner() { // hers are her own
		f.Fields = slices.DeleteFunc(f.Fields, func(x flowField) bool { return x.Name == "who" })
		f.Hidden = map[string]string{"who": d.work.Me()}
	}
	return f
}

func (d *desk) careForms(c *review.Case, v *review.View) []flowForm {
	base := "/case/" + c.ID.String()
	k, r := review.Custody{}, review.Risk{}
	if c.Custody != nil {
		k = *c.Custody
	} else if told := c.Report.Answers.Custody; told != nil {
		k.Place = strings.Join(strings.Fields(excerpt(told.Place, 200)), " ")
	}
	if c.Risk != nil {
		r = *c.Risk
	}
	hours := ""
	if k.Hours > 0 {
		hours = itoa(k.Hours)
	}
	held := flowForm{ID: "custody", URL: base + "/custody", Verb: "Write down that somebody is held, or was released", Fields: []flowField{
		{Name: "since", Label: "Held since", Kind: "datetime-local", Value: asLocal(k.Since)},
		{Name: "hours", Label: "Hours that the law allows without a court", Kind: "number", Value: hours},
		{Name: "place", Label: "Where", Kind: "text", Value: k.Place},
		{Name: "released", Label: "Released", Kind: "datetime-local", Value: asLocal(k.Released), Hint: "Days and hours as this computer's clock has them."},
	}}
	risk := flowForm{ID: "risk", URL: base + "/risk", Verb: "Write down what a peer worker risks", Hint: "Whoever brought this in may be the next to be harmed. Say what, and what is done about it.", Fields: []flowField{
		{Name: "of", Label: "What they risk", Kind: "ticks", Options: ticks(review.RisksOf(), riskWords, r.Of)},
		{Name: "done", Label: "What is done about it", Kind: "ticks", Options: ticks(review.RisksDone(), doneWords, r.Done)},
		{Name: "text", Label: "In words", Kind: "area", Value: r.Text},
		{Name: "over", Label: "Over", Kind: "ticks", Options: []option{{Value: "yes", Label: "The danger is over", Chosen: r.Over}}},
	}}
	return []flowForm{d.taskForm(c, v, review.Task{}), held, risk}
}

func ticks(codes []string, words map[string]string, chosen []string) []option {
	out := make([]option, 0, len(codes))
	for _, x := range codes {
		out = append(out, option{Value: x, Label: upper(words[x]), Chosen: slices.Contains(chosen, x)})
	}
	return out
}

func asLocal(utc string) string {
	t, err := time.Parse("2006-01-02T15:04Z", utc)
	if err != nil {
		return ""
	}
	return t.Local().Format(local)
}

// others fills in the cases that this one has to do with, or may have.
func (d *desk) others(p *carePart, c *review.Case, v *review.View, now time.Time, write bool) {
	base := "/case/" + c.ID.String() + "/relation"
	form := func(id, verb string, o *review.Case, as string) flowForm {
		return flowForm{ID: id + "-" + o.ID.String()[:8], URL: base, Verb: verb, Hidden: map[string]string{"case": o.ID.String(), "as": as}}
	}
	for _, r := range v.Related(c) {
		x := relatedLine{Text: "Case " + r.Journal.String()[:8] + ", which you can't read", Why: "related"}
		if r.Case != nil {
			x.URL, x.Text = "/case/"+r.Case.ID.String(), caseText(d, r.Case)
		}
		switch {
		case r.As == review.AsDuplicate && r.Back:
			x.Why = "told there as well, and merged into this one"
			if r.Case != nil {
				p.Merged = append(p.Merged, d.merged(r.Case, now))
			}
		case r.As == review.AsDuplicate:
			x.Why = "this case is merged into it"
		}
		if write && r.Case != nil && !r.Back {
			x.Forms = append(x.Forms, form("unrelate", "Take this back", r.Case, review.AsUnrelated))
		}
		p.Related = append(p.Related, x)
	}
	if !write {
		return
	}
	for _, s := range v.Similar(c) {
		x := relatedLine{URL: "/case/" + s.Case.ID.String(), Text: caseText(d, s.Case), Why: strings.Join(worded(shareWords, s.Why), ", ")}
		if !s.Case.Journal.IsZero() {
			x.Forms = append(x.Forms, form("relate", "They belong together", s.Case, review.AsRelated),
				form("merge", "The same thing told twice: merge this case into that one", s.Case, review.AsDuplicate), form("apart", "They don’t", s.Case, review.AsUnrelated))
		}
		p.Similar = append(p.Similar, x)
	}
}

func caseText(d *desk, c *review.Case) string {
	return "Case " + c.ID.String()[:8] + ": " + heading(c, d.codes)
}

func (d *desk) merged(c *review.Case, now time.Time) mergedCase {
	m := mergedCase{URL: "/case/" + c.ID.String(), Ref: c.ID.String()[:8], Words: ownWords(c), Lang: c.Report.Lang, Arrived: dayWords(c.Arrived, now)}
	for _, u := range c.FollowUps {
		m.Messages = append(m.Messages, messageLine{Text: u.Text, Day: dayWords(u.Day, now), FilesOnly: u.Text == "", Withdraw: labels(d.codes, "consent", clipList(u.Withdraw, maxShown)), Joined: true, Helped: d.helped(u.Helped)})
	}
	return m
}

// careWords says in the history what an entry of this part did.
func (d *desk) careWords(v *review.View, e review.Entry, now time.Time) (what, text string) {
	switch e.Kind {
	case "task":
		switch e.Task.State {
		case review.TaskDone:
			what = "did what was to be done"
		case review.TaskDropped:
			what = "dropped what was to be done"
		default:
			what = "wrote down what is to be done"
		}
		text = taskText(e.Task)
		if due := dueWords(e.Task, now); due != "" {
			text += "\n" + due
		}
		if e.Task.Who != "" {
			text += "\n" + v.Name(e.Task.Who)
		}
	case "custody":
		if what = "wrote down that somebody is held"; e.Custody.Released != "" {
			what = "wrote down that somebody was released"
		}
		h := heldWords(&review.Case{Custody: &e.Custody}, e.Time)
		if h != nil {
			text = h.Text
		}
	case "risk":
		if what = "wrote down what a peer worker risks"; e.Risk.Over {
			what = "wrote down that the danger to a peer worker is over"
		}
		text = strings.Join(slices.DeleteFunc([]string{strings.Join(worded(riskWords, e.Risk.Of), ", "), strings.Join(worded(doneWords, e.Risk.Done), ", "), e.Risk.Text}, func(s string) bool { return s == "" }), "\n")
	case "relation":
		ref := "case " + e.Relation.Case[:8]
		what = map[string]string{review.AsRelated: "wrote down that this belongs together with " + ref, review.AsDuplicate: "merged this case into " + ref,
			review.AsUnrelated: "wrote down that this has nothing to do with " + ref}[e.Relation.As]
	}
	return what, text
}

func (s *Server) task(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "It is in the case’s list.", func(ctx context.Context, c *review.Case) error {
		f := r.PostForm
		t := review.Task{ID: f.Get("task"), Kind: f.Get("kind"), What: lines(f.Get("what")), Day: f.Get("day"), Hour: f.Get("hour"), Who: f.Get("who"), State: review.TaskOpen}
		if t.ID == "" {
			t.ID = review.NewTaskID()
		}
		return d.work.SetTask(ctx, c.ID, t)
	})
}

func (s *Server) taskState(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "The list was changed.", func(ctx context.Context, c *review.Case) error {
		for _, t := range c.Tasks {
			if t.ID == r.PostForm.Get("task") {
				t.State = r.PostForm.Get("state")
				return d.work.SetTask(ctx, c.ID, t)
			}
		}
		return d.work.SetTask(ctx, c.ID, review.Task{}) // refused with a reason
	})
}

func (s *Server) custody(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "It is in the case.", func(ctx context.Context, c *review.Case) error {
		k, err := custodyOf(r.PostForm)
		if err != nil {
			return err
		}
		return d.work.SetCustody(ctx, c.ID, k)
	})
}

func custodyOf(f url.Values) (review.Custody, error) {
	k := review.Custody{Place: lines(f.Get("place"))}
	for field, into := range map[string]*string{"since": &k.Since, "released": &k.Released} {
		said := f.Get(field)
		if said == "" {
			continue
		}
		t, err := time.ParseInLocation(local, said, time.Local)
		if err != nil {
			*into = said // which no case takes: the reason names it
			continue
		}
		*into = review.AtMinute(t)
	}
	if h := strings.TrimSpace(f.Get("hours")); h != "" {
		n, err := strconv.Atoi(h)
		if err != nil {
			n = -1
		}
		k.Hours = n
	}
	return k, nil
}

func (s *Server) risk(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "It is in the case.", func(ctx context.Context, c *review.Case) error {
		f := r.PostForm
		return d.work.SetRisk(ctx, c.ID, review.Risk{Of: f["of"], Done: f["done"], Text: lines(f.Get("text")), Over: f.Get("over") == "yes"})
	})
}

func (s *Server) relation(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "It is in the case.", func(ctx context.Context, c *review.Case) error {
		other, err := vault.ParseID(r.PostForm.Get("case"))
		if err != nil {
			return review.ErrNoCase
		}
		return d.work.Relate(ctx, c.ID, other, r.PostForm.Get("as"))
	})
}
