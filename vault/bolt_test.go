package vault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/vaulttest"
)

var ctx = context.Background()

// place is where a store lies, and its clock.
type place struct {
	dir   string
	clock vault.Clock
}

func TestBolt(t *testing.T) {
	places := map[vault.Store]place{}
	open := func(t *testing.T, p place) vault.Store {
		t.Helper()
		s := openAt(t, p.dir, p.clock)
		places[s] = p
		return s
	}
	vaulttest.Test(t, func(t *testing.T, clock vault.Clock) vault.Store {
		return open(t, place{t.TempDir(), clock})
	}, func(t *testing.T, s vault.Store) vault.Store {
		closeStore(t, s)
		return open(t, places[s])
	})
}

func openAt(t *testing.T, dir string, clock vault.Clock) vault.Store {
	t.Helper()
	s, err := vault.OpenBolt(dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func closeStore(t *testing.T, s vault.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func checkClean(t *testing.T, s vault.Store) {
	t.Helper()
	if err := s.Check(ctx); err != nil {
		t.Fatal(err)
	}
}

func putDeposit(t *testing.T, s vault.Store, report []byte) vault.Accepted {
	t.Helper()
	got, err := s.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: report})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func putBlob(t *testing.T, s vault.Store, ticket string, body []byte) vault.ID {
	t.Helper()
	if _, err := s.PutBlob(ctx, ticket, vault.Sum(body), body); err != nil {
		t.Fatal(err)
	}
	return vault.Sum(body)
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, nil)
	if _, err := vault.OpenBolt(dir, nil); !errors.Is(err, vault.ErrLocked) {
		t.Fatalf("a second one: %v", err)
	}
	closeStore(t, s)
	openAt(t, dir, nil)
}

func TestNobodyElseReadsAndNoTimeShows(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "store")
	clock := vaulttest.NewClock()
	s := openAt(t, dir, clock.Now)
	d := putDeposit(t, s, []byte("report"))
	putBlob(t, s, d.Ticket, []byte("blob"))
	clock.Move(30 * time.Hour)
	putBlob(t, s, d.Ticket, []byte("another"))
	days := map[string]int{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if depth := strings.Count(strings.TrimPrefix(path, dir), "/"); depth >= 2 {
			m := info.ModTime().UTC()
			if !m.Equal(m.Truncate(24 * time.Hour)) {
				t.Errorf("%s shows a time of day: %v", path, m)
			}
			days[m.Format(time.DateOnly)]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(days) != 2 || days["2026-11-23"] != 2 || days["2026-11-24"] != 2 {
		t.Errorf("days on files and folders: %v", days)
	}
}

// waitFor waits until so many writes are queued behind a paused committer.
func waitFor(t *testing.T, s vault.Store, n int) {
	t.Helper()
	for range 60_000 {
		if vault.Waiting(s) >= n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d writes wait, want %d", vault.Waiting(s), n)
}

func TestOneCommitForAllWhoWait(t *testing.T) {
	s := openAt(t, t.TempDir(), nil)
	before := vault.Commits(s)
	resume := vault.Pause(s)
	const n = 200
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := s.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: fmt.Append(nil, i)}); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, s, n)
	resume()
	wg.Wait()
	if got := vault.Commits(s) - before; got != 1 {
		t.Errorf("%d commits for %d who waited together", got, n)
	}
	checkClean(t, s)
}

func TestARefusalOrABugSpoilsNobodyElsesWrite(t *testing.T) {
	s := openAt(t, t.TempDir(), nil)
	resume := vault.Pause(s)
	var wg sync.WaitGroup
	journal := vault.Sum([]byte("journal"))
	for i := range 50 {
		wg.Go(func() {
			if _, err := s.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: fmt.Append(nil, i)}); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			e := vault.Entry{Journal: journal, Epoch: 1, Seq: 1, Prev: vault.Sum(nil), Sealed: []byte("x")}
			if _, err := s.Append(ctx, "", vault.Append{Entry: e}); !errors.Is(err, vault.ErrConflict) {
				t.Errorf("an append in the air: %v", err)
			}
		})
		if i%10 == 0 {
			wg.Go(func() {
				if err := vault.WriteAndPanic(s); err == nil {
					t.Error("a panic was acknowledged")
				}
			})
		}
	}
	waitFor(t, s, 105)
	resume()
	wg.Wait()
	head, err := s.FeedHead(ctx)
	if err != nil || head.Pos != 50 {
		t.Errorf("feed is %d long: %v", head.Pos, err)
	}
	if vault.LeftBehind(s) {
		t.Error("what the bug wrote was committed")
	}
	checkClean(t, s)
}

