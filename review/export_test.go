package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"peerwitness/review/figures"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/seal"
)

// What external tests reach of the parsers.
var (
	ParsePerson     = parsePerson
	ParseWithdrawal = parseWithdrawal
	ParseExport     = parseExport
	ParseTakenOut   = parseTakenOut
	Canonical       = encode
	ParseStep       = parseStep
	ParseTask       = parseTask
	ParseCustody    = parseCustody
	ParseRisk       = parseRisk
	ParseRelation   = parseRelation
	SignOf          = signOf
)

// FromNothing folds everything that w has read at once, and says how that
// differs from what w shows, which was folded as it came.
func FromNothing(w *Workstation) error {
	if err := w.hold(context.Background()); err != nil {
		return err
	}
	defer w.release()
	var all []taken
	for n, id := range w.ix.taken {
		all = append(all, taken{n, id})
	}
	f := w.fold(all, w.ix.order)
	order(f.cases)
	quiet := append(slices.Clone(w.ix.odd), f.quiet...)
	slices.SortFunc(quiet, func(a, b Quarantined) int { return cmp.Compare(a.Pos, b.Pos) })
	v := w.View()
	if len(f.cases) != len(v.Cases) {
		return fmt.Errorf("%d cases, shown %d", len(f.cases), len(v.Cases))
	}
	for i, c := range f.cases {
		if !reflect.DeepEqual(c, v.Cases[i]) {
			return fmt.Errorf("case %d is\n%+v\nshown\n%+v", i, c, v.Cases[i])
		}
		for _, id := range append(slices.Clone(c.Deposits), c.ID) {
			if got, err := v.Case(id); err != nil || !slices.Contains(v.Cases, got) || got.ID != id && !slices.Contains(got.Deposits, id) {
				return fmt.Errorf("case %d can't be found by one of its ids: %v", i, err)
			}
		}
	}
	switch {
	case len(quiet)+len(v.Quarantine) > 0 && !reflect.DeepEqual(quiet, v.Quarantine):
		return fmt.Errorf("quarantine is\n%+v\nshown\n%+v", quiet, v.Quarantine)
	case f.others != v.Others:
		return fmt.Errorf("%d deposits for others, shown %d", f.others, v.Others)
	case !reflect.DeepEqual(w.viewFigures(v.Roster), v.figures):
		return fmt.Errorf("figures are\n%+v\nshown\n%+v", w.viewFigures(v.Roster), v.figures)
	case !reflect.DeepEqual(indexPeople(f.cases), indexPeople(v.Cases)):
		return errors.New("people differ")
	}
	for _, m := range []map[vault.ID]*Case{v.byID.base, v.byID.over} {
		for id := range m {
			if c := v.byID.find(id); c != nil && !slices.Contains(v.Cases, c) {
				return errors.New("an id leads to a case that is not there any more")
			}
		}
	}
	return nil
}

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

// StatementOf is what a proposal that waits comes to, with its author's signature.
func StatementOf(c *Case, entry vault.ID) (vault.Erasure, error) {
	p, _ := c.proposal(entry)
	return p.statement(c.Journal)
}

// Signed is w with another client, as after a new sign-in.
func Signed(w *Workstation, c *access.Client) *Workstation {
	w.client = c
	return w
}

// Claimed are the deposits that a proposal to erase must name.
func (c *Case) Claimed() []string { return c.claimed() }

// Write writes any entry into a case, as a colleague's program might that asks
// nothing first.
func (w *Workstation) Write(ctx context.Context, id vault.ID, kind string, data any) error {
	w.acting.Lock()
	defer w.acting.Unlock()
	c, err := w.fresh(ctx, id)
	if err != nil {
		return err
	}
	body, err := encode(data)
	if err != nil {
		return err
	}
	if err := w.append(ctx, c, intent{c.Journal, kind, vault.Sum(body)}, kind, body, nil, nil); err != nil {
		return err
	}
	err = w.settle(ctx)
	w.keepCounted(ctx, id)
	return err
}

// Table is the table of rules as PROTOCOL.md has it, a line for each row.
func Table() []string {
	var out []string
	for _, r := range table {
		out = append(out, r.String())
	}
	return out
}

