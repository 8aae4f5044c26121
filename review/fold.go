package review

import (
	"bytes"
	"fmt"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// folding is one run over some of the index that makes cases of it.
type folding struct {
	w         *Workstation
	ix        *index
	cases     []*Case
	reports   map[string]*Case // by the report's own id
	threads   map[string]*Case
	byJournal map[vault.ID]*Case
	seen      map[string]bool // messages' own ids
	quiet     []Quarantined
	others    int // deposits of our desks that are sealed to others
}

// fold makes the cases of some journals and deposits, with which all belongs
// that may lead to them: see cluster. Journals come first, so that whatever a
// colleague took keeps its case, then what nobody has taken, in feed order.
func (w *Workstation) fold(journals []taken, deposits []*deposit) *folding {
	f := &folding{w: w, ix: w.ix, reports: map[string]*Case{}, threads: map[string]*Case{}, byJournal: map[vault.ID]*Case{}, seen: map[string]bool{}}
	for _, t := range journals {
		if j := w.ix.journals[t.id]; j != nil { // nil once it was taken for the figures
			f.journal(j)
		}
	}
	var follows []*deposit
	for _, d := range deposits {
		switch {
		case d.standing == refused:
			f.quiet = append(f.quiet, Quarantined{Pos: d.pos, Kind: vault.KindDeposit, ID: d.id, Desk: d.desk, Day: d.day, Reason: d.reason, Alarm: d.alarm})
		case d.standing == notForUs && d.claimed.IsZero():
			f.others++
		case d.standing != opened || f.held(d):
		case d.follow != nil:
			follows = append(follows, d)
		default:
			f.report(d)
		}
	}
	for _, d := range follows {
		f.followUp(d)
	}
	for _, c := range f.cases {
		w.finish(c)
	}
	return f
}

// held reports whether a case that can be read has taken the deposit in.
func (f *folding) held(d *deposit) bool {
	j := f.ix.journals[d.claimed]
	return j != nil && j.claims[d.id]
}

// journal makes the case of one journal that this person can read.
func (f *folding) journal(j *journal) {
	if len(j.keys) == 0 {
		return // another desk's, or not shared: its deposits speak for it
	}
	c := &Case{
		ID: j.id, Journal: j.id, State: Triage, Origin: FromForm, Readable: true,
		Problems: slices.Clone(j.problems), changed: j.pos, head: j.head, lastRoster: j.lastRoster, epoch: j.epoch, beyond: j.beyond, keys: j.proven, held: j.granted,
	}
	if j.head.Epoch == j.epoch { // else nobody who might has begun it, or this person is not to read on
		c.key = j.proven[j.epoch]
	}
	if j.unread > 0 {
		c.Problems = append(c.Problems, Problem{Text: fmt.Sprintf("%d entries of this case are sealed with a key that you were not given. A lead may have restricted the case to some people.", j.unread)})
	}
	f.byJournal[j.id] = c
	f.cases = append(f.cases, c)
	epoch := uint32(0)
	for _, e := range j.entries {
		if e.epoch != epoch {
			epoch, c.Granted = e.epoch, nil
		}
		c.give(e.grants)
		c.hold(e)
		for _, id := range e.claims {
			if d := f.ix.deposits[id]; d != nil && len(c.Deposits) == 0 {
				c.Arrived = d.day
			}
			c.Deposits = append(c.Deposits, id)
			c.inside = append(c.inside, id)
		}
		f.entry(c, e)
	}
	if c.key == "" {
		c.Granted = nil
	}
}

// give notes who holds the case's key from here on.
func (c *Case) give(people []string) {
	if len(people) > 0 {
		c.Granted = slices.Concat(c.Granted, people)
		slices.Sort(c.Granted)
		c.Granted = slices.Compact(c.Granted)
	}
}

// hold notes in whose hands the case's key is from an entry on.
func (c *Case) hold(e read) {
	for _, p := range e.grants {
		if !slices.ContainsFunc(c.Keys, func(k KeyHeld) bool { return k.Person == p && k.Until.IsZero() }) {
			c.Keys = append(c.Keys, KeyHeld{Person: p, By: e.Author, Since: e.Time})
		}
	}
	for i, k := range c.Keys {
		if k.Until.IsZero() && !slices.Contains(c.Granted, k.Person) {
			c.Keys[i].Until = e.Time
		}
	}
}

// remember makes the case the one that its report and thread lead to.
func (f *folding) remember(c *Case) {
	if id := c.Report.ID; id != "" {
		if other := f.reports[id]; other != nil {
			c.Problems = append(c.Problems, Problem{Alarm: true, Text: "Another case holds the same report; compare the two before acting."})
			return
		}
		f.reports[id] = c
		f.threads[c.Report.Thread.ID] = c
	} else if c.thread != "" && f.threads[c.thread] == nil {
		f.threads[c.thread] = c
	}
}

// report takes in a first word: a report, or a text sealed by hand.
func (f *folding) report(d *deposit) {
	if d.report != nil {
		if c := f.reports[d.report.ID]; c != nil {
			f.attach(c, d)
			c.flag(FlagRepeated)
			return
		}
	}
	c := f.byJournal[d.claimed]
	stolen := c != nil && (c.Report.ID != "" || c.Text != "" || c.Origin == Stray)
	if c == nil || stolen {
		c = &Case{ID: d.id, Desk: d.desk, Arrived: d.day, State: New, Readable: d.claimed.IsZero()}
		f.cases = append(f.cases, c)
	}
	if stolen {
		c.Problems = append(c.Problems, Problem{Alarm: true,
			Text: "The server counts this to another case, and nobody who works on that case signed for it. Tell the operator."})
	}
	f.attach(c, d)
	if c.Report.ID != "" || c.Text != "" {
		return
	}
	c.Desk, c.Arrived = d.desk, d.day
	if d.report != nil {
		c.Origin, c.Report = FromForm, *d.report
	} else {
		c.Origin, c.Text = ByHand, d.text
	}
	f.remember(c)
}

// attach notes that a deposit belongs to the case.
func (f *folding) attach(c *Case, d *deposit) {
	c.Deposits = append(c.Deposits, d.id)
	c.changed = max(c.changed, d.pos)
	if d.claimed.IsZero() && !c.Journal.IsZero() {
		c.Waiting = append(c.Waiting, d.id)
	}
}

// followUp joins a later message to its case, or makes a case of it that is
// marked so. Only the thread's own signature makes it genuine.
func (f *folding) followUp(d *deposit) {
	c := f.threads[d.follow.Thread]
	if holder := f.with(d.follow.Thread, d.desk, c); holder != "" {
		f.passOn(c, d, holder)
		return
	}
	if c == nil {
		c = &Case{ID: d.id, Desk: d.desk, Arrived: d.day, State: New, Origin: Stray, Readable: d.claimed.IsZero(), thread: d.follow.Thread}
		f.cases = append(f.cases, c)
		f.threads[c.thread] = c
	}
	if c.Origin != Stray {
		if !f.w.genuine(c, *d.follow, d.desk) {
			text := "A message says it comes from the same person, and its signature fails. It is not shown as theirs."
			c.Problems = append(c.Problems, Problem{Alarm: true, Text: text})
			f.quiet = append(f.quiet, Quarantined{Pos: d.pos, Kind: vault.KindDeposit, ID: d.id, Desk: d.desk, Day: d.day, Alarm: true,
				Reason: "It says it follows a report that is here, and the signature of that report's sender fails."})
			return
		}
	}
	f.attach(c, d)
	f.message(c, *d.follow, d.id, d.day, !d.claimed.IsZero())
}

// passOn notes a message that is for the holder of a restricted case: that it
// came, and not what it says.
func (f *folding) passOn(c *Case, d *deposit, holder string) {
	if c == nil {
		c = &Case{ID: d.id, Desk: d.desk, Arrived: d.day, State: New, Origin: Stray, thread: d.follow.Thread, With: holder}
		f.cases = append(f.cases, c)
		f.threads[c.thread] = c
	}
	c.With = holder
	c.Deposits = append(c.Deposits, d.id)
	c.changed = max(c.changed, d.pos)
}

// message adds a checked follow-up to the case, once.
func (f *folding) message(c *Case, m seal.FollowUp, deposit vault.ID, day vault.Day, joined bool) {
	if f.seen[m.Message.ID] {
		c.flag(FlagRepeated)
		return
	}
	f.seen[m.Message.ID] = true
	u := FollowUp{ID: m.Message.ID, Deposit: deposit, Day: day, Seq: m.Message.Seq, Text: m.Message.Text, Withdraw: m.Message.Withdraw, Helped: m.Message.Helped, Joined: joined, blobs: map[int][]vault.ID{}, place: len(c.FollowUps)}
	for _, a := range m.Message.Attachments {
		if a.New != nil {
			u.files = append(u.files, a)
		} else {
			u.blobs[a.N] = a.IDs()
		}
	}
	c.FollowUps = append(c.FollowUps, u)
}

func (c *Case) flag(f Flag) {
	if !slices.Contains(c.Flags, f) {
		c.Flags = append(c.Flags, f)
	}
}

// genuine reports whether the sender of the case's report wrote a follow-up.
// Answers are remembered, since every fold asks anew. The caller holds syncing.
func (w *Workstation) genuine(c *Case, m seal.FollowUp, desk string) bool {
	if m.Thread != c.Report.Thread.ID {
		return false
	}
	k := vault.Sum(vault.LP("genuine", []byte(desk), []byte(m.Thread), []byte(m.Body), []byte(m.Sig)))
	ok, known := w.ix.genuine[k]
	if !known {
		ok = m.Verify(desk, c.Report.Thread.ThreadKey()) == nil
		w.ix.genuine[k] = ok
	}
	return ok
}

// order puts urgent cases first, then what waits to be taken or answered, then
// the rest by what changed last; closed ones sink.
func order(cases []*Case) { slices.SortFunc(cases, before) }

func before(a, b *Case) int {
	if d := a.rank() - b.rank(); d != 0 {
		return d
	}
	switch {
	case a.Practice && !b.Practice: // what is real before what is practised
		return 1
	case b.Practice && !a.Practice:
		return -1
	case a.changed > b.changed:
		return -1
	case a.changed < b.changed:
		return 1
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}

func (c *Case) rank() int {
	switch {
	case c.State == Closed && !c.Waits():
		return 9
	case c.Urgent():
		return slices.Index(urgent, c.Urgency)
	case c.State == New:
		return 4
	case c.Waits():
		return 5
	}
	return 6
}

// urgent are the codes that put a case first, the most urgent one first.
var urgent = []string{"danger-now", "in-custody-now", "deadline-soon"}

// Urgent reports whether the case stands before the others.
func (c *Case) Urgent() bool { return c.Open() && slices.Contains(urgent, c.Urgency) }

// Answered reports whether the desk had the last word: it answered, and the
// person has sent nothing since.
func (c *Case) Answered() bool {
	last := ""
	for _, e := range c.Entries {
		if e.Kind == "answer" || e.Kind == "join" {
			last = e.Kind
		}
	}
	return last == "answer" && !c.Waits()
}

// Waits reports whether the person has sent something to a held case that no
// entry of it has taken in yet.
func (c *Case) Waits() bool {
	return !c.Journal.IsZero() && slices.ContainsFunc(c.FollowUps, func(u FollowUp) bool { return !u.Joined })
}
