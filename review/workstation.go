// Package review is an advocate's workstation: a replica of the server's feed
// on her own disk, ciphertext only, and in memory the cases that her keys open.
//
// It believes the server in nothing that can be checked. People come from the
// signed roster, entries from their authors' signatures, messages from the
// sender's thread key, and each is bound to its place. What fails a check is
// shown as a problem or in the quarantine; it is never dropped and never stops
// the rest. Opening a report claims nothing.
//
// A [Workstation] is safe for concurrent use. Nothing that it opened is ever
// written to disk, but sealed to its owner.
package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Config is what a workstation needs.
type Config struct {
	// Dir is the workstation's own folder, made if it is not there. It holds
	// the replica and what was last seen, nothing opened.
	Dir string
	// Key is the person's unlocked key file.
	Key seal.KeyFile
	// Client reaches the server. Nil works offline for good.
	Client *access.Client
	// Root is the fingerprint that the roster's root keys must have, or empty
	// to keep to the first ones that are seen.
	Root string
	// Progress, which may be nil, is told how far opening has come.
	Progress func(done, total uint64)
	// Clock tells the time; nil is time.Now.
	Clock vault.Clock
}

// Sentinels; compare with errors.Is.
var (
	// ErrOffline: the server was not reached, or nobody is signed in to it.
	ErrOffline = errors.New("not connected to the server")
	// ErrNoCase: no case has that id.
	ErrNoCase = errors.New("no such case")
	// ErrUnsure: the server's answer did not arrive. The action is kept and
	// sent again with the same bytes at the next sync, so it happens once or not.
	ErrUnsure = errors.New("the server's answer did not arrive")
	// ErrBusy: colleagues kept changing the case.
	ErrBusy = errors.New("the case kept changing meanwhile")
	// ErrNotYours: the key of that case was not given to this person.
	ErrNotYours = errors.New("the case's key was not given to you")
)

// Workstation is one person's view of the organisation's cases.
type Workstation struct {
	store    vault.Store
	client   *access.Client
	key      seal.KeyFile // without Intake, which changes
	personal *seal.Ready  // of key
	dir      string
	clock    vault.Clock

	// acting is held by one action at a time, which may take syncing within.
	acting  sync.Mutex
	putting sync.Mutex // held by who puts back; see PutBack

	missed map[intent]sent      // guarded by acting: appends whose answer did not arrive
	landed map[intent]time.Time // guarded by acting: those that arrived after all, and when that was seen

	wishes  *waiting
	marks   *marks
	carries sync.Mutex // held by who carries out what waits; taken before acting

	// syncing holds one token while somebody syncs or folds.
	syncing chan struct{}
	ix      *index // guarded by syncing, as are the next eight
	intake  []seal.IntakeKey
	pin     pin
	ledger  ledgerPin
	fork    error // the server showed a feed that does not continue ours
	turns   turns // how often the server began anew, and what came of it
	synced  time.Time
	noted   time.Time         // the moment of syncing that seen.json has
	snapped uint64            // position that the snapshot has
	places  places            // of a partner's feed
	ended   map[vault.ID]bool // see View; replaced, never changed

	unsent    map[vault.ID]string // why the server does not take an erasure that was agreed; guarded by syncing
	beforeFor int                 // how many erasures the folders of before a restore were looked through for
	beforeWhy string              // why one could not be

	books  sync.Map    // codebooks by their hash in hex, besides the program's own
	rebook atomic.Bool // one was added since the last fold

	view atomic.Pointer[View]
}

// View is what the workstation showed at one moment. It does not change.
type View struct {
	Cases      []*Case // in the order to work on them
	Quarantine []Quarantined
	// Others counts deposits at one's desks that are sealed to other people.
	Others int
	// Erased are the cases that two people erased, in the feed's order.
	Erased []Erased
	// Roster is the list of people to act by, nil when there is none.
	Roster *roster.Roster
	// Alarms speak of the whole: a forked feed, a roster that fell back.
	Alarms []string
	// Anew is set while the server shows a feed that it began anew.
	Anew   *Anew
	Synced time.Time // last full sync, zero before the first
	// Ended are the journals, on a partner's workstation, whose share has ended, as
	// the server said at the last sync since it was opened.
	Ended map[vault.ID]bool
	Pos   uint64 // feed position that was read

	byID     caseIndex
	people   func() map[string]*Someone // made when first asked for
	likeness func() likeness            // made when first asked for
	names    *lineage
	figures  *FiguresView
}

