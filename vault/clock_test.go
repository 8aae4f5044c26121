package vault_test

import (
	"errors"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/vaulttest"
)

// A clock that jumps, days back or years ahead, takes nothing that was
// acknowledged: it only dates what comes, and ends what has an end.
func TestClockJumps(t *testing.T) {
	dir := t.TempDir()
	clock := vaulttest.NewClock()
	s := openAt(t, dir, clock.Now)
	journal := vault.Sum([]byte("journal"))
	entry := vault.Entry{Journal: journal, Epoch: 1, Sealed: []byte("x")}
	var kept []vault.Accepted
	for i, jump := range []time.Duration{0, -40 * 24 * time.Hour, 3 * 24 * time.Hour, 20000 * time.Hour, -30000 * time.Hour, 60 * 365 * 24 * time.Hour} {
		clock.Move(jump)
		d := putDeposit(t, s, []byte{'r', byte(i)})
		if d.Day != vault.DayOf(clock.Now()) {
			t.Errorf("after %v: day %v", jump, d.Day)
		}
		putBlob(t, s, d.Ticket, []byte{'b', byte(i)})
		if _, err := s.Append(ctx, ana, vault.Append{Entry: entry, Claims: []vault.ID{d.ID}}); err != nil {
			t.Fatalf("after %v: %v", jump, err)
		}
		entry.Prev, entry.Seq = entry.ID(), entry.Seq+1
		kept = append(kept, d)
		checkClean(t, s)
		closeStore(t, s)
		s = openAt(t, dir, clock.Now)
		checkClean(t, s)
	}
	for i, d := range kept {
		got := putDeposit(t, s, []byte{'r', byte(i)}) // the same again: the first answer, its day too
		if got.New || got.ID != d.ID || got.Day != d.Day {
			t.Errorf("deposit %d: %+v, was %+v", i, got, d)
		}
		if body, err := s.Blob(ctx, vault.Sum([]byte{'b', byte(i)})); err != nil || len(body) != 2 {
			t.Errorf("blob %d: %v", i, err)
		}
		if _, info, err := s.Deposit(ctx, d.ID); err != nil || info.ClaimedBy != journal {
			t.Errorf("claim %d: %v", i, err)
		}
	}
	replica := openAt(t, t.TempDir(), clock.Now)
	head, err := s.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	records, err := s.Feed(ctx, 0, 100)
	if err != nil || uint64(len(records)) != head.Pos {
		t.Fatalf("%d records of %d: %v", len(records), head.Pos, err)
	}
	var objects [][]byte
	for _, r := range records {
		object, err := s.Object(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	if err := errors.Join(replica.Follow(ctx, head.Generation), replica.Apply(ctx, records, objects)); err != nil {
		t.Errorf("a copy does not follow: %v", err)
	}
}

// A clock that jumps back makes no used code good again.
func TestClockJumpsBackForAccounts(t *testing.T) {
	clock := vaulttest.NewClock()
	s := openAt(t, t.TempDir(), clock.Now)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	step := uint64(clock.Now().Unix() / 30)
	must(s.Invite(ctx, ana, vault.Sum(nil), vault.DayOf(clock.Now())))
	must(s.Enrol(ctx, ana, vault.Sum(nil), []byte("secret")))
	must(s.UseStep(ctx, ana, step))
	clock.Move(-48 * time.Hour)
	if err := s.UseStep(ctx, ana, step-2*24*120); !errors.Is(err, vault.ErrUsedCode) {
		t.Errorf("an older step: %v", err)
	}
}
