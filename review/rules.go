package review

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// rule is one row of the table of what people may do to a case.
type rule struct {
	kind  string   // of the entry
	what  string   // the state that it leads to, or what else it is about; empty: nothing more to say
	from  []string // the states in which it is possible; nil: all of a case that was taken
	who   []string // roles of which its author has one
	needs need
}

// need is what an action takes besides a role and a state.
type need uint

const (
	needsReason       need = 1 << iota // in words
	needsSafeguarding                  // the note, where somebody under 18 is affected
	needsClosing                       // one of the closing reasons
	needsCoding                        // a coding, but for the reasons that close a case without
	needsBasis                         // what verifying rests on
	needsSecond                        // that its author is another person than who proposed it
	needsHolding                       // that its author holds the case, covers for who does, or is a lead; anybody once the holder is gone
	needsConsent                       // the person's, to share with partners, that partner having been named to her
	needsOwn                           // that it takes back its author's own, or she is a lead
)

var needNames = []string{"reason", "safeguarding note", "closing reason", "coding", "verification", "second person", "holder or lead", "consent to share", "own or lead"}

// Who works on cases.
var casework = []string{roster.Advocate, roster.Lead}

// Who writes notes and tasks of her own: also a partner, in a case that is
// shared with her. Answers are not hers: the person's phone takes the desk's
// people alone for the desk.
var withPartners = []string{roster.Advocate, roster.Lead, roster.Partner}

// table is the whole of who may do what to a case, when, and what it takes.
// Both sides ask it: who is about to write an entry, and everybody who reads
// one. An action without a row is open to nobody; one with several follows the
// first whose states fit. Holding the case's key is asked before, of every
// entry but the claim. PROTOCOL.md §7 has the same table, held together by a test.
var table = []rule{
	{kind: "claim", what: Triage, from: []string{New}, who: casework},
	{kind: "join", who: casework},
	{kind: "note", who: withPartners},
	{kind: "coding", who: casework},
	{kind: "consent", who: casework},
	{kind: "person", who: casework},
	{kind: "answer", who: casework},
	{kind: "count", who: casework},
	{kind: "counted", who: casework},
	{kind: "task", who: withPartners},
	{kind: "custody", who: casework},
	{kind: "risk", who: casework},
	{kind: "relation", who: casework},
	{kind: "export", who: casework},
	{kind: "taken-out", who: casework},

	{kind: "assign", who: casework, needs: needsReason | needsHolding},
	{kind: "cover", who: casework, needs: needsHolding},

	// Action is open from triage on: someone in custody is helped first and
	// confirmed after.
	{"state", InReview, []string{Triage}, casework, needsSafeguarding},
	{"state", Verified, []string{InReview}, casework, needsSafeguarding | needsBasis},
	{"state", Action, []string{Triage, InReview, Verified, NotVerified, Monitoring, Reopened}, casework, needsSafeguarding},
	{"state", Monitoring, []string{Verified, Action, Reopened}, casework, needsSafeguarding},
	{"state", InReview, []string{Verified, NotVerified, Action, Monitoring, Reopened}, casework, needsSafeguarding},
	{"state", Closed, []string{Triage, InReview, Verified, NotVerified, Action, Monitoring, Reopened}, casework, needsSafeguarding | needsClosing | needsCoding},
	{"state", Reopened, []string{Closed}, casework, needsSafeguarding | needsReason},

	// Nobody alone says that a person could not be confirmed.
	{"propose", NotVerified, []string{InReview}, casework, needsSafeguarding | needsReason},
	{"agree", NotVerified, []string{InReview}, casework, needsSafeguarding | needsSecond},
	{"propose", Erase, nil, casework, needsReason},
	{"agree", Erase, nil, casework, needsSecond},
	{"propose", Restrict, nil, casework, needsReason | needsHolding},
	{kind: "decline", who: casework, needs: needsReason},

	// A restriction begins an epoch, with a key of its own.
	{kind: "restrict", who: []string{roster.Lead}, needs: needsReason},
	{kind: "lift", who: []string{roster.Lead}, needs: needsReason},

	// One case to one partner, as far as the person agreed. Taking it back begins
	// an epoch, too.
	{kind: "share", who: casework, needs: needsReason | needsHolding | needsConsent},
	{kind: "unshare", who: []string{roster.Lead}, needs: needsReason},

	// What was taken back stays in the history, and so does who did it.
	{"undo", "state", nil, casework, needsReason | needsSafeguarding | needsOwn},
	{"undo", "assign", nil, casework, needsReason | needsOwn},
	{"undo", "coding", nil, casework, needsReason | needsOwn},
	{"undo", "person", nil, casework, needsReason | needsOwn},
}

