package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/access"
)

// answered is where an answer was seen: the phase of the load, the port of the
// client's end, and the how-manyth answer of that connection it was.
type answered struct{ phase, port, nth int }

// load is many clients who send to one store, through any number of its
// server's lives. Who gets no answer sends the same again in the next life first.
type load struct {
	house   *house
	workers []*worker
	number  atomic.Uint64
	phase   int
	addr    string
	calm    bool // a refusal is no fault of the test's
	answers atomic.Int64

	mu       sync.Mutex
	things   []thing            // acknowledged
	at       map[answered]thing // where
	recent   []deposited        // some that are there for everybody to claim
	created  int                // 201s
	repeated int                // 200s: it was stored, and no answer had come
	refused  int
	strange  []error
}

func newLoad(h *house, clients int, who ...any) *load {
	l := &load{house: h, at: map[answered]thing{}}
	l.number.Store(chance(append(who, "numbers")...).Uint64())
	for i := range clients {
		w := &worker{load: l, chance: chance(append(who, i)...), client: h.clients[i%len(h.clients)]}
		w.wire = &wire{addr: func() string { return l.addr }}
		l.workers = append(l.workers, w)
	}
	return l
}

// run has all clients send until the server answers no more, or until each has
// had so many answers if most is not 0. It returns how many requests had
// been sent whole and got no answer.
func (l *load) run(s *server, most int) (inFlight int) {
	l.phase, l.addr = l.phase+1, s.addr
	var wg sync.WaitGroup
	var unanswered atomic.Int64
	for _, w := range l.workers {
		w.wire.close()
		wg.Go(func() {
			for n := 0; most == 0 || n < most; n++ {
				if w.step() != nil {
					if w.wire.sent.Load() {
						unanswered.Add(1)
					}
					return
				}
			}
		})
	}
	wg.Wait()
	return int(unanswered.Load())
}

// killAfter kills the server a moment after it has given so many answers in the
// life that is about to begin, however fast the machine is.
func (l *load) killAfter(s *server, answers int, moment time.Duration) {
	go func() {
		begun := l.answers.Load()
		for end := time.Now().Add(time.Minute); l.answers.Load() < begun+int64(answers) && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(moment)
		s.kill()
	}()
}

// acknowledged returns all that was.
func (l *load) acknowledged() []thing {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]thing(nil), l.things...)
}

// worker is one client. It sends a deposit, its blobs, and an entry that claims
// it, over and over.
type worker struct {
	load   *load
	chance *rand.Rand
	wire   *wire
	client *access.Client

	todo    thing // sent again until it is answered
	deposit deposited
	ticket  string
	blobs   int  // left to send
	claim   bool // the deposit is there and unclaimed
	last    *vault.Entry
}

// next is what to send now.
func (w *worker) next() thing {
	switch {
	case w.claim && w.blobs > 0:
		w.blobs--
		return blobbed{w.load.number.Add(1), w.deposit}
	case w.claim:
		return w.entry(w.deposit.make().ID())
	}
	return deposited{w.load.number.Add(1), w.chance.IntN(4) > 0}
}

// entry continues the worker's journal and claims; now and then it reaches for a
// deposit of somebody else's too, which only one can get.
func (w *worker) entry(claims ...vault.ID) appended {
	n := w.load.number.Add(1)
	e := vault.Entry{Journal: vault.Sum(vault.U64(n)), Epoch: 1, Sealed: fill(200+int(n%3000), n)}
	if w.last != nil && w.chance.IntN(8) > 0 {
		e.Journal, e.Seq, e.Prev = w.last.Journal, w.last.Seq+1, w.last.ID()
	}
	a := vault.Append{Entry: e, Claims: claims}
	if w.chance.IntN(4) == 0 {
		a.Replies = []vault.Reply{{Prefix: "0110", Slot: fill(vault.SlotSize, n)}}
	}
	if w.chance.IntN(4) == 0 && len(claims) > 0 {
		w.load.mu.Lock()
		if k := len(w.load.recent); k > 0 {
			if other := w.load.recent[w.chance.IntN(k)].make().ID(); other != claims[0] {
				a.Claims = append(a.Claims, other)
			}
		}
		w.load.mu.Unlock()
	}
	return appended{a}
}

