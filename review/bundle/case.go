package bundle

import (
	"context"
	"time"

	"peerwitness/vault/seal"
)

// Case is everything of a case that a bundle could hold, in words. Texts may be
// anything that anybody wrote; they are made harmless where they are shown.
type Case struct {
	Organisation string
	Ref          string // the first 8 hex digits of Journal
	Journal      string // hex
	Desk         string
	State        string
	Practice     bool

	Maker     string // person id of who makes the bundle
	MakerName string
	Made      time.Time
	For       string // who gets it and what for
	Why       string // what it rests on where consent does not cover it

	Arrived []Fact // how the report came
	Notices []string
	Holders []string // names of those who hold the case's key
	Parts   []Part   // what may be left out, files apart, in the order to show
	Entries []Entry  // the whole journal
	Files   []File
	Rosters []Roster // ascending; the lists by which the entries' authors are checked
}

// Part is something that may be left out of a bundle by itself.
type Part struct {
	ID    string // [a-z][a-z0-9-]{0,40}
	Group string // the heading that it stands under
	Title string // says what it is and nothing of what is in it
	Facts []Fact
	Words []Words
	Data  any // for machines; nil when there is nothing besides
	// Hint says what to think of before it goes out; Off that it is left out unless somebody asks for it.
	Hint string
	Off  bool
}

// Fact is a label and what stands at it.
type Fact struct {
	Label  string   `json:"label"`
	Values []string `json:"values"`
}

// Words are somebody's own, as they were written.
type Words struct {
	Title string `json:"title"`
	Lang  string `json:"lang,omitempty"`
	Text  string `json:"text"`
}

// Entry is one place of the journal.
type Entry struct {
	Seq      uint64
	ID       string // hex
	Accepted bool   // the rest is set
	Author   string // person id
	Name     string
	Time     time.Time
	Kind     string
	What     string // what was done, without anything that could be left out
	Text     string // the rest of it, shown only when all of Needs is there
	Custody  string // what it says of who had the case; empty when nothing
	// Needs are the parts that its signed text holds something of. One that is
	// not a part of the case at all stands for what no page shows.
	Needs []string
	// Never says why its signed text goes out in no bundle; empty otherwise.
	Never string
	Shown seal.Shown
}

// File is an attachment.
type File struct {
	Part      string // its id among what may be left out
	N         int    // from 1
	Ext       string // of the name that it gets, with its dot
	Type      string // as its sender's phone named it
	Size      int64
	Announced string // hex SHA-256 of the file as it was chosen on the phone
	Cleaned   bool   // places, dates and devices were taken out before it was sent
	// Missing says why there is nothing to hand out; empty when Open gives it.
	Missing string
	Open    func(context.Context) ([]byte, error)
}

// Roster is a version of the list of people.
type Roster struct {
	Version uint64
	Note    []byte
}

// PartsOf lists what may be left out of c, files among it.
func PartsOf(c Case) []Part {
	out := append([]Part(nil), c.Parts...)
	for _, f := range c.Files {
		if f.Missing == "" {
			out = append(out, Part{ID: f.Part, Group: "Files", Title: fileTitle(f)})
		}
	}
	return out
}
