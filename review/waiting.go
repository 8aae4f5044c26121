package review

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// ErrKept: there was no network, so the action waits on this computer. It is
// carried out at a later Sync; see Waiting.
var ErrKept = errors.New("there is no connection, so it waits on this computer")

// Wish is what somebody did without a network. An entry carries its place in
// its journal, so it can't be signed before that place is known: what waits is
// the intent, and it is checked, based on the case as it is then, and signed
// once it can be sent.
type Wish struct {
	ID   string // random, hex
	Case vault.ID
	Kind string // of the entry: claim, state, note, assign, answer, coding, consent, person
	Made time.Time
	// Stopped says why it can't be done, in words; it waits then for the person
	// to try again or to take it back. Empty while it only waits.
	Stopped string
	Doing   // what it says, by Kind

	data json.RawMessage
	sent []byte // the append as it last went out, nil before; it may have arrived
}

// Doing is what a wish says, as far as it is to be shown.
type Doing struct {
	Note   Note
	Change Change
	Answer string
	To     string // of an assign
	Reason string // of an assign
	Task   Task
	Held   Custody
	Risk   string // what a peer worker risks, in words
	Person string // working name of who is linked
}

// waiting keeps wishes, each change on disk before it returns, sealed to the
// person's own key. A file that can't be read is left as it is.
type waiting struct {
	path string
	key  seal.KeyFile

	mu     sync.Mutex // guards what follows
	wishes []Wish
	broken error // why the file can't be read
}

// Bounds of what waits.
const (
	maxWishes  = 200
	maxWaiting = 8 << 20 // bytes of JSON
)

const ownWaiting = "waiting"

type waitingJSON struct {
	V      int        `json:"v"`
	Wishes []wishJSON `json:"wishes"`
}

type wishJSON struct {
	ID      string          `json:"id"`
	Case    string          `json:"case"`
	Kind    string          `json:"kind"`
	Made    time.Time       `json:"made"`
	Stopped string          `json:"stopped,omitempty"`
	Data    json.RawMessage `json:"data"`
	Sent    string          `json:"sent,omitempty"` // base64
}

// openWaiting reads what waits in dir. Where that fails, broken says so.
func openWaiting(dir string, key seal.KeyFile) *waiting {
	q := &waiting{path: filepath.Join(dir, "waiting-"+key.Person+".age"), key: key}
	b, err := readBounded(q.path, 2*maxWaiting)
	if errors.Is(err, fs.ErrNotExist) {
		return q
	}
	if err == nil {
		b, err = key.OpenOwn(ownWaiting, b, maxWaiting)
	}
	if err == nil {
		q.wishes, err = parseWaiting(b)
	}
	if err != nil {
		q.broken = errors.New("what waited on this computer for a connection can't be read: the file is damaged or not yours. It is left as it is; ask your lead before you do those things again")
	}
	return q
}

func readBounded(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, errors.New("the file is too large")
	}
	return os.ReadFile(path)
}

func parseWaiting(b []byte) ([]Wish, error) {
	var f waitingJSON
	if err := json.Unmarshal(b, &f); err != nil || f.V != 1 || len(f.Wishes) > maxWishes {
		return nil, errors.New("not a list of what waits")
	}
	var out []Wish
	for _, j := range f.Wishes {
		w := Wish{ID: j.ID, Kind: j.Kind, Made: j.Made, Stopped: j.Stopped, data: j.Data}
		var err error
		if w.Case, err = vault.ParseID(j.Case); err == nil {
			w.sent, err = base64.StdEncoding.DecodeString(j.Sent)
		}
		if err == nil {
			w.Doing, err = doing(w.Kind, w.data)
		}
		if err != nil || w.ID == "" || slices.ContainsFunc(out, func(o Wish) bool { return o.ID == w.ID }) {
			return nil, errors.New("not a list of what waits")
		}
		out = append(out, w)
	}
	return out, nil
}

func encodeWaiting(wishes []Wish) ([]byte, error) {
	f := waitingJSON{V: 1, Wishes: []wishJSON{}}
	for _, w := range wishes {
		f.Wishes = append(f.Wishes, wishJSON{w.ID, w.Case.String(), w.Kind, w.Made, w.Stopped, w.data, base64.StdEncoding.EncodeToString(w.sent)})
	}
	return encode(f)
}

// save puts wishes in the place of what was kept. The caller holds mu.
func (q *waiting) save(wishes []Wish) error {
	if q.broken != nil {
		return q.broken
	}
	b, err := encodeWaiting(wishes)
	if err != nil {
		return fmt.Errorf("keeping what waits: %w", err)
	}
	if len(wishes) > maxWishes || len(b) > maxWaiting {
		return notLegal("too much waits on this computer already; connect, so that it can go")
	}
	sealed, err := q.key.SealOwn(ownWaiting, b)
	if err == nil {
		err = WriteFile(q.path, sealed)
	}
	if err != nil {
		return fmt.Errorf("keeping what waits: %w", err)
	}
	q.wishes = wishes
	return nil
}

// add keeps one more wish.
func (q *waiting) add(w Wish) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	var id [16]byte
	rand.Read(id[:])
	w.ID = hex.EncodeToString(id[:])
	return q.save(append(slices.Clone(q.wishes), w))
}

// change changes the wish of that id, or takes it away where to returns false.
// errTakenBack when it is not there any more.
func (q *waiting) change(id string, to func(*Wish) bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.wishes, func(w Wish) bool { return w.ID == id })
	if i < 0 {
		return errTakenBack
	}
	next := slices.Clone(q.wishes)
	if !to(&next[i]) {
		next = slices.Delete(next, i, i+1)
	}
	return q.save(next)
}

var errTakenBack = errors.New("it does not wait any more")

func (q *waiting) list() []Wish {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.wishes)
}

// forget takes away what waits for cases that are gone.
func (q *waiting) forget(gone func(vault.ID) bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(q.wishes), func(w Wish) bool { return gone(w.Case) })
	if len(left) == len(q.wishes) {
		return nil
	}
	return q.save(left)
}

// Waiting is what waits on this computer for a connection, in the order in
// which it was done.
func (w *Workstation) Waiting() []Wish { return w.wishes.list() }

// Forget takes a wish back before it goes. One that may have arrived already
// stays, with ErrUnsure, until a sync has settled that.
func (w *Workstation) Forget(id string) error {
	unsure := false
	err := w.wishes.change(id, func(w *Wish) bool {
		unsure = w.sent != nil && w.Stopped == ""
		return unsure
	})
	switch {
	case errors.Is(err, errTakenBack):
		return nil
	case err == nil && unsure:
		return ErrUnsure
	}
	return err
}

// TryAgain lets a wish that stopped go at the next sync. A coding then goes in
// the place of the one that the case has by now.
func (w *Workstation) TryAgain(id string) error {
	err := w.wishes.change(id, func(x *Wish) bool {
		if c, err := w.View().Case(x.Case); err == nil && x.Kind == "coding" && x.Stopped != "" {
			x.recode(c)
		}
		x.Stopped = ""
		return true
	})
	if errors.Is(err, errTakenBack) {
		return nil
	}
	return err
}
