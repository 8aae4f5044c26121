package vault_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"peerwitness/vault"
)

const killEnv = "PEERWITNESS_TEST_WRITE_TO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killEnv); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Println("failed:", err)
		}
		os.Exit(1)
	}
	if dir := os.Getenv(compactEnv); dir != "" {
		if err := compactUntilKilled(dir); err != nil {
			fmt.Println("failed:", err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled has many writers fill the store, each saying on stdout what
// was acknowledged to it, after it was.
func writeUntilKilled(dir string) error {
	s, err := vault.OpenBolt(dir, nil)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range 24 {
		go func() { failed <- writeOn(s, rand.New(rand.NewPCG(uint64(os.Getpid()), uint64(w)))) }()
	}
	return <-failed
}

func writeOn(s vault.Store, random *rand.Rand) error {
	journal := vault.Sum(vault.U64(random.Uint64()))
	next := vault.Entry{Journal: journal, Epoch: 1}
	for {
		d, err := s.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: bytes.Repeat(vault.U64(random.Uint64()), 1+random.IntN(6000))})
		if err != nil {
			return err
		}
		fmt.Printf("deposit %s\n", d.ID)
		blob := bytes.Repeat(vault.U64(random.Uint64()), 1+random.IntN(2000))
		if _, err := s.PutBlob(ctx, d.Ticket, vault.Sum(blob), blob); err != nil {
			return err
		}
		fmt.Printf("blob %s\n", vault.Sum(blob))
		next.Sealed = vault.U64(random.Uint64())
		if _, err := s.Append(ctx, "", vault.Append{Entry: next, Claims: []vault.ID{d.ID}}); err != nil {
			return err
		}
		fmt.Printf("claim %s\n", d.ID)
		next.Prev = next.ID()
		next.Seq++
	}
}

// The process is killed in the middle of its work, again and again. Whatever it
// acknowledged is there, and the store checks clean.
func TestKilledStoreKeepsWhatItAcknowledged(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	// On a slow machine it takes more lives to say enough.
	for life := 0; life < 6 || len(acknowledged) < 100 && life < 60; life++ {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killEnv+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		started := make(chan struct{})
		wg.Go(func() { collect(t, out, acknowledged, started) })
		<-started
		time.Sleep(time.Duration(20+rand.IntN(300)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		_ = cmd.Wait() // was killed: no news

		s := openAt(t, dir, nil)
		checkClean(t, s)
		for line := range acknowledged {
			if err := stillThere(s, line); err != nil {
				t.Fatalf("acknowledged and lost: %s: %v", line, err)
			}
		}
		closeStore(t, s)
	}
	if len(acknowledged) < 100 {
		t.Fatalf("only %d acknowledged: not much of a test", len(acknowledged))
	}
}

// collect reads what the writers say and closes started at their first word.
func collect(t *testing.T, out io.Reader, into map[string]bool, started chan struct{}) {
	words := bufio.NewReader(out)
	_, _ = words.Peek(1)
	close(started)
	for {
		line, err := words.ReadString('\n')
		if err != nil {
			return // a last line without its end was cut by the kill
		}
		var kind, id string
		if _, err := fmt.Sscan(line, &kind, &id); err != nil || kind == "failed:" {
			t.Errorf("the writers said %q", line)
			continue
		}
		into[line] = true
	}
}

func stillThere(s vault.Store, line string) error {
	var kind, hex string
	if _, err := fmt.Sscan(line, &kind, &hex); err != nil {
		return err
	}
	id, err := vault.ParseID(hex)
	if err != nil {
		return err
	}
	if kind == "blob" {
		_, err := s.Blob(ctx, id)
		return err
	}
	_, info, err := s.Deposit(ctx, id)
	if err == nil && kind == "claim" && info.ClaimedBy.IsZero() {
		err = fmt.Errorf("not claimed")
	}
	return err
}
