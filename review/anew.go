package review

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/access"
)

// A server that was restored from a backup begins its feed anew. The workstation
// then keeps what it has, says so, and does nothing until its person says that
// there was a restore: a server that lies looks the same. On her word it fetches
// the new feed into a folder of its own, next to the one it has, and puts back what
// is not in it. Only when all of that is settled does the new one take the old
// one's place, at the next opening.

// Sentinels of putting back.
var (
	errAnew = errors.New("the server shows another history: it began anew, from a backup or with another store. All that you had is kept on this computer, and nothing goes to the server until you say so. Ask the operator whether there was a restore, then open “The server began anew”")
	// ErrTooOften: the server began anew so often that nothing more is sent to it.
	ErrTooOften = errors.New("the server began anew too often")
	// ErrNotAnew: the server goes on from where it was.
	ErrNotAnew = errors.New("the server did not begin anew")
	// ErrNotShown: the server took things back and does not show them.
	ErrNotShown = errors.New("the server took things back and does not show them")
	// ErrHeldUp: something has to be mended at the server before the rest may come
	// back: a list of people whose texts it has not.
	ErrHeldUp = errors.New("the server lacks the texts of a list of people that must come back first")
)

// Bounds on what a server can make a workstation do by beginning anew.
const (
	maxTurns   = 3 // within turnWindow
	turnWindow = 30 * 24 * time.Hour
	maxRounds  = 2   // of offering the same to one feed, each time it is asked for
	maxAside   = 500 // kept in the list
)

// turns is what the folder remembers of a server that began anew.
type turns struct {
	Taken []turn `json:"taken,omitempty"` // those that the person agreed to, newest last
	// Ready is the generation whose feed is fetched and settled: it is taken at the
	// next opening.
	Ready string `json:"ready,omitempty"`
	// Aside is what could not be put back; Folder, beside the replica, still has it.
	Aside  []Aside `json:"aside,omitempty"`
	More   int     `json:"more,omitempty"`
	Folder string  `json:"folder,omitempty"`
}

type turn struct {
	Generation string    `json:"generation"`
	At         time.Time `json:"at"`
}

// Aside is something that the server had before and has not taken back. It is
// still in the folder of before.
type Aside struct {
	Kind    vault.Kind `json:"kind"`
	ID      vault.ID   `json:"id"`
	Author  string     `json:"author,omitempty"`
	Day     vault.Day  `json:"day"`
	Journal vault.ID   `json:"journal,omitzero"`
	Why     string     `json:"why"`
}

// Anew says how things stand with a server that began anew.
type Anew struct {
	Generation string // hex, the first 8 digits of it
	Server     uint64 // entries that the server shows
	Here       uint64 // entries on this computer
	Agreed     bool   // its person said that there was a restore
	TooOften   bool
	Ready      bool // all is settled: lock and unlock to go on
	Aside      []Aside
	More       int
}

// anewNow is what the view shows. The caller holds syncing.
func (w *Workstation) anewNow() *Anew {
	var e *access.AnewError
	if !errors.As(w.fork, &e) {
		if len(w.turns.Aside) == 0 {
			return nil
		}
		return &Anew{Aside: w.turns.Aside, More: w.turns.More}
	}
	gen := hex.EncodeToString(e.Head.Generation[:])
	return &Anew{
		Generation: gen[:8], Server: e.Head.Pos, Here: w.ix.pos, Agreed: w.turns.agreed(gen), Ready: w.turns.Ready == gen,
		TooOften: !w.turns.agreed(gen) && w.turns.within(w.clock()) >= maxTurns, Aside: w.turns.Aside, More: w.turns.More,
	}
}

// agreed reports whether the last turn that was agreed to is this one.
func (t turns) agreed(gen string) bool {
	n := len(t.Taken)
	return n > 0 && t.Taken[n-1].Generation == gen
}

// within is how many turns were taken lately. One by a clock ahead counts.
func (t turns) within(now time.Time) (n int) {
	for _, x := range t.Taken {
		if now.Sub(x.At) < turnWindow {
			n++
		}
	}
	return n
}