func TestACallerWhoLeavesLosesNothing(t *testing.T) {
	s := openAt(t, t.TempDir(), nil)
	d := putDeposit(t, s, []byte("report"))
	resume := vault.Pause(s)
	leaving, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	body := []byte("blob")
	wg.Go(func() {
		if _, err := s.PutBlob(leaving, d.Ticket, vault.Sum(body), body); !errors.Is(err, context.Canceled) {
			t.Errorf("the caller got %v", err)
		}
	})
	waitFor(t, s, 1)
	cancel()
	wg.Wait()
	resume()
	if created, err := s.PutBlob(ctx, d.Ticket, vault.Sum(body), body); created || err != nil {
		t.Errorf("once more: created %v, %v", created, err)
	}
	checkClean(t, s)
}

func TestAnUncertainCommitStopsTheStore(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, nil)
	kept := putDeposit(t, s, []byte("before"))
	vault.FailMeta(s)
	var failed error
	for _, report := range []string{"at the failure", "after it", "before"} {
		_, err := s.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: []byte(report)})
		if err == nil {
			t.Fatalf("%q was acknowledged", report)
		}
		failed = err
	}
	if !errors.Is(failed, vault.ErrStopped) {
		t.Errorf("not a clear error: %v", failed)
	}
	closeStore(t, s)
	s = openAt(t, dir, nil)
	checkClean(t, s)
	if got := putDeposit(t, s, []byte("before")); got.New || got.ID != kept.ID {
		t.Errorf("what was acknowledged before: %+v", got)
	}
	putDeposit(t, s, []byte("at the failure"))
	checkClean(t, s)
}

// Who asks which attachments are missing forgets the others: what may not be on
// the disk is missing, though every reader sees it.
func TestWhatMayNotLastIsMissing(t *testing.T) {
	s := openAt(t, t.TempDir(), nil)
	d := putDeposit(t, s, []byte("report"))
	there := putBlob(t, s, d.Ticket, []byte("there"))
	vault.FailMeta(s)
	body := []byte("not sure")
	if _, err := s.PutBlob(ctx, d.Ticket, vault.Sum(body), body); !errors.Is(err, vault.ErrStopped) {
		t.Fatalf("at the failure: %v", err)
	}
	if _, info, err := s.Deposit(ctx, d.ID); err != nil || len(info.Blobs) != 2 {
		t.Fatalf("the commit does not show: %v, %v", info.Blobs, err)
	}
	missing, err := s.MissingBlobs(ctx, d.Ticket, []vault.ID{there, vault.Sum(body)})
	if err != nil || len(missing) != 1 || missing[0] != vault.Sum(body) {
		t.Errorf("missing: %v, %v", missing, err)
	}
	if head, err := s.FeedHead(ctx); err != nil || head.Pos != 2 {
		t.Errorf("readers are shown %d records: %v", head.Pos, err)
	}
}

func TestLeftoversGoWhenTheStoreIsOpened(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, nil)
	d := putDeposit(t, s, []byte("report"))
	kept := putBlob(t, s, d.Ticket, []byte("blob"))
	shard := filepath.Join(dir, "blobs", kept.String()[:2])
	orphan := filepath.Join(shard, kept.String()[:2]+strings.Repeat("0", 62))
	temp := filepath.Join(shard, "tmp-123")
	for _, path := range []string{orphan, temp} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Check(ctx); !errors.Is(err, vault.ErrCorrupt) {
		t.Errorf("a file that nothing names: %v", err)
	}
	closeStore(t, s)
	s = openAt(t, dir, nil)
	for _, path := range []string{orphan, temp} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	if _, err := s.Blob(ctx, kept); err != nil {
		t.Error(err)
	}
	checkClean(t, s)
}

func TestABlobRefusedAtTheLastMoment(t *testing.T) {
	bodies := [][]byte{append(fill(vault.MaxBlob-8, 2), vault.U64(0)...), append(fill(vault.MaxBlob-8, 2), vault.U64(1)...)}
	// race has two come where there is room for one, and both write their files
	// before either commits.
	race := func(t *testing.T, s vault.Store) {
		t.Helper()
		d := putDeposit(t, s, []byte("report"))
		for i := range vault.TicketQuota/vault.MaxBlob - 1 {
			putBlob(t, s, d.Ticket, append(fill(vault.MaxBlob-8, 1), vault.U64(uint64(i))...))
		}
		resume := vault.Pause(s)
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i, body := range bodies {
			wg.Go(func() { _, errs[i] = s.PutBlob(ctx, d.Ticket, vault.Sum(body), body) })
		}
		waitFor(t, s, 2)
		resume()
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), vault.ErrQuota) {
			t.Fatalf("got %v", errs)
		}
		checkClean(t, s)
	}
	t.Run("leaves no file", func(t *testing.T) { race(t, openAt(t, t.TempDir(), nil)) })
	t.Run("takes nobody else's", func(t *testing.T) {
		dir := t.TempDir()
		s := openAt(t, dir, nil)
		other := putDeposit(t, s, []byte("another report"))
		for _, body := range bodies {
			name := putBlob(t, s, other.Ticket, body).String()
			// Lost from the disk: the next who bring it write it again.
			if err := os.Remove(filepath.Join(dir, "blobs", name[:2], name)); err != nil {
				t.Fatal(err)
			}
		}
		race(t, s)
	})
}
