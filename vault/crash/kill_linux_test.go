package crash_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/access"
)

// A server that is killed with kill -9 while 32 clients send has everything that
// it acknowledged, byte for byte, and its feed goes on.
func TestKilledServerKeepsWhatItAcknowledged(t *testing.T) {
	r := killing(t, shipped, *kills)
	t.Log(r)
	for _, err := range r.lost {
		t.Errorf("acknowledged and lost: %v", err)
	}
	if r.cycles != *kills || r.acknowledged < 10*r.cycles {
		t.Errorf("%d cycles with %d acknowledged: not much of a test", r.cycles, r.acknowledged)
	}
	if r.hit*100 < r.cycles*80 {
		t.Errorf("only %d of %d kills hit requests in flight", r.hit, r.cycles)
	}
}

// What a run of kills came to.
type killed struct {
	cycles       int
	acknowledged int // answers 201 and 200 that were looked for
	lost         []error
	hit          int // kills with requests in flight: sent whole, never answered
	inFlight     int // those requests, of all kills
	unanswered   int // of those, how many turned out to be stored
}

func (r *killed) String() string {
	return fmt.Sprintf("seed %d: %d cycles, %d acknowledged, %d lost; %d of %d kills (%d %%) hit requests in flight, "+
		"%.1f of %d clients each; %d of those requests were stored without an answer",
		*seed, r.cycles, r.acknowledged, len(r.lost), r.hit, r.cycles, 100*r.hit/max(r.cycles, 1),
		float64(r.inFlight)/float64(max(r.cycles, 1)), clients, r.unanswered)
}

// cyclesPerStore is how many lives a store has before a new one is begun, so that
// looking for everything after each kill stays quick.
const cyclesPerStore = 10

// killing kills the program that often, and looks for what it acknowledged after
// each kill. It ends early when something was lost.
func killing(t *testing.T, p program, cycles int) *killed {
	t.Helper()
	h := newHouse(t)
	program := build(t, p)
	r := &killed{}
	for store := 0; r.cycles < cycles && len(r.lost) == 0; store++ {
		dir := filepath.Join(t.TempDir(), "store")
		copyStore(t, h.dir, dir)
		l := newLoad(h, clients, p.name, "kills", store)
		replica := openStore(t, scratch(t))
		moments := chance(p.name, "moments", store)
		for range min(cyclesPerStore, cycles-r.cycles) {
			r.cycles++
			s := start(t, program, dir)
			// What any reader ever got is still in the feed, at its place.
			if err := follow(s, h, replica); err != nil {
				r.lost = append(r.lost, err)
			}
			l.killAfter(s, 10+moments.IntN(150), between(moments, 0, 20*time.Millisecond))
			inFlight := l.run(s, 0)
			s.kill()
			if r.inFlight += inFlight; inFlight > 0 {
				r.hit++
			}
			// Looked at in a copy: the next server has to put right what is left itself.
			look := filepath.Join(scratch(t), "copy")
			copyStore(t, dir, look)
			if copied, err := vault.OpenBolt(look, nil); err != nil {
				r.lost = append(r.lost, err)
			} else {
				r.lost = append(r.lost, lost(copied, l.acknowledged())...)
				if err := errors.Join(copied.Check(ctx), copied.Close()); err != nil {
					r.lost = append(r.lost, err)
				}
			}
			must(t, os.RemoveAll(filepath.Dir(look)))
			if len(r.lost) > 0 {
				break
			}
		}
		r.acknowledged, r.unanswered = r.acknowledged+len(l.things), r.unanswered+l.repeated
		if len(r.lost) == 0 { // else it answers strangely no wonder
			for _, err := range l.strange {
				t.Errorf("a strange answer: %v", err)
			}
		}
		must(t, replica.Close())
		must(t, os.RemoveAll(filepath.Dir(dir)))
	}
	return r
}

func openStore(t *testing.T, dir string) vault.Store {
	t.Helper()
	s, err := vault.OpenBolt(dir, nil)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// follow brings an advocate's copy up to the server's feed. vault.ErrFork when
// the server took back what it once gave.
func follow(s *server, h *house, replica vault.Store) error {
	w := &wire{addr: func() string { return s.addr }}
	defer w.close()
	if err := access.Sync(w.in(ctx), h.clients[0], replica, nil); err != nil {
		return fmt.Errorf("following the feed: %w", err)
	}
	return nil
}
