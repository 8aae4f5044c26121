package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
)

func TestExpireAndCompact(t *testing.T) {
	org := accesstest.NewOrg(t)
	dir := initStoreOf(t, org)
	store, err := vault.OpenBolt(dir, org.Clock)
	must(t, err)
	ctx := context.Background()
	report := accesstest.Report(8, 0)
	d, err := store.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: report})
	must(t, err)
	_, err = store.PutBlob(ctx, d.Ticket, vault.Sum([]byte("file")), []byte("file"))
	must(t, err)
	answer := accesstest.Append(accesstest.ID(), 0, vault.ID{})
	answer.Replies = []vault.Reply{{Slot: make([]byte, vault.SlotSize)}}
	_, err = store.Append(ctx, "", answer)
	must(t, err)
	for range 185 {
		org.Pass(24 * time.Hour)
		_, err := store.Append(ctx, "", accesstest.Append(accesstest.ID(), 0, vault.ID{}))
		must(t, err)
	}
	must(t, store.Close())
	for _, want := range []string{"would go: 1 answers, 1 reports that nobody took, 1 files\n", "gone: 1 answers, 1 reports that nobody took, 1 files\n", "gone: 0 answers"} {
		args := []string{"expire", "--store", dir}
		if strings.HasPrefix(want, "would") {
			args = append(args, "--dry-run")
		}
		if out, _, err := in(t, org, args...); err != nil || !strings.HasPrefix(out, want) {
			t.Errorf("%q: %q %v", args, out, err)
		}
	}
	org.Pass(400 * 24 * time.Hour)
	if _, _, err := in(t, org, "expire", "--store", dir); !errors.Is(err, vault.ErrPlausible) {
		t.Errorf("with a clock that is far ahead: %v", err)
	}
	if out, _, err := in(t, org, "compact", "--store", dir); err != nil || !strings.HasPrefix(out, "compacted: ") {
		t.Errorf("%q %v", out, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "peerwitness.db")); err != nil || strings.Contains(string(b), string(report[len(report)/2:len(report)/2+64])) {
		t.Errorf("the file has what expired: %v", err)
	}
	if _, _, err := in(t, org, "check", "--store", dir); err != nil {
		t.Error(err)
	}
	if _, _, err := in(t, org, "compact", "--store", t.TempDir()); err == nil {
		t.Error("compacted no store")
	}
}

// A running server lets go by itself, takes the command beside it, and can't be
// compacted.
func TestExpireBesideAServer(t *testing.T) {
	org := accesstest.NewOrgAt(t, time.Now())
	dir := initStoreOf(t, org)
	d := start(t, dir)
	if out, _, err := in(t, org, "expire", "--store", dir, "--dry-run"); err != nil || !strings.HasPrefix(out, "would go: 0 answers") {
		t.Errorf("%q %v", out, err)
	}
	if _, _, err := in(t, org, "compact", "--store", dir); !errors.Is(err, vault.ErrLocked) {
		t.Errorf("compacting a running server's store: %v", err)
	}
	d.stop(t)
	if log := d.logged(); strings.Contains(log, "clock") || strings.Contains(log, "error") {
		t.Errorf("it said %q", log)
	}
}

// The daily pass does its work at once, and ends when it is told to.
func TestKeepDaily(t *testing.T) {
	org := accesstest.NewOrg(t)
	store := org.Store(t, t.TempDir())
	_, err := store.PutDeposit(context.Background(), vault.Deposit{Desk: "street", Report: accesstest.Report(8, 0)})
	must(t, err)
	org.Pass(300 * 24 * time.Hour)
	var said strings.Builder
	ctx, stop := context.WithCancel(context.Background())
	stop()
	keepDaily(ctx, store, newLogbook(&said))
	ctx, stop = context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer stop()
	keepDaily(ctx, store, newLogbook(&said))
	if !strings.Contains(said.String(), "the clock does not go with the days of the feed") {
		t.Errorf("said %q", said.String())
	}
}
