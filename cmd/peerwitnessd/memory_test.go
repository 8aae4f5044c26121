package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
)

// What the server may take, of memory that is no mapped file.
const (
	idleMemory = 40 << 20
	fullMemory = 160 << 20
)

// Clients that send far more than fits are all served within the budget.
func TestAttack03ServerMemory(t *testing.T) {
	idle, peak := flood(t, 64, 8)
	t.Logf("idle %d MiB, at most %d MiB", idle>>20, peak>>20)
	if idle > idleMemory || peak > fullMemory {
		t.Errorf("idle %d MiB, at most %d MiB", idle>>20, peak>>20)
	}
}

// BenchmarkMemory64x100MiB is the same with what the budget says: 64 clients, of
// whom each sends 100 MiB. It needs 6.4 GB of disk.
func BenchmarkMemory64x100MiB(b *testing.B) {
	const clients, each = 64, 100
	var idle, peak int64
	began := time.Now()
	for range b.N {
		i, p := flood(b, clients, each)
		idle, peak = max(idle, i), max(peak, p)
	}
	mib := func(n int64) float64 { return float64(n) / (1 << 20) }
	b.ReportMetric(0, "ns/op") // says nothing
	b.ReportMetric(float64(b.N*clients*each)/time.Since(began).Seconds(), "MiB/s")
	b.ReportMetric(mib(idle), "idle-MiB")
	b.ReportMetric(mib(peak), "peak-MiB")
	b.ReportMetric(float64(idle)/idleMemory, "idle-ratio")
	b.ReportMetric(float64(peak)/fullMemory, "ratio")
	if idle > idleMemory || peak > fullMemory {
		b.Error("over the budget")
	}
}

// flood runs the real program and has clients send it MiB after MiB, each under
// its own ticket and none the same as another. It returns what memory the program
// took before, and the most while they came.
func flood(t testing.TB, clients, each int) (idle, peak int64) {
	t.Helper()
	org := accesstest.NewOrgAt(t, time.Now())
	dir := initStoreOf(t, org)
	d := start(t, dir)
	must(t, firstGet(d.url))
	idle = rssAnon(t, d)
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	hc := &http.Client{Transport: transport}
	defer transport.CloseIdleConnections()
	tickets := make([]string, clients)
	for i := range tickets {
		media, body := form(t, "street", accesstest.Report(8, 0))
		res, err := hc.Post(d.url+"/v1/deposits", media, bytes.NewReader(body))
		must(t, err)
		var accepted struct{ Ticket string }
		must(t, json.NewDecoder(res.Body).Decode(&accepted))
		res.Body.Close()
		tickets[i] = accepted.Ticket
	}
	ended := make(chan error, clients)
	for i, ticket := range tickets {
		go func() {
			blob := make([]byte, vault.MaxBlob)
			for n := range each {
				copy(blob, fmt.Sprintf("%d %d ", i, n))
				if err := send(hc, d.url, ticket, blob); err != nil {
					ended <- err
					return
				}
			}
			ended <- nil
		}()
	}
	for left := clients; left > 0; {
		select {
		case err := <-ended:
			must(t, err)
			left--
		case <-time.After(10 * time.Millisecond):
			peak = max(peak, rssAnon(t, d))
		}
	}
	d.stop(t)
	must(t, os.RemoveAll(dir)) // before the next round, as it is large
	return idle, peak
}

// send puts a blob, and comes again when it is told to.
func send(hc *http.Client, url, ticket string, blob []byte) error {
	for range 1000 {
		req, err := http.NewRequest("PUT", url+"/v1/blobs/"+vault.Sum(blob).String(), bytes.NewReader(blob))
		if err != nil {
			return err
		}
		req.Header.Set("Peerwitness-Ticket", ticket)
		res, err := hc.Do(req)
		if err != nil {
			return err
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		switch res.StatusCode {
		case http.StatusCreated:
			return nil
		case http.StatusServiceUnavailable:
			time.Sleep(time.Second)
		default:
			return fmt.Errorf("status %d", res.StatusCode)
		}
	}
	return errors.New("the server stayed busy")
}

func firstGet(url string) error {
	res, err := http.Get(url + "/")
	if err == nil {
		res.Body.Close()
	}
	return err
}

// rssAnon is the daemon's memory that is not a mapped file.
func rssAnon(t testing.TB, d *daemon) (n int64) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	must(t, err)
	_, rest, ok := strings.Cut(string(b), "RssAnon:")
	if _, err := fmt.Sscan(rest, &n); err != nil || !ok {
		t.Fatalf("no RssAnon: %v", err)
	}
	return n << 10
}
