package figures

import (
	"fmt"
	"slices"

	"peerwitness/vault"
)

// Limits of a programme.
const (
	MaxProgramme  = 1 << 20
	maxDimensions = 16
	maxTables     = LifeBudget // more could not be paid for even once
	maxCodes      = 512
	maxCells      = 1500 // of all tables together
	maxLabel      = 300
	MinPlanned    = 20 // people planned for each cell, from a public planning figure
)

// People is the only unit: each person once per table.
const People = "people"

// Dimensions that a count record has a code of.
const (
	Region      = "region"
	ActGroup    = "group"
	Act         = "act"
	Population  = "population"
	Perpetrator = "perpetrator"
	Service     = "service"
	Outcome     = "outcome"
)

var dimensions = []string{Region, ActGroup, Act, Population, Perpetrator, Service, Outcome}

// Labels holds a text in each language of the programme.
type Labels map[string]string

// Programme says, before there are any data, which figures there will be: full
// code lists, so that no table shows which categories happened to occur.
type Programme struct {
	V         int      `json:"v"` // 1
	ID        string   `json:"id"`
	Version   int      `json:"version"`
	Every     string   `json:"every"` // length of a period
	First     string   `json:"first"` // the first period ever counted under this id
	Decided   Day      `json:"decided"`
	Method    Method   `json:"method"`
	Languages []string `json:"languages"`
	// Planning names the public figure that the planned counts come from.
	Planning    Labels      `json:"planning"`
	Dimensions  []Dimension `json:"dimensions"`
	Populations []string    `json:"populations"` // first that applies is a person's one population
	Tables      []Table     `json:"tables"`
}

// Method names the rules of noise, mask and rounding; see the constants.
type Method struct {
	Noise  string `json:"noise"`
	Sigma2 int    `json:"sigma2"`
	Mask   int    `json:"mask"`
	Round  int    `json:"round"`
}

// method is the only one that this package makes figures by.
var method = Method{Noise: "discrete-gaussian", Sigma2: Sigma2, Mask: MaskBelow, Round: RoundTo}

// Dimension is a full code list.
type Dimension struct {
	ID     string `json:"id"`
	Labels Labels `json:"labels"`
	Codes  []Code `json:"codes"`
	// Rest is the code that counts a record with none or an unlisted one. Empty:
	// such a record is an error, never dropped.
	Rest string `json:"rest"`
}

// Code is one category.
type Code struct {
	Code   string `json:"code"`
	Labels Labels `json:"labels"`
}

// Table is a grid over one or two dimensions.
type Table struct {
	ID         string   `json:"id"`
	Titles     Labels   `json:"titles"`
	Unit       string   `json:"unit"`
	Dimensions []string `json:"dimensions"`
	Planned    int      `json:"planned"` // people planned for the smallest cell
}

// JSON returns the canonical bytes. ErrShape when the programme breaks a rule.
func (p Programme) JSON() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return encode(p)
}

// Hash returns the SHA-256 of the canonical bytes; zero when there are none.
func (p Programme) Hash() vault.ID {
	b, err := p.JSON()
	if err != nil {
		return vault.ID{}
	}
	return vault.Sum(b)
}

// ParseProgramme reads canonical bytes. ErrShape.
func ParseProgramme(b []byte) (Programme, error) {
	var p Programme
	if err := decode(b, MaxProgramme, &p); err != nil {
		return Programme{}, fmt.Errorf("reading programme: %w", err)
	}
	if err := p.check(); err != nil {
		return Programme{}, fmt.Errorf("reading programme: %w", err)
	}
	return p, nil
}

