//go:build unix && !darwin

package bell_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peerwitness/cmd/internal/bell"
	"peerwitness/cmd/internal/bell/belltest"
)

// Run again on a session bus of its own, see TestOnARealBus.
const onBus = "PEERWITNESS_TEST_ON_BUS"

func TestOnARealBus(t *testing.T) {
	if os.Getenv(onBus) != "" {
		t.Skip("this is the run on the bus")
	}
	cmd := exec.Command("dbus-run-session", "--", os.Args[0], "-test.run", "^TestRing$", "-test.v")
	cmd.Env = append(os.Environ(), onBus+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestRing") {
		t.Errorf("on a session bus: %v\n%s", err, out)
	}
}

func TestRing(t *testing.T) {
	if os.Getenv(onBus) == "" {
		t.Skip("TestOnARealBus runs it, on a bus of its own")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := bell.Ring(ctx); !errors.Is(err, bell.ErrNone) {
		t.Errorf("with nobody who shows notifications: %v", err)
	}
	shown := belltest.Receive(t)
	if err := bell.Ring(ctx); err != nil {
		t.Fatal(err)
	}
	got := <-shown
	if want := (belltest.Shown{App: bell.Title, Title: bell.Title, Text: bell.Text, Hints: map[string]string{"urgency": "2", "category": `"im.received"`}}); !got.Equal(want) {
		t.Errorf("shown is %+v, want %+v", got, want)
	}
}

func TestRingWithoutABus(t *testing.T) {
	for _, address := range []string{"unix:path=" + filepath.Join(t.TempDir(), "none"), "nonsense"} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
		if err := bell.Ring(context.Background()); !errors.Is(err, bell.ErrNone) {
			t.Errorf("at %q: %v", address, err)
		}
	}
}
