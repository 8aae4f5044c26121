package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/sys/unix"
)

// printedAddr is where README.md has its server listen.
const printedAddr = "127.0.0.1:18744"

// printed returns the commands between the markers of README.md, on a free port.
func printed(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok1 := strings.Cut(string(b), "<!-- organisation:start -->\n```sh\n")
	block, _, ok2 := strings.Cut(rest, "```\n<!-- organisation:end -->")
	if !ok1 || !ok2 {
		t.Fatal("README.md has no block between its markers")
	}
	if !strings.Contains(block, "--listen "+printedAddr+" ") {
		t.Fatalf("README.md's server does not listen on %s", printedAddr)
	}
	// Somebody may have the printed port already: a rehearsal, or this test in another copy.
	block = strings.ReplaceAll(block, printedAddr, freeAddr(t))
	var out []string
	for _, line := range strings.Split(block, "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// freeAddr is an address on loopback where nobody listens now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// passphraseFor is what the test types for each key: another one for each.
func passphraseFor(file string, _ bool) string { return "a long passphrase for " + file }

// TestOrganisation runs the printed commands in an empty folder, as printed but
// for the port, types passphrases where they ask for them, uses the pages where the text says
// so, and ends with the report open in front of the second advocate.
func TestOrganisation(t *testing.T) {
	onPath(t)
	commands := printed(t)
	if len(commands) > 12 {
		t.Errorf("%d commands are printed, over twelve", len(commands))
	}
	dir := t.TempDir()
	var codes [][]byte
	var amara *browser
	for n, line := range commands {
		if after, ok := strings.CutSuffix(line, " &"); ok {
			out := background(t, dir, after)
			if strings.HasPrefix(line, "peerwitness review") {
				amara = setUpDesk(t, out, line, &codes)
			}
			continue
		}
		out, err := atTerminal(t, dir, line, passphraseFor)
		if err != nil {
			t.Fatalf("command %d, %s: %v\n%s", n+1, line, err, out)
		}
		if strings.Contains(line, "account invite") {
			codes = inviteCode.FindAll([]byte(out), -1)
			if len(codes) != 2 {
				t.Fatalf("%d codes for two people:\n%s", len(codes), out)
			}
		}
		if strings.HasPrefix(line, "peerwitness report") && !regexp.MustCompile(`(?m)^([a-z]+ ){11}[a-z]+\r?$`).MatchString(out) {
			t.Errorf("no twelve words:\n%s", out)
		}
	}
	if amara == nil {
		t.Fatal("no workstation was started")
	}
	ctx := t.Context()
	path, err := amara.findCase(ctx, "PRACTICE: a first report")
	if err == nil {
		err = amara.get(ctx, path)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"PRACTICE: a first report, to see that it arrives.", "Advocate Nino", "Advocate Amara"} {
		if !amara.shows(want) {
			t.Errorf("the second advocate's page does not show %q", want)
		}
	}
}

// setUpDesk does what the text asks of an advocate: she opens the printed
// address, sets up her second factor with her code, and signs in.
func setUpDesk(t *testing.T, out *watched, line string, codes *[][]byte) *browser {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	select {
	case <-out.seen:
	case <-ctx.Done():
		t.Fatalf("%s printed no address:\n%s", line, out.text())
	}
	launch := regexp.MustCompile(`http://127\.0\.0\.1:\d+/launch\?token=[A-Za-z0-9_-]{20,}`).FindString(out.text())
	b, err := browse(ctx, launch)
	if err != nil {
		t.Fatal(err)
	}
	if len(*codes) == 0 {
		t.Fatal("nobody was invited before the workstation")
	}
	code := string((*codes)[0])
	*codes = (*codes)[1:]
	key := regexp.MustCompile(`--key (\S+)`).FindStringSubmatch(line)[1]
	step := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v\n%s", err, b.complaint())
		}
	}
	step(b.get(ctx, "/enrol"))
	step(b.submit(ctx, "/enrol", "passphrase", passphraseFor(key, false), "code", code))
	secret := regexp.MustCompile(`<code class="secret">([A-Z2-7 ]+)</code>`).FindStringSubmatch(b.page)
	if secret == nil {
		t.Fatalf("no secret on the page:\n%s", b.page)
	}
	now, err := totp.GenerateCode(strings.ReplaceAll(secret[1], " ", ""), time.Now())
	step(err)
	step(b.submit(ctx, "/enrol/code", "code", now))
	if !b.shows("No reports yet") {
		t.Fatalf("no empty inbox after signing in:\n%s", b.page)
	}
	return b
}

