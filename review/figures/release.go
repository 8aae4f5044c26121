package figures

import (
	"fmt"
	"slices"

	"peerwitness/vault"
)

// MaxReleaseJSON bounds the canonical JSON of a release.
const MaxReleaseJSON = 2 << 20

// Release is everything that is published of one batch, and nothing else: no
// count, no number of masked cells, no day, no author. Every file of a release
// is made from it.
type Release struct {
	V            int                 `json:"v"`
	Organisation string              `json:"organisation"`
	Programme    ProgrammeRef        `json:"programme"`
	Period       string              `json:"period"`
	Ledger       string              `json:"ledger"` // hex hash of the ledger's head
	Former       string              `json:"former"` // hex id of the release before, empty for the first
	Method       Method              `json:"method"`
	Cost         int                 `json:"cost"` // ρ in parts of 1/32
	Planning     Labels              `json:"planning"`
	Languages    []string            `json:"languages"`
	Headline     Labels              `json:"headline"`
	Caveats      map[string][]string `json:"caveats"`
	Dimensions   []Dimension         `json:"dimensions"`
	Tables       []ReleaseTable      `json:"tables"`
}

// ProgrammeRef names a programme.
type ProgrammeRef struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	Every   string `json:"every"`
	Hash    string `json:"hash"` // hex
}

// ReleaseTable is a table with all its cells, in the programme's order.
type ReleaseTable struct {
	ID         string   `json:"id"`
	Titles     Labels   `json:"titles"`
	Unit       string   `json:"unit"`
	Dimensions []string `json:"dimensions"`
	Cells      []Cell   `json:"cells"`
}

// NewRelease puts an output into words. ledger is the ledger's head, former the
// id of the release before it on the server, zero for the first.
func NewRelease(p Programme, out Output, organisation string, ledger, former vault.ID) (Release, error) {
	if out.Programme != p.Hash().String() || out.Version != p.Version || len(out.Tables) != len(p.Tables) {
		return Release{}, fmt.Errorf("making release: %w: output of another programme", ErrShape)
	}
	r := Release{V: 1, Organisation: organisation,
		Programme: ProgrammeRef{ID: p.ID, Version: p.Version, Every: p.Every, Hash: out.Programme},
		Period:    out.Period, Ledger: ledger.String(), Method: p.Method, Cost: p.cost(), Planning: p.Planning,
		Languages: p.Languages, Caveats: map[string][]string{}}
	if !former.IsZero() {
		r.Former = former.String()
	}
	for _, d := range p.Dimensions {
		if slices.ContainsFunc(p.Tables, func(t Table) bool { return slices.Contains(t.Dimensions, d.ID) }) {
			r.Dimensions = append(r.Dimensions, d)
		}
	}
	for i, t := range p.Tables {
		r.Tables = append(r.Tables, ReleaseTable{ID: t.ID, Titles: t.Titles, Unit: t.Unit, Dimensions: t.Dimensions, Cells: out.Tables[i].Cells})
	}
	r.Headline = headline(r)
	for _, l := range PageLanguages() {
		r.Caveats[l] = Caveats(l)
	}
	if err := r.check(); err != nil {
		return Release{}, fmt.Errorf("making release: %w", err)
	}
	return r, nil
}

// JSON returns the canonical bytes. ErrShape.
func (r Release) JSON() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return encode(r)
}

// ParseRelease reads canonical bytes and checks all that can be checked of a
// release by itself: the full grid, that each value is masked or a multiple of 5
// from 15 up, the caveats, the headline. ErrShape.
func ParseRelease(b []byte) (Release, error) {
	var r Release
	if err := decode(b, MaxReleaseJSON, &r); err != nil {
		return Release{}, fmt.Errorf("reading release: %w", err)
	}
	if err := r.check(); err != nil {
		return Release{}, fmt.Errorf("reading release: %w", err)
	}
	return r, nil
}

func (r Release) check() error {
	if r.V != 1 || !isHex(r.Programme.Hash, 32) || !isHex(r.Ledger, 32) || r.Former != "" && !isHex(r.Former, 32) {
		return fmt.Errorf("%w: release: version or a hash", ErrShape)
	}
	if !shown(r.Organisation, maxLabel) {
		return fmt.Errorf("%w: release: organisation", ErrShape)
	}
	if r.Cost != len(r.Tables) {
		return fmt.Errorf("%w: release: cost", ErrShape)
	}
	if _, _, err := Window(r.Programme.Every, r.Period); err != nil {
		return err
	}
	// What a programme must be, its tables here must be too.
	p := Programme{V: 1, ID: r.Programme.ID, Version: r.Programme.Version, Every: r.Programme.Every, First: r.Period,
		Decided: "1970-01-01", Method: r.Method, Languages: r.Languages, Planning: r.Planning, Dimensions: r.Dimensions, Populations: []string{}}
	for _, d := range r.Dimensions {
		if d.ID == Population {
			for _, c := range d.Codes {
				p.Populations = append(p.Populations, c.Code)
			}
		}
	}
	for _, t := range r.Tables {
		p.Tables = append(p.Tables, Table{ID: t.ID, Titles: t.Titles, Unit: t.Unit, Dimensions: t.Dimensions, Planned: MinPlanned})
	}
	if err := p.check(); err != nil {
		return err
	}
	for i, t := range p.Tables {
		if err := checkCells(p.cells(t), r.Tables[i].Cells); err != nil {
			return fmt.Errorf("%w in table %s", err, t.ID)
		}
	}
	return r.checkWords()
}

// checkCells checks the full grid, in order, and each value.
func checkCells(want [][]string, got []Cell) error {
	if len(want) != len(got) {
		return fmt.Errorf("%w: not the full grid", ErrShape)
	}
	for i, c := range got {
		if !slices.Equal(c.Codes, want[i]) {
			return fmt.Errorf("%w: not the full grid", ErrShape)
		}
		if c.Value != nil && !publishable(*c.Value) {
			return fmt.Errorf("%w: a value that is not a multiple of %d from %d up", ErrShape, RoundTo, MaskBelow)
		}
	}
	return nil
}

// publishable reports whether a number is one that the method can give.
func publishable(v int) bool { return v >= MaskBelow && v%RoundTo == 0 && v <= 1<<40 }

// checkWords checks that what is said beside the numbers is what this package says.
func (r Release) checkWords() error {
	head := headline(r)
	if len(r.Headline) != len(head) || len(r.Caveats) != len(head) {
		return fmt.Errorf("%w: release: headline or caveats", ErrShape)
	}
	for lang, text := range head {
		if r.Headline[lang] != text {
			return fmt.Errorf("%w: release: headline in %q is not made from the values", ErrShape, lang)
		}
		if !slices.Equal(r.Caveats[lang], Caveats(lang)) {
			return fmt.Errorf("%w: release: caveats in %q are missing or changed", ErrShape, lang)
		}
	}
	return nil
}

func (r Release) dimension(id string) Dimension {
	d, _ := Programme{Dimensions: r.Dimensions}.dimension(id)
	return d
}

// label returns the label of a code in a language.
func (d Dimension) label(code, lang string) string {
	i := slices.IndexFunc(d.Codes, func(c Code) bool { return c.Code == code })
	if i < 0 {
		return code
	}
	return d.Codes[i].Labels[lang]
}
