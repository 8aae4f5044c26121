package sheet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// Mapping says how the rows of one form become reports.
type Mapping struct {
	V int `json:"v"`
	// Source is what the desk calls the file's origin, such as "REAct 2024". It
	// stands in each report, and with a row's number it tells rows apart.
	Source   string `json:"source"`
	Desk     string `json:"desk"`     // of rows that don't say one
	Lang     string `json:"lang"`     // of the stories, empty when not known
	Dates    string `json:"dates"`    // how a day such as 3/4/2025 is meant: DayFirst, MonthFirst, or empty
	Teller   string `json:"teller"`   // of rows that don't say one; Staff unless somebody chose
	Practice bool   `json:"practice"` // for training: what comes of it is never counted
	// Columns are the headings in their order.
	Columns []Column `json:"columns"`
}

// Orders of a day's numbers, where nothing else tells.
const (
	DayFirst   = "dmy"
	MonthFirst = "mdy"
)

// Staff tells what was told to an organisation.
const Staff = "staff"

// Column is what becomes of one column.
type Column struct {
	Name  string `json:"name"`
	Field string `json:"field"` // empty leaves it out
	// Words are the cells' own words and the code that each stands for, which is
	// empty where the word says nothing. Codes and their labels need none.
	Words []Word `json:"words"`
}

// Word is what a cell says, as fold writes it, and what it stands for.
type Word struct {
	Word string `json:"word"`
	Code string `json:"code"`
}

// Means says what a word of a column stands for.
func (c Column) Means(word string) (code string, ok bool) {
	i, ok := slices.BinarySearchFunc(c.Words, fold(word), func(w Word, s string) int { return strings.Compare(w.Word, s) })
	if !ok {
		return "", false
	}
	return c.Words[i].Code, true
}

// Let has a word of a column stand for a code, or for nothing where it is empty.
// Words over the bounds are left as they were.
func (c *Column) Let(word, code string) {
	word = fold(word)
	i, ok := slices.BinarySearchFunc(c.Words, word, func(w Word, s string) int { return strings.Compare(w.Word, s) })
	switch {
	case ok:
		c.Words = slices.Clone(c.Words)
		c.Words[i].Code = code
	case word != "" && len(word) <= maxWord && len(c.Words) < maxWords:
		c.Words = slices.Insert(slices.Clone(c.Words), i, Word{word, code})
	}
}

// Forget takes back what Let said of a word.
func (c *Column) Forget(word string) {
	word = fold(word)
	c.Words = slices.DeleteFunc(slices.Clone(c.Words), func(w Word) bool { return w.Word == word })
}

// Bounds of a mapping.
const (
	maxMapping = 1 << 20 // bytes of JSON
	maxWords   = 500     // of one column
	maxWord    = 1 << 10 // bytes
	MaxSource  = 80      // characters
)

var errMapping = errors.New("not a mapping")

// Fingerprint is the same for files of the same form: 64 hex digits over the
// headings.
func Fingerprint(header []string) string {
	names := make([][]byte, len(header))
	for i, h := range header {
		names[i] = []byte(h)
	}
	return vault.Sum(vault.LP("peerwitness/sheet/v1", names...)).String()
}

// ParseMapping reads a mapping; what it takes, Encode writes in the same bytes.
func ParseMapping(b []byte) (Mapping, error) {
	var m Mapping
	if len(b) > maxMapping || roster.StrictJSON(b) != nil {
		return Mapping{}, errMapping
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if d.Decode(&m) != nil || m.check() != nil {
		return Mapping{}, errMapping
	}
	if again, err := m.Encode(); err != nil || !bytes.Equal(again, b) {
		return Mapping{}, errMapping
	}
	return m, nil
}

// Encode writes m as compact JSON.
func (m Mapping) Encode() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	for i := range m.Columns {
		if m.Columns[i].Words == nil {
			m.Columns = slices.Clone(m.Columns)
			m.Columns[i].Words = []Word{}
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(m) != nil || b.Len() > maxMapping {
		return nil, errMapping
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func (m Mapping) check() error {
	switch {
	case m.V != 1, len(m.Columns) == 0, len(m.Columns) > MaxCols:
		return errMapping
	case m.Dates != "" && m.Dates != DayFirst && m.Dates != MonthFirst:
		return errMapping
	case !isText(m.Source, 4*MaxSource), utf8.RuneCountInString(m.Source) > MaxSource:
		return errMapping
	case !isText(m.Desk, 32), !isText(m.Lang, 16), !isText(m.Teller, 64):
		return errMapping
	}
	for i, c := range m.Columns {
		_, known := fieldOf(c.Field)
		if !known || !isText(c.Name, maxWord) || c.Name == "" || len(c.Words) > maxWords {
			return errMapping
		}
		if slices.ContainsFunc(m.Columns[:i], func(o Column) bool { return o.Name == c.Name }) {
			return errMapping
		}
		for j, w := range c.Words {
			if !isText(w.Word, maxWord) || w.Word != fold(w.Word) || w.Word == "" || !isText(w.Code, 128) || j > 0 && c.Words[j-1].Word >= w.Word {
				return errMapping
			}
		}
	}
	return nil
}

func isText(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}

// oneLine is a text without line breaks and control characters.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

var folds = strings.NewReplacer("ё", "е", "_", "-", "’", "'")

// fold writes words that mean the same in the same way: in small letters, on
// one line, without marks at the ends.
func fold(s string) string {
	s = strings.ToLower(strings.ToValidUTF8(s, "\uFFFD"))
	s = folds.Replace(s)
	return oneLine(strings.Trim(oneLine(s), " .,:;!?\"«»"))
}

// fits reports whether a mapping is of a table with these headings.
func (m Mapping) fits(header []string) bool {
	return len(m.Columns) == len(header) && !slices.ContainsFunc(m.Columns, func(c Column) bool { return !slices.Contains(header, c.Name) })
}

// of returns the columns of a field, by their place in the table.
func (m Mapping) of(field string) []int {
	var out []int
	for i, c := range m.Columns {
		if c.Field == field {
			out = append(out, i)
		}
	}
	return out
}

// Consents reports whether any column says what people agreed to.
func (m Mapping) Consents() bool { return len(m.of(fieldConsent)) > 0 }

// Problem says in words why a mapping can't be used as it stands, or nothing.
func (m Mapping) Problem(r *roster.Roster) string {
	switch {
	case strings.TrimSpace(m.Source) == "":
		return "Say what this file comes from, in a word or two."
	case len(m.of(fieldStory))+len(m.of("acts"))+len(m.of("groups")) == 0:
		return "No column says what happened. Choose one for the story, the acts or the kinds."
	}
	if _, ok := r.Desk(m.Desk); !ok && len(m.of(fieldDesk)) == 0 {
		return "Choose the desk that the reports are for."
	}
	for _, f := range fields {
		if f.Many || f.Name == fieldLeaveOut {
			continue
		}
		if at := m.of(f.Name); len(at) > 1 {
			return fmt.Sprintf("Two columns, “%s” and “%s”, are both chosen for “%s”. Leave one of them out.", m.Columns[at[0]].Name, m.Columns[at[1]].Name, f.Label)
		}
	}
	return ""
}
