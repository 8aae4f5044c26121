package review

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"peerwitness/vault"
)

// A snapshot is the warm index in a file, sealed so that only this person's own
// program can have made it. It holds on one feed at one place of it, for one
// program and one set of keys; where anything differs, it is passed by, and
// everything is opened and checked anew.
const (
	ownSnapshot = "snapshot"
	maxSnapshot = 1 << 30
)

// snapshotHead says what a snapshot holds on.
type snapshotHead struct {
	V          int
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

// readSnapshot fills the empty index from the snapshot, if there is one and all
// of it holds. Otherwise the index is left empty. The caller holds syncing.
func (w *Workstation) readSnapshot(ctx context.Context, root string) error {
	b, err := readBounded(w.snapshotPath(), maxSnapshot+maxSnapshot/8)
	if err != nil {
		return fmt.Errorf("no snapshot: %w", fs.ErrNotExist)
	}
	if b, err = w.key.OpenOwn(ownSnapshot, b, maxSnapshot); err != nil {
		return err
	}
	f := &frames{b: b}
	var head snapshotHead
	if f.nextJSON(&head); f.err != nil {
		return errWarm
	}
	want := w.headNow(root)
	now, err := w.store.FeedHead(ctx)
	if err != nil {
		return err
	}
	want.Generation, want.Pos, want.Hash = now.Generation, head.Pos, head.Hash
	if head != want || head.Program.IsZero() || head.Pos == 0 || head.Pos > now.Pos {
		return errWarm
	}
	at, err := w.store.Feed(ctx, head.Pos-1, 1)
	if err != nil || len(at) != 1 || at[0].Pos != head.Pos || at[0].Hash != head.Hash {
		return errors.Join(errWarm, err)
	}
	if err := w.thaw(ctx, f.b, head.Pos); err != nil {
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
	if pos == 0 || pos == w.snapped || w.fork != nil || program().IsZero() {
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
	warm, err := w.ix.warm()
	if err != nil || len(warm) == 0 || len(warm) > maxSnapshot-(1<<20) {
		return err
	}
	head := w.headNow(w.ix.rosters.root)
	head.Generation, head.Pos, head.Hash = now.Generation, pos, at[0].Hash
	var f frames
	f.putJSON(head)
	sealed, err := w.key.SealOwn(ownSnapshot, append(f.b, warm...))
	if err != nil {
		return fmt.Errorf("writing down what was opened: %w", err)
	}
	if err := WriteFile(w.snapshotPath(), sealed); err != nil {
		return err
	}
	w.snapped = pos
	return nil
}

// KeepWarm writes down what was opened, so that the next start need not open it
// again. It is for moments when nobody waits; Close does it by itself.
func (w *Workstation) KeepWarm(ctx context.Context) error {
	if err := w.hold(ctx); err != nil {
		return err
	}
	defer w.release()
	return w.writeSnapshot(ctx)
}
