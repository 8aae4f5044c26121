package roster

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// maxDepth bounds how deep objects and lists may nest.
const maxDepth = 32

// maxWhole is 2^53-1, the largest whole number that every reader, JavaScript
// included, holds exactly.
const maxWhole = 1<<53 - 1

// StrictJSON reports whether b is one JSON value in the only form that signed
// JSON may have: no white space outside strings, no escape but \" and \\, no
// control character, no U+2028 or U+2029, keys of [a-z0-9_-]+ and none twice in
// an object, whole numbers of at most 2^53-1 without fraction or exponent, at
// most 32 levels. Two readers of such bytes can't see different things in them.
// ErrShape.
func StrictJSON(b []byte) error {
	s := scanner{b: b}
	if err := s.value(0); err != nil {
		return fmt.Errorf("%w: JSON at byte %d: %w", ErrShape, s.i, err)
	}
	if s.i != len(b) {
		return fmt.Errorf("%w: JSON at byte %d: bytes after the end", ErrShape, s.i)
	}
	return nil
}

// A scanner walks over JSON; i is where it stands.
type scanner struct {
	b []byte
	i int
}

// peek returns the next byte, or 0 at the end (which no rule below accepts).
func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

func (s *scanner) value(depth int) error {
	switch c := s.peek(); {
	case (c == '{' || c == '[') && depth == maxDepth:
		return fmt.Errorf("more than %d levels", maxDepth)
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == '"':
		_, err := s.text()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.b[s.i:], []byte(word)) {
			s.i += len(word)
			return nil
		}
	}
	return fmt.Errorf("expected a value")
}

func (s *scanner) object(depth int) error {
	s.i++ // {
	if s.take('}') {
		return nil
	}
	seen := make(map[string]bool)
	for {
		if s.peek() != '"' {
			return fmt.Errorf("expected a key")
		}
		key, err := s.text()
		if err != nil {
			return err
		}
		if !validKey(key) {
			return fmt.Errorf("a key has other characters than a-z, 0-9, _ and -")
		}
		if seen[string(key)] {
			return fmt.Errorf("key %q comes twice in an object", key)
		}
		seen[string(key)] = true
		if !s.take(':') {
			return fmt.Errorf("expected a colon right after the key")
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return fmt.Errorf("expected a comma or the object's end")
		}
	}
}

func (s *scanner) array(depth int) error {
	s.i++ // [
	if s.take(']') {
		return nil
	}
	for {
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return fmt.Errorf("expected a comma or the list's end")
		}
	}
}

// text passes a string and returns what is between its quotes, escapes and all.
func (s *scanner) text() ([]byte, error) {
	s.i++ // the opening quote
	start := s.i
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '"':
			s.i++
			return s.b[start : s.i-1], nil
		case '\\':
			if s.i+1 >= len(s.b) || s.b[s.i+1] != '"' && s.b[s.i+1] != '\\' {
				return nil, fmt.Errorf("an escape other than \\\" and \\\\")
			}
			s.i += 2
			continue
		}
		r, size := utf8.DecodeRune(s.b[s.i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			return nil, fmt.Errorf("text is not UTF-8")
		case unicode.IsControl(r):
			return nil, fmt.Errorf("a control character in a text")
		case r == '\u2028' || r == '\u2029':
			return nil, fmt.Errorf("a line or paragraph separator in a text")
		}
		s.i += size
	}
	return nil, fmt.Errorf("a text without an end")
}

func (s *scanner) number() error {
	negative := s.take('-')
	start, n := s.i, uint64(0)
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		if n = n*10 + uint64(c-'0'); n > maxWhole {
			return fmt.Errorf("a number over 2^53-1")
		}
		s.i++
	}
	switch digits := s.b[start:s.i]; {
	case len(digits) == 0:
		return fmt.Errorf("a number without digits")
	case digits[0] == '0' && (len(digits) > 1 || negative):
		return fmt.Errorf("a number with a needless zero")
	}
	return nil
}

func validKey(key []byte) bool {
	for _, c := range key {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return len(key) > 0
}
