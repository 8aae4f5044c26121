package review_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/seal"
)

// cable is a network that can be pulled out.
type cable struct{ out atomic.Bool }

func (c *cable) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.out.Load() {
		return nil, errors.New("network is unreachable")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// place is a folder with a workstation, which may be opened again.
type place struct {
	t   *testing.T
	o   *reviewtest.Org
	p   *reviewtest.Person
	dir string
	net cable
}

func (x *place) open(online bool) *review.Workstation {
	x.t.Helper()
	cfg := review.Config{Dir: x.dir, Key: x.p.Key, Root: x.o.Roster.Fingerprint(), Clock: x.o.Clock.Now}
	if online {
		cfg.Client = x.o.Client(x.p, &http.Client{Transport: &x.net, Timeout: 10 * time.Second})
	}
	w, err := review.Open(ctx, cfg)
	if err != nil {
		x.t.Fatal(err)
	}
	return w
}

func newPlace(t *testing.T, o *reviewtest.Org, p *reviewtest.Person) *place {
	return &place{t: t, o: o, p: p, dir: t.TempDir()}
}

// kept checks that an action waits.
func kept(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, review.ErrKept) {
		t.Fatalf("without a network: %v, want ErrKept", err)
	}
}

// notes are the texts of a case's notes.
func notes(c *review.Case) (out []string) {
	for _, e := range c.Entries {
		if e.Kind == "note" {
			out = append(out, e.Note.Text)
		}
	}
	return out
}

func TestWhatIsDoneOfflineGoesLater(t *testing.T) {
	o := reviewtest.New(t)
	s, other := o.Send("street", nil), o.Send("street", nil)
	x := newPlace(t, o, o.Nino)
	w := x.open(true)
	sync(t, w)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	x.net.out.Store(true)
	_, err := w.Take(ctx, other.Deposit)
	kept(t, err)
	kept(t, w.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: heard in court by the alder"}))
	kept(t, w.SetState(ctx, s.Deposit, review.Change{To: review.InReview}))
	kept(t, w.Answer(ctx, s.Deposit, "PRACTICE: we are with you", 0))
	kept(t, w.SetCoding(ctx, s.Deposit, reviewtest.Coding("extortion"), o.Book(), &vault.ID{}))
	kept(t, w.Withdraw(ctx, s.Deposit, []string{"legal-help"}))
	kept(t, w.LinkPerson(ctx, s.Deposit, review.NewPersonKey(), review.RoleAffected, "tall one"))
	kept(t, w.HandOver(ctx, s.Deposit, o.Ana.ID(), "PRACTICE", "PRACTICE"))
	kept(t, w.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: a mistake"}))
	if err := w.SetState(ctx, s.Deposit, review.Change{To: review.Closed, Close: "lost-contact"}); !errors.Is(err, review.ErrKept) {
		t.Errorf("what depends on what waits: %v", err)
	}

	// What can't be is refused at once, and does not wait.
	for name, err := range map[string]error{
		"an empty note":        w.AddNote(ctx, other.Deposit, review.Note{}),
		"a case not taken":     w.SetState(ctx, other.Deposit, review.Change{To: review.Closed}),
		"a case of nobody":     w.AddNote(ctx, vault.ID{1}, review.Note{Text: "x"}),
		"counting, that can't": w.Count(ctx, s.Deposit),
	} {
		if err == nil || errors.Is(err, review.ErrKept) {
			t.Errorf("%s: %v", name, err)
		}
	}
	waits := w.Waiting()
	if len(waits) != 10 {
		t.Fatalf("%d wait: %+v", len(waits), waits)
	}
	mistake := waits[8]
	if mistake.Kind != "note" || mistake.Doing.Note.Text != "PRACTICE: a mistake" || mistake.Stopped != "" {
		t.Fatalf("the ninth is %+v", mistake)
	}
	for range 2 {
		if err := w.Forget(mistake.ID); err != nil {
			t.Errorf("taking one back: %v", err)
		}
	}

	// Ended and begun again, still without a network.
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	x.net.out.Store(false)
	on := x.open(false)
	if got := on.Waiting(); len(got) != 9 || got[1].Doing.Note.Text != "PRACTICE: heard in court by the alder" || !got[1].Made.Equal(waits[1].Made) {
		t.Errorf("after its end %d wait: %+v", len(got), got)
	}
	on.Close()
	onlySealed(t, x.dir, "alder", "we are with you", "tall one", "extortion")

	// Meanwhile a colleague worked on the same case: what waits goes after hers.
	ana := o.Workstation(o.Ana, nil)
	if err := ana.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: Ana was quicker"}); err != nil {
		t.Fatal(err)
	}
	if _, err := ana.Take(ctx, other.Deposit); err != nil {
		t.Fatal(err)
	}
	w = x.open(true)
	defer w.Close()
	sync(t, w)
	c := find(t, w, s.Deposit)
	if got := notes(c); strings.Join(got, "|") != "PRACTICE: Ana was quicker|PRACTICE: heard in court by the alder" {
		t.Errorf("notes are %q", got)
	}
	if c.State != review.Closed || c.Holder != o.Ana.ID() || c.Coding == nil || c.Agreed("legal-help") || len(c.People) != 1 || !c.Answered() || len(c.Problems) > 0 {
		t.Errorf("the case is %+v", c)
	}
	left := w.Waiting()
	if len(left) != 1 || left[0].Kind != "claim" || left[0].Stopped != "Advocate Ana has taken this case." {
		t.Fatalf("left is %+v", left)
	}
	if err := w.TryAgain(left[0].ID); err != nil || w.Waiting()[0].Stopped != "" {
		t.Errorf("trying again: %v", err)
	}
	sync(t, w)
	if left = w.Waiting(); len(left) != 1 || left[0].Stopped == "" {
		t.Errorf("after trying again: %+v", left)
	}
	if err := errors.Join(w.Forget(left[0].ID), w.TryAgain(left[0].ID)); err != nil || len(w.Waiting()) != 0 {
		t.Errorf("taking back what stopped: %v", err)
	}
	ana2 := find(t, o.Workstation(o.Ana, nil), s.Deposit)
	if len(ana2.Problems) > 0 || len(notes(ana2)) != 2 {
		t.Errorf("a colleague sees %+v", ana2.Problems)
	}
}

// onlySealed looks through every file under dir for words.
func onlySealed(t *testing.T, dir string, words ...string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		for _, word := range words {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("%s has %q", d.Name(), word)
			}
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("looking through %d files: %v", files, err)
	}
}

