// Command peerwitness is the people's tool of Peerwitness: it makes keys and
// rosters, seals and opens reports, and runs an advocate's workstation.
//
// Run it without arguments for what it can do. It prints what was asked for on
// its standard output, and prompts, progress and errors on its standard error:
// an error as a line "error: …", with a line "hint: …" after it where there is
// something to do. Secrets come from files and prompts, never from a flag's
// value. It exits 0 when everything asked for was done, 1 when not, and 2 when
// it was called in a wrong way.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ownProcess = true
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := report(os.Stderr, run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	stop()
	os.Exit(code)
}

// ownProcess is true where the process is this tool and nothing else, so that it
// may put another in its place. It is false in tests.
var ownProcess bool

// env is what a command works with.
type env struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time
	lines  *bufio.Reader // stdin, for the answers that are not hidden
	args   []string      // what follows the flags
}

// say prints for the person at the terminal; what a program reads goes to stdout.
func (e *env) say(format string, args ...any) { fmt.Fprintf(e.stderr, format+"\n", args...) }

// command is one of the tool's verbs. Flags declares its flags and returns
// what runs once they are parsed.
type command struct {
	name  string // one word or two
	short string
	usage string
	flags func(fs *flag.FlagSet) func(ctx context.Context, e *env) error
}

var commands = []command{
	keygenPerson, keygenRoot, keygenRecovery,
	rosterNew, rosterSign, rosterShow,
	textsDraft, textsAudio, textsReviewed,
	enrolCommand, certifyCommand, reviewCommand, journalCommand,
	reportCommand, importCommand, wordsCommand, openCommand, identityCommand,
	figuresVerify, verifyBundle, auditSite, demoCommand,
}

// errUsage: the tool was called in a wrong way.
var errUsage = errors.New("wrong call")

// hinted is an error with something to do about it.
type hinted struct {
	err  error
	hint string
}

func (h hinted) Error() string { return h.err.Error() }
func (h hinted) Unwrap() error { return h.err }

// hint adds to err what the person can do; nil stays nil.
func hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return hinted{err, fmt.Sprintf(format, args...)}
}

// misuse is an error in how cmd was called.
func misuse(cmd, format string, args ...any) error {
	return hint(fmt.Errorf(format+"%w", append(args, hidden{errUsage})...), "run `peerwitness %s --help`", cmd)
}

// hidden carries a cause for errors.Is without a word in the message.
type hidden struct{ error }

func (hidden) Error() string   { return "" }
func (h hidden) Unwrap() error { return h.error }

// report writes err as the tool does and returns the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(w, "error: %s\n", printable(err.Error()))
	var h hinted
	if errors.As(err, &h) {
		fmt.Fprintf(w, "hint: %s\n", printable(h.hint))
	}
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

// run does what args ask for and returns when it is done or ctx ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, overview())
		return hint(fmt.Errorf("say what to do%w", hidden{errUsage}), "begin with `peerwitness demo`")
	}
	if args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		return help(args[1:], stdout)
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
		return misuse(cmd.name, "%w", err)
	}
	e := &env{stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now, lines: bufio.NewReader(stdin), args: fs.Args()}
	return do(ctx, e)
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
	var like []string
	for _, c := range commands {
		if strings.HasPrefix(c.name, args[0]+" ") {
			like = append(like, "`peerwitness "+c.name+"`")
		}
	}
	err := fmt.Errorf("no such command: %s%w", args[0], hidden{errUsage})
	if len(like) > 0 {
		return command{}, nil, hint(err, "one of %s", strings.Join(like, ", "))
	}
	return command{}, nil, hint(err, "run `peerwitness help`")
}

func help(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stdout, overview())
		return nil
	}
	cmd, _, err := find(args)
	if err != nil {
		return err
	}
	fmt.Fprint(stdout, cmd.usage)
	return nil
}

func overview() string {
	var b strings.Builder
	b.WriteString("Peerwitness: reports from peers, sealed on the phone, opened only by advocates.\n\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  peerwitness %-16s %s\n", c.name, c.short)
	}
	b.WriteString("\nEach command explains itself: peerwitness help COMMAND\nThe server is another program: peerwitnessd.\n")
	return b.String()
}

// repeated collects the values of a flag that may come several times.
type repeated []string

func (r *repeated) String() string     { return strings.Join(*r, ",") }
func (r *repeated) Set(s string) error { *r = append(*r, s); return nil }

// noArgs refuses words that belong to no flag.
func noArgs(cmd string, e *env) error {
	if len(e.args) > 0 {
		return misuse(cmd, "%q belongs to no flag", e.args[0])
	}
	return nil
}

// needed refuses flags that were left out.
func needed(cmd string, pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return misuse(cmd, "%s is missing", pairs[i])
		}
	}
	return nil
}