// Open opens the workstation and reads what the replica already holds; it does
// not connect. vault.ErrLocked when another one has the folder open. The
// caller closes it.
func Open(ctx context.Context, cfg Config) (*Workstation, error) {
	if cfg.Key.Kind != "person" {
		return nil, errors.New("opening workstation: this key file is not a person's")
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	personal, err := cfg.Key.Personal.Ready()
	if err != nil {
		return nil, fmt.Errorf("opening workstation: %w", err)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening workstation: %w", err)
	}
	if err := finishTurn(ctx, cfg.Dir, cfg.Clock); err != nil {
		return nil, fmt.Errorf("opening workstation: %w", err)
	}
	// What was erased since is to be in no page of the replica any more. Without room
	// for that it is tried again at the next opening: a full disk shuts nobody out.
	if err := vault.TidyBolt(filepath.Join(cfg.Dir, "replica")); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return nil, fmt.Errorf("opening workstation: %w", err)
	}
	store, err := vault.OpenBolt(filepath.Join(cfg.Dir, "replica"), cfg.Clock)
	if err != nil {
		return nil, fmt.Errorf("opening workstation: %w", err)
	}
	w := &Workstation{
		store: store, client: cfg.Client, key: cfg.Key, personal: personal, intake: cfg.Key.Intake, dir: cfg.Dir, clock: cfg.Clock,
		syncing: make(chan struct{}, 1), missed: map[intent]sent{}, landed: map[intent]time.Time{},
		unsent: map[vault.ID]string{},
	}
	w.key.Intake = nil
	w.wishes, w.marks = openWaiting(cfg.Dir, w.key), openMarks(cfg.Dir, w.key)
	if err := w.readSeen(); err != nil {
		store.Close()
		return nil, err
	}
	if err := w.readPlaces(); err != nil {
		store.Close()
		return nil, err
	}
	root := cfg.Root
	if root == "" {
		root = w.pin.Root
	}
	w.ix = newIndex(root)
	w.syncing <- struct{}{}
	defer func() { <-w.syncing }()
	if w.places == nil { // a partner's few cases are opened anew
		_ = w.readSnapshot(ctx, root) // without one that holds, all is opened anew
	}
	if _, err := w.follow(ctx, cfg.Progress); err != nil {
		store.Close()
		return nil, fmt.Errorf("opening workstation: %w", err)
	}
	w.publish()
	return w, nil
}

// Close closes the replica. The workstation must not be used afterwards.
func (w *Workstation) Close() error {
	w.acting.Lock()
	defer w.acting.Unlock()
	w.syncing <- struct{}{}
	defer func() { <-w.syncing }()
	err := w.writeSnapshot(context.Background())
	w.view.Store(emptyView())
	w.ix = newIndex("")
	w.intake = nil
	if !w.noted.Equal(w.synced) {
		err = errors.Join(err, w.writeSeen())
	}
	return errors.Join(err, w.KeepMarks(), w.store.Close())
}

func emptyView() *View {
	return &View{people: func() map[string]*Someone { return nil }, likeness: func() likeness { return likeness{} }}
}

// Me is the id of the person at this workstation.
func (w *Workstation) Me() string { return w.key.Person }

// View returns what is known now.
func (w *Workstation) View() *View { return w.view.Load() }

// Case finds a case by its id, its journal's, or that of any of its deposits.
// ErrNoCase; an *ErasedError, which matches it, for one that was erased.
func (v *View) Case(id vault.ID) (*Case, error) {
	if c := v.byID.find(id); c != nil {
		return c, nil
	}
	for _, e := range v.Erased {
		if e.Journal == id || slices.Contains(e.Deposits, id) {
			return nil, &ErasedError{e}
		}
	}
	return nil, ErrNoCase
}

// Name is the display name of a person, as the newest roster that named her
// has it, or her id.
func (v *View) Name(person string) string {
	if person == roster.Recovery {
		return "Recovery key"
	}
	if v.names != nil {
		if p, ok := v.names.person(person); ok {
			return p.Name
		}
	}
	return person
}

