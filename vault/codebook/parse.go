package codebook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"unicode"
	"unicode/utf8"

	"peerwitness/vault"
)

// ErrShape: the bytes are not a codebook or a text file of the form that this
// package describes.
var ErrShape = errors.New("not a codebook")

// ErrUnreviewed: words in a language that is a draft until a native speaker has
// reviewed them, and nobody says to have done so, or they were changed since.
var ErrUnreviewed = errors.New("not reviewed by a native speaker")

// Bounds of a file; Parse refuses more.
const (
	MaxSize      = 1 << 20
	maxDepth     = 12
	maxLanguages = 64
	maxGroups    = 64
	maxLists     = 64
	maxCodes     = 512       // in one list, and of acts in one group
	maxCode      = 64        // bytes of a code
	maxText      = 600       // bytes of one wording
	maxWords     = 512 << 10 // with the codes of one language
)

var (
	codeForm = regexp.MustCompile(`^[a-z0-9-]+$`)
	listForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_]*$`)
	langForm = regexp.MustCompile(`^[a-z]{2,3}(-[a-z0-9]{2,8})*$`)
)

// Parse reads a codebook and checks all of it: size and depth, keys in lower
// case and no key twice, codes of the form [a-z0-9-]+ and unique in their
// list, every wording there in every language listed, free of control and
// direction-changing characters. Unknown keys are ignored. ErrShape.
func Parse(b []byte) (*Codebook, error) {
	if err := checkJSON(b, MaxSize); err != nil {
		return nil, err
	}
	var c Codebook
	if err := json.Unmarshal(b, &c); err != nil {
		// The cause may quote a wording, never a secret: a codebook is public.
		return nil, fmt.Errorf("%w: %v", ErrShape, err)
	}
	if err := c.check(required); err != nil {
		return nil, err
	}
	if err := c.buildIndex(); err != nil {
		return nil, err
	}
	c.Hash = vault.Sum(b)
	return &c, nil
}

func (c *Codebook) check(lists []string) error {
	if c.Version < 1 {
		return fmt.Errorf("%w: version must be 1 or more", ErrShape)
	}
	if err := checkLanguages(c.Languages); err != nil {
		return err
	}
	if len(c.Groups) == 0 || len(c.Groups) > maxGroups {
		return fmt.Errorf("%w: %d groups", ErrShape, len(c.Groups))
	}
	for _, g := range c.Groups {
		if !validCode(g.Code) || !validCode(g.Icon) {
			return fmt.Errorf("%w: group %q, icon %q", ErrShape, g.Code, g.Icon)
		}
		if err := c.texts("group "+g.Code, map[string]Text{"label": g.Label, "help": g.Help}); err != nil {
			return err
		}
		if len(g.Acts) == 0 || len(g.Acts) > maxCodes {
			return fmt.Errorf("%w: %d acts in group %q", ErrShape, len(g.Acts), g.Code)
		}
		for _, a := range g.Acts {
			if !validCode(a.Code) {
				return fmt.Errorf("%w: act %q", ErrShape, a.Code)
			}
			if err := c.texts("act "+a.Code, map[string]Text{"label": a.Label, "you": a.You, "them": a.Them, "help": a.Help}); err != nil {
				return err
			}
		}
	}
	return c.checkLists(lists)
}

func (c *Codebook) checkLists(lists []string) error {
	for _, name := range lists {
		if len(c.Lists[name]) == 0 {
			return fmt.Errorf("%w: no list %q", ErrShape, name)
		}
	}
	if len(c.Lists) > maxLists {
		return fmt.Errorf("%w: %d lists", ErrShape, len(c.Lists))
	}
	for name, items := range c.Lists {
		if name == Groups || name == Acts || len(name) > maxCode || !listForm.MatchString(name) {
			return fmt.Errorf("%w: list named %q", ErrShape, name)
		}
		if len(items) == 0 || len(items) > maxCodes {
			return fmt.Errorf("%w: %d codes in list %q", ErrShape, len(items), name)
		}
		for _, it := range items {
			if !validCode(it.Code) || (it.Icon != "" && !validCode(it.Icon)) {
				return fmt.Errorf("%w: code %q in list %q", ErrShape, it.Code, name)
			}
			want := map[string]Text{"label": it.Label}
			for key, t := range map[string]Text{"help": it.Help, "label_under_18": it.LabelUnder18, "peer": it.Peer} {
				if t != nil { // optional, but whole when there
					want[key] = t
				}
			}
			if err := c.texts(name+" "+it.Code, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// texts checks that every wording is there in every language of the codebook.
func (c *Codebook) texts(where string, all map[string]Text) error {
	for key, t := range all {
		for _, lang := range c.Languages {
			if s, ok := t[lang]; !ok || s == "" {
				return fmt.Errorf("%w: %s has no %s in %q", ErrShape, where, key, lang)
			}
		}
		for lang, s := range t {
			if !slices.Contains(c.Languages, lang) {
				return fmt.Errorf("%w: %s has a %s in %q, which is not among the languages", ErrShape, where, key, lang)
			}
			if len(s) > maxText || !plain(s) {
				return fmt.Errorf("%w: %s has a %s in %q that is too long or not plain text", ErrShape, where, key, lang)
			}
		}
	}
	return nil
}

func checkLanguages(langs []string) error {
	if len(langs) == 0 || len(langs) > maxLanguages {
		return fmt.Errorf("%w: %d languages", ErrShape, len(langs))
	}
	seen := make(map[string]bool)
	for _, l := range langs {
		if !validLanguage(l) || seen[l] {
			return fmt.Errorf("%w: language %q", ErrShape, l)
		}
		seen[l] = true
	}
	return nil
}

func validCode(s string) bool     { return len(s) <= maxCode && codeForm.MatchString(s) }
func validLanguage(s string) bool { return len(s) <= 35 && langForm.MatchString(s) }

// plain refuses what could hide or turn around a wording on a screen: control
// characters and the marks that override text direction.
func plain(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || (r >= '\u202a' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069') {
			return false
		}
	}
	return utf8.ValidString(s)
}

// checkJSON walks one JSON value without building it: bounded size and depth,
// valid UTF-8, nothing after it, no key twice in an object.
func checkJSON(b []byte, size int) error {
	if len(b) > size {
		return fmt.Errorf("%w: over %d bytes: %w", ErrShape, size, vault.ErrTooLarge)
	}
	if !utf8.Valid(b) {
		return fmt.Errorf("%w: not UTF-8", ErrShape)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	type level struct {
		keys   map[string]bool // nil in an array
		expect bool            // a key comes next
	}
	var stack []level
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: cut short", ErrShape)
		}
		if err != nil {
			return fmt.Errorf("%w: %v", ErrShape, err)
		}
		top := len(stack) - 1
		if key, ok := tok.(string); ok && top >= 0 && stack[top].keys != nil && stack[top].expect {
			if !keyForm.MatchString(key) {
				return fmt.Errorf("%w: key %q", ErrShape, key)
			}
			if stack[top].keys[key] {
				return fmt.Errorf("%w: key %q twice", ErrShape, key)
			}
			stack[top].keys[key] = true
			stack[top].expect = false
			continue
		}
		switch tok {
		case json.Delim('{'):
			stack = append(stack, level{keys: make(map[string]bool), expect: true})
		case json.Delim('['):
			stack = append(stack, level{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
			top--
			if top >= 0 && stack[top].keys != nil {
				stack[top].expect = true
			}
		default:
			if top >= 0 && stack[top].keys != nil {
				stack[top].expect = true
			}
		}
		if len(stack) > maxDepth {
			return fmt.Errorf("%w: nested deeper than %d", ErrShape, maxDepth)
		}
		if len(stack) == 0 {
			break
		}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows it", ErrShape)
	}
	return nil
}

// keyForm keeps keys in one case: Go's decoder takes "Label" for "label", a
// browser does not, and the two would read different codebooks.
var keyForm = regexp.MustCompile(`^[a-z0-9_-]+$`)
