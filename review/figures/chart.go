package figures

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A chart is a table drawn with bars: a row for each code of the first
// dimension, a column for each of the second when there are few. All
// lengths are whole units of the drawing.
type chart struct {
	ID            string
	Width, Height int
	Left          int // where the bars begin
	Columns       []chartColumn
	Rows          []chartRow
	Top, Bottom   int // of the bars
}

type chartColumn struct {
	X     int
	Lines []chartText
	Ticks []chartTick
}

type chartTick struct {
	X, Text int
}

type chartText struct {
	X, Y int
	Text string
}

type chartRow struct {
	Lines []chartText
	Bars  []chartBar
}

type chartBar struct {
	X, Y, W      int
	Masked       bool
	Value        int
	From, To, At int // the whisker: ends and height
	TextX, TextY int
	Cap1, Cap2   int
}

// grid is a table ordered for reading: rows by their highest published value,
// then as the programme has them; masked ones last.
type grid struct {
	heads []string // of the columns, one empty one when there is one dimension
	rows  []gridRow
}

type gridRow struct {
	label string
	cells []Cell
}

func (r gridRow) best() int {
	best := 0
	for _, c := range r.cells {
		if c.Value != nil {
			best = max(best, *c.Value)
		}
	}
	return best
}

const mostColumns = 6

func newGrid(r Release, t ReleaseTable, lang string) grid {
	first := r.dimension(t.Dimensions[0])
	g := grid{heads: []string{""}}
	wide := 1
	if len(t.Dimensions) == 2 {
		second := r.dimension(t.Dimensions[1])
		if len(second.Codes) <= mostColumns {
			g.heads, wide = nil, len(second.Codes)
			for _, c := range second.Codes {
				g.heads = append(g.heads, c.Labels[lang])
			}
		}
	}
	for i := 0; i < len(t.Cells); i += wide {
		row := gridRow{label: first.label(t.Cells[i].Codes[0], lang), cells: t.Cells[i : i+wide]}
		if len(t.Dimensions) == 2 && wide == 1 {
			row.label += ", " + r.dimension(t.Dimensions[1]).label(t.Cells[i].Codes[1], lang)
		}
		g.rows = append(g.rows, row)
	}
	slices.SortStableFunc(g.rows, func(a, b gridRow) int { return cmp.Compare(b.best(), a.best()) })
	return g
}

func newChart(id string, g grid) chart {
	const labelWidth, line, gap = 232, 17, 13
	span, perColumn, maxLine := 470, 470, 32
	if len(g.heads) > 1 {
		span, perColumn, maxLine = 76, 132, 32
	}
	c := chart{ID: id, Left: labelWidth, Width: labelWidth + perColumn*len(g.heads)}
	highest := 0
	for _, r := range g.rows {
		highest = max(highest, r.best())
	}
	step, top := scale(highest+Whisker, len(g.heads) > 1)
	if len(g.heads) == 1 {
		span = perColumn - 110 // room for the words behind the bar
	}
	x := func(v int) int { return (v*span + top/2) / top }

	y := 8
	for i, h := range g.heads {
		col := chartColumn{X: labelWidth + i*perColumn}
		for j, text := range wrap(h, 17) {
			col.Lines = append(col.Lines, chartText{X: col.X, Y: 16 + j*line, Text: text})
			y = max(y, 16+j*line+12)
		}
		for v := 0; v <= top; v += step {
			col.Ticks = append(col.Ticks, chartTick{X: col.X + x(v), Text: v})
		}
		c.Columns = append(c.Columns, col)
	}
	c.Top = y
	for _, r := range g.rows {
		lines := wrap(r.label, maxLine)
		height := len(lines)*line + gap
		row := chartRow{}
		for j, text := range lines {
			row.Lines = append(row.Lines, chartText{X: labelWidth - 12, Y: y + gap/2 + 13 + j*line, Text: text})
		}
		for i, cell := range r.cells {
			b := chartBar{X: c.Columns[i].X, Y: y + height/2 - 8, W: x(MaskBelow), Masked: cell.Value == nil, At: y + height/2, TextY: y + height/2 + 5}
			b.TextX = b.X + b.W + 7
			if cell.Value != nil {
				b.Value, b.W = *cell.Value, x(*cell.Value)
				b.From, b.To = b.X+x(b.Value-Whisker), b.X+x(b.Value+Whisker)
				b.Cap1, b.Cap2 = b.At-4, b.At+4
				b.TextX = b.To + 7
			}
			row.Bars = append(row.Bars, b)
		}
		c.Rows = append(c.Rows, row)
		y += height
	}
	c.Bottom = y
	c.Height = y + 24
	return c
}

// scale returns a round step and the end of an axis that reaches most.
func scale(most int, narrow bool) (step, top int) {
	ticks := 6
	if narrow {
		ticks = 2
	}
	for unit := 10; ; unit *= 10 {
		for _, m := range []int{1, 2, 5} {
			if step = unit * m; step*ticks >= most {
				return step, (most + step - 1) / step * step
			}
		}
	}
}

// wrap breaks a text into lines of about so many characters, between words.
func wrap(s string, width int) []string {
	var out []string
	for _, word := range strings.Fields(s) {
		if n := len(out); n > 0 && utf8.RuneCountInString(out[n-1])+1+utf8.RuneCountInString(word) <= width {
			out[n-1] += " " + word
			continue
		}
		out = append(out, word)
	}
	return out
}
