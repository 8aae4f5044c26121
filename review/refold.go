package review

import (
	"cmp"
	"slices"
)

// shown is what the last view held, from which the next one is made.
type shown struct {
	cases  []*Case
	quiet  []Quarantined
	odd    int // how many of quiet are the index's own
	others int
	byID   caseIndex
}

// refold folds what has changed since the last view, and returns what the next
// one shows. Slices of earlier views are never written to. The caller holds
// syncing.
func (w *Workstation) refold() shown {
	ix, was := w.ix, w.ix.shown
	ix.clusters.all = w.rebook.Swap(false) || ix.clusters.all
	ix.clusters.mark()
	now := shown{cases: was.cases, quiet: was.quiet, odd: len(ix.odd), others: was.others}
	var gone, come []*Case
	loud := now.odd != was.odd
	for c := range ix.clusters.dirty {
		gone = append(gone, c.cases...)
		loud = loud || len(c.quiet) > 0
		now.others -= c.others

		f := w.fold(c.journals, c.deposits)
		c.cases, c.quiet, c.others = f.cases, f.quiet, f.others
		c.files = slices.ContainsFunc(c.cases, func(c *Case) bool { return len(c.Attachments) > 0 })
		come = append(come, c.cases...)
		loud = loud || len(c.quiet) > 0
		now.others += c.others
	}
	clear(ix.clusters.dirty)
	order(come)
	if len(gone)+len(come) > 0 {
		now.cases = merge(was.cases, gone, come)
	}
	if loud {
		now.quiet = slices.Clone(ix.odd)
		ix.clusters.each(func(c *cluster) { now.quiet = append(now.quiet, c.quiet...) })
		slices.SortFunc(now.quiet, func(a, b Quarantined) int { return cmp.Compare(a.Pos, b.Pos) })
	}
	now.byID = was.byID.after(gone, come, now.cases)
	ix.shown = now
	return now
}

// merge is the ordered list without gone and with come, which is ordered too.
func merge(list, gone, come []*Case) []*Case {
	left := make(map[*Case]bool, len(gone))
	for _, c := range gone {
		left[c] = true
	}
	out := make([]*Case, 0, len(list)-len(gone)+len(come))
	for _, c := range list {
		if len(left) == 0 || !left[c] {
			out = append(out, c)
		}
	}
	if len(come) > 16 {
		out = append(out, come...)
		order(out)
		return out
	}
	for _, c := range come {
		i, _ := slices.BinarySearchFunc(out, c, before)
		out = slices.Insert(out, i, c)
	}
	return out
}
