package sheet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Outbox sends reports to the server the way a phone does.
type Outbox interface {
	// Sheet is a desk's sheet as the server gives it, unchecked.
	Sheet(ctx context.Context, desk string) (roster.Sheet, error)
	// Post sends one sealed report and returns when the server has stored it; it
	// does the work that a flooded server asks for. Again with the same bytes is
	// harmless. An error that matches ErrBusy says to try again later; after any
	// other that is not ErrRefused the report may have arrived or not.
	Post(ctx context.Context, desk string, sealed []byte) error
}

var (
	// ErrBusy: the server takes no more for now.
	ErrBusy = errors.New("the server is busy")
	// ErrRefused: the server will not take the report.
	ErrRefused = errors.New("the server refused the report")
	// ErrNobody: nobody at the desk has a current key to seal to.
	ErrNobody = errors.New("nobody at the desk can open a report yet")
)

// Pace is the pause between two reports. It keeps an import under half of what a
// server takes before it asks everybody's phone for work: a person who reports
// today comes before a file of last year.
const Pace = 2 * time.Second

// Import brings the good rows of a plan in. It is safe for concurrent use; Run
// runs once at a time, and may run again to go on.
type Import struct {
	outbox Outbox
	key    seal.KeyFile
	roster *roster.Roster
	clock  vault.Clock
	pace   time.Duration
	rows   []Ready

	running sync.Mutex        // guards the next two
	sealed  map[string][]byte // reports whose answer did not arrive, by id
	done    map[string]bool   // rows that are stored, by mark

	mu sync.Mutex // guards at
	at Progress
}

// Progress says how far an import is.
type Progress struct {
	Total   int
	Done    int // stored by the server, now or before
	Here    int // of those, the ones that were there before this import
	Row     int // the row that is sent now
	Running bool
	Waiting bool // the server asked to wait
	Err     error
}

// Left is how many rows are still to come in.
func (p Progress) Left() int { return p.Total - p.Done }

// NewImport prepares to bring a plan in. pace is Pace, or less in tests.
func NewImport(p *Plan, out Outbox, key seal.KeyFile, r *roster.Roster, clock vault.Clock, pace time.Duration) *Import {
	return &Import{outbox: out, key: key, roster: r, clock: clock, pace: pace, rows: p.Good, sealed: map[string][]byte{}, done: map[string]bool{}, at: Progress{Total: len(p.Good)}}
}

// Here is what a workstation has already: reports by their ids, and rows that
// anybody brought in, by their marks.
type Here struct{ Reports, Marks map[string]bool }

// Has reports whether a row is there.
func (h Here) Has(r Ready, key seal.KeyFile) bool {
	id, err := key.ImportID(r.Mark)
	return err == nil && h.Reports[id] || h.Marks[r.Mark]
}

// Progress tells how far it is.
func (im *Import) Progress() Progress {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.at
}

func (im *Import) set(change func(*Progress)) {
	im.mu.Lock()
	defer im.mu.Unlock()
	change(&im.at)
}

// Run sends the rows that are neither here nor sent, one after the other, until
// all are or ctx ends or one fails. What it returns is in Progress, too.
func (im *Import) Run(ctx context.Context, here Here) (err error) {
	im.running.Lock()
	defer im.running.Unlock()
	im.set(func(p *Progress) { p.Running, p.Err = true, nil })
	defer func() {
		im.set(func(p *Progress) { p.Running, p.Waiting, p.Err = false, false, err })
	}()
	to := map[string][]string{}
	first := true
	for _, r := range im.rows {
		if im.done[r.Mark] {
			continue
		}
		if here.Has(r, im.key) {
			im.done[r.Mark] = true
			im.set(func(p *Progress) { p.Done++; p.Here++ })
			continue
		}
		if !first {
			if err := pause(ctx, im.pace); err != nil {
				return err
			}
		}
		first = false
		im.set(func(p *Progress) { p.Row = r.N })
		if err := im.one(ctx, r, to); err != nil {
			return err
		}
		im.done[r.Mark] = true
		im.set(func(p *Progress) { p.Done++; p.Waiting = false })
	}
	return nil
}

// one seals and sends a row. A report whose answer was lost is sent again in
// the same bytes.
func (im *Import) one(ctx context.Context, r Ready, to map[string][]string) error {
	id, err := im.key.ImportID(r.Mark)
	if err != nil {
		return err
	}
	if to[r.Desk] == nil {
		if to[r.Desk], err = im.recipients(ctx, r.Desk); err != nil {
			return err
		}
	}
	b := im.sealed[id]
	if b == nil {
		if b, err = r.seal(im.roster, id, to[r.Desk], im.clock()); err != nil {
			return err
		}
	}
	for wait := im.pace; ; wait = min(2*wait+time.Millisecond, time.Minute) {
		err := im.outbox.Post(ctx, r.Desk, b)
		switch {
		case err == nil:
			delete(im.sealed, id)
			return nil
		case errors.Is(err, ErrRefused):
			delete(im.sealed, id)
			return err
		case !errors.Is(err, ErrBusy):
			im.sealed[id] = b
			return err
		}
		im.set(func(p *Progress) { p.Waiting = true })
		if err := pause(ctx, wait); err != nil {
			im.sealed[id] = b
			return err
		}
	}
}

// recipients are who reports for a desk are sealed to today, recovery first.
func (im *Import) recipients(ctx context.Context, desk string) ([]string, error) {
	s, err := im.outbox.Sheet(ctx, desk)
	if err != nil {
		return nil, err
	}
	list, _, err := im.roster.Openers(desk, s, im.clock())
	if err != nil {
		return nil, err
	}
	to := []string{im.roster.Recovery}
	for _, o := range list {
		if !o.Revoked && o.Certificate.Recipient != "" {
			to = append(to, o.Certificate.Recipient)
		}
	}
	if len(to) < 2 {
		return nil, ErrNobody
	}
	return to, nil
}

// seal makes the sealed report of a row. Its words are made and forgotten:
// nobody can come back to it, nor send in its name.
func (r Ready) seal(in *roster.Roster, id string, to []string, now time.Time) ([]byte, error) {
	d, ok := in.Desk(r.Desk)
	if !ok {
		return nil, fmt.Errorf("sealing row %d: the desk is not on the list of people", r.N)
	}
	receipt, err := seal.NewReceipt()
	if err != nil {
		return nil, err
	}
	out := r.Report
	out.ID, out.Thread, out.Roster = id, receipt.Thread(), in.Hash.String()
	out.Made, out.Build = now.UTC().Format(time.DateOnly), "peerwitness import"
	if in.Expired(now) {
		return nil, roster.ErrExpired
	}
	plain, err := out.Encode()
	if err != nil {
		return nil, fmt.Errorf("sealing row %d: %w", r.N, err)
	}
	b, err := seal.SealReport(plain, slices.Clone(to), d.Slots)
	if err != nil {
		return nil, fmt.Errorf("sealing row %d: %w", r.N, err)
	}
	return b, nil
}

func pause(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil || d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
