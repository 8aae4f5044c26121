// Package ui shows a workstation's cases as pages on 127.0.0.1, for the
// browser of the person who sits at it. There is no script in them.
//
// What keeps others out: a launch token, printed once and good once, that
// becomes a cookie; a Host header that is exactly the listener's, so that no
// name made to point here is served; same-origin proof and a form token on
// everything that acts; and headers that let the pages load nothing but
// themselves. Another person with an account on the same computer reaches the
// port and gets 403. What was opened exists only in memory and is forgotten
// when the person locks, or does nothing for a while.
package ui

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"peerwitness/review"
	"peerwitness/review/sheet"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/codebook"
	"peerwitness/vault/seal"
)

// Config is what the pages need.
type Config struct {
	// Addr is the listener's address, 127.0.0.1:port. Requests for any other
	// host are refused.
	Addr string
	// KeyPath is the person's key file. It is written only to add the next
	// intake key to it.
	KeyPath string
	// ServerURL is the server's origin; empty works offline.
	ServerURL string
	// Dir is the workstation's folder.
	Dir string
	// Root is the fingerprint of the roster's root keys, or empty.
	Root string
	// Clock tells the time; nil is time.Now.
	Clock vault.Clock
	// HTTPClient reaches the server; nil is one with sensible timeouts.
	HTTPClient *http.Client
	// WorkFactor is scrypt's, for re-sealing the key file; 0 is 18.
	WorkFactor int
	// LockAfter is how long nobody may do anything before the pages lock
	// themselves; 0 is a quarter of an hour.
	LockAfter time.Duration
	// Outbox sends what is brought in from a spreadsheet; nil brings nothing in.
	Outbox sheet.Outbox
	// Pace is the pause between two reports of an import; 0 is sheet.Pace.
	Pace time.Duration
	// Patience is how long unlocking waits before it shows how far opening has
	// come; 0 is a second and a half.
	Patience time.Duration
	// SyncEvery is the pause between syncs while unlocked; 0 is a minute.
	SyncEvery time.Duration
	// Ring tells the person, away from the pages, that something urgent came
	// in; it says nothing of what. Nil tells nobody.
	Ring func(context.Context) error
	// Renew makes Serve end with ErrLocked whenever an open desk was locked. A
	// program that starts itself anew then has nothing in its memory of what was
	// opened; one that goes on has pieces of it, since Go wipes nothing.
	Renew bool
	// Handover is what Server.Handover gave before the program was started anew.
	Handover string
}

// Server serves the pages of one workstation. It is safe for concurrent use.
type Server struct {
	cfg     Config
	handler http.Handler
	pages   map[string]*template.Template

	// opening is held while somebody unlocks, enrols or locks.
	opening sync.Mutex

	mu       sync.Mutex // guards what follows
	launches map[vault.ID]time.Time
	sessions map[vault.ID]*session
	desk     *desk         // nil while locked
	locked   chan struct{} // has one when a desk was locked and Renew is set
	way      *opening      // while somebody unlocks
	enrol    *enrolment    // between the two steps of setting up a second factor
}

// maxSessions bounds how many browsers may be open on one workstation.
const maxSessions = 16

// New prepares the pages; it opens nothing until somebody unlocks.
func New(cfg Config) (*Server, error) {
	host, _, err := net.SplitHostPort(cfg.Addr)
	if err != nil || host != "127.0.0.1" {
		return nil, errors.New("starting pages: they are served on 127.0.0.1 only")
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Timeout: 2 * time.Minute}
	}
	if cfg.WorkFactor == 0 {
		cfg.WorkFactor = 18
	}
	if cfg.LockAfter == 0 {
		cfg.LockAfter = 15 * time.Minute
	}
	if cfg.Patience == 0 {
		cfg.Patience = 1500 * time.Millisecond
	}
	if cfg.SyncEvery == 0 {
		cfg.SyncEvery = time.Minute
	}
	if cfg.Pace == 0 {
		cfg.Pace = sheet.Pace
	}
	s := &Server{cfg: cfg, launches: map[vault.ID]time.Time{}, sessions: map[vault.ID]*session{}, locked: make(chan struct{}, 1)}
	if err := s.takeOver(cfg.Handover); err != nil {
		return nil, err
	}
	if s.pages, err = parsePages(); err != nil {
		return nil, fmt.Errorf("starting pages: %w", err)
	}
	if _, err := ready(); err != nil {
		return nil, fmt.Errorf("starting pages: %w", err)
	}
	s.handler = s.guard(s.routes())
	return s, nil
}

