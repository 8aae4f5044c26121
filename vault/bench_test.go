package vault_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"peerwitness/vault"
)

const reportSize = 45 << 10

// BenchmarkDeposits measures durable deposits per second of many clients at
// once, through the store and, for the limit, through bare bbolt's Batch with
// the same bytes on the same disk at the best settings found for it: sequential
// keys, full pages, no freelist sync, a batch of as many as there are clients or
// of half as many, whichever does better. The rounds of all alternate, so that
// what else goes on on the machine weighs on all alike; ratio is the store's
// part of the best bare one. Hashing is in the store's time and not in the
// bare one's.
func BenchmarkDeposits(b *testing.B) {
	for _, clients := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s, err := vault.OpenBolt(b.TempDir(), time.Now)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			store := func(report []byte) error {
				_, err := s.PutDeposit(context.Background(), vault.Deposit{Desk: "street", Report: report})
				return err
			}
			puts := []func([]byte) error{store, bare(b, clients), bare(b, max(1, clients/2))}
			took := make([]time.Duration, len(puts))
			reports := newReports(clients)
			const each = 8 // deposits of each client in a round
			before, rounds := vault.Commits(s), 0
			for b.Loop() {
				for _, i := range rand.Perm(len(puts)) { // each profits from another's lull
					took[i] += reports.put(b, each, puts[i])
				}
				rounds++
			}
			n := float64(rounds * each * clients)
			best := min(took[1], took[2])
			b.ReportMetric(0, "ns/op") // a round's: says nothing
			b.ReportMetric(n/took[0].Seconds(), "deposits/s")
			b.ReportMetric(n/best.Seconds(), "bare/s")
			b.ReportMetric(float64(best)/float64(took[0]), "ratio")
			b.ReportMetric(n/float64(vault.Commits(s)-before), "deposits/commit")
		})
	}
}

func bare(b *testing.B, batch int) func(report []byte) error {
	db, err := bolt.Open(filepath.Join(b.TempDir(), "bare.db"), 0o600, &bolt.Options{
		FreelistType: bolt.FreelistMapType, NoFreelistSync: true, InitialMmapSize: 256 << 20,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	db.AllocSize = 64 << 20
	db.MaxBatchSize = batch
	db.MaxBatchDelay = 2 * time.Millisecond
	name := []byte("deposits")
	if err := db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket(name); return err }); err != nil {
		b.Fatal(err)
	}
	var n atomic.Uint64
	return func(report []byte) error {
		key := binary.BigEndian.AppendUint64(nil, n.Add(1))
		return db.Batch(func(tx *bolt.Tx) error {
			bucket := tx.Bucket(name)
			bucket.FillPercent = 1
			return bucket.Put(key, report)
		})
	}
}

// reports are one report for each client, changed a little before each use so
// that no two are the same.
type reports struct {
	of   [][]byte
	uses uint64
}

func newReports(clients int) *reports {
	random := rand.NewChaCha8([32]byte{})
	r := &reports{of: make([][]byte, clients)}
	for i := range r.of {
		r.of[i] = make([]byte, reportSize)
		random.Read(r.of[i])
	}
	return r
}

// put has each client put n reports, waiting for each before the next, and
// returns how long all took.
func (r *reports) put(b *testing.B, n int, put func([]byte) error) time.Duration {
	start := time.Now()
	var wg sync.WaitGroup
	for _, mine := range r.of {
		first := r.uses
		r.uses += uint64(n)
		wg.Go(func() {
			for i := range n {
				report := append([]byte(nil), mine...) // as a server reads it
				binary.BigEndian.PutUint64(report, first+uint64(i))
				if err := put(report); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}
