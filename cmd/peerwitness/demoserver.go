package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// findServer returns the server's program: the one beside this one, or the
// first on PATH.
func findServer() (string, error) {
	if me, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(me), "peerwitnessd")
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	path, err := exec.LookPath("peerwitnessd")
	if err != nil {
		return "", hint(errors.New("peerwitnessd was not found"), "build it beside peerwitness: go build ./cmd/...")
	}
	return path, nil
}

// runServer runs one of peerwitnessd's short commands and returns its output.
func runServer(ctx context.Context, args ...string) ([]byte, error) {
	path, err := findServer()
	if err != nil {
		return nil, err
	}
	var said tail
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running peerwitnessd %s: %w: %s", args[0], err, said.String())
	}
	return out, nil
}

// child is a running peerwitnessd.
type child struct {
	cmd   *exec.Cmd
	url   string
	said  tail
	ended chan struct{} // closed once it has ended
	err   error         // how, to be read after ended is closed
}

// stopTime is how long a server may take to end before it is killed.
const stopTime = 15 * time.Second

// startServer starts peerwitnessd and waits until it listens.
func startServer(ctx context.Context, args ...string) (*child, error) {
	path, err := findServer()
	if err != nil {
		return nil, err
	}
	c := &child{ended: make(chan struct{})}
	// Not bound to ctx: the workstation signs out before the server ends.
	c.cmd = exec.Command(path, args...)
	c.cmd.Stderr = &c.said
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting peerwitnessd: %w", err)
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting peerwitnessd: %w", err)
	}
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, url, ok := strings.Cut(lines.Text(), "listening on "); ok {
				select {
				case ready <- strings.TrimSpace(url):
				default:
				}
			}
		}
		io.Copy(io.Discard, out) // until it ends
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	select {
	case c.url = <-ready:
		return c, nil
	case <-c.ended:
		return nil, fmt.Errorf("starting peerwitnessd: %s", c.said.String())
	case <-limit.C:
		err = errors.New("starting peerwitnessd: it did not say that it listens")
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, c.stop())
}

// stop ends the server, kindly at first, and waits until it has ended.
func (c *child) stop() error {
	select {
	case <-c.ended:
		return nil
	default:
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		c.cmd.Process.Kill()
	}
	wait := time.NewTimer(stopTime)
	defer wait.Stop()
	select {
	case <-c.ended:
	case <-wait.C:
		c.cmd.Process.Kill()
		<-c.ended
		return errors.New("stopping peerwitnessd: it had to be killed")
	}
	if c.err != nil {
		return fmt.Errorf("stopping peerwitnessd: %w: %s", c.err, c.said.String())
	}
	return nil
}

func (c *child) lastWords() string { return or(c.said.String(), "it said nothing") }

// tail keeps the last few kilobytes of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - 4096; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return printable(string(bytes.TrimSpace(t.b)))
}
