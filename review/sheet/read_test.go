package sheet_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"peerwitness/review/sheet"
)

// wide is UTF-16 of a text, with its mark or without.
func wide(s string, order binary.AppendByteOrder, mark bool) []byte {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// lines is a table on a few lines: headings, then number and cells of each row.
func lines(t *sheet.Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q\n", t.Header)
	for _, r := range t.Rows {
		fmt.Fprintf(&b, "%d %q", r.N, r.Cells)
		for c, what := range r.Troubles {
			fmt.Fprintf(&b, " %d %s", c, what)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestReadCSV(t *testing.T) {
	legacy, err := charmap.Windows1251.NewEncoder().String("дата;описание\n1;ночь\n")
	if err != nil {
		t.Fatal(err)
	}
	const night = "[\"дата\" \"описание\"]\n2 [\"1\" \"ночь\"]\n"
	for name, c := range map[string]struct {
		file    []byte
		letters string
		want    string
	}{
		"commas":              {[]byte("a,b\n1,2\n"), "", "[\"a\" \"b\"]\n2 [\"1\" \"2\"]\n"},
		"semicolons, mark":    {[]byte("\xef\xbb\xbfa;b\r\n1;2,5\r\n"), "", "[\"a\" \"b\"]\n2 [\"1\" \"2,5\"]\n"},
		"tabs, no last line":  {[]byte("a\tb\n1\t2"), "", "[\"a\" \"b\"]\n2 [\"1\" \"2\"]\n"},
		"bars, old Mac":       {[]byte("a|b\r1|2\r"), "", "[\"a\" \"b\"]\n2 [\"1\" \"2\"]\n"},
		"separator named":     {[]byte("sep=;\r\na;b,c,d,e\r\n1;2\r\n"), "", "[\"a\" \"b,c,d,e\"]\n3 [\"1\" \"2\"]\n"},
		"wide, little":        {wide("дата;описание\n1;ночь\n", binary.LittleEndian, true), "", night},
		"wide, big":           {wide("дата;описание\n1;ночь\n", binary.BigEndian, true), "", night},
		"wide without mark":   {wide("ab;b\n1;2\n", binary.LittleEndian, false), "", "[\"ab\" \"b\"]\n2 [\"1\" \"2\"]\n"},
		"big without mark":    {wide("ab;b\n1;2\n", binary.BigEndian, false), "", "[\"ab\" \"b\"]\n2 [\"1\" \"2\"]\n"},
		"old Cyrillic":        {[]byte(legacy), "windows-1251", night},
		"quotes and lines":    {[]byte("a,b\n\"x, \"\"y\"\"\nz\",\"\"\n"), "", "[\"a\" \"b\"]\n2 [\"x, \\\"y\\\"\\nz\" \"\"]\n"},
		"a quote in a cell":   {[]byte("a,b\n5\" pipe,2\n"), "", "[\"a\" \"b\"]\n2 [\"5\\\" pipe\" \"2\"]\n"},
		"empty rows count":    {[]byte("a,b\n\n,,\n1,2\n"), "", "[\"a\" \"b\"]\n4 [\"1\" \"2\"]\n"},
		"rows of other width": {[]byte("a,b\n1\n1,2,3\n"), "", "[\"a\" \"b\" \"Column C\"]\n2 [\"1\" \"\" \"\"]\n3 [\"1\" \"2\" \"3\"]\n"},
		"headings twice":      {[]byte("a,a,,a (2)\n1,2,3,4\n"), "", "[\"a\" \"a (2)\" \"Column C\" \"a (2) (2)\"]\n2 [\"1\" \"2\" \"3\" \"4\"]\n"},
		"made inert before":   {[]byte("a,b\n'=1+1,'tis\n"), "", "[\"a\" \"b\"]\n2 [\"=1+1\" \"'tis\"]\n"},
	} {
		got, err := sheet.Read(c.file, c.letters)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, lines(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":             {nil, sheet.ErrEmpty},
		"headings alone":      {[]byte("a,b\n"), sheet.ErrEmpty},
		"letters not known":   {[]byte(legacy), sheet.ErrLetters},
		"a picture":           {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"), sheet.ErrKind},
		"old Excel":           {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), sheet.ErrKind},
		"half a character":    {append(wide("a;b", binary.LittleEndian, true), 'x'), sheet.ErrDamaged},
		"zeros in wide text":  {wide("a;b\n\x00;1\n", binary.LittleEndian, true), sheet.ErrKind},
		"quote never closed":  {[]byte("a,b\n\"1,2\n"), sheet.ErrDamaged},
		"too large":           {make([]byte, sheet.MaxFile+1), sheet.ErrTooLarge},
		"too many rows":       {[]byte("a\n" + strings.Repeat("1\n", sheet.MaxRows)), sheet.ErrTooLarge},
		"too many columns":    {[]byte("a\n" + strings.Repeat("1,", sheet.MaxCols+1) + "1"), sheet.ErrTooLarge},
		"very many columns":   {[]byte("a\n" + strings.Repeat(",", 1<<15)), sheet.ErrTooLarge},
		"a cell too long":     {[]byte("a\n" + strings.Repeat("x", sheet.MaxCell+1)), sheet.ErrTooLarge},
		"a cell far too long": {[]byte("a\n\"" + strings.Repeat("x\n", sheet.MaxCell)), sheet.ErrTooLarge},
		"wide and long":       {[]byte(strings.Repeat("a,", 299) + "a\n" + strings.Repeat("1\n", 15_000)), sheet.ErrTooLarge},
	} {
		if _, err := sheet.Read(c.file, ""); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

const (
	workbook = `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Old" sheetId="2" state="hidden" r:id="rId2"/><sheet name="One" sheetId="1" r:id="rId1"/></sheets></workbook>`
	rels     = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="worksheets/none.xml"/></Relationships>`
)

// xlsx packs a sheet's rows, and any other parts, as a file.
func xlsx(rows string, parts map[string]string) []byte {
	all := map[string]string{"xl/workbook.xml": workbook, "xl/_rels/workbook.xml.rels": rels,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData>` + rows + `</sheetData></worksheet>`}
	for k, v := range parts {
		all[k] = v
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for k, v := range all {
		if v == "" {
			continue
		}
		w, err := z.Create(k)
		if err == nil {
			_, err = w.Write([]byte(v))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

const styles = `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="[$-419]d\ mmm\ yyyy;@"/><numFmt numFmtId="171" formatCode="0.0&quot; days&quot;"/></numFmts>` +
	`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs></styleSheet>`

func head(names ...string) string {
	var b strings.Builder
	b.WriteString("<row>")
	for _, n := range names {
		b.WriteString(`<c t="inlineStr"><is><t>` + n + `</t></is></c>`)
	}
	return b.String() + "</row>"
}

func TestReadXLSX(t *testing.T) {
	for name, c := range map[string]struct {
		rows  string
		parts map[string]string
		want  string
	}{
		"numbers and days": {head("a", "b", "c", "d", "e") + `<row r="5"><c r="A5"><v>1E3</v></c><c r="B5" s="1"><v>46083</v></c><c r="C5" s="2"><v>46083.5</v></c><c r="D5" s="3"><v>46083</v></c><c r="E5"><v>995000000001</v></c></row>`,
			map[string]string{"xl/styles.xml": styles}, "5 [\"1000\" \"2026-03-02\" \"2026-03-02T12:00:00\" \"46083\" \"995000000001\"]\n"},
		"days from 1904": {head("a") + `<row><c s="1"><v>44621</v></c></row>`,
			map[string]string{"xl/styles.xml": styles, "xl/workbook.xml": strings.Replace(workbook, "<sheets>", `<workbookPr date1904="1"/><sheets>`, 1)}, "2 [\"2026-03-02\"]\n"},
		"odd days": {head("a", "b", "c") + `<row><c s="1"><v>60</v></c><c s="1"><v>0.25</v></c><c s="1"><v>1E9</v></c></row>`,
			map[string]string{"xl/styles.xml": styles}, "2 [\"\" \"\" \"\"]"},
		"shared texts": {head("a", "b") + `<row><c t="s"><v>1</v></c><c t="s"><v>0</v></c></row>`,
			map[string]string{"xl/sharedStrings.xml": `<sst><si><t>one</t></si><si><r><t>tw</t></r><r><t>o</t></r><rPh><t>zwei</t></rPh></si></sst>`}, "2 [\"two\" \"one\"]\n"},
		"truth, errors, formulas": {head("a", "b", "c", "d", "e") + `<row><c t="b"><v>1</v></c><c t="e"><v>#REF!</v></c><c><f>1+1</f><v>2</v></c><c><f>1+1</f></c><c t="str"><f>A1</f><v>text</v></c></row>`,
			nil, "2 [\"TRUE\" \"\" \"2\" \"\" \"text\"]"},
		"cells left out": {head("a", "b", "c") + `<row r="3"><c r="C3"><v>7</v></c></row><row r="9"><c r="A9"/></row>`, nil, "3 [\"\" \"\" \"7\"]\n"},
	} {
		got, err := sheet.Read(xlsx(c.rows, c.parts), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, rows, _ := strings.Cut(lines(got), "\n"); !strings.HasPrefix(rows, c.want) {
			t.Errorf("%s: %s, want %s", name, rows, c.want)
		}
	}
	got, err := sheet.Read(xlsx(head("a", "b", "c", "d", "e")+`<row><c t="e"><v>#REF!</v></c><c><f>1+1</f></c><c><v>x</v></c></row><row hidden="1"><c><v>1</v></c></row>`, nil), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Rows[0].Troubles) != 3 || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "Hidden rows") {
		t.Errorf("troubles %v, notes %q", got.Rows[0].Troubles, got.Notes)
	}
	got, err = sheet.Read(xlsx(head("a", "b")+`<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>5</v></c></row><row r="3"><c r="B3"><v>6</v></c></row>`,
		map[string]string{"xl/worksheets/sheet1.xml": ""}), "")
	if !errors.Is(err, sheet.ErrDamaged) {
		t.Errorf("without its sheet: %v, %v", got, err)
	}
}

// What a file unpacks to is bounded, whatever it says of itself.
func TestHostileXLSX(t *testing.T) {
	bomb := strings.Repeat(" ", 3<<20)
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"a bomb":                 {xlsx(bomb, nil), sheet.ErrTooLarge},
		"a bomb of styles":       {xlsx(head("a"), map[string]string{"xl/styles.xml": "<a>" + strings.Repeat("<b c='aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'/>", 90_000)}), sheet.ErrTooLarge},
		"a bomb of rows":         {xlsx(strings.Repeat("<row/>", 140_000), nil), sheet.ErrTooLarge},
		"a bomb of texts":        {xlsx(head("a"), map[string]string{"xl/sharedStrings.xml": "<sst>" + strings.Repeat("<si><t>x</t></si>", 210_000)}), sheet.ErrTooLarge},
		"a bomb in one text":     {xlsx(head("a"), map[string]string{"xl/sharedStrings.xml": "<sst><si><t>" + strings.Repeat("x", 1<<20)}), sheet.ErrTooLarge},
		"a bomb in an attribute": {xlsx(head("a"), map[string]string{"xl/styles.xml": `<a b="` + strings.Repeat("x", 2<<20) + `"/>`}), sheet.ErrTooLarge},
		"one text in every cell": {xlsx(head("a")+strings.Repeat("<row>"+strings.Repeat(`<c t="s"><v>0</v></c>`, 200)+"</row>", 40), map[string]string{"xl/sharedStrings.xml": "<sst><si><t>" + strings.Repeat("x", 30<<10) + "</t></si></sst>"}), sheet.ErrTooLarge},
		"cells far out":          {xlsx(head("a")+`<row r="2"><c r="XFD2"><v>1</v></c></row>`, nil), sheet.ErrTooLarge},
		"deep":                   {xlsx(strings.Repeat("<x>", 1000), nil), sheet.ErrDamaged},
		"deep in a text":         {xlsx(`<row><c t="inlineStr"><is>`+strings.Repeat("<x>", 1000), nil), sheet.ErrDamaged},
		"deep in a cell":         {xlsx(`<row><c>`+strings.Repeat("<x>", 1000), nil), sheet.ErrDamaged},
		"entities":               {xlsx(`<row><c t="inlineStr"><is><t>&lol;</t></is></c></row>`, map[string]string{}), sheet.ErrDamaged},
		"rows backwards":         {xlsx(`<row r="9"/><row r="2"/>`, nil), sheet.ErrDamaged},
		"cells backwards":        {xlsx(`<row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>`, nil), sheet.ErrDamaged},
		"a cell without a row":   {xlsx(`<c><v>1</v></c>`, nil), sheet.ErrDamaged},
		"a text that is not":     {xlsx(`<row><c t="s"><v>7</v></c></row>`, nil), sheet.ErrDamaged},
		"a row of row 2^40":      {xlsx(`<row r="1099511627776"/>`, nil), sheet.ErrDamaged},
		"no workbook":            {xlsx("", map[string]string{"xl/workbook.xml": ""}), sheet.ErrKind},
		"no relations":           {xlsx("", map[string]string{"xl/_rels/workbook.xml.rels": ""}), sheet.ErrDamaged},
		"sheet elsewhere":        {xlsx("", map[string]string{"xl/_rels/workbook.xml.rels": strings.Replace(rels, "worksheets/sheet1.xml", "../../../etc/passwd", 1)}), sheet.ErrDamaged},
		"sheet outside":          {xlsx("", map[string]string{"xl/_rels/workbook.xml.rels": strings.Replace(rels, `Target="worksheets/sheet1.xml"`, `TargetMode="External" Target="http://example.invalid"`, 1)}), sheet.ErrDamaged},
		"no sheets":              {xlsx("", map[string]string{"xl/workbook.xml": "<workbook/>"}), sheet.ErrEmpty},
		"cut short":              {xlsx(head("a"), nil)[:60], sheet.ErrDamaged},
		"many merges":            {xlsx("", map[string]string{"xl/worksheets/sheet1.xml": "<worksheet><sheetData/><mergeCells>" + strings.Repeat(`<mergeCell ref="A1:B2"/>`, 6000) + "</mergeCells></worksheet>"}), sheet.ErrTooLarge},
		"large merges": {xlsx("", map[string]string{"xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + strings.Repeat("<row><c><v>1</v></c><c><v>1</v></c></row>", 300) + "</sheetData><mergeCells>" +
			strings.Repeat(`<mergeCell ref="A1:XFD1048576"/>`, 1000) + "</mergeCells></worksheet>"}), sheet.ErrTooLarge},
		"in Latin": {xlsx("", map[string]string{"xl/workbook.xml": `<?xml version="1.0" encoding="iso-8859-1"?>` + workbook}), sheet.ErrDamaged},
	} {
		if _, err := sheet.Read(c.file, ""); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
