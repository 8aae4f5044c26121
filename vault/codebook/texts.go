package codebook

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"peerwitness/vault"
)

// Texts are the words that an organisation reviews and signs, per language:
// what a phone shows around the questions.
type Texts struct {
	Lang        string `json:"lang"`
	Look        Look   `json:"look"`
	BeforeStart string `json:"before_start"`
	HelpFirst   Steps  `json:"help_first"`
	// Held is for who is being held now; it may be missing.
	Held            *Steps `json:"held"`
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
	// Audio has screens of the app, by name, that were read aloud in this
	// language; see intake/app/src/ui/routes.ts for the names.
	Audio map[string]Sound `json:"audio"`
	// Codebook has the codes that a phone shows in this language, see
	// [WithCodes]; it may be missing.
	Codebook *Codebook `json:"codebook"`
	// App has the app's own sentences on the screens of agreeing, by their names
	// in app.json, in place of those in the app; see app.go.
	App map[string]string `json:"app"`
	// Of names what a draft translates, see [CheckCodes]; it is there in
	// languages other than [Reviewed].
	Of string `json:"translates"`
	// Review is there in languages other than [Reviewed].
	Review *Review `json:"reviewed"`
}

// Sound is a recording, kept as a document of its own.
type Sound struct {
	SHA256 string `json:"sha256"` // 64 hex digits
	Type   string `json:"type"`   // one of SoundTypes
}

// SoundTypes are what phones play.
var SoundTypes = []string{"audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm", "audio/wav"}

const maxSounds = 64

func checkSounds(audio map[string]Sound) error {
	if len(audio) > maxSounds {
		return fmt.Errorf("%w: over %d recordings", ErrShape, maxSounds)
	}
	for screen, s := range audio {
		if !validCode(screen) || !slices.Contains(SoundTypes, s.Type) {
			return fmt.Errorf("%w: audio of %q, of type %q", ErrShape, screen, s.Type)
		}
		if id, err := vault.ParseID(s.SHA256); err != nil || id.String() != s.SHA256 {
			return fmt.Errorf("%w: audio of %q has no hash", ErrShape, screen)
		}
	}
	return nil
}

// Sounds returns the hashes of the recordings that a text file names, sorted.
// ErrShape for what is no text file.
func Sounds(b []byte) ([]string, error) {
	if err := checkJSON(b, maxWords); err != nil {
		return nil, err
	}
	var t struct {
		Audio map[string]Sound `json:"audio"`
	}
	if err := json.Unmarshal(b, &t); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrShape, err)
	}
	if err := checkSounds(t.Audio); err != nil {
		return nil, err
	}
	var out []string
	for _, s := range t.Audio {
		out = append(out, s.SHA256)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// WithSound adds recordings to a text file, by screen; an earlier one of the
// same screen goes. A review of the words counts no more: what is heard is to
// be reviewed too. ErrShape.
func WithSound(words []byte, lang string, audio map[string]Sound) ([]byte, error) {
	if err := checkJSON(words, maxWords); err != nil {
		return nil, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(words, &keys); err != nil || string(keys["lang"]) != `"`+lang+`"` {
		return nil, fmt.Errorf("%w: not the words in %q", ErrShape, lang)
	}
	all := make(map[string]Sound)
	if b, ok := keys["audio"]; ok {
		if err := json.Unmarshal(b, &all); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrShape, err)
		}
	}
	maps.Copy(all, audio)
	if err := checkSounds(all); err != nil {
		return nil, err
	}
	var err error
	if keys["audio"], err = json.Marshal(all); err != nil {
		return nil, fmt.Errorf("writing words: %w", err)
	}
	delete(keys, "reviewed")
	out, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing words: %w", err)
	}
	return append(out, '\n'), nil
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

// Steps is what to do now, in order, and whom to call.
type Steps struct {
	Title   string   `json:"title"`
	Steps   []string `json:"steps"`
	Numbers []Number `json:"numbers"`
}

