package review

import (
	"peerwitness/review/figures"
	"peerwitness/vault"
)

// What external tests reach of the parsers.
var (
	ParsePerson     = parsePerson
	ParseWithdrawal = parseWithdrawal
	Canonical       = encode
)

// Members are the record keys in a closed period's batch, in hex.
func (w *Workstation) Members(period string) []string {
	w.syncing <- struct{}{}
	defer w.release()
	var out []string
	for _, c := range w.ix.figs.journal.closed {
		for _, g := range c.batch.Groups {
			for _, ref := range g {
				if c.batch.Period == period {
					out = append(out, ref.Key.Reveal())
				}
			}
		}
	}
	return out
}

// Records are the versions that count in the figures journal.
func (w *Workstation) Records() []figures.Record {
	w.syncing <- struct{}{}
	defer w.release()
	return w.ix.figs.journal.records
}

// Noise is the noise key of the next batch.
func (w *Workstation) Noise() figures.Key {
	w.syncing <- struct{}{}
	defer w.release()
	return w.ix.figs.journal.noise
}

// LastRelease is the id of the last release on the server.
func (w *Workstation) LastRelease() vault.ID {
	w.syncing <- struct{}{}
	defer w.release()
	_, id := w.ix.formerBodies()
	return id
}

// LedgerLine is what closing the next period would enter now.
func (w *Workstation) LedgerLine(period string) (figures.Entry, error) {
	w.syncing <- struct{}{}
	defer w.release()
	j := w.ix.figs.journal
	day := figures.DayOf(w.clock())
	_, e, err := j.close(figures.Schedule(j.inForce(w.View().Roster), j.closedUntil(), day)[0], day)
	return e, err
}

// GateInput is what the gate is asked about a closed period.
func (w *Workstation) GateInput(period string) figures.GateInput {
	w.syncing <- struct{}{}
	defer w.release()
	in, _, err := w.gateInput(w.View().Roster, period)
	if err != nil {
		panic(err)
	}
	return in
}
