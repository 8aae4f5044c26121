package review

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"peerwitness/vault"
)

// Task is something that is to be done in a case, with or without a day. Each
// entry about one holds all of it and takes the place of the one before.
type Task struct {
	ID    string `json:"task"` // 32 hex digits, random
	Kind  string `json:"kind"`
	What  string `json:"what"` // in words, at most 500 characters; may be empty but for KindOther
	Day   string `json:"day"`  // YYYY-MM-DD where it happens, or empty
	Hour  string `json:"hour"` // HH:MM there, or empty; only with a day
	Who   string `json:"who"`  // a person's id; empty: whoever holds the case
	State string `json:"state"`
}

// What tasks are, and how they stand. A hearing and a deadline have a day.
const (
	KindHearing  = "hearing"
	KindDeadline = "deadline"
	KindVisit    = "visit"
	KindMedicine = "medicine"
	KindOther    = "other"

	TaskOpen    = "open"
	TaskDone    = "done"
	TaskDropped = "dropped"
)

// TaskKinds are the kinds of tasks, in the order to offer them.
func TaskKinds() []string {
	return []string{KindHearing, KindDeadline, KindVisit, KindMedicine, KindOther}
}

// Custody is that somebody is held, as the desk knows it. The newest entry
// counts. Times are in UTC, to the minute: YYYY-MM-DDTHH:MMZ.
type Custody struct {
	Since    string `json:"since"`    // empty: not known
	Hours    int    `json:"hours"`    // how long the law lets it last without a court, 0: not known
	Place    string `json:"place"`    // at most 200 characters
	Released string `json:"released"` // empty while it lasts
}

// Risk is what a peer worker risks by this case, and what is done about it. The
// newest entry counts.
type Risk struct {
	Of   []string `json:"of"`   // codes of RisksOf, sorted
	Done []string `json:"done"` // codes of RisksDone, sorted
	Text string   `json:"text"`
	Over bool     `json:"over"`
}

var (
	risksOf   = []string{"arrest", "exposure", "family", "job", "violence"}
	risksDone = []string{"legal-support", "moved-to-safety", "psychosocial", "salary-while-detained", "work-paused"}
)

// RisksOf are the codes of what a peer worker may risk.
func RisksOf() []string { return slices.Clone(risksOf) }

// RisksDone are the codes of what can be done about it.
func RisksDone() []string { return slices.Clone(risksDone) }

// Bounds of these entries.
const (
	maxCare     = 8 << 10 // bytes of JSON
	maxTask     = 500     // characters
	maxTasks    = 200     // of one case
	maxHours    = 24 * 366
	careMinutes = "2006-01-02T15:04Z"
)

// NewTaskID makes the id of a task that is new.
func NewTaskID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func parseTask(b []byte) (t Task, err error) {
	return t, parseCare(b, &t, func() error { return t.check() })
}

func parseCustody(b []byte) (k Custody, err error) {
	return k, parseCare(b, &k, func() error { return k.check() })
}

func parseRisk(b []byte) (r Risk, err error) {
	return r, parseCare(b, &r, func() error { return r.check() })
}

// parseCare reads data of which there is one way to write it: every key, in
// the struct's order.
func parseCare(b []byte, v any, check func() error) error {
	if len(b) > maxCare || canonical(b, v) != nil || check() != nil {
		return errBody
	}
	return nil
}

func (t Task) check() error {
	_, day := time.Parse(time.DateOnly, t.Day)
	_, hour := time.Parse("15:04", t.Hour)
	switch {
	case !isHex(t.ID, 16), !slices.Contains(TaskKinds(), t.Kind), t.State != TaskOpen && t.State != TaskDone && t.State != TaskDropped:
		return errBody
	case t.Who != "" && !personForm.MatchString(t.Who):
		return errBody
	case !inOneLine(t.What, maxTask):
		return notLegal("what is to be done is longer than 500 characters, or has characters that can't be shown")
	case t.Kind == KindOther && t.What == "":
		return notLegal("say what is to be done")
	case t.Day != "" && day != nil, t.Hour != "" && (hour != nil || len(t.Hour) != len("15:04") || t.Day == ""):
		return notLegal("the day or the hour can't be read")
	case t.Day == "" && (t.Kind == KindHearing || t.Kind == KindDeadline):
		return notLegal("a hearing and a deadline need their day")
	}
	return nil
}

func (k Custody) check() error {
	since, err := minute(k.Since)
	released, wrong := minute(k.Released)
	switch {
	case err != nil, wrong != nil:
		return notLegal("the day or the hour can't be read")
	case k.Hours < 0 || k.Hours > maxHours:
		return notLegal("give the hours that the law allows as a number, or leave it empty")
	case !inOneLine(k.Place, maxName):
		return notLegal("the place is longer than 200 characters, or has characters that can't be shown")
	case k.Released != "" && k.Since != "" && released.Before(since):
		return notLegal("the release is before the arrest: look at the days and hours")
	}
	return nil
}

func (r Risk) check() error {
	switch {
	case !codesOf(r.Of, risksOf), !codesOf(r.Done, risksDone), r.Of == nil, r.Done == nil:
		return errBody
	case len(r.Text) > maxText>>6 || !plainText(strings.ReplaceAll(r.Text, "\n", " ")):
		return notLegal("the text is too long, or has characters that can't be shown")
	case len(r.Of) == 0 && r.Text == "" && !r.Over:
		return notLegal("say what the risk is")
	}
	return nil
}

