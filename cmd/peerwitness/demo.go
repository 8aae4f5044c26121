package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pquerna/otp/totp"

	"peerwitness/review/ui"
)

var demoCommand = command{
	name:  "demo",
	short: "run a throwaway organisation with practice reports on this computer",
	usage: `Usage: peerwitness demo [--once] [--lan] [--drafts] [--reports N] [--dir DIR]
       peerwitness demo --desks [--dir DIR]

Makes an invented organisation with two desks, three advocates, one campaigner
and three throwaway root keys, and a past year for it: 2,400 practice reports,
each sealed as a phone seals them, taken, coded, answered and closed by a script
that calls what the pages call. That takes a minute or two. Then it starts the
real server on what the year left, sends it 60 more reports that are marked as
practice and never counted, and opens one advocate's workstation. It prints the
addresses, the passphrase and a fresh sign-in code every 30 seconds. Ctrl-C ends
it all and removes every file. Never put a real report into it.

  --once     drive the whole way without a person, from a report to the published
             figures of a half-year, say each step, and end
  --lan      serve TLS on this network, with a certificate authority made on the
             spot, so that a real phone can try it; prints a QR code
  --drafts   turn on the languages that no native speaker has reviewed, to try them
  --reports N  how many the past year has, 100 to 2400; fewer are sooner made,
             and leave more of the figures hidden
  --desks    four people, each at a workstation of her own, in place of the past
             year: a lead, two advocates, a partner. What is typed moves
             its time, which begins eight days ago, cuts the line of one of
             them, or ends her program
  --desk NAME  (started by --desks itself) the workstation of one of them
  --dir DIR  keep the files there instead of removing them; it must be empty

Example:
  peerwitness demo
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		once, lan, dir := fs.Bool("once", false, ""), fs.Bool("lan", false, ""), fs.String("dir", "", "")
		drafts := fs.Bool("drafts", false, "")
		reports := fs.Int("reports", yearReports, "")
		desks, desk := fs.Bool("desks", false, ""), fs.String("desk", "", "")
		return func(ctx context.Context, e *env) error {
			if err := noArgs("demo", e); err != nil {
				return err
			}
			if *desks || *desk != "" {
				switch {
				case *once || *lan || *drafts || *reports != yearReports || *desks && *desk != "":
					return misuse("demo", "--desks goes with --dir alone")
				case *desks:
					return runDesks(ctx, e, *dir)
				case *dir == "":
					return misuse("demo", "--desk needs the --dir of a demo that runs")
				}
				return runSeat(ctx, e, *dir, *desk)
			}
			if *reports < leastReports || *reports > yearReports {
				return misuse("demo", "--reports takes %d to %d", leastReports, yearReports)
			}
			return runDemo(ctx, e, demoOptions{dir: *dir, lan: *lan, once: *once, drafts: *drafts, reports: *reports})
		}
	},
}

type demoOptions struct {
	dir       string
	lan, once bool
	drafts    bool // languages that nobody has reviewed are on
	reports   int  // of the past year
}

// demo is a running demonstration.
type demo struct {
	e      *env
	dir    string
	org    *organisation
	server *child
	lan    *lanSite // nil without --lan
	origin string
	hc     *http.Client
	root   string // fingerprint

	reports int    // of the past year
	period  string // the half-year of it that is published

	closers []func() error // of workstations that run
}

// closeDesks locks and ends the workstations.
func (d *demo) closeDesks() error {
	var all error
	for _, stop := range d.closers {
		all = errors.Join(all, stop())
	}
	d.closers = nil
	return all
}

func runDemo(ctx context.Context, e *env, o demoOptions) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	d := &demo{e: e, hc: &http.Client{Timeout: time.Minute}, reports: o.reports}
	remove, err := d.folder(o.dir)
	if err != nil {
		return err
	}
	defer remove()
	if err := d.start(ctx, o); err != nil {
		return err
	}
	defer func() {
		serr := errors.Join(d.closeDesks(), d.server.stop())
		if err == nil {
			err = serr
		}
	}()
	if d.lan != nil {
		defer d.lan.close()
	}
	if err := d.fill(ctx); err != nil {
		return err
	}
	if o.once {
		return d.once(ctx)
	}
	return d.stay(ctx)
}

// folder makes the demo's folder and returns what removes it again.
func (d *demo) folder(dir string) (func(), error) {
	if dir == "" {
		tmp, err := os.MkdirTemp("", "peerwitness-demo-")
		if err != nil {
			return nil, fmt.Errorf("making demo's folder: %w", plainPath(err))
		}
		d.dir = tmp
		return func() {
			if err := os.RemoveAll(tmp); err != nil {
				d.e.say("warning: %s could not be removed: %v", tmp, plainPath(err))
			}
		}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making demo's folder: %w", plainPath(err))
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("making demo's folder: %w", plainPath(err))
	}
	if len(list) > 0 {
		return nil, hint(fmt.Errorf("%s is not empty", dir), "name a folder that is not there yet")
	}
	d.dir = dir
	return func() {}, nil
}

// start makes the organisation and its past year, and starts its server.
func (d *demo) start(ctx context.Context, opts demoOptions) error {
	if _, err := findServer(); err != nil {
		return err // before the long part
	}
	d.e.say("Making an invented organisation …")
	cal, err := newCalendar(d.e.now())
	if err != nil {
		return err
	}
	if d.org, err = newOrganisation(d.dir, demoPeople, cal.begin, cal.today.AddDate(0, 0, 30), opts.drafts); err != nil {
		return err
	}
	d.root, d.period = d.org.roster.Fingerprint(), cal.period
	listen := []string{"--listen", "127.0.0.1:0"}
	if opts.lan {
		if d.lan, err = newLanSite(d.e, d.dir); err != nil {
			return err
		}
		listen = []string{"--listen", d.lan.addr, "--origin", d.lan.origin, "--tls-cert", d.lan.cert, "--tls-key", d.lan.key}
		d.hc = d.lan.client()
	}
	if err := d.makeYear(ctx, cal, d.reports, !opts.once); err != nil {
		return fmt.Errorf("making a practice year: %w", err)
	}
	store := filepath.Join(d.dir, "store")
	if d.server, err = startServer(ctx, append([]string{"serve", "--store", store}, listen...)...); err != nil {
		return err
	}
	d.origin = d.server.url
	if d.lan != nil {
		d.origin = d.lan.origin
		if err := d.lan.serve(d.phone()); err != nil {
			return errors.Join(err, d.server.stop())
		}
	}
	return nil
}

// phone is the address that peers get: it pins the organisation's root keys.
func (d *demo) phone() string { return d.origin + "/#root=" + d.root }

func (d *demo) api() *publicAPI { return &publicAPI{base: d.origin, hc: d.hc} }

// desk starts one advocate's workstation in this process.
func (d *demo) desk(ctx context.Context, a *advocate) (w *workstation, stop func() error, err error) {
	w, err = startDesk(ui.Config{
		KeyPath: a.file, ServerURL: d.origin, Dir: d.deskDir(a), Root: d.root,
		HTTPClient: d.hc, WorkFactor: demoWork, LockAfter: 8 * time.Hour, SyncEvery: 5 * time.Second,
	}, "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.ui.Serve(ctx, w.listener) }()
	return w, func() error { cancel(); return <-done }, nil
}

// stay prints where everything is and goes on until ctx ends.
func (d *demo) stay(ctx context.Context) error {
	nino := d.org.advocates[0]
	w, stop, err := d.desk(ctx, nino)
	if err != nil {
		return err
	}
	d.closers = append(d.closers, stop)
	figures, err := d.figures(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.e.stdout, `
An invented organisation. Practice reports only: never put a real one into it.

  phone    %s
  desk     %s
           (this address works once; press Enter for a new one)
  figures  %s

  Unlock the desk as %s with
  passphrase  %s

`, d.phone(), w.ui.LaunchURL(), figures, nino.key.Name, demoPassphrase)
	if d.lan != nil {
		if err := d.lan.explain(d.e.stdout); err != nil {
			return err
		}
	}
	var mu sync.Mutex // one line at a time
	show := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(d.e.stdout, format+"\n", args...)
	}
	go d.newAddresses(w, show)
	return d.codes(ctx, nino, show)
}

// figures is the page of what was published, looked up first.
func (d *demo) figures(ctx context.Context) (string, error) {
	_, b, err := d.api().do(ctx, http.MethodGet, "/figures", "", nil, "", 1<<20)
	if err == nil && !releaseLink.Match(b) {
		err = errors.New("the page lists no figures")
	}
	if err != nil {
		return "", fmt.Errorf("looking at the published figures: %w", err)
	}
	return d.origin + "/figures", nil
}

// newAddresses prints a fresh desk address for every line on stdin.
func (d *demo) newAddresses(w *workstation, show func(string, ...any)) {
	in := bufio.NewScanner(d.e.lines)
	for in.Scan() {
		show("  desk     %s", w.ui.LaunchURL())
	}
}

const totpPeriod = 30 * time.Second

// codes prints a fresh sign-in code at once and every 30 seconds.
func (d *demo) codes(ctx context.Context, a *advocate, show func(string, ...any)) error {
	for {
		now := d.e.now()
		code, err := a.code(now)
		if err != nil {
			return err
		}
		next := now.Truncate(totpPeriod).Add(totpPeriod)
		show("  sign-in code  %s %s  until %s", code[:3], code[3:], next.Format(time.TimeOnly))
		wait := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			wait.Stop()
			show("Ending …")
			return nil
		case <-d.server.ended:
			wait.Stop()
			// Ctrl-C at a terminal reaches the server as well, maybe first.
			select {
			case <-ctx.Done():
				show("Ending …")
				return nil
			case <-time.After(time.Second):
			}
			return hint(errors.New("the server ended by itself"), "%s", d.server.lastWords())
		case <-wait.C:
		}
	}
}

// code is the advocate's sign-in code at t.
func (a *advocate) code(t time.Time) (string, error) {
	code, err := totp.GenerateCode(a.secret, t)
	if err != nil {
		return "", errors.New("making sign-in code: the secret can't be read")
	}
	return code, nil
}
