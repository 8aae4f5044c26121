package seal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"
)

// checkJSON refuses JSON that two readers could understand differently or that
// could hurt one: over size bytes, not UTF-8, nested deeper than deep, a
// text over text bytes, a key twice in one object, or a key with
// anything but a–z, 0–9, _ and - (Go folds the case of keys and TypeScript
// does not). Depth is checked on the raw bytes, before any decoder runs.
func checkJSON(b []byte, size, text, deep int) error {
	if len(b) > size {
		return fmt.Errorf("%w: over %d bytes", ErrTooLarge, size)
	}
	if !utf8.Valid(b) {
		return fmt.Errorf("%w: not UTF-8", ErrContent)
	}
	if depth(b) > deep {
		return fmt.Errorf("%w: nested deeper than %d", ErrContent, deep)
	}
	if !json.Valid(b) {
		return fmt.Errorf("%w: not JSON", ErrContent)
	}
	return checkTokens(b, text)
}

// depth is how deep brackets nest outside of strings; for what isn't JSON, at
// least as deep as any decoder would go before it noticed.
func depth(b []byte) int {
	at, most, quoted := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			at++
			most = max(most, at)
		case c == '}' || c == ']':
			at--
		}
	}
	return most
}

// checkTokens walks valid JSON for keys and lengths of texts.
func checkTokens(b []byte, text int) error {
	type level struct {
		keys  map[string]bool // nil in an array
		value bool            // the next token is a value, not a key
	}
	var open []level
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: not JSON", ErrContent)
		}
		s, isText := tok.(string)
		if isText && len(s) > text {
			return fmt.Errorf("%w: a text over %d bytes", ErrTooLarge, text)
		}
		var top *level
		if len(open) > 0 {
			top = &open[len(open)-1]
		}
		if top != nil && top.keys != nil && !top.value {
			if isText {
				if !goodKey(s) {
					return fmt.Errorf("%w: a key that is not of a–z, 0–9, _ and -", ErrContent)
				}
				if top.keys[s] {
					return fmt.Errorf("%w: a key twice in one object", ErrContent)
				}
				top.keys[s], top.value = true, true
				continue
			}
		} else if top != nil {
			top.value = false
		}
		switch tok {
		case json.Delim('{'):
			open = append(open, level{keys: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
	}
}

func goodKey(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// decode fills v from JSON that passed checkJSON. The decoder's error is
// dropped, since it can quote the text.
func decode(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: a field of the wrong kind", ErrContent)
	}
	return nil
}

// encode is compact JSON that leaves <, > and & as they are, like
// JSON.stringify.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("%w: can't be written as JSON", ErrContent)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// isHex tells whether s is n bytes in lower-case hex.
func isHex(s string, n int) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == n && hex.EncodeToString(b) == s
}

// isID tells whether s is an id of a desk: [a-z0-9][a-z0-9-]{0,31}.
func isID(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || i == 0) {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// isPerson tells whether s is p- and 16 hex digits, or the word recovery.
func isPerson(s string) bool {
	return s == "recovery" || len(s) == 18 && s[:2] == "p-" && isHex(s[2:], 8)
}
