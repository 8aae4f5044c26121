package review

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"peerwitness/vault"
)

// dropBefore removes folders of before a restore that still have what was erased
// since: their feeds end before the statement, so it can't be carried out there.
// That waits until nothing is in the list of what could not be put back, the
// server goes on from where it was, and every erasure that it tells of holds: a
// server that lies must not get the last copy thrown away. What can't be removed is
// an alarm, and hinders no work: changed says that there is another one. The caller
// holds syncing.
func (w *Workstation) dropBefore(ctx context.Context) (changed bool) {
	ix := w.ix
	if w.fork != nil || w.turns.Ready != "" || len(w.turns.Aside)+w.turns.More > 0 || len(ix.withheld) > 0 {
		return false
	}
	said := ix.erased()
	if len(said) == w.beforeFor {
		return false
	}
	for _, x := range ix.erasures {
		if !x.done {
			return false
		}
	}
	folders, _ := filepath.Glob(filepath.Join(w.dir, "before-[0-9]*"))
	former := w.beforeWhy
	w.beforeWhy = ""
	for _, dir := range folders {
		has, err := w.hasErased(ctx, filepath.Join(dir, replicaFolder), said)
		if err == nil && has {
			err = os.RemoveAll(dir)
		}
		if errors.Is(err, vault.ErrLocked) {
			return former != "" // somebody reads in it: a later sync sees to it
		}
		if err != nil {
			w.beforeWhy = "The folder “" + filepath.Base(dir) + "” on this computer is from before the server was restored. It may have a case that was erased since, and can't be read or removed. Remove it by hand, or check this computer's disk."
		}
	}
	w.beforeFor = len(said)
	return w.beforeWhy != former
}

// hasErased tells whether a replica has anything of the cases in said.
func (w *Workstation) hasErased(ctx context.Context, replica string, said []Erased) (has bool, err error) {
	if _, err := os.Stat(replica); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	// What was erased there too may still be in free pages.
	if err := vault.TidyBolt(replica); err != nil {
		return false, err
	}
	s, err := vault.OpenBolt(replica, w.clock)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, e := range said {
		if _, err := s.Head(ctx, e.Journal); err == nil {
			return true, nil
		} else if !errors.Is(err, vault.ErrNotFound) {
			return false, err
		}
		for _, id := range e.Deposits {
			if _, _, err := s.Deposit(ctx, id); err == nil {
				return true, nil
			} else if !errors.Is(err, vault.ErrNotFound) {
				return false, err
			}
		}
	}
	return false, nil
}
