package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"sync"
	"syscall"

	"peerwitness/vault"
)

// logbook writes only words that stand in this file. It holds no time, and says
// the same thing only the first, 10th, 100th … time, so that neither what was
// sent nor when somebody came can be read from it.
type logbook struct {
	mu   sync.Mutex // guards w and said
	w    io.Writer
	said map[string]int
}

func newLogbook(w io.Writer) *logbook { return &logbook{w: w, said: map[string]int{}} }

func (l *logbook) say(words string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said[words]++
	n := l.said[words]
	for m := n; m >= 10; m /= 10 {
		if m%10 != 0 {
			return
		}
	}
	switch {
	case n == 1:
		fmt.Fprintln(l.w, words)
	case strings.HasPrefix(fmt.Sprint(n), "1"):
		fmt.Fprintf(l.w, "%s (%d times)\n", words, n)
	}
}

// panicked is for a handler that did.
func (l *logbook) panicked() { l.say("internal error: a handler panicked") }

// trouble names what kind of error it was.
func (l *logbook) trouble(err error) {
	if errors.Is(err, context.Canceled) {
		return // whoever asked has left, or the server ends
	}
	var errno syscall.Errno
	switch {
	case errors.Is(err, vault.ErrStopped):
		l.say("the disk failed, or may have: " + vault.ErrStopped.Error() + "; look at the disk, then start the server again")
	case errors.Is(err, vault.ErrCorrupt):
		l.say("internal error: " + vault.ErrCorrupt.Error() + "; run peerwitnessd check")
	case errors.Is(err, vault.ErrClosed):
		l.say("internal error: " + vault.ErrClosed.Error())
	case errors.As(err, &errno):
		l.say("internal error: " + errno.Error())
	default:
		l.say("internal error")
	}
}

// httpErrors is the net/http server's log. Its lines quote addresses and what
// clients sent, so that only their kind is kept.
func (l *logbook) httpErrors() *log.Logger { return log.New(httpLog{l}, "", 0) }

type httpLog struct{ l *logbook }

func (h httpLog) Write(p []byte) (int, error) {
	line := string(p)
	switch {
	case strings.Contains(line, "TLS handshake error"):
		h.l.say("a TLS handshake failed")
	case strings.Contains(line, "Accept error"):
		h.l.say("accepting a connection failed")
	case strings.Contains(line, "panic"):
		h.l.panicked()
	default:
		h.l.say("a connection failed")
	}
	return len(p), nil
}