func (s *Steps) check(what string) error {
	if s.Title == "" || len(s.Steps) == 0 || slices.Contains(s.Steps, "") {
		return fmt.Errorf("%w: %s has no title, no steps or an empty one", ErrShape, what)
	}
	for _, n := range s.Numbers {
		if n.Label == "" || n.Number == "" {
			return fmt.Errorf("%w: a number to call in %s is empty", ErrShape, what)
		}
	}
	return nil
}

func (s *Steps) wordings() []string {
	out := append([]string{s.Title}, s.Steps...)
	for _, n := range s.Numbers {
		out = append(out, n.Label, n.Number)
	}
	return out
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
// which a phone must show is missing, and that they are reviewed where they
// must be. ErrShape, ErrUnreviewed.
func ParseTexts(b []byte, lang string) (*Texts, error) {
	t, err := ParseDraft(b, lang)
	if err != nil {
		return nil, err
	}
	if err := t.checkReview(b); err != nil {
		return nil, err
	}
	return t, nil
}

// Example returns a number of those that ship with the program and reach
// nobody, or "".
func (t *Texts) Example() string {
	numbers := t.HelpFirst.Numbers
	if t.Held != nil {
		numbers = append(slices.Clone(numbers), t.Held.Numbers...)
	}
	for _, n := range numbers {
		if strings.HasPrefix(n.Number, "000 000") {
			return n.Number
		}
	}
	for _, s := range t.Support {
		if strings.Contains(s.Contact, "000 000") {
			return s.Contact
		}
	}
	return ""
}

// ParseDraft is ParseTexts for words that nobody has to have reviewed yet.
// ErrShape.
func ParseDraft(b []byte, lang string) (*Texts, error) {
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
	if t.Review != nil && !plain(t.Review.By) {
		return nil, fmt.Errorf("%w: the review is not plain text", ErrShape)
	}
	if err := t.Look.check(); err != nil {
		return nil, err
	}
	if err := checkSounds(t.Audio); err != nil {
		return nil, err
	}
	if err := t.checkApp(); err != nil {
		return nil, err
	}
	if err := t.HelpFirst.check("help_first"); err != nil {
		return nil, err
	}
	if t.Held != nil {
		if err := t.Held.check("held"); err != nil {
			return nil, err
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
		"before_start": t.BeforeStart, "not_a_call": t.NotACall, "hours": t.Hours,
		"before_story": t.BeforeStory, "attachments": t.Attachments, "child_protection": t.ChildProtection, "after.title": t.After.Title,
	}
	for key, s := range one {
		if s == "" {
			return nil, fmt.Errorf("%w: %s is empty", ErrShape, key)
		}
	}
	many := map[string][]string{
		"after.next": t.After.Next, "after.can": t.After.Can,
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
	if t.Codebook != nil {
		if !slices.Equal(t.Codebook.Languages, []string{lang}) {
			return nil, fmt.Errorf("%w: the codes in the words are not in %q alone", ErrShape, lang)
		}
		if err := t.Codebook.check(phoneLists); err != nil {
			return nil, err
		}
	}
	return &t, nil
}

// wordings returns every line that a person can read.
func (t *Texts) wordings() []string {
	out := []string{t.Look.Name, t.BeforeStart, t.NotACall, t.Hours, t.BeforeStory, t.Attachments, t.ChildProtection, t.After.Title}
	for _, list := range [][]string{t.HelpFirst.wordings(), t.After.Next, t.After.Can, t.After.Cannot, t.Rights} {
		out = append(out, list...)
	}
	if t.Held != nil {
		out = append(out, t.Held.wordings()...)
	}
	for _, s := range t.Support {
		out = append(out, s.Label, s.Contact)
	}
	for _, key := range slices.Sorted(maps.Keys(t.App)) {
		out = append(out, t.App[key])
	}
	return out
}
