// Package site puts both sides of the server into one handler: the public one
// that phones use, and that of the people on the roster. peerwitnessd serves
// it; the demo serves the same one while it makes a past year. Like the server
// it can't open anything.
package site

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"peerwitness/intake"
	"peerwitness/vault"
	"peerwitness/vault/access"
)

// Config is what the site works with.
type Config struct {
	Store  vault.Store
	Origin string // scheme://host[:port], what sign-ins are bound to
	Clock  vault.Clock
	Calm   int // new deposits in five minutes that need no proof of work; 0: none ever do
	// Trouble, if set, is told of each error that a client sees only as an
	// internal one; Panicked, if set, that a handler panicked.
	Trouble  func(error)
	Panicked func()
}

// Handler is the whole site.
func Handler(cfg Config) http.Handler {
	router := mux.NewRouter()
	server := access.NewServer(cfg.Store, cfg.Origin, cfg.Clock)
	server.Trouble = cfg.Trouble
	server.Routes(router)
	intake.Routes(router, intake.Config{Store: cfg.Store, Clock: cfg.Clock, Calm: cfg.Calm, Trouble: cfg.Trouble})
	return intake.Harden(router, intake.Limits{
		HTTPS:    strings.HasPrefix(cfg.Origin, "https://"),
		Clock:    cfg.Clock,
		Panicked: cfg.Panicked,
	})
}
