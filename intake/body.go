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

// Small ones stay whatever the collector does, as they are always wanted; large
// ones go with it once nobody sends attachments.
var (
	smallBuffers = make(chan []byte, 128)
	largeBuffers = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
)

func getSmall() []byte {
	select {
	case b := <-smallBuffers:
		return b
	default:
		return make([]byte, smallBuffer)
	}
}

func putSmall(b []byte) {
	select {
	case smallBuffers <- b:
	default:
	}
}

// whole reads the body to its end and pays for the buffer it is in. free gives
// that back, and must be called only when nothing refers to the bytes any more.
// vault.ErrTooLarge when there are more than limit.
func (m *metered) whole(limit int) (b []byte, free func(), err error) {
	b, free, err = m.readAll(limit)
	if err == nil && m.err == nil && len(b) > limit {
		err = vault.ErrTooLarge
	}
	if err != nil || m.err != nil { // a body cut short looks like one at its end
		free()
		return nil, nil, m.failed(err)
	}
	return b, free, nil
}

// readAll reads the body. free is never nil.
func (m *metered) readAll(limit int) (b []byte, free func(), err error) {
	small := getSmall()
	n, err := io.ReadFull(m, small)
	if err != nil {
		return small[:n], func() { putSmall(small) }, unlessEnd(err)
	}
	defer putSmall(small)
	if err := m.room.take(m.ctx, largeBuffer); err != nil {
		return nil, func() {}, err
	}
	large := largeBuffers.Get().(*[largeBuffer]byte)
	n = copy(large[:], small)
	k, err := io.ReadFull(m, large[n:])
	if n += k; err != nil || n > limit {
		return large[:n], func() { largeBuffers.Put(large) }, unlessEnd(err)
	}
	defer largeBuffers.Put(large)
	var buf bytes.Buffer
	buf.Grow(2 * n)
	buf.Write(large[:])
	_, err = io.Copy(&buf, io.LimitReader(m, int64(limit-n)+1))
	return buf.Bytes(), func() {}, err
}

func unlessEnd(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

var errUnreadable = refuse(http.StatusBadRequest, "what was sent was cut short or can't be read")

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
