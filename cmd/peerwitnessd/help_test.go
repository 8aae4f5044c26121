package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"peerwitness/vault/access/accesstest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// built is the program itself, built once.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "peerwitnessd-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "peerwitnessd")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := built(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// in runs a command in this process, at the organisation's time.
func in(t testing.TB, org *accesstest.Org, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	return inContext(context.Background(), t, org, args...)
}

func inContext(ctx context.Context, t testing.TB, org *accesstest.Org, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = runAt(ctx, args, &out, &errs, org.Clock)
	return out.String(), errs.String(), err
}

// initStoreOf writes the organisation's roster to a file and makes a store of it.
func initStoreOf(t testing.TB, org *accesstest.Org) (store string) {
	t.Helper()
	dir := t.TempDir()
	note := filepath.Join(dir, "roster.note")
	must(t, os.WriteFile(note, org.Roster.Note, 0o600))
	store = filepath.Join(dir, "store")
	_, _, err := in(t, org, "init", "--store", store, "--roster", note)
	must(t, err)
	return store
}

// daemon is a running peerwitnessd.
type daemon struct {
	cmd  *exec.Cmd
	url  string
	temp string
	mu   sync.Mutex
	log  bytes.Buffer
	out  chan string // the rest of its standard output, once it ended
}

func (d *daemon) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(p)
}

func (d *daemon) logged() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

// start runs the program's serve with more flags.
func start(t testing.TB, store string, flags ...string) *daemon {
	t.Helper()
	path, err := built()
	must(t, err)
	d := &daemon{temp: t.TempDir(), out: make(chan string, 1)}
	d.cmd = exec.Command(path, append([]string{"serve", "--store", store, "--listen", "127.0.0.1:0"}, flags...)...)
	d.cmd.Env = append(os.Environ(), "TMPDIR="+d.temp, "GOMEMLIMIT=", "GOGC=")
	d.cmd.Stderr = d
	stdout, err := d.cmd.StdoutPipe()
	must(t, err)
	must(t, d.cmd.Start())
	t.Cleanup(func() { d.cmd.Process.Kill() })
	rd := bufio.NewReader(stdout)
	line, err := rd.ReadString('\n')
	if err != nil {
		t.Fatalf("not listening: %v: %s", err, d.logged())
	}
	d.url = strings.TrimPrefix(strings.TrimSpace(line), "listening on ")
	go func() {
		rest, _ := io.ReadAll(rd)
		d.out <- string(rest)
	}()
	return d
}

// stop ends it as an operator does.
func (d *daemon) stop(t testing.TB) (stdout string) {
	t.Helper()
	must(t, d.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case stdout = <-d.out:
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
	must(t, d.cmd.Wait())
	return stdout
}

// headers is a client that says more about itself than it should.
type headers struct {
	next http.RoundTripper
	set  map[string]string
}

func (h headers) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for k, v := range h.set {
		r.Header.Set(k, v)
	}
	return h.next.RoundTrip(r)
}
