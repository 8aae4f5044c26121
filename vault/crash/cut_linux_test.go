package crash_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"peerwitness/vault"
)

// slowSyncs has every sync begin late, so that kills and cuts fall into them.
func slowSyncs(d time.Duration) []string {
	return []string{"-e", fmt.Sprintf("inject=fdatasync,fsync:delay_enter=%d", d.Microseconds())}
}

// crowd is a course in which many send, the server is killed in the middle of
// that, comes back, is killed again, and serves them once more.
func crowd(r *rand.Rand) course {
	slow := slowSyncs(between(r, 2*time.Millisecond, 6*time.Millisecond))
	return course{clients, []life{
		{answers: 40 + r.IntN(60), within: 50 * time.Millisecond, options: slow},
		{answers: 20 + r.IntN(40), within: 50 * time.Millisecond, options: slow},
		{most: 1},
	}}
}

// alone is a course in which one sends and has nobody else's commit to sync what
// a kill left behind: the server is killed while it syncs, and what it had written
// by then is sent to it again.
func alone(r *rand.Rand) course {
	const sync = 40 * time.Millisecond
	co := course{clients: 1}
	for range 5 {
		co.lives = append(co.lives, life{answers: 1 + r.IntN(3), within: 3 * sync, options: slowSyncs(sync)}, life{most: 1})
	}
	return co
}

// faults are what a disk answers to one of the server's calls, or several. The
// syncs come first: with them, what a failed one was to make last never will by
// itself. strace counts for each thread.
var faults = []string{
	"fdatasync:error=EIO:when=%d",
	"fdatasync:error=EIO:when=%d",
	"fsync:error=EIO:when=%d",
	"pwrite64:error=ENOSPC:when=%d+",
	"pwrite64:error=EIO:when=%d+3",
	"pwrite64:error=EROFS:when=%d+",
	"ftruncate:error=ENOSPC:when=%d+",
	"renameat:error=EIO:when=%d",
	"mkdirat:error=ENOSPC:when=%d+",
	"utimensat:error=EIO:when=%d",
}

// failing is a course in which the disk fails, and all that is refused from then on
// is sent to the next server.
func failing(r *rand.Rand) course {
	co := course{clients: 1 + r.IntN(3)} // few: nobody else's commit puts right what a fault left
	for range 3 {
		fault := faults[r.IntN(len(faults))]
		if len(co.lives) == 0 {
			fault = faults[0]
		}
		co.lives = append(co.lives, life{most: 6, options: []string{"-e", fmt.Sprintf("inject="+fault, 2+r.IntN(6))}, fails: true}, life{most: 1})
	}
	return co
}

// courses are taken in turns.
var courses = []func(*rand.Rand) course{crowd, alone, failing}

// What a number of power cuts came to.
type powerless struct {
	cuts         int
	recordings   int
	acknowledged int // looked for, over all cuts
	pending      int // writes and names that were not synced at the cuts
	lost         []error
}

func (r *powerless) String() string {
	return fmt.Sprintf("seed %d: %d power cuts in %d recordings, %d acknowledged looked for, %d lost; %d writes and names in the air",
		*seed, r.cuts, r.recordings, r.acknowledged, len(r.lost), r.pending)
}

