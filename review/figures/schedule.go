package figures

import (
	"cmp"
	"slices"
	"strings"
)

// Planned is a period that a programme is in force for.
type Planned struct {
	Programme Programme
	Period    string
	From      Day
	Until     Day
}

// InForce is a programme that two people signed, and the day by which both had:
// the later of the day that the second signer's computer gave and the one on
// which her signature arrived. What the programme itself says of its day is its
// proposer's word, and could be written afterwards.
type InForce struct {
	Programme Programme
	Since     Day
}

// Schedule returns the periods that are to be counted, one after the other
// without a gap: from the day after closed, the last day that was counted before
// (empty: from the first period of any programme), up to the one that today is
// in. For each it takes the programme of the highest version that was decided, and
// in force, by the period's first day and has a period beginning on it. Where there is none,
// it goes on with the next period that a programme begins with.
func Schedule(inForce []InForce, closed, today Day) []Planned {
	programmes := slices.Clone(inForce)
	slices.SortFunc(programmes, func(x, y InForce) int { // the one to be preferred first
		a, b := x.Programme, y.Programme
		return cmp.Or(cmp.Compare(b.Version, a.Version), strings.Compare(string(b.Decided), string(a.Decided)), strings.Compare(a.Hash().String(), b.Hash().String()))
	})
	start := closed.after(1)
	var out []Planned
	for {
		at := slices.IndexFunc(programmes, func(p InForce) bool { return p.begins(start) })
		if at < 0 {
			if start = nextFirst(programmes, start); start == "" || start > today {
				return out
			}
			continue
		}
		p := programmes[at].Programme
		period := PeriodOf(p.Every, start)
		_, until, err := Window(p.Every, period)
		if err != nil || start > today {
			return out
		}
		out = append(out, Planned{Programme: p, Period: period, From: start, Until: until})
		start = until.after(1)
	}
}

// begins reports whether the programme has a period that begins on a day, and
// stood by then.
func (x InForce) begins(day Day) bool {
	p := x.Programme
	from, _, err := Window(p.Every, PeriodOf(p.Every, day))
	first, _, errFirst := Window(p.Every, p.First)
	return err == nil && errFirst == nil && from == day && first <= day && p.Decided <= day && x.Since <= day
}

// nextFirst is the earliest day after one on which a programme's first period
// begins, and the programme stood by then; empty when there is none.
func nextFirst(programmes []InForce, after Day) Day {
	var next Day
	for _, x := range programmes {
		p := x.Programme
		first, _, err := Window(p.Every, p.First)
		if err == nil && first > after && p.Decided <= first && x.Since <= first && (next == "" || first < next) {
			next = first
		}
	}
	return next
}

// Unlisted returns the records that the programme has no place for, with the
// dimension that does not list their code. Counting fails on a batch with one of
// them, so that nobody is dropped unseen: whoever closes leaves them out before
// and says so.
func (p Programme) Unlisted(records []Record) map[Key]string {
	type list struct {
		id    string
		codes map[string]bool
	}
	var lists []list
	for _, d := range p.Dimensions {
		used := slices.ContainsFunc(p.Tables, func(t Table) bool { return slices.Contains(t.Dimensions, d.ID) })
		if !used || d.Rest != "" {
			continue
		}
		l := list{d.ID, map[string]bool{}}
		for _, c := range d.Codes {
			l.codes[c.Code] = true
		}
		lists = append(lists, l)
	}
	out := map[Key]string{}
	for i := range records {
		r := &records[i]
		for _, l := range lists {
			if l.id == Service || l.id == Outcome {
				for _, s := range r.Services {
					if !l.codes[codeOf(p, l.id, r, s)] {
						out[r.Key] = l.id
					}
				}
			} else if !l.codes[codeOf(p, l.id, r, Served{})] {
				out[r.Key] = l.id
			}
		}
	}
	return out
}

// Opens returns the first day on which the figures of a period may go out, which
// ends on a day.
func Opens(until Day) Day { return until.after(SettleDays) }
