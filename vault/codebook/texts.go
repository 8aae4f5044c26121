package codebook

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Texts are the words that an organisation reviews and signs, per language:
// what a phone shows around the questions.
type Texts struct {
	Lang        string `json:"lang"`
	Look        Look   `json:"look"`
	BeforeStart string `json:"before_start"`
	HelpFirst   struct {
		Title   string   `json:"title"`
		Steps   []string `json:"steps"`
		Numbers []Number `json:"numbers"`
	} `json:"help_first"`
	NotACall        string `json:"not_a_call"`
	Hours           string `json:"hours"`
	BeforeStory     string `json:"before_story"`
	Attachments     string `json:"attachments"`
	ChildProtection string `json:"child_protection"`
	After           struct {
		Title  string   `json:"title"`
		Next   []string `json:"next"`
		Can    []string `json:"can"`
		Cannot []string `json:"cannot"`
	} `json:"after"`
	Support []Support `json:"support"`
	Rights  []string  `json:"rights"`
}

// Look is how the phone app looks to who glances at it; empty members are as
// they are without. It must not give away what the app is for.
type Look struct {
	Name   string `json:"name"`   // at most 20 characters
	Icon   string `json:"icon"`   // one of Icons
	Colour string `json:"colour"` // one of Colours
}

// Icons and Colours are what the app can wear; the first of each is what it
// wears unasked.
var (
	Icons   = []string{"page", "leaf", "sun", "cup", "boat"}
	Colours = []string{"teal", "green", "blue", "violet", "brown"}
)

const maxLookName = 20 // characters

func (l Look) check() error {
	switch {
	case utf8.RuneCountInString(l.Name) > maxLookName || (l.Name != "" && strings.TrimSpace(l.Name) == "") || strings.ContainsAny(l.Name, "<>"):
		return fmt.Errorf("%w: look.name is longer than %d characters, blank, or no plain text", ErrShape, maxLookName)
	case l.Icon != "" && !slices.Contains(Icons, l.Icon):
		return fmt.Errorf("%w: look.icon %q is none of %s", ErrShape, l.Icon, strings.Join(Icons, ", "))
	case l.Colour != "" && !slices.Contains(Colours, l.Colour):
		return fmt.Errorf("%w: look.colour %q is none of %s", ErrShape, l.Colour, strings.Join(Colours, ", "))
	}
	return nil
}

// Number is one to call for help; Police says that police may come too.
type Number struct {
	Label  string `json:"label"`
	Number string `json:"number"`
	Police bool   `json:"police"`
}

// Support is where a person finds somebody now.
type Support struct {
	Label   string `json:"label"`
	Contact string `json:"contact"`
}

// ParseTexts reads an organisation's words for lang and checks that nothing
// which a phone must show is missing. ErrShape.
func ParseTexts(b []byte, lang string) (*Texts, error) {
	if err := checkJSON(b, maxWords); err != nil {
		return nil, err
	}
	var t Texts
	if err := json.Unmarshal(b, &t); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrShape, err)
	}
	if !validLanguage(lang) || t.Lang != lang {
		return nil, fmt.Errorf("%w: text file says language %q, not %q", ErrShape, t.Lang, lang)
	}
	if err := t.Look.check(); err != nil {
		return nil, err
	}
	for _, n := range t.HelpFirst.Numbers {
		if n.Label == "" || n.Number == "" {
			return nil, fmt.Errorf("%w: a number to call is empty", ErrShape)
		}
	}
	for _, s := range t.Support {
		if s.Label == "" || s.Contact == "" {
			return nil, fmt.Errorf("%w: a support contact is empty", ErrShape)
		}
	}
	if len(t.HelpFirst.Numbers) == 0 || len(t.Support) == 0 {
		return nil, fmt.Errorf("%w: no number to call, or no support contact", ErrShape)
	}
	one := map[string]string{
		"before_start": t.BeforeStart, "help_first.title": t.HelpFirst.Title, "not_a_call": t.NotACall, "hours": t.Hours,
		"before_story": t.BeforeStory, "attachments": t.Attachments, "child_protection": t.ChildProtection, "after.title": t.After.Title,
	}
	for key, s := range one {
		if s == "" {
			return nil, fmt.Errorf("%w: %s is empty", ErrShape, key)
		}
	}
	many := map[string][]string{
		"help_first.steps": t.HelpFirst.Steps, "after.next": t.After.Next, "after.can": t.After.Can,
		"after.cannot": t.After.Cannot, "rights": t.Rights,
	}
	for key, list := range many {
		if len(list) == 0 {
			return nil, fmt.Errorf("%w: %s is empty", ErrShape, key)
		}
		for _, s := range list {
			if s == "" {
				return nil, fmt.Errorf("%w: %s has an empty line", ErrShape, key)
			}
		}
	}
	for _, s := range t.wordings() {
		if !plain(s) {
			return nil, fmt.Errorf("%w: a wording is not plain text", ErrShape)
		}
	}
	return &t, nil
}

// wordings returns every line that a person can read.
func (t *Texts) wordings() []string {
	out := []string{t.Look.Name, t.BeforeStart, t.HelpFirst.Title, t.NotACall, t.Hours, t.BeforeStory, t.Attachments, t.ChildProtection, t.After.Title}
	for _, list := range [][]string{t.HelpFirst.Steps, t.After.Next, t.After.Can, t.After.Cannot, t.Rights} {
		out = append(out, list...)
	}
	for _, n := range t.HelpFirst.Numbers {
		out = append(out, n.Label, n.Number)
	}
	for _, s := range t.Support {
		out = append(out, s.Label, s.Contact)
	}
	return out
}
