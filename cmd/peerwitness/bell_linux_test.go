package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peerwitness/cmd/internal/bell"
	"peerwitness/cmd/internal/bell/belltest"
	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/review/ui"
	"peerwitness/vault/seal"
)

const onBus = "PEERWITNESS_TEST_ON_BUS"

func TestNotificationOnARealDesktopBus(t *testing.T) {
	cmd := exec.Command("dbus-run-session", "--", os.Args[0], "-test.run", "^TestNotificationHasNothingOfTheReport$", "-test.v")
	cmd.Env = append(os.Environ(), onBus+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestNotificationHasNothing") {
		t.Errorf("on a session bus: %v\n%s", err, out)
	}
}

// A report of custody comes to an unlocked workstation; the desktop shows one
// notification, and whoever reads it learns nothing of the report.
func TestNotificationHasNothingOfTheReport(t *testing.T) {
	if os.Getenv(onBus) == "" {
		t.Skip("TestNotificationOnARealDesktopBus runs it, on a bus of its own")
	}
	shown := belltest.Receive(t)
	o := reviewtest.New(t)
	dir := t.TempDir()
	key := filepath.Join(dir, "nino.key")
	if err := review.SaveKeyFile(key, o.Nino.Key, "practice passphrase", 2); err != nil {
		t.Fatal(err)
	}
	w, err := startDesk(ui.Config{KeyPath: key, ServerURL: o.URL, Dir: filepath.Join(dir, "desk"), Clock: o.Clock.Now, SyncEvery: 50 * time.Millisecond, WorkFactor: 2, Ring: bell.Ring}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.ui.Serve(ctx, w.listener) }()
	defer func() { cancel(); <-ended }()
	b, err := browse(ctx, w.ui.LaunchURL())
	if err == nil {
		err = b.unlock(ctx, "practice passphrase", o.Code(o.Nino))
	}
	if err != nil {
		t.Fatal(err)
	}
	words := []string{"PRACTICE", "alder", "Tamar", "Gldani", "custody", "street"}
	o.Send("street", func(r *seal.Report) {
		r.Answers.Urgency, r.Answers.Story, r.Practice = "in-custody-now", "PRACTICE held since dawn", true
	})
	o.Send("street", func(r *seal.Report) {
		r.Answers.Urgency, r.Answers.Story = "in-custody-now", "PRACTICE held by the alder"
		r.Answers.Custody = &seal.Custody{Name: "Tamar", Place: "Gldani"}
	})
	select {
	case got := <-shown:
		if got.Text != bell.Text || got.Title != bell.Title {
			t.Errorf("shown is %+v", got)
		}
		for _, word := range words {
			if strings.Contains(strings.ToLower(fmt.Sprintf("%+v", got)), strings.ToLower(word)) {
				t.Errorf("the notification has %q: %+v", word, got)
			}
		}
	case <-time.After(time.Minute):
		t.Fatal("no notification")
	}
	select {
	case got := <-shown:
		t.Errorf("a second one: %+v", got)
	case <-time.After(300 * time.Millisecond):
	}
}
