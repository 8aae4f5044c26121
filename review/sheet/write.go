package sheet

import (
	"bytes"
	"encoding/json"
	"strings"
)

// WriteCSV writes rows below headings so that spreadsheet programs of any
// setting open it: UTF-8 with its mark, commas, every cell in quotation marks and
// inert (see Inert). Read gives back what was written, but for white space at the
// ends of cells.
func WriteCSV(header []string, rows [][]string) []byte {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	line := func(cells []string) {
		for i, c := range cells {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('"')
			b.WriteString(strings.ReplaceAll(Inert(strings.ToValidUTF8(c, "\uFFFD")), `"`, `""`))
			b.WriteByte('"')
		}
		b.WriteString("\r\n")
	}
	line(header)
	for _, r := range rows {
		line(r)
	}
	return b.Bytes()
}

// WriteJSON writes {"v":1,"cases":[{heading: cell}]}, with headings in their
// order and empty cells left out. Nothing takes JSON for a formula, so that texts
// are as they are.
func WriteJSON(header []string, rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`{"v":1,"cases":[`)
	for i, r := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n{")
		some := false
		for c, cell := range r {
			if cell == "" {
				continue
			}
			if some {
				b.WriteByte(',')
			}
			some = true
			for n, s := range []string{header[c], cell} {
				if n > 0 {
					b.WriteByte(':')
				}
				enc, err := json.Marshal(s)
				if err != nil {
					return nil, err
				}
				b.Write(enc)
			}
		}
		b.WriteByte('}')
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), nil
}