func (p Programme) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: programme: %s", ErrShape, fmt.Sprintf(format, args...))
	}
	if p.V != 1 || !isCode(p.ID) || p.Version < 1 || p.Version > 1<<30 || p.Method != method || !p.Decided.valid() {
		return bad("version, id, day of decision or method")
	}
	if _, _, err := Window(p.Every, p.First); err != nil {
		return err
	}
	if len(p.Languages) == 0 || len(p.Languages) > 64 || !slices.IsSorted(p.Languages) {
		return bad("languages must be sorted")
	}
	for i, l := range p.Languages {
		if !langForm.MatchString(l) || i > 0 && l == p.Languages[i-1] {
			return bad("language %q", l)
		}
	}
	for _, l := range PageLanguages() {
		if !slices.Contains(p.Languages, l) {
			return bad("no labels in %q", l)
		}
	}
	if !p.whole(p.Planning) {
		return bad("planning must name its source in every language")
	}
	if len(p.Dimensions) == 0 || len(p.Dimensions) > maxDimensions {
		return bad("%d dimensions", len(p.Dimensions))
	}
	var ids []string
	for _, d := range p.Dimensions {
		if err := p.checkDimension(d); err != nil {
			return err
		}
		ids = append(ids, d.ID)
	}
	if !uniqueCodes(ids) {
		return bad("a dimension twice")
	}
	if p.Populations == nil || !uniqueCodes(p.Populations) || len(p.Populations) > maxCodes {
		return bad("order of populations")
	}
	return p.checkTables()
}

func (p Programme) checkDimension(d Dimension) error {
	if !slices.Contains(dimensions, d.ID) || !p.whole(d.Labels) || len(d.Codes) == 0 || len(d.Codes) > maxCodes {
		return fmt.Errorf("%w: programme: dimension %q", ErrShape, d.ID)
	}
	var codes []string
	for _, c := range d.Codes {
		if !p.whole(c.Labels) {
			return fmt.Errorf("%w: programme: labels of %q", ErrShape, c.Code)
		}
		if d.ID == Population && c.Code != d.Rest && !slices.Contains(p.Populations, c.Code) {
			return fmt.Errorf("%w: programme: population %q has no place in the order", ErrShape, c.Code)
		}
		codes = append(codes, c.Code)
	}
	if !uniqueCodes(codes) || d.Rest != "" && !slices.Contains(codes, d.Rest) {
		return fmt.Errorf("%w: programme: codes of dimension %q", ErrShape, d.ID)
	}
	return nil
}

func (p Programme) checkTables() error {
	if len(p.Tables) == 0 || len(p.Tables) > maxTables {
		return fmt.Errorf("%w: programme: %d tables", ErrShape, len(p.Tables))
	}
	var ids []string
	cells := 0
	for _, t := range p.Tables {
		if !p.whole(t.Titles) || t.Unit != People {
			return fmt.Errorf("%w: programme: title or unit of table %q", ErrShape, t.ID)
		}
		if t.Planned < MinPlanned || t.Planned > 1<<30 {
			return fmt.Errorf("%w: programme: table %q is planned for fewer than %d people in a cell", ErrShape, t.ID, MinPlanned)
		}
		if len(t.Dimensions) < 1 || len(t.Dimensions) > 2 || !uniqueCodes(t.Dimensions) {
			return fmt.Errorf("%w: programme: dimensions of table %q", ErrShape, t.ID)
		}
		n := 1
		for _, id := range t.Dimensions {
			d, ok := p.dimension(id)
			if !ok {
				return fmt.Errorf("%w: programme: table %q has an unlisted dimension", ErrShape, t.ID)
			}
			n *= len(d.Codes)
		}
		cells += n
		ids = append(ids, t.ID)
	}
	if cells > maxCells {
		return fmt.Errorf("%w: programme: %d cells, more than %d", ErrShape, cells, maxCells)
	}
	if !uniqueCodes(ids) {
		return fmt.Errorf("%w: programme: a table twice", ErrShape)
	}
	return nil
}

// whole reports whether there is a text in each language and in no other.
func (p Programme) whole(l Labels) bool {
	if len(l) != len(p.Languages) {
		return false
	}
	for _, lang := range p.Languages {
		if !shown(l[lang], maxLabel) {
			return false
		}
	}
	return true
}

func (p Programme) dimension(id string) (Dimension, bool) {
	i := slices.IndexFunc(p.Dimensions, func(d Dimension) bool { return d.ID == id })
	if i < 0 {
		return Dimension{}, false
	}
	return p.Dimensions[i], true
}

// cost is what a batch costs everybody in it, in parts of 1/32.
func (p Programme) cost() int { return len(p.Tables) }

// cells returns the codes of each cell of a table, in order.
func (p Programme) cells(t Table) [][]string {
	out := [][]string{nil}
	for _, id := range t.Dimensions {
		d, _ := p.dimension(id)
		var next [][]string
		for _, head := range out {
			for _, c := range d.Codes {
				next = append(next, append(slices.Clone(head), c.Code))
			}
		}
		out = next
	}
	return out
}
