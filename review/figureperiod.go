package review

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"peerwitness/review/figures"
	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// ErrNoPeriod: no programme has that period, or it has not been closed.
var ErrNoPeriod = errors.New("no such period")

// ProposeProgramme enters a programme into the figures journal with this
// keeper's signature. It is in force once a second person has signed it.
func (w *Workstation) ProposeProgramme(ctx context.Context, p figures.Programme) error {
	b, err := p.JSON()
	if err != nil {
		return fmt.Errorf("proposing programme: %w", err)
	}
	return w.figureAct(ctx, "programme", func(r *roster.Roster, j *figureJournal) ([]byte, error) {
		return w.programmeSigned(r, j, string(b))
	})
}

// SignProgramme signs a programme that somebody else proposed, by its hash.
func (w *Workstation) SignProgramme(ctx context.Context, hash vault.ID) error {
	return w.figureAct(ctx, "programme", func(r *roster.Roster, j *figureJournal) ([]byte, error) {
		at := slices.IndexFunc(j.programmes, func(s proposed) bool { return vault.Sum([]byte(s.Body)) == hash })
		if at < 0 {
			return nil, notLegal("no such programme has been proposed")
		}
		return w.programmeSigned(r, j, j.programmes[at].Body)
	})
}

func (w *Workstation) programmeSigned(r *roster.Roster, j *figureJournal, body string) ([]byte, error) {
	for _, s := range j.programmes {
		if s.Body == body && slices.ContainsFunc(signedBy(s.SignedProgramme, r).Sigs, w.mine) {
			return nil, nil
		}
	}
	s, err := figures.SignProgramme(figures.SignedProgramme{Body: body}, w.Me(), w.key.Signing)
	if err != nil {
		return nil, err
	}
	return encode(s)
}

func (w *Workstation) mine(s figures.Signature) bool { return s.By == w.Me() }

// ClosePeriod closes a period that is over: its batch is gathered, its figures
// are computed, and a line of the ledger fixes both for good. Periods are closed
// one after the other. Closing again changes nothing. figures.ErrNotOver, ErrNoPeriod.
func (w *Workstation) ClosePeriod(ctx context.Context, period string) error {
	return w.figureAct(ctx, "ledger", func(r *roster.Roster, j *figureJournal) ([]byte, error) {
		if _, err := j.closedAs(period); err == nil {
			return nil, nil
		}
		day := figures.DayOf(w.clock())
		due := figures.Schedule(j.inForce(r), j.closedUntil(), day)
		at := slices.IndexFunc(due, func(p figures.Planned) bool { return p.Period == period })
		if at < 0 {
			return nil, fmt.Errorf("closing period: %w", ErrNoPeriod)
		}
		if at > 0 {
			return nil, notLegal("close " + due[0].Period + " first: periods are counted one after the other, thin ones too")
		}
		_, entry, err := j.close(due[0], day)
		if err != nil {
			return nil, err
		}
		return entry.JSON()
	})
}

// closedAs finds a closed period.
func (s *figureState) closedAs(period string) (int, error) {
	at := slices.IndexFunc(s.closed, func(c closedPeriod) bool { return c.batch.Period == period })
	if at < 0 {
		return 0, ErrNoPeriod
	}
	return at, nil
}

// unsigned makes the release of a closed period as it would go out now, from the
// journal alone.
func (ix *index) unsigned(r *roster.Roster, at int) (body []byte, former vault.ID, err error) {
	j := ix.figs.journal
	head, err := figures.Head(j.ledger)
	if err != nil {
		return nil, vault.ID{}, err
	}
	_, former = ix.formerBodies()
	release, err := figures.NewRelease(j.closed[at].programme, j.closed[at].output, r.Organisation, head, former)
	if err != nil {
		return nil, vault.ID{}, err
	}
	body, err = figures.Pack(release)
	return body, former, err
}

// signed puts beside a release's body the signatures that the journal holds of
// exactly it.
func (j *figureJournal) signed(r *roster.Roster, period string, body []byte) (with []byte, by []string) {
	hash, out := bodyHash(body), body
	for _, s := range j.signatures {
		if s.Period != period || s.Release != hash || slices.Contains(by, s.Sig.By) {
			continue
		}
		p, ok := r.Person(s.Sig.By)
		if !ok || !figures.MaySign(p) {
			continue
		}
		if b, err := figures.WithSignature(out, s.Sig, p.Key()); err == nil {
			out, by = b, append(by, s.Sig.By)
		}
	}
	return out, by
}

