package review

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"peerwitness/review/figures"
	"peerwitness/vault"
)

// Counted says how far a case has come into the figures.
type Counted struct {
	// Record is what the case leaves for the figures, in its newest version; nil
	// before coding freeze. It must not be written to.
	Record *figures.Record
	// Entry is where the figures journal has that version, zero until it has.
	Entry vault.ID
	raw   []byte
}

// countData is the body of the entry that says which record the case leaves. It
// is written before the record goes to the figures, so that there is one record
// of a version whatever happens in between, and in whatever order colleagues act.
type countData struct {
	Record json.RawMessage `json:"record"`
}

// countedData is the body of the entry that says where the record arrived.
type countedData struct {
	N     int    `json:"n"`
	Entry string `json:"entry"` // hex id in the figures journal
}

// count applies an entry with a record.
func (c *Case) count(data countData) error {
	r, err := figures.ParseRecord(data.Record)
	if err != nil {
		return errBody
	}
	old := c.Counted.Record
	switch {
	case c.Coding == nil || r.Key.Reveal() != c.Coding.RecordKey:
		return errors.New("its record is not of this case")
	case old == nil && r.N != 0, old != nil && (r.N != old.N+1 || r.Frozen != old.Frozen || r.Practice != old.Practice || r.Day < old.Day):
		return errRecord
	}
	c.Counted = Counted{Record: &r, raw: data.Record}
	return nil
}

// counted applies an entry that says where the record arrived. The figures
// journal is public to this extent: whether there is such an entry.
func (f *folding) counted(c *Case, d countedData) error {
	id, err := vault.ParseID(d.Entry)
	switch {
	case err != nil:
		return errBody
	case c.Counted.Record == nil || c.Counted.Record.N != d.N || !c.Counted.Entry.IsZero():
		return errors.New("no such record was on its way")
	case !f.ix.figs.journal.entries[id]:
		return errors.New("the figures journal has no such entry")
	}
	c.Counted.Entry = id
	return nil
}

// Count freezes a case's coding and writes its record into the figures journal;
// for one that is counted already, it writes the next version if anything
// changed. Doing it again changes nothing. ErrNotLegal when the case may not be
// counted: it is practice, not coded, or the person did not agree.
func (w *Workstation) Count(ctx context.Context, id vault.ID) error {
	w.acting.Lock()
	defer w.acting.Unlock()
	return w.count(ctx, id, true)
}

// keepCounted writes, after something was done to a case, what is due of it for
// the figures. Nobody waits for it and nothing fails by it: what could not be
// written is due still, the case says so, and the next step tries again.
func (w *Workstation) keepCounted(ctx context.Context, id vault.ID) {
	c, err := w.View().Case(id)
	if err != nil || c.Erase != nil {
		return
	}
	if due, _ := w.CountDue(c); due && !w.Partner() {
		_ = w.count(ctx, id, false)
	}
}

// countWithdrawn takes those out of the figures who took their consent back by a
// message of their own. It holds from its arrival, so it does not wait for
// somebody to work on the case: the period might be closed before. What can't be
// written now is due still. The caller holds acting.
func (w *Workstation) countWithdrawn(ctx context.Context) {
	for _, c := range w.View().Cases {
		r := c.Counted.Record
		if r == nil || !r.CountMe || c.key == "" || w.Partner() {
			continue
		}
		if may, _ := c.MayCount(); !may {
			_ = w.count(ctx, c.ID, false)
		}
	}
}

// CountDue reports whether something of the case is due to the figures, and if
// it is not to be counted, why. A coded case that closes with the consent
// count-me is due, and each that was counted whose record has changed.
func (w *Workstation) CountDue(c *Case) (due bool, why error) {
	record, put, err := w.nextCount(c, c.State == Closed)
	switch f := w.Figures(); {
	case f == nil || !f.Founded:
		return false, errNoFigures
	case err != nil:
		return false, err
	}
	return record != nil || put, nil
}

