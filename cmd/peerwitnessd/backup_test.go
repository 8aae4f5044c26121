package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
)

// put stores reports with an attachment each, and gives their ids.
func put(t *testing.T, org *accesstest.Org, store string, n int) (ids []vault.ID) {
	t.Helper()
	s, err := vault.OpenBolt(store, org.Clock)
	must(t, err)
	for range n {
		d, err := s.PutDeposit(context.Background(), vault.Deposit{Desk: "street", Report: accesstest.Report(8, 0)})
		must(t, err)
		blob := accesstest.Report(1, 0)
		_, err = s.PutBlob(context.Background(), d.Ticket, vault.Sum(blob), blob)
		must(t, err)
		ids = append(ids, d.ID)
	}
	must(t, s.Close())
	return ids
}

// A backup beside a running server, and one that goes on from it without; both
// together give the store back, and check is content.
func TestBackupBesideTheServer(t *testing.T) {
	org := accesstest.NewOrg(t)
	store := initStoreOf(t, org)
	ids := put(t, org, store, 3)
	d := start(t, store)
	folder := filepath.Join(t.TempDir(), "backups [1]")
	stdout, _, err := in(t, org, "backup", "--store", store, "--to", folder)
	must(t, err)
	if !strings.Contains(stdout, "000001.backup") || !strings.Contains(stdout, "7 entries and 3 attachments") {
		t.Errorf("said: %s", stdout)
	}
	var out, errs bytes.Buffer
	note := filepath.Join(t.TempDir(), "note")
	must(t, runAt(t.Context(), []string{"backup", "--store", store, "--note", note}, &out, &errs, org.Clock))
	if !strings.Contains(errs.String(), "7 entries and 3 attachments") {
		t.Errorf("said: %s", errs.String())
	}
	d.stop(t)
	if log := d.logged(); log != "" {
		t.Errorf("the server's log: %s", log)
	}
	ids = append(ids, put(t, org, store, 2)...)
	stdout, _, err = in(t, org, "backup", "--store", store, "--to", folder)
	must(t, err)
	if !strings.Contains(stdout, "000002.backup") || !strings.Contains(stdout, "4 entries and 2 attachments") {
		t.Errorf("said: %s", stdout)
	}
	files := []string{filepath.Join(folder, "000001.backup"), filepath.Join(folder, "000002.backup")}
	stdout, _, err = in(t, org, append([]string{"backup", "--verify"}, files...)...)
	if err != nil || !strings.Contains(stdout, "whole: 11 entries, 5 attachments") {
		t.Errorf("verifying: %s%v", stdout, err)
	}

	again := filepath.Join(t.TempDir(), "again")
	stdout, _, err = in(t, org, append([]string{"restore", "--store", again}, files...)...)
	if err != nil || !strings.Contains(stdout, "restored: 11 entries, 5 attachments") {
		t.Errorf("restoring: %s%v", stdout, err)
	}
	stdout, _, err = in(t, org, "check", "--store", again)
	if err != nil || !strings.Contains(stdout, "sound: 11 entries") || !strings.Contains(stdout, "restored on ") {
		t.Errorf("checking: %s%v", stdout, err)
	}
	r, err := vault.OpenBolt(again, org.Clock)
	must(t, err)
	for _, id := range ids {
		if _, _, err := r.Deposit(context.Background(), id); err != nil {
			t.Error(err)
		}
	}
	must(t, r.Close())
	start(t, again).stop(t)

	for what, c := range map[string]struct {
		args []string
		want error
		says string
	}{
		"into a store":           {[]string{"restore", "--store", again, files[0]}, vault.ErrNotEmpty, "never overwritten"},
		"without the first":      {[]string{"restore", "--store", again + "2", files[1]}, vault.ErrCorrupt, "nothing was restored"},
		"no such file":           {[]string{"restore", "--store", again + "2", "gone"}, os.ErrNotExist, ""},
		"a folder":               {[]string{"backup", "--verify", folder}, nil, "*.backup"},
		"nothing":                {[]string{"backup", "--verify", "-"}, vault.ErrCorrupt, "another copy"},
		"another store's folder": {[]string{"backup", "--store", again, "--to", folder}, vault.ErrOtherHistory, "new folder"},
		"another store's note":   {[]string{"backup", "--store", again, "--after", note}, vault.ErrOtherHistory, ""},
		"a note that is none":    {[]string{"backup", "--store", again, "--after", files[0]}, vault.ErrMalformed, "whole backup"},
		"no store":               {[]string{"backup", "--store", folder}, nil, "peerwitnessd init"},
	} {
		_, _, err := in(t, org, c.args...)
		var h *hinted
		if err == nil || c.want != nil && !errors.Is(err, c.want) || c.says != "" && (!errors.As(err, &h) || !strings.Contains(h.hint, c.says)) {
			t.Errorf("%s: %v (%+v)", what, err, h)
		}
	}
	for _, args := range [][]string{{"backup"}, {"backup", "--store", again, "x"}, {"backup", "--verify"}, {"backup", "--verify", "--store", again, files[0]},
		{"backup", "--store", again, "--to", folder, "--note", "n"}, {"restore", "--store", again}, {"restore", files[0]}} {
		if _, _, err := in(t, org, args...); !errors.Is(err, errUsage) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// A damaged backup is refused with a list; what is whole of it is restored when
// asked for, and check shows what is missing.
func TestRestoreOfADamagedBackup(t *testing.T) {
	org := accesstest.NewOrg(t)
	store := initStoreOf(t, org)
	ids := put(t, org, store, 3)
	var backup, errs bytes.Buffer
	must(t, runAt(t.Context(), []string{"backup", "--store", store}, &backup, &errs, org.Clock))
	dir := t.TempDir()
	b := backup.Bytes()
	s, err := vault.OpenBolt(store, org.Clock)
	must(t, err)
	lost, _, err := s.Deposit(context.Background(), ids[1])
	must(t, err)
	must(t, s.Close())
	at := bytes.Index(b, lost.Report)
	if at < 0 {
		t.Fatal("the report is not in the backup")
	}
	b[at+len(lost.Report)/2] ^= 4
	file := filepath.Join(dir, "1.backup")
	must(t, os.WriteFile(file, b, 0o600))
	stdout, _, err := in(t, org, "backup", "--verify", file)
	if !errors.Is(err, vault.ErrCorrupt) || !strings.Contains(stdout, ids[1].String()) {
		t.Errorf("verifying: %s%v", stdout, err)
	}
	again := filepath.Join(dir, "again")
	stdout, _, err = in(t, org, "restore", "--store", again, file)
	if !errors.Is(err, vault.ErrCorrupt) || !strings.Contains(stdout, ids[1].String()) {
		t.Errorf("restoring: %s%v", stdout, err)
	}
	if _, err := os.Stat(again); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
	stdout, _, err = in(t, org, "restore", "--partial", "--store", again, file)
	if err != nil || !strings.Contains(stdout, ids[1].String()) || !strings.Contains(stdout, "restored: 5 entries, 2 attachments") {
		t.Errorf("restoring in part: %s%v", stdout, err)
	}
	stdout, _, err = in(t, org, "check", "--store", again)
	if err != nil || !strings.Contains(stdout, "hurt in that backup: entry 4 ("+ids[1].String()) || !strings.Contains(stdout, "not back yet: 2 entries, 0 attachments") {
		t.Errorf("checking: %s%v", stdout, err)
	}
}
