package review

import (
	"peerwitness/review/figures"
	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// figureBasis is what a view of the figures hangs on. Cases that are counted one
// after the other change nothing that it shows, unless a period waits to be
// closed: then somebody may be told that a record has no place in it.
type figureBasis struct {
	steps    int // appends that were more than one more record
	releases int
	roster   vault.ID
	revoked  int
	today    figures.Day
	records  int // while a period waits to be closed
}

// figuresNow is the view of the figures, made anew when its basis has changed.
// The caller holds syncing.
func (w *Workstation) figuresNow(r *roster.Roster) *FiguresView {
	b := w.ix.figs
	basis := figureBasis{steps: b.steps, releases: len(w.ix.releases), revoked: len(w.ix.revoked), today: figures.DayOf(w.clock())}
	if r != nil {
		basis.roster = r.Hash
	}
	if b.view != nil && b.view.waits() {
		basis.records = len(b.journal.records)
	}
	if b.view == nil || basis != b.basis {
		b.view, b.basis = w.viewFigures(r), basis
		if b.view.waits() {
			b.basis.records = len(b.journal.records)
		}
	}
	return b.view
}

// waits reports whether a period is over and not closed yet.
func (v *FiguresView) waits() bool {
	for _, p := range v.Periods {
		if p.Next {
			return true
		}
	}
	return false
}
