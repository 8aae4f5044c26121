package access

import (
	"sync"
	"time"
)

// After freeTries wrong codes, each further one makes the person wait twice as
// long as the one before, up to maxWait.
const (
	freeTries = 10
	firstWait = time.Minute
	maxWait   = 6 * time.Hour
	forget    = 24 * time.Hour
)

// throttle slows down the guessing of codes, by person and without addresses.
// Only a try under a right signature counts, so that knowing somebody's id,
// which is public, does not suffice to lock her out; and only people of a
// roster get in, which bounds the map.
type throttle struct {
	mu    sync.Mutex // guards tries
	tries map[string]*tries
}

type tries struct {
	wrong       int
	last, until time.Time
}

func newThrottle() *throttle { return &throttle{tries: map[string]*tries{}} }

// begin counts a try as wrong before it is judged, so that many at once can't
// slip past the limit, and reports whether it may go on.
func (t *throttle) begin(person string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, p := range t.tries {
		if now.Sub(p.last) > forget || now.Before(p.last.Add(-forget)) {
			delete(t.tries, id)
		}
	}
	p := t.tries[person]
	if p == nil {
		p = &tries{}
		t.tries[person] = p
	}
	if now.Before(p.until) {
		return false
	}
	p.wrong++
	p.last = now
	if over := p.wrong - freeTries; over >= 0 {
		p.until = now.Add(min(firstWait<<min(over, 16), maxWait))
	}
	return true
}

// right forgets the person's wrong codes.
func (t *throttle) right(person string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.tries, person)
}
