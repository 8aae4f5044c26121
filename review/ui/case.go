package ui

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"peerwitness/review"
	"peerwitness/vault"
)

type casePage struct {
	List  []row
	Fresh int
	Back  string

	URL, Ref, Heading   string
	Mark                mark
	State, Holder, Desk string
	Urgency             string
	Arrived             string
	Taken, Readable     bool
	Practice            bool
	Words, Lang, Origin string
	Elsewhere           bool // only a message came, for the holder of a restricted case
	Facts               []factGroup
	Contact             []fact
	NoContact           bool
	Agreed              agreed
	Openers             []string
	Keys                []keyLine
	Left                []keyLine // copies that were taken out of here
	Files               []file
	Messages            []messageLine
	Timeline            []event
	Problems            []review.Problem
	Flags               []string

	Waits       []wait // done here without a connection
	CanTake     bool
	Offline     bool
	Answer      *answerForm // nil while nobody has taken the case
	Steps       []step
	Safeguard   bool   // the note is still lacking
	SeenTo      string // how far the case went when the page was made
	Meanwhile   meanwhile
	Typed       []typed // what was typed into a form that is not there any more
	Error       string  // what kept the last action from happening
	Kept        string  // what was typed into it
	KeptReason  string
	KeptTo      string
	WithoutForm bool // of a case that colleagues hold

	codedPart
	carePart
	flowPart
	sharedPart
}

func (p casePage) title() string { return p.Heading }
func (p casePage) seen() string  { return p.SeenTo }

type factGroup struct {
	Title string
	Items []fact
}

type fact struct {
	Label  string
	Values []string
	Own    bool // the person's own words
}

// agreed is what a person agreed to, and what she took back.
type agreed struct {
	Consents []consent
	NotAsked bool
	Limits   []string // why a consent that was given does not hold
}

type consent struct {
	Label            string
	Given, Withdrawn bool
}

type file struct {
	N                   int
	Name, Size, Note    string
	Picture, Complete   bool
	Failed              bool
	URL, Download, Type string
}

type messageLine struct {
	Text, Day string
	Withdraw  []string
	Joined    bool
	FilesOnly bool
	Helped    string
}

type event struct {
	Who, When, Ago, What, Text, Note string
	Undone                           bool
	Undo                             []flowForm // one at most
}

type option struct {
	Value, Label string
	Chosen       bool
}

type step struct {
	To, Label, Verb string
	Reason          bool // must be given
	Options         []option
	Field, Ask      string
	Hint            string
	Open            bool
}

// casePage shows a case. Looking at it claims nothing; when its holder looks,
// what the person sent since joins it.
func (s *Server) casePage(w http.ResponseWriter, r *http.Request, d *desk) {
	c := s.find(w, r, d)
	if c == nil {
		return
	}
	s.pageSync(d)
	s.joinHeld(d, c)
	if now, err := d.work.View().Case(c.ID); err == nil {
		c = now
	}
	d.look()
	d.calls.seen(c)
	d.work.Seen(c)
	p := s.caseView(r, d, c)
	p.Meanwhile = s.meanwhile(r, d, c)
	s.show(w, r, http.StatusOK, "case", p)
}

// find looks the case of the address up, or answers that there is none.
func (s *Server) find(w http.ResponseWriter, r *http.Request, d *desk) *review.Case {
	id, err := vault.ParseID(mux.Vars(r)["id"])
	if err == nil {
		var c *review.Case
		if c, err = d.work.View().Case(id); err == nil {
			return c
		}
	}
	var gone *review.ErasedError
	if errors.As(err, &gone) {
		status := http.StatusGone // for who wants to do something to it
		if r.Method == http.MethodGet {
			status = http.StatusOK
		}
		s.show(w, r, status, "message", message{
			Title: "Case " + gone.Erased.Journal.String()[:8] + " was erased",
			Text:  erasedText(d.work.View(), gone.Erased) + " Nothing of it is kept here or on the server. If the person writes again, their message comes as a new one.",
		})
		return nil
	}
	s.notFound(w, r)
	return nil
}

