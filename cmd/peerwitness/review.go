package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"

	"peerwitness/cmd/internal/bell"
	"peerwitness/review/ui"
)

var reviewCommand = command{
	name:  "review",
	short: "start an advocate's workstation in the browser",
	usage: `Usage: peerwitness review --key FILE --server URL --dir DIR [--listen ADDR] [--root FINGERPRINT] [--silent]

Starts the workstation: pages on this computer alone, for the browser. Open the
address that it prints; it works once. The passphrase and the code are asked on
the page. DIR holds sealed copies only, so that work goes on without a network.
Ctrl-C locks and ends it. Started again while it runs, it prints a fresh address
of the one that runs.

When a report of danger or custody comes in, or a message in one of your cases,
the desktop shows a notification that says only that. It needs an unlocked
workstation: a locked one reads nothing.

  --key FILE          the person's key file
  --server URL        the server, https://… (or http://127.0.0.1…)
  --dir DIR           the workstation's folder; it is made if need be
  --listen ADDR       address of the pages; 127.0.0.1:0, any free port
  --root FINGERPRINT  refuse a roster of other root keys
  --silent            no notifications on the desktop; the pages tell it still

Example:
  peerwitness review --key nino/nino.key --server https://reports.example --dir nino/desk
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		key, server, dir := fs.String("key", "", ""), fs.String("server", "", ""), fs.String("dir", "", "")
		listen, root := fs.String("listen", "127.0.0.1:0", ""), fs.String("root", "", "")
		silent := fs.Bool("silent", false, "")
		return func(ctx context.Context, e *env) error {
			if err := needed("review", "--key", *key, "--server", *server, "--dir", *dir); err != nil {
				return err
			}
			if err := noArgs("review", e); err != nil {
				return err
			}
			if err := checkServer("review", *server); err != nil {
				return err
			}
			if _, err := os.Stat(*key); err != nil {
				return fmt.Errorf("looking for key: %w", plainPath(err))
			}
			listener, handover, err := inherited()
			if err != nil {
				return err
			}
			if listener == nil {
				switch url, err := runningDesk(*dir); {
				case err != nil:
					return err
				case url != "":
					fmt.Fprintln(e.stdout, url)
					e.say("The workstation runs already. This is a fresh address of it; it works once.")
					return nil
				}
			}
			ring := bell.Ring
			if *silent {
				ring = nil
			}
			cfg := ui.Config{KeyPath: *key, ServerURL: *server, Dir: *dir, Root: *root, Ring: ring, Renew: ownProcess && mayRenew, Handover: handover}
			return runDesk(ctx, e, cfg, listener, *listen)
		}
	},
}

// runDesk starts the workstation, says where it is unless it goes on with a
// listener, and answers until ctx ends.
func runDesk(ctx context.Context, e *env, cfg ui.Config, listener net.Listener, listen string) error {
	w, err := startDeskOn(cfg, listener, listen)
	if err != nil {
		return err
	}
	if listener == nil {
		fmt.Fprintln(e.stdout, w.ui.LaunchURL())
		e.say("Open this address in your browser; it works once. Ctrl-C locks and ends the workstation.")
	}
	if again, err := answerAgain(cfg.Dir, w.ui); err != nil {
		e.say("warning: started again, this can't print a fresh address: %v", err)
	} else {
		defer again.Close() // removes the socket too
	}
	return w.serve(ctx)
}

// serve answers until ctx ends. When the pages are locked a fresh process goes
// on, with nothing in its memory of what was opened.
func (w *workstation) serve(ctx context.Context) error {
	var kept *os.File
	if l, ok := w.listener.(*net.TCPListener); ok {
		var err error
		if kept, err = l.File(); err != nil {
			return fmt.Errorf("starting pages: %w", err)
		}
		defer kept.Close()
	}
	err := w.ui.Serve(ctx, w.listener)
	if errors.Is(err, ui.ErrLocked) && ctx.Err() == nil {
		err = errors.Join(err, startAnew(kept, w.ui.Handover()))
	}
	return err
}

// workstation is one set of pages and where they are served.
type workstation struct {
	ui       *ui.Server
	listener net.Listener
}

func startDesk(cfg ui.Config, listen string) (*workstation, error) {
	return startDeskOn(cfg, nil, listen)
}

// startDeskOn goes on with a listener, or makes one where it is nil.
func startDeskOn(cfg ui.Config, l net.Listener, listen string) (*workstation, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making workstation's folder: %w", plainPath(err))
	}
	var err error
	if l == nil {
		l, err = net.Listen("tcp", listen)
	}
	if err != nil {
		return nil, hint(fmt.Errorf("starting pages: %w", err), "leave --listen out for any free port")
	}
	cfg.Addr = l.Addr().String()
	if cfg.WorkFactor == 0 {
		cfg.WorkFactor = keyWork
	}
	if cfg.Outbox == nil && cfg.ServerURL != "" {
		api, err := publicServer(cfg.ServerURL)
		if err != nil {
			l.Close()
			return nil, err
		}
		if cfg.HTTPClient != nil {
			api.hc = cfg.HTTPClient
		}
		cfg.Outbox = outbox{api}
	}
	s, err := ui.New(cfg)
	if err != nil {
		l.Close()
		return nil, hint(err, "--listen 127.0.0.1:0")
	}
	return &workstation{s, l}, nil
}
