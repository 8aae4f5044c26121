package review

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// A warm index is what the index holds, written down so that it can be read
// again without opening and checking each entry anew. It is trusted as far as it
// was: who reads it checks first that it was sealed by her own program, on the
// very feed that lies here.
//
// What was not yet taken into a case is left out, though it was opened. Such
// reports are sealed to keys that are deleted in time, and a copy under another
// key would outlive them.

// errWarm: the bytes are not a warm index of this program's.
var errWarm = errors.New("not a warm index")

// warmHead is the first frame.
type warmHead struct {
	Lists    []uint64 // positions of rosters, revocations, releases, erasures and expiries: read anew
	Figures  []warmRef
	Deposits int
	Taken    []vault.ID // journals, in the order of their first entry
	Places   int
	Blobs    []vault.ID
	Genuine  map[string]bool
	Odd      []Quarantined
	Today    vault.Day
}

type warmRef struct {
	Pos    uint64
	Author string
	Day    vault.Day
}

type warmDeposit struct {
	ID       vault.ID  `json:",omitzero"`
	Pos      uint64    `json:",omitzero"`
	Desk     string    `json:",omitzero"`
	Day      vault.Day `json:",omitzero"`
	ByHand   bool      `json:",omitzero"`
	Claimed  vault.ID  `json:",omitzero"`
	Standing standing  `json:",omitzero"`
	Reason   string    `json:",omitzero"`
	Alarm    bool      `json:",omitzero"`
}

type warmJournal struct {
	ID         vault.ID                   `json:",omitzero"`
	N          int                        `json:",omitzero"`
	Head       vault.Head                 `json:",omitzero"`
	Next, Pos  uint64                     `json:",omitzero"`
	Refs       []warmRef                  `json:",omitzero"`
	Keys       map[uint32][]seal.Identity `json:",omitzero"`
	Proven     map[uint32]seal.Identity   `json:",omitzero"`
	Granted    map[uint32]map[string]bool `json:",omitzero"`
	Epoch      uint32
	Named      map[string]bool
	Shared     map[string]bool
	Beyond     bool
	LastRoster uint64     `json:",omitzero"`
	Entries    int        `json:",omitzero"`
	Claims     []vault.ID `json:",omitzero"`
	Unread     int        `json:",omitzero"`
	Problems   []Problem  `json:",omitzero"`
}

// warmRead is an entry. A report and follow-ups are frames of their own after it.
type warmRead struct {
	Entry   Entry  `json:",omitzero"`
	Pos     uint64 `json:",omitzero"`
	Day     vault.Day
	Roster  uint64
	Epoch   uint32
	Grants  []string    `json:",omitempty"`
	Claims  []vault.ID  `json:",omitzero"`
	Claim   *claimData  `json:",omitzero"`
	Report  bool        `json:",omitzero"`
	Follows int         `json:",omitzero"`
	Unfit   int         `json:",omitzero"`
	Count   countData   `json:",omitzero"`
	Counted countedData `json:",omitzero"`
	Boxes   []string    `json:",omitzero"`
}

// frames is a run of byte strings, each after its length.
type frames struct {
	b   []byte
	err error
}

func (f *frames) put(b []byte) {
	f.b = binary.AppendUvarint(f.b, uint64(len(b)))
	f.b = append(f.b, b...)
}

func (f *frames) putJSON(v any) {
	b, err := encode(v)
	f.err = errors.Join(f.err, err)
	f.put(b)
}

// next is the next frame. It shares the memory of the whole.
func (f *frames) next() []byte {
	n, size := binary.Uvarint(f.b)
	if f.err != nil || size <= 0 || n > uint64(len(f.b)-size) {
		f.err = errWarm
		return nil
	}
	out := f.b[size : size+int(n) : size+int(n)]
	f.b = f.b[size+int(n):]
	return out
}

func (f *frames) nextJSON(v any) {
	if b := f.next(); f.err == nil && json.Unmarshal(b, v) != nil {
		f.err = errWarm
	}
}

func warmRefs(refs []ref) []warmRef {
	out := make([]warmRef, len(refs))
	for i, r := range refs {
		out[i] = warmRef{r.pos, r.author, r.day}
	}
	return out
}