// SealedTo is the list of people that a case's report was sealed with, or nil
// when this workstation has never seen it.
func (v *View) SealedTo(c *Case) *roster.Roster {
	hash, err := vault.ParseID(c.Report.Roster)
	if err != nil || v.names == nil {
		return nil
	}
	return v.names.hashed(hash)
}

// publish makes a new view of the index. The caller holds syncing.
func (w *Workstation) publish() {
	now := w.refold()
	v := &View{Cases: now.cases, Quarantine: now.quiet, Others: now.others, Synced: w.synced, Ended: w.ended, Pos: w.ix.at, byID: now.byID, names: w.ix.rosters.copy()}
	v.people = sync.OnceValue(func() map[string]*Someone { return indexPeople(v.Cases) })
	v.likeness = sync.OnceValue(func() likeness { return liken(v.Cases) })
	var err error
	if v.Roster, err = w.ix.rosters.current(w.pin, w.clock()); err != nil && w.ix.pos > 0 {
		v.Alarms = append(v.Alarms, sentence(err))
	}
	v.Anew = w.anewNow()
	switch {
	case v.Anew != nil && v.Anew.Ready:
		v.Alarms = append(v.Alarms, "The server began anew, and what was missing there is back. Lock this desk and unlock it again to go on.")
	case v.Anew != nil && v.Anew.Generation != "":
		v.Alarms = append(v.Alarms, sentence(errAnew))
	case w.fork != nil:
		v.Alarms = append(v.Alarms, sentence(w.fork))
	}
	v.Alarms = append(v.Alarms, w.turns.alarm()...)
	if w.wishes.broken != nil {
		v.Alarms = append(v.Alarms, sentence(w.wishes.broken))
	}
	if w.marks.broken != nil {
		v.Alarms = append(v.Alarms, sentence(w.marks.broken))
	}
	v.Erased = w.ix.erased()
	v.Alarms = append(v.Alarms, w.erasureAlarms()...)
	v.figures = w.figuresNow(v.Roster)
	v.Alarms = append(v.Alarms, w.ix.releaseAlarms()...)
	v.Alarms = append(v.Alarms, w.ledgerAlarm()...)
	w.view.Store(v)
	w.keepPins(v.Roster)
}

// seen is the small file that remembers, between runs, what was last seen.
type seen struct {
	Pin    pin       `json:"pin"`
	Ledger ledgerPin `json:"ledger"`
	Synced time.Time `json:"synced"`
	Turns  turns     `json:"turns,omitzero"`
}

func (w *Workstation) readSeen() error {
	b, err := os.ReadFile(filepath.Join(w.dir, "seen.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var s seen
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return fmt.Errorf("reading what this workstation last saw: %w", err)
	}
	w.pin, w.ledger, w.synced, w.noted, w.turns = s.Pin, s.Ledger, s.Synced, s.Synced, s.Turns
	return nil
}

func (w *Workstation) writeSeen() error {
	b, err := json.Marshal(seen{w.pin, w.ledger, w.synced, w.turns})
	if err != nil {
		return err
	}
	if err := WriteFile(filepath.Join(w.dir, "seen.json"), b); err != nil {
		return err
	}
	w.noted = w.synced
	return nil
}

// keepPins remembers the roster that is acted by, and how far the figures'
// ledger goes, so that an older one shown later is noticed. A failure to write is
// no reason to stop: it is tried again at the next sync, and shown.
func (w *Workstation) keepPins(r *roster.Roster) {
	formerPin, formerLedger := w.pin, w.ledger
	if r != nil && r.Version > w.pin.Version {
		w.pin.Version, w.pin.Hash = r.Version, r.Hash.String()
		if w.pin.Root == "" {
			w.pin.Root = w.ix.rosters.by[w.ix.rosters.steps[0].version].Fingerprint()
		}
	}
	if len(w.ledgerAlarm()) == 0 {
		w.ledger = w.ledger.grown(w.ix.figs.journal.ledger)
	}
	if w.pin == formerPin && w.ledger == formerLedger {
		return
	}
	if err := w.writeSeen(); err != nil {
		w.pin, w.ledger = formerPin, formerLedger
		v := *w.view.Load()
		v.Alarms = append(v.Alarms, "The workstation's folder can't be written: "+plainReason(err)+". Cases are kept on the server; check this computer's disk.")
		w.view.Store(&v)
	}
}
