package review

import (
	"cmp"
	"fmt"
	"slices"

	"peerwitness/review/figures"
	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// FiguresView is what the workstation knows of the figures at one moment. It
// does not change. There is no count in it that the public does not see.
type FiguresView struct {
	Founded bool
	// Keeper: this person may work on figures. Holder: she holds every key.
	Keeper bool
	Holder bool
	// Keepers are the ids of those who hold the newest key, sorted.
	Keepers []string
	// Renew: the key will be made anew with the next keeper's step, because
	// somebody who holds it is no keeper any more.
	Renew      bool
	Programmes []FiguresProgramme // the newest version first
	Periods    []FiguresPeriod    // oldest first, up to the one that today is in
	// Ledger is its head, zero before the first period was closed.
	Ledger   vault.ID
	Problems []Problem
	// Today is the day that the view was made on.
	Today figures.Day
}

// FiguresProgramme is a programme that was proposed.
type FiguresProgramme struct {
	Programme figures.Programme
	Hash      vault.ID
	By        []string // whose good signatures it has
	InForce   bool
}

// FiguresStatus says how far a period has come.
type FiguresStatus string

// Stages of a period, in order.
const (
	PeriodRuns      FiguresStatus = "runs"      // not over
	PeriodOver      FiguresStatus = "over"      // to be closed
	PeriodClosed    FiguresStatus = "closed"    // to be signed and published, not before Opens
	PeriodPublished FiguresStatus = "published" // out for good
)

// FiguresPeriod is one period of a programme.
type FiguresPeriod struct {
	Period    string
	From      figures.Day
	Until     figures.Day
	Opens     figures.Day // first day on which its figures may go out
	Programme vault.ID
	Status    FiguresStatus
	Next      bool     // of those that are over, the one to close now
	Signed    []string // who signed the release as it is now, sorted
	// Release is exactly what the public sees, or would; nil before closing.
	Release *figures.Release
	Body    []byte   // the release's body with its signatures
	ID      vault.ID // once published
	Day     vault.Day
}

// Figures returns what is known of the figures now. People without the key see
// only whether there is a journal.
func (w *Workstation) Figures() *FiguresView { return w.View().figures }

// viewFigures makes the view. The caller holds syncing.
func (w *Workstation) viewFigures(r *roster.Roster) *FiguresView {
	ix, j := w.ix, w.ix.figs.journal
	v := &FiguresView{Founded: ix.figs.founded, Today: figures.DayOf(w.clock()), Problems: slices.Clone(ix.figs.squats)}
	if r == nil {
		return v
	}
	r = ix.without(r)
	me, _ := r.Person(w.Me())
	v.Keeper = me.Has(roster.Keeper)
	if !v.Founded {
		return v
	}
	v.Holder = j.whole()
	v.Renew = ix.renewDue(j, r)
	for p := range j.granted[j.head.Epoch] {
		if p != roster.Recovery {
			v.Keepers = append(v.Keepers, p)
		}
	}
	slices.Sort(v.Keepers)
	if !v.Holder {
		return v
	}
	v.Problems = append(v.Problems, j.problems...)
	if j.more {
		v.Problems = append(v.Problems, Problem{Alarm: true, Text: fmt.Sprintf("There are more than %d problems like these; somebody may be flooding the journal.", maxFigureProblems)})
	}
	v.Ledger, _ = figures.Head(j.ledger)
	v.programmes(j, r)
	v.periods(ix, r)
	return v
}

func (v *FiguresView) programmes(j *figureJournal, r *roster.Roster) {
	for _, s := range j.programmes {
		p, err := figures.ParseProgramme([]byte(s.Body))
		if err != nil {
			continue // it was read when it was taken in
		}
		good := signedBy(s.SignedProgramme, r)
		_, err = good.Check(r)
		fp := FiguresProgramme{Programme: p, Hash: vault.Sum([]byte(s.Body)), InForce: err == nil}
		for _, sig := range good.Sigs {
			fp.By = append(fp.By, sig.By)
		}
		v.Programmes = append(v.Programmes, fp)
	}
	slices.SortStableFunc(v.Programmes, func(a, b FiguresProgramme) int { return cmp.Compare(b.Programme.Version, a.Programme.Version) })
}

func (v *FiguresView) periods(ix *index, r *roster.Roster) {
	j := ix.figs.journal
	for i, c := range j.closed {
		b := c.batch
		hash := c.programme.Hash()
		p := FiguresPeriod{Period: b.Period, From: b.From, Until: b.Until, Opens: figures.Opens(b.Until), Programme: hash, Status: PeriodClosed}
		if out := ix.published(c); out != nil {
			p.Status, p.ID, p.Day, p.Body, p.Release, p.Signed = PeriodPublished, out.id, out.day, out.body, &out.release, out.signed
		} else if body, _, err := ix.unsigned(r, i); err == nil {
			p.Body, p.Signed = j.signed(r, b.Period, body)
			if release, _, _, err := figures.Open(body); err == nil {
				p.Release = &release
			}
		}
		slices.Sort(p.Signed)
		v.Periods = append(v.Periods, p)
	}
	first := true
	for _, d := range figures.Schedule(j.inForce(r), j.closedUntil(), v.Today) {
		p := FiguresPeriod{Period: d.Period, From: d.From, Until: d.Until, Opens: figures.Opens(d.Until), Programme: d.Programme.Hash(), Status: PeriodRuns}
		if v.Today > d.Until {
			p.Status, p.Next, first = PeriodOver, first, false
			if p.Next {
				v.Problems = append(v.Problems, j.unlisted(d.Programme)...)
			}
		}
		v.Periods = append(v.Periods, p)
	}
}
