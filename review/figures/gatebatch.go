package figures

import (
	"slices"
)

// batch checks the batch: its days, who is in it, what it costs them.
func (g *gate) batch(p Programme, b Batch, former []Batch) {
	from, until, err := Window(p.Every, b.Period)
	if err != nil || b.From != from || b.Until != until {
		g.refuse("The batch's days are not those of %s.", b.Period)
	}
	if b.Until < b.From.after(WindowDays-1) {
		g.refuse("The batch covers fewer than %d days.", WindowDays)
	}
	if p.Decided > b.From {
		g.refuse("The programme was decided on %s, after the period had begun on %s: tables are fixed before there are data.", p.Decided, b.From)
	}
	if open := b.Until.after(SettleDays); DayOf(g.in.Now) < open {
		g.refuse("The batch must be closed for %d days: the figures of %s may go out from %s on.", SettleDays, b.Period, open)
	}
	for _, f := range former {
		if f.From <= b.Until && b.From <= f.Until {
			g.refuse("The batch overlaps that of %s, so that its tables would be paid for twice.", f.Period)
		}
	}
	if b.Cost != p.cost() {
		g.refuse("The batch's cost is not that of the programme's tables.")
	}
	h, err := gather(g.in.Records)
	if err != nil {
		g.refuse("The count records can't be read: %v.", err)
		return
	}
	g.members(b, former, h)
	want, err := closeBatch(p, b.Period, g.in.Records, former, b.Until.after(1))
	if err != nil || want.hash() != b.hash() {
		g.refuse("The batch is not what the count records before it give.")
	}
}

// members checks each record of the batch, and the lifetime budgets.
func (g *gate) members(b Batch, former []Batch, h *history) {
	used := map[Key]bool{}
	for _, f := range former {
		for _, group := range f.Groups {
			for _, ref := range group {
				used[ref.Key] = true
			}
		}
	}
	var members []*Record
	var missing bool
	var missed faults
	for _, group := range b.Groups {
		for _, ref := range group {
			r := h.at(ref.Key, b.Until)
			if r == nil {
				missing = true
				continue
			}
			missed.add(r, ref, b, used[ref.Key])
			members = append(members, r)
		}
	}
	// Which, and how many, is not said: a count of people is a figure too.
	for _, c := range []struct {
		is   bool
		text string
	}{
		{missing, "Count records of the batch are missing."},
		{missed.thawed, "Somebody in the batch is not counted by the coding that was frozen at the cut-off."},
		{missed.late, "Somebody in the batch was coded after the cut-off."},
		{missed.practice, "A practice report is in the batch."},
		{missed.without, "Somebody in the batch had not consented to be counted at the cut-off."},
		{missed.twice, "Somebody in the batch was counted in an earlier one."},
	} {
		if c.is {
			g.refuse("%s", c.text)
		}
	}
	slices.SortFunc(members, func(a, b *Record) int { return compareKeys(a.Key, b.Key) })
	for _, r := range relate(members, h, former, b.Until) {
		if r.spent+b.Cost > LifeBudget {
			g.refuse("Somebody in the batch would go over the lifetime budget of ρ = 1/2.")
			break
		}
	}
}

// faults are what may be wrong with a record of a batch, as it stood at the cut-off.
type faults struct{ thawed, late, practice, without, twice bool }

func (f *faults) add(r *Record, ref Ref, b Batch, used bool) {
	f.thawed = f.thawed || r.N != ref.N
	f.late = f.late || r.Frozen > b.Until
	f.practice = f.practice || r.Practice
	f.without = f.without || !r.CountMe
	f.twice = f.twice || used
}

// recompute checks that the ledger's line of this batch is one, and that the
// release is what it says.
func (g *gate) recompute(p Programme, b Batch, r Release) {
	out, err := Compute(p, b, g.in.Noise, g.in.Records)
	if err != nil {
		g.refuse("The figures can't be computed again: %v.", err)
		return
	}
	var lines []Entry
	for _, e := range g.in.Ledger {
		if e.Period == b.Period {
			lines = append(lines, e)
		}
	}
	switch {
	case len(lines) == 0:
		g.refuse("The ledger has no entry for %s.", b.Period)
		return
	case len(lines) > 1:
		g.refuse("The ledger has several entries for %s: its tables would be paid for twice.", b.Period)
		return
	}
	e := lines[0]
	if e.Programme != b.Programme || e.Version != p.Version || e.Cost != b.Cost {
		g.refuse("The ledger's entry for %s is of another programme, version or cost.", b.Period)
	}
	if e.Batch != b.hash().String() || e.Digest != out.Digest.String() {
		g.refuse("The batch has changed since it was entered in the ledger: every number would come out anew.")
	}
	if e.Noise != commit(g.in.Noise) {
		g.refuse("The noise key is not the one in the ledger.")
	}
	if e.Output != out.Hash().String() {
		g.refuse("The figures computed again are not those in the ledger.")
	}
	published := Output{V: 1, Programme: r.Programme.Hash, Version: r.Programme.Version, Period: r.Period}
	for _, t := range r.Tables {
		published.Tables = append(published.Tables, Cells{Table: t.ID, Cells: t.Cells})
	}
	if published.Hash() != out.Hash() {
		g.refuse("The release's numbers are not those computed again from the ledger.")
	}
}