// An answer that waits is not sent past what the person said meanwhile, and
// what was to follow it in the case waits too.
func TestWaitingAnswerStopsAtANewMessage(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	x := newPlace(t, o, o.Nino)
	w := x.open(true)
	defer w.Close()
	sync(t, w)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	x.net.out.Store(true)
	kept(t, w.Answer(ctx, s.Deposit, "PRACTICE: call us", 0))
	kept(t, w.SetState(ctx, s.Deposit, review.Change{To: review.InReview}))
	s.Say(seal.Message{Text: "PRACTICE: do not call"})
	x.net.out.Store(false)
	sync(t, w)
	left := w.Waiting()
	if len(left) != 2 || !strings.Contains(left[0].Stopped, "read it, then send your answer") || left[1].Stopped != "" {
		t.Fatalf("left is %+v", left)
	}
	if c := find(t, w, s.Deposit); c.State != review.Triage || c.Answered() {
		t.Errorf("the case went on: %s", c.State)
	}
	if err := w.Forget(left[0].ID); err != nil {
		t.Fatal(err)
	}
	sync(t, w)
	if c := find(t, w, s.Deposit); c.State != review.InReview || len(w.Waiting()) != 0 {
		t.Errorf("what came after: %s, %d wait", c.State, len(w.Waiting()))
	}
}

// The server lost the answer, not the action: it waits, can't be taken back
// while nobody knows, and happens once.
func TestUnsureActionWaits(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	lossy := &swallow{inner: http.DefaultTransport}
	w := o.Workstation(o.Nino, &http.Client{Transport: lossy, Timeout: 10 * time.Second})
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	lossy.left = 100
	err := w.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: once"})
	kept(t, err)
	if !errors.Is(err, review.ErrUnsure) {
		t.Errorf("an answer that was lost: %v", err)
	}
	if err := w.Forget(w.Waiting()[0].ID); !errors.Is(err, review.ErrUnsure) || len(w.Waiting()) != 1 {
		t.Errorf("taking back what may have arrived: %v", err)
	}
	// Another note, while nobody knows of the first, is another one.
	kept(t, w.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: another"}))
	lossy.mu.Lock()
	lossy.left = 0
	lossy.mu.Unlock()
	sync(t, w)
	if got := notes(find(t, w, s.Deposit)); !slices.Equal(got, []string{"PRACTICE: once", "PRACTICE: another"}) || len(w.Waiting()) != 0 {
		t.Errorf("notes %q, %d wait", got, len(w.Waiting()))
	}
	if err := w.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: once"}); err != nil {
		t.Fatal(err)
	}
	if got := notes(find(t, w, s.Deposit)); len(got) != 3 {
		t.Errorf("the same words meant a second time are %q", got)
	}
}

