package roster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"peerwitness/vault"
)

// A node is one value of strictly checked JSON, read by what the protocol says
// must stand there. A missing key or another type is an error, never a zero
// value. All nodes of a document share one place for the first error; after
// it they return zero values.
type node struct {
	v    any
	path string
	err  *error
}

// document checks b with StrictJSON and reads it.
func document(b []byte, what string) (node, error) {
	if err := StrictJSON(b); err != nil {
		return node{}, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	n := node{path: what, err: new(error)}
	if err := d.Decode(&n.v); err != nil {
		return node{}, fmt.Errorf("%w: %w", ErrShape, err)
	}
	return n, nil
}

func (n node) fail(format string, args ...any) {
	if *n.err == nil {
		*n.err = fmt.Errorf("%w: %s: %s", ErrShape, n.path, fmt.Sprintf(format, args...))
	}
}

func (n node) failed() bool { return *n.err != nil }

// get returns the value of a required key.
func (n node) get(key string) node {
	child := node{path: n.path + "." + key, err: n.err}
	m, ok := n.v.(map[string]any)
	if !ok {
		n.fail("not an object")
		return child
	}
	if child.v, ok = m[key]; !ok {
		child.fail("missing")
	}
	return child
}

// list returns the items of a list of at most limit.
func (n node) list(limit int) []node {
	l, ok := n.v.([]any)
	if !ok {
		n.fail("not a list")
		return nil
	}
	if len(l) > limit {
		n.fail("%d items, more than %d", len(l), limit)
		return nil
	}
	items := make([]node, len(l))
	for i, v := range l {
		items[i] = node{v: v, path: n.path + "[" + strconv.Itoa(i) + "]", err: n.err}
	}
	return items
}

func (n node) str() string {
	s, ok := n.v.(string)
	if !ok {
		n.fail("not a text")
	}
	return s
}

// whole returns a whole number from min to max.
func (n node) whole(min, max uint64) uint64 {
	num, ok := n.v.(json.Number)
	if !ok {
		n.fail("not a number")
		return 0
	}
	v, err := strconv.ParseUint(num.String(), 10, 64)
	if err != nil || v < min || v > max {
		n.fail("not a whole number from %d to %d", min, max)
		return 0
	}
	return v
}

// shown returns a text that is shown to people: not empty nor only spaces, at most limit code
// points, and nothing in it that would make other text read as what it isn't (control
// characters are gone since StrictJSON).
func (n node) shown(limit int) string {
	s := n.str()
	for _, r := range s {
		if r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
			n.fail("a character that turns the direction of text")
		}
	}
	if strings.Trim(s, " ") == "" {
		n.fail("empty")
	}
	if utf8.RuneCountInString(s) > limit {
		n.fail("over %d characters", limit)
	}
	return s
}

// slug returns an id of a desk, region, part or topic.
func (n node) slug() string {
	s := n.str()
	if !validSlug(s) {
		n.fail("not an id of a-z, 0-9 and -")
	}
	return s
}

// person returns a person id.
func (n node) person() string {
	s := n.str()
	if !validPerson(s) {
		n.fail("not a person id (p- and 16 lower-case hex digits)")
	}
	return s
}

// hash returns the hex text of a SHA-256.
func (n node) hash() string {
	s := n.str()
	if _, err := vault.ParseID(s); err != nil {
		n.fail("not 64 lower-case hex digits")
	}
	return s
}

// day returns a day of the years 1970 to 9999.
func (n node) day() string {
	s := n.str()
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || day(t) != s || t.Year() < 1970 {
		n.fail("not a day (YYYY-MM-DD)")
	}
	return s
}

func (n node) recipient() string {
	s := n.str()
	if n.failed() {
		return s
	}
	if err := CheckRecipient(s); err != nil {
		*n.err = fmt.Errorf("%s: %w", n.path, err)
	}
	return s
}

// bytes returns the text of base64 that decodes to size bytes, and those.
func (n node) bytes(size int) (string, []byte) {
	s := n.str()
	b, err := decodeBase64(s, size)
	if err != nil {
		n.fail("not the base64 of %d bytes", size)
	}
	return s, b
}

// byLanguage reads an object from language to something.
func byLanguage(n node, min int, read func(node) string) map[string]string {
	m, ok := n.v.(map[string]any)
	if !ok {
		n.fail("not an object")
		return nil
	}
	if len(m) < min || len(m) > MaxLanguages {
		n.fail("%d languages where %d to %d belong", len(m), min, MaxLanguages)
		return nil
	}
	out := make(map[string]string, len(m))
	for _, lang := range sortedKeys(m) {
		if !validLanguage(lang) {
			n.fail("%q is not a language tag in lower case", lang)
		}
		out[lang] = read(n.get(lang))
	}
	return out
}

// distinct reads a list of at most limit texts, none of them twice.
func distinct(n node, limit int, read func(node) string) []string {
	items := n.list(limit)
	out := make([]string, 0, len(items))
	for _, item := range items {
		s := read(item)
		if slices.Contains(out, s) {
			item.fail("comes twice")
		}
		out = append(out, s)
	}
	return out
}

// validSlug reports whether s matches [a-z0-9][a-z0-9-]{0,31}.
func validSlug(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || i == 0) {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= vault.MaxDeskID
}

// validPerson reports whether s matches p-[0-9a-f]{16}.
func validPerson(s string) bool {
	if len(s) != 18 || s[:2] != "p-" {
		return false
	}
	for i := 2; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'f') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// validLanguage reports whether s has the form of a BCP 47 tag in lower case:
// [a-z]{2,8}(-[a-z0-9]{1,8})*, at most 35 characters.
func validLanguage(s string) bool {
	if len(s) > 35 {
		return false
	}
	subtag, first := 0, true
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '-':
			if subtag == 0 || first && subtag < 2 {
				return false
			}
			subtag, first = 0, false
			continue
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9' && !first:
			subtag++
		default:
			return false
		}
		if subtag > 8 {
			return false
		}
	}
	return subtag > 0 && (!first || subtag >= 2)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
