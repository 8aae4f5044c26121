package ui

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"peerwitness/vault/access"
	"peerwitness/vault/seal"
)

// opening is an unlock on its way, which with many cases takes a while.
type opening struct {
	done, total atomic.Uint64
	ended       chan struct{}
	text        string // why it failed; read it once ended is closed
}

// openSoon opens the desk beside the request that asked for it. The caller holds
// s.opening, which is let go when it is done.
func (s *Server) openSoon(ctx context.Context, key seal.KeyFile, client *access.Client, passphrase string) *opening {
	o := &opening{ended: make(chan struct{})}
	s.mu.Lock()
	s.way = o
	s.mu.Unlock()
	ctx = context.WithoutCancel(ctx) // the page is left for the one that shows how far it is
	go func() {
		defer s.opening.Unlock()
		o.text = s.open(ctx, key, client, passphrase)
		close(o.ended)
		if o.text == "" {
			s.forgetOpening(o)
		}
	}()
	return o
}

// come notes how far it is. It may be called on nil.
func (o *opening) come(done, total uint64) {
	if o != nil {
		o.done.Store(done)
		o.total.Store(total)
	}
}

// wait returns why opening failed; empty when it went well, or goes on.
func (o *opening) wait(d time.Duration) string {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-o.ended:
		return o.text
	case <-t.C:
		return ""
	}
}

func (s *Server) openingNow() *opening {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.way
}

func (s *Server) forgetOpening(o *opening) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.way == o {
		s.way = nil
	}
}

type openingProgress struct{ Done, Total uint64 }

// openingPage stands where a page of the desk will: it shows how far opening has
// come and asks again, for that very page, every second.
func (s *Server) openingPage(w http.ResponseWriter, r *http.Request) {
	o := s.openingNow()
	if o == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	select {
	case <-o.ended:
		s.forgetOpening(o)
		if o.text != "" {
			s.show(w, r, http.StatusUnprocessableEntity, "unlock", unlockForm{Error: o.text, Offline: s.cfg.ServerURL == ""})
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	default:
	}
	if r.Method != http.MethodPost { // what a form asked for is not asked again
		w.Header().Set("Refresh", "1")
	} else {
		w.Header().Set("Refresh", "1; url=/")
	}
	s.show(w, r, http.StatusOK, "opening", openingProgress{o.done.Load(), o.total.Load()})
}