// warm writes the index down, in parts that are read side by side: the first
// has all but the journals. None where somebody squats the figures' journal:
// then the order in which all was read matters, and it is read anew. The caller
// holds syncing.
func (ix *index) warm() ([][]byte, error) {
	if ix.figs.n > 0 || len(ix.figs.fresh) > 0 {
		return nil, nil
	}
	head := warmHead{
		Lists: ix.lists, Figures: warmRefs(ix.figs.journal.refs), Deposits: len(ix.order), Taken: ix.taken, Places: ix.places,
		Genuine: make(map[string]bool, len(ix.genuine)), Odd: ix.odd, Today: ix.today,
	}
	for b := range ix.blobs {
		head.Blobs = append(head.Blobs, b)
	}
	for k, ok := range ix.genuine {
		head.Genuine[k.String()] = ok
	}
	var f frames
	f.putJSON(head)
	for _, d := range ix.order {
		w := warmDeposit{d.id, d.pos, d.desk, d.day, d.byHand, d.claimed, d.standing, d.reason, d.alarm}
		if d.standing == opened {
			w.Standing = unopened
		}
		f.putJSON(w)
	}
	parts, err := [][]byte{f.b}, f.err
	for run := range slices.Chunk(ix.taken, warmRun) {
		var f frames
		for _, id := range run {
			if j := ix.journals[id]; j != nil {
				j.warm(&f)
			}
		}
		parts, err = append(parts, f.b), errors.Join(err, f.err)
	}
	return parts, err
}

// warm writes one journal as a frame that holds its own frames.
func (j *journal) warm(f *frames) {
	var in frames
	w := warmJournal{
		ID: j.id, N: j.n, Head: j.head, Next: j.next, Pos: j.pos, Refs: warmRefs(j.refs), Keys: j.keys, Proven: j.proven, Granted: j.granted,
		Epoch: j.epoch, Named: j.named, Shared: j.shared, Beyond: j.beyond, LastRoster: j.lastRoster, Entries: len(j.entries), Unread: j.unread, Problems: j.problems,
	}
	for id := range j.claims {
		w.Claims = append(w.Claims, id)
	}
	in.putJSON(w)
	for _, e := range j.entries {
		in.putJSON(warmRead{e.Entry, e.pos, e.day, e.roster, e.epoch, e.grants, e.claims, e.claim, e.report != nil, len(e.follows), e.unfit, e.count, e.counted, e.boxes})
		if e.report != nil {
			in.put(e.report.Raw)
		}
		for _, m := range e.follows {
			in.put(m.Raw)
		}
	}
	f.put(in.b)
	f.err = errors.Join(f.err, in.err)
}

// thaw reads a warm index into the workstation's empty one; part opens one of its
// parts. Lists of people and the figures are read from the replica as ever. The
// caller holds syncing, and throws the index away when there is an error.
func (w *Workstation) thaw(ctx context.Context, parts int, part func(n int) ([]byte, error), pos uint64) error {
	var head warmHead
	var ds []*deposit
	js := make([][]*journal, parts)
	err := parallel(ctx, parts, func(n int) error {
		b, err := part(n)
		if err != nil {
			return err
		}
		f := &frames{b: b}
		if n == 0 {
			f.nextJSON(&head)
			for range head.Deposits {
				var d warmDeposit
				if f.nextJSON(&d); f.err != nil {
					return errWarm
				}
				ds = append(ds, &deposit{id: d.ID, pos: d.Pos, desk: d.Desk, day: d.Day, byHand: d.ByHand, claimed: d.Claimed, standing: d.Standing, reason: d.Reason, alarm: d.Alarm})
			}
		}
		for n > 0 && len(f.b) > 0 && f.err == nil {
			j, err := thawJournal(f.next())
			if err != nil {
				return err
			}
			js[n] = append(js[n], j)
		}
		if f.err != nil || len(f.b) > 0 {
			return errWarm
		}
		return nil
	})
	if err != nil {
		return err
	}
	ix := w.ix
	if err := w.readLists(ctx, head.Lists); err != nil {
		return err
	}
	ix.odd = head.Odd // the lists' own are among them
	for _, d := range ds {
		ix.addDeposit(d)
	}
	for _, id := range head.Blobs {
		ix.blobs[id] = true
	}
	for k, ok := range head.Genuine {
		id, err := vault.ParseID(k)
		if err != nil {
			return errWarm
		}
		ix.genuine[id] = ok
	}
	for _, run := range js {
		for _, j := range run {
			ix.journals[j.id] = j
			ix.clusters.journal(j.n, j)
		}
	}
	ix.taken, ix.places, ix.today, ix.pos = head.Taken, head.Places, head.Today, pos
	ix.at = pos
	ix.clusters.all = true
	return w.thawFigures(ctx, head.Figures)
}