// cutting takes the power away at so many moments of the recording.
func cutting(t *testing.T, rec *recording, cuts int, r *powerless, who ...any) {
	t.Helper()
	random := chance(append(who, "cuts")...)
	r.recordings++

	// Half of the cuts come in the moment in which an answer goes out; the rest anywhere.
	var answers []int
	s := newSockets()
	phase := 0
	for i, m := range rec.moments {
		if phase != rec.phase[i] {
			phase, s = rec.phase[i], newSockets()
		}
		if at, ok := s.see(t, m, phase); ok && rec.load.at[at] != nil {
			answers = append(answers, i)
		}
	}
	if len(answers) < len(rec.load.at) {
		t.Fatalf("%d answers in the record, %d came to the clients: the record is not whole", len(answers), len(rec.load.at))
	}
	if len(answers) == 0 {
		t.Fatal("nothing was acknowledged in the record")
	}
	var moments []int
	for n := range cuts {
		at := random.IntN(len(rec.moments))
		if n%2 == 0 {
			at = answers[random.IntN(len(answers))]
		}
		moments = append(moments, at)
	}
	slices.Sort(moments)

	d := newDisk(t, rec.base)
	d.root = rec.root
	said := seen{heads: map[uint64]vault.ID{}}
	s, phase = newSockets(), 0
	for i, m := range rec.moments {
		if phase != rec.phase[i] {
			phase, s = rec.phase[i], newSockets()
			d.reset()
		}
		d.play(t, m)
		if at, ok := s.see(t, m, phase); ok {
			if x := rec.load.at[at]; x != nil {
				said.things = append(said.things, x)
			}
			if h := feedHead.FindSubmatch(m.data); h != nil {
				pos, err := strconv.ParseUint(string(h[1]), 10, 64)
				must(t, err)
				said.heads[pos], err = vault.ParseID(string(h[2]))
				must(t, err)
			}
		}
		for len(moments) > 0 && moments[0] == i {
			moments = moments[1:]
			c := cut{chance: random, sector: []int{512, 4096}[random.IntN(2)], keep: []float64{0, 0, 0.2, 0.5, 0.8, 1}[random.IntN(6)]}
			r.cuts++
			r.acknowledged += len(said.things)
			r.pending += d.top.inTheAir()
			for _, err := range d.powerCut(t, c, said) {
				r.lost = append(r.lost, fmt.Errorf("cut at %d of %d, keeping %.1f: %w", i, len(rec.moments), c.keep, err))
			}
		}
	}
}

// powerCut has the store opened as it is after the cut, looks for all that was
// acknowledged, checks it, and has it go on.
func (d *disk) powerCut(t *testing.T, c cut, said seen) (gone []error) {
	t.Helper()
	dir := filepath.Join(scratch(t), "store")
	defer os.RemoveAll(filepath.Dir(dir))
	d.after(t, c, dir)
	s, err := vault.OpenBolt(dir, nil)
	if err != nil {
		return []error{err}
	}
	defer s.Close()
	gone = lost(s, said.things)
	if err := s.Check(ctx); err != nil {
		gone = append(gone, err)
	}
	for pos, hash := range said.heads {
		if pos == 0 {
			continue
		}
		if r, err := s.Feed(ctx, pos-1, 1); err != nil || len(r) != 1 || r[0].Hash != hash {
			gone = append(gone, fmt.Errorf("entry %d of the feed, which a reader was shown, is gone: %w", pos, errors.Join(err, vault.ErrFork)))
		}
	}
	if len(gone) > 0 {
		return gone
	}
	head, err1 := s.FeedHead(ctx)
	got, err2 := s.PutDeposit(ctx, deposited{n: 1, hand: true}.make())
	_, err3 := s.PutBlob(ctx, got.Ticket, vault.Sum([]byte("blob")), []byte("blob"))
	after, err4 := s.FeedHead(ctx)
	if err := errors.Join(err1, err2, err3, err4, s.Check(ctx)); err != nil || after.Pos != head.Pos+2 {
		gone = append(gone, fmt.Errorf("the store does not go on: %d after %d: %w", after.Pos, head.Pos, err))
	}
	return gone
}

// inTheAir counts what a power cut may take.
func (n *node) inTheAir() int {
	all := len(n.pending) + len(n.entries)
	for _, child := range n.names {
		all += child.inTheAir()
	}
	return all
}

// Whenever the power goes, and whatever of the writes since the last sync is on
// the disk then, whole, torn or not at all: what was acknowledged is there.
func TestPowerCutsLoseNothing(t *testing.T) {
	r := &powerless{}
	// A slow machine, or chance, may give a recording with little in it: then there is one more.
	thin := func() bool { return r.acknowledged < 5**cuts || r.pending < *cuts }
	for n := int(*seed % 3); r.cuts < *cuts || thin() && r.cuts < 5*(*cuts); n++ {
		rec := record(t, shipped, courses[n%len(courses)](chance("power", n)), "power", n)
		cutting(t, rec, max(cutsPerRecording, min(*cuts-r.cuts, *cuts/15)), r, "power", n)
	}
	t.Log(r)
	for _, err := range r.lost[:min(len(r.lost), 20)] {
		t.Errorf("acknowledged and lost: %v", err)
	}
	if thin() {
		t.Error("not much of a test")
	}
}

// cutsPerRecording is how many cuts a recording gets at least, if so many are left.
const cutsPerRecording = 8
