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
// keys, full pages, a batch as large as there are clients (or half, which is
// better for many), no freelist sync.
func BenchmarkDeposits(b *testing.B) {
	for _, clients := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("store/clients=%d", clients), func(b *testing.B) {
			s, err := vault.OpenBolt(b.TempDir(), time.Now)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			deposits(b, clients, func(report []byte) error {
				_, err := s.PutDeposit(context.Background(), vault.Deposit{Desk: "street", Report: report})
				return err
			})
		})
		batches := []int{clients}
		if clients > 1 {
			batches = append(batches, clients/2)
		}
		for _, size := range batches {
			b.Run(fmt.Sprintf("bare/clients=%d/batch=%d", clients, size), func(b *testing.B) {
				db, err := bolt.Open(filepath.Join(b.TempDir(), "bare.db"), 0o600, &bolt.Options{
					FreelistType: bolt.FreelistMapType, NoFreelistSync: true, InitialMmapSize: 256 << 20,
				})
				if err != nil {
					b.Fatal(err)
				}
				defer db.Close()
				db.AllocSize = 64 << 20
				db.MaxBatchSize = size
				db.MaxBatchDelay = 2 * time.Millisecond
				name := []byte("deposits")
				if err := db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket(name); return err }); err != nil {
					b.Fatal(err)
				}
				var n atomic.Uint64
				deposits(b, clients, func(report []byte) error {
					key := binary.BigEndian.AppendUint64(nil, n.Add(1))
					return db.Batch(func(tx *bolt.Tx) error {
						bucket := tx.Bucket(name)
						bucket.FillPercent = 1
						return bucket.Put(key, report)
					})
				})
			})
		}
	}
}

// deposits has clients put b.N reports of 45 KiB, no two the same, each waiting
// for its answer before it goes on.
func deposits(b *testing.B, clients int, put func(report []byte) error) {
	random := rand.NewChaCha8([32]byte{})
	reports := make([][]byte, clients)
	for i := range reports {
		reports[i] = make([]byte, reportSize)
		random.Read(reports[i])
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	b.SetBytes(reportSize)
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for n := uint64(0); left.Add(-1) >= 0; n++ {
				report := append([]byte(nil), reports[i]...) // as a server reads it
				binary.BigEndian.PutUint64(report, n)
				if err := put(report); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deposits/s")
}
