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
	What     string   `json:"what,omitempty"`   // what is proposed: NotVerified, Erase
	Of       string   `json:"of,omitempty"`     // the entry that is answered, in hex
	Reason   string   `json:"reason,omitempty"` // in its author's words
	Deposits []string `json:"deposits,omitempty"`
}

// stepParts are the parts that a kind of entry has: those that it must have,
// then those that it may.
var stepParts = map[string][2]string{
	"propose": {"what reason", "deposits"},
	"agree":   {"of", ""},
	"decline": {"of reason", ""},
}

// parts are those that s has.
func (s Step) parts() []string {
	var out []string
	for _, p := range []struct {
		name string
		has  bool
	}{
		{"what", s.What != ""}, {"of", s.Of != ""}, {"reason", s.Reason != ""}, {"deposits", len(s.Deposits) > 0},
	} {
		if p.has {
			out = append(out, p.name)
		}
	}
	return out
}

// Bounds of a step.
const maxListed = 1024 // deposits

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
	for _, x := range hexes {
		if _, err := vault.ParseID(x); err != nil {
			return errBody
		}
	}
	if len(s.Deposits) > maxListed || !ascending(s.Deposits) || len(s.Reason) > maxText {
		return errBody
	}
	return nil
}

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
