package crash_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
)

// server is a running peerwitnessd.
type server struct {
	cmd  *exec.Cmd // it, or the strace around it
	pid  int       // its own
	addr string
	mu   sync.Mutex
	log  bytes.Buffer

	life  sync.Mutex
	ended bool // guarded by life
}

func (s *server) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

func (s *server) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// start runs the program on a store, under the command in around if there is one.
func start(t testing.TB, program, store string, around ...string) *server {
	t.Helper()
	s := tryStart(t, program, store, around...)
	if s.addr == "" {
		t.Fatalf("not listening: %s", s.logged())
	}
	return s
}

// tryStart is start for a server that may refuse to begin: it has no address then
// and has ended.
func tryStart(t testing.TB, program, store string, around ...string) *server {
	t.Helper()
	args := append(around, program, "serve", "--store", store, "--listen", "127.0.0.1:0", "--origin", origin, "--calm", "0")
	s := &server{cmd: exec.Command(args[0], args[1:]...)}
	s.cmd.Stderr = s
	stdout, err := s.cmd.StdoutPipe()
	must(t, err)
	must(t, s.cmd.Start())
	s.pid = s.cmd.Process.Pid
	t.Cleanup(s.kill)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.ended = true
		_ = s.cmd.Wait() // what it says is in its log
		return s
	}
	go io.Copy(io.Discard, stdout)
	s.addr = strings.TrimPrefix(strings.TrimSpace(line), "listening on http://")
	if len(around) > 0 {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", s.pid))
		must(t, err)
		s.pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
		must(t, err)
	}
	return s
}

// kill ends it at once, as nothing in it can notice, and waits until it is gone.
func (s *server) kill() {
	s.life.Lock()
	defer s.life.Unlock()
	if !s.ended {
		s.ended = true
		_ = syscall.Kill(s.pid, syscall.SIGKILL)
		_ = s.cmd.Wait() // was killed: no news
	}
}

// stop ends it as an operator does.
func (s *server) stop(t testing.TB) {
	t.Helper()
	s.life.Lock()
	defer s.life.Unlock()
	s.ended = true
	must(t, syscall.Kill(s.pid, syscall.SIGTERM))
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	select {
	case err := <-ended:
		must(t, err)
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
}

// origin is what people would type; whoever dials it gets the running server.
const origin = "http://peerwitness.test"

// house is a store with two advocates signed in, closed, as all tests begin with.
type house struct {
	dir     string
	clients []*access.Client
}

var theHouse *house

var codeLine = regexp.MustCompile(`(?m)^code: (\S+)$`)

// newHouse makes the organisation with the real programs, once.
func newHouse(t testing.TB) *house {
	t.Helper()
	if theHouse != nil {
		return theHouse
	}
	program := build(t, shipped)
	org := accesstest.NewOrgAt(t, time.Now())
	dir := sharedDir(t)
	h := &house{dir: filepath.Join(dir, "store")}
	note := filepath.Join(dir, "roster.txt")
	must(t, os.WriteFile(note, org.Roster.Note, 0o600))
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(program, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", args, err, out)
		}
		return string(out)
	}
	run("init", "--store", h.dir, "--roster", note)
	s := start(t, program, h.dir)
	w := &wire{addr: func() string { return s.addr }}
	for _, name := range []string{"advocate", "other"} {
		p := org.People[name]
		code := codeLine.FindStringSubmatch(run("account", "invite", "--store", h.dir, p.ID))
		if code == nil {
			t.Fatal("no invitation")
		}
		c := access.NewClient(origin, switchboard)
		secret, _, err := c.Enrol(w.in(ctx), p.ID, p.Private, code[1], time.Now())
		must(t, err)
		must(t, c.SignIn(w.in(ctx), p.ID, p.Private, accesstest.Code(t, secret, time.Now()), time.Now()))
		h.clients = append(h.clients, c)
	}
	w.close()
	s.stop(t)
	theHouse = h
	return h
}

// copyStore copies a store's folder, holes as holes.
func copyStore(t testing.TB, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-r", "--sparse=always", from, to).CombinedOutput(); err != nil {
		t.Fatalf("copying: %v: %s", err, out)
	}
}