// Handler is the pages with all their guards.
func (s *Server) Handler() http.Handler { return s.handler }

// launchLife is how long a launch token waits for its browser.
const launchLife = 10 * time.Minute

// LaunchURL makes a new address that opens the pages once. It is for the
// person's own browser and terminal only.
func (s *Server) LaunchURL() string {
	token := randomToken()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Clock()
	for k, at := range s.launches {
		if now.Sub(at) > launchLife {
			delete(s.launches, k)
		}
	}
	s.launches[vault.Sum([]byte(token))] = now
	return s.origin() + "/launch?token=" + token
}

func (s *Server) origin() string { return "http://" + s.cfg.Addr }

// Serve answers on l until ctx ends, then locks. l must be the listener whose
// address Config.Addr gave; it is closed. ErrLocked, see Config.Renew.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		WriteTimeout: 3 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // it would name addresses and quote requests
	}
	var ended error
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return errors.Join(fmt.Errorf("serving pages: %w", err), s.Close())
	case <-ctx.Done():
	case <-s.locked:
		ended = ErrLocked
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		srv.Close()
	}
	<-done
	return errors.Join(ended, s.Close())
}

// Close locks: it stops syncing, forgets all that was opened, and lets the folder go.
func (s *Server) Close() error {
	s.opening.Lock()
	defer s.opening.Unlock()
	return s.lock()
}

// lock is Close for those who hold opening.
func (s *Server) lock() error {
	s.mu.Lock()
	d := s.desk
	s.desk, s.enrol = nil, nil
	for _, x := range s.sessions {
		x.forget()
	}
	s.mu.Unlock()
	if d == nil {
		return nil
	}
	err := d.close()
	if s.cfg.Renew {
		select {
		case s.locked <- struct{}{}:
		default:
		}
	}
	return err
}

// current returns the unlocked desk, or nil.
func (s *Server) current() *desk {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.desk
}

// desk is an unlocked workstation and what keeps it up to date.
type desk struct {
	work   *review.Workstation
	client *access.Client
	key    seal.KeyFile
	codes  *codebook.Codebook
	finder review.Finder
	calls  calls
	ring   func(context.Context) error
	clock  vault.Clock
	run    context.Context // done once the desk locks
	stop   context.CancelFunc
	ended  chan struct{}
	jobs   sync.WaitGroup // what goes on by itself; begun by background
	forms  *sheet.Memory
	bring  bringing
	out    takingOut
	back   puttingBack

	mu     sync.Mutex // guards what follows
	online error      // how the last sync went
	tried  time.Time
	used   time.Time // when a page was last asked for
	notice string    // about certificates, until the next success
}

// background runs something that goes on by itself until it is done or the desk
// locks. It reports whether it was begun.
func (d *desk) background(do func(ctx context.Context)) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.run.Err() != nil {
		return false
	}
	d.jobs.Go(func() { do(d.run) })
	return true
}

func (d *desk) close() error {
	d.mu.Lock()
	d.stop()
	d.mu.Unlock()
	<-d.ended
	d.jobs.Wait()
	if d.client != nil && d.client.SignedIn() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = d.client.SignOut(ctx) // the session runs out by itself where this fails
	}
	err := d.work.Close()
	clear(d.key.Signing) // no action runs any more
	return err
}

func randomToken() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
