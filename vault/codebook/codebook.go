// Package codebook reads the coded vocabulary that the phone offers, the
// advocate codes with and the figures count. A codebook is data: one file,
// whose hash stands in the signed roster, with every code's labels in every
// language it lists. The default one and the default words of an organisation
// (help first, hours, what happens next) are embedded.
//
// The rules of [Parse] keep a codebook from saying two things at once: keys
// are lower case and known or ignored, codes are unique in their list, and no
// label is missing in a language that the file claims to have.
package codebook

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"peerwitness/vault"
)

//go:embed app.json codebook.json blame.json texts/*.json drafts
var files embed.FS

// Text is one wording in several languages, by BCP 47 code in lower case.
type Text map[string]string

// In returns the wording in lang, then in its base language ("pt" for
// "pt-br"), then in English, then in whichever language sorts first.
func (t Text) In(lang string) string {
	if s, ok := t[lang]; ok {
		return s
	}
	if base, _, ok := strings.Cut(lang, "-"); ok {
		if s, ok := t[base]; ok {
			return s
		}
	}
	if s, ok := t["en"]; ok {
		return s
	}
	for _, k := range slices.Sorted(maps.Keys(t)) {
		return t[k]
	}
	return ""
}

// Item is one code of a list.
type Item struct {
	Code  string `json:"code"`
	Icon  string `json:"icon,omitempty"` // as of a group
	Label Text   `json:"label"`
	Help  Text   `json:"help,omitempty"`
	// LabelUnder18 replaces Label on the form when the person is a minor.
	LabelUnder18 Text `json:"label_under_18,omitempty"`
	// Peer is what the peer reads instead of Label, where the desk's own
	// word would read as blame.
	Peer Text `json:"peer,omitempty"`
}

// Act is the smallest unit: one thing done to somebody.
type Act struct {
	Code  string `json:"code"`
	Label Text   `json:"label"`
	You   Text   `json:"you"`  // told by the person it happened to
	Them  Text   `json:"them"` // told for somebody else
	Help  Text   `json:"help"`
}

// Group holds acts; the phone shows groups before single acts.
type Group struct {
	Code  string `json:"code"`
	Icon  string `json:"icon"` // a name that the app draws
	Label Text   `json:"label"`
	Help  Text   `json:"help"`
	Acts  []Act  `json:"acts"`
}

// Codebook is a parsed codebook. It is not changed after Parse, so any number
// of goroutines may read it.
type Codebook struct {
	Version   int               `json:"version"`
	Languages []string          `json:"languages"`
	Groups    []Group           `json:"groups"`
	Lists     map[string][]Item `json:"lists"`

	Hash vault.ID `json:"-"` // of the bytes it was parsed from

	index map[string]map[string]Item // list → code → item; "group" and "act" too
	of    map[string]string          // act → group
}

// Names of the two lists that come from Groups.
const (
	Groups = "group"
	Acts   = "act"
)

// required lists of every codebook: those that PROTOCOL.md's report and the
// case record use. An organisation may add lists, and codes to any of them.
var required = []string{
	"ground", "consequence", "perpetrator", "population", "gender", "age", "how_many", "teller", "asked", "need",
	"service", "outcome", "consent", "urgency", "state", "close", "verification", "complaint", "complaint_why",
	"act_kind", "act_state",
}

// Default returns the bytes of the codebook that ships with the program.
func Default() []byte { return mustRead("codebook.json") }

// OwnWords returns the organisation's words that ship with the program, by
// language, without codes. Their telephone numbers and places are invented: an
// organisation puts its own and signs them.
func OwnWords() map[string][]byte {
	out := make(map[string][]byte)
	entries, err := files.ReadDir("texts")
	if err != nil {
		panic(err) // the embedded folder is part of the program
	}
	for _, e := range entries {
		out[strings.TrimSuffix(e.Name(), ".json")] = mustRead("texts/" + e.Name())
	}
	return out
}

// DefaultTexts returns OwnWords with the codes of the default codebook, as a
// roster names them. The caller may not change the bytes.
func DefaultTexts() map[string][]byte { return maps.Clone(defaultTexts()) }

var defaultTexts = sync.OnceValue(func() map[string][]byte {
	book, err := Parse(Default())
	if err != nil {
		panic(err) // it is part of the program
	}
	out := OwnWords()
	for lang, b := range out {
		if out[lang], err = WithCodes(book, b, lang); err != nil {
			panic(err)
		}
	}
	return out
})

func mustRead(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err) // the embedded file is part of the program
	}
	return b
}

// Has reports whether code is in list. "group" and "act" are lists too.
func (c *Codebook) Has(list, code string) bool {
	_, ok := c.index[list][code]
	return ok
}

// Item returns one code of a list.
func (c *Codebook) Item(list, code string) (Item, bool) {
	it, ok := c.index[list][code]
	return it, ok
}

// Label returns the code's label in lang (see [Text.In]). A code that the
// codebook does not have comes back as it is: what a newer phone wrote is
// shown, not hidden.
func (c *Codebook) Label(lang, list, code string) string {
	if it, ok := c.index[list][code]; ok {
		return it.Label.In(lang)
	}
	return code
}

// Codes returns the codes of a list in the order of the file.
func (c *Codebook) Codes(list string) []string {
	var out []string
	switch list {
	case Groups:
		for _, g := range c.Groups {
			out = append(out, g.Code)
		}
	case Acts:
		for _, g := range c.Groups {
			for _, a := range g.Acts {
				out = append(out, a.Code)
			}
		}
	default:
		for _, it := range c.Lists[list] {
			out = append(out, it.Code)
		}
	}
	return out
}

// ListNames returns the names of all lists, "group" and "act" included, sorted.
func (c *Codebook) ListNames() []string { return slices.Sorted(maps.Keys(c.index)) }

// GroupOf returns the group that holds an act.
func (c *Codebook) GroupOf(act string) (group string, ok bool) {
	group, ok = c.of[act]
	return group, ok
}

func (c *Codebook) buildIndex() error {
	c.index = make(map[string]map[string]Item)
	c.of = make(map[string]string)
	put := func(list string, it Item) error {
		m := c.index[list]
		if m == nil {
			m = make(map[string]Item)
			c.index[list] = m
		}
		if _, ok := m[it.Code]; ok {
			return fmt.Errorf("%w: code %q twice in list %q", ErrShape, it.Code, list)
		}
		m[it.Code] = it
		return nil
	}
	for _, g := range c.Groups {
		if err := put(Groups, Item{Code: g.Code, Label: g.Label, Help: g.Help}); err != nil {
			return err
		}
		for _, a := range g.Acts {
			if err := put(Acts, Item{Code: a.Code, Label: a.Label, Help: a.Help}); err != nil {
				return err
			}
			c.of[a.Code] = g.Code
		}
	}
	for name, items := range c.Lists {
		for _, it := range items {
			if err := put(name, it); err != nil {
				return err
			}
		}
	}
	return nil
}