// nextCount is the next step of a case into the figures: a record to write into
// the case, or put: the one that is there has yet to go to the figures. freeze
// says whether a case may be frozen now.
func (w *Workstation) nextCount(c *Case, freeze bool) (record []byte, put bool, err error) {
	was := c.Counted
	switch {
	case c.Practice:
		return nil, false, notLegal("this is a practice report, and those are never counted")
	case was.Record != nil && was.Entry.IsZero():
		return nil, true, nil
	case was.Record == nil && !freeze && c.Coding != nil:
		may, why := c.MayCount()
		if !may {
			return nil, false, notLegal("the case is not counted: " + why)
		}
		return nil, false, nil
	}
	record, err = w.CountRecord(c, vault.DayOf(w.clock()), was.raw)
	if errors.Is(err, ErrSame) {
		return nil, false, nil
	}
	return record, false, err
}

// count takes every step that is due. The caller holds acting.
func (w *Workstation) count(ctx context.Context, id vault.ID, asked bool) error {
	for range attempts {
		c, err := w.fresh(ctx, id)
		if err != nil {
			return err
		}
		if err := w.canCount(c); err != nil {
			return err
		}
		record, put, err := w.nextCount(c, asked || c.State == Closed)
		if err != nil || record == nil && !put {
			return err
		}
		kind, data := "count", any(countData{record})
		if put {
			entry, err := w.putCount(ctx, c.Counted.raw)
			if err != nil {
				return err
			}
			kind, data = "counted", countedData{c.Counted.Record.N, entry.String()}
		}
		body, err := encode(data)
		if err != nil {
			return fmt.Errorf("writing entry: %w", err)
		}
		err = w.append(ctx, c, intent{c.Journal, kind, vault.Sum(body)}, kind, body, nil, nil)
		if err != nil && !errors.Is(err, vault.ErrConflict) {
			return err
		}
	}
	return ErrBusy
}

// canCount checks what a record depends on besides the case. A date that is
// behind would freeze the case in a period that is over.
func (w *Workstation) canCount(c *Case) error {
	w.syncing <- struct{}{}
	defer w.release()
	switch {
	case !w.ix.figs.founded:
		return errNoFigures
	case vault.DayOf(w.clock())+1 < max(w.ix.today, c.Arrived):
		return notLegal("this computer's date is behind the server's; set it right, so that the case is counted in its own time")
	}
	return nil
}

// putCount seals a record to the figures' key, which this person need not hold,
// and appends it to the figures journal. Sent twice it counts once.
func (w *Workstation) putCount(ctx context.Context, record []byte) (vault.ID, error) {
	for range attempts {
		if err := w.sync(ctx, nil); err != nil {
			return vault.ID{}, err
		}
		r := w.View().Roster
		if r == nil {
			return vault.ID{}, errNoRoster
		}
		d, err := w.door(r)
		if err != nil {
			return vault.ID{}, err
		}
		if d.recipient == "" {
			return vault.ID{}, notLegal("the figures' key is being made anew; the case is counted with the next step here, once a keeper has done that")
		}
		a := vault.Append{Entry: vault.Entry{Journal: d.journal, Epoch: d.head.Epoch, Seq: d.head.Seq + 1, Prev: d.head.Entry}}
		if err := w.sealEntry(&a, r, "count", record, d.recipient); err != nil {
			return vault.ID{}, err
		}
		err = w.send(ctx, intent{d.journal, "count", vault.Sum(record)}, a)
		if err == nil {
			return a.Entry.ID(), nil
		}
		if !errors.Is(err, vault.ErrConflict) {
			return vault.ID{}, err
		}
	}
	return vault.ID{}, ErrBusy
}

// parseCount reads the data of a count entry of a case.
func parseCount(b []byte) (countData, error) {
	var d countData
	if err := strict(b, figures.MaxRecord+64, &d); err != nil {
		return countData{}, err
	}
	if again, err := encode(d); err != nil || !bytes.Equal(again, b) {
		return countData{}, errBody
	}
	return d, nil
}