func codesOf(list, known []string) bool {
	for i, c := range list {
		if !slices.Contains(known, c) || i > 0 && list[i-1] >= c {
			return false
		}
	}
	return true
}

// minute reads a time to the minute; the empty one is the zero time.
func minute(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(careMinutes, s)
}

// AtMinute is a time as a Custody holds it.
func AtMinute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(careMinutes)
}

func inOneLine(s string, most int) bool {
	return utf8.RuneCountInString(s) <= most && plainText(s) && !strings.Contains(s, "\n")
}

// Held reports whether somebody is held now, as far as the desk knows: since
// when, and when the time runs out that the law allows. Either is zero when it
// is not known.
func (c *Case) Held() (since, ends time.Time, held bool) {
	if c.Custody == nil {
		return since, ends, c.Open() && (c.Urgency == "in-custody-now" || c.Report.Answers.Custody != nil)
	}
	since, _ = minute(c.Custody.Since) // checked when it was read
	if !since.IsZero() && c.Custody.Hours > 0 {
		ends = since.Add(time.Duration(c.Custody.Hours) * time.Hour)
	}
	return since, ends, c.Custody.Released == ""
}

// setUrgency is what the person said of it, but for what the desk has learnt
// since of somebody's being held.
func (c *Case) setUrgency() {
	c.Urgency = c.Report.Answers.Urgency
	switch {
	case c.Custody == nil || c.Urgency == "danger-now":
	case c.Custody.Released == "":
		c.Urgency = "in-custody-now"
	case c.Urgency == "in-custody-now":
		c.Urgency = "not-urgent"
	}
}

// Due is when a task is due in a place: the end of its day where no hour is
// given. ok is false for a task without a day.
func (t Task) Due(at *time.Location) (due time.Time, ok bool) {
	if t.Day == "" {
		return time.Time{}, false
	}
	if t.Hour != "" {
		due, err := time.ParseInLocation("2006-01-02 15:04", t.Day+" "+t.Hour, at)
		return due, err == nil
	}
	due, err := time.ParseInLocation(time.DateOnly, t.Day, at)
	return due.AddDate(0, 0, 1), err == nil
}

// OpenTasks are those still to be done, the first due first and those without
// a day last.
func (c *Case) OpenTasks() []Task {
	var out []Task
	for _, t := range c.Tasks {
		if t.State == TaskOpen {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b Task) int {
		if (a.Day == "") != (b.Day == "") {
			return strings.Compare(b.Day, a.Day)
		}
		return strings.Compare(a.Day+" "+a.Hour, b.Day+" "+b.Hour)
	})
	return out
}

// Overdue reports whether something of an open case should have been done by
// now, in the workstation's own place.
func (c *Case) Overdue(now time.Time) bool {
	return c.Open() && slices.ContainsFunc(c.Tasks, func(t Task) bool {
		due, ok := t.Due(now.Location())
		return t.State == TaskOpen && ok && due.Before(now)
	})
}

// SetTask writes a task into a case, a new one or one that changed.
// ErrNotLegal.
func (w *Workstation) SetTask(ctx context.Context, id vault.ID, t Task) error {
	t.What = strings.Join(strings.Fields(t.What), " ")
	return w.act(ctx, id, "task", t, func(c *Case, _ bool) error { return c.canSetTask(t) })
}

func (c *Case) canSetTask(t Task) error {
	if err := t.check(); err != nil {
		return err
	}
	at := c.task(t.ID)
	switch {
	case at < 0 && len(c.Tasks) >= maxTasks:
		return notLegal("this case has too many tasks")
	case at >= 0 && c.Tasks[at] == t:
		return notLegal("that is how the task stands already")
	case t.Who != "" && (at < 0 || c.Tasks[at].Who != t.Who) && !slices.Contains(c.Granted, t.Who):
		return notLegal("that person does not hold this case's key")
	}
	return nil
}

func (c *Case) task(id string) int {
	return slices.IndexFunc(c.Tasks, func(t Task) bool { return t.ID == id })
}

// setTask applies a task entry.
func (c *Case) setTask(t Task) error {
	if err := c.canSetTask(t); err != nil {
		return err
	}
	c.Tasks = slices.Clone(c.Tasks)
	if at := c.task(t.ID); at >= 0 {
		c.Tasks[at] = t
	} else {
		c.Tasks = append(c.Tasks, t)
	}
	return nil
}

// SetCustody writes down that somebody is held, or was released. ErrNotLegal.
func (w *Workstation) SetCustody(ctx context.Context, id vault.ID, k Custody) error {
	k.Place = strings.Join(strings.Fields(k.Place), " ")
	return w.act(ctx, id, "custody", k, func(c *Case, _ bool) error {
		if c.Custody != nil && *c.Custody == k {
			return notLegal("that is what the case says already")
		}
		return k.check()
	})
}

// SetRisk writes down what a peer worker risks and what is done. ErrNotLegal.
func (w *Workstation) SetRisk(ctx context.Context, id vault.ID, r Risk) error {
	r.Text = strings.TrimSpace(r.Text)
	for _, list := range []*[]string{&r.Of, &r.Done} {
		*list = full(slices.Clone(*list))
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return w.act(ctx, id, "risk", r, func(*Case, bool) error { return r.check() })
}
