package review

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// maxText bounds what an advocate writes into one entry, in bytes.
const maxText = 256 << 10

// Origin says how a case came in.
type Origin string

const (
	// FromForm: sealed by the app or the report command, with coded answers.
	FromForm Origin = "report"
	// ByHand: plain text that the sender sealed with age.
	ByHand Origin = "by-hand"
	// Stray: a follow-up whose first report nobody here knows.
	Stray Origin = "stray"
)

// Case is one person's account and what was done about it, as it stood when
// the workstation last folded its replica. Nothing in it changes afterwards;
// its slices must not be written to.
type Case struct {
	// ID names the case: the journal, or the first deposit while nobody has
	// taken it. Links with a deposit's id go on working afterwards.
	ID      vault.ID
	Journal vault.ID // zero while nobody has taken it
	Desk    string
	Arrived vault.Day
	Origin  Origin
	// Report is what the person sent. Only its Raw part is empty-checked: a
	// case by hand, a stray one and an unreadable one have none.
	Report  seal.Report
	Text    string // by hand
	Urgency string
	State   string
	Close   string // while closed
	// Verification is what the last verifying rested on, empty before.
	Verification string
	Holder       string // the person it is assigned to
	Cover        Cover  // who looks after it while the holder is away
	// Proposals wait for a second person.
	Proposals []Proposal
	// Erase is what two people agreed to erase the case for, nil before, and when
	// something was written since. It goes once one of the two is connected.
	Erase *Proposal
	// Coding is the newest one, nil before the first; CodedIn is its entry.
	Coding      *Coding
	CodedIn     vault.ID
	People      []PersonLink // those linked now
	Counted     Counted
	Tasks       []Task // done and dropped ones too, as they came
	Custody     *Custody
	Risk        *Risk // to the peer worker
	Relations   []Relation
	Entries     []Entry
	FollowUps   []FollowUp
	Attachments []Attachment
	Problems    []Problem
	Flags       []Flag
	Deposits    []vault.ID // those that belong to it, in feed order
	// Waiting are deposits that no entry has claimed yet.
	Waiting     []vault.ID
	Practice    bool
	Under18     bool
	Safeguarded bool
	// Readable is false when colleagues hold the case without a grant to the
	// person at this workstation.
	Readable bool
	// Granted are the people who hold the case's key.
	Granted []string
	// Keys are in whose hands the case's key was and is, in the order in which it
	// was given, as far as entries that can be read here say.
	Keys []KeyHeld
	// Restricted are those to whom it is restricted, nil while it is not.
	Restricted []string
	// With is who looks after the case since it was restricted, where the person
	// at this workstation can't read on and something came for it. Empty otherwise.
	With string
	// Shared are the partners who have it.
	Shared []Sharing

	takenBack  []string   // consents, told to the desk
	inside     []vault.ID // deposits that its entries claim
	past       []past     // what can be undone, and what stands in the way
	verifiedIn vault.ID   // the entry by which Verification stands
	recordKey  string     // of its first coding, also once that was undone
	box        box        // where the next answer goes
	changed    uint64     // feed position of the last thing that happened to it
	thread     string
	head       vault.Head
	key        seal.Identity // of the head's epoch, proven by an accepted entry
	lastRoster uint64

	epoch  uint32                     // the last that was begun as it should be, as far as this person can read
	beyond bool                       // somebody who may began a later one, without this person
	keys   map[uint32]seal.Identity   // of all epochs, proven; must not be written to
	held   map[uint32]map[string]bool // who was given which; must not be written to
}

// Open reports whether there is still something to do.
func (c *Case) Open() bool { return c.State != Closed }

// Seen is how far the case's entries go, to ask Since with later; 0 while
// nobody has taken it.
func (c *Case) Seen() uint64 {
	if len(c.Entries) == 0 {
		return 0
	}
	return c.Entries[len(c.Entries)-1].Seq + 1
}

// Since are the entries that came after somebody saw the case so far, up to the
// last one of hers: what colleagues did meanwhile, and what the person sent.
// Hers are left out. Where none is hers, all that came.
func (c *Case) Since(seen uint64, her string) []Entry {
	var out []Entry
	last := 0
	for _, e := range c.Entries {
		switch {
		case e.Seq < seen || e.Kind == "count" || e.Kind == "counted":
		case e.Kind == "join", e.Author != her:
			out = append(out, e)
		default:
			last = len(out)
		}
	}
	if slices.ContainsFunc(c.Entries, func(e Entry) bool { return e.Seq >= seen && e.Author == her && e.Kind != "join" }) {
		return out[:last]
	}
	return out
}

// Last is the id of the newest entry of the case's journal, zero while nobody
// has taken it.
func (c *Case) Last() vault.ID { return c.head.Entry }

// Changed is the feed position of the last thing that happened to the case.
func (c *Case) Changed() uint64 { return c.changed }

