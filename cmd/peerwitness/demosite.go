package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"time"

	whole "peerwitness/cmd/internal/site"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/codebook"
)

// demoSite is the server's own handler on the server's own store, in this
// process and on this computer alone: the shipped server has no flag that sets
// its clock.
type demoSite struct {
	store vault.Store
	base  string // its origin
	hc    *http.Client
	serve *http.Server
}

// openSite makes the store in dir with all that the organisation's roster names,
// and serves it. The caller closes it.
func openSite(ctx context.Context, dir string, org *organisation, clock vault.Clock) (s demoSite, err error) {
	if s.store, err = vault.OpenBolt(filepath.Join(dir, "store"), clock); err != nil {
		return s, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	documents := [][]byte{codebook.Default()}
	for _, b := range org.texts {
		documents = append(documents, b)
	}
	for _, b := range documents {
		if _, err := s.store.PutDocument(ctx, b); err != nil {
			return s, err
		}
	}
	if err := access.HoldsDocuments(ctx, s.store, org.roster); err != nil {
		return s, err
	}
	if err := s.store.PutRoster(ctx, "", org.roster.Version, org.roster.Note); err != nil {
		return s, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return s, err
	}
	s.base = "http://" + l.Addr().String()
	s.serve = &http.Server{Handler: whole.Handler(whole.Config{Store: s.store, Origin: s.base, Clock: clock}), ReadHeaderTimeout: time.Minute}
	go s.serve.Serve(l) // ends with close
	s.hc = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: time.Minute}
	return s, nil
}

// enrol does what an advocate does before her first day: takes the operator's
// code and sets up a second factor.
func (s demoSite) enrol(ctx context.Context, a *advocate, clock vault.Clock) error {
	_, code, _, err := access.Invite(ctx, s.store, clock, a.key.Person)
	if err == nil {
		a.secret, _, err = access.NewClient(s.base, s.hc).Enrol(ctx, a.key.Person, a.key.Signing, code, clock())
	}
	return err
}

func (s demoSite) close() error {
	var all error
	if s.serve != nil {
		s.hc.CloseIdleConnections()
		all = s.serve.Close()
	}
	return errors.Join(all, s.store.Close())
}
