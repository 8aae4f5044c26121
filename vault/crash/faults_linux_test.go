package crash_test

import (
	"bytes"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"peerwitness/vault"
)

// A server whose disk fails to sync tells phones to keep what they have, takes
// nothing more, goes on reading, and tells its operator. All it acknowledged is there.
func TestServerStopsTakingWhenASyncFails(t *testing.T) {
	needStrace(t)
	h := newHouse(t)
	dir := filepath.Join(t.TempDir(), "store")
	copyStore(t, h.dir, dir)
	l := newLoad(h, 4, "a sync fails")
	l.calm = true
	s := start(t, build(t, shipped), dir, tracing("/dev/null", "-e", "inject=fdatasync:error=EIO:when=9")...)
	l.run(s, 40)
	if len(l.things) == 0 || l.refused == 0 || l.oneMore() != http.StatusServiceUnavailable {
		t.Errorf("%d acknowledged, %d refused", len(l.things), l.refused)
	}
	res, err := http.Get("http://" + s.addr + "/v1/roster")
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("reading: %d", res.StatusCode)
	}
	if !strings.Contains(s.logged(), vault.ErrStopped.Error()) {
		t.Errorf("logged %q", s.logged())
	}
	s.kill()
	store := openStore(t, dir)
	for _, err := range append(lost(store, l.acknowledged()), store.Check(ctx)) {
		if err != nil {
			t.Error(err)
		}
	}
}

// oneMore is the status of one more deposit.
func (l *load) oneMore() int {
	w := l.workers[0]
	status, err := w.sendDeposit(deposited{n: l.number.Add(1), hand: true})
	if err != nil {
		return 0
	}
	return status
}

// A second server on a store that is served says so and ends; the first one goes on.
func TestTwoServersOnOneStore(t *testing.T) {
	h := newHouse(t)
	dir := filepath.Join(t.TempDir(), "store")
	copyStore(t, h.dir, dir)
	first := start(t, build(t, shipped), dir)
	var said bytes.Buffer
	second := exec.Command(build(t, shipped), "serve", "--store", dir, "--listen", "127.0.0.1:0", "--origin", origin)
	second.Stdout, second.Stderr = &said, &said
	err := second.Run()
	if err == nil || second.ProcessState.ExitCode() != 1 || !strings.Contains(said.String(), vault.ErrLocked.Error()) ||
		!strings.Contains(said.String(), "hint: ") || strings.Contains(said.String(), "listening") {
		t.Errorf("the second one: %v: %s", err, said.String())
	}
	l := newLoad(h, 2, "two servers")
	l.run(first, 3)
	first.stop(t)
	store := openStore(t, dir)
	for _, err := range append(lost(store, l.acknowledged()), store.Check(ctx)) {
		if err != nil {
			t.Error(err)
		}
	}
	if len(l.things) < 6 {
		t.Errorf("the first one acknowledged %d", len(l.things))
	}
}
