package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"peerwitness/cmd/internal/herald"
	"peerwitness/cmd/internal/site"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/roster"
)

var serveCommand = command{
	name:  "serve",
	short: "serve phones and the people on the roster",
	usage: `peerwitnessd serve --store DIR --listen ADDR [--origin URL] [TLS]

Serves the app and takes reports until it is told to stop. Once a day it lets go
what is older than the roster's policy lets it be: see expire. Prints the line
"listening on URL" when it is ready. Its log, on standard error, holds no
address, name, token or time of day.

  --store DIR      the store, made by init
  --listen ADDR    where to listen, such as :443 or 127.0.0.1:8080; port 0 takes any
  --origin URL     what people type to reach it: scheme://host[:port]. Sign-ins are bound
                   to it. Needed unless it listens on this computer alone.
  --notify FILE    tell people outside that something came in; see below
  --notify-private let that reach addresses inside of your own network
  --calm N         new reports in five minutes, 300 unless given, before phones have to
                   show work for each further one. Twice as many are taken in one minute
                   at most. 0 sets no such limit

TLS, one of:
  --tls-cert FILE  certificate chain, PEM
  --tls-key FILE   its key, PEM
  --acme-host HOST take certificates for HOST from Let's Encrypt, by port 443 itself
  --acme-dir DIR   where to keep them
  --behind-proxy   plain HTTP for a proxy that does TLS; it must keep no log and pass
                   bodies on as they come
Without any it serves plain HTTP, on 127.0.0.1, ::1 or localhost only.

Notifications are off unless --notify names a file like this one, with any of its
three lists; the files it names lie beside it, readable by their owner only:
  {"every_minutes": 15,
   "ntfy":    [{"url": "https://ntfy.example.org/topic", "token_file": "ntfy.token"}],
   "webhook": [{"url": "https://chat.example.org/hook"}],
   "smtp":    [{"server": "mail.example.org:587", "from": "desk@example.org",
                "to": ["nino@example.org"], "user": "desk", "password_file": "smtp.password"}]}
Every message says "Something came in. Open the desk." and no more: this server can't
tell a report of custody from any other. It goes at full multiples of every_minutes, and
up to a third of that later, by chance; so with 15 it comes as late as 20 minutes
after the report. Custody may not wait that long: have somebody at an unlocked desk.
Whoever carries it learns that something came in within that time. After each start one
message goes without a reason. A message that doesn't go is tried again at the next time.

Examples:
  peerwitnessd serve --store /var/lib/peerwitness --listen 127.0.0.1:8080
  peerwitnessd serve --store /var/lib/peerwitness --listen :443 --origin https://help.example.org \
    --acme-host help.example.org --acme-dir /var/lib/peerwitness-acme
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		var o serveOptions
		fs.StringVar(&o.dir, "store", "", "")
		fs.StringVar(&o.listen, "listen", "", "")
		fs.StringVar(&o.origin, "origin", "", "")
		fs.IntVar(&o.calm, "calm", 300, "")
		fs.StringVar(&o.cert, "tls-cert", "", "")
		fs.StringVar(&o.key, "tls-key", "", "")
		fs.StringVar(&o.acmeHost, "acme-host", "", "")
		fs.StringVar(&o.acmeDir, "acme-dir", "", "")
		fs.BoolVar(&o.proxy, "behind-proxy", false, "")
		fs.StringVar(&o.notify, "notify", "", "")
		fs.BoolVar(&o.notifyPrivate, "notify-private", false, "")
		return func(ctx context.Context, e *env) error {
			if len(e.args) > 0 {
				return misuse("serve", "%q belongs to no flag", e.args[0])
			}
			return serve(ctx, e, o)
		}
	},
}

type serveOptions struct {
	dir, listen, origin, cert, key, acmeHost, acmeDir string
	proxy                                             bool
	calm                                              int
	notify                                            string
	notifyPrivate                                     bool
}

// Limits of connections. Bodies and answers have their own, in intake.Harden.
const (
	headerTime   = 20 * time.Second
	idleTime     = 90 * time.Second
	shutdownTime = 20 * time.Second
	maxHeader    = 12 << 10
	memoryLimit  = 120 << 20 // what the collector aims at when much is in memory
	garbage      = 400       // per cent of what is alive that it lets lie until then
)

// tls returns how TLS is done, nil for plain HTTP.
func (o serveOptions) tls() (*tls.Config, error) {
	switch {
	case o.dir == "" || o.listen == "":
		return nil, misuse("serve", "--store and --listen are needed")
	case (o.cert == "") != (o.key == ""):
		return nil, misuse("serve", "--tls-cert and --tls-key go together")
	case (o.acmeHost == "") != (o.acmeDir == ""):
		return nil, misuse("serve", "--acme-host and --acme-dir go together")
	case o.cert != "" && o.acmeHost != "" || o.proxy && (o.cert != "" || o.acmeHost != ""):
		return nil, misuse("serve", "only one way of TLS at a time")
	case o.cert != "":
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return nil, fmt.Errorf("reading certificate: %w", err)
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
	case o.acmeHost != "":
		m := &autocert.Manager{
			Prompt:     autocert.AcceptTOS,
			HostPolicy: autocert.HostWhitelist(o.acmeHost),
			Cache:      autocert.DirCache(o.acmeDir),
		}
		c := m.TLSConfig()
		c.MinVersion = tls.VersionTLS12
		return c, nil
	}
	return nil, nil
}

// site returns the origin that sign-ins are bound to and the address to print.
func (o serveOptions) site(addr *net.TCPAddr, secure bool) (origin, shown string, err error) {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	local := addr.IP.IsLoopback()
	shown = scheme + "://" + addr.String()
	switch {
	case !secure && !local && !o.proxy:
		return "", "", hint(errors.New("plain HTTP is for this computer alone"),
			"listen on 127.0.0.1, or give --tls-cert and --tls-key, --acme-host and --acme-dir, or --behind-proxy")
	case o.origin == "" && local && !o.proxy:
		return shown, shown, nil
	case o.origin == "":
		return "", "", misuse("serve", "--origin is needed: what people type to reach the server")
	}
	if origin, err = access.Origin(o.origin); err != nil {
		return "", "", misuse("serve", "--origin takes scheme://host[:port]")
	}
	if (secure || o.proxy) && !strings.HasPrefix(origin, "https://") {
		return "", "", misuse("serve", "--origin must begin https://")
	}
	return origin, shown, nil
}

// herald is who tells that something came in, nil for nobody.
func (o serveOptions) herald() (*herald.Herald, error) {
	switch {
	case o.notify == "" && o.notifyPrivate:
		return nil, misuse("serve", "--notify-private goes with --notify")
	case o.notify == "":
		return nil, nil
	}
	return herald.Read(o.notify, o.notifyPrivate)
}

func serve(ctx context.Context, e *env, o serveOptions) (err error) {
	config, err := o.tls()
	if err != nil {
		return err
	}
	tell, err := o.herald()
	if err != nil {
		return err
	}
	if os.Getenv("GOMEMLIMIT") == "" && os.Getenv("GOGC") == "" {
		debug.SetMemoryLimit(memoryLimit)
		debug.SetGCPercent(garbage)
	}
	store, err := openStore(o.dir, e.clock)
	if err != nil {
		return err
	}
	defer closing(store, &err)
	_, note, err := store.Roster(ctx)
	if errors.Is(err, vault.ErrNotFound) {
		return hint(errors.New("the store has no roster"), "run `peerwitnessd init --store %s --roster FILE`", o.dir)
	}
	if err != nil {
		return err
	}
	r, err := roster.Parse(note)
	if err != nil {
		return fmt.Errorf("reading the store's roster: %w", err)
	}
	log := newLogbook(e.stderr)
	if r.Expired(e.clock()) {
		log.say("the roster has expired: phones ask before they use it; make a new one")
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	origin, shown, err := o.site(listener.Addr().(*net.TCPAddr), config != nil)
	if err != nil {
		return err
	}
	control, err := listenControl(o.dir)
	if err != nil {
		log.say("account commands do not work beside this server: its control socket can't be made")
	} else {
		done := make(chan struct{})
		go func() {
			defer close(done)
			serveControl(ctx, control, store, e.clock)
		}()
		defer func() {
			control.Close() // removes the socket too
			<-done
		}()
	}
	keeping, stopKeeping := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		keepDaily(keeping, store, log)
	}()
	defer func() { stopKeeping(); <-kept }()
	if tell != nil {
		telling, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			tell.Run(telling, store, log.say)
		}()
		defer func() { stop(); <-done }()
	}
	srv := &http.Server{
		Handler:           handler(store, origin, e.clock, log, o.calm),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.httpErrors(),
		TLSConfig:         config,
	}
	fmt.Fprintf(e.stdout, "listening on %s\n", shown)
	return serveUntil(ctx, srv, listener)
}

// handler is the whole site, with the server's own log.
func handler(store vault.Store, origin string, clock vault.Clock, log *logbook, calm int) http.Handler {
	return site.Handler(site.Config{Store: store, Origin: origin, Clock: clock, Calm: calm, Trouble: log.trouble, Panicked: log.panicked})
}

// serveUntil serves until ctx ends, and then lets those who are being answered
// finish.
func serveUntil(ctx context.Context, srv *http.Server, l net.Listener) error {
	ended := make(chan error, 1)
	go func() {
		if srv.TLSConfig != nil {
			ended <- srv.ServeTLS(l, "", "")
		} else {
			ended <- srv.Serve(l)
		}
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if srv.Shutdown(last) != nil {
		srv.Close()
	}
	<-ended
	return nil
}
