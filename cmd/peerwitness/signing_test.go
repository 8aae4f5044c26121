package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	whole "peerwitness/cmd/internal/site"
	"peerwitness/review"
	"peerwitness/review/figures"
	"peerwitness/review/ui"
	"peerwitness/vault"
	"peerwitness/vault/access"
)

// Two keepers close a half-year, sign its figures and publish them, in a real
// browser, while the clock goes from the days after the cut-off to two weeks
// past it (intake/app/browser/signing.mjs). What the public then sees is what a
// workstation that begins from nothing counts from the ledger, and no file of
// the release has a number that was not rounded.
func TestSigningInABrowser(t *testing.T) {
	s := newSigning(t)
	seen := s.walk(t, func() {
		s.clock.set(s.cal.until.AddDate(0, 0, figures.SettleDays+1).Add(9 * time.Hour))
	})

	files := map[string][]byte{}
	for _, name := range []string{"release.json", "figures.csv", "datapackage.json", "release.peerwitness"} {
		files[name] = s.fetch(t, strings.TrimSuffix(seen.URL, "en.html")+name)
	}
	counted := s.countAnew(t)
	want, err := counted.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(files["release.json"], want) {
		t.Error("what is public is not what counting anew from the ledger gives")
	}
	if _, err := figures.Verify(files["release.peerwitness"], s.d.org.roster); err != nil {
		t.Error(err)
	}
	checkTables(t, counted, seen.Tables)
	checkRounded(t, files)
}

// signing is an organisation whose half-year is over, in a time of its own.
type signing struct {
	d     *demo
	cal   calendar
	clock *yearClock
	store vault.Store
	desks [2]*workstation
}

