package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// formerRosters is how many versions back a desk is still known: a report that
// was sealed before a change and waited in a phone is late, not lost.
const formerRosters = 64

// book knows the desks. It reads the store each time and parses only what changed.
type book struct {
	store vault.Reader

	mu     sync.Mutex // guards what follows
	roster *roster.Roster
	slots  map[string][]int // of each desk, now and in former rosters
}

// deskSlots returns the numbers of slots that a report for the desk may have,
// as far as is known without asking the store: none for an unknown desk.
func (b *book) deskSlots(desk string) []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.slots[desk]
}

// current returns the roster that the store has now. vault.ErrNotFound.
func (b *book) current(ctx context.Context) (*roster.Roster, error) {
	version, note, err := b.store.Roster(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading roster: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.roster != nil && bytes.Equal(b.roster.Note, note) {
		return b.roster, nil
	}
	r, err := roster.Parse(note)
	if err != nil {
		return nil, fmt.Errorf("%w: roster does not parse", vault.ErrCorrupt)
	}
	slots := map[string][]int{}
	learn(slots, r)
	for v := version - 1; v > 0 && version-v <= formerRosters; v-- {
		old, err := b.store.RosterAt(ctx, v)
		if errors.Is(err, vault.ErrNotFound) {
			continue // versions may leap
		}
		if err != nil {
			return nil, fmt.Errorf("reading roster %d: %w", v, err)
		}
		if former, err := roster.Parse(old); err == nil {
			learn(slots, former)
		}
	}
	b.roster, b.slots = r, slots
	return r, nil
}

func learn(slots map[string][]int, r *roster.Roster) {
	for _, d := range r.Desks {
		if !slices.Contains(slots[d.ID], d.Slots) {
			slots[d.ID] = append(slots[d.ID], d.Slots)
		}
	}
}

// checkReport refuses what can't be a report for the desk. A desk that is known
// stays good for late reports, so that the store is asked for a newer roster
// only when the report does not fit what is known.
func (b *book) checkReport(ctx context.Context, d vault.Deposit) error {
	if fits(d, b.deskSlots(d.Desk)) == nil {
		return nil
	}
	if _, err := b.current(ctx); err != nil && !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	return fits(d, b.deskSlots(d.Desk))
}

// fits tells whether d can be a report for a desk that has had these slots.
func fits(d vault.Deposit, slots []int) (err error) {
	if len(slots) == 0 {
		return refuse(http.StatusNotFound, "there is no such desk")
	}
	if d.ByHand {
		err = vault.CheckByHand(d.Report)
	} else {
		for _, n := range slots {
			if err = vault.CheckReport(d.Report, n); err == nil {
				break
			}
		}
	}
	if errors.Is(err, vault.ErrMalformed) {
		return refuse(http.StatusUnprocessableEntity, "the report is not sealed as this desk needs it")
	}
	return err
}

// sheet is what phones need to seal to the desk: for each of its people who is
// not revoked, the certificate to use today, and the revocations. One each,
// because phones pay for every byte. Every part is checked by its reader.
func (b *book) sheet(ctx context.Context, desk string, now time.Time) ([]byte, error) {
	r, err := b.current(ctx)
	if err != nil {
		return nil, err
	}
	d, ok := r.Desk(desk)
	if !ok {
		return nil, refuse(http.StatusNotFound, "there is no such desk")
	}
	s := roster.Sheet{Desk: desk, Certificates: []json.RawMessage{}, Revocations: []json.RawMessage{}}
	revoked := map[string]bool{}
	revocations, err := b.store.Revocations(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading revocations: %w", err)
	}
	for _, v := range revocations {
		if _, err := r.CheckRevocation(v.JSON); err == nil && d.Has(v.Person) {
			s.Revocations = append(s.Revocations, v.JSON)
			revoked[v.Person] = true
		}
	}
	for _, person := range d.People {
		if revoked[person] {
			continue
		}
		stored, err := b.store.Certificates(ctx, person)
		if err != nil {
			return nil, fmt.Errorf("reading certificates: %w", err)
		}
		byEpoch := map[uint32][]byte{}
		var checked []roster.Certificate
		for _, c := range stored[max(0, len(stored)-12):] {
			// One made under an older key of hers does not verify any more.
			if v, err := r.CheckCertificate(c.JSON); err == nil {
				checked = append(checked, v)
				byEpoch[v.Epoch] = c.JSON
			}
		}
		if c, _, ok := roster.Choose(checked, now); ok {
			s.Certificates = append(s.Certificates, byEpoch[c.Epoch])
		}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // readers of the strict form know no such escapes
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("writing sheet: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
