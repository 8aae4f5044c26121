package sheet

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// styles notes which styles show a number as a date.
func (k *book) styles() error {
	custom := map[string]bool{} // formats that the file brings itself
	within := false
	return k.elements("xl/styles.xml", maxParts, false, func(_ *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			custom[attribute(e, "numFmtId")] = showsDate(attribute(e, "formatCode"))
		case "cellXfs":
			within = true
		case "cellStyles", "dxfs":
			within = false
		case "xf":
			if !within {
				return nil
			}
			id := attribute(e, "numFmtId")
			date, own := custom[id]
			if n, err := strconv.Atoi(id); err == nil && !own {
				date = n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 45 && n <= 47 || n >= 50 && n <= 58
			}
			k.dates = append(k.dates, date)
		}
		return nil
	})
}

// showsDate tells whether a number's format has a day, month or year in it,
// outside of quoted text and of brackets.
func showsDate(code string) bool {
	code, _, _ = strings.Cut(strings.ToLower(code), ";") // of positive numbers
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '"':
			n := strings.IndexByte(code[i+1:], '"')
			if n < 0 {
				return false
			}
			i += n + 1
		case '[':
			n := strings.IndexByte(code[i:], ']')
			if n < 0 {
				return false
			}
			i += n
		case '\\', '_', '*':
			i++
		case 'y', 'd', 'm', 'h':
			return true
		}
	}
	return false
}

const (
	maxMerges = 5000
	maxFilled = 200_000
	lastDay   = 2958465 // 9999-12-31
)

// merged is a block of cells that shows the value of its first one.
type merged struct{ left, top, right, bottom int }

// sheet reads the cells of a part.
func (k *book) sheet(part string) (*grid, error) {
	var rows []Row
	var merges []merged
	hidden, cells := 0, 0
	err := k.elements(part, maxSheet, true, func(d *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "row":
			n := 1
			if len(rows) > 0 {
				n = rows[len(rows)-1].N + 1
			}
			if r := attribute(e, "r"); r != "" {
				got, err := strconv.Atoi(r)
				if err != nil || got < n || got > 1<<20 {
					return fmt.Errorf("%w: its rows are not in order", ErrDamaged)
				}
				n = got
			}
			if len(rows) >= 1<<17 {
				return fmt.Errorf("%w: over %d rows", ErrTooLarge, MaxRows)
			}
			rows = append(rows, Row{N: n})
			if h := attribute(e, "hidden"); h == "1" || h == "true" {
				hidden++
			}
		case "c":
			if len(rows) == 0 {
				return fmt.Errorf("%w: a cell outside of a row", ErrDamaged)
			}
			if cells++; cells > maxCells {
				return fmt.Errorf("%w: over %d cells; split the file", ErrTooLarge, maxCells)
			}
			if err := k.cell(d, e, &rows[len(rows)-1]); err != nil {
				return err
			}
			return errWentOn
		case "mergeCell":
			if len(merges) >= maxMerges {
				return fmt.Errorf("%w: over %d merged cells", ErrTooLarge, maxMerges)
			}
			if m, ok := parseMerge(attribute(e, "ref")); ok {
				merges = append(merges, m)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := fill(rows, merges); err != nil {
		return nil, err
	}
	g := &grid{}
	for _, r := range rows {
		if err := g.add(r); err != nil {
			return nil, err
		}
	}
	if len(merges) > 0 {
		g.notes = append(g.notes, "Merged cells were read as if each held what they show.")
	}
	if hidden > 0 {
		g.notes = append(g.notes, fmt.Sprintf("Hidden rows are read like the others; there are %d.", hidden))
	}
	return g, nil
}

// cell reads one cell to its end, into its row.
func (k *book) cell(d *xml.Decoder, e xml.StartElement, r *Row) error {
	col := len(r.Cells)
	if ref := attribute(e, "r"); ref != "" {
		c, _, ok := parseRef(ref)
		if !ok || c < col {
			return fmt.Errorf("%w: the cells of row %d are not in order", ErrDamaged, r.N)
		}
		col = c
	}
	kind, style := attribute(e, "t"), attribute(e, "s")
	value, formula, valued := "", false, false
	for depth := 1; depth > 0; {
		t, err := d.Token()
		if err != nil {
			return fmt.Errorf("%w: a cell breaks off", ErrDamaged)
		}
		switch x := t.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			var s string
			switch x.Name.Local {
			case "v", "is":
				valued = true
				if s, err = leaf(d, x); err != nil {
					return err
				}
				value = s
			case "f":
				formula = true
				if _, err = leaf(d, x); err != nil {
					return err
				}
			default:
				if depth++; depth > maxDepth {
					return fmt.Errorf("%w: nested too deep", ErrDamaged)
				}
			}
		}
	}
	trouble := ""
	switch kind {
	case "s":
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || n < 0 || n >= len(k.texts) {
			return fmt.Errorf("%w: a cell of row %d points to a text that is not there", ErrDamaged, r.N)
		}
		value = k.texts[n]
	case "b":
		value = map[string]string{"1": "TRUE", "0": "FALSE"}[strings.TrimSpace(value)]
	case "e":
		value, trouble = "", "holds an error of the spreadsheet program"
	case "str", "inlineStr", "d":
	default:
		if value != "" {
			value, trouble = k.number(strings.TrimSpace(value), style)
		}
	}
	if formula && (!valued || value == "") && trouble == "" && kind != "str" {
		trouble = "holds a formula without its result"
	}
	if value == "" && trouble == "" {
		return nil
	}
	if col >= MaxCols {
		return fmt.Errorf("%w: row %d has over %d columns", ErrTooLarge, r.N, MaxCols)
	}
	if k.slots += col + 1 - len(r.Cells); k.slots > maxCells {
		return fmt.Errorf("%w: over %d cells; split the file", ErrTooLarge, maxCells)
	}
	for len(r.Cells) < col {
		r.Cells = append(r.Cells, "")
	}
	r.Cells = append(r.Cells, value)
	if trouble != "" {
		if r.Troubles == nil {
			r.Troubles = map[int]string{}
		}
		r.Troubles[col] = trouble
	}
	return nil
}

// leaf is the text of a value or a formula. An inline text is in pieces.
func leaf(d *xml.Decoder, e xml.StartElement) (string, error) {
	if e.Name.Local == "is" {
		return richText(d)
	}
	var b strings.Builder
	for depth := 1; depth > 0; {
		t, err := d.Token()
		if err != nil {
			return "", fmt.Errorf("%w: a cell breaks off", ErrDamaged)
		}
		switch x := t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			b.Write(x)
		}
		if b.Len() > 4*MaxCell || depth > maxDepth {
			return "", fmt.Errorf("%w: a cell of over %d KiB", ErrTooLarge, MaxCell>>10)
		}
	}
	return b.String(), nil
}

// number writes a number as people do, or the date that its style shows.
func (k *book) number(s, style string) (text, trouble string) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "", "holds a number that can't be read"
	}
	if n, err := strconv.Atoi(style); err == nil && n >= 0 && n < len(k.dates) && k.dates[n] {
		return k.date(f)
	}
	if math.Abs(f) >= 1e21 {
		return s, ""
	}
	return strconv.FormatFloat(f, 'f', -1, 64), ""
}