// String is the row as PROTOCOL.md has it.
func (r rule) String() string {
	from := "any"
	if r.from != nil {
		from = strings.Join(r.from, ", ")
	}
	var needs []string
	for i, name := range needNames {
		if r.needs&(1<<i) != 0 {
			needs = append(needs, name)
		}
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |", r.kind, r.what, from, strings.Join(r.who, ", "), strings.Join(needs, "; "))
}

// moment is who acts, as the lists of people of that moment have it. Of an
// entry those are two: the one that its author signed under, and the one that
// was in force at its place. A role counts that she has on both, so that
// nobody keeps one by naming the list from before she lost it.
type moment struct {
	by    string
	lists []*roster.Roster
	out   func(person string) bool // was shut out by then
	day   vault.Day
	slack vault.Day // by how much the author's day may have been another one
}

// has reports whether a person is on every list, in one of the roles, and not
// shut out.
func (m moment) has(person string, roles []string) bool {
	for _, l := range m.lists {
		if l == nil {
			return false
		}
		if p, ok := l.Person(person); !ok || !slices.ContainsFunc(roles, p.Has) {
			return false
		}
	}
	return len(m.lists) > 0 && !m.out(person)
}

// now is the moment of an action of this person.
func (w *Workstation) now() moment {
	return moment{w.Me(), []*roster.Roster{w.View().Roster}, w.shutOut, vault.DayOf(w.clock()), 0}
}

// momentOf is the moment of an entry.
func (ix *index) momentOf(e read) moment {
	return moment{e.Author, []*roster.Roster{ix.rosters.version(e.roster), ix.rosters.at(e.pos)},
		func(p string) bool { return ix.revokedAt(p, e.pos) }, e.day, 1}
}

// ruled reports whether the table has a row of that kind.
func ruled(kind string) bool {
	return slices.ContainsFunc(table, func(r rule) bool { return r.kind == kind })
}

// May reports why the person at this workstation cannot begin an action with
// the case as it stands, or nil. What the action says, its reason and the like, is not asked.
func (w *Workstation) May(c *Case, e Entry) error {
	if c.Erase != nil {
		return errGoing
	}
	e.Seq = c.head.Seq + 1
	_, err := c.rule(e, w.now())
	return err
}

// permitNow is permit, of what is about to be written: nothing more into a case
// that two people agreed to erase.
func (c *Case) permitNow(e Entry, m moment) error {
	if c.Erase != nil {
		return errGoing
	}
	return c.permit(e, m)
}

var errGoing = notLegal("two people have agreed to erase this case: it goes as soon as one of them is connected")

// permit reports why the table does not allow an entry where the case stands,
// or nil. It is asked before an entry is written and when one is read.
func (c *Case) permit(e Entry, m moment) error {
	r, err := c.rule(e, m)
	if err != nil {
		return err
	}
	return c.meets(r, e, m)
}

// rule finds the row of the table by which a person may do something now.
func (c *Case) rule(e Entry, m moment) (rule, error) {
	what, err := c.about(e)
	if err != nil {
		return rule{}, err
	}
	found := false
	for _, r := range table {
		if r.kind != e.Kind || r.what != what {
			continue
		}
		if !m.has(m.by, r.who) {
			return rule{}, notLegal("only " + anyOf(r.who) + " can do this")
		}
		// A case that is read is past its claim already.
		if r.from != nil && r.kind != "claim" && !slices.Contains(r.from, c.State) {
			found = true
			continue
		}
		if err := c.asPartner(e, m); err != nil {
			return r, err
		}
		return r, c.whose(r, e, m)
	}
	switch {
	case c.State == New:
		return rule{}, notLegal("take the case first")
	case e.Kind == "state" || what == NotVerified && found:
		return rule{}, c.noWay(what)
	}
	return rule{}, notLegal("this is not something that people can do to a case")
}

// noWay says that a case can't go to a state. Whoever reads it may have seen
// another state when she began: a colleague was quicker.
func (c *Case) noWay(to string) error {
	words := func(state string) string { return "“" + strings.ReplaceAll(state, "-", " ") + "”" }
	if c.State == to {
		return notLegal("the case is in " + words(to) + " already")
	}
	return notLegal("the case is in " + words(c.State) + " by now, and can't go from there to " + words(to))
}

// about is what an entry is about, as the table's second column has it.
func (c *Case) about(e Entry) (string, error) {
	switch e.Kind {
	case "claim":
		return Triage, nil
	case "state":
		return e.Change.To, nil
	case "propose":
		return e.Step.What, nil
	case "agree", "decline":
		p, ok := c.proposal(e.Step.of())
		switch {
		case !ok:
			return "", notLegal("that proposal does not wait any more: a colleague answered it, or what it was about has changed")
		case e.Kind == "agree":
			return p.What, nil
		}
	case "undo":
		p, err := c.undoable(e.Step.of())
		return p.kind, err
	}
	return "", nil
}

// whose checks what a row needs of the person.
func (c *Case) whose(r rule, e Entry, m moment) error {
	if r.needs&needsSecond != 0 {
		p, _ := c.proposal(e.Step.of())
		return c.agreeable(p, e.Seq, m)
	}
	if r.needs&needsHolding != 0 {
		return c.holding(m)
	}
	if r.needs&needsOwn != 0 {
		if p, _ := c.undoable(e.Step.of()); p.by != m.by && !m.has(m.by, []string{roster.Lead}) {
			return notLegal("only who wrote it, or a lead, can take it back")
		}
	}
	return nil
}

// meets checks what a row needs.
func (c *Case) meets(r rule, e Entry, m moment) error {
	if r.needs&needsSafeguarding != 0 && c.Under18 && !c.Safeguarded {
		return notLegal("someone under 18 is affected: write the safeguarding note before the case goes on")
	}
	var err error
	switch e.Kind {
	case "state":
		err = c.coded(r, e.Change)
	case "propose":
		err = c.proposable(*e.Step, m)
	case "assign":
		err = c.assignable(*e.Step, m)
	case "cover":
		err = c.coverable(e.Step.cover(), m)
	case "restrict":
		err = c.nameable(e.Step.People, m)
	case "lift":
		if c.Restricted == nil {
			err = notLegal("the case is not restricted")
		}
	case "undo":
		p, _ := c.undoable(e.Step.of())
		err = c.restorable(p, m)
	}
	if err != nil {
		return err
	}
	reason := e.reason()
	if r.needs&needsReason != 0 && strings.TrimSpace(reason) == "" {
		return notLegal("this change needs a reason")
	}
	if len(reason) > maxText {
		return notLegal("the reason is too long")
	}
	return nil
}

// coded checks the codes of a change of state.
func (c *Case) coded(r rule, ch Change) error {
	closing, basis := r.needs&needsClosing != 0, r.needs&needsBasis != 0
	switch {
	case closing && !slices.Contains(closeReasons, ch.Close):
		return notLegal("closing needs one of the closing reasons")
	case r.needs&needsCoding != 0 && c.Coding == nil && !ClosesUncoded(ch.Close):
		return notLegal("code the case first, with its main act; then it can be closed")
	case !closing && ch.Close != "":
		return notLegal("only closing takes a closing reason")
	case basis && !slices.Contains(verifications, ch.Verification):
		return notLegal("verifying needs to say what it rests on")
	case !basis && ch.Verification != "":
		return notLegal("only verifying says what it rests on")
	}
	return nil
}

// reason is why its author did it, in her words.
func (e Entry) reason() string {
	if e.Step != nil {
		return e.Step.Reason
	}
	return e.Change.Reason
}

func anyOf(roles []string) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = "a " + r
		if strings.ContainsRune("aeiou", rune(r[0])) {
			names[i] = "an " + r
		}
	}
	return strings.Join(names, " or ")
}

// ErrNotLegal is matched by every refusal of an action that the case's state,
// the person's role or the codebook's rules do not allow. Its text is for people.
var ErrNotLegal = errors.New("not a step this case can take")

type notLegal string

func (e notLegal) Error() string        { return string(e) }
func (e notLegal) Is(target error) bool { return target == ErrNotLegal }
