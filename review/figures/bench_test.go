package figures_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"testing"
	"time"

	"peerwitness/review/figures"
)

// BenchmarkMillion closes and computes a batch of a million records, one in eight
// linked to the one before, beside a bare pass that writes each record and
// hashes it, on one processor.
func BenchmarkMillion(b *testing.B) {
	const n = 1_000_000
	records := make([]figures.Record, n)
	for i := range records {
		key := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		person := hex.EncodeToString(key[:16])
		if i%8 == 7 {
			person = records[i-1].People[0]
		}
		records[i] = figures.Record{Key: key, Day: frozen, Frozen: frozen, CountMe: true, People: []string{person},
			Region: []string{"north", "harbour", "east", ""}[i%4], Act: "extortion", Group: "police", Perpetrator: "police",
			Populations: []string{"uses-drugs"}, Services: []figures.Served{{Service: "legal-primary", Outcome: "full"}}}
	}
	p := testProgramme(b)
	var bare, closing, computing time.Duration
	for b.Loop() {
		at := time.Now()
		for i := range records {
			raw, err := records[i].JSON()
			must(b, err)
			if sum := sha256.Sum256(raw); sum == [32]byte{} {
				b.Fatal("a hash of noughts")
			}
		}
		bare += time.Since(at)
		at = time.Now()
		batch, err := figures.Close(p, "2026-H1", records, nil, "2026-07-01")
		must(b, err)
		closing += time.Since(at)
		at = time.Now()
		_, err = figures.Compute(p, batch, noiseKey(1), records)
		must(b, err)
		computing += time.Since(at)
	}
	ms := func(d time.Duration) float64 { return float64(d.Milliseconds()) / float64(b.N) }
	b.ReportMetric(ms(bare), "bare-ms")
	b.ReportMetric(ms(closing), "close-ms")
	b.ReportMetric(ms(computing), "compute-ms")
}
