package vault_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"peerwitness/vault"
)

// erasedCase fills a store with a case and something beside it, and erases the
// case. It returns what must be nowhere then, and what must still be there.
func erasedCase(t *testing.T, s vault.Store) (gone, kept [][]byte) {
	t.Helper()
	e, gone, kept := agreedCase(t, s)
	if _, err := s.PutErasure(ctx, e.Signed[1].By, e); err != nil {
		t.Fatal(err)
	}
	return gone, kept
}

// agreedCase is the same, before the erasure.
func agreedCase(t *testing.T, s vault.Store) (e vault.Erasure, gone, kept [][]byte) {
	t.Helper()
	report := func(b byte) []byte { return bytes.Repeat([]byte{'R', b, 0xfe, 'x'}, 5000) }
	lost, other := putDeposit(t, s, report(1)), putDeposit(t, s, report(2))
	blob, mine := bytes.Repeat([]byte("BLOB-one"), 3000), bytes.Repeat([]byte("BLOB-two"), 3000)
	putBlob(t, s, lost.Ticket, blob)
	putBlob(t, s, other.Ticket, mine)
	entry := func(prev vault.Entry, sealed string) vault.Append {
		e := vault.Entry{Journal: vault.Sum([]byte("case")), Epoch: 1, Sealed: bytes.Repeat([]byte(sealed), 400)}
		if !prev.Journal.IsZero() {
			e.Seq, e.Prev = prev.Seq+1, prev.ID()
		}
		return vault.Append{Entry: e}
	}
	const ana, berta = "p-00000000000000aa", "p-00000000000000bb"
	a := entry(vault.Entry{}, "SEALED-claim")
	a.Claims = []vault.ID{lost.ID}
	a.Grants = []vault.Grant{{Journal: a.Entry.Journal, Epoch: 1, To: ana, Body: bytes.Repeat([]byte("GRANT"), 300)}}
	a.Replies = []vault.Reply{{Prefix: "01", Slot: bytes.Repeat([]byte("SLOT"), vault.SlotSize/4)}}
	p := entry(a.Entry, "SEALED-propose")
	g := entry(p.Entry, "SEALED-agree")
	for i, x := range []vault.Append{a, p, g} {
		if _, err := s.Append(ctx, []string{ana, ana, berta}[i], x); err != nil {
			t.Fatal(err)
		}
	}
	e = vault.Erasure{Journal: a.Entry.Journal, After: a.Entry.ID(), Deposits: []vault.ID{lost.ID}}
	e.Signed[0].By, e.Signed[1].By = ana, berta
	return e, [][]byte{report(1)[:4000], blob[:4000], []byte("SEALED-claimSEALED"), []byte("SEALED-proposeSEALED"), []byte("SEALED-agreeSEALED"), []byte("GRANTGRANT"), []byte("SLOTSLOT")},
		[][]byte{report(2)[:4000], mine[:4000]}
}

