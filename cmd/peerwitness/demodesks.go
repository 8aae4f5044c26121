package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"peerwitness/vault/roster"
)

// deskPeople are those of a demo with several workstations: a lead, who has a
// second desk besides, two advocates of one desk, and somebody of a partner organisation.
var deskPeople = []demoPerson{
	{"Lead Nino", []string{roster.Advocate, roster.Lead}, []string{"street", "health"}},
	{"Advocate Amara", []string{roster.Advocate}, []string{"street"}},
	{"Advocate Luc", []string{roster.Advocate}, []string{"street"}},
	{"Partner Mei", []string{roster.Partner}, nil},
}

// deskDays is for how many days the time of such a demo can go on: it begins so
// long ago, and what phones seal by this computer's own clock is never too early.
const deskDays = 8

// seats is a running demo whose people each sit at a workstation of their own, a
// program of its own, as on computers apart. Its owner moves its time and cuts its lines.
type seats struct {
	*demo
	site  demoSite
	clock movedClock
	all   []*seat
}

// seatPlan is what a workstation's program reads: the demo's folder has it.
type seatPlan struct {
	Origin string     `json:"origin"`
	Root   string     `json:"root"`
	Seats  []seatFile `json:"seats"`
}

type seatFile struct {
	Name string `json:"name"` // short, as commands have it
	Key  string `json:"key"`
	Dir  string `json:"dir"`
	Line string `json:"line"` // where the server is to be reached
}

const seatPlanFile = "desks.json"

func runDesks(ctx context.Context, e *env, dir string) (err error) {
	s := &seats{demo: &demo{e: e}}
	remove, err := s.folder(dir)
	if err != nil {
		return err
	}
	defer remove()
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.begin(ctx); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "\nAn invented organisation with %d workstations. Practice reports only: never put a real one into it.\n\n  phone       %s\n  passphrase  %s\n\n",
		len(s.all), s.phone(), demoPassphrase)
	for _, x := range s.all {
		code, err := x.advocate.code(s.clock.now())
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "  %-5s  %s\n         %s, sign-in code %s %s, key %s, folder %s\n", x.name, x.url, x.advocate.key.Name, code[:3], code[3:], x.advocate.file, x.dir)
	}
	fmt.Fprintf(e.stdout, "\n%s\n\n  time  %s\n", seatHelp, s.clock.now().UTC().Format(time.RFC3339))
	return s.obey(ctx)
}

// begin makes the organisation, its server and its workstations.
func (s *seats) begin(ctx context.Context) error {
	now := s.e.now().UTC()
	first := now.Truncate(24*time.Hour).AddDate(0, 0, -deskDays).Add(8 * time.Hour)
	var err error
	if s.clock, err = newMovedClock(s.dir, first.Sub(now)); err != nil {
		return err
	}
	if s.org, err = newOrganisation(s.dir, deskPeople, first, now.AddDate(0, 0, 30), false); err != nil {
		return err
	}
	if s.site, err = openSite(ctx, s.dir, s.org, s.clock.now); err != nil {
		return fmt.Errorf("opening the demo's store: %w", err)
	}
	s.origin, s.hc, s.root = s.site.base, s.site.hc, s.org.roster.Fingerprint()
	plan := seatPlan{Origin: s.origin, Root: s.root}
	for _, a := range s.org.advocates {
		if err := s.site.enrol(ctx, a, s.clock.now); err != nil {
			return fmt.Errorf("%s's first day: %w", a.key.Name, err)
		}
		x := &seat{advocate: a, name: shortName(a.key.Name), dir: s.deskDir(a)}
		if x.line, err = newLine(strings.TrimPrefix(s.origin, "http://")); err != nil {
			return err
		}
		s.all = append(s.all, x)
		plan.Seats = append(plan.Seats, seatFile{x.name, a.file, x.dir, x.line.addr()})
	}
	b, err := json.Marshal(plan)
	if err == nil {
		err = writeNew(filepath.Join(s.dir, seatPlanFile), b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing down the workstations: %w", err)
	}
	return together(len(s.all), func(i int) error { return s.all[i].start(s.dir) })
}

// shortName is the last word of a name, in small letters.
func shortName(name string) string {
	words := strings.Fields(strings.ToLower(name))
	return words[len(words)-1]
}

func (s *seats) close() error {
	err := together(len(s.all), func(i int) error { return errors.Join(s.all[i].stop(), s.all[i].line.close()) })
	if s.site.store != nil {
		err = errors.Join(err, s.site.close())
	}
	if s.clock.f != nil {
		err = errors.Join(err, s.clock.close())
	}
	return err
}

const seatHelp = `Type, and press Enter:
  address NAME   a fresh address of that workstation, which works once
  code NAME      a sign-in code of this moment of the demo's time; each works once
  later 14h30m   the time goes on, for the server and all workstations at once
  cut NAME       the line between that workstation and the server breaks
  mend NAME      and is mended
  kill NAME      the workstation's program ends at once, as when the battery is out
  start NAME     and is started again
Ctrl-C ends it all.`

// obey does what is typed, and answers each line with one, until ctx ends.
func (s *seats) obey(ctx context.Context) error {
	typed := make(chan string)
	go func() {
		in := bufio.NewScanner(s.e.lines)
		for in.Scan() {
			select {
			case typed <- in.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintln(s.e.stdout, "Ending …")
			return nil
		case text := <-typed:
			words := strings.Fields(text)
			said, err := s.command(words)
			if err != nil {
				said = "not done: " + err.Error()
			}
			if _, err := fmt.Fprintln(s.e.stdout, printable(said)); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				return fmt.Errorf("answering: %w", err)
			}
		}
	}
}

// command does one thing and says how it went, on one line.
func (s *seats) command(words []string) (string, error) {
	if len(words) != 2 {
		return "", errors.New("type one of the words above, and a name or a time")
	}
	if words[0] == "later" {
		return s.later(words[1])
	}
	i := slices.IndexFunc(s.all, func(x *seat) bool { return x.name == words[1] })
	if i < 0 {
		return "", fmt.Errorf("nobody here is called %q", words[1])
	}
	x := s.all[i]
	said := func(what string, err error) (string, error) { return x.name + "  " + what, err }
	switch words[0] {
	case "address":
		return said(x.address())
	case "code":
		return said(x.advocate.code(s.clock.now()))
	case "cut", "mend":
		x.line.setCut(words[0] == "cut")
		return said(words[0], nil)
	case "kill":
		return said("killed", x.kill())
	case "start":
		return said(x.url, x.start(s.dir))
	}
	return "", fmt.Errorf("%q is none of the words above", words[0])
}

// later lets time go on.
func (s *seats) later(span string) (string, error) {
	d, err := time.ParseDuration(span)
	by, berr := s.clock.by()
	switch {
	case err != nil || d <= 0:
		return "", errors.New("give a length of time, such as 45m or 14h")
	case berr != nil:
		return "", berr
	case by+d > 0:
		return "", errors.New("the demo's time can't go past this computer's own")
	}
	if err := s.clock.set(by + d); err != nil {
		return "", err
	}
	return "time  " + s.clock.now().UTC().Format(time.RFC3339), nil
}
