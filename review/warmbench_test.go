package review_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault/seal"
)

// casesToOpen is how many a benchmark opens; PEERWITNESS_CASES sets another number.
func casesToOpen(b *testing.B) int {
	n := 10_000
	if s := os.Getenv("PEERWITNESS_CASES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	return n
}

// fullFolder is the folder of an advocate with n cases, each with the person's
// report, a note, a coding and a change of state, and what opens it.
func fullFolder(b *testing.B, n int) (o *reviewtest.Org, dir string, open func(online bool) *review.Workstation) {
	b.Helper()
	o = reviewtest.New(b)
	dir = b.TempDir()
	open = func(online bool) *review.Workstation {
		cfg := review.Config{Dir: dir, Key: o.Nino.Key, Root: o.Roster.Fingerprint(), Clock: o.Clock.Now}
		if online {
			cfg.Client = o.Client(o.Nino, nil)
		}
		w, err := review.Open(ctx, cfg)
		if err != nil {
			b.Fatal(err)
		}
		return w
	}
	w := open(true)
	if err := w.Sync(ctx, nil); err != nil {
		b.Fatal(err)
	}
	reports := make([][]byte, n)
	for i := range reports {
		receipt, err := seal.NewReceipt()
		if err != nil {
			b.Fatal(err)
		}
		id, err := seal.NewReportID()
		if err != nil {
			b.Fatal(err)
		}
		r := seal.Report{ID: id, Desk: "street", Lang: "en", Made: "2026-11-23", Build: "test", Roster: o.Roster.Hash.String(), Thread: receipt.Thread(),
			Consent: []string{"legal-help", "count-me"}, Answers: seal.Answers{Groups: []string{"police"}, Acts: []string{"extortion"}, Who: []string{"police"},
				Urgency: "not-urgent", Asked: "yes", Teller: "affected", Story: fmt.Sprint("PRACTICE ", i, strings.Repeat(" two officers stopped us near the steps", 20))}}
		if reports[i], err = r.Encode(); err != nil {
			b.Fatal(err)
		}
	}
	book := o.Book().Hash.String()
	err := w.Bulk(ctx, o.Store, "street", reports, func(int) map[string]any {
		k := reviewtest.Coding("extortion")
		var key [32]byte
		rand.Read(key[:])
		k.V, k.Codebook, k.RecordKey = 1, book, hex.EncodeToString(key[:])
		text, err := k.Encode()
		if err != nil {
			panic(err)
		}
		return map[string]any{"note": review.Note{Text: strings.Repeat("Called the station; nobody knows. ", 8)}, "coding": raw(text),
			"state": review.Change{To: review.InReview}}
	}, "note", "coding", "state")
	if err == nil {
		err = w.Sync(ctx, nil)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	return o, dir, open
}

// BenchmarkWarmOpen goes from an unlocked key to a list of 10,000 cases by way of
// the snapshot. The limit is design.md's, one second; beside it is how long the
// same takes without a snapshot.
func BenchmarkWarmOpen(b *testing.B) {
	n := casesToOpen(b)
	o, dir, open := fullFolder(b, n)
	snapshot := dir + "/snapshot-" + o.Nino.ID() + ".age"
	info, err := os.Stat(snapshot)
	if err != nil {
		b.Fatal(err)
	}
	kept, err := os.ReadFile(snapshot)
	if err != nil {
		b.Fatal(err)
	}
	took := func(want bool) time.Duration {
		began := time.Now()
		w := open(false)
		d := time.Since(began)
		if len(w.View().Cases) != n || (w.Snapped() > 0) != want {
			b.Fatalf("%d cases, snapshot at %d", len(w.View().Cases), w.Snapped())
		}
		if c := w.View().Cases[0]; c.State != review.InReview || c.Coding == nil {
			b.Fatalf("a case is %+v", c)
		}
		w.Close()
		return d
	}
	if err := os.Remove(snapshot); err != nil {
		b.Fatal(err)
	}
	cold := took(false)
	if err := os.WriteFile(snapshot, kept, 0o600); err != nil {
		b.Fatal(err)
	}
	var all []time.Duration
	for b.Loop() {
		all = append(all, took(true))
	}
	slices.Sort(all)
	median := all[len(all)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(info.Size())/(1<<20), "snapshot-MiB")
	b.ReportMetric(cold.Seconds()*1000, "cold-ms")
	b.ReportMetric(median.Seconds()*1000, "warm-ms")
	b.ReportMetric(median.Seconds(), "ratio")
}

// raw is JSON as it is.
type raw []byte

func (r raw) MarshalJSON() ([]byte, error) { return r, nil }
