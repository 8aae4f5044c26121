package review

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"

	"peerwitness/vault"
)

// Step is what an entry of the workflow says. Each kind has its own part of
// it, see stepParts; the rest is empty. Its slices must not be written to.
type Step struct {
	What     string   `json:"what,omitempty"`   // what is proposed: NotVerified, Erase, Restrict
	Of       string   `json:"of,omitempty"`     // the entry that is answered or undone, in hex
	To       string   `json:"to,omitempty"`     // who the case is given to, or which partner is taken out
	Reason   string   `json:"reason,omitempty"` // in its author's words
	Open     string   `json:"open,omitempty"`   // what is open, in hers
	People   []string `json:"people,omitempty"` // to whom the case is restricted, or who goes on with it, sorted
	Deposits []string `json:"deposits,omitempty"`
	After    string   `json:"after,omitempty"` // the entry that a proposal to erase follows, in hex
	Sig      string   `json:"sig,omitempty"`   // its author's under the public statement to erase, in base64
	From     string   `json:"from,omitempty"`  // of a cover: its first and last day, and who covers;
	Until    string   `json:"until,omitempty"`
	By       string   `json:"by,omitempty"` // without them nobody does any more
}

// stepParts are the parts that a kind of entry has: those that it must have,
// then those that it may.
var stepParts = map[string][2]string{
	"propose":  {"what reason", "people deposits after sig"},
	"agree":    {"of", "sig"},
	"decline":  {"of reason", ""},
	"undo":     {"of reason", ""},
	"assign":   {"to reason", "open"},
	"cover":    {"", "from until by"},
	"restrict": {"reason people", ""},
	"lift":     {"reason", ""},
	"share":    {"to reason", ""},
	"unshare":  {"to reason people", ""},
}

// parts are those that s has.
func (s Step) parts() []string {
	var out []string
	for _, p := range []struct {
		name string
		has  bool
	}{
		{"what", s.What != ""}, {"of", s.Of != ""}, {"to", s.To != ""}, {"reason", s.Reason != ""}, {"open", s.Open != ""},
		{"people", len(s.People) > 0}, {"deposits", len(s.Deposits) > 0}, {"from", s.From != ""}, {"until", s.Until != ""}, {"by", s.By != ""}, {"after", s.After != ""}, {"sig", s.Sig != ""},
	} {
		if p.has {
			out = append(out, p.name)
		}
	}
	return out
}

// Bounds of a step.
const (
	maxListed = 1024 // deposits
	maxNamed  = 24   // people of a restricted case
)

var personForm = regexp.MustCompile(`^p-[0-9a-f]{16}$`)

// parseStep reads the data of an entry of the workflow. There is one way to
// write one.
func parseStep(kind string, b []byte) (*Step, error) {
	var s Step
	if exact(b, &s) != nil || s.check(kind) != nil {
		return nil, errBody
	}
	return &s, nil
}

// check looks at a step by itself.
func (s Step) check(kind string) error {
	parts, known := stepParts[kind]
	if !known {
		return errBody
	}
	must, may, has := strings.Fields(parts[0]), strings.Fields(parts[1]), s.parts()
	for _, p := range must {
		if !slices.Contains(has, p) {
			return errBody
		}
	}
	for _, p := range has {
		if !slices.Contains(must, p) && !slices.Contains(may, p) {
			return errBody
		}
	}
	hexes := s.Deposits
	if s.Of != "" {
		hexes = append([]string{s.Of}, hexes...)
	}
	if s.After != "" {
		hexes = append([]string{s.After}, hexes...)
	}
	if _, err := parseSig(s.Sig); s.Sig != "" && err != nil {
		return errBody
	}
	for _, x := range hexes {
		if _, err := vault.ParseID(x); err != nil {
			return errBody
		}
	}
	for _, p := range append([]string{s.To, s.By}, s.People...) {
		if p != "" && !personForm.MatchString(p) {
			return errBody
		}
	}
	k := s.cover()
	if _, _, ok := k.days(); k != (Cover{}) && (!ok || k.By == "") {
		return errBody
	}
	if len(s.People) > maxNamed || !ascending(s.People) || len(s.Deposits) > maxListed || !ascending(s.Deposits) || len(s.Reason) > maxText || len(s.Open) > maxText {
		return errBody
	}
	return nil
}

func (s Step) cover() Cover { return Cover{s.From, s.Until, s.By} }

func ascending(list []string) bool {
	for i := range list {
		if i > 0 && list[i-1] >= list[i] {
			return false
		}
	}
	return true
}

// of is the entry that a step answers.
func (s Step) of() vault.ID {
	id, _ := vault.ParseID(s.Of) // checked when it was read
	return id
}

// exact reads JSON that v holds whole, spelled as this program spells it.
func exact(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errBody
	}
	if _, err := d.Token(); err != io.EOF {
		return errBody
	}
	if again, err := encode(v); err != nil || !bytes.Equal(again, b) {
		return errBody
	}
	return nil
}
