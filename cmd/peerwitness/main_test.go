package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	keyWork = 10 // nothing in a test is worth a second of scrypt for each key
	testscript.Main(tidy{m}, map[string]func(){"peerwitness": main})
}

// tidy runs the tests and removes what they built.
type tidy struct{ m *testing.M }

func (t tidy) Run() int {
	code := t.m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	return code
}

// programs builds both commands once and returns the folder they are in.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "peerwitness-test-bin-")
	if err != nil {
		return "", err
	}
	built = dir
	out, err := exec.Command("go", "build", "-o", dir+"/", "peerwitness/cmd/peerwitness", "peerwitness/cmd/peerwitnessd").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return dir, nil
})

var built string // what programs made, removed when the tests end

// onPath puts the real programs first on PATH for the test.
func onPath(t *testing.T) {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sheet": sheetCmd, "mode": modeCmd, "edit": editCmd,
			"bundle": bundleCmd, "unpack": unpackCmd,
			"release": releaseCmd, "tamper": tamperCmd, "publish": publishCmd,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// flagsOf returns a command's flags.
func flagsOf(c command) map[string]*flag.Flag {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.flags(fs)
	all := make(map[string]*flag.Flag)
	fs.VisitAll(func(f *flag.Flag) { all[f.Name] = f })
	return all
}

var flagInText = regexp.MustCompile(`--([a-z][a-z-]*)`)

func TestEveryFlagIsInUsage(t *testing.T) {
	for _, c := range commands {
		all := flagsOf(c)
		said := make(map[string]bool)
		for _, m := range flagInText.FindAllStringSubmatch(c.usage, -1) {
			said[m[1]] = true
			if all[m[1]] == nil {
				t.Errorf("%s: the usage speaks of --%s, which is no flag", c.name, m[1])
			}
		}
		for name, f := range all {
			if !said[name] {
				t.Errorf("%s: --%s is not in the usage", c.name, name)
			}
			if f.Usage != "" {
				t.Errorf("%s: --%s has a usage of its own, which nobody sees", c.name, name)
			}
		}
		if !strings.HasPrefix(c.usage, "Usage: peerwitness "+c.name) || !strings.Contains(c.usage, "\nExample:\n  peerwitness "+c.name) {
			t.Errorf("%s: the usage lacks its first line or an example", c.name)
		}
		if !strings.Contains(overview(), "peerwitness "+c.name) {
			t.Errorf("%s is not in the overview", c.name)
		}
	}
}

// Secrets come from files and prompts. A flag whose value could be one fails.
func TestNoFlagTakesASecret(t *testing.T) {
	secret := regexp.MustCompile(`pass|secret|code|token|identity|words`)
	for _, c := range commands {
		for name := range flagsOf(c) {
			if secret.MatchString(name) && !strings.HasSuffix(name, "-file") && name != "codebook" && name != "no-words" {
				t.Errorf("%s: --%s looks as if it took a secret", c.name, name)
			}
		}
	}
}

// The examples must at least parse.
func TestExamplesParse(t *testing.T) {
	for _, c := range commands {
		_, example, _ := strings.Cut(c.usage, "Example:\n")
		line := strings.ReplaceAll(strings.TrimSpace(example), "\\\n", " ")
		args := words(line)
		if len(args) == 0 || args[0] != "peerwitness" {
			t.Errorf("%s: example is %q", c.name, line)
			continue
		}
		cmd, rest, err := find(args[1:])
		if err != nil || cmd.name != c.name {
			t.Errorf("%s: example runs %q, %v", c.name, cmd.name, err)
			continue
		}
		fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		cmd.flags(fs)
		if err := fs.Parse(rest); err != nil {
			t.Errorf("%s: example does not parse: %v", c.name, err)
		}
	}
}

// words splits a line as a shell would where only double quotes matter.
func words(line string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?:[^\s"]|"[^"]*")+`).FindAllString(line, -1) {
		out = append(out, strings.ReplaceAll(m, `"`, ""))
	}
	return out
}

// call runs the tool in this process.
func call(stdin string, args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	err := run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	code = report(&errs, err)
	return out.String(), errs.String(), code
}

func TestWrongCalls(t *testing.T) {
	for _, row := range []struct {
		args string
		code int
		want string
	}{
		{"", 2, "say what to do"},
		{"fly", 2, "no such command: fly"},
		{"keygen", 2, "`peerwitness keygen person`"},
		{"keygen person --nme x", 2, "nme"},
		{"keygen person --name x", 2, "--out is missing"},
		{"keygen person --name x --out y z", 2, `"z" belongs to no flag`},
		{"roster sign --key k", 2, "name one roster file"},
		{"roster sign --key k --passphrase-file a --passphrase-file b r", 2, "2 passphrase files for 1 keys"},
		{"roster show", 2, "name one roster file"},
		{"roster show absent.txt", 1, "absent.txt"},
		{"report --roster r --desk d", 2, "either --in FILE or --practice"},
		{"report --roster r --desk d --in f --practice", 2, "either --in FILE or --practice"},
		{"report --roster r --desk d --in f", 2, "either --send URL or --out DIR"},
		{"report --roster r --desk d --in f --out o --send http://127.0.0.1:1", 2, "either --send URL or --out DIR"},
		{"report --roster r --desk d --in f --out o", 2, "--sheet FILE"},
		{"report --roster http://example.org --desk d --in f --out o", 2, "plain http is for this computer"},
		{"review --key k --server ftp://x --dir d", 2, "not https://"},
		{"review --key absent.key --server https://x.example --dir d", 1, "absent.key"},
		{"enrol --key k --server https://x.example/path", 2, "not a server's address"},
		{"enrol --key k --server https://u:p@x.example", 2, "not a server's address"},
		{"open --key absent.key --in absent.age", 1, "absent.age"},
		{"demo now", 2, `"now" belongs to no flag`},
		{"help fly", 2, "no such command"},
	} {
		_, errs, code := call("", strings.Fields(row.args)...)
		if code != row.code || !strings.Contains(errs, row.want) || !strings.Contains(errs, "error: ") {
			t.Errorf("%q: code %d, want %d with %q in:\n%s", row.args, code, row.code, row.want, errs)
		}
	}
	for _, args := range []string{"help", "--help", "help report", "report --help"} {
		if out, errs, code := call("", strings.Fields(args)...); code != 0 || out == "" || errs != "" {
			t.Errorf("%q: code %d, stdout %q, stderr %q", args, code, out, errs)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain, ça, ქართული, العربية": "plain, ça, ქართული, العربية",
		"a\x1b[31mb":             "a\ufffd[31mb",
		"a\u009bb":               "a\ufffdb",
		"a\u202eb\u2066c\u200ed": "a\ufffdb\ufffdc\ufffdd",
		"a\rb\x00c\u2028d":       "a\ufffdb\ufffdc\ufffdd",
		"line\n\ttab":            "line\n\ttab",
		"bad\xffbyte":            "bad\ufffdbyte",
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}

// watched collects what a program writes and closes seen at the first want.
type watched struct {
	want string
	seen chan struct{}

	mu sync.Mutex
	b  bytes.Buffer
	on bool
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.b.Write(p)
	if !w.on && strings.Contains(w.b.String(), w.want) {
		w.on = true
		close(w.seen)
	}
	return len(p), nil
}

func (w *watched) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}
