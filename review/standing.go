package review

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
)

// Standing is a case as one workstation has it, to be laid beside a colleague's:
// each entry of its journal with what it did, and where they led. It holds no
// word that anybody wrote, no code of what happened and nothing of who is
// concerned. Two people who may read the same have the same Standing of it once
// both have synced. An entry's ID is the hash of its sealed bytes, so the same
// ID is the same content.
type Standing struct {
	Case    vault.ID  `json:"case"`
	Journal *vault.ID `json:"journal"` // null while nobody has taken it
	Desk    string    `json:"desk"`
	Arrived string    `json:"arrived"` // day, YYYY-MM-DD
	// Readable is whether its owner may read on: false where colleagues hold the
	// case without her, or restricted it to others. Entries are what she could read.
	Readable     bool            `json:"readable"`
	State        string          `json:"state"`
	Close        string          `json:"close,omitempty"`
	Verification string          `json:"verification,omitempty"`
	Holder       string          `json:"holder,omitempty"`
	Cover        *Cover          `json:"cover,omitempty"`
	Granted      []string        `json:"granted,omitempty"`    // people who hold its key
	Restricted   []string        `json:"restricted,omitempty"` // people
	Shared       []string        `json:"shared,omitempty"`     // partners who have it
	Proposals    []vault.ID      `json:"proposals,omitempty"`  // entries that wait for a second person
	Erase        *vault.ID       `json:"erase,omitempty"`      // the entry that proposed what two agreed to
	Coded        *vault.ID       `json:"coded,omitempty"`      // the entry of the coding that counts
	Counted      bool            `json:"counted,omitempty"`
	People       int             `json:"people,omitempty"` // linked to it
	Tasks        []StandingTask  `json:"tasks,omitempty"`
	Held         bool            `json:"held,omitempty"`
	Risk         bool            `json:"risk,omitempty"` // to a peer worker, not over
	Relations    []Relation      `json:"relations,omitempty"`
	Deposits     []vault.ID      `json:"deposits"`           // sorted
	Waiting      []vault.ID      `json:"waiting,omitempty"`  // of them, in no entry yet; sorted
	Messages     []string        `json:"messages,omitempty"` // ids of the person's later ones
	Files        int             `json:"files,omitempty"`
	Problems     int             `json:"problems,omitempty"`
	Entries      []StandingEntry `json:"entries"`
}

// StandingTask is how something to be done stands.
type StandingTask struct {
	ID    string `json:"task"`
	State string `json:"state"`
	Day   string `json:"day,omitempty"`
	Who   string `json:"who,omitempty"`
}

// StandingEntry is one entry of a journal.
type StandingEntry struct {
	Seq    uint64    `json:"seq"`
	ID     vault.ID  `json:"entry"`
	Time   time.Time `json:"time"` // as the author's computer had it, UTC
	Author string    `json:"author"`
	Kind   string    `json:"kind"`
	// Did is what it did in codes and ids, such as the state that it led to or
	// the person whom it gave the case to; empty where the kind says it all.
	Did       string    `json:"did,omitempty"`
	Void      bool      `json:"void,omitempty"`       // it did nothing: it was against the rules
	TakenBack *vault.ID `json:"taken_back,omitempty"` // by that entry
}

// Standings are all cases as this view has them, by when they arrived.
func (v *View) Standings(me string) []Standing {
	out := make([]Standing, 0, len(v.Cases))
	for _, c := range v.Cases {
		out = append(out, c.standing(me))
	}
	slices.SortFunc(out, func(a, b Standing) int {
		if d := strings.Compare(a.Arrived, b.Arrived); d != 0 {
			return d
		}
		return strings.Compare(a.Case.String(), b.Case.String())
	})
	return out
}

func (c *Case) standing(me string) Standing {
	s := Standing{
		Case: c.ID, Desk: c.Desk, Arrived: c.Arrived.String(), Readable: c.Readable && (c.Journal.IsZero() || slices.Contains(c.Granted, me)), State: c.State, Close: c.Close,
		Verification: c.Verification, Holder: c.Holder, Granted: c.Granted, Restricted: c.Restricted,
		Counted: c.Counted.Record != nil, People: len(c.People), Risk: c.Risk != nil && !c.Risk.Over, Relations: c.Relations,
		Deposits: sortedIDs(c.Deposits), Waiting: sortedIDs(c.Waiting), Files: len(c.Attachments), Problems: len(c.Problems),
		Entries: make([]StandingEntry, 0, len(c.Entries)),
	}
	_, _, s.Held = c.Held()
	s.Journal, s.Coded = present(c.Journal), present(c.CodedIn)
	if c.Cover != (Cover{}) {
		s.Cover = &c.Cover
	}
	for _, x := range c.Shared {
		s.Shared = append(s.Shared, x.Partner)
	}
	for _, p := range c.Proposals {
		s.Proposals = append(s.Proposals, p.Entry)
	}
	if c.Erase != nil {
		s.Erase = &c.Erase.Entry
	}
	for _, t := range c.Tasks {
		s.Tasks = append(s.Tasks, StandingTask{t.ID, t.State, t.Day, t.Who})
	}
	for _, f := range c.FollowUps {
		s.Messages = append(s.Messages, f.ID)
	}
	for _, e := range c.Entries {
		s.Entries = append(s.Entries, StandingEntry{e.Seq, e.ID, e.Time.UTC(), e.Author, e.Kind, e.did(), e.Void, present(e.Undone)})
	}
	return s
}

// did is what an entry did, without a word that its author wrote.
func (e Entry) did() string {
	var out []string
	switch e.Kind {
	case "state":
		out = []string{e.Change.To, e.Change.Close, e.Change.Verification}
	case "assign":
		out = []string{e.To}
	case "relation":
		out = []string{e.Relation.As, e.Relation.Case}
	case "task":
		out = []string{e.Task.State, e.Task.Kind, e.Task.Day}
	case "custody":
		out = []string{"held"}
		if e.Custody.Released != "" {
			out = []string{"released"}
		}
	case "person":
		out = []string{"linked"}
		if !e.Person.Linked {
			out = []string{"unlinked"}
		}
	case "consent":
		out = e.Withdrawal.Withdraw
	case "export":
		out = []string{e.Export.Variant, e.Export.Manifest}
	default:
		if e.Step != nil {
			out = append([]string{e.Step.What, e.Step.Of, e.Step.To, e.Step.By, e.Step.From, e.Step.Until}, e.Step.People...)
		}
	}
	return strings.Join(slices.DeleteFunc(slices.Clone(out), func(x string) bool { return x == "" }), " ")
}

func present(id vault.ID) *vault.ID {
	if id.IsZero() {
		return nil
	}
	return &id
}

func sortedIDs(ids []vault.ID) []vault.ID {
	out := slices.Clone(ids)
	if out == nil {
		out = []vault.ID{}
	}
	slices.SortFunc(out, func(a, b vault.ID) int { return bytes.Compare(a[:], b[:]) })
	return out
}