// warmRun is how many journals make one part.
const warmRun = 512

func thawJournal(b []byte) (*journal, error) {
	f := &frames{b: b}
	var w warmJournal
	f.nextJSON(&w)
	if f.err != nil || w.Entries < 0 || w.Entries > len(b) {
		return nil, errWarm
	}
	j := newJournal(w.ID)
	j.n, j.head, j.next, j.pos, j.lastRoster, j.unread, j.problems = w.N, w.Head, w.Next, w.Pos, w.LastRoster, w.Unread, w.Problems
	j.epoch, j.named, j.shared, j.beyond = w.Epoch, w.Named, w.Shared, w.Beyond
	for _, r := range w.Refs {
		j.refs = append(j.refs, ref{r.Pos, r.Author, r.Day})
	}
	for _, id := range w.Claims {
		j.claims[id] = true
	}
	if w.Keys != nil {
		j.keys = w.Keys
	}
	if w.Proven != nil {
		j.proven = w.Proven
	}
	if w.Granted != nil {
		j.granted = w.Granted
	}
	for range w.Entries {
		e, err := thawEntry(f)
		if err != nil {
			return nil, err
		}
		j.entries = append(j.entries, e)
	}
	if len(f.b) > 0 {
		return nil, errWarm
	}
	return j, nil
}

func thawEntry(f *frames) (read, error) {
	var w warmRead
	if f.nextJSON(&w); f.err != nil {
		return read{}, errWarm
	}
	e := read{Entry: w.Entry, pos: w.Pos, day: w.Day, roster: w.Roster, epoch: w.Epoch, grants: w.Grants, claims: w.Claims, claim: w.Claim, unfit: w.Unfit, count: w.Count, counted: w.Counted, boxes: w.Boxes}
	if w.Report {
		r, err := seal.ReportAgain(f.next())
		if err != nil {
			return read{}, errWarm
		}
		e.report = &r
	}
	for range w.Follows {
		m, err := seal.FollowUpAgain(f.next())
		if err != nil {
			return read{}, errWarm
		}
		e.follows = append(e.follows, m)
	}
	return e, f.err
}

// readLists reads rosters, revocations and releases from the replica, and checks
// them as when they came.
func (w *Workstation) readLists(ctx context.Context, at []uint64) error {
	for _, pos := range at {
		if pos == 0 {
			return errWarm
		}
		records, err := w.store.Feed(ctx, pos-1, 1)
		if err != nil || len(records) != 1 || records[0].Pos != pos {
			return errors.Join(errWarm, err)
		}
		object, err := w.store.Object(ctx, records[0])
		if err != nil {
			return fmt.Errorf("reading the replica at %d: %w", pos, err)
		}
		w.ix.lists = append(w.ix.lists, pos)
		switch records[0].Kind { // what is refused was refused then
		case vault.KindRoster:
			_ = w.ix.takeRoster(records[0], object)
		case vault.KindRevocation:
			_ = w.ix.takeRevocation(records[0], object)
		case vault.KindRelease:
			_ = w.ix.takeRelease(records[0], object)
		case vault.KindErasure, vault.KindExpiry:
			_ = w.ix.takeErasure(records[0], records[0].Pos, object)
		default:
			return errWarm
		}
	}
	return nil
}

// thawFigures reads the figures journal from the replica.
func (w *Workstation) thawFigures(ctx context.Context, refs []warmRef) error {
	if len(refs) == 0 {
		return nil
	}
	stored, err := w.store.Appends(ctx, w.ix.figs.journal.id, 0)
	if err != nil || len(stored) < len(refs) {
		return errors.Join(errWarm, err)
	}
	for i, r := range refs {
		if err := w.takeFigures(ctx, placed{r.Pos, r.Author, r.Day, stored[i]}, nil); err != nil {
			return err
		}
	}
	return w.readFigures(ctx)
}
