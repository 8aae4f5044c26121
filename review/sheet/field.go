package sheet

import (
	"slices"

	"peerwitness/vault/codebook"
)

// Field is a question of a report that a column can answer.
type Field struct {
	Name  string // as a mapping names it
	Label string // for people
	List  string // of the codebook; empty for text, days, regions and desks
	Many  bool   // takes several codes, and several columns
}

// Names of fields that are treated by themselves.
const (
	fieldLeaveOut = ""
	fieldID       = "id"
	fieldStory    = "story"
	fieldWhen     = "when"
	fieldRegion   = "region"
	fieldDesk     = "desk"
	fieldConsent  = "consent"
	fieldTeller   = "teller"
	fieldAge      = "age"
	fieldHowMany  = "how_many"
)

var fields = []Field{
	{Name: fieldLeaveOut, Label: "Leave out"},
	{Name: fieldID, Label: "The row's own number or id"},
	{Name: fieldStory, Label: "The story, in words", Many: true},
	{Name: "acts", Label: "What happened: acts", List: codebook.Acts, Many: true},
	{Name: "groups", Label: "What happened: kinds", List: codebook.Groups, Many: true},
	{Name: "who", Label: "Who did it", List: "perpetrator", Many: true},
	{Name: "who_text", Label: "Who did it: name, badge, unit", Many: true},
	{Name: fieldWhen, Label: "The day it happened"},
	{Name: fieldRegion, Label: "Region"},
	{Name: "place", Label: "Place, in words", Many: true},
	{Name: "grounds", Label: "Why, as the person sees it", List: "ground", Many: true},
	{Name: "consequences", Label: "What came of it", List: "consequence", Many: true},
	{Name: "populations", Label: "Who was affected: people", List: "population", Many: true},
	{Name: "gender", Label: "Gender", List: "gender"},
	{Name: fieldAge, Label: "Age", List: "age"},
	{Name: fieldHowMany, Label: "How many people", List: "how_many"},
	{Name: "need", Label: "What is needed", List: "need", Many: true},
	{Name: "urgency", Label: "How urgent", List: "urgency"},
	{Name: fieldConsent, Label: "What the person agreed to", List: "consent", Many: true},
	{Name: "asked", Label: "Did the affected person agree that this is told", List: "asked"},
	{Name: fieldTeller, Label: "Who tells it", List: "teller"},
	{Name: "contact_name", Label: "Contact: name to use"},
	{Name: "contact_reach", Label: "Contact: safe way to reach", Many: true},
	{Name: "contact_times", Label: "Contact: safe times"},
	{Name: "contact_not", Label: "Contact: what not to do, who must not know", Many: true},
	{Name: fieldDesk, Label: "The desk it is for"},
}

// Fields are all of them, in the order to offer them; the first leaves a column out.
func Fields() []Field { return slices.Clone(fields) }

func fieldOf(name string) (Field, bool) {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return fields[i], true
}

// Worded reports whether a field's cells are words that stand for codes, so
// that a mapping may translate them.
func (f Field) Worded() bool { return f.List != "" || f.Name == fieldRegion || f.Name == fieldDesk }