// Rows name the rows of the table, each once.
func Rows() []string {
	var out []string
	for _, r := range table {
		if name := strings.TrimSpace(r.kind + " " + r.what); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// Key is the key of a case's newest epoch, for a server that was given it.
func (w *Workstation) Key(id vault.ID) seal.Identity {
	c, err := w.View().Case(id)
	if err != nil {
		panic(err)
	}
	return c.key
}

// CoverOne arranges a cover for one case.
func (w *Workstation) CoverOne(ctx context.Context, id vault.ID, holder string, k Cover) error {
	return w.cover(ctx, id, holder, k)
}

// ParseWaiting reads a list of wishes and writes it again.
func ParseWaiting(b []byte) ([]Wish, []byte, error) {
	wishes, err := parseWaiting(b)
	if err != nil {
		return nil, nil, err
	}
	again, err := encodeWaiting(wishes)
	return wishes, again, err
}

// ParseMarks reads what a person keeps for herself, and writes it again.
func ParseMarks(b []byte) ([]byte, error) {
	m := &marks{seen: map[vault.ID]int{}}
	if err := m.parse(b); err != nil {
		return nil, err
	}
	return m.encode()
}

// Snapped is the feed position of the snapshot that w was opened from or wrote.
func (w *Workstation) Snapped() uint64 {
	w.syncing <- struct{}{}
	defer w.release()
	return w.snapped
}

// AsProgram runs do as if another program did.
func AsProgram(do func()) {
	was := program
	program = func() vault.ID { return vault.Sum([]byte("another program")) }
	defer func() { program = was }()
	do()
}

// Same says how what two workstations show differs.
func Same(a, b *Workstation) error {
	va, vb := a.View(), b.View()
	if len(va.Cases) != len(vb.Cases) {
		return fmt.Errorf("%d cases, and %d", len(va.Cases), len(vb.Cases))
	}
	for i := range va.Cases {
		if !reflect.DeepEqual(va.Cases[i], vb.Cases[i]) {
			return fmt.Errorf("case %d is\n%+v\nand\n%+v", i, va.Cases[i], vb.Cases[i])
		}
	}
	switch {
	case !reflect.DeepEqual(va.Quarantine, vb.Quarantine):
		return fmt.Errorf("quarantine is\n%+v\nand\n%+v", va.Quarantine, vb.Quarantine)
	case va.Others != vb.Others, va.Pos != vb.Pos, !reflect.DeepEqual(va.Alarms, vb.Alarms):
		return fmt.Errorf("others %d and %d, at %d and %d, alarms %q and %q", va.Others, vb.Others, va.Pos, vb.Pos, va.Alarms, vb.Alarms)
	case !reflect.DeepEqual(va.figures, vb.figures):
		return errors.New("figures differ")
	}
	return nil
}

// Written are the fields that a snapshot must know of.
func Written() map[string][]string {
	out := map[string][]string{}
	for _, v := range []any{index{}, journal{}, read{}, deposit{}} {
		t := reflect.TypeOf(v)
		for i := range t.NumField() {
			out[t.Name()] = append(out[t.Name()], t.Field(i).Name)
		}
	}
	return out
}

// Thaw reads one journal of a snapshot.
func Thaw(b []byte) error {
	_, err := thawJournal(b)
	return err
}

// Frozen is one journal as a snapshot has it.
func Frozen(w *Workstation, id vault.ID) []byte {
	w.syncing <- struct{}{}
	defer w.release()
	var f frames
	w.ix.journals[id].warm(&f)
	return f.next()
}

// Bulk puts cases into a store, as w's own: each with the report, and an entry
// for each of more.
func (w *Workstation) Bulk(ctx context.Context, store vault.Store, desk string, reports [][]byte, more func(i int) map[string]any, kinds ...string) error {
	r := w.View().Roster
	return abreast(len(reports), 128, func(i int) error {
		d, err := store.PutDeposit(ctx, vault.Deposit{Desk: desk, Report: vault.LP("bulk", vault.U64(uint64(i)))})
		if err != nil {
			return err
		}
		key, err := seal.NewIdentity()
		if err != nil {
			return err
		}
		a := vault.Append{Entry: vault.Entry{Journal: vault.Sum(vault.LP("bulk journal", d.ID[:])), Epoch: 1}, Claims: []vault.ID{d.ID}}
		if a.Grants, err = w.grants(r, &Case{Desk: desk}, map[uint32]seal.Identity{1: key}, a.Entry.Journal); err != nil {
			return err
		}
		data := map[string]any{"claim": claimData{Desk: desk, Report: reports[i], Deposits: []string{d.ID.String()}, Flags: []string{}}}
		for k, v := range more(i) {
			data[k] = v
		}
		for _, kind := range append([]string{"claim"}, kinds...) {
			body, err := encode(data[kind])
			if err == nil {
				err = w.sealEntry(&a, r, kind, body, key.Recipient())
			}
			if err == nil {
				_, err = store.Append(ctx, w.Me(), a)
			}
			if err != nil {
				return err
			}
			a = vault.Append{Entry: vault.Entry{Journal: a.Entry.Journal, Epoch: 1, Seq: a.Entry.Seq + 1, Prev: a.Entry.ID()}}
		}
		return nil
	})
}

// abreast runs n jobs, many at once: a store commits for all who wait together.
func abreast(n, many int, job func(i int) error) error {
	failed := make(chan error, many)
	for k := range many {
		go func() {
			var err error
			for i := k; i < n && err == nil; i += many {
				err = job(i)
			}
			failed <- err
		}()
	}
	var err error
	for range many {
		err = errors.Join(err, <-failed)
	}
	return err
}

// SnapshotParts are the parts of a snapshot, opened.
func SnapshotParts(key seal.KeyFile, file []byte) ([][]byte, error) {
	head, part, err := openSnapshot(key, file)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, head.Parts)
	for n := range out {
		if out[n], err = part(n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// SnapshotLike seals parts to a key, under the head of another snapshot, changed.
func SnapshotLike(from seal.KeyFile, file []byte, to seal.KeyFile, parts [][]byte, change func(v *int, root *string)) ([]byte, error) {
	head, _, err := openSnapshot(from, file)
	if err != nil {
		return nil, err
	}
	if change != nil {
		change(&head.V, &head.Root)
	}
	return sealSnapshot(to, head, parts)
}