func TestDamagedWaitingIsToldAndKept(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	x := newPlace(t, o, o.Nino)
	w := x.open(true)
	sync(t, w)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	x.net.out.Store(true)
	kept(t, w.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: waits"}))
	w.Close()
	path := filepath.Join(x.dir, "waiting-"+o.Nino.ID()+".age")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := seal.NewPerson(o.Nino.ID(), "Somebody else")
	if err != nil {
		t.Fatal(err)
	}
	others, err := forged.SealOwn("waiting", []byte(`{"v":1,"wishes":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"cut": good[:len(good)-1], "empty": {}, "somebody else's": others, "huge": make([]byte, 17<<20)} {
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		w := x.open(false)
		if a := strings.Join(w.View().Alarms, " "); !strings.Contains(a, "What waited on this computer") {
			t.Errorf("%s: alarms %q", name, a)
		}
		err := w.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: more"})
		if errors.Is(err, review.ErrKept) || !errors.Is(err, review.ErrOffline) {
			t.Errorf("%s: %v", name, err)
		}
		w.Close()
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, bad) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

// killChild is set in the process that is killed: what it is to do.
const killChild = "PEERWITNESS_TEST_KILL"

// TestKilledChild is no test by itself: it is the process that the next ones kill.
func TestKilledChild(t *testing.T) {
	what := os.Getenv(killChild)
	if what == "" {
		t.Skip("runs as a process of its own")
	}
	at, err := time.Parse(time.RFC3339, os.Getenv("T_AT"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(os.Getenv("T_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.OpenKeyFile(b, "practice")
	if err != nil {
		t.Fatal(err)
	}
	hang := &hangs{what: what}
	client := access.NewClient(os.Getenv("T_URL"), &http.Client{Transport: hang})
	if err := client.SignIn(ctx, key.Person, key.Signing, os.Getenv("T_CODE"), at); err != nil {
		t.Fatal(err)
	}
	w, err := review.Open(ctx, review.Config{Dir: os.Getenv("T_DIR"), Key: key, Client: client, Clock: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	sync(t, w)
	hang.on.Store(true)
	id := w.View().Cases[0].ID
	err = w.AddNote(ctx, id, review.Note{Text: "PRACTICE: kept through a kill"})
	if !errors.Is(err, review.ErrKept) {
		t.Fatalf("without a network: %v", err)
	}
	if what == "offline" {
		say("READY")
		select {}
	}
	hang.offline.Store(false)
	w.Sync(ctx, nil) // hangs in the middle
	t.Fatal("went on")
}

func say(s string) { fmt.Println(s) }

// hangs is a network that, once on, is away; and that, given back, lets an append
// through to the server, or up to it, and never answers.
type hangs struct {
	what    string
	on      atomic.Bool
	offline atomic.Bool
	once    atomic.Bool
}

func (h *hangs) RoundTrip(r *http.Request) (*http.Response, error) {
	if h.on.Load() && h.once.CompareAndSwap(false, true) {
		h.offline.Store(true)
	}
	switch {
	case h.offline.Load():
		return nil, errors.New("network is unreachable")
	case h.on.Load() && strings.HasSuffix(r.URL.Path, "/append"):
		if h.what == "placed" {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil || resp.StatusCode != http.StatusCreated {
				say("FAILED")
			}
		}
		say("READY")
		select {}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// The process is killed while an action waits, right before it goes, and right
// after the server took it. In each case the action is done once.
func TestKilledWhileActionsWait(t *testing.T) {
	for _, what := range []string{"offline", "before", "placed"} {
		t.Run(what, func(t *testing.T) {
			o := reviewtest.New(t)
			s := o.Send("street", nil)
			x := newPlace(t, o, o.Nino)
			w := x.open(true)
			sync(t, w)
			if _, err := w.Take(ctx, s.Deposit); err != nil {
				t.Fatal(err)
			}
			w.Close()
			key := filepath.Join(t.TempDir(), "nino.key")
			if err := review.SaveKeyFile(key, o.Nino.Key, "practice", 2); err != nil {
				t.Fatal(err)
			}
			code := o.Code(o.Nino)
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestKilledChild$")
			cmd.Env = append(os.Environ(), killChild+"="+what, "T_DIR="+x.dir, "T_KEY="+key, "T_URL="+o.URL, "T_CODE="+code, "T_AT="+o.Clock.Now().Format(time.RFC3339))
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			watchdog := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
			said, ready := "", false
			for lines := bufio.NewScanner(out); !ready && lines.Scan(); {
				said += lines.Text() + "\n"
				ready = lines.Text() == "READY"
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
			watchdog.Stop()
			io.Copy(io.Discard, out)
			cmd.Wait() // killed: no news
			if !ready || strings.Contains(said, "FAILED") {
				t.Fatalf("the process said:\n%s", said)
			}
			w = x.open(true)
			defer w.Close()
			if got := w.Waiting(); len(got) != 1 || got[0].Doing.Note.Text != "PRACTICE: kept through a kill" {
				t.Fatalf("after the kill %d wait", len(got))
			}
			sync(t, w)
			sync(t, w)
			if got := notes(find(t, w, s.Deposit)); len(got) != 1 || len(w.Waiting()) != 0 {
				t.Errorf("the note stands %d times, and %d wait", len(got), len(w.Waiting()))
			}
		})
	}
}

// What was kept by an older program, or by a later one, is read or refused.
func FuzzWaiting(f *testing.F) {
	f.Add([]byte(`{"v":1,"wishes":[]}`))
	f.Add([]byte(`{"v":1,"wishes":[{"id":"a","case":"` + strings.Repeat("ab", 32) + `","kind":"note","made":"2026-11-23T09:00:00Z","data":{"text":"x"},"sent":"AA=="}]}`))
	f.Add([]byte(`{"v":1,"wishes":[{"id":"a","case":"` + strings.Repeat("ab", 32) + `","kind":"later","data":{}}]}`))
	f.Add([]byte(`{"v":1,"wishes":[{"id":"a","case":"` + strings.Repeat("ab", 32) + `","kind":"claim","data":null}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		wishes, again, err := review.ParseWaiting(b)
		if err != nil {
			return
		}
		back, _, err := review.ParseWaiting(again)
		if err != nil || len(back) != len(wishes) {
			t.Fatalf("%q reads as %d, written and read again %d, %v", b, len(wishes), len(back), err)
		}
		for i, w := range wishes {
			if back[i].ID != w.ID || back[i].Case != w.Case || back[i].Kind != w.Kind || !back[i].Made.Equal(w.Made) {
				t.Fatalf("%q: %+v became %+v", b, w, back[i])
			}
		}
	})
}

// A coding that waits does not go over a colleague's unseen; asked again, it does.
func TestWaitingCodingStopsAtAColleagues(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	x := newPlace(t, o, o.Nino)
	w := x.open(true)
	defer w.Close()
	sync(t, w)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	x.net.out.Store(true)
	kept(t, w.SetCoding(ctx, s.Deposit, reviewtest.Coding("extortion"), o.Book(), &vault.ID{}))
	o.CodeCase(o.Workstation(o.Ana, nil), s.Deposit, "arrest")
	x.net.out.Store(false)
	sync(t, w)
	left := w.Waiting()
	if len(left) != 1 || !strings.Contains(left[0].Stopped, "Look at theirs first") || find(t, w, s.Deposit).Coding.Main().Code != "arrest" {
		t.Fatalf("left is %+v", left)
	}
	if err := w.TryAgain(left[0].ID); err != nil {
		t.Fatal(err)
	}
	sync(t, w)
	if c := find(t, w, s.Deposit); c.Coding.Main().Code != "extortion" || len(w.Waiting()) != 0 {
		t.Errorf("after trying again: %s, %d wait", c.Coding.Main().Code, len(w.Waiting()))
	}
}