func (s *Server) caseView(r *http.Request, d *desk, c *review.Case) casePage {
	v, now := d.work.View(), s.cfg.Clock()
	if v.Ended[c.Journal] { // the entry that says so is not hers to read
		n := *c
		n.Shared = slices.DeleteFunc(slices.Clone(c.Shared), func(x review.Sharing) bool { return x.Partner == d.work.Me() })
		c = &n
	}
	p := casePage{
		URL: "/case/" + c.ID.String(), Ref: c.ID.String()[:8], Heading: heading(c, d.codes), Mark: markOf(c),
		State: d.codes.Label(lang, "state", c.State), Desk: deskName(v, c.Desk), Arrived: dayWords(c.Arrived, now),
		Taken: !c.Journal.IsZero(), Readable: c.Readable, SeenTo: strconv.FormatUint(c.Seen(), 10), Practice: c.Practice,
		Words: c.Report.Answers.Story, Lang: c.Report.Lang, Problems: c.Problems,
		Safeguard: c.Under18 && !c.Safeguarded && c.State != review.New,
	}
	p.List, p.Fresh, p.Back = d.beside(sessionOf(r), v, c, now)
	if c.Urgency != "" {
		p.Urgency = d.codes.Label(lang, "urgency", c.Urgency)
	}
	if c.Holder != "" {
		p.Holder = v.Name(c.Holder)
	}
	switch c.Origin {
	case review.ByHand:
		p.Words, p.Origin = c.Text, "Sealed by hand as plain text. There are no answers to go with it, and nobody can tell whether later messages come from the same person."
	case review.Stray:
		p.Origin = "This message follows a report that is not here. It may have been sealed to other people, or erased. Nobody can tell yet who wrote it."
	}
	if c.With != "" {
		p.Elsewhere = c.Journal.IsZero()
		p.Origin = "A message of this person came in. Their case is restricted and with " + v.Name(c.With) + ", to whom the message goes; it is not shown here. Tell " + v.Name(c.With) + " that it is there, if it waits long."
	}
	for _, f := range c.Flags {
		p.Flags = append(p.Flags, flagWords(f))
	}
	if i := c.Report.Imported; i != nil {
		p.Flags = append(p.Flags, "The file is from: “"+excerpt(i.Source, 80)+"”.")
	}
	if c.Under18 {
		p.Flags = append(p.Flags, "Someone under 18 is affected.")
	}
	p.Facts, p.Contact = d.facts(c, v, now), contact(c)
	p.NoContact = c.Report.ID != "" && len(p.Contact) == 0
	p.Agreed = d.agreed(c)
	p.Openers, p.Keys, p.Left = d.openers(c, v), keyLines(c, v), leftLines(c, v)
	for _, a := range c.Attachments {
		p.Files = append(p.Files, fileOf(c, a))
	}
	for _, u := range c.FollowUps {
		p.Messages = append(p.Messages, messageLine{u.Text, dayWords(u.Day, now), labels(d.codes, "consent", clipList(u.Withdraw, maxShown)), u.Joined || !p.Taken, u.Text == "" && len(u.Withdraw) == 0 && u.Helped == "", d.helped(u.Helped)})
	}
	p.Timeline = d.timeline(c, v, now)
	p.codedPart = d.codedPart(c, v, now)
	p.carePart = d.care(c, v, now)
	p.sharedPart = d.sharedPart(c, v, now)
	d.actions(&p, c, v, now)
	p.Waits, _ = d.waits(c, now)
	return p
}

// helped is what a person said of how the help went.
func (d *desk) helped(code string) string {
	if code == "" {
		return ""
	}
	return d.codes.Label(lang, "outcome", code)
}

func (d *desk) timeline(c *review.Case, v *review.View, now time.Time) []event {
	out := d.events(c, c.Entries, v, now)
	slices.Reverse(out)
	return out
}

// events says entries in words, in their order.
func (d *desk) events(c *review.Case, entries []review.Entry, v *review.View, now time.Time) []event {
	var out []event
	for _, e := range entries {
		x := event{Who: v.Name(e.Author), When: e.Time.Local().Format("2 Jan 2006 15:04"), Ago: ago(e.Time, now)}
		switch e.Kind {
		case "claim":
			x.What = "took the case"
		case "join":
			x.What = "took in what the person sent since (" + plural(e.Count, "item", "items") + ")"
		case "note":
			x.What, x.Text = "wrote a note", e.Note.Text
			if e.Note.Safeguarding {
				x.What = "wrote the safeguarding note"
			}
		case "state":
			x.What, x.Text = "moved it to “"+d.codes.Label(lang, "state", e.Change.To)+"”", e.Change.Reason
			if e.Change.Close != "" {
				x.What += ": " + d.codes.Label(lang, "close", e.Change.Close)
			}
			if e.Change.Verification != "" {
				x.What += ": " + d.codes.Label(lang, "verification", e.Change.Verification)
			}
		case "answer":
			x.What, x.Text, x.Note = "answered the person", e.Answer.Text, keptWords(v, e, now)
		case "coding":
			x.What, x.Text = "coded the case", d.codingLine(e.Coding)
		case "consent":
			x.What, x.Text = "recorded that the person, by word of mouth, no longer agrees to this", strings.Join(labels(d.codes, "consent", clipList(e.Withdrawal.Withdraw, maxShown)), "\n")
		case "count":
			x.What = "wrote down what is counted of the case"
		case "counted":
			x.What = "passed on to the figures what is counted of the case"
		case "taken-out":
			x.What, x.Text = "took a readable copy out of here, as "+strings.ToUpper(e.TakenOut.Format), takenOutWords(e.TakenOut)
		case "person":
			x.What = personWords(e.Person, c)
		case "task", "custody", "risk", "relation":
			x.What, x.Text = d.careWords(v, e, now)
		case "export":
			x.What, x.Text = exportWords(e.Export)
		default:
			x.What, x.Text = d.stepWords(c, v, e)
		}
		if !e.Undone.IsZero() {
			x.Undone, x.Note = true, "Taken back by "+v.Name(authorOf(c, e.Undone))+"."
		} else if d.canWrite(c) {
			x.Undo = d.undoForm(c, e)
		}
		if e.Void {
			x.Note = "This has no effect; see the problem shown with the case."
		}
		out = append(out, x)
	}
	return out
}

func fileOf(c *review.Case, a review.Attachment) file {
	f := file{N: a.N + 1, Name: fileName(c, a), Size: size(a.Size), Type: a.Type, Complete: a.Status == review.Complete, Failed: a.Status == review.Failed}
	base := "/case/" + c.ID.String() + "/file/" + itoa(a.N)
	f.URL, f.Download = base, base+"/download"
	f.Picture = f.Complete && slices.Contains(pictures, a.Type)
	switch a.Status {
	case review.Announced:
		f.Note = "Not here yet: the sender's phone has not finished sending it."
	case review.Arriving:
		f.Note = "Arriving: " + itoa(a.Have) + " of " + plural(a.Parts, "part", "parts") + " here."
	case review.Failed:
		f.Note = "All parts are here, but they do not make the file that was announced. It is not shown."
	case review.Complete:
		if !a.Cleaned {
			f.Note = "The original, as evidence. It may hold where and when it was made."
		}
	}
	return f
}
