package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Bounds of what an XLSX file may unpack to, in bytes unless named otherwise.
// What a file says of its own sizes is not believed.
const (
	maxEntries = 4096
	maxParts   = 4 << 20  // workbook, relations, styles: each
	maxShared  = 32 << 20 // shared texts
	maxSheet   = 64 << 20
	maxToken   = 1 << 20 // one element's opening, or one text or cell to its end
	maxDepth   = 64      // nested elements
	maxStrings = 200_000
)

// book is an XLSX file being read.
type book struct {
	zip    *zip.Reader
	texts  []string
	dates  []bool // by style
	by1904 bool
	slots  int // cells that rows have room for
}

// readXLSX reads the first sheet that is shown. Nothing is unpacked to the disk,
// and no formula is worked out: what the program that saved the file had worked
// out stands.
func readXLSX(b []byte) (*grid, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("%w: its end is missing", ErrDamaged)
	}
	if len(z.File) > maxEntries {
		return nil, fmt.Errorf("%w: over %d parts", ErrTooLarge, maxEntries)
	}
	k := &book{zip: z}
	name, others, err := k.workbook()
	if err != nil {
		return nil, err
	}
	if err := k.styles(); err != nil {
		return nil, err
	}
	if err := k.shared(); err != nil {
		return nil, err
	}
	g, err := k.sheet(name)
	if err == nil && len(others) > 0 {
		g.notes = append(g.notes, fmt.Sprintf("Only the first sheet was read. Not read: %s.", clip(strings.Join(others, ", "), 300)))
	}
	return g, err
}

// elements walks the elements of a part. at is called for each opening element
// and may read on in the decoder; it must not go past the element's end.
func (k *book) elements(name string, most int64, needed bool, at func(d *xml.Decoder, e xml.StartElement) error) error {
	f, err := k.open(name)
	if errors.Is(err, errNoPart) && !needed {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	in := &atMost{r: f, n: most}
	d := xml.NewDecoder(in)
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, ErrDamaged } // the format has UTF-8 and UTF-16 alone
	for depth := 0; ; {
		in.one = maxToken
		t, err := d.Token()
		switch {
		case err == io.EOF:
			return nil
		case in.over():
			return fmt.Errorf("%w: it unpacks to over %d MiB, or one text does to over %d KiB", ErrTooLarge, most>>20, maxToken>>10)
		case err != nil:
			return fmt.Errorf("%w: a part of it is no XML", ErrDamaged)
		}
		switch e := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return fmt.Errorf("%w: nested too deep", ErrDamaged)
			}
			switch err := at(d, e); {
			case errors.Is(err, errWentOn):
				depth--
			case err != nil:
				if in.over() {
					return fmt.Errorf("%w: it unpacks to over %d MiB, or one text does to over %d KiB", ErrTooLarge, most>>20, maxToken>>10)
				}
				return err
			}
		case xml.EndElement:
			depth--
		}
	}
}

var errNoPart = fmt.Errorf("%w: a part is missing", ErrDamaged)

func (k *book) open(name string) (io.ReadCloser, error) {
	for _, f := range k.zip.File {
		if strings.EqualFold(f.Name, name) {
			r, err := f.Open()
			if err != nil {
				return nil, fmt.Errorf("%w: a part can't be unpacked", ErrDamaged)
			}
			return r, nil
		}
	}
	return nil, errNoPart
}

// atMost fails, rather than stopping, past n bytes, or past one of them since
// that was set anew: what is read at once is held in memory.
type atMost struct {
	r      io.Reader
	n, one int64
}

func (a *atMost) over() bool { return a.n < 0 || a.one < 0 }

func (a *atMost) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	a.n, a.one = a.n-int64(n), a.one-int64(n)
	if a.over() {
		return 0, ErrTooLarge
	}
	return n, err
}

// attribute is the value of an element's attribute, whatever its name space.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// workbook finds the part that holds the first sheet shown, and the others' names.
func (k *book) workbook() (part string, others []string, err error) {
	type listed struct{ name, rel string }
	var sheets []listed
	err = k.elements("xl/workbook.xml", maxParts, true, func(_ *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			v := attribute(e, "date1904")
			k.by1904 = v == "1" || v == "true"
		case "sheet":
			rel := ""
			for _, a := range e.Attr {
				if a.Name.Local == "id" && a.Name.Space != "" {
					rel = a.Value
				}
			}
			if s := attribute(e, "state"); s == "" || s == "visible" {
				sheets = append(sheets, listed{attribute(e, "name"), rel})
			}
		}
		return nil
	})
	if err != nil {
		if errors.Is(err, errNoPart) {
			err = fmt.Errorf("%w: it is a zip file without a workbook in it", ErrKind)
		}
		return "", nil, err
	}
	if len(sheets) == 0 {
		return "", nil, ErrEmpty
	}
	err = k.elements("xl/_rels/workbook.xml.rels", maxParts, true, func(_ *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local == "Relationship" && attribute(e, "Id") == sheets[0].rel && attribute(e, "TargetMode") != "External" {
			target := attribute(e, "Target")
			if strings.HasPrefix(target, "/") {
				part = strings.TrimPrefix(path.Clean(target), "/")
			} else {
				part = path.Join("xl", target)
			}
		}
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	if part == "" {
		return "", nil, errNoPart
	}
	for _, s := range sheets[1:] {
		others = append(others, s.name)
	}
	return part, others, nil
}

// shared reads the texts that cells point to.
func (k *book) shared() error {
	total := 0
	return k.elements("xl/sharedStrings.xml", maxShared, false, func(d *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		s, err := richText(d)
		if err != nil {
			return err
		}
		if total += len(s); len(k.texts) >= maxStrings || total > maxShared {
			return fmt.Errorf("%w: too many texts", ErrTooLarge)
		}
		k.texts = append(k.texts, s)
		return errWentOn
	})
}

// errWentOn is how a function called by elements says that it read the
// element to its end.
var errWentOn = errors.New("read to its end")

// richText joins the pieces of a text, up to the end of the element that was
// opened. What is read out beside a text (its phonetic guide) is left out.
func richText(d *xml.Decoder) (string, error) {
	var b strings.Builder
	in, aside := 0, 0
	for depth := 1; depth > 0; {
		t, err := d.Token()
		if err != nil {
			return "", fmt.Errorf("%w: a text breaks off", ErrDamaged)
		}
		switch e := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return "", fmt.Errorf("%w: nested too deep", ErrDamaged)
			}
			switch e.Name.Local {
			case "t":
				in++
			case "rPh":
				aside++
			}
		case xml.EndElement:
			depth--
			switch e.Name.Local {
			case "t":
				in--
			case "rPh":
				aside--
			}
		case xml.CharData:
			if in > 0 && aside == 0 {
				b.Write(e)
			}
		}
		if b.Len() > 4*MaxCell {
			return "", fmt.Errorf("%w: a text of over %d KiB", ErrTooLarge, MaxCell>>10)
		}
	}
	return b.String(), nil
}
