package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shown returns a block of commands between markers of a page of docs.
func shown(t *testing.T, page, marker string) string {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok1 := strings.Cut(string(b), "<!-- "+marker+":start -->\n```sh\n")
	block, _, ok2 := strings.Cut(rest, "```\n<!-- "+marker+":end -->")
	if !ok1 || !ok2 {
		t.Fatalf("%s has no block %s", page, marker)
	}
	return block
}

// typing runs a script at a terminal of its own and types passphrase when it is
// asked for one.
func typing(t *testing.T, dir, script, passphrase string) string {
	t.Helper()
	pty, tty, err := openTerminal()
	if err != nil {
		t.Fatal(err)
	}
	defer pty.Close()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	var all, since bytes.Buffer
	read := make([]byte, 4096)
	for {
		n, err := pty.Read(read)
		if err != nil {
			break
		}
		all.Write(read[:n])
		since.Write(read[:n])
		if strings.Contains(since.String(), "passphrase:") {
			since.Reset()
			time.Sleep(20 * time.Millisecond)
			if _, err := pty.WriteString(passphrase + "\n"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s%v\n%s", script, err, all.String())
	}
	return all.String()
}

// The handbook's commands, as printed, with the real age: a backup of a running
// server, one that goes on from it, and both restored with the recovery key.
func TestHandbookBackup(t *testing.T) {
	onPath(t)
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "age"), "filippo.io/age/cmd/age").CombinedOutput(); err != nil {
		t.Fatalf("building age: %v\n%s", err, out)
	}
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	const page = "../../docs/handbook/backup.md"
	const passphrase = "a long passphrase of recovery"
	dir := t.TempDir()
	write := func(name string, b []byte) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sh := func(script string) string {
		t.Helper()
		cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s%v\n%s", script, err, out)
		}
		return string(out)
	}
	write("pass", []byte(passphrase+"\n"))
	sh(`mkdir root nino safe
peerwitness keygen recovery --out safe/recovery.key --passphrase-file pass
cp safe/recovery.key.recipient recovery.txt
for n in a b c; do peerwitness keygen root --name root --out root/$n.key --passphrase-file pass; done
peerwitness keygen person --name "Advocate Nino" --out nino/nino.key --passphrase-file pass
peerwitness roster new --organisation "Harbour Peers" --desk "street=Street desk" --person nino/nino.key.card.json:advocate,lead --recovery safe/recovery.key.recipient --root root/a.key.root --root root/b.key.root --root root/c.key.root --out roster.txt
peerwitness roster sign --key root/a.key --key root/b.key --passphrase-file pass --passphrase-file pass roster.txt
peerwitnessd init --store store --roster roster.txt`)
	background(t, dir, "peerwitnessd serve --store store --listen 127.0.0.1:18747")
	said := sh(shown(t, page, "backup"))
	if n := strings.Count(said, "fingerprint: "); n != 2 || !strings.Contains(said, ", 1 entries") || !strings.Contains(said, ", 0 entries") {
		t.Errorf("making two backups: %s", said)
	}
	for _, name := range []string{"1.age", "2.age"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.HasPrefix(b, []byte("age-encryption.org/v1\n-> mlkem768x25519 ")) || bytes.Contains(b, []byte("peerwitness")) {
			t.Errorf("%s is not sealed: %v", name, err)
		}
	}
	said = sh(shown(t, page, "folder"))
	if !strings.Contains(said, "000002.backup") || !strings.Contains(said, "whole: 1 entries") {
		t.Errorf("a folder: %s", said)
	}
	said = typing(t, dir, shown(t, page, "restore"), passphrase)
	for _, want := range []string{`whole: 1 entries`, `restored: 1 entries`, `sound: 1 entries`, `restored on \d{4}-\d\d-\d\d from a backup`} {
		if !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("no %q in: %s", want, said)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "identity.txt")); !os.IsNotExist(err) {
		t.Errorf("the identity was left: %v", err)
	}
}