// step sends one thing and notes the answer. An error means that none came.
func (w *worker) step() error {
	if w.todo == nil {
		w.todo = w.next()
	}
	var status int
	var err error
	switch x := w.todo.(type) {
	case deposited:
		status, err = w.sendDeposit(x)
	case blobbed:
		status, err = w.sendBlob(x)
	case appended:
		status, err = w.sendAppend(x)
	}
	l := w.load
	if err != nil {
		return err
	}
	l.answers.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch status {
	case http.StatusCreated, http.StatusOK:
		if status == http.StatusCreated {
			l.created++
		} else {
			l.repeated++
		}
		l.things = append(l.things, w.todo)
		l.at[answered{l.phase, w.wire.port, w.wire.nth}] = w.todo
		switch x := w.todo.(type) {
		case deposited:
			w.deposit, w.claim, w.blobs = x, true, w.chance.IntN(3)
			if l.recent = append(l.recent, x); len(l.recent) > clients {
				l.recent = l.recent[1:]
			}
		case appended:
			w.last, w.claim = &x.Entry, false
		}
		w.todo = nil
	case statusClaimed:
		// Somebody else was first, perhaps with all of it; go on with a new deposit.
		w.todo, w.claim = nil, false
	default:
		l.refused++
		if !l.calm && len(l.strange) < 10 {
			l.strange = append(l.strange, fmt.Errorf("%s: status %d", w.todo, status))
		}
	}
	return nil
}

// statusClaimed stands for an append that lost a race for a deposit.
const statusClaimed = http.StatusConflict

func (w *worker) sendDeposit(x deposited) (int, error) {
	d := x.make()
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	_ = m.WriteField("desk", d.Desk) // into memory
	name := "report"
	if d.ByHand {
		name = "by_hand"
	}
	part, _ := m.CreateFormFile(name, "report.age")
	_, _ = part.Write(d.Report)
	_ = m.Close()
	status, body, err := w.send("POST", "/v1/deposits", m.FormDataContentType(), form.Bytes())
	if err != nil || status/100 != 2 {
		return status, err
	}
	var got struct{ ID, Ticket string }
	if json.Unmarshal(body, &got) != nil || got.ID != d.ID().String() {
		return 0, w.odd(fmt.Errorf("%s: answered %q", x, body))
	}
	w.ticket = got.Ticket
	return status, nil
}

func (w *worker) sendBlob(x blobbed) (int, error) {
	b := x.make()
	status, _, err := w.send("PUT", "/v1/blobs/"+vault.Sum(b).String(), "application/octet-stream", b)
	return status, err
}

func (w *worker) sendAppend(x appended) (int, error) {
	got, err := w.client.Append(w.wire.in(ctx), x.Append)
	var status *access.StatusError
	switch {
	case err == nil && got.New:
		return http.StatusCreated, nil
	case err == nil:
		return http.StatusOK, nil
	case errors.Is(err, vault.ErrClaimed):
		return statusClaimed, nil
	case errors.As(err, &status):
		return status.Status, nil
	case errors.Is(err, access.ErrUnreachable), errors.Is(err, context.DeadlineExceeded):
		return 0, err
	case errors.Is(err, access.ErrBusy), errors.Is(err, vault.ErrStopped):
		return http.StatusServiceUnavailable, nil
	}
	return 0, w.odd(fmt.Errorf("%s: %w", x, err))
}

// odd notes what no server should answer.
func (w *worker) odd(err error) error {
	w.load.mu.Lock()
	defer w.load.mu.Unlock()
	w.load.strange = append(w.load.strange, err)
	return err
}

func (w *worker) send(method, path, mediaType string, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(w.wire.in(ctx), method, origin+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", mediaType)
	r.Header.Set("Peerwitness-Ticket", w.ticket)
	res, err := switchboard.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, b, err
}