// date is the day that a serial number counts to, and the time with it if there
// is one. Before March 1900 programs disagree by a day, so nothing is read there.
func (k *book) date(f float64) (text, trouble string) {
	if k.by1904 {
		f += 1462
	}
	switch {
	case f >= 0 && f < 1:
		return "", "holds a time without a day"
	case f < 61 || f > lastDay+1:
		return "", "holds a date that can't be read"
	}
	day, part := math.Modf(f)
	t := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(day)).Add(time.Duration(math.Round(part*86400)) * time.Second)
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		return t.Format(time.DateOnly), ""
	}
	return t.Format("2006-01-02T15:04:05"), ""
}

// parseRef reads an address such as B7, counted from 0.
func parseRef(s string) (col, row int, ok bool) {
	i := 0
	for ; i < len(s) && i < 4 && s[i] >= 'A' && s[i] <= 'Z'; i++ {
		col = col*26 + int(s[i]-'A') + 1
	}
	n, err := strconv.Atoi(s[i:])
	if i == 0 || err != nil || n < 1 || n > 1<<20 {
		return 0, 0, false
	}
	return col - 1, n, true
}

func parseMerge(ref string) (m merged, ok bool) {
	a, b, two := strings.Cut(ref, ":")
	var ok1, ok2 bool
	m.left, m.top, ok1 = parseRef(a)
	m.right, m.bottom, ok2 = parseRef(b)
	return m, two && ok1 && ok2 && m.left <= m.right && m.top <= m.bottom
}

// fill puts what merged cells show into each of them that is in a row that is
// there, as far as the file's columns go.
func fill(rows []Row, merges []merged) error {
	at := make(map[int]int, len(rows))
	width := 0
	for i, r := range rows {
		at[r.N] = i
		width = max(width, len(r.Cells))
	}
	filled := 0
	for _, m := range merges {
		i, ok := at[m.top]
		if !ok || m.left >= len(rows[i].Cells) {
			continue
		}
		value := rows[i].Cells[m.left]
		if value == "" {
			continue
		}
		for ; i < len(rows) && rows[i].N <= m.bottom; i++ {
			for c := m.left; c <= m.right && c < width; c++ {
				if filled++; filled > maxFilled {
					return fmt.Errorf("%w: over %d merged cells", ErrTooLarge, maxFilled)
				}
				r := &rows[i]
				for len(r.Cells) <= c {
					r.Cells = append(r.Cells, "")
				}
				if r.Cells[c] == "" {
					r.Cells[c] = value
				}
			}
		}
	}
	return nil
}
