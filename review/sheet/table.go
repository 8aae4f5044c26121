// Package sheet brings cases in from a spreadsheet and takes them out to one.
//
// In: [Read] makes a [Table] of a CSV or XLSX file, within bounds. A [Mapping]
// says which column answers which question of a report and what its words mean
// in codes; [Guess] begins one and [Memory] keeps it for the next file of the
// same form. [Check] is the dry run: it names every row that can't come in and
// why, counts what would be made, and changes nothing. An [Import] seals each
// good row as an ordinary report for its desk and sends it the ordinary way.
//
// What it guarantees: a row that is not brought in is named, never dropped
// without a word; a consent is written only where a cell says so and the mapping
// says which consent that is; the same row brought in twice, after whatever
// happened in between, is one case; a cell that is written out is never a formula.
//
// Everything in a file is hostile. There is no library for XLSX here: those to
// be had unpack to the disk or evaluate formulas, and what is needed of the
// format, values of one sheet, takes few lines over archive/zip and encoding/xml.
package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is read.
const (
	MaxFile  = 16 << 20 // bytes of a file
	MaxRows  = 20_000   // rows with something in them, the headings among them
	MaxCols  = 300
	MaxCell  = 32 << 10 // bytes of one cell
	maxCells = 2_000_000
	maxText  = 64 << 20 // bytes of all cells together, each counted where it stands
)

// Sentinels; compare with errors.Is.
var (
	// ErrKind: neither CSV nor XLSX.
	ErrKind = errors.New("not a CSV or XLSX file")
	// ErrLetters: the text is in no encoding that can be told; name one.
	ErrLetters = errors.New("the letters of this file can't be told apart")
	// ErrTooLarge: over one of the bounds.
	ErrTooLarge = errors.New("too large")
	// ErrDamaged: the file breaks off or contradicts itself.
	ErrDamaged = errors.New("the file is damaged")
	// ErrEmpty: there is no row under the headings.
	ErrEmpty = errors.New("there are no rows")
)

// Table is one sheet: headings, and the rows below them.
type Table struct {
	Header []string // each different from the others
	Rows   []Row
	// Notes say what a reader of the file should know, in words for people.
	Notes []string
}

// Row is one line of a sheet.
type Row struct {
	N     int      // as a spreadsheet program numbers it
	Cells []string // as many as there are headings
	// Troubles are cells whose content can't be known, by column.
	Troubles map[int]string
}

// Letters are the encodings that Read can be told of; the first, empty, finds
// it out.
var Letters = []string{"", "windows-1251", "windows-1252"}

// Read makes a table of a file. letters is one of Letters, for text that is
// neither UTF-8 nor UTF-16. ErrKind, ErrLetters, ErrTooLarge, ErrDamaged, ErrEmpty.
func Read(b []byte, letters string) (*Table, error) {
	if len(b) > MaxFile {
		return nil, fmt.Errorf("%w: over %d MiB", ErrTooLarge, MaxFile>>20)
	}
	var g *grid
	var err error
	switch {
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		g, err = readXLSX(b)
	case bytes.HasPrefix(b, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return nil, fmt.Errorf("%w: it is an old Excel file, or one with a password; save it as .xlsx without a password, or as CSV", ErrKind)
	default:
		g, err = readCSV(b, letters)
	}
	if err != nil {
		return nil, err
	}
	return g.table()
}

// grid is a sheet as it was read, before headings are told from rows. Rows are
// in order, and only those with something in them are there.
type grid struct {
	rows  []Row
	notes []string
	cells int
	text  int
}

// add appends a row. Empty cells at its end and rows of nothing but those are
// left out.
func (g *grid) add(r Row) error {
	for i, c := range r.Cells {
		r.Cells[i] = tidy(c)
	}
	end := len(r.Cells)
	for end > 0 && r.Cells[end-1] == "" && r.Troubles[end-1] == "" {
		end--
	}
	if r.Cells = r.Cells[:end]; end == 0 {
		return nil
	}
	for i, c := range r.Cells {
		if len(c) > MaxCell {
			return fmt.Errorf("%w: the cell in row %d, column %d has over %d KiB", ErrTooLarge, r.N, i+1, MaxCell>>10)
		}
		g.text += len(c)
	}
	g.cells += end
	switch {
	case end > MaxCols:
		return fmt.Errorf("%w: row %d has over %d columns", ErrTooLarge, r.N, MaxCols)
	case len(g.rows) >= MaxRows:
		return fmt.Errorf("%w: over %d rows; split the file", ErrTooLarge, MaxRows-1)
	case g.cells > maxCells, g.text > maxText:
		return fmt.Errorf("%w: over %d MiB of text; split the file", ErrTooLarge, maxText>>20)
	}
	g.rows = append(g.rows, r)
	return nil
}

// tidy takes white space and control characters off the ends, makes line ends
// plain, and undoes Inert.
func tidy(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.ContainsRune(s, '\r') {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\uFEFF' || r == '\u200B' })
	return Plain(s)
}

// table takes the first row as the headings.
func (g *grid) table() (*Table, error) {
	if len(g.rows) < 2 {
		return nil, ErrEmpty
	}
	t := &Table{Rows: g.rows[1:], Notes: g.notes}
	width := 0
	for _, r := range g.rows {
		width = max(width, len(r.Cells))
	}
	if len(t.Rows)*width > maxCells {
		return nil, fmt.Errorf("%w: over %d cells; split the file", ErrTooLarge, maxCells)
	}
	seen := map[string]bool{}
	for i := range width {
		name := ""
		if head := g.rows[0].Cells; i < len(head) {
			name = oneLine(head[i])
		}
		if name == "" {
			name = "Column " + letterOf(i)
		}
		base := clip(name, 200)
		name = base
		for n := 2; seen[name]; n++ {
			name = fmt.Sprintf("%s (%d)", base, n)
		}
		seen[name] = true
		t.Header = append(t.Header, name)
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		if len(r.Cells) < width {
			r.Cells = append(r.Cells, make([]string, width-len(r.Cells))...)
		}
	}
	return t, nil
}

// letterOf names a column as spreadsheet programs do: A, B … Z, AA.
func letterOf(i int) string {
	s := ""
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}

// clip cuts a text to n bytes at most, at a character's edge.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
