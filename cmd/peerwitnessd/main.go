// Command peerwitnessd is the blind server of Peerwitness: it takes sealed
// reports from phones, keeps them, and hands them to the advocates' own
// computers. It can't open anything it keeps, and no code in it could.
//
// Its log holds no address, user agent, name, token or time of day. It exits 0
// when everything asked for was done, 1 when not, and 2 when it was called in a
// wrong way.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"peerwitness/vault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(report(os.Stderr, err))
}

// env is what a command works with.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	clock          vault.Clock
	args           []string // what follows the flags
}

// command is one of the server's verbs. Flags declares its flags and returns
// what runs once they are parsed.
type command struct {
	name  string // one word or two
	short string
	usage string
	flags func(fs *flag.FlagSet) func(ctx context.Context, e *env) error
}

var commands = []command{initCommand, serveCommand, checkCommand, backupCommand, restoreCommand, expireCommand, compactCommand, accountInvite, accountList, accountEnd}

// errUsage: the program was called in a wrong way.
var errUsage = errors.New("wrong call")

// hinted is an error with something to do about it.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

// hint adds to err what the operator can do; nil stays nil.
func hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hinted{err, fmt.Sprintf(format, args...)}
}

// misused is an error in how the program was called.
type misused struct{ words string }

func (m *misused) Error() string        { return m.words }
func (m *misused) Is(target error) bool { return target == errUsage }

func misuse(cmd, format string, args ...any) error {
	return hint(&misused{fmt.Sprintf(format, args...)}, "see `peerwitnessd %s --help`", cmd)
}

// report writes err for the operator and returns the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(w, "error: %s\n", printable(err.Error()))
	var h *hinted
	if errors.As(err, &h) {
		fmt.Fprintf(w, "hint: %s\n", printable(h.hint))
	}
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

// printable keeps a terminal from taking orders from what is shown on it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\ufffd'
		}
		return r
	}, s)
}

// run does what args ask for and returns when it is done or ctx ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	return runWith(ctx, args, stdin, stdout, stderr, time.Now)
}

// runAt is run at a time of the tests' choice, with nothing to read; no flag sets it.
func runAt(ctx context.Context, args []string, stdout, stderr io.Writer, clock vault.Clock) error {
	return runWith(ctx, args, strings.NewReader(""), stdout, stderr, clock)
}

func runWith(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, clock vault.Clock) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, overview())
		return misuse("help", "say what to do")
	}
	switch args[0] {
	case "help", "--help", "-h":
		if len(args) == 1 || args[0] != "help" || strings.HasPrefix(args[1], "-") {
			fmt.Fprint(stdout, overview())
			return nil
		}
		cmd, _, err := find(args[1:])
		if err == nil {
			fmt.Fprint(stdout, cmd.usage)
		}
		return err
	}
	cmd, rest, err := find(args)
	if err != nil {
		return err
	}
	fs := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	do := cmd.flags(fs)
	switch err := fs.Parse(rest); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, cmd.usage)
		return nil
	case err != nil:
		return misuse(cmd.name, "%s", err)
	}
	return do(ctx, &env{stdin: stdin, stdout: stdout, stderr: stderr, clock: clock, args: fs.Args()})
}

// find returns the command that args name, by two words or one.
func find(args []string) (command, []string, error) {
	for n := min(2, len(args)); n > 0; n-- {
		name := strings.Join(args[:n], " ")
		for _, c := range commands {
			if c.name == name {
				return c, args[n:], nil
			}
		}
	}
	var near []string
	for _, c := range commands {
		if strings.HasPrefix(c.name, args[0]+" ") {
			near = append(near, c.name)
		}
	}
	if len(near) > 0 {
		return command{}, nil, misuse("help", "%s is one of: %s", args[0], strings.Join(near, ", "))
	}
	return command{}, nil, misuse("help", "no such command: %s", strings.Join(args[:min(2, len(args))], " "))
}

func overview() string {
	var b strings.Builder
	b.WriteString("peerwitnessd keeps sealed reports for a Peerwitness organisation. It can't open them.\n\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  peerwitnessd %-14s  %s\n", c.name, c.short)
	}
	b.WriteString("\nEach command explains itself: peerwitnessd help COMMAND\n")
	return b.String()
}

// openStore opens the store in dir, which must have been made before.
func openStore(dir string, clock vault.Clock) (vault.Store, error) {
	if _, err := os.Stat(filepath.Join(dir, "peerwitness.db")); err != nil {
		return nil, hint(fmt.Errorf("no store in %s", dir), "make one with `peerwitnessd init --store %s --roster FILE`", dir)
	}
	store, err := vault.OpenBolt(dir, clock)
	if errors.Is(err, vault.ErrLocked) {
		return nil, hint(err, "another peerwitnessd has it open: stop that one first")
	}
	return store, err
}

// closing closes the store and keeps the first error.
func closing(store vault.Store, err *error) {
	if e := store.Close(); e != nil && *err == nil {
		*err = e
	}
}
