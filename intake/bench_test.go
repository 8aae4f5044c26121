package intake_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"peerwitness/intake"
	"peerwitness/vault/access/accesstest"
)

// BenchmarkDepositsHTTP measures acknowledged, durable deposits per second of
// many clients at once: 45 KiB each, over HTTP on loopback, through the whole
// handler into the embedded store. The limit it is held against is bare
// bbolt's Batch, writing the same bytes on the same disk in turns with it, at
// the better of the two batch sizes that are best for it. Clients, server and
// limit share the same processors, so clients do as little as can be done. On a
// machine that does other work, processor time per deposit (of the whole
// process, its clients included) says more than the wall clock.
func BenchmarkDepositsHTTP(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as peerwitnessd serve has it
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(120 << 20))
	for _, clients := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := newSite(b, func(c *intake.Config, _ *intake.Limits) { c.Trouble = func(err error) { b.Error(err) } })
			phones := make([]*phone, clients)
			for i := range phones {
				phones[i] = newPhone(b, s.url)
			}
			bare := []*bareStore{newBareStore(b, clients)}
			if clients > 1 {
				bare = append(bare, newBareStore(b, clients/2))
			}
			const rounds = 4
			var http, httpCPU time.Duration
			var took []time.Duration
			bareTook, bareCPU := make([]time.Duration, len(bare)), make([]time.Duration, len(bare))
			b.ResetTimer()
			for r := range rounds {
				n := b.N*(r+1)/rounds - b.N*r/rounds
				cpu := processor()
				d, each := spread(b, clients, n, func(c int) error { return phones[c].send() })
				http, took, httpCPU = http+d, append(took, each...), httpCPU+processor()-cpu
				b.StopTimer()
				for i, s := range bare {
					cpu := processor()
					d, _ := spread(b, clients, n, func(c int) error { return s.put(phones[c].fresh()) })
					bareTook[i] += d
					bareCPU[i] += processor() - cpu
				}
				b.StartTimer()
			}
			b.StopTimer()
			slices.Sort(took)
			at := func(q float64) float64 { return took[int(q*float64(len(took)-1))].Seconds() * 1e3 }
			perSecond := float64(b.N) / http.Seconds()
			limit := float64(b.N) / slices.Min(bareTook).Seconds()
			b.SetBytes(int64(len(phones[0].report)))
			b.ReportMetric(perSecond, "deposits/s")
			b.ReportMetric(at(.50), "p50-ms")
			b.ReportMetric(at(.95), "p95-ms")
			b.ReportMetric(at(.99), "p99-ms")
			micros := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(b.N) }
			b.ReportMetric(micros(httpCPU), "µs-cpu")
			b.ReportMetric(micros(slices.Min(bareCPU)), "µs-cpu-bare")
			b.ReportMetric(limit, "bare/s")
			b.ReportMetric(perSecond/limit, "ratio")
		})
	}
}

// processor is the time that this process has had, in the kernel and outside.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// spread has clients do n things among them, each its next when its last is
// done, and returns how long all took and how long each.
func spread(b *testing.B, clients, n int, do func(client int) error) (all time.Duration, each []time.Duration) {
	var left atomic.Int64
	left.Store(int64(n))
	took := make([][]time.Duration, clients)
	var wg sync.WaitGroup
	began := time.Now()
	for c := range clients {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				at := time.Now()
				if err := do(c); err != nil {
					b.Error(err)
					return
				}
				took[c] = append(took[c], time.Since(at))
			}
		})
	}
	wg.Wait()
	return time.Since(began), slices.Concat(took...)
}

// phone sends deposits over one connection: a request made beforehand, of which
// a few bytes change, and an answer of a known length.
type phone struct {
	conn    net.Conn
	request []byte
	report  []byte // inside request
	answer  []byte
	known   int // length of an answer, once one was read
	sent    uint64
}

func newPhone(b *testing.B, url string) *phone {
	b.Helper()
	report := accesstest.Report(8, 0)
	media, body := deposit(b, "street", report)
	p := &phone{answer: make([]byte, 16<<10)}
	p.request = fmt.Appendf(nil, "POST /v1/deposits HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", media, len(body), body)
	at := bytes.Index(p.request, report)
	p.report = p.request[at : at+len(report)]
	var err error
	p.conn, err = net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	must(b, err)
	b.Cleanup(func() { p.conn.Close() })
	return p
}

// fresh changes the report's last bytes, so that none is sent twice.
func (p *phone) fresh() []byte {
	p.sent++
	binary.BigEndian.PutUint64(p.report[len(p.report)-8:], p.sent)
	return p.report
}

func (p *phone) send() error {
	p.fresh()
	if _, err := p.conn.Write(p.request); err != nil {
		return err
	}
	n := 0
	for n < p.known || p.known == 0 {
		m, err := p.conn.Read(p.answer[n:])
		if err != nil {
			return err
		}
		n += m
		if head, _, ok := bytes.Cut(p.answer[:n], []byte("\r\n\r\n")); ok && p.known == 0 {
			res, _, _ := strings.Cut(string(head[bytes.Index(head, []byte("Content-Length: "))+16:]), "\r\n")
			var length int
			if _, err := fmt.Sscan(res, &length); err != nil {
				return err
			}
			p.known = len(head) + 4 + length
		}
	}
	if n != p.known || !bytes.HasPrefix(p.answer, []byte("HTTP/1.1 201 ")) {
		return fmt.Errorf("answered %q", p.answer[:n])
	}
	return nil
}

// bareStore is bbolt alone with the settings that are best for this load.
type bareStore struct {
	db *bolt.DB
	n  atomic.Uint64
}

var bareBucket = []byte("deposits")

func newBareStore(b *testing.B, batch int) *bareStore {
	b.Helper()
	db, err := bolt.Open(filepath.Join(b.TempDir(), "bare.db"), 0o600, &bolt.Options{
		FreelistType: bolt.FreelistMapType, NoFreelistSync: true, InitialMmapSize: 256 << 20,
	})
	must(b, err)
	b.Cleanup(func() { db.Close() })
	db.AllocSize = 64 << 20
	db.MaxBatchSize = batch
	db.MaxBatchDelay = 2 * time.Millisecond
	must(b, db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket(bareBucket); return err }))
	return &bareStore{db: db}
}

func (s *bareStore) put(report []byte) error {
	key := binary.BigEndian.AppendUint64(nil, s.n.Add(1))
	return s.db.Batch(func(tx *bolt.Tx) error {
		bucket := tx.Bucket(bareBucket)
		bucket.FillPercent = 1
		return bucket.Put(key, report)
	})
}

// BenchmarkFirstVisit counts what a first visit takes over the wire with
// brotli, apart from the app's own files: roster and one desk's sheet of two.
func BenchmarkFirstVisit(b *testing.B) {
	s := newSite(b)
	s.certify(b, "advocate", s.Clock())
	s.certify(b, "other", s.Clock())
	total := 0
	for b.Loop() {
		total = 0
		for _, path := range []string{"/v1/roster", "/v1/desks/street", "/v1/codebook/" + s.Roster.Codebook, "/v1/texts/" + s.Roster.Texts["en"] + "/en"} {
			got := s.do(b, http.MethodGet, path, nil, "Accept-Encoding", "br")
			if got.status != http.StatusOK || got.header.Get("Content-Encoding") != "br" {
				b.Fatalf("%s: %d", path, got.status)
			}
			total += len(got.body)
		}
	}
	b.ReportMetric(float64(total), "bytes")
}
