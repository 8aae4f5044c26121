package review

import (
	"cmp"
	"fmt"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// entry applies one accepted entry to its case. Every author checks a step
// before writing it, and every reader again: one that is not legal where it
// stands is shown as a problem and changes nothing.
func (f *folding) entry(c *Case, e read) {
	if c.Erase != nil {
		// The statement is about the case as it was with the agreement: the
		// server takes it no more, and nobody should.
		c.Erase = nil
		c.Problems = append(c.Problems, Problem{Text: "Two people agreed to erase this case, and something was written into it before that happened. Read it; if the case has to go all the same, propose it anew."})
	}
	err := f.apply(c, e)
	if e.Kind != "answer" && len(e.boxes) > 0 {
		c.Problems = append(c.Problems, Problem{Alarm: true, Text: fmt.Sprintf("With entry %d something was left for the person that the case does not say. Ask its author.", e.Seq)})
	}
	if err != nil {
		c.Problems = append(c.Problems, Problem{Text: fmt.Sprintf("Entry %d has no effect: %s.", e.Seq, plainReason(err))})
		e.Void = true
	}
	c.Entries = append(c.Entries, e.Entry)
}

// apply lets an entry take effect, where the table and its kind's own rules
// allow it.
func (f *folding) apply(c *Case, e read) (err error) {
	if ruled(e.Kind) {
		if err := c.permit(e.Entry, f.ix.momentOf(e)); err != nil {
			return err
		}
	}
	switch e.Kind {
	case "claim":
		err = f.claim(c, e)
	case "join":
		err = f.join(c, e)
	case "state":
		c.before(e.Entry, "state", false)
		c.setState(e.Change.To, e.Change.Close)
		if e.Change.Verification != "" {
			c.Verification, c.verifiedIn = e.Change.Verification, e.ID
		}
	case "note":
		c.Safeguarded = c.Safeguarded || e.Note.Safeguarding
	case "assign":
		c.assign(e)
	case "coding":
		err = f.code(c, e)
	case "consent":
		c.takenBack = append(c.takenBack, e.Withdrawal.Withdraw...)
	case "answer":
		err = c.answer(e)
	case "count":
		err = c.count(e.count)
	case "counted":
		err = f.counted(c, e.counted)
	case "person":
		if err = c.canLink(e.Person); err == nil {
			c.before(e.Entry, "person "+e.Person.Person+" "+e.Person.Role, false)
			err = c.link(e.Person)
		}
	case "task":
		err = c.setTask(e.Task)
	case "custody":
		c.Custody = &e.Custody
	case "risk":
		c.Risk = &e.Risk
	case "relation":
		err = c.relate(e.Relation)
	case "propose":
		if err = f.erasureSigned(c, e); err == nil {
			c.propose(e)
		}
	case "agree":
		if err = f.erasureSigned(c, e); err == nil {
			c.agree(e)
		}
	case "decline":
		c.drop(func(p Proposal) bool { return p.Entry == e.Step.of() })
	case "undo":
		err = c.undo(e)
	case "cover":
		c.Cover = e.Step.cover()
	case "export": // changes nothing; it is there to be seen
	case "taken-out": // whoever could read the case could: it is told, and changes nothing
	case "restrict":
		c.restrict(e)
	case "lift":
		c.Restricted = nil
	case "share":
		if err = c.shareable(*e.Step, f.ix.momentOf(e), f.ix.sealedBy(c)); err == nil {
			c.Shared = append(slices.Clip(c.Shared), Sharing{e.Step.To, e.Author, e.Time, e.Step.Reason, e.ID})
		}
	case "unshare":
		c.unshare(e)
	default:
		c.Problems = append(c.Problems, Problem{Text: fmt.Sprintf("Entry %d is of a kind (%s) that this version does not know; a newer version may show it.", e.Seq, e.Kind)})
	}
	return err
}

// claim takes what the person sent from the entry that opened the case.
func (f *folding) claim(c *Case, e read) error {
	d := e.claim
	c.Desk, c.Holder = d.Desk, e.Author
	switch {
	case e.report != nil:
		c.Report = *e.report
	case d.ByHand != "":
		c.Origin, c.Text = ByHand, d.ByHand
	default:
		c.Origin = Stray
	}
	for _, x := range d.Flags {
		c.flag(Flag(x))
	}
	c.setAge()
	if c.Origin == FromForm {
		f.remember(c)
	}
	return f.join(c, e)
}

// join takes follow-ups out of an entry, and checks the sender's signature
// again: a colleague's word does not make a message genuine.
func (f *folding) join(c *Case, e read) error {
	bad := e.unfit
	for _, m := range e.follows {
		if c.Origin == FromForm && !f.w.genuine(c, m, c.Desk) {
			bad++
			continue
		}
		if c.Origin == Stray && c.thread == "" {
			c.thread = m.Thread
			f.remember(c)
		}
		if c.State == Closed {
			c.before(e.Entry, "state", true)
			c.setState(Reopened, "")
		}
		var day vault.Day
		var from vault.ID
		if d := f.carrier(m.Message.ID, e.claims); d != nil {
			day, from = d.day, d.id
		} else if len(e.claims) > 0 {
			from = e.claims[0]
			if d := f.ix.deposits[from]; d != nil {
				day = d.day
			}
		}
		f.message(c, m, from, day, true)
	}
	if bad > 0 {
		return fmt.Errorf("%d messages in it are not signed by the person who sent the report", bad)
	}
	return nil
}

// carrier finds which of the deposits held the message, when this workstation
// opened it before a colleague took it in.
func (f *folding) carrier(message string, deposits []vault.ID) *deposit {
	for _, id := range deposits {
		if d := f.ix.deposits[id]; d != nil && d.follow != nil && d.follow.Message.ID == message {
			return d
		}
	}
	return nil
}

// setAge notes whether someone under 18 is affected, by the answers or by the
// coding.
func (c *Case) setAge() {
	minor := func(age string) bool { return age == "under-15" || age == "15-17" }
	c.Under18 = minor(c.Report.Answers.Affected.Age) ||
		c.Coding != nil && slices.ContainsFunc(c.Coding.People, func(p CodedPerson) bool { return minor(p.Age) })
}

// finish derives what depends on the whole case.
func (w *Workstation) finish(c *Case) {
	c.setAge()
	c.setUrgency()
	c.Practice = c.Report.Practice
	slices.SortStableFunc(c.FollowUps, func(a, b FollowUp) int { return cmp.Compare(a.Seq-1, b.Seq-1) }) // 0, not known, comes last
	if c.Origin == FromForm && c.Report.ID != "" {
		if c.Report.Imported != nil {
			c.flag(FlagImported)
		}
		w.rosterFlags(c)
	}
	if len(c.Shared) > 0 && c.Withdrawn(Share) {
		c.Problems = append(c.Problems, Problem{Text: "The person no longer agrees that partners have this, and a partner has it still. A lead can end that."})
	}
	for _, a := range c.Report.Attachments {
		out := Attachment{N: a.N, meta: a, key: blobsKey{c.Report.ID, a.N}}
		for _, u := range c.FollowUps {
			if parts := u.blobs[a.N]; len(parts) > 0 {
				out.blobs = parts
			}
		}
		c.Attachments = append(c.Attachments, w.attachment(out))
	}
	for _, u := range c.FollowUps {
		for _, f := range u.files {
			if len(c.Attachments) >= MaxFiles {
				c.Problems = append(c.Problems, Problem{Text: "The person has sent more files than a case shows. The rest is kept in its messages."})
				return
			}
			n := seal.MaxAttachments*(1+u.place) + f.N
			c.Attachments = append(c.Attachments, w.attachment(Attachment{N: n, meta: *f.New, blobs: f.IDs(), key: blobsKey{u.ID, f.N}}))
		}
	}
}

// MaxFiles is how many files of one case are shown.
const MaxFiles = 80

// sealedBy is the list of people that a case's report was sealed by, nil when it
// is not known.
func (ix *index) sealedBy(c *Case) *roster.Roster {
	hash, err := vault.ParseID(c.Report.Roster)
	if err != nil {
		return nil
	}
	return ix.rosters.hashed(hash)
}

// rosterFlags compares the list of people that the report was sealed to with
// the one in force when it arrived.
func (w *Workstation) rosterFlags(c *Case) {
	for _, said := range []Flag{FlagExpiredRoster, FlagUnfinished} {
		if slices.Contains(c.Report.Flags, string(said)) {
			c.flag(said)
		}
	}
	if len(c.Deposits) == 0 {
		return
	}
	d := w.ix.deposits[c.Deposits[0]]
	hash, err := vault.ParseID(c.Report.Roster)
	if err != nil {
		return
	}
	sealedTo := w.ix.rosters.hashed(hash)
	switch {
	case sealedTo == nil:
		c.flag(FlagUnknownRoster)
	case d != nil && w.ix.rosters.at(d.pos) != nil && sealedTo.Version < w.ix.rosters.at(d.pos).Version:
		c.flag(FlagLate)
	}
}

// attachment says how far one has come.
func (w *Workstation) attachment(out Attachment) Attachment {
	out.Type, out.Size, out.Cleaned, out.Status = out.meta.Type, out.meta.Size, out.meta.Cleaned, Announced
	if out.Parts = len(out.blobs); out.Parts == 0 {
		return out
	}
	for _, b := range out.blobs {
		if w.ix.blobs[b] && !w.ix.lacking[b] {
			out.Have++
		}
	}
	switch {
	case w.ix.broken[out.key] != nil:
		out.Status = Failed
	case out.Have == out.Parts:
		out.Status = Complete
	default:
		out.Status = Arriving
	}
	return out
}
