package figures

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A chart is a table drawn with bars, for a page of the usual width (kind wide)
// or for a phone (kind slim). Wide: a row for each code of the first dimension
// with its label before it, a column for each of the second when there are few.
// Slim: one column, each label above its bar. All lengths are whole units of the
// drawing.
type chart struct {
	Kind          string
	Width, Height int
	Columns       []chartColumn
	Rows          []chartRow
	Top, Bottom   int // of the bars
	AxisY         int
}

type chartColumn struct {
	Lines []chartText
	Ticks []chartTick
}

type chartTick struct {
	X    int
	Text string
}

type chartText struct {
	X, Y   int
	Class  string
	Anchor string
	Text   string
}

type chartRow struct {
	Lines []chartText
	Bars  []chartBar
}

type chartBar struct {
	X, Y, W      int
	Masked       bool
	Text         string // the value, or that it is masked
	From, To, At int    // the whisker: ends and height
	TextX, TextY int
	Cap1, Cap2   int
}

// newBar draws a cell with its middle at height at; x turns people into lengths.
func newBar(c Cell, left, at int, x func(int) int, w pageWords, masked string) chartBar {
	b := chartBar{X: left, Y: at - 8, W: x(MaskBelow), Masked: c.Value == nil, Text: masked, At: at, TextY: at + 5}
	b.TextX = b.X + b.W + 7
	if c.Value != nil {
		b.Text, b.W = w.number(*c.Value), x(*c.Value)
		b.From, b.To = b.X+x(*c.Value-Whisker), b.X+x(*c.Value+Whisker)
		b.Cap1, b.Cap2 = at-4, at+4
		b.TextX = b.To + 7
	}
	return b
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

// masked reports whether no cell of the row is published.
func (r gridRow) masked() bool { return r.best() == 0 }

// most is how far an axis must reach: the highest whisker, and what is hatched.
func (g grid) most() int {
	most := MaskBelow
	for _, r := range g.rows {
		most = max(most, r.best())
	}
	return most + Whisker
}

func (g grid) several() bool { return len(g.heads) > 1 }

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

// line is the height of a line of text.
const line = 17

func newWide(g grid, w pageWords) chart {
	const labelWidth, gap = 232, 13
	perColumn, span, ticks, masked := 470, 360, 6, w.FewerShort // room for the words behind the bar
	if g.several() {
		perColumn, span, ticks, masked = 132, 76, 2, w.Under
	}
	c := chart{Kind: "wide", Width: labelWidth + perColumn*len(g.heads)}
	step, top := scale(g.most(), ticks)
	x := func(v int) int { return (v*span + top/2) / top }

	y := 8
	for i, h := range g.heads {
		left := labelWidth + i*perColumn
		col := chartColumn{}
		for j, text := range wrap(h, 15) {
			col.Lines = append(col.Lines, chartText{X: left, Y: 16 + j*line, Text: text})
			y = max(y, 16+j*line+12)
		}
		for v := 0; v <= top; v += step {
			col.Ticks = append(col.Ticks, chartTick{X: left + x(v), Text: w.number(v)})
		}
		c.Columns = append(c.Columns, col)
	}
	c.Top = y
	for _, r := range g.rows {
		lines := wrap(r.label, 32)
		height := len(lines)*line + gap
		row := chartRow{}
		for j, text := range lines {
			row.Lines = append(row.Lines, chartText{labelWidth - 12, y + gap/2 + 13 + j*line, "label", "end", text})
		}
		for i, cell := range r.cells {
			row.Bars = append(row.Bars, newBar(cell, labelWidth+i*perColumn, y+height/2, x, w, masked))
		}
		c.Rows = append(c.Rows, row)
		y += height
	}
	c.finish(y)
	return c
}

// newSlim draws the same for 320 units across. Of two dimensions, a row that is
// masked throughout gets one hatched bar that says so of each.
func newSlim(g grid, w pageWords) chart {
	const width, left, span, maxLine, apart = 320, 4, 260, 38, 9
	c := chart{Kind: "slim", Width: width, Top: 4}
	step, top := scale(g.most(), 4)
	x := func(v int) int { return (v*span + top/2) / top }
	col := chartColumn{}
	for v := 0; v <= top; v += step {
		col.Ticks = append(col.Ticks, chartTick{X: left + x(v), Text: w.number(v)})
	}
	c.Columns = []chartColumn{col}

	y := c.Top
	write := func(row *chartRow, text, class string) {
		for _, l := range wrap(text, maxLine) {
			y += line
			row.Lines = append(row.Lines, chartText{left, y, class, "start", l})
		}
	}
	draw := func(row *chartRow, cell Cell, masked string) {
		row.Bars = append(row.Bars, newBar(cell, left, y+15, x, w, masked))
		y += 29
	}
	for _, r := range g.rows {
		row := chartRow{}
		if g.several() && y > c.Top {
			y += apart
		}
		switch {
		case !g.several():
			write(&row, r.label, "label")
			draw(&row, r.cells[0], w.FewerShort)
		case r.masked():
			write(&row, r.label, "head")
			draw(&row, r.cells[0], w.FewerEach)
		default:
			write(&row, r.label, "head")
			for i, cell := range r.cells {
				write(&row, g.heads[i], "label")
				draw(&row, cell, w.FewerShort)
			}
		}
		c.Rows = append(c.Rows, row)
	}
	c.finish(y)
	return c
}

// finish closes a drawing whose bars end at bottom.
func (c *chart) finish(bottom int) {
	c.Bottom, c.AxisY, c.Height = bottom, bottom+16, bottom+24
}

// scale returns a round step and the end of an axis that reaches most in so many
// steps or fewer.
func scale(most, ticks int) (step, top int) {
	for unit := 10; ; unit *= 10 {
		for _, m := range []int{1, 2, 5} {
			if step = unit * m; step*ticks >= most {
				return step, (most + step - 1) / step * step
			}
		}
	}
}

// wrap breaks a text into lines of at most so many characters, between words
// where it can.
func wrap(s string, width int) []string {
	var out []string
	add := func(word string) {
		if n := len(out); n > 0 && utf8.RuneCountInString(out[n-1])+1+utf8.RuneCountInString(word) <= width {
			out[n-1] += " " + word
			return
		}
		out = append(out, word)
	}
	for _, word := range strings.Fields(s) {
		for r := []rune(word); ; {
			if len(r) <= width {
				add(string(r))
				break
			}
			out = append(out, string(r[:width-1])+"-")
			r = r[width-1:]
		}
	}
	return out
}
