package intake_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"peerwitness/intake"
	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
)

// heap is what is alive after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func (s *site) dial(t testing.TB) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func quick(d time.Duration) func(*intake.Config, *intake.Limits) {
	return func(_ *intake.Config, l *intake.Limits) { l.Stall = d }
}

// A body that stands still is cut off with 408 while others are served; one
// that is slow gets through.
func TestAttack30StalledBodies(t *testing.T) {
	const stall = 400 * time.Millisecond
	s := newSite(t, quick(stall))
	media, body := deposit(t, "street", accesstest.Report(8, 0))
	head := fmt.Sprintf("POST /v1/deposits HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", media, len(body))

	var stalled []net.Conn
	for i := range 50 {
		c := s.dial(t)
		_, err := io.WriteString(c, head)
		must(t, err)
		_, err = c.Write(body[:i*100])
		must(t, err)
		stalled = append(stalled, c)
	}
	// A trickle that never makes the least progress is standing still too.
	trickle := s.dial(t)
	_, err := io.WriteString(trickle, head)
	must(t, err)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	end := sync.OnceFunc(func() { close(stop); wg.Wait() })
	defer end()
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(stall / 8):
				trickle.Write(body[i : i+1]) // fails once it is cut off
			}
		}
	})

	wg.Go(func() { // the rest is served meanwhile
		for {
			select {
			case <-stop:
				return
			case <-time.After(stall / 4):
				if res, err := http.Get(s.url + "/v1/roster"); err != nil || res.StatusCode != 200 {
					t.Errorf("others: %v", err)
				} else {
					res.Body.Close()
				}
			}
		}
	})

	slow := s.dial(t)
	began := time.Now()
	_, err = io.WriteString(slow, head)
	must(t, err)
	for b := body; len(b) > 0; {
		n := min(len(b), 4<<10)
		_, err := slow.Write(b[:n])
		must(t, err)
		b = b[n:]
		time.Sleep(stall / 8)
	}
	res, err := http.ReadResponse(bufio.NewReader(slow), nil)
	must(t, err)
	if res.StatusCode != http.StatusCreated || time.Since(began) < stall {
		t.Errorf("slow: %d after %v", res.StatusCode, time.Since(began))
	}
	for i, c := range append(stalled, trickle) {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("stalled %d: %v", i, err)
		}
		b, err := io.ReadAll(res.Body)
		must(t, err)
		if res.StatusCode != http.StatusRequestTimeout || !bytes.Contains(b, []byte(`"error"`)) || !res.Close {
			t.Fatalf("stalled %d: %d %s", i, res.StatusCode, b)
		}
	}
	end()
	if n := s.stored(t); n != 1 {
		t.Fatalf("%d stored", n)
	}
}

// The deadline of one request does not fall in the next on the same connection,
// nor while the answer is being made.
func TestDeadlinesEnd(t *testing.T) {
	const stall = 150 * time.Millisecond
	s := newSite(t, quick(stall))
	c := s.dial(t)
	rd := bufio.NewReader(c)
	for range 3 {
		media, body := deposit(t, "street", accesstest.Report(8, 0))
		fmt.Fprintf(c, "POST /v1/deposits HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", media, len(body), body)
		res, err := http.ReadResponse(rd, nil)
		must(t, err)
		io.Copy(io.Discard, res.Body)
		if res.StatusCode != http.StatusCreated {
			t.Fatalf("%d", res.StatusCode)
		}
		time.Sleep(2 * stall)
	}
}

// Who does not read an answer is cut off.
func TestReaderStalls(t *testing.T) {
	ended := make(chan error, 1)
	front := httptest.NewServer(intake.Harden(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := w.Write(make([]byte, 64<<20)) // more than any socket buffers
		ended <- err
	}), intake.Limits{Stall: 200 * time.Millisecond}))
	defer front.Close()
	c := (&site{url: front.URL}).dial(t)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody was cut off")
	}
}

func TestAttack19PanicsAndTroubleLeaveNothing(t *testing.T) {
	s := newSite(t) // its store has a folder of its own
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	got := s.do(t, "GET", "/access/panic", nil)
	if got.status != 500 || strings.Contains(string(got.body), "MARKER") {
		t.Errorf("panic: %d %s", got.status, got.body)
	}
	media, body := form(t, part{"desk", []byte("street")}, part{"report", make([]byte, 6<<20)})
	check(t, "oversized", s.post(t, media, body), 413)
	check(t, "no such path", s.do(t, "GET", "/v1/secret", nil), 404)
	if s.panics != 1 || len(s.trouble) != 0 {
		t.Errorf("%d panics, %d troubles", s.panics, len(s.trouble))
	}
	must(t, filepath.WalkDir(temp, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			t.Errorf("a temporary file: %s", path)
		}
		return err
	}))
}

// Sixty-four clients send 100 MiB each in blobs of 1 MiB, and what is in memory
// stays bounded. Here each sends a part of it; the whole runs with the binary.
func TestAttack03MemoryIsBounded(t *testing.T) {
	s := newSite(t, func(c *intake.Config, _ *intake.Limits) { c.BlobMemory = 8 << 20 })
	tickets := make([]string, 64)
	for i := range tickets {
		tickets[i] = s.ticket(t)
	}
	blob := random(vault.MaxBlob)
	sum := vault.Sum(blob)
	base := heap()
	var peak atomic.Int64
	stop := make(chan struct{})
	var watch, wg sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				if h := heap(); h > peak.Load() {
					peak.Store(h)
				}
			}
		}
	})
	for _, ticket := range tickets {
		wg.Go(func() {
			for range 3 {
				got := s.put(t, ticket, sum, blob)
				if got.status != 200 && got.status != 201 && got.status != 503 {
					t.Errorf("%d %s", got.status, got.body)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	watch.Wait()
	// Eight MiB of bodies, and what the test's own clients take; without a bound it is 64 and those.
	if grown := peak.Load() - base; grown > 40<<20 {
		t.Errorf("%d MiB alive at one time", grown>>20)
	}
}

// When memory is full and stays full, the answer is "later", not an error.
func TestBusy(t *testing.T) {
	s := newSite(t, func(c *intake.Config, _ *intake.Limits) { c.ReportMemory, c.Wait = 64<<10, 300*time.Millisecond })
	media, body := deposit(t, "street", accesstest.Report(8, 0))
	head := fmt.Sprintf("POST /v1/deposits HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", media, len(body))
	hog := s.dial(t)
	io.WriteString(hog, head)
	hog.Write(body[:len(body)-100])
	time.Sleep(200 * time.Millisecond)
	got := s.post(t, media, body)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	hog.Write(body[len(body)-100:])
	res, err := http.ReadResponse(bufio.NewReader(hog), nil)
	must(t, err)
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("the one who had room: %d", res.StatusCode)
	}
	if got := s.post(t, media, body); got.status != http.StatusOK {
		t.Fatalf("afterwards: %d", got.status)
	}
}
