package figures_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"peerwitness/review/figures"
)

func TestDefaultProgrammeHasFullCodeLists(t *testing.T) {
	p := testProgramme(t)
	cb := testCodebook(t)
	want := map[string]int{"totals": 4, "acts": len(cb.Codes("group")), "services": len(cb.Codes("service")) * len(cb.Codes("outcome"))}
	w := newWorld(t, nil)
	for _, table := range w.o.Tables {
		if len(table.Cells) != want[table.Table] {
			t.Errorf("table %s has %d cells, want %d", table.Table, len(table.Cells), want[table.Table])
		}
		delete(want, table.Table)
	}
	if len(want) != 0 {
		t.Errorf("no tables %v", want)
	}
	if i, j := slices.Index(p.Populations, "injects-drugs"), slices.Index(p.Populations, "uses-drugs"); i < 0 || j < 0 || i > j {
		t.Errorf("order of populations: %v", p.Populations)
	}
	b, err := p.JSON()
	must(t, err)
	again, err := figures.ParseProgramme(b)
	must(t, err)
	if again.Hash() != p.Hash() || p.Hash().IsZero() {
		t.Error("the programme read again is another")
	}
}

func TestProgrammeRules(t *testing.T) {
	for name, change := range map[string]func(p *figures.Programme){
		"noise halved":             func(p *figures.Programme) { p.Method.Sigma2 = 4 },
		"a lower mask":             func(p *figures.Programme) { p.Method.Mask = 5 },
		"thin cells":               func(p *figures.Programme) { p.Tables[0].Planned = 19 },
		"acts as unit":             func(p *figures.Programme) { p.Tables[0].Unit = "acts" },
		"a table twice":            func(p *figures.Programme) { p.Tables[1] = p.Tables[0] },
		"a three-way cube":         func(p *figures.Programme) { p.Tables[2].Dimensions = []string{"region", "service", "outcome"} },
		"a dimension twice":        func(p *figures.Programme) { p.Tables[2].Dimensions = []string{"service", "service"} },
		"an unknown dimension":     func(p *figures.Programme) { p.Tables[0].Dimensions = []string{"name"} },
		"no tables":                func(p *figures.Programme) { p.Tables = nil },
		"more than a life pays":    func(p *figures.Programme) { p.Tables = slices.Repeat(p.Tables[:1], 17) },
		"a code twice":             func(p *figures.Programme) { p.Dimensions[0].Codes[1] = p.Dimensions[0].Codes[0] },
		"a rest that is none":      func(p *figures.Programme) { p.Dimensions[0].Rest = "elsewhere" },
		"no label in French":       func(p *figures.Programme) { p.Tables[0].Titles = figures.Labels{"en": "People"} },
		"a turned label":           func(p *figures.Programme) { p.Tables[0].Titles = figures.Labels{"en": "a\u202eb", "fr": "b"} },
		"no French at all":         func(p *figures.Programme) { p.Languages = []string{"en"} },
		"a period of another kind": func(p *figures.Programme) { p.First = "2026-Q1" },
		"no day":                   func(p *figures.Programme) { p.Decided = "2025-02-30" },
		"population unordered":     func(p *figures.Programme) { p.Populations = p.Populations[1:] },
	} {
		p := testProgramme(t)
		change(&p)
		if _, err := p.JSON(); !errors.Is(err, figures.ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
		if !p.Hash().IsZero() {
			t.Errorf("%s: has a hash", name)
		}
	}
	if _, err := figures.Default(testCodebook(t), testRoster(), "2026-H1", "2025-12-20", 19, figures.Labels{"en": "x", "fr": "x"}); err == nil {
		t.Error("planned for 19")
	}
}

func TestProgrammeSignatures(t *testing.T) {
	p, r := testProgramme(t), testRoster()
	for _, c := range []struct {
		by   []string
		want error
	}{
		{[]string{nino, dato}, nil}, {[]string{gia, dato}, nil}, {[]string{nino, dato, salo, other}, nil},
		{[]string{nino}, figures.ErrSigners}, {[]string{nino, nino}, figures.ErrSigners}, {[]string{nino, salo}, figures.ErrSigners}, {nil, figures.ErrSigners},
	} {
		if _, err := signedProgramme(t, p, c.by...).Check(r); !errors.Is(err, c.want) {
			t.Errorf("signed by %v: %v", c.by, err)
		}
	}
	s := signedProgramme(t, p, nino, dato)
	s.Body = strings.Replace(s.Body, `"planned":20`, `"planned":21`, 1)
	if _, err := s.Check(r); !errors.Is(err, figures.ErrSignatures) {
		t.Errorf("changed after signing: %v", err)
	}
}

func TestPeriods(t *testing.T) {
	for _, c := range []struct{ every, period, from, until string }{
		{"half-year", "2026-H1", "2026-01-01", "2026-06-30"}, {"half-year", "2026-H2", "2026-07-01", "2026-12-31"},
		{"quarter", "2024-Q1", "2024-01-01", "2024-03-31"}, {"month", "2024-02", "2024-02-01", "2024-02-29"}, {"year", "2026", "2026-01-01", "2026-12-31"},
	} {
		from, until, err := figures.Window(c.every, c.period)
		if err != nil || string(from) != c.from || string(until) != c.until {
			t.Errorf("%s: %s to %s, %v", c.period, from, until, err)
		}
		if got := figures.PeriodOf(c.every, until); got != c.period {
			t.Errorf("%s is in %s, want %s", until, got, c.period)
		}
	}
	for _, c := range [][2]string{{"half-year", "2026-H3"}, {"half-year", "2026-H0"}, {"half-year", "2026-h1"}, {"half-year", "2026-H01"}, {"half-year", "2026-H+1"},
		{"half-year", "2026"}, {"year", "2026-H1"}, {"year", "+026"}, {"year", "1969"}, {"quarter", "2026-Q5"}, {"month", "2026-13"}, {"month", "2026-7"}, {"week", "2026-01"}, {"", ""}} {
		if _, _, err := figures.Window(c[0], c[1]); !errors.Is(err, figures.ErrShape) {
			t.Errorf("%s %s: %v", c[0], c[1], err)
		}
	}
}
