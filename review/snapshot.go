package review

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// A snapshot is the warm index in a file, sealed so that only this person's own
// program can have made it. It holds on one feed at one place of it, for one
// program and one set of keys; where anything differs, it is passed by, and
// everything is opened and checked anew.
const maxSnapshot = 1 << 30 // bytes

// snapshotHead says what a snapshot holds on.
type snapshotHead struct {
	V          int
	ID         string // random; the other parts are sealed under it
	Parts      int
	Program    vault.ID // hash of the program's file
	Keys       vault.ID // hash of the person's keys that open things
	Root       string
	Generation [16]byte
	Pos        uint64
	Hash       vault.ID // of the feed up to Pos
}

func (w *Workstation) snapshotPath() string {
	return filepath.Join(w.dir, "snapshot-"+w.key.Person+".age")
}

// program is the hash of the file of the program that runs, zero where it can't
// be read: another version may judge an entry otherwise.
var program = sync.OnceValue(func() (id vault.ID) {
	path, err := os.Executable()
	if err != nil {
		return id
	}
	f, err := os.Open(path)
	if err != nil {
		return id
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return id
	}
	return vault.ID(h.Sum(nil))
})

// headNow is what a snapshot made or read now must hold on, but for its place.
// The caller holds syncing.
func (w *Workstation) headNow(root string) snapshotHead {
	keys := []byte(w.key.Personal.Reveal())
	for _, i := range w.intake {
		keys = append(keys, i.Identity.Reveal()...)
	}
	return snapshotHead{V: 1, Program: program(), Keys: vault.Sum(vault.LP("peerwitness/snapshot-keys/v1", keys)), Root: root}
}

// sealSnapshot makes the file: frames of parts, each sealed by itself, so that
// they are opened side by side. Those of two snapshots can't be mixed.
func sealSnapshot(key seal.KeyFile, head snapshotHead, parts [][]byte) ([]byte, error) {
	var id [16]byte
	rand.Read(id[:])
	head.ID, head.Parts = hex.EncodeToString(id[:]), len(parts)
	var f, file frames
	f.putJSON(head)
	sealed, err := key.SealOwn("snapshot", f.b)
	if err = errors.Join(err, f.err); err != nil {
		return nil, err
	}
	file.put(sealed)
	for n, p := range parts {
		if sealed, err = key.SealOwn(partOf(head, n), p); err != nil {
			return nil, err
		}
		file.put(sealed)
	}
	return file.b, nil
}

func partOf(head snapshotHead, n int) string { return fmt.Sprintf("snapshot %s part %d", head.ID, n) }

// openSnapshot opens a file's head, and returns what opens its other parts.
func openSnapshot(key seal.KeyFile, b []byte) (head snapshotHead, part func(n int) ([]byte, error), err error) {
	file := frames{b: b}
	plain, err := key.OpenOwn("snapshot", file.next(), 1<<16)
	if err = errors.Join(file.err, err); err != nil {
		return head, nil, err
	}
	f := frames{b: plain}
	if f.nextJSON(&head); f.err != nil || len(f.b) > 0 || head.Parts < 1 || head.Parts > len(b) {
		return head, nil, errWarm
	}
	var sealed [][]byte
	for range head.Parts {
		sealed = append(sealed, file.next())
	}
	if file.err != nil || len(file.b) > 0 {
		return head, nil, errWarm
	}
	return head, func(n int) ([]byte, error) { return key.OpenOwn(partOf(head, n), sealed[n], maxSnapshot) }, nil
}

// readSnapshot fills the empty index from the snapshot, if there is one and all
// of it holds. Otherwise the index is left empty. The caller holds syncing.
func (w *Workstation) readSnapshot(ctx context.Context, root string) error {
	go program() // takes a moment, too
	b, err := readBounded(w.snapshotPath(), maxSnapshot)
	if err != nil {
		return fmt.Errorf("no snapshot: %w", fs.ErrNotExist)
	}
	head, part, err := openSnapshot(w.key, b)
	if err != nil {
		return err
	}
	want := w.headNow(root)
	now, err := w.store.FeedHead(ctx)
	if err != nil {
		return err
	}
	want.Generation, want.Pos, want.Hash, want.ID, want.Parts = now.Generation, head.Pos, head.Hash, head.ID, head.Parts
	if head != want || head.Program.IsZero() || head.Pos == 0 || head.Pos > now.Pos {
		return errWarm
	}
	at, err := w.store.Feed(ctx, head.Pos-1, 1)
	if err != nil || len(at) != 1 || at[0].Pos != head.Pos || at[0].Hash != head.Hash {
		return errors.Join(errWarm, err)
	}
	if err := w.thaw(ctx, head.Parts, part, head.Pos); err != nil {
		w.ix = newIndex(root)
		return err
	}
	w.snapped = head.Pos
	return nil
}

// writeSnapshot writes the index down, when there is more in it than in the
// snapshot that is there. The caller holds syncing.
func (w *Workstation) writeSnapshot(ctx context.Context) error {
	pos := w.ix.pos
	if pos == 0 || pos == w.snapped || w.places != nil || w.fork != nil || program().IsZero() {
		return nil
	}
	at, err := w.store.Feed(ctx, pos-1, 1)
	if err != nil || len(at) != 1 || at[0].Pos != pos {
		return fmt.Errorf("writing down what was opened: %w", errors.Join(errWarm, err))
	}
	now, err := w.store.FeedHead(ctx)
	if err != nil {
		return fmt.Errorf("writing down what was opened: %w", err)
	}
	parts, err := w.ix.warm()
	if err != nil || len(parts) == 0 {
		return err
	}
	head := w.headNow(w.ix.rosters.root)
	head.Generation, head.Pos, head.Hash = now.Generation, pos, at[0].Hash
	sealed, err := sealSnapshot(w.key, head, parts)
	if err != nil {
		return fmt.Errorf("writing down what was opened: %w", err)
	}
	if len(sealed) > maxSnapshot {
		return nil // the next start opens everything, as before
	}
	if err := WriteFile(w.snapshotPath(), sealed); err != nil {
		return err
	}
	w.snapped = pos
	return nil
}

// keepEvery is how many records may be opened anew after a crash.
const keepEvery = 1000

// KeepWarm writes down what was opened, when it is much, so that the next start
// need not open it again after a crash. Close does it in any case.
func (w *Workstation) KeepWarm(ctx context.Context) error {
	if err := w.hold(ctx); err != nil {
		return err
	}
	defer w.release()
	if w.ix.pos < w.snapped+keepEvery {
		return nil
	}
	return w.writeSnapshot(ctx)
}