func (t turns) alarm() []string {
	if n := len(t.Aside) + t.More; n > 0 {
		return []string{fmt.Sprintf("%s the server had before its restore could not be put back. Nothing is lost: see “The server began anew”.", count(n, "thing that", "things that"))}
	}
	return nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// ForgetAside takes the list of what could not be put back away, once its person
// has seen to it. The folder of before stays, unless something in it was erased since.
func (w *Workstation) ForgetAside(ctx context.Context) error {
	if err := w.hold(ctx); err != nil {
		return err
	}
	defer w.release()
	former := w.turns
	w.turns.Aside, w.turns.More = nil, 0
	if err := w.writeSeen(); err != nil {
		w.turns = former
		return err
	}
	w.publish()
	return nil
}

// agree notes that the person agreed to the server's new beginning. It returns its
// generation.
func (w *Workstation) agree(ctx context.Context) (gen [16]byte, err error) {
	if err := w.hold(ctx); err != nil {
		return gen, err
	}
	defer w.release()
	var e *access.AnewError
	if !errors.As(w.fork, &e) {
		return gen, ErrNotAnew
	}
	gen = e.Head.Generation
	name := hex.EncodeToString(gen[:])
	if w.turns.agreed(name) {
		return gen, nil
	}
	now := w.clock()
	if w.turns.within(now) >= maxTurns {
		return gen, ErrTooOften
	}
	former := w.turns
	taken := append([]turn{}, former.Taken...)
	w.turns.Taken = append(taken[max(0, len(taken)-20):], turn{name, now})
	w.turns.Ready = ""
	if err := w.writeSeen(); err != nil {
		w.turns = former
		return gen, err
	}
	w.publish()
	return gen, nil
}

// turned notes that a new feed is fetched and what was missing in it is put back,
// but for what is aside.
func (w *Workstation) turned(ctx context.Context, gen [16]byte, aside []Aside) error {
	if err := w.hold(ctx); err != nil {
		return err
	}
	defer w.release()
	former := w.turns
	w.turns.Ready = hex.EncodeToString(gen[:])
	all := append(append([]Aside{}, former.Aside...), aside...)
	kept := min(len(all), maxAside)
	w.turns.Aside, w.turns.More = all[:kept], former.More+len(all)-kept
	if err := w.writeSeen(); err != nil {
		w.turns = former
		return err
	}
	w.publish()
	return nil
}

// Places in the workstation's folder.
const (
	replicaFolder = "replica"
	nextFolder    = "next" // has a replica of the feed that began anew
)

// finishTurn puts a settled new feed in the place of the one before, which goes
// into a folder of its own: a workstation's folder, so that it can be looked at. It
// may be done half-way and again.
func finishTurn(ctx context.Context, dir string, clock vault.Clock) error {
	path := filepath.Join(dir, "seen.json")
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var s seen
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil || s.Turns.Ready == "" {
		return nil // readSeen tells
	}
	next := filepath.Join(dir, nextFolder, replicaFolder)
	store, err := vault.OpenBolt(next, clock)
	if err != nil {
		return err
	}
	head, err := store.FeedHead(ctx)
	if err = errors.Join(err, store.Close()); err != nil {
		return err
	}
	gone := func(path string) bool { _, err := os.Stat(path); return errors.Is(err, os.ErrNotExist) }
	replica := filepath.Join(dir, replicaFolder)
	if hex.EncodeToString(head.Generation[:]) != s.Turns.Ready {
		// It was moved already and this is an empty one, just made.
		if head.Pos > 0 || gone(replica) {
			return fmt.Errorf("%w: the feed that was fetched anew is another one", vault.ErrCorrupt)
		}
	} else {
		if !gone(replica) {
			before := ""
			for n := 1; ; n++ {
				if before = fmt.Sprintf("before-%d", n); gone(filepath.Join(dir, before)) {
					break
				}
			}
			if err := os.MkdirAll(filepath.Join(dir, before), 0o700); err != nil {
				return err
			}
			if err := keepPlaces(dir, filepath.Join(dir, before)); err != nil {
				return err
			}
			if err := os.Rename(replica, filepath.Join(dir, before, replicaFolder)); err != nil {
				return err
			}
			s.Turns.Folder = before
		}
		if err := os.Rename(next, replica); err != nil {
			return err
		}
		if err := turnPlaces(dir, true); err != nil {
			return err
		}
	}
	if err := turnPlaces(dir, false); err != nil { // where it stopped in the middle
		return err
	}
	s.Turns.Ready = ""
	if b, err = json.Marshal(s); err != nil {
		return err
	}
	if err := WriteFile(path, b); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(dir, nextFolder))
}
