package review_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// erasable is a case with a file, an answer and later messages, which Nino holds.
func erasable(t *testing.T, o *reviewtest.Org, w *review.Workstation) (*reviewtest.Sent, [][]byte, vault.ID) {
	t.Helper()
	var blobs [][]byte
	s := o.Send("street", func(r *seal.Report) {
		r.Answers.Story = "PRACTICE cormorant"
		blobs = reviewtest.Attach(o, r, "image/png", bytes.Repeat([]byte("PRACTICE picture"), 600))
	})
	s.Say(seal.Message{Text: "PRACTICE plover", Attachments: []seal.BlobNames{{N: 0, Blobs: s.Deliver(blobs)}}})
	sync(t, w)
	id, err := w.Take(ctx, s.Deposit)
	if err == nil {
		err = w.Answer(ctx, id, "PRACTICE answered", 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, blobs, id
}

// propose has the first person propose to erase a case, and gives what the
// second is to agree to.
func propose(t *testing.T, w *review.Workstation, id vault.ID) vault.ID {
	t.Helper()
	if err := w.Propose(ctx, id, review.Erase, "PRACTICE reason-in-words"); err != nil {
		t.Fatal(err)
	}
	return waits(w, id)
}

func isErased(t *testing.T, w *review.Workstation, id vault.ID) {
	t.Helper()
	if _, err := w.View().Case(id); !errors.Is(err, review.ErrErased) {
		t.Errorf("not erased: %v", err)
	}
	if a := w.View().Alarms; len(a) > 0 {
		t.Errorf("alarms: %v", a)
	}
	if err := review.FromNothing(w); err != nil {
		t.Error(err)
	}
}

// ciphertexts are all bytes that a store has of a case, as a thief looks for them.
func ciphertexts(t *testing.T, s vault.Store, id vault.ID, blobs [][]byte) (out [][]byte) {
	t.Helper()
	appends, err := s.Appends(ctx, id, 0)
	if err != nil {
		t.Fatal(err)
	}
	middle := func(b []byte) { out = append(out, b[len(b)/2:len(b)/2+64]) }
	for _, a := range appends {
		middle(a.Entry.Sealed)
		for _, g := range a.Grants {
			middle(g.Body)
		}
		for _, r := range a.Replies {
			middle(r.Slot)
		}
		for _, c := range a.Claims {
			d, _, err := s.Deposit(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			middle(d.Report)
		}
	}
	for _, b := range blobs {
		middle(b)
	}
	return out
}

// lies counts those of the byte strings that lie in some file under dir.
func lies(t *testing.T, dir string, what [][]byte) (n int) {
	t.Helper()
	there := make([]bool, len(what))
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		for i, x := range what {
			there[i] = there[i] || bytes.Contains(b, x)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, yes := range there {
		if yes {
			n++
		}
	}
	return n
}

// attack 31: an old workstation, and whoever holds an old backup, offer again
// what was erased, piece by piece. None of it is stored, for a phone it looks as
// if all had arrived, and it goes from the old workstation's disk.
func TestAttack31ErasedStaysErased(t *testing.T) {
	o := reviewtest.New(t)
	x := newPlace(t, o, o.Nino)
	w, ana := x.open(true), o.Workstation(o.Ana, nil)
	s, blobs, id := erasable(t, o, w)
	keep := o.Send("street", nil)
	old := newPlace(t, o, o.Ana) // a second laptop of hers
	oldW := old.open(true)
	sync(t, oldW)
	if err := oldW.Close(); err != nil {
		t.Fatal(err)
	}
	p := propose(t, w, id)
	sync(t, ana)
	thief := ciphertexts(t, o.Store, id, blobs)
	backup, _ := o.Store.(vault.Reader).Feed(ctx, 0, 1000)
	var contents [][]byte
	for _, r := range backup {
		b, err := o.Store.Object(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, b)
	}
	if err := ana.Agree(ctx, id, p); err != nil {
		t.Fatal(err)
	}
	sync(t, w)
	isErased(t, w, id)
	isErased(t, ana, id)
	head, err := o.Store.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}

	client := o.Client(o.Nino, nil)
	for i, r := range backup {
		switch r.Kind {
		case vault.KindDeposit:
			d, err := vault.ParseDeposit(contents[i])
			if err != nil {
				t.Fatal(err)
			}
			if a, err := o.Store.PutDeposit(ctx, d); err != nil || a.New || a.Day != r.Day || a.ID != r.ID || a.Ticket == "" {
				t.Errorf("a phone that sends again gets %+v, %v", a, err)
			}
		case vault.KindAppend:
			a, err := vault.ParseAppend(contents[i])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Append(ctx, a); a.Entry.Journal == id && !errors.Is(err, vault.ErrErased) {
				t.Errorf("an entry of it: %v", err)
			}
		}
	}
	if missing, err := o.Store.MissingBlobs(ctx, s.Ticket, []vault.ID{vault.Sum(blobs[0])}); err != nil || len(missing) > 0 {
		t.Errorf("a phone is asked for %d blobs: %v", len(missing), err)
	}
	again := o.Send("street", nil) // and the same file with another report
	for _, ticket := range []string{s.Ticket, again.Ticket} {
		if created, err := o.Store.PutBlob(ctx, ticket, vault.Sum(blobs[0]), blobs[0]); err != nil || created {
			t.Errorf("its blob: %v %v", created, err)
		}
	}
	if after, err := o.Store.FeedHead(ctx); err != nil || after.Pos != head.Pos+1 { // the other report
		t.Errorf("the feed went from %d to %d: %v", head.Pos, after.Pos, err)
	}

	// The old laptop comes back: it has all of it until it syncs.
	oldW = old.open(true)
	find(t, oldW, id)
	sync(t, oldW)
	isErased(t, oldW, id)
	find(t, oldW, keep.Deposit)
	for _, w := range []*review.Workstation{oldW, w} {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, place := range []*place{old, x} {
		w := place.open(false) // compacts the replica
		isErased(t, w, id)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if n := lies(t, place.dir, thief); n > 0 {
			t.Errorf("%d of %d parts lie in a workstation's folder", n, len(thief))
		}
	}
	// The server's own folder, compacted. The reason in words never came here.
	o.Restore()
	o.Stop()
	if err := vault.CompactBolt(o.StoreDir); err != nil {
		t.Fatal(err)
	}
	if n := lies(t, o.StoreDir, append(thief, []byte("reason-in-words"))); n > 0 {
		t.Errorf("%d parts lie in the server's folder", n)
	}
}

// attack 12: the server tells of an erasure that two people who hold the case
// did not sign. The workstation keeps all of it and says so.
func TestAttack12ForgedErasure(t *testing.T) {
	o := reviewtest.New(t)
	w := o.Workstation(o.Nino, nil)
	sign := func(e vault.Erasure, who ...*reviewtest.Person) vault.Erasure {
		for i, p := range who {
			sig, err := roster.SignErasure(e, p.Key.Signing)
			if err != nil {
				t.Fatal(err)
			}
			e.Signed[i] = vault.ErasureSignature{By: p.ID(), Sig: sig}
		}
		return e
	}
	_, _, other := erasable(t, o, w)
	otherHead, err := o.Store.Head(ctx, other)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for name, forge := range map[string]func(e vault.Erasure) vault.Erasure{
		"no signatures": func(e vault.Erasure) vault.Erasure {
			e.Signed[0].By, e.Signed[1].By = o.Nino.ID(), o.Ana.ID()
			return e
		},
		"one signer under two names": func(e vault.Erasure) vault.Erasure {
			e = sign(e, o.Nino, o.Nino)
			e.Signed[1].By = o.Ana.ID()
			return e
		},
		"a signer without a grant": func(e vault.Erasure) vault.Erasure { return sign(e, o.Nino, o.Luka) },
		"a signer without a grant, and entries under both names": func(e vault.Erasure) vault.Erasure {
			entry := vault.Entry{Journal: e.Journal, Epoch: 1, Seq: e.Seq, Prev: e.After}
			for _, by := range []*reviewtest.Person{o.Nino, o.Luka} {
				entry.Seq, entry.Sealed = entry.Seq+1, []byte("made up")
				if _, err := o.Store.Append(ctx, by.ID(), vault.Append{Entry: entry}); err != nil {
					t.Fatal(err)
				}
				entry.Prev = entry.ID()
			}
			sync(t, w) // or they came as gone, with the erasure
			return sign(e, o.Nino, o.Luka)
		},
		"two who work on no cases": func(e vault.Erasure) vault.Erasure { return sign(e, o.Mari, o.Keti) },
		"the statement of another case": func(e vault.Erasure) vault.Erasure {
			x := e
			x.Journal, x.Seq, x.After = other, otherHead.Seq, otherHead.Entry
			x = sign(x, o.Nino, o.Ana)
			e.Signed = x.Signed
			return e
		},
	} {
		s, _, id := erasable(t, o, w)
		head, err := o.Store.Head(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		outline, err := o.Store.Outline(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		// The server itself is the attacker: it puts what no client could.
		if _, err := o.Store.PutErasure(ctx, "", forge(vault.Erasure{Journal: id, Seq: head.Seq, After: head.Entry, Deposits: outline.Claims})); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n++
		sync(t, w)
		c := find(t, w, id)
		if a := w.View().Alarms; len(a) != n || !strings.Contains(a[0], "does not hold") {
			t.Errorf("%s: alarms %v", name, a)
		}
		if c.Report.ID != s.Report.ID || len(c.FollowUps) != 1 {
			t.Errorf("%s: the case is not whole: %v", name, c.Problems)
		}
		if b, _, err := w.Attachment(ctx, id, 0); err != nil || len(b) == 0 {
			t.Errorf("%s: its file: %v", name, err)
		}
	}
	find(t, w, other)
}

// A proposal that was taken back can't be completed by one of the two, nor can
// it after something was written; and a replay does nothing more.
func TestTakenBackProposalErasesNothing(t *testing.T) {
	o := reviewtest.New(t)
	w, ana := o.Workstation(o.Nino, nil), o.Workstation(o.Ana, nil)
	_, _, id := erasable(t, o, w)
	p := propose(t, w, id)
	c := find(t, w, id)
	e, err := review.StatementOf(c, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Decline(ctx, id, p, "PRACTICE: not after all"); err != nil {
		t.Fatal(err)
	}
	sig, err := roster.SignErasure(e, o.Ana.Key.Signing)
	if err != nil {
		t.Fatal(err)
	}
	e.Signed[1] = vault.ErasureSignature{By: o.Ana.ID(), Sig: sig}
	client := o.Client(o.Ana, nil)
	if err := client.PutErasure(ctx, e); !errors.Is(err, vault.ErrConflict) {
		t.Errorf("right after it was taken back: %v", err)
	}
	sync(t, ana)
	if err := ana.AddNote(ctx, id, review.Note{Text: "PRACTICE"}); err != nil {
		t.Fatal(err)
	}
	if err := client.PutErasure(ctx, e); !errors.Is(err, vault.ErrConflict) {
		t.Errorf("with an entry of her own: %v", err)
	}
	sync(t, w)
	find(t, w, id)
}

// withhold lets nothing through to a path, or its answer not back.
type withhold struct {
	path         string
	asked, after atomic.Bool
}

func (x *withhold) RoundTrip(r *http.Request) (*http.Response, error) {
	hit := strings.HasSuffix(r.URL.Path, x.path)
	if hit && x.asked.Load() {
		return nil, errors.New("network is unreachable")
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if hit && err == nil && x.after.Load() {
		res.Body.Close()
		return nil, errors.New("network is unreachable")
	}
	return res, err
}

// The second person agrees on a train; her computer loses power before the
// statement has gone, and its answer once more after: it goes once.
func TestErasureAgreedOffline(t *testing.T) {
	o := reviewtest.New(t)
	w := o.Workstation(o.Nino, nil)
	_, _, id := erasable(t, o, w)
	x := newPlace(t, o, o.Ana)
	ana := x.open(true)
	sync(t, ana)
	p := propose(t, w, id)
	sync(t, ana)
	x.net.out.Store(true)
	kept(t, ana.Agree(ctx, id, p))
	kept(t, ana.AddNote(ctx, id, review.Note{Text: "PRACTICE waits behind it"}))
	if got := ana.Waiting(); len(got) != 2 || got[0].Kind != "agree" {
		t.Fatalf("%+v", got)
	}
	killed := newPlace(t, o, o.Ana) // what a kill leaves: the folder as it is
	if err := os.CopyFS(filepath.Join(killed.dir, "k"), os.DirFS(x.dir)); err != nil {
		t.Fatal(err)
	}
	killed.dir = filepath.Join(killed.dir, "k")
	ana.Close()

	net := &withhold{path: "/erasures"}
	net.asked.Store(true)
	open := func() *review.Workstation {
		t.Helper()
		w, err := review.Open(ctx, review.Config{Dir: killed.dir, Key: o.Ana.Key, Root: o.Roster.Fingerprint(), Clock: o.Clock.Now,
			Client: o.Client(o.Ana, &http.Client{Transport: net, Timeout: 10 * time.Second})})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	ana = open()
	short, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_ = ana.Sync(short, nil)
	ana.Close()
	net.asked.Store(false)
	net.after.Store(true)
	ana = open()
	_ = ana.Sync(short, nil)
	net.after.Store(false)
	sync(t, ana)
	if got := ana.Waiting(); len(got) > 0 {
		t.Errorf("still waits: %+v", got)
	}
	isErased(t, ana, id)
	if err := ana.Close(); err != nil {
		t.Fatal(err)
	}
	sync(t, w)
	isErased(t, w, id)
	records, err := o.Store.Feed(ctx, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range records {
		if r.Kind == vault.KindErasure {
			n++
		}
	}
	if n != 1 {
		t.Errorf("erased %d times", n)
	}
}

// Who was away while it was written and erased, who works elsewhere, and who is
// new: none is alarmed, none keeps any of it, and the snapshot lets go of it.
func TestErasureReachesEverybody(t *testing.T) {
	o := reviewtest.New(t)
	x := newPlace(t, o, o.Nino)
	w, ana, luka := x.open(true), o.Workstation(o.Ana, nil), o.Workstation(o.Luka, nil)
	s, _, id := erasable(t, o, w)
	half := newPlace(t, o, o.Ana)
	away := half.open(true)
	sync(t, away)
	away.Close() // with a snapshot that has the beginning
	if err := w.AddNote(ctx, id, review.Note{Text: "PRACTICE later"}); err != nil {
		t.Fatal(err)
	}
	sync(t, luka)
	p := propose(t, w, id)
	sync(t, ana)
	if err := ana.Agree(ctx, id, p); err != nil {
		t.Fatal(err)
	}
	sync(t, w)
	sync(t, luka)
	away = half.open(true)
	if away.Snapped() == 0 {
		t.Error("opened without its snapshot")
	}
	sync(t, away)
	fresh := o.Workstation(o.Nino, nil)
	for _, w := range []*review.Workstation{w, ana, luka, away, fresh} {
		isErased(t, w, id)
		isErased(t, w, s.Deposit)
	}
	away.Close()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(x.snapshot())
	if err == nil {
		parts, err := review.SnapshotParts(o.Nino.Key, b)
		if err != nil || bytes.Contains(bytes.Join(parts, nil), []byte("cormorant")) || bytes.Contains(bytes.Join(parts, nil), []byte("plover")) {
			t.Errorf("the snapshot has the case: %v", err)
		}
	}
	w = x.open(false)
	if w.Snapped() == 0 {
		t.Error("no snapshot was made anew")
	}
	isErased(t, w, id)
	w.Close()
}

// The server lets go what nobody took: workstations follow where the list of
// people says so, and not before its time.
func TestExpiryIsChecked(t *testing.T) {
	o := reviewtest.New(t)
	w, early := o.Workstation(o.Nino, nil), o.Workstation(o.Ana, nil)
	s := o.Send("street", nil)
	held := o.Send("street", nil)
	sync(t, w)
	sync(t, early)
	if _, err := w.Take(ctx, held.Deposit); err != nil {
		t.Fatal(err)
	}
	for range 190 {
		o.Clock.Advance(24 * time.Hour)
		o.Store.PutRevocation(ctx, "", vault.Revocation{Person: "p-00000000000000ee", JSON: []byte(o.Clock.Now().String())}) // something each day
	}
	if got, err := o.Store.Expire(ctx, vault.Keep{Unclaimed: 100}, false); err != nil || got.Deposits != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	sync(t, review.Signed(w, o.Client(o.Nino, nil)))
	if _, err := w.View().Case(s.Deposit); !errors.Is(err, review.ErrNoCase) {
		t.Errorf("still there: %v", err)
	}
	find(t, w, held.Deposit)

	// A server whose word is that it is half a year later.
	o2 := reviewtest.New(t)
	w2 := o2.Workstation(o2.Nino, nil)
	s2 := o2.Send("street", nil)
	sync(t, w2)
	for range 100 {
		o2.Clock.Advance(24 * time.Hour)
		o2.Store.PutRevocation(ctx, "", vault.Revocation{Person: "p-00000000000000ee", JSON: []byte(o2.Clock.Now().String())})
	}
	if got, err := o2.Store.Expire(ctx, vault.Keep{Unclaimed: 20}, false); err != nil || got.Deposits != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	sync(t, review.Signed(w2, o2.Client(o2.Nino, nil)))
	find(t, w2, s2.Deposit)
	if a := w2.View().Alarms; len(a) != 1 || !strings.Contains(a[0], "more time") {
		t.Errorf("alarms %v", a)
	}

	// One that puts old days behind a report of today.
	o3 := reviewtest.New(t)
	w3 := o3.Workstation(o3.Nino, nil)
	o3.Clock.Advance(300 * 24 * time.Hour)
	s3 := o3.Send("street", nil)
	sync(t, review.Signed(w3, o3.Client(o3.Nino, nil)))
	o3.Clock.Advance(-300 * 24 * time.Hour)
	for i := range 8 {
		o3.Store.PutRevocation(ctx, "", vault.Revocation{Person: "p-00000000000000ee", JSON: []byte{byte(i)}})
	}
	o3.Clock.Advance(300 * 24 * time.Hour)
	for i := range 20 {
		o3.Store.PutRevocation(ctx, "", vault.Revocation{Person: "p-00000000000000ef", JSON: []byte{byte(i)}})
	}
	if got, err := o3.Store.Expire(ctx, vault.Keep{Unclaimed: 200}, false); err != nil || got.Deposits != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	sync(t, review.Signed(w3, o3.Client(o3.Nino, nil)))
	find(t, w3, s3.Deposit)
	if a := w3.View().Alarms; len(a) != 1 || !strings.Contains(a[0], "more time") {
		t.Errorf("alarms %v", a)
	}
}