// Entry is one step of a case's journal, opened and checked.
type Entry struct {
	ID         vault.ID   `json:",omitzero"`
	Seq        uint64     `json:",omitzero"`
	Author     string     `json:",omitzero"`
	Time       time.Time  `json:",omitzero"` // as the author's computer had it
	Kind       string     `json:",omitzero"` // claim, join, state, note, assign, coding, consent, person, answer, count, counted, task, custody, risk, relation, export, taken-out, and those of Step
	Change     Change     `json:",omitzero"` // of a state entry
	Note       Note       `json:",omitzero"` // of a note entry
	To         string     `json:",omitzero"` // of an assign entry
	Coding     *Coding    `json:",omitzero"` // of a coding entry; must not be written to
	Person     PersonLink `json:",omitzero"` // of a person entry
	Withdrawal Withdrawal `json:",omitzero"` // of a consent entry
	Count      int        `json:",omitzero"` // deposits of a claim or join entry
	Answer     Answer     `json:",omitzero"` // of an answer entry; must not be written to
	Void       bool       `json:",omitzero"` // it has no effect; a problem says why
	Task       Task       `json:",omitzero"` // of a task entry
	Custody    Custody    `json:",omitzero"` // of a custody entry
	Risk       Risk       `json:",omitzero"` // of a risk entry; must not be written to
	Relation   Relation   `json:",omitzero"` // of a relation entry
	Step       *Step      `json:",omitzero"` // of propose, agree, decline, undo, assign, cover, restrict, lift entries
	Undone     vault.ID   `json:",omitzero"` // the entry that took this one back, zero while it stands
	Export     Export     `json:",omitzero"` // of an export entry; must not be written to
	TakenOut   TakenOut   `json:",omitzero"` // of a taken-out entry; must not be written to
}

// KeyHeld is that somebody was given a case's key. From Since to Until she could
// read what came; what she could read then she may have still.
type KeyHeld struct {
	Person string
	By     string
	Since  time.Time // as the giver's computer had it
	Until  time.Time // when a new key began without her; zero while she holds the newest
}

// Note is what an advocate wrote.
type Note struct {
	Text         string `json:"text"`
	Safeguarding bool   `json:"safeguarding,omitempty"`
}

// FollowUp is a later message of the same person.
type FollowUp struct {
	ID       string // the message's own id
	Deposit  vault.ID
	Day      vault.Day
	Seq      uint32
	Text     string
	Withdraw []string
	Helped   string // how the help went, as the person says: a code of the list outcome
	Joined   bool   // an entry claimed it
	blobs    map[int][]vault.ID
	files    []seal.BlobNames // that it brings itself
	place    int              // among the case's messages, as they came
}

// Status says how far an attachment has come.
type Status string

const (
	Announced Status = "announced" // in the report; no list of parts has come yet
	Arriving  Status = "arriving"  // some parts are lacking
	Complete  Status = "complete"  // all parts are here; checked when opened
	Failed    Status = "failed"    // the parts are here and do not make the file
)

// Attachment is a file that the report announced, or that a later message
// brought.
type Attachment struct {
	// N is its number in the report; of a message's file, MaxAttachments for
	// each message up to its own, and its number there. It stays the same.
	N       int
	Type    string // as the sender's phone named it; not to be believed
	Size    int64
	Cleaned bool
	Status  Status
	Have    int
	Parts   int
	blobs   []vault.ID
	meta    seal.Attachment
	key     blobsKey
}

// Problem is something about a case that its readers must know.
type Problem struct {
	// Alarm is set when somebody may be tampering; otherwise it is a mishap.
	Alarm bool
	Text  string
}

// Flag marks a case without being a problem.
type Flag string

const (
	FlagExpiredRoster Flag = "expired-roster" // sealed with an expired list, with the person's yes
	FlagUnfinished    Flag = "unfinished"     // sealed before the form was at its end: what may be done was not asked
	FlagLate          Flag = "late"           // sealed to an older list of people
	FlagUnknownRoster Flag = "unknown-roster" // sealed to a list nobody here has seen
	FlagRepeated      Flag = "repeated"       // arrived more than once
	FlagImported      Flag = "imported"       // the report says it was made of a row of a spreadsheet
)

// Quarantined is something that arrived and could not be taken in. Nothing is
// thrown away: the bytes stay in the replica.
type Quarantined struct {
	Pos    uint64
	Kind   vault.Kind
	ID     vault.ID
	Desk   string
	Day    vault.Day
	Reason string
	// Alarm is set when the reason speaks of tampering rather than mishap.
	Alarm bool
}

// claimData is the body of a claim entry. Exactly one of Report, ByHand and
// FollowUps holds the first word of the person.
type claimData struct {
	Deposits  []string          `json:"deposits"`
	Desk      string            `json:"desk"`
	Report    json.RawMessage   `json:"report,omitempty"`
	ByHand    string            `json:"by_hand,omitempty"`
	FollowUps []json.RawMessage `json:"follow_ups,omitempty"`
	Flags     []string          `json:"flags"`
}

// joinData is the body of a join entry.
type joinData struct {
	Deposits  []string          `json:"deposits"`
	FollowUps []json.RawMessage `json:"follow_ups"`
}

// encode is JSON that leaves the person's own characters as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
