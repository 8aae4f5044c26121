package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"peerwitness/vault"
)

// Somebody of a partner organisation puts nothing back on a server that was
// restored: what she has, the people at the desk have too. She agrees to the new
// feed and takes it; what she wrote herself and the server has not is named to
// her, and so is each case of which it has less than this computer.

// ErrDeskFirst: a case that was erased is there again on the restored server, until
// a workstation at the desk has put the statement of its erasure back.
var ErrDeskFirst = errors.New("the restored server does not know yet of a case that was erased; a computer at the desk must put that back first")

// takeAnew fetches the places of a partner's new feed, and says what it lacks.
// The rest of the feed is in next already.
func (w *Workstation) takeAnew(ctx context.Context, next vault.Store, missing []vault.Record) ([]Aside, error) {
	if slices.ContainsFunc(missing, func(r vault.Record) bool { return r.Kind == vault.KindErasure }) {
		return nil, ErrDeskFirst
	}
	list, err := w.client.Places(ctx)
	if err != nil {
		return nil, err
	}
	head, err := next.FeedHead(ctx)
	if err != nil {
		return nil, err
	}
	if uint64(len(list)) < head.Pos || slices.Contains(list, 0) {
		return nil, fmt.Errorf("%w: the server tells of a place that there is not", vault.ErrFork)
	}
	b, err := json.Marshal(list)
	if err == nil {
		err = WriteFile(filepath.Join(w.dir, nextFolder, filepath.Base(w.placesPath())), b)
	}
	if err != nil {
		return nil, fmt.Errorf("keeping the order of the feed: %w", err)
	}
	var aside []Aside
	told := map[vault.ID]bool{} // entries and journals
	if v := w.View().Anew; v != nil {
		for _, a := range v.Aside { // when it is asked for once more
			told[a.ID] = true
			if a.Author != w.Me() {
				told[a.Journal] = true
			}
		}
	}
	for _, r := range missing {
		if r.Kind != vault.KindAppend || told[r.ID] {
			continue // what a case's entries name comes with them
		}
		object, err := w.store.Object(ctx, r)
		if errors.Is(err, vault.ErrErased) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the replica at %d: %w", r.Pos, err)
		}
		a, err := vault.ParseAppend(object)
		if err != nil {
			return nil, fmt.Errorf("reading the replica at %d: %w", r.Pos, err)
		}
		if r.Author != w.Me() && told[a.Entry.Journal] {
			continue
		}
		x := Aside{Kind: r.Kind, ID: r.ID, Author: r.Author, Day: r.Day, Journal: a.Entry.Journal}
		if r.Author == w.Me() {
			x.Why = "you wrote this, and since its restore the server does not have it. A computer at the desk may put it back. Look into the case in a few days, and write it again if it is not there"
		} else {
			told[x.Journal] = true
			x.Why = "from this step on the restored server does not have what others wrote in this case. Computers at the desk put it back; if it is not there in a few days, ask them"
		}
		aside = append(aside, x)
	}
	return aside, nil
}

// keepPlaces leaves a copy of what was told of the places of a feed with the
// replica of it that goes aside.
func keepPlaces(dir, before string) error {
	return eachPlaces(dir, func(name string) error {
		b, err := readBounded(filepath.Join(dir, name), maxPlaces)
		if err != nil {
			return err
		}
		return WriteFile(filepath.Join(before, name), b)
	})
}

// turnPlaces puts the places of the new feed where those of the one before were,
// which with drop are removed: there may be none of the new.
func turnPlaces(dir string, drop bool) error {
	if drop {
		if err := eachPlaces(dir, func(name string) error { return os.Remove(filepath.Join(dir, name)) }); err != nil {
			return err
		}
	}
	next := filepath.Join(dir, nextFolder)
	return eachPlaces(next, func(name string) error { return os.Rename(filepath.Join(next, name), filepath.Join(dir, name)) })
}

func eachPlaces(dir string, do func(name string) error) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range list {
		if is, _ := filepath.Match("places-*.json", e.Name()); is && err == nil {
			err = do(e.Name())
		}
	}
	return err
}
