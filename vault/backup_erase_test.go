package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/vaulttest"
)

// erasedIn are the erasures of a store's feed.
func erasedIn(t *testing.T, s vault.Store) (out []vault.Erasure) {
	t.Helper()
	records, err := s.Feed(ctx, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Kind != vault.KindErasure {
			continue
		}
		b, err := s.Object(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		e, err := vault.ParseErasure(b)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// follower is a replica of s that has carried out what is in its feed.
func follower(t *testing.T, s vault.Store) vault.Store {
	t.Helper()
	head, err := s.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	replica := openAt(t, t.TempDir(), nil)
	if err := replica.Follow(ctx, head.Generation); err != nil {
		t.Fatal(err)
	}
	records, err := s.Feed(ctx, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		b, err := s.Object(ctx, r)
		var gone *vault.GoneError
		if errors.As(err, &gone) {
			b, err = vault.GoneObject(gone.By), nil
		}
		if err == nil {
			err = replica.Apply(ctx, []vault.Record{r}, [][]byte{b})
		}
		if err == nil && (r.Kind == vault.KindErasure || r.Kind == vault.KindExpiry) {
			err = replica.CarryOut(ctx, r.Pos)
		}
		if err != nil {
			t.Fatalf("record %d: %v", r.Pos, err)
		}
	}
	return replica
}

func TestAttack31BackupKeepsWhatIsGoneGone(t *testing.T) {
	clock := vaulttest.NewClock()
	s := openAt(t, t.TempDir(), clock.Now)
	unclaimed := putDeposit(t, s, bytes.Repeat([]byte("UNCLAIMED-"), 900))
	putBlob(t, s, unclaimed.Ticket, bytes.Repeat([]byte("UNCLAIMED-BLOB"), 900))
	before, note := backupOf(t, s, nil)
	clock.Move(40 * 24 * time.Hour)
	gone, kept := erasedCase(t, s)
	got, err := s.Expire(ctx, vault.Keep{Answers: 20, Unclaimed: 20}, false)
	if err != nil || got.Deposits != 1 {
		t.Fatalf("expiry: %+v, %v", got, err)
	}
	gone = append(gone, []byte("UNCLAIMED-UNCLAIMED-"), []byte("UNCLAIMED-BLOBUNCLAIMED-BLOB"))
	after, _ := backupOf(t, s, note)
	whole, _ := backupOf(t, s, nil)
	for _, x := range gone {
		if bytes.Contains(whole, x) || bytes.Contains(after, x) {
			t.Errorf("%q is in a backup from after", x[:12])
		}
	}
	if !bytes.Contains(before, []byte("UNCLAIMED-UNCLAIMED-")) {
		t.Fatal("the backup from before lacks what it must have")
	}
	for name, backups := range map[string][][]byte{"whole": {whole}, "on top of one from before": {before, after}} {
		dir := filepath.Join(t.TempDir(), "store")
		report, err := vault.RestoreBolt(ctx, dir, clock.Now, false, streams(backups...)...)
		if err != nil || name == "whole" && report.Gone != 7 {
			t.Fatalf("%s: %+v, %v", name, report, err)
		}
		if slices.Contains(found(t, dir, gone), true) || slices.Contains(found(t, dir, kept), false) {
			t.Errorf("%s: found of what is gone: %v, of the rest: %v", name, found(t, dir, gone), found(t, dir, kept))
		}
		r := openAt(t, dir, clock.Now)
		checkClean(t, r)
		was, err1 := s.Gone(ctx)
		now, err2 := r.Gone(ctx)
		if err := errors.Join(err1, err2); err != nil || len(was) != len(now) {
			t.Fatalf("%s: %d gone where there were %d: %v", name, len(now), len(was), err)
		}
		for i := range was {
			if was[i].By != now[i].By || was[i].Record.ID != now[i].Record.ID {
				t.Errorf("%s: gone %+v where it was %+v", name, now[i], was[i])
			}
		}
		e := erasedIn(t, r)
		if len(e) != 1 {
			t.Fatalf("%s: %d erasures", name, len(e))
		}
		if created, err := r.PutErasure(ctx, berta, e[0]); err != nil || created {
			t.Errorf("%s: the same erasure again: %v, %v", name, created, err)
		}
		_, err = r.Append(ctx, ana, vault.Append{Entry: vault.Entry{Journal: e[0].Journal, Epoch: 1, Sealed: []byte("again")}})
		if !errors.Is(err, vault.ErrErased) {
			t.Errorf("%s: an entry of what was erased: %v", name, err)
		}
		for _, id := range []vault.ID{e[0].Deposits[0], unclaimed.ID} {
			if _, _, err := r.Deposit(ctx, id); !errors.Is(err, vault.ErrErased) {
				t.Errorf("%s: what is gone, read: %v", name, err)
			}
		}
		checkClean(t, r)
		checkClean(t, follower(t, r))
		again, _ := backupOf(t, r, nil) // of a restored store
		third, _ := restored(t, clock.Now, false, again)
		checkClean(t, third)
	}
}

// Each part of a backup that has things gone in it may be damaged: verifying
// says so, and restoring in part makes a store that is in order.
func TestHurtBackupOfWhatIsGone(t *testing.T) {
	clock := vaulttest.NewClock()
	s := openAt(t, t.TempDir(), clock.Now)
	putDeposit(t, s, []byte("one that stands first"))
	late := putDeposit(t, s, []byte("nobody takes it"))
	clock.Move(40 * 24 * time.Hour)
	gone, _ := erasedCase(t, s)
	if _, err := s.Expire(ctx, vault.Keep{Answers: 20, Unclaimed: 20}, false); err != nil {
		t.Fatal(err)
	}
	putDeposit(t, s, []byte("one that stands last"))
	backup, _ := backupOf(t, s, nil)
	for i, p := range layoutOf(backup)[1:] {
		kind := backup[p.from+16]
		if kind != 'G' && kind != 'R' {
			continue
		}
		hurt := bytes.Clone(backup)
		hurt[p.from+105] ^= 4
		report, err := vault.VerifyBackup(ctx, bytes.NewReader(hurt))
		if err != nil || report.Whole() {
			t.Fatalf("part %d (%c) with a flipped bit: %+v, %v", i, kind, report, err)
		}
		dir := filepath.Join(t.TempDir(), "store")
		if _, err := vault.RestoreBolt(ctx, dir, clock.Now, true, bytes.NewReader(hurt)); err != nil {
			t.Fatalf("part %d (%c): %v", i, kind, err)
		}
		if slices.Contains(found(t, dir, gone), true) {
			t.Errorf("part %d (%c): what is gone came back", i, kind)
		}
		r := openAt(t, dir, clock.Now)
		checkClean(t, r)
		if _, _, err := r.Deposit(ctx, late.ID); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("part %d (%c): what had expired, read: %v", i, kind, err)
		}
	}
}

// meanwhile does something once, when the backup has begun.
type meanwhile struct {
	io.Writer
	do func()
}

func (m *meanwhile) Write(b []byte) (int, error) {
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return m.Writer.Write(b)
}

func TestErasedWhileBackedUp(t *testing.T) {
	clock := vaulttest.NewClock()
	s := openAt(t, t.TempDir(), clock.Now)
	for i := range 140 { // more than a batch, so that some is read before
		putDeposit(t, s, fmt.Appendf(nil, "filler %d", i))
	}
	var b bytes.Buffer
	e, gone, _ := agreedCase(t, s)
	w := &meanwhile{&b, func() {
		if _, err := s.PutErasure(ctx, berta, e); err != nil {
			t.Error(err)
		}
	}}
	if err := s.Backup(context.Background(), w, nil); err != nil {
		t.Fatal(err)
	}
	report, err := vault.VerifyBackup(ctx, bytes.NewReader(b.Bytes()))
	if err != nil || !report.Whole() || report.Gone == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	dir := filepath.Join(t.TempDir(), "store")
	if _, err := vault.RestoreBolt(ctx, dir, clock.Now, false, bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	checkClean(t, openAt(t, dir, clock.Now))
	if slices.Contains(found(t, dir, gone), true) {
		t.Error("what is gone came back")
	}
}
