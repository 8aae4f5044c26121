package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"peerwitness/vault"
)

// Somebody of a partner organisation has a replica of her own feed, in which
// things stand in the order in which they became hers. Who might write what hangs
// on where it stands in the organisation's feed. The server tells that besides;
// what it told once must stay so.

// places are where the records of the replica stand in the organisation's feed,
// the first one's first. Nil for whom the two are the same.
type places []uint64

const maxPlaces = 64 << 20 // bytes of the file

func (w *Workstation) placesPath() string {
	return filepath.Join(w.dir, "places-"+w.key.Person+".json")
}

// readPlaces reads what the server told before. Without any the feed is taken
// for the organisation's.
func (w *Workstation) readPlaces() error {
	b, err := readBounded(w.placesPath(), maxPlaces)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, &w.places)
	}
	if err != nil || len(w.places) == 0 {
		w.places = nil
		return errors.New("reading what this workstation last saw: the file of places is damaged; remove it and connect")
	}
	return nil
}

// learnPlaces asks for the places of a partner's feed, after a sync. The caller
// holds syncing.
func (w *Workstation) learnPlaces(ctx context.Context) error {
	if !w.client.OwnFeed() {
		if w.places != nil {
			return fmt.Errorf("%w: the server shows the organisation's feed where this copy has a partner's; begin with an empty folder", vault.ErrFork)
		}
		return nil
	}
	head, err := w.store.FeedHead(ctx)
	if err != nil {
		return fmt.Errorf("reading the replica: %w", err)
	}
	if w.places != nil && head.Pos <= uint64(len(w.places)) {
		return nil
	}
	list, err := w.client.Places(ctx)
	if err != nil {
		return err
	}
	if len(list) < len(w.places) || !slices.Equal(list[:len(w.places)], w.places) {
		return fmt.Errorf("%w: the server puts what is here in another order than before", vault.ErrFork)
	}
	for i := range list {
		if list[i] == 0 {
			return fmt.Errorf("%w: the server tells of a place that there is not", vault.ErrFork)
		}
	}
	b, err := json.Marshal(list)
	if err == nil {
		err = WriteFile(w.placesPath(), b)
	}
	if err != nil {
		return fmt.Errorf("keeping the order of the feed: %w", err)
	}
	if w.places == nil && w.ix.pos > 0 { // read before its order was known
		w.ix = newIndex(w.ix.rosters.root)
	}
	w.places = list
	return nil
}

// known cuts a run of records where the places are not known yet.
func (w *Workstation) known(records []vault.Record) []vault.Record {
	if w.places == nil {
		return records
	}
	return slices.DeleteFunc(records, func(r vault.Record) bool { return r.Pos > uint64(len(w.places)) })
}

// place is where a record of the replica stands in the organisation's feed.
func (w *Workstation) place(pos uint64) uint64 {
	if w.places == nil {
		return pos
	}
	return w.places[pos-1]
}
