package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"peerwitness/review/ui"
)

// An address of the pages works once. Whoever closed the browser starts the
// same command again, and the workstation that runs gives her a fresh one, on a
// socket in its own folder. Only the folder's owner can ask there; a locked
// workstation still wants the passphrase.
const (
	againSocket = "desk.sock"
	againTime   = 5 * time.Second
	maxAddress  = 1 << 10
)

// runningDesk asks the workstation that has dir open for an address. It is
// empty when none runs there.
func runningDesk(dir string) (string, error) {
	conn, err := net.DialTimeout("unix", filepath.Join(dir, againSocket), againTime)
	if err != nil {
		return "", nil
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(againTime))
	b, err := io.ReadAll(io.LimitReader(conn, maxAddress))
	if err != nil || !strings.HasPrefix(string(b), "http://127.0.0.1:") {
		return "", hint(errors.New("a workstation runs in that folder and gives no address"), "end it, and start it anew")
	}
	return strings.TrimSpace(string(b)), nil
}

// answerAgain gives addresses to whoever asks in dir, until it is closed.
func answerAgain(dir string, s *ui.Server) (net.Listener, error) {
	path := filepath.Join(dir, againSocket)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("making way for later starts: %w", plainPath(err))
	}
	l, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("making way for later starts: %w", plainPath(err))
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			conn.SetDeadline(time.Now().Add(againTime))
			io.WriteString(conn, s.LaunchURL()) // who asked may have gone
			conn.Close()
		}
	}()
	return l, nil
}
