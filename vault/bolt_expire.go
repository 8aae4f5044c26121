package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Keep says how long things are kept, in days; 0 keeps them for good.
type Keep struct {
	Answers   int // in their buckets
	Unclaimed int // deposits that nobody claimed
}

// Expired counts what went, or would go.
type Expired struct {
	Answers, Deposits, Blobs int
	// More says that the next day's call has more to do: MaxExpiryStep held it up.
	More bool
}

// Bounds by which a clock that is wrong does little harm.
const (
	// MaxExpiryStep is how many days of the feed one call may go through.
	MaxExpiryStep = 31
	// MaxSilence is by how many days the clock may be ahead of the feed's day.
	MaxSilence = 60
	// A record's own day counts within the middle ones of those before and after
	// it, as far as there are enough, so that a few written under a wrong clock
	// go by their neighbours.
	neighbours, enough = 7, 4
	// newest is over how many records the day that the feed is at is taken.
	newest         = 5
	maxExpiryWalks = 100_000
)

// FeedDay is the day by which the record at a position expires: its own, or
// that of the records about it where its own can't be right.
func FeedDay(ctx context.Context, s Reader, pos uint64) (Day, error) {
	from := max(pos, neighbours+1) - neighbours
	records, err := s.Feed(ctx, from-1, int(pos-from)+1+neighbours)
	if err != nil {
		return 0, err
	}
	days := make([]Day, len(records))
	for i, r := range records {
		days[i] = r.Day
	}
	if uint64(len(days)) <= pos-from {
		return 0, ErrNotFound
	}
	return within(days, int(pos-from)), nil
}

// within is the ith of days, held between its neighbours.
func within(days []Day, i int) Day {
	d := days[i]
	if after := days[i+1:]; len(after) >= enough {
		d = min(d, middle(after))
	}
	if before := days[:i]; len(before) >= enough {
		d = max(d, middle(before))
	}
	return d
}

// middle is the median, the lower one of two; 0 of none.
func middle(days []Day) Day {
	if len(days) == 0 {
		return 0
	}
	days = slices.Sorted(slices.Values(days))
	return days[(len(days)-1)/2]
}

// expiry is how far time has taken things: positions up to which answers and
// unclaimed deposits are gone, and the day of the last call.
type expiry struct {
	answers, unclaimed uint64
	called             Day
}

func (t *tx) expiry() (expiry, error) {
	v := t.get(bMeta, kExpired)
	if v == nil {
		return expiry{}, nil
	}
	if len(v) != 20 {
		return expiry{}, fmt.Errorf("%w: how far things have expired", ErrCorrupt)
	}
	return expiry{binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(v[8:]), Day(binary.BigEndian.Uint32(v[16:]))}, nil
}

func (t *tx) setExpiry(x expiry) error {
	return t.write(bMeta, kExpired, append(append(U64(x.answers), U64(x.unclaimed)...), U32(uint32(x.called))...))
}

// days are those of the records from a position to another.
func (t *tx) days(from, to uint64) ([]Day, error) {
	var days []Day
	for p := from; p <= to; p++ {
		r, err := t.record(p)
		if err != nil {
			return nil, err
		}
		days = append(days, r.Day)
	}
	return days, nil
}

// dayAt is FeedDay.
func (t *tx) dayAt(pos, last uint64) (Day, error) {
	from := max(pos, neighbours+1) - neighbours
	days, err := t.days(from, min(pos+neighbours, last))
	if err != nil {
		return 0, err
	}
	return within(days, int(pos-from)), nil
}

// plausible holds a clock's day against the feed's.
func (t *tx) plausible(today Day, last uint64) error {
	days, err := t.days(max(last, newest)-newest+1, last)
	if err != nil {
		return err
	}
	at := middle(days)
	switch {
	case today < at:
		return fmt.Errorf("%w: it says %s, and the feed is at %s already", ErrPlausible, today, at)
	case today > at+MaxSilence:
		return fmt.Errorf("%w: it says %s, and the last the feed knows of is %s, more than %d days before", ErrPlausible, today, at, MaxSilence)
	}
	return nil
}

// reach is the last position after from whose time is over, going no further
// than MaxExpiryStep days; more says that it would have gone further.
func (t *tx) reach(from, last uint64, today Day, days int) (to uint64, more bool, err error) {
	to = from
	var began Day
	for pos := from + 1; days > 0 && pos <= last; pos++ {
		at, err := t.dayAt(pos, last)
		if err != nil {
			return 0, false, err
		}
		if began == 0 {
			began = at
		}
		if at+Day(days) >= today {
			return to, false, nil
		}
		if at >= began+MaxExpiryStep || pos > from+maxExpiryWalks {
			return to, true, nil
		}
		to = pos
	}
	return to, false, nil
}

