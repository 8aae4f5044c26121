package intake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"peerwitness/vault"
)

// budget bounds the bytes of bodies that are in memory at one time. Room is
// taken as bytes arrive, not as they are announced, so that somebody who
// announces much and sends nothing takes nothing.
type budget struct {
	size int64
	wait time.Duration
	sem  *semaphore.Weighted
}

func newBudget(size int64, wait time.Duration) *budget {
	return &budget{size, wait, semaphore.NewWeighted(size)}
}

// room is what one request holds of a budget.
type room struct {
	of   *budget
	held int64
}

// take enlarges the room to n bytes. errBusy when none comes free for long.
func (r *room) take(ctx context.Context, n int64) error {
	n = min(n, r.of.size)
	if n <= r.held {
		return nil
	}
	if !r.of.sem.TryAcquire(n - r.held) {
		ctx, cancel := context.WithTimeout(ctx, r.of.wait)
		defer cancel()
		if r.of.sem.Acquire(ctx, n-r.held) != nil {
			return errBusy
		}
	}
	r.held = n
	return nil
}

// leave gives everything back.
func (r *room) leave() {
	r.of.sem.Release(r.held)
	r.held = 0
}

// Steps in which room is taken.
const (
	firstStep = 4 << 10
	step      = 64 << 10
)

// metered reads a body, taking room for all that has been read: whatever a
// parser keeps of it, names and headers of parts included, is paid for.
type metered struct {
	ctx  context.Context
	body io.Reader
	room *room
	read int64
	err  error // what ended the body before its end: parsers hide it
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.body.Read(p)
	m.read += int64(n)
	if m.read > m.room.held {
		need := (m.read + step - 1) / step * step
		if m.read <= firstStep {
			need = firstStep
		}
		if e := m.room.take(m.ctx, need); e != nil {
			n, err = 0, e
		}
	}
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}

// Bodies are read into buffers that are used again: allocating and clearing them
// would cost more than all the rest. A body starts in a small one and moves to a
// larger one once it has shown that it is coming; only a report with much in it
// gets one of its own.
const (
	smallBuffer = 64 << 10
	largeBuffer = 1<<20 + 1
)

var (
	smallBuffers = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	largeBuffers = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
)

// readUpTo reads rd to its end; it calls larger, if not nil, before it takes more
// than a small buffer. free gives the buffer back, and must be called
// only when nothing refers to the bytes any more. vault.ErrTooLarge when there
// are more than limit.
func readUpTo(rd io.Reader, limit int, larger func() error) (b []byte, free func(), err error) {
	small := smallBuffers.Get().(*[smallBuffer]byte)
	n, err := io.ReadFull(rd, small[:])
	if ended(err) {
		return small[:n], func() { smallBuffers.Put(small) }, tooLong(n, limit)
	}
	defer smallBuffers.Put(small)
	if err != nil {
		return nil, nil, err
	}
	if larger != nil {
		if err := larger(); err != nil {
			return nil, nil, err
		}
	}
	large := largeBuffers.Get().(*[largeBuffer]byte)
	n = copy(large[:], small[:])
	m, err := io.ReadFull(rd, large[n:])
	if n += m; ended(err) {
		return large[:n], func() { largeBuffers.Put(large) }, tooLong(n, limit)
	}
	defer largeBuffers.Put(large)
	if err != nil {
		return nil, nil, err
	}
	if n > limit {
		return nil, nil, vault.ErrTooLarge
	}
	var buf bytes.Buffer
	buf.Grow(2 * n)
	buf.Write(large[:])
	if _, err := io.Copy(&buf, io.LimitReader(rd, int64(limit-n)+1)); err != nil {
		return nil, nil, err
	}
	return buf.Bytes(), func() {}, tooLong(buf.Len(), limit)
}

func ended(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }

func tooLong(n, limit int) error {
	if n > limit {
		return vault.ErrTooLarge
	}
	return nil
}

var errUnreadable = refuse(http.StatusBadRequest, "what was sent was cut short or can't be read")

// unreadable is what a parser of a body that came whole found wrong.
func unreadable(err error) error {
	if errors.Is(err, vault.ErrTooLarge) {
		return err
	}
	return errUnreadable
}

// whole reads the body to its end, paying for the buffer it is in.
func (m *metered) whole(limit int) (b []byte, free func(), err error) {
	b, free, err = readUpTo(m, limit, func() error { return m.room.take(m.ctx, largeBuffer) })
	if err != nil || m.err != nil { // a body cut short looks like one at its end
		return nil, nil, m.failed(err)
	}
	return b, free, nil
}

// failed says why a body did not come whole.
func (m *metered) failed(err error) error {
	if m.err != nil {
		err = m.err
	}
	var over *http.MaxBytesError
	switch {
	case errors.Is(err, errBusy), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, vault.ErrTooLarge):
		return err
	case errors.As(err, &over):
		return vault.ErrTooLarge
	}
	return errUnreadable
}
