package review

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"peerwitness/vault"
)

// TakenOut says that a case's holder took a copy of parts of it out of the
// sealed store, into a file that anybody can read who has it. It is written
// before the file is handed out.
type TakenOut struct {
	Format string   `json:"format"` // csv or json
	Fields []string `json:"fields"` // which parts, see TakeOutFields
}

// TakeOutFields names the parts of a case that can be taken out. Of each, this
// says whether it can show who the person is.
func TakeOutFields() []string { return slices.Clone(takeOutFields) }

var takeOutFields = []string{
	"case", "desk", "arrived", "state", "close", "when", "region", "part", "acts", "groups", "who", "grounds", "consequences", "populations", "gender", "age",
	"how_many", "need", "urgency", "teller", "asked", "consent", "coding", "source", "practice", "place", "who_text", "story", "messages", "notes", "answers", "contact",
}

// Formats of what is taken out.
const (
	CSV  = "csv"
	JSON = "json"
)

const maxTakenOut = 4 << 10 // bytes of JSON

var errTakenOut = errors.New("not what was taken out")

// parseTakenOut reads the data of a taken-out entry. A later version may take out
// parts that this one does not know.
func parseTakenOut(b []byte) (TakenOut, error) {
	var d TakenOut
	if err := strict(b, maxTakenOut, &d); err != nil || d.check() != nil {
		return TakenOut{}, errTakenOut
	}
	if again, err := encode(d); err != nil || !bytes.Equal(again, b) {
		return TakenOut{}, errTakenOut
	}
	return d, nil
}

func (d TakenOut) check() error {
	if len(d.Fields) == 0 || len(d.Fields) > maxCodes || !codeForm.MatchString(d.Format) {
		return errTakenOut
	}
	for i, f := range d.Fields {
		if !fieldForm(f) || slices.Contains(d.Fields[:i], f) {
			return errTakenOut
		}
	}
	return nil
}

// fieldForm is a name of 1 to 32 characters of a to z and the low line.
func fieldForm(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && r != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// TakeOut writes into a case's journal that its holder is about to take parts of
// it out. ErrNotLegal when it is not her case or a part is not one. The caller
// hands nothing out unless it succeeds.
func (w *Workstation) TakeOut(ctx context.Context, id vault.ID, d TakenOut) error {
	return w.act(ctx, id, "taken-out", d, func(c *Case, _ bool) error {
		switch {
		case d.check() != nil, d.Format != CSV && d.Format != JSON, slices.ContainsFunc(d.Fields, func(f string) bool { return !slices.Contains(takeOutFields, f) }):
			return notLegal("choose what to take out, and as what kind of file")
		case c.Holder != w.Me():
			return notLegal("this case is not yours to take out; ask the person it is with")
		case c.Under18 && !c.Safeguarded:
			return notLegal("someone under 18 is affected: write the safeguarding note before the case goes anywhere")
		case c.Erase != nil:
			return notLegal("two people agreed that this case is to be erased")
		}
		return nil
	})
}
