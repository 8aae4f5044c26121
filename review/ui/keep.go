package ui

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/codebook"
	"peerwitness/vault/seal"
)

// keep syncs a desk now and then and locks it when nobody has used it for long.
func (s *Server) keep(ctx context.Context, d *desk) {
	defer close(d.ended)
	tick := time.NewTicker(s.cfg.SyncEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.cfg.Clock()
		if d.idle(now) > s.cfg.LockAfter {
			// lock waits for this function to end.
			go func() {
				s.opening.Lock()
				defer s.opening.Unlock()
				if s.current() == d {
					_ = s.lock() // the next unlock reports a folder that is in trouble
				}
			}()
			<-ctx.Done()
			return
		}
		limited, cancel := context.WithTimeout(ctx, online)
		d.sync(limited, now)
		cancel()
		// Close tries both again.
		_ = d.work.KeepMarks()
		_ = d.work.KeepWarm(ctx)
	}
}

func (d *desk) touch(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used = now
}

func (d *desk) idle(now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return now.Sub(d.used)
}

// sync brings the desk up to the server and remembers how that went.
func (d *desk) sync(ctx context.Context, now time.Time) {
	err := d.work.Sync(ctx, nil)
	d.look()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.online, d.tried = err, now
}

// went remembers an action that failed because the server was not reached.
func (d *desk) went(err error) {
	if errors.Is(err, review.ErrOffline) || errors.Is(err, access.ErrSignedOut) || errors.Is(err, access.ErrRemoved) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.online = err
	}
}

// pageSync starts a sync for a page that is about to be shown, and waits for
// it only a moment: the page must come, with or without the server.
func (s *Server) pageSync(d *desk) {
	now := s.cfg.Clock()
	d.mu.Lock()
	recent := now.Sub(d.tried) < 5*time.Second
	d.tried = now
	d.mu.Unlock()
	if recent || d.client == nil || !d.client.SignedIn() {
		return
	}
	s.briefly(func(ctx context.Context) { d.sync(ctx, s.cfg.Clock()) })
}

// moment is how long a page waits for the server.
const moment = 700 * time.Millisecond

// briefly runs work that goes on by itself, and waits a moment for it.
func (s *Server) briefly(work func(context.Context)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(context.Background(), online)
		defer cancel()
		work(ctx)
	}()
	wait := time.NewTimer(moment)
	defer wait.Stop()
	select {
	case <-done:
	case <-wait.C:
	}
}

// joinHeld takes what a person sent since into a case that its holder looks at.
func (s *Server) joinHeld(d *desk, c *review.Case) {
	if len(c.Waiting) == 0 || c.Holder != d.work.Me() && !c.Covers(d.work.Me(), vault.DayOf(s.cfg.Clock())) || d.client == nil || !d.client.SignedIn() {
		return
	}
	s.briefly(func(ctx context.Context) {
		// Where it fails the messages stay shown as not yet in the case.
		_ = d.work.Join(ctx, c.ID)
	})
}

// renew publishes the next certificate when one is due. The new key is in the
// key file, sealed, before anybody can seal to it.
func (d *desk) renew(ctx context.Context, cfg Config, passphrase string) {
	_, err := d.work.Renew(ctx, func(k seal.KeyFile) error {
		return review.SaveKeyFile(cfg.KeyPath, k, passphrase, cfg.WorkFactor)
	})
	var text string
	switch {
	case err == nil, d.work.Partner(): // who has none
	case errors.Is(err, review.ErrOffline):
		text = "Your monthly key could not be checked, because the server was not reached. Sign in again within the next days."
	default:
		text = "Your monthly key could not be renewed. Reports can still be sealed to the one you have; check that your key file can be written to, then lock and unlock again."
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notice = text
}

// codebook returns the labels that the roster names: the ones in the program,
// or those the server publishes, kept in the folder. Where neither is to be
// had, codes that the program's own labels do not know are shown as they are.
func (s *Server) codebook(ctx context.Context, v *review.View) *codebook.Codebook {
	own, err := codebook.Parse(codebook.Default())
	if err != nil {
		panic(err) // the embedded codebook is part of the program and has a test
	}
	if v.Roster == nil || v.Roster.Codebook == vault.Sum(codebook.Default()).String() {
		return own
	}
	want, err := vault.ParseID(v.Roster.Codebook)
	if err != nil {
		return own
	}
	path := filepath.Join(s.cfg.Dir, "codebook-"+want.String()+".json")
	b, err := os.ReadFile(path)
	if err != nil || vault.Sum(b) != want {
		if b, err = s.fetchCodebook(ctx, want); err != nil {
			return own
		}
		_ = review.WriteFile(path, b) // only spares fetching it again
	}
	if c, err := codebook.Parse(b); err == nil {
		return c
	}
	return own
}

func (s *Server) fetchCodebook(ctx context.Context, want vault.ID) ([]byte, error) {
	if s.cfg.ServerURL == "" {
		return nil, review.ErrOffline
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.cfg.ServerURL+"/v1/codebook/"+want.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.cfg.HTTPClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, vault.MaxDocument+1))
	switch {
	case err != nil:
		return nil, err
	case vault.Sum(b) != want:
		return nil, vault.ErrHash
	}
	return b, nil
}

// connection says in words how things stand with the server.
func (d *desk) connection(now time.Time) connection {
	d.mu.Lock()
	err, notice := d.online, d.notice
	d.mu.Unlock()
	c := connection{Notice: notice, Synced: ago(d.work.View().Synced, now), Server: d.client != nil}
	c.SignedIn = d.client != nil && d.client.SignedIn() && !errors.Is(err, access.ErrSignedOut)
	var anew *access.AnewError
	switch {
	case err == nil:
		c.Online = true
	case errors.As(err, &anew): // an alarm says so, and a page of its own
	case errors.Is(err, vault.ErrFork):
		c.Trouble = "The server shows another history than the one this computer holds. What is here is kept. Do not act on new cases; tell your lead and the operator today."
	case errors.Is(err, access.ErrRemoved):
		c.Trouble = "The server says that you are no longer on the list of people."
	case errors.Is(err, review.ErrOffline):
	default:
		c.Trouble = "The last sync did not finish. What is here is kept; it goes on at the next sync."
	}
	return c
}

type connection struct {
	Server, SignedIn, Online bool
	Synced, Trouble, Notice  string
}
