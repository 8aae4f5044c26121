package review_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

func (x *place) snapshot() string {
	return filepath.Join(x.dir, "snapshot-"+x.p.ID()+".age")
}

// copied is the same folder at another place, without the snapshot.
func (x *place) cold() *review.Workstation {
	x.t.Helper()
	y := newPlace(x.t, x.o, x.p)
	if err := os.CopyFS(filepath.Join(y.dir, "copy"), os.DirFS(x.dir)); err != nil {
		x.t.Fatal(err)
	}
	y.dir = filepath.Join(y.dir, "copy")
	if err := os.Remove(y.snapshot()); err != nil {
		x.t.Fatal(err)
	}
	return y.open(false)
}

// busy is a workstation's folder with about everything in it that there can be.
func busy(t *testing.T) (*reviewtest.Org, *place, *reviewtest.Sent) {
	o := reviewtest.New(t)
	x := newPlace(t, o, o.Nino)
	w := x.open(true)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := o.Send("street", func(r *seal.Report) {
		r.Answers.Story, r.Answers.Affected.Age, r.Answers.When.Hour = "PRACTICE kestrel <&>\u2028", "15-17", new(int)
		reviewtest.Attach(o, r, "image/png", []byte("PRACTICE"))
	})
	other, hand := o.Send("street", nil), o.ByHand("street", sealByHand(t, "PRACTICE by hand", o.Nino.Key.Intake[0].Identity.Recipient()))
	stray := o.Write("street", nil).Say(seal.Message{Text: "PRACTICE stray"})
	o.Send("custody", nil)
	o.Deposit("street", o.Seal("street", []byte("{}")))
	o.Send("street", func(r *seal.Report) { r.Answers.Story = "PRACTICE unclaimed-heron" })
	sync(t, w)
	for _, id := range []vault.ID{s.Deposit, other.Deposit, hand, stray} {
		_, err := w.Take(ctx, id)
		must(err)
	}
	s.Say(seal.Message{Text: "PRACTICE joined", Withdraw: []string{"legal-help"}})
	must(w.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE safe", Safeguarding: true}))
	must(w.SetState(ctx, s.Deposit, review.Change{To: review.InReview, Reason: "PRACTICE"}))
	k := reviewtest.Coding("extortion")
	k.When = review.CodedWhen{Kind: "date", Date: "2026-11-20", Hour: new(int)}
	must(w.SetCoding(ctx, s.Deposit, k, o.Book(), nil))
	must(w.LinkPerson(ctx, s.Deposit, review.NewPersonKey(), review.RoleAffected, "tall one"))
	must(w.Answer(ctx, s.Deposit, "PRACTICE we read it", 1))
	must(w.Withdraw(ctx, other.Deposit, []string{"legal-help"}))
	must(w.HandOver(ctx, other.Deposit, o.Ana.ID(), "PRACTICE", "PRACTICE"))
	must(w.SetTask(ctx, s.Deposit, review.Task{ID: review.NewTaskID(), Kind: review.KindHearing, Day: "2026-12-01", State: review.TaskOpen}))
	must(w.SetCustody(ctx, s.Deposit, review.Custody{Since: "2026-11-23T06:15Z", Hours: 48}))
	must(w.SetRisk(ctx, s.Deposit, review.Risk{Of: []string{"job"}, Text: "PRACTICE"}))
	must(w.Relate(ctx, s.Deposit, hand, review.AsRelated))
	must(w.Propose(ctx, s.Deposit, review.NotVerified, "PRACTICE"))
	must(w.CoverOne(ctx, s.Deposit, o.Nino.ID(), leave(o.Ana)))
	must(w.TakeOut(ctx, s.Deposit, review.TakenOut{Format: review.CSV, Fields: []string{"case"}}))
	_, err := w.RecordExport(ctx, s.Deposit, find(t, w, s.Deposit).Last(), review.Export{V: 1, Variant: review.ExportFull, Manifest: strings.Repeat("ab", 32), LeftOut: []string{}, For: "PRACTICE", Why: "PRACTICE"})
	must(err)
	must(w.SetState(ctx, hand, review.Change{To: review.Action}))
	must(w.Undo(ctx, hand, find(t, w, hand).Last(), "PRACTICE"))
	must(w.Write(ctx, other.Deposit, "later-kind", map[string]string{"x": "y"}))
	s.Say(seal.Message{Text: "PRACTICE waits"})
	o.Next(func(r *rosterT) { r.Desks[1].Labels["en"] = "Held" })
	sync(t, w)
	must(w.Close())
	return o, x, s
}

func TestWarmIsAsCold(t *testing.T) {
	o, x, s := busy(t)
	onlySealed(t, x.dir, "kestrel", "heron", "tall one")
	warm, cold := x.open(true), x.cold()
	if warm.Snapped() == 0 || cold.Snapped() != 0 {
		t.Fatalf("opened from snapshots at %d and %d", warm.Snapped(), cold.Snapped())
	}
	if err := review.Same(warm, cold); err != nil {
		t.Error(err)
	}
	if err := review.FromNothing(warm); err != nil {
		t.Error(err)
	}
	// It goes on as any other, and an older snapshot is read on from its place.
	if err := warm.SetState(ctx, s.Deposit, review.Change{To: review.Action}); err != nil {
		t.Fatal(err)
	}
	o.Send("street", nil)
	sync(t, warm)
	old, err := os.ReadFile(x.snapshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := warm.Close(); err != nil {
		t.Fatal(err)
	}
	cold.Close()
	if err := os.WriteFile(x.snapshot(), old, 0o600); err != nil { // as after a kill
		t.Fatal(err)
	}
	warm, cold = x.open(false), x.cold()
	defer cold.Close()
	defer warm.Close()
	if warm.Snapped() == 0 || warm.Snapped() >= warm.View().Pos {
		t.Errorf("opened from a snapshot at %d of %d", warm.Snapped(), warm.View().Pos)
	}
	if err := review.Same(warm, cold); err != nil {
		t.Error(err)
	}
	if c := find(t, warm, s.Deposit); c.State != review.Action {
		t.Errorf("state %s", c.State)
	}
}

// What nobody has taken is sealed to keys that are deleted in time: a snapshot
// must not outlive them.
func TestSnapshotHasOnlyWhatCasesHold(t *testing.T) {
	o, x, _ := busy(t)
	b, err := os.ReadFile(x.snapshot())
	if err != nil {
		t.Fatal(err)
	}
	parts, err := review.SnapshotParts(o.Nino.Key, b)
	if err != nil {
		t.Fatal(err)
	}
	plain := bytes.Join(parts, nil)
	if !bytes.Contains(plain, []byte("kestrel")) || bytes.Contains(plain, []byte("heron")) || bytes.Contains(plain, []byte("PRACTICE waits")) {
		t.Error("the snapshot has what is not in a case, or lacks what is")
	}
}

func TestSnapshotThatDoesNotHoldIsPassedBy(t *testing.T) {
	o, x, _ := busy(t)
	good, err := os.ReadFile(x.snapshot())
	if err != nil {
		t.Fatal(err)
	}
	parts, err := review.SnapshotParts(o.Nino.Key, good)
	if err != nil {
		t.Fatal(err)
	}
	me := o.Nino.Key
	like := func(from seal.KeyFile, file []byte, to seal.KeyFile, parts [][]byte, change func(*int, *string)) []byte {
		t.Helper()
		b, err := review.SnapshotLike(from, file, to, parts, change)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	resealed := func(change func(parts [][]byte) [][]byte) []byte {
		var own [][]byte
		for _, p := range parts {
			own = append(own, bytes.Clone(p))
		}
		return like(me, good, me, change(own), nil)
	}
	another, err := seal.NewPerson(o.Nino.ID(), "Somebody else")
	if err != nil {
		t.Fatal(err)
	}
	// Of another feed, by the same person.
	o2 := reviewtest.New(t)
	o2.Send("street", nil)
	y := newPlace(t, o2, o2.Nino)
	w := y.open(true)
	sync(t, w)
	w.Close()
	elsewhere, err := os.ReadFile(y.snapshot())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := review.SnapshotParts(o2.Nino.Key, elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	twice := like(me, good, me, parts, nil)
	for name, bad := range map[string][]byte{
		"cut": good[:len(good)-1], "nothing": {}, "somebody else's": like(me, good, another, parts, nil),
		"another feed's": like(o2.Nino.Key, elsewhere, me, theirs, nil), "of two files": append(bytes.Clone(twice[:len(twice)/2]), good[len(good)/2:]...),
		"another version": like(me, good, me, parts, func(v *int, _ *string) { *v = 2 }), "another root": like(me, good, me, parts, func(_ *int, r *string) { *r += "x" }),
		"cut inside":  resealed(func(p [][]byte) [][]byte { p[1] = p[1][:len(p[1])-1]; return p }),
		"more inside": resealed(func(p [][]byte) [][]byte { p[0] = append(p[0], 0); return p }),
		"no JSON": resealed(func(p [][]byte) [][]byte {
			p[1] = bytes.Replace(p[1], []byte(`"Entry":{`), []byte(`"Entry":[`), 1)
			return p
		}),
	} {
		if err := os.WriteFile(x.snapshot(), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		w, cold := x.open(false), x.cold()
		if w.Snapped() != 0 {
			t.Errorf("%s: it was taken", name)
		}
		if err := review.Same(w, cold); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		cold.Close()
		if err := w.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w = x.open(false)
		if w.Snapped() == 0 {
			t.Errorf("%s: it was not made anew", name)
		}
		w.Close()
	}
	review.AsProgram(func() {
		w := x.open(false)
		if w.Snapped() != 0 {
			t.Error("another program's was taken")
		}
		w.Close()
	})
	// Another key, which may open what could not be opened.
	id, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	x.p.Key.Intake = append(x.p.Key.Intake, seal.IntakeKey{Epoch: 202612, Identity: id, From: "2026-12-01", Until: "2027-01-15"})
	w = x.open(false)
	if w.Snapped() != 0 {
		t.Error("one that was made with other keys was taken")
	}
	w.Close()
}

// A field that is new must be written down, or be one that is made anew.
func TestSnapshotKnowsEveryField(t *testing.T) {
	want := map[string][]string{
		"index": {"pos", "at", "rosters", "revoked", "deposits", "order", "journals", "taken", "blobs", "lacking", "broken", "genuine", "odd", "clusters", "shown", "places",
			"figs", "releases", "today", "signs", "lists", "erasures", "withheld"},
		"journal": {"id", "n", "head", "next", "pos", "refs", "keys", "proven", "granted", "epoch", "named", "shared", "beyond", "lastRoster", "entries", "claims", "unread", "problems"},
		"read":    {"Entry", "pos", "day", "roster", "epoch", "grants", "claims", "claim", "report", "follows", "unfit", "count", "counted", "boxes"},
		"deposit": {"id", "pos", "desk", "day", "byHand", "claimed", "standing", "reason", "alarm", "report", "follow", "text"},
	}
	if diff := cmp.Diff(want, review.Written()); diff != "" {
		t.Errorf("write what is new into warm.go, then here:\n%s", diff)
	}
}

func FuzzThaw(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x02{}"))
	f.Add([]byte("\x0d{\"Entries\":1}\x0f{\"Report\":true}\x02{}"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\x7f{}"))
	f.Fuzz(func(t *testing.T, b []byte) { _ = review.Thaw(b) })
}

// A kill loses no more of the work of opening than a little.
func TestKeepWarmWaitsUntilItIsMuch(t *testing.T) {
	_, x, _ := busy(t)
	if err := os.Remove(x.snapshot()); err != nil {
		t.Fatal(err)
	}
	w := x.open(false)
	defer w.Close()
	if err := w.KeepWarm(ctx); err != nil || w.Snapped() != 0 {
		t.Errorf("a few records were written down at once: %v", err)
	}
}
