package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"peerwitness/vault/access/accesstest"
)

// Whoever asks for notifications and gets the file wrong is told before the
// server starts, in words that quote nothing of it.
func TestNotifyFlags(t *testing.T) {
	org := accesstest.NewOrg(t)
	dir := initStoreOf(t, org)
	file := filepath.Join(t.TempDir(), "notify.json")
	if err := os.WriteFile(file, []byte(`{"every_minutes":15,"webhook":[{"url":"http://chat.example/tk-5561"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args  []string
		usage bool
		want  string
	}{
		{[]string{"--notify-private"}, true, "--notify-private goes with --notify"},
		{[]string{"--notify", file}, false, "webhook 1: url must begin with https://"},
		{[]string{"--notify", file + ".none"}, false, "the file can't be opened"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // should it get as far as starting, it ends
		_, _, err := inContext(ctx, t, org, append([]string{"serve", "--store", dir, "--listen", "127.0.0.1:0"}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, errUsage) != c.usage || strings.Contains(err.Error(), "5561") {
			t.Errorf("%v: %v", c.args, err)
		}
	}
	start(t, dir, "--notify", file, "--notify-private")
}
