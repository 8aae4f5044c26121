package bundle

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// inert writes out characters that would be invisible, would steer a terminal,
// or would turn the text around them. Lines stay lines.
func inert(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r == '\r':
		case r < 0x20:
			b.WriteRune(0x2400 + r) // the picture of that control character
		default:
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		}
	}
	return b.String()
}

func hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20 || r >= 0x7f && r < 0xa0:
		return true
	case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f:
		return true
	case r == 0x2028 || r == 0x2029 || r == 0xfeff || r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}

// line is inert text on one line, cut to n bytes.
func line(s string, n int) string {
	s = strings.Join(strings.Fields(inert(cut(s, n))), " ")
	return s
}

// cut takes the first n bytes of s or fewer, at the end of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// cell is a value of a table that a spreadsheet may open: one line, and no
// formula.
func cell(s string) string {
	s = strings.ReplaceAll(line(s, 2000), "\t", " ")
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}