// found tells which of the byte strings any file under dir has.
func found(t *testing.T, dir string, what [][]byte) (out []bool) {
	t.Helper()
	out = make([]bool, len(what))
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		for i, w := range what {
			out[i] = out[i] || bytes.Contains(b, w)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCompactLeavesNothingOfWhatWasErased(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, nil)
	gone, kept := erasedCase(t, s)
	if err := vault.CompactBolt(dir); !errors.Is(err, vault.ErrLocked) {
		t.Fatalf("of an open store: %v", err)
	}
	head, err := s.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if f := found(t, dir, gone); !slices.Contains(f, true) {
		t.Log("free pages held nothing even before") // the search itself is tried on what is kept
	}
	if err := vault.TidyBolt(dir); err != nil {
		t.Fatal(err)
	}
	if f := found(t, dir, gone); slices.Contains(f, true) {
		t.Errorf("still on the disk after compacting: %v", f)
	}
	if f := found(t, dir, kept); slices.Contains(f, false) {
		t.Errorf("lost by compacting: %v", f)
	}
	before, err := os.Stat(filepath.Join(dir, "peerwitness.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := vault.TidyBolt(dir); err != nil { // nothing was taken away since
		t.Fatal(err)
	}
	if after, err := os.Stat(filepath.Join(dir, "peerwitness.db")); err != nil || !os.SameFile(before, after) {
		t.Errorf("compacted without need: %v", err)
	}
	s = openAt(t, dir, nil)
	checkClean(t, s)
	if now, err := s.FeedHead(ctx); err != nil || now != head {
		t.Errorf("the feed was at %v and is at %v: %v", head, now, err)
	}
	if err := vault.TidyBolt(filepath.Join(dir, "nothing")); err != nil {
		t.Errorf("of no store: %v", err)
	}
	if err := vault.CompactBolt(filepath.Join(dir, "nothing")); err == nil {
		t.Error("compacted no store")
	}
}

const compactEnv = "PEERWITNESS_TEST_COMPACT"

// Killed at any moment of compacting, the store is the old one or the new.
func TestKilledWhileCompacting(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, nil)
	_, kept := erasedCase(t, s)
	for i := range 40 {
		putDeposit(t, s, bytes.Repeat([]byte{byte(i), 7}, 200_000))
	}
	head, err := s.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	half := 0
	for n := range 12 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), compactEnv+"="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Some way into making the new file, then some into putting it there.
		made := filepath.Join(dir, "peerwitness.db.compact")
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
			if _, err := os.Stat(made); err == nil {
				break
			}
		}
		time.Sleep(time.Duration(n*n) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if _, err := os.Stat(made); err == nil {
			half++
		}
		s := openAt(t, dir, nil)
		if n == 0 || n == 11 {
			checkClean(t, s)
		}
		if now, err := s.FeedHead(ctx); err != nil || now != head {
			t.Fatalf("killed, and the feed is at %v: %v", now, err)
		}
		closeStore(t, s)
		if _, err := os.Stat(made); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("what was half made is still there: %v", err)
		}
	}
	if half == 0 {
		t.Error("it was never killed half-way")
	}
	if f := found(t, dir, kept); slices.Contains(f, false) {
		t.Errorf("lost: %v", f)
	}
}

// compactUntilKilled compacts a store without end.
func compactUntilKilled(dir string) error {
	for {
		if err := vault.CompactBolt(dir); err != nil {
			return err
		}
	}
}

// A store made before there were erasures gets what it lacks.
func TestStoreOfAnOlderProgram(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, nil)
	putDeposit(t, s, []byte("x"))
	vault.MakeOld(s)
	closeStore(t, s)
	s = openAt(t, dir, nil)
	checkClean(t, s)
	erasedCase(t, s)
	checkClean(t, s)
}

// Killed between the commit and the removal of the files, opening removes them.
func TestErasedFilesGoWhenOpened(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, nil)
	gone, _ := erasedCase(t, s)
	closeStore(t, s)
	blob := bytes.Repeat([]byte("BLOB-one"), 3000)
	name := vault.Sum(blob).String()
	path := filepath.Join(dir, "blobs", name[:2], name)
	if err := os.WriteFile(path, blob, 0o600); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir, nil)
	checkClean(t, s)
	if f := found(t, filepath.Join(dir, "blobs"), gone); slices.Contains(f, true) {
		t.Errorf("%v", f)
	}
}

func FuzzErasure(f *testing.F) {
	e := vault.Erasure{Journal: vault.ID{1}, Seq: 3, After: vault.ID{2}, Deposits: []vault.ID{{3}, {4}}}
	e.Signed[0].By, e.Signed[1].By = "p-00000000000000aa", "p-00000000000000bb"
	f.Add(vault.ErasureObject(e))
	f.Add(vault.ExpiryObject(7))
	f.Add(vault.GoneObject(7))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := vault.ParseErasure(b); err == nil && !bytes.Equal(vault.ErasureObject(e), b) {
			t.Error("an erasure in two spellings")
		}
		if n, err := vault.ParseExpiry(b); err == nil && !bytes.Equal(vault.ExpiryObject(n), b) {
			t.Error("an expiry in two spellings")
		}
		if n, err := vault.ParseGone(b); err == nil && !bytes.Equal(vault.GoneObject(n), b) {
			t.Error("a stand-in in two spellings")
		}
	})
}