// published returns the good release of a period on the server, or nil.
func (ix *index) published(c closedPeriod) *publicRelease {
	for i := range ix.releases {
		r := &ix.releases[i]
		if r.wrong == nil && r.release.Period == c.batch.Period && r.release.Programme.Hash == c.batch.Programme {
			return r
		}
	}
	return nil
}

// SignRelease signs the release of a closed period. The release is made anew on
// this workstation from the journal, so that what is signed is what this person's
// own computer counted. Signing again changes nothing.
func (w *Workstation) SignRelease(ctx context.Context, period string) error {
	return w.figureAct(ctx, "signature", func(r *roster.Roster, j *figureJournal) ([]byte, error) {
		at, err := j.closedAs(period)
		if err != nil {
			return nil, fmt.Errorf("signing release: %w", err)
		}
		if w.ix.published(j.closed[at]) != nil {
			return nil, nil
		}
		body, _, err := w.ix.unsigned(r, at)
		if err != nil {
			return nil, err
		}
		if _, by := j.signed(r, period, body); slices.Contains(by, w.Me()) {
			return nil, nil
		}
		sig, err := figures.SignatureOf(body, w.Me(), w.key.Signing)
		if err != nil {
			return nil, err
		}
		return encode(releaseSignature{period, bodyHash(body), sig})
	})
}

// PublishRelease puts the release of a closed period on the server, if the gate
// lets it through; otherwise *figures.Refusal with every reason. One that is out
// already stays as it is, and that is no error.
func (w *Workstation) PublishRelease(ctx context.Context, period string) error {
	w.acting.Lock()
	defer w.acting.Unlock()
	for range attempts {
		r, err := w.keeping(ctx)
		if err != nil {
			return err
		}
		body, former, err := w.gated(r, period)
		if err != nil || body == nil {
			return err
		}
		_, err = w.client.PutRelease(ctx, former, body)
		switch {
		case err == nil:
			return w.settle(ctx)
		case errors.Is(err, vault.ErrConflict):
			continue
		case !definite(err):
			return fmt.Errorf("%w: %w; publish again to see whether the figures went out", ErrUnsure, err)
		}
		return err
	}
	return ErrBusy
}

// gated makes the signed release of a period and asks the gate. A nil body means
// that it is out already.
func (w *Workstation) gated(r *roster.Roster, period string) (body []byte, former vault.ID, err error) {
	w.syncing <- struct{}{}
	defer w.release()
	in, former, err := w.gateInput(r, period)
	if err != nil || in.Body == nil {
		return nil, vault.ID{}, err
	}
	return in.Body, former, figures.Gate(in)
}

// gateInput is what the gate judges a period's release by: everything from the
// journal, and the releases that this workstation saw on the server. Without a
// body when the release is out already. The caller holds syncing.
func (w *Workstation) gateInput(r *roster.Roster, period string) (figures.GateInput, vault.ID, error) {
	j, r := w.ix.figs.journal, w.ix.without(r)
	at, err := j.closedAs(period)
	if err != nil {
		return figures.GateInput{}, vault.ID{}, fmt.Errorf("publishing release: %w", err)
	}
	if w.ix.published(j.closed[at]) != nil {
		return figures.GateInput{}, vault.ID{}, nil
	}
	body, former, err := w.ix.unsigned(r, at)
	if err != nil {
		return figures.GateInput{}, vault.ID{}, err
	}
	body, _ = j.signed(r, period, body)
	bodies, _ := w.ix.formerBodies()
	in := figures.GateInput{Now: w.clock(), Roster: r, Records: j.closed[at].records, Batches: j.batches, Ledger: j.ledger,
		Noise: j.closed[at].noise, Former: bodies, Body: body}
	for _, s := range j.programmes {
		in.Programmes = append(in.Programmes, figures.Registered{SignedProgramme: signedBy(s.SignedProgramme, r), Since: s.since(r)})
	}
	return in, former, nil
}