func newSigning(t *testing.T) *signing {
	t.Helper()
	until := time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)
	s := &signing{clock: &yearClock{}, cal: calendar{begin: until.AddDate(0, -6, 0).AddDate(0, 0, -1), until: until, today: until.AddDate(0, 0, 3), period: "2026-H1"}}
	s.clock.set(s.cal.today.Add(9 * time.Hour))
	s.d = &demo{e: &env{stdout: io.Discard, stderr: io.Discard, now: s.clock.now}, dir: t.TempDir(), period: s.cal.period}
	var err error
	if s.d.org, err = newOrganisation(s.d.dir, demoPeople, s.cal.begin, s.cal.today.AddDate(0, 2, 0), false); err != nil {
		t.Fatal(err)
	}
	s.d.root = s.d.org.roster.Fingerprint()
	if err := s.d.makeYear(t.Context(), s.cal, 150, false); err != nil {
		t.Fatal(err)
	}
	if s.store, err = vault.OpenBolt(filepath.Join(s.d.dir, "store"), s.clock.now); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.d.origin, s.d.hc = "http://"+l.Addr().String(), &http.Client{Timeout: time.Minute}
	server := &http.Server{Handler: whole.Handler(whole.Config{Store: s.store, Origin: s.d.origin, Clock: s.clock.now}), ReadHeaderTimeout: time.Minute}
	go server.Serve(l) // ends with Close
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), s.store.Close()); err != nil {
			t.Error(err)
		}
	})
	for i := range s.desks {
		a := s.d.org.advocates[i]
		s.desks[i], err = startDesk(ui.Config{
			KeyPath: a.file, ServerURL: s.d.origin, Dir: s.d.deskDir(a), Root: s.d.root, Clock: s.clock.now,
			HTTPClient: s.d.hc, WorkFactor: demoWork, LockAfter: 8 * time.Hour, SyncEvery: 5 * time.Second,
		}, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.desks[i].ui.Serve(ctx, s.desks[i].listener) }()
		t.Cleanup(func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	return s
}

// way is how a keeper gets into her desk at this moment.
type way struct {
	Desk       string `json:"desk"`
	Passphrase string `json:"passphrase"`
	Code       string `json:"code"`
}

func (s *signing) way(t *testing.T, keeper int) way {
	t.Helper()
	return way{s.desks[keeper].ui.LaunchURL(), demoPassphrase, s.code(t, keeper)}
}

// code is a keeper's sign-in code of this moment.
func (s *signing) code(t *testing.T, keeper int) string {
	t.Helper()
	code, err := s.d.org.advocates[keeper].code(s.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// publicly is what the browser saw at the public address.
type publicly struct {
	URL    string       `json:"url"`
	Tables [][][]string `json:"tables"` // table, row, cell
}

// walk has a browser go the keepers' way. later lets time pass.
func (s *signing) walk(t *testing.T, later func()) (seen publicly) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", filepath.FromSlash("../../intake/app/browser/signing.mjs"))
	var said tail
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tell := json.NewEncoder(in)
	tell.Encode(map[string]any{
		"first": s.way(t, 0), "period": figures.PeriodLabel("en", figures.HalfYearly, s.cal.period), "figures": s.d.origin + "/figures",
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		switch rest, ok := strings.CutPrefix(line, "seen "); {
		case line == "later":
			later()
			tell.Encode(map[string]way{"first": s.way(t, 0), "second": s.way(t, 1)})
		case ok:
			if err := json.Unmarshal([]byte(rest), &seen); err != nil {
				t.Error(err)
			}
		default:
			t.Log(line)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the browser's way ended with %v: %s", err, said.String())
	}
	if len(seen.Tables) == 0 {
		t.Fatal("the browser saw no table")
	}
	return seen
}

func (s *signing) fetch(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := s.d.hc.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, resp.StatusCode, err)
	}
	return b
}

// countAnew opens the second keeper's workstation in an empty folder: all that it
// knows comes from the feed, and the release from counting what the ledger fixes.
func (s *signing) countAnew(t *testing.T) figures.Release {
	t.Helper()
	ctx, a := t.Context(), s.d.org.advocates[1]
	s.clock.advance(time.Minute) // a code counts once
	client := access.NewClient(s.d.origin, s.d.hc)
	if err := client.SignIn(ctx, a.key.Person, a.key.Signing, s.code(t, 1), s.clock.now()); err != nil {
		t.Fatal(err)
	}
	w, err := review.Open(ctx, review.Config{Dir: filepath.Join(s.d.dir, "anew"), Key: a.key, Client: client, Root: s.d.root, Clock: s.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Sync(ctx, nil); err != nil {
		t.Fatal(err)
	}
	v := w.Figures()
	for _, p := range v.Periods {
		if p.Period == s.cal.period && p.Status == review.PeriodPublished && p.Release != nil {
			return *p.Release
		}
	}
	t.Fatalf("a workstation that begins from nothing has no such release: %+v", v.Problems)
	return figures.Release{}
}

// leading is the number that a cell begins with; a range may follow.
var leading = regexp.MustCompile(`^[0-9]+`)

// checkTables holds the tables on the public page to a release's cells, in order.
func checkTables(t *testing.T, r figures.Release, seen [][][]string) {
	t.Helper()
	said, shown, masked := map[string]int{}, map[string]int{}, 0
	for _, table := range r.Tables {
		for _, c := range table.Cells {
			if c.Value == nil {
				masked++
			} else {
				said[strconv.Itoa(*c.Value)]++
			}
		}
	}
	hidden := 0
	for _, table := range seen {
		for _, row := range table {
			for _, cell := range row {
				if n := leading.FindString(cell); n != "" {
					shown[n]++
				} else if strings.HasPrefix(cell, "<") || strings.HasPrefix(cell, "fewer than") {
					hidden++
				}
			}
		}
	}
	for v, n := range said {
		if shown[v] < n {
			t.Errorf("the page shows %s %d times, the release has it %d times", v, shown[v], n)
		}
	}
	if len(said) == 0 || hidden != masked {
		t.Errorf("%d different values; %d cells are hidden, %d are masked", len(said), hidden, masked)
	}
}

// checkRounded holds every number about people to the method: none below 15, all
// multiples of 5, in the long table and in the release itself.
func checkRounded(t *testing.T, files map[string][]byte) {
	t.Helper()
	long := csv.NewReader(bytes.NewReader(files["figures.csv"]))
	long.Comment = '#' // the caveats
	rows, err := long.ReadAll()
	if err != nil || len(rows) < 20 {
		t.Fatalf("figures.csv: %d rows, %v", len(rows), err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	for n, row := range rows[1:] {
		for _, name := range []string{"value", "lower95", "upper95"} {
			cell := row[at[name]]
			v, err := strconv.Atoi(cell)
			switch masked := row[at["status"]] == "masked"; {
			case masked && name == "value" && cell != "":
				t.Errorf("row %d: a masked cell has the value %q", n+1, cell)
			case !masked && (err != nil || v%5 != 0 || name == "value" && v < figures.MaskBelow):
				t.Errorf("row %d: %s is %q", n+1, name, cell)
			}
		}
	}
	var r struct {
		Tables []struct {
			Cells []map[string]json.RawMessage `json:"cells"`
		} `json:"tables"`
	}
	if err := json.Unmarshal(files["release.json"], &r); err != nil {
		t.Fatal(err)
	}
	for _, table := range r.Tables {
		for _, c := range table.Cells {
			v, err := strconv.Atoi(string(c["value"]))
			if len(c) != 2 || c["codes"] == nil || string(c["value"]) != "null" && (err != nil || v%5 != 0 || v < figures.MaskBelow) {
				t.Errorf("a cell of the release is %s", fmt.Sprint(c))
			}
		}
	}
}
