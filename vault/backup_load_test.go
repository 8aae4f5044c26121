package vault_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"peerwitness/vault"
)

// writers put reports of 45 KiB until stop is closed. They return how long each
// took; tell gets each that was acknowledged.
func writers(t *testing.T, s vault.Store, n int, stop <-chan struct{}, tell func(vault.ID)) []time.Duration {
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			report := make([]byte, 45<<10)
			for {
				select {
				case <-stop:
					return
				default:
				}
				for i := 0; i < len(report); i += 64 {
					report[i] = byte(rand.Uint32())
				}
				began := time.Now()
				a, err := s.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: report})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
				tell(a.ID)
			}
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took
}

func p99(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	return took[len(took)*99/100].Round(time.Millisecond / 10)
}

// number is a setting of the environment, for longer runs.
func number(t *testing.T, name string, otherwise int) int {
	if v := os.Getenv(name); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return otherwise
}

// A backup that runs beside writers takes little of their time and, of a store of
// any size, little memory; every report acknowledged before it began is in it.
// PEERWITNESS_BACKUP_MIB and PEERWITNESS_BACKUP_MS make it longer.
func TestBackupUnderLoad(t *testing.T) {
	mib := number(t, "PEERWITNESS_BACKUP_MIB", 16)
	length := time.Duration(number(t, "PEERWITNESS_BACKUP_MS", 500)) * time.Millisecond
	s := openAt(t, t.TempDir(), nil)
	for i := range mib {
		d := putDeposit(t, s, fmt.Append(nil, "report ", i))
		blob := make([]byte, 1<<20)
		for k := 0; k < len(blob); k += 8 {
			blob[k] = byte(rand.Uint32())
		}
		putBlob(t, s, d.Ticket, blob)
	}
	quiet := func(vault.ID) {}
	stop := make(chan struct{})
	time.AfterFunc(length, func() { close(stop) })
	alone := writers(t, s, 8, stop, quiet)

	var mu sync.Mutex
	acknowledged := map[vault.ID]bool{}
	stop = make(chan struct{})
	var took []time.Duration
	done := make(chan struct{})
	go func() {
		defer close(done)
		took = writers(t, s, 8, stop, func(id vault.ID) { mu.Lock(); acknowledged[id] = true; mu.Unlock() })
	}()
	time.Sleep(50 * time.Millisecond)
	began := time.Now()
	var before map[vault.ID]bool
	path := filepath.Join(t.TempDir(), "backup")
	n := 0
	var spent time.Duration
	for first := true; first || time.Since(began) < length; first = false {
		mu.Lock()
		known := make(map[vault.ID]bool, len(acknowledged))
		for id := range acknowledged {
			known[id] = true
		}
		mu.Unlock()
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now()
		if err := s.Backup(ctx, f, nil); err != nil {
			t.Fatal(err)
		}
		spent += time.Since(at)
		before = known
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		n++
	}
	close(stop)
	<-done
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("p99 of a deposit: %v alone (%d), %v beside %d backups of %d MiB (%d), each %v",
		p99(alone), len(alone), p99(took), n, info.Size()>>20, len(took), (spent / time.Duration(n)).Round(time.Millisecond))
	if slow := 20*p99(alone) + 500*time.Millisecond; p99(took) > slow {
		t.Errorf("writers are stalled: p99 %v, %v alone", p99(took), p99(alone))
	}

	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := filepath.Join(t.TempDir(), "store")
	if _, err := vault.RestoreBolt(ctx, dir, nil, false, f); err != nil {
		t.Fatal(err)
	}
	r := openAt(t, dir, nil)
	checkClean(t, r)
	for id := range before {
		if _, _, err := r.Deposit(context.Background(), id); err != nil {
			t.Fatalf("acknowledged before the backup and not in it: %v", err)
		}
	}
	t.Logf("%d were acknowledged before it began: all there", len(before))

	grown := peak(func() {
		if err := r.Backup(ctx, io.Discard, nil); err != nil {
			t.Error(err)
		}
	})
	read := peak(func() {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			t.Error(err)
		}
		if report, err := vault.VerifyBackup(ctx, f); err != nil || !report.Whole() {
			t.Errorf("verifying: %+v, %v", report, err)
		}
	})
	t.Logf("memory over a backup of %d MiB: writing %d MiB, reading %d MiB", info.Size()>>20, grown>>20, read>>20)
	if most := uint64(24 << 20); grown > most || read > most {
		t.Errorf("memory grows with the store: %d and %d bytes", grown, read)
	}
}

// peak is how much the heap grew at most while f ran.
func peak(f func()) uint64 {
	heap := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	runtime.GC()
	from := heap()
	var most uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			most = max(most, heap())
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	<-done
	return most - min(most, from)
}

func FuzzBackup(f *testing.F) {
	s, err := vault.OpenBolt(f.TempDir(), nil)
	if err != nil {
		f.Fatal(err)
	}
	d, err := s.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: []byte("report")})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := s.PutBlob(ctx, d.Ticket, vault.Sum([]byte("blob")), []byte("blob")); err != nil {
		f.Fatal(err)
	}
	if _, err := s.PutDocument(ctx, []byte("document")); err != nil {
		f.Fatal(err)
	}
	whole, note := backupOf(f, s, nil)
	next, _ := backupOf(f, s, note)
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(append(bytes.Clone(whole), next...))
	f.Add(next)
	f.Add(whole[:len(whole)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		sealed := vault.ResealBackup(b) // so that it comes past the hashes
		for _, b := range [][]byte{b, sealed} {
			report, err := vault.VerifyBackup(ctx, bytes.NewReader(b))
			if err == nil && report.Whole() && len(report.Notes) == 0 {
				t.Error("whole, and without an end")
			}
			if len(report.Hurt) > 200 {
				t.Error("the list is not bounded")
			}
		}
	})
}
