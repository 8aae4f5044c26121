package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault/seal"
)

const memoryChild = "PEERWITNESS_TEST_DESK"

// TestDeskChild is no test by itself: it is the process whose memory is read.
func TestDeskChild(t *testing.T) {
	dir := os.Getenv(memoryChild)
	if dir == "" {
		t.Skip("runs as a process of its own")
	}
	ownProcess = true
	args := []string{"review", "--key", filepath.Join(dir, "nino.key"), "--server", "http://127.0.0.1:1", "--dir", filepath.Join(dir, "desk"), "--silent"}
	if err := run(t.Context(), args, strings.NewReader(""), os.Stdout, os.Stderr); err != nil {
		t.Fatal(err)
	}
}

// After the lock the memory of the process has nothing
// of what was opened, as far as a search of all of it finds.
func TestLockedMemoryIsFree(t *testing.T) {
	o := reviewtest.New(t)
	// Made here and not written here: the program's own text is in the memory of its process.
	random := hex.EncodeToString(o.Nino.Key.Signing.Public().(ed25519.PublicKey)[:6])
	pass, kestrel, marabou, bittern, cormorant, heron := "passphrase-"+random, "kestrel-"+random, "marabou-"+random, "bittern-"+random, "cormorant-"+random, "heron-"+random
	story := "PRACTICE the " + heron + " stood " + strings.Repeat("by the alder gate all morning ", 40) + kestrel
	s := o.Send("street", func(r *seal.Report) {
		r.Answers.Story = story
		r.Contact = &seal.Contact{Name: marabou, Reach: "ask at the stall"}
	})
	for i := range 12 {
		o.Send("street", func(r *seal.Report) {
			r.Answers.Story = fmt.Sprintf("PRACTICE %s %d %s", heron, i, strings.Repeat("gull ", 300))
		})
	}
	dir := t.TempDir()
	if err := review.SaveKeyFile(filepath.Join(dir, "nino.key"), o.Nino.Key, pass, 2); err != nil {
		t.Fatal(err)
	}
	w, err := review.Open(t.Context(), review.Config{Dir: filepath.Join(dir, "desk"), Key: o.Nino.Key, Client: o.Client(o.Nino, nil), Clock: o.Clock.Now})
	if err == nil {
		err = w.Sync(t.Context(), nil)
	}
	if err == nil {
		_, err = w.Take(t.Context(), s.Deposit)
	}
	if err == nil {
		err = w.AddNote(t.Context(), s.Deposit, review.Note{Text: "PRACTICE note " + bittern})
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}

	cmd := exec.Command(os.Args[0], "-test.run", "^TestDeskChild$", "-test.timeout", "120s")
	cmd.Env = append(os.Environ(), memoryChild+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	b, err := browse(t.Context(), strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	words := map[string][]string{
		"what people wrote":   {kestrel, marabou, bittern, heron},
		"what was looked for": {cormorant},
		"a key":               {o.Nino.Key.Personal.Reveal(), o.Nino.Key.Intake[0].Identity.Reveal(), string(o.Nino.Key.Signing.Seed())},
		"the passphrase":      {pass},
	}
	for range 2 { // the process that took the other's place is no worse
		must(b.unlock(t.Context(), pass, ""))
		must(b.get(t.Context(), "/case/"+s.Deposit.String()))
		if !b.shows(kestrel) || !b.shows(marabou) || !b.shows(bittern) {
			t.Fatalf("the case's page is\n%s", b.page)
		}
		must(b.get(t.Context(), "/"))
		must(b.submit(t.Context(), "/search", "q", heron+" "+cormorant))
		if open := found(t, cmd.Process.Pid, words); open["what people wrote"] == 0 || open["a key"] == 0 || open["what was looked for"] == 0 {
			t.Fatalf("while unlocked the search finds %v only: it does not see the memory", open)
		}
		stale := b.page
		must(b.submit(t.Context(), "/lock"))
		must(b.get(t.Context(), "/unlock")) // from the process that goes on
		if locked := found(t, cmd.Process.Pid, words); len(locked) > 0 {
			t.Errorf("locked, the memory still has %v", locked)
		}
		fresh := b.page
		b.page = stale
		if err := b.submit(t.Context(), "/search", "q", "x"); err == nil {
			t.Error("a form from before the lock is taken after it")
		}
		b.page = fresh
	}
}

// found counts in how many places of a process' memory the words of each kind are.
func found(t *testing.T, pid int, words map[string][]string) map[string]int {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	out := map[string]int{}
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var perms string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &perms); err != nil || perms[0] != 'r' || strings.Contains(line, "[v") || to-from > 1<<30 {
			continue
		}
		b := make([]byte, to-from)
		n, err := mem.ReadAt(b, from)
		if err != nil && err != io.EOF && n == 0 {
			continue // not mapped in
		}
		for what, list := range words {
			for _, w := range list {
				out[what] += bytes.Count(b[:n], []byte(w))
			}
			if out[what] == 0 {
				delete(out, what)
			}
		}
	}
	return out
}