func (s *boltStore) Expire(ctx context.Context, keep Keep, dry bool) (Expired, error) {
	const doing = "letting what is over its time go"
	if keep.Answers < 0 || keep.Unclaimed < 0 {
		return Expired{}, fmt.Errorf("%s: %w: days below zero", doing, ErrMalformed)
	}
	today := s.today()
	var out Expired
	run := func(t *tx) error {
		out = Expired{}
		if t.follows() {
			return ErrFollows
		}
		head, err := t.head()
		if err != nil || head.Pos == 0 {
			return err
		}
		if err := t.plausible(today, head.Pos); err != nil {
			return err
		}
		x, err := t.expiry()
		if err != nil || x.called == today && !dry {
			return err
		}
		answers, more1, err := t.reach(x.answers, head.Pos, today, keep.Answers)
		if err != nil {
			return err
		}
		unclaimed, more2, err := t.reach(x.unclaimed, head.Pos, today, keep.Unclaimed)
		if err != nil {
			return err
		}
		out.More = more1 || more2
		slots, err := t.slots(x.answers, answers)
		if err != nil {
			return err
		}
		deposits, blobs, err := t.unclaimed(x.unclaimed, unclaimed)
		if err != nil {
			return err
		}
		out.Answers, out.Deposits, out.Blobs = len(slots), len(deposits), blobs
		if dry {
			return nil
		}
		for _, k := range slots {
			if err := t.del(bReplies, k); err != nil {
				return err
			}
		}
		if len(slots) > 0 {
			err = t.write(bMeta, kStale, []byte{1})
		}
		if err == nil {
			err = t.setExpiry(expiry{answers, x.unclaimed, today})
		}
		if err != nil || unclaimed == x.unclaimed {
			return err
		}
		if len(deposits) == 0 {
			return t.setExpiry(expiry{answers, unclaimed, today})
		}
		it, err := newItem(KindExpiry, ExpiryObject(unclaimed))
		if err == nil {
			_, err = t.put("", today, it)
		}
		return err
	}
	if dry {
		err := s.view(ctx, doing, run)
		return out, err
	}
	if err := s.write(ctx, doing, &op{run: run}); err != nil {
		return Expired{}, err
	}
	return out, s.sweep(ctx, doing)
}

// slots are the keys of the answers that were left after from, up to to.
func (t *tx) slots(from, to uint64) ([][]byte, error) {
	var out [][]byte
	for pos := from + 1; pos <= to; pos++ {
		r, err := t.record(pos)
		if err != nil {
			return nil, err
		}
		if r.Kind != KindAppend {
			continue
		}
		object, err := t.object(r)
		if errors.Is(err, ErrErased) {
			continue
		}
		if err != nil {
			return nil, err
		}
		a, err := ParseAppend(object)
		if err != nil {
			return nil, errors.Join(ErrCorrupt, err)
		}
		for n, reply := range a.Replies {
			out = append(out, replyKey(reply.Prefix, pos, n))
		}
	}
	return out, nil
}

// unclaimed are the positions of deposits after from, up to to, that nobody has
// claimed, and how many blobs came with them.
func (t *tx) unclaimed(from, to uint64) (out []uint64, blobs int, err error) {
	for pos := from + 1; pos <= to; pos++ {
		r, err := t.record(pos)
		if err != nil {
			return nil, 0, err
		}
		if r.Kind != KindDeposit {
			continue
		}
		if _, gone, err := t.gone(pos); err != nil || gone {
			if err != nil {
				return nil, 0, err
			}
			continue
		}
		row, err := t.depositRow(pos)
		if err != nil {
			return nil, 0, err
		}
		if !row.journal.IsZero() {
			continue
		}
		out = append(out, pos)
		if err := t.scan(bRefs, row.holder(pos), func(_, _ []byte) error { blobs++; return nil }); err != nil {
			return nil, 0, err
		}
	}
	return out, blobs, nil
}

// expire does what an expiry says, for the record at whose place it stands.
func (t *tx) expire(by Record, upTo uint64) error {
	x, err := t.expiry()
	if err != nil {
		return err
	}
	if upTo >= by.Pos || upTo <= x.unclaimed {
		return fmt.Errorf("%w: an expiry of what is not over, or went before", ErrMalformed)
	}
	over, _, err := t.unclaimed(x.unclaimed, upTo)
	if err != nil {
		return err
	}
	for _, pos := range over {
		if err := t.dropDeposit(pos, by.Pos); err != nil {
			return err
		}
	}
	x.unclaimed = upTo
	return errors.Join(t.setExpiry(x), t.carried(by.Pos))
}
