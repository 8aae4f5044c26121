package sheet

import (
	"strings"
	"unicode"
)

// Inert makes a text that no spreadsheet program takes for a formula: before
// what one would begin with (= + - @, their full-width twins, a control
// character) it puts an apostrophe. It does so where a cell begins, and after
// what another program could take for the end of a cell or row, since a file
// that is opened with another separator is cut there. Plain gives the text back.
func Inert(s string) string { return requote(s, true) }

// Plain undoes Inert; for every s, Plain(Inert(s)) is s.
func Plain(s string) string { return requote(s, false) }

func requote(s string, add bool) string {
	if !strings.ContainsFunc(s, startsFormula) {
		return s
	}
	var b strings.Builder
	for begin := 0; ; {
		end := strings.IndexAny(s[begin:], cuts)
		if end < 0 {
			end = len(s)
		} else {
			end += begin + 1
		}
		part := s[begin:end]
		if dangerous(part) {
			if add {
				b.WriteByte('\'')
			} else {
				part = strings.TrimPrefix(part, "'")
			}
		}
		b.WriteString(part)
		if end == len(s) {
			return b.String()
		}
		begin = end
	}
}

// cuts are where another program may end a cell or a row. A comma is none: the
// files here are written with it, and all cells stand in quotation marks.
const cuts = ";\t\n\r|"

// dangerous tells whether a part could be taken for a formula, whatever
// apostrophes stand before: one more changes nothing, so that it can be taken
// away again. It looks at nothing beyond the part, for the same reason.
func dangerous(s string) bool {
	for _, r := range strings.TrimLeft(s, "'") {
		switch {
		case startsFormula(r):
			return true
		case r == '"', unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
		default:
			return false
		}
	}
	return false
}

func startsFormula(r rune) bool {
	switch r {
	case '=', '+', '-', '@', '＝', '＋', '－', '＠', '−', '﹢', '﹣', '﹦', '﹫':
		return true
	case '\n': // a line of a text
		return false
	}
	return r < 0x20 || r == 0x7f
}
