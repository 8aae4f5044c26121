package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"peerwitness/review/ui"
)

// seat is one person's place in a demo with several workstations.
type seat struct {
	advocate *advocate
	name     string
	dir      string
	line     *line
	url      string // as it was started

	cmd   *exec.Cmd
	hold  io.Closer // closed, it ends
	said  *tail
	ended chan struct{}
}

// seatStart is how long a workstation's program may take to say where it is.
const seatStart = 30 * time.Second

// start starts the workstation's program and waits for its address.
func (x *seat) start(dir string) error {
	if x.running() {
		return errors.New("it runs already")
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("starting workstation: %w", err)
	}
	x.said, x.ended = &tail{}, make(chan struct{})
	// Not bound to a context: it locks and signs out before the server ends.
	x.cmd = &exec.Cmd{Path: self, Args: []string{os.Args[0], "demo", "--dir", dir, "--desk", x.name}, Stderr: x.said}
	in, err := x.cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("starting workstation: %w", err)
	}
	out, err := x.cmd.StdoutPipe()
	if err == nil {
		err = x.cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("starting workstation: %w", err)
	}
	x.hold = in
	first := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			select {
			case first <- lines.Text():
			default:
			}
		}
		x.cmd.Wait() // how it ended is in what it said
		close(x.ended)
	}()
	limit := time.NewTimer(seatStart)
	defer limit.Stop()
	select {
	case x.url = <-first:
		return nil
	case <-x.ended:
		return fmt.Errorf("starting workstation: %s", or(x.said.String(), "it said nothing"))
	case <-limit.C:
		return errors.Join(errors.New("starting workstation: it did not say where it is"), x.kill())
	}
}

func (x *seat) running() bool {
	if x.cmd == nil {
		return false
	}
	select {
	case <-x.ended:
		return false
	default:
		return true
	}
}

// address is a fresh one. A workstation that was just locked needs a moment.
func (x *seat) address() (string, error) {
	for range 50 {
		url, err := runningDesk(x.dir)
		if url != "" || err != nil {
			return url, err
		}
		if !x.running() {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return "", errors.New("its program does not run")
}

// kill ends the program as a battery that is out would.
func (x *seat) kill() error {
	if !x.running() {
		return errors.New("its program does not run")
	}
	if err := x.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending workstation: %w", err)
	}
	<-x.ended
	return nil
}

// stop ends the program kindly: it locks first.
func (x *seat) stop() error {
	if !x.running() {
		return nil
	}
	x.hold.Close()
	select {
	case <-x.ended:
		return nil
	case <-time.After(stopTime):
		return errors.Join(errors.New("ending workstation: it had to be killed"), x.kill())
	}
}

// runSeat is the program of one workstation of a demo that runs in dir. It ends
// when its standard input does, which the demo holds.
func runSeat(ctx context.Context, e *env, dir, name string) error {
	plan, mine, err := readSeat(dir, name)
	if err != nil {
		return err
	}
	clock, err := openMovedClock(dir)
	if err != nil {
		return err
	}
	defer clock.close()
	listener, handover, err := inherited()
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	go func() {
		io.Copy(io.Discard, e.stdin)
		end()
	}()
	var dial net.Dialer
	hc := &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dial.DialContext(ctx, network, mine.Line)
		},
	}}
	return runDesk(ctx, e, ui.Config{
		KeyPath: mine.Key, ServerURL: plan.Origin, Dir: mine.Dir, Root: plan.Root, Clock: clock.now, HTTPClient: hc,
		WorkFactor: demoWork, LockAfter: 8 * time.Hour, SyncEvery: 5 * time.Second, Renew: ownProcess && mayRenew, Handover: handover,
	}, listener, "127.0.0.1:0")
}

// readSeat reads where a person sits in the demo that runs in dir.
func readSeat(dir, name string) (plan seatPlan, mine seatFile, err error) {
	b, err := readBounded(filepath.Join(dir, seatPlanFile), 1<<20)
	if err == nil {
		err = json.Unmarshal(b, &plan)
	}
	if err != nil {
		return plan, mine, hint(errors.New("no demo with several workstations runs in that folder"), "start one: peerwitness demo --desks --dir %s", dir)
	}
	i := slices.IndexFunc(plan.Seats, func(x seatFile) bool { return x.Name == name })
	if i < 0 {
		var names []string
		for _, x := range plan.Seats {
			names = append(names, x.Name)
		}
		return plan, mine, hint(fmt.Errorf("nobody there is called %q", name), "there are %s", strings.Join(names, ", "))
	}
	mine = plan.Seats[i]
	if host, _, err := net.SplitHostPort(mine.Line); err != nil || host != "127.0.0.1" || !strings.HasPrefix(plan.Origin, "http://127.0.0.1:") {
		return plan, mine, errors.New("the demo in that folder is not on this computer")
	}
	return plan, mine, nil
}
