package sheet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// decodeText makes UTF-8 of a text file. UTF-16 is told by its mark, or by the
// zeros that plain letters have in it.
func decodeText(b []byte, letters string) (string, error) {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		b = b[3:]
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		return fromUTF16(b[2:], binary.LittleEndian)
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return fromUTF16(b[2:], binary.BigEndian)
	case len(b) >= 4 && b[0] != 0 && b[1] == 0 && b[3] == 0:
		return fromUTF16(b, binary.LittleEndian)
	case len(b) >= 4 && b[0] == 0 && b[1] != 0 && b[2] == 0:
		return fromUTF16(b, binary.BigEndian)
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return "", ErrKind // no text has it
	}
	if utf8.Valid(b) {
		return string(b), nil
	}
	var from *charmap.Charmap
	switch letters {
	case "windows-1251":
		from = charmap.Windows1251
	case "windows-1252":
		from = charmap.Windows1252
	default:
		return "", ErrLetters
	}
	out, err := from.NewDecoder().Bytes(b)
	if err != nil {
		return "", ErrLetters
	}
	return string(out), nil
}

func fromUTF16(b []byte, order binary.ByteOrder) (string, error) {
	if len(b)%2 != 0 {
		return "", fmt.Errorf("%w: it breaks off within a character", ErrDamaged)
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	s := string(utf16.Decode(units))
	if strings.ContainsRune(s, 0) {
		return "", ErrKind
	}
	return s, nil
}

// separators that files are written with, in the order to prefer them in.
const separators = ",;\t|"

// separatorOf finds a file's separator: the one that a line "sep=" names, else
// the one that stands most often in the headings, outside of quotation marks.
func separatorOf(s string) (sep byte, rest string) {
	if len(s) >= 5 && strings.EqualFold(s[:4], "sep=") && strings.IndexByte(separators, s[4]) >= 0 && (len(s) == 5 || s[5] == '\r' || s[5] == '\n') {
		return s[4], s[5:] // the line end is left: a program numbers this row, too
	}
	count := map[byte]int{}
	quoted := false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '\n' || c == '\r') && len(strings.TrimSpace(s[:i])) > 0:
			s = s[:i]
		case !quoted && strings.IndexByte(separators, c) >= 0:
			count[c]++
		}
		if i >= len(s) {
			break
		}
	}
	sep = separators[0]
	for i := range len(separators) {
		if count[separators[i]] > count[sep] {
			sep = separators[i]
		}
	}
	return sep, ""
}

// readCSV reads text with a separator. It takes what spreadsheet programs write,
// quotation marks within a cell without them included. Rows are numbered as those
// programs number them, lines within a cell not counted.
func readCSV(b []byte, letters string) (*grid, error) {
	s, err := decodeText(b, letters)
	if err != nil {
		return nil, err
	}
	sep, rest := separatorOf(s)
	if rest != "" {
		s = rest
	}
	g := &grid{}
	row := Row{N: 1}
	var cell strings.Builder
	flush := func() error {
		if len(row.Cells) >= 1<<14 {
			return fmt.Errorf("%w: row %d has over %d columns", ErrTooLarge, row.N, MaxCols)
		}
		row.Cells = append(row.Cells, cell.String())
		cell.Reset()
		return nil
	}
	quoted, begun := false, false // within quotation marks; something of the cell was read
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quoted && c == '"' && i+1 < len(s) && s[i+1] == '"':
			cell.WriteByte('"')
			i++
		case quoted && c == '"':
			quoted = false
		case quoted:
			cell.WriteByte(c)
		case c == '"' && !begun:
			quoted, begun = true, true
		case c == sep:
			if err := flush(); err != nil {
				return nil, err
			}
			begun = false
		case c == '\n' || c == '\r':
			if c == '\r' && i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
			if err := flush(); err != nil {
				return nil, err
			}
			if err := g.add(row); err != nil {
				return nil, err
			}
			row, begun = Row{N: row.N + 1}, false
		default:
			cell.WriteByte(c)
			begun = true
		}
		if cell.Len() > MaxCell+64 {
			return nil, fmt.Errorf("%w: a cell in row %d has over %d KiB; a quotation mark may not be closed", ErrTooLarge, row.N, MaxCell>>10)
		}
	}
	if quoted {
		return nil, fmt.Errorf("%w: a quotation mark in row %d is never closed", ErrDamaged, row.N)
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return g, g.add(row)
}