// background starts a command that stays, and ends it with the test. It waits
// until a server listens or a workstation has printed its address.
func background(t *testing.T, dir, line string) *watched {
	t.Helper()
	cmd := exec.Command("bash", "-c", "exec "+line)
	cmd.Dir = dir
	out := &watched{want: "http://127.0.0.1:", seen: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s ended with %v:\n%s", line, err, out.text())
		}
	})
	if server := regexp.MustCompile(`--listen (127\.0\.0\.1:\d+)`).FindStringSubmatch(line); server != nil {
		for try := 0; ; try++ {
			resp, err := http.Get("http://" + server[1] + "/v1/roster")
			if err == nil {
				resp.Body.Close()
				return out
			}
			if try > 1200 {
				t.Fatalf("%s does not answer: %v\n%s", line, err, out.text())
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return out
}

var prompt = regexp.MustCompile(`(?:New passphrase for|Passphrase of) (\S+): $|(The same again): $`)

// atTerminal runs a command at a terminal of its own and types, for each
// passphrase that it asks for, what answer gives: the file's, the first or the
// second time.
func atTerminal(t *testing.T, dir, line string, answer func(file string, again bool) string) (string, error) {
	t.Helper()
	pty, tty, err := openTerminal()
	if err != nil {
		t.Fatal(err)
	}
	defer pty.Close()
	cmd := exec.Command("bash", "-c", line)
	cmd.Dir = dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		tty.Close()
		t.Fatal(err)
	}
	tty.Close()
	var all, since bytes.Buffer
	var file string
	read := make([]byte, 4096)
	for {
		n, err := pty.Read(read) // EIO once the command has ended
		if err != nil {
			break
		}
		all.Write(read[:n])
		since.Write(read[:n])
		if m := prompt.FindSubmatch(since.Bytes()); m != nil {
			again := len(m[1]) == 0
			if !again {
				file = string(m[1])
			}
			since.Reset()
			quiet(t, pty)
			if _, err := io.WriteString(pty, answer(file, again)+"\n"); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = cmd.Wait()
	if strings.Contains(all.String(), "a long passphrase") {
		t.Errorf("%s showed a passphrase:\n%s", line, all.String())
	}
	return all.String(), err
}

// quiet waits until the terminal shows no more what is typed, as a person does
// without knowing: what she types after the prompt and before that would show.
func quiet(t *testing.T, pty *os.File) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		state, err := unix.IoctlGetTermios(int(pty.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if state.Lflag&unix.ECHO == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("a minute after the prompt the terminal still shows what is typed")
		}
	}
}

// Prompts that must not lead to a key.
func TestPrompts(t *testing.T) {
	onPath(t)
	dir := t.TempDir()
	line := "peerwitness keygen recovery --out r.key"
	for want, answer := range map[string]func(string, bool) string{
		"the two passphrases differ": func(_ string, again bool) string { return fmt.Sprintf("a long passphrase %v", again) },
		"shorter than 12 characters": func(string, bool) string { return "short" },
	} {
		out, err := atTerminal(t, dir, line, answer)
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("want %q: %v\n%s", want, err, out)
		}
	}
	// Without any terminal there is nobody to ask.
	cmd := exec.Command("bash", "-c", line)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "hint: give it with --passphrase-file FILE") {
		t.Errorf("without a terminal: %v\n%s", err, out)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// openTerminal makes a pseudo-terminal.
func openTerminal() (pty, tty *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("opening a terminal: %w", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		unix.Close(fd)
		return nil, nil, fmt.Errorf("opening a terminal: %w", err)
	}
	tty, err = os.OpenFile(filepath.Join("/dev/pts", fmt.Sprint(n)), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		unix.Close(fd)
		return nil, nil, err
	}
	return os.NewFile(uintptr(fd), "/dev/ptmx"), tty, nil
}
