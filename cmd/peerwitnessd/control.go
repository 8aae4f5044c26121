package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"peerwitness/vault"
)

// The store is open in one process only, so a running server takes account
// commands on a socket in the store's folder. Who may open that folder could
// read the store as well.
const (
	socketName    = "control.sock"
	maxSocketPath = 100
	maxControl    = 1 << 20
	controlTime   = 20 * time.Second
)

type reply struct {
	Out   string `json:"out,omitempty"`
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
	Other bool   `json:"other,omitempty"` // of a backup: vault.ErrOtherHistory
}

// listenControl opens the socket. The store's lock is held, so that one which
// is there was left behind.
func listenControl(dir string) (net.Listener, error) {
	path, err := socketPath(dir)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// serveControl answers commands until l is closed.
func serveControl(ctx context.Context, l net.Listener, store vault.Store, clock vault.Clock) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		wg.Go(func() {
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(controlTime))
			var req request
			var out reply
			if err := json.NewDecoder(io.LimitReader(conn, maxNoteFile)).Decode(&req); err != nil {
				out.Error = "the command can't be read"
			} else if req.Do == "backup" {
				sendBackup(ctx, conn, store, req.After)
				return
			} else if text, err := doAccount(ctx, store, req, clock); err != nil {
				out.Error = err.Error()
				var h *hinted
				if errors.As(err, &h) {
					out.Hint = h.hint
				}
			} else {
				out.Out = text
			}
			json.NewEncoder(conn).Encode(out) // the other end may have gone
		})
	}
}

// dialControl reaches the server that has the store open.
func dialControl(ctx context.Context, full string) (net.Conn, error) {
	path, err := socketPath(filepath.Dir(full))
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{Timeout: controlTime}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, hint(vault.ErrLocked, "what has the store open takes no commands: stop it, or wait until it is done")
	}
	return conn, nil
}

// askServer has the running server do req.
func askServer(ctx context.Context, full string, req request) (string, error) {
	conn, err := dialControl(ctx, full)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(controlTime))
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return "", fmt.Errorf("asking the running server: %w", err)
	}
	var out reply
	if err := json.NewDecoder(io.LimitReader(conn, maxControl)).Decode(&out); err != nil {
		return "", fmt.Errorf("asking the running server: %w", err)
	}
	if out.Error != "" {
		err := errors.New(out.Error)
		if out.Hint != "" {
			return "", hint(err, "%s", out.Hint)
		}
		return "", err
	}
	return out.Out, nil
}
