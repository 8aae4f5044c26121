package review

import (
	"errors"
	"fmt"
	"slices"

	"peerwitness/review/figures"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// signedBy leaves of a programme's signatures those that are good by a roster.
func signedBy(s figures.SignedProgramme, r *roster.Roster) figures.SignedProgramme {
	out := figures.SignedProgramme{Body: s.Body}
	for _, sig := range s.Sigs {
		p, ok := r.Person(sig.By)
		if !ok || !figures.MaySign(p) {
			continue
		}
		if with, err := out.With(sig, p.Key()); err == nil {
			out = with
		}
	}
	return out
}

// inForce are the programmes that two people on the roster have signed.
func (s *figureState) inForce(r *roster.Roster) []figures.InForce {
	var out []figures.InForce
	for _, p := range s.programmes {
		if parsed, err := signedBy(p.SignedProgramme, r).Check(r); err == nil {
			if since := p.since(r); since != "" {
				out = append(out, figures.InForce{Programme: parsed, Since: since})
			}
		}
	}
	return out
}

// since is the day by which two people on the roster had entered their good
// signatures, empty when they have not.
func (p proposed) since(r *roster.Roster) figures.Day {
	var days []figures.Day
	for _, sig := range signedBy(p.SignedProgramme, r).Sigs {
		for _, e := range p.entered {
			if e.by == sig.By {
				days = append(days, e.day)
			}
		}
	}
	if len(days) < figures.Signers {
		return ""
	}
	slices.Sort(days)
	return days[figures.Signers-1]
}

// closedUntil is the last day that has been counted, empty before the first.
func (s *figureState) closedUntil() figures.Day {
	if len(s.batches) == 0 {
		return ""
	}
	return s.batches[len(s.batches)-1].Until
}

// applyLedger takes the line by which a period was closed, if everything it says
// comes out again from what stands before it.
func (j *figureJournal) applyLedger(ix *index, a placed, body seal.EntryBody) error {
	said, err := figures.ParseEntry(body.Data)
	if err != nil {
		return errBody
	}
	r := ix.rosterAt(a.pos)
	if r == nil {
		return errNoRoster
	}
	day := figures.DayOf(body.Time)
	if day > figures.Day(a.day.String()) {
		return errors.New("it was written on a day that had not come when it arrived")
	}
	next := figures.Schedule(j.inForce(r), j.closedUntil(), day)
	if len(next) == 0 || next[0].Period != said.Period || next[0].Programme.Hash().String() != said.Programme {
		return fmt.Errorf("the period %s was not the next one to close", clip(said.Period, 20))
	}
	c, entry, err := j.close(next[0], day)
	if err != nil {
		return fmt.Errorf("the period %s can't be closed as it says", said.Period)
	}
	if entry != said {
		return fmt.Errorf("the figures of %s that it fixes are not those that come out of the journal", said.Period)
	}
	c.by = body.Author
	j.ledger, j.closed, j.batches = append(j.ledger, entry), append(j.closed, c), append(j.batches, c.batch)
	return nil
}

// close computes what closing a period on a day enters into the ledger.
func (s *figureState) close(p figures.Planned, day figures.Day) (closedPeriod, figures.Entry, error) {
	records := s.countable(p.Programme)
	batch, err := figures.Close(p.Programme, p.Period, records, s.batches, day)
	if err != nil {
		return closedPeriod{}, figures.Entry{}, err
	}
	out, err := figures.Compute(p.Programme, batch, s.noise, records)
	if err != nil {
		return closedPeriod{}, figures.Entry{}, err
	}
	entry, _, err := figures.Extend(s.ledger, batch, s.noise, out)
	return closedPeriod{programme: p.Programme, records: records, batch: batch, noise: s.noise, output: out}, entry, err
}

// countable are the records that a programme has a place for. One that it has no
// place for is left out with all its versions, and is shown as a problem: it may
// come from a newer codebook, or from somebody who wants figures to stop. Records
// that were counted before stay, for what they cost their people.
func (s *figureState) countable(p figures.Programme) []figures.Record {
	odd := p.Unlisted(s.records)
	for _, b := range s.batches {
		for _, group := range b.Groups {
			for _, ref := range group {
				delete(odd, ref.Key)
			}
		}
	}
	if len(odd) == 0 {
		return s.records[:len(s.records):len(s.records)]
	}
	return slices.DeleteFunc(slices.Clone(s.records), func(r figures.Record) bool { _, out := odd[r.Key]; return out })
}

// unlisted says, for people, that records are left out of a programme.
func (s *figureState) unlisted(p figures.Programme) []Problem {
	var dims []string
	for _, d := range p.Unlisted(s.records) {
		dims = append(dims, d)
	}
	slices.Sort(dims)
	var out []Problem
	for _, d := range slices.Compact(dims) {
		out = append(out, Problem{Text: fmt.Sprintf("Somebody can't be counted by programme %s version %d: the case was coded with a word that its list %q does not have. A new version of the programme can add it.", p.ID, p.Version, d)})
	}
	return out
}
