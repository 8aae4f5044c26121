package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

const (
	// renewBefore is how many days before its end a certificate gets a successor.
	renewBefore = 15
	// keepAfter is how many days after its certificate's end an intake
	// identity is kept, for phones that were offline.
	keepAfter = 120
)

// Renew sees to it that reports can be sealed to this person: when her newest
// certificate is missing, runs out within 15 days, or is one whose private half
// this key file lacks, it makes the next intake identity, hands the key file
// that holds it to save, and publishes the certificate only once save returned
// nil. Nobody may seal to a key that a crash could lose. It reports whether it
// published one. Identities whose time is long over are left out of what is saved.
func (w *Workstation) Renew(ctx context.Context, save func(seal.KeyFile) error) (bool, error) {
	w.acting.Lock()
	defer w.acting.Unlock()
	if err := w.sync(ctx, nil); err != nil {
		return false, err
	}
	v := w.View()
	if v.Roster == nil {
		return false, errNoRoster
	}
	if !worksAtDesk(v.Roster, w.Me()) {
		return false, nil
	}
	now := w.clock().UTC()
	published, err := w.certificates(ctx, v.Roster)
	if err != nil {
		return false, err
	}
	if i := slices.IndexFunc(w.intake, func(k seal.IntakeKey) bool { return unpublished(k, published, now) }); i >= 0 {
		// Saved by a run that ended before it could publish.
		return true, w.certify(ctx, w.intake[i])
	}
	from, needed := w.nextCertificate(published, now)
	if !needed {
		return false, nil
	}
	id, err := seal.NewIdentity()
	if err != nil {
		return false, fmt.Errorf("making an intake key: %w", err)
	}
	cert, err := roster.NewCertificate(w.Me(), id.Recipient(), from, w.key.Signing)
	if err != nil {
		return false, err
	}
	k := w.key
	k.Intake = slices.DeleteFunc(slices.Clone(w.intake), func(k seal.IntakeKey) bool { return over(k, now) })
	made := seal.IntakeKey{Epoch: cert.Epoch, Identity: id, From: cert.From, Until: cert.Until}
	k.Intake = append(k.Intake, made)
	if err := save(k); err != nil {
		return false, fmt.Errorf("saving the new intake key: %w", err)
	}
	if err := w.hold(ctx); err != nil {
		return false, err
	}
	w.intake = k.Intake
	w.release()
	return true, w.certify(ctx, made)
}

// nextCertificate says whether a new certificate is needed and from which day.
func (w *Workstation) nextCertificate(published []roster.Certificate, now time.Time) (time.Time, bool) {
	best, current, ok := roster.Choose(published, now)
	if ok && current && w.holds(best.Recipient) && best.Until >= now.AddDate(0, 0, renewBefore).Format(time.DateOnly) {
		return time.Time{}, false
	}
	// One certificate for each month: where this month has one, the next
	// month's takes over from it on its first day.
	from := now
	for range 3 {
		epoch := uint32(from.Year()*100 + int(from.Month()))
		i := slices.IndexFunc(published, func(c roster.Certificate) bool { return c.Epoch == epoch })
		if i < 0 {
			return from, true
		}
		if from.After(now) && w.holds(published[i].Recipient) {
			return time.Time{}, false // the successor is out already
		}
		from = time.Date(from.Year(), from.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Time{}, false
}

// certificates are this person's own in the replica, checked.
func (w *Workstation) certificates(ctx context.Context, r *roster.Roster) ([]roster.Certificate, error) {
	stored, err := w.store.Certificates(ctx, w.Me())
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return nil, fmt.Errorf("reading the replica: %w", err)
	}
	var out []roster.Certificate
	for _, s := range stored {
		if c, err := r.CheckCertificate(s.JSON); err == nil && c.Person == w.Me() {
			out = append(out, c)
		}
	}
	return out, nil
}

// certify publishes the certificate of an identity that is saved. The same
// identity gives the same bytes each time.
func (w *Workstation) certify(ctx context.Context, k seal.IntakeKey) error {
	from, err := time.Parse(time.DateOnly, k.From)
	if err != nil {
		return fmt.Errorf("reading the key file: %w", err)
	}
	cert, err := roster.NewCertificate(w.Me(), k.Identity.Recipient(), from, w.key.Signing)
	if err != nil {
		return err
	}
	b, err := json.Marshal(cert)
	if err != nil {
		return err
	}
	if err := w.client.PutCertificate(ctx, b); err != nil {
		return fmt.Errorf("publishing the certificate: %w", err)
	}
	return w.settle(ctx)
}

// holds reports whether the key file has the private half of recipient.
func (w *Workstation) holds(recipient string) bool {
	return slices.ContainsFunc(w.intake, func(k seal.IntakeKey) bool { return k.Identity.Recipient() == recipient })
}

// unpublished reports whether an identity was saved, is still of use, and its
// month has no certificate yet.
func unpublished(k seal.IntakeKey, published []roster.Certificate, now time.Time) bool {
	return k.Until >= now.Format(time.DateOnly) &&
		!slices.ContainsFunc(published, func(c roster.Certificate) bool { return c.Epoch == k.Epoch })
}

func over(k seal.IntakeKey, now time.Time) bool {
	until, err := time.Parse(time.DateOnly, k.Until)
	return err == nil && now.After(until.AddDate(0, 0, keepAfter))
}

func worksAtDesk(r *roster.Roster, person string) bool {
	return slices.ContainsFunc(r.Desks, func(d roster.Desk) bool { return d.Has(person) })
}
