package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"peerwitness/review/ui"
)

func TestStartedAgain(t *testing.T) {
	dir := t.TempDir()
	if url, err := runningDesk(dir); url != "" || err != nil {
		t.Fatalf("where nothing runs: %q, %v", url, err)
	}
	w, err := startDesk(ui.Config{KeyPath: filepath.Join(dir, "none.key"), Dir: dir}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer w.listener.Close()
	if err := os.WriteFile(filepath.Join(dir, againSocket), nil, 0o600); err != nil { // left behind
		t.Fatal(err)
	}
	l, err := answerAgain(dir, w.ui)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, againSocket)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", info.Mode(), err)
	}
	first, err := runningDesk(dir)
	if err != nil || !strings.HasPrefix(first, "http://"+w.listener.Addr().String()+"/launch?token=") {
		t.Errorf("got %q, %v", first, err)
	}
	if second, err := runningDesk(dir); err != nil || second == first || second == "" {
		t.Errorf("the second time got %q, %v", second, err)
	}
	l.Close()
	if url, err := runningDesk(dir); url != "" || err != nil {
		t.Errorf("after its end: %q, %v", url, err)
	}
	// Something else that listens there is not taken for a workstation.
	other, err := net.Listen("unix", filepath.Join(dir, againSocket))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	go func() {
		if conn, err := other.Accept(); err == nil {
			conn.Write([]byte("\x1b]0;http://evil.example\n"))
			conn.Close()
		}
	}()
	if url, err := runningDesk(dir); url != "" || err == nil {
		t.Errorf("from a stranger: %q, %v", url, err)
	}
}
