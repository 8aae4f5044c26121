package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	whole "peerwitness/cmd/internal/site"
	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/review/sheet"
	"peerwitness/vault/codebook"
)

// Rows go through the public side of a real server, which asks for work and asks
// to wait, and become cases at the desk.
func TestImportThroughTheServer(t *testing.T) {
	o := reviewtest.New(t)
	busy := 1
	inner := whole.Handler(whole.Config{Store: o.Store, Origin: o.URL, Clock: o.Clock.Now, Calm: 1})
	posts := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if posts++; busy > 0 {
				busy--
				http.Error(w, `{"error":"the server is busy; try again in a moment"}`, http.StatusServiceUnavailable)
				return
			}
			o.Clock.Advance(20 * time.Second) // so that what a minute takes is not used up
		}
		inner.ServeHTTP(w, r)
	}))
	defer srv.Close()
	api, err := publicServer(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := o.Workstation(o.Nino, nil)
	book, err := codebook.Parse(codebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "sheets", "react.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := sheet.Read(b, "")
	if err != nil {
		t.Fatal(err)
	}
	m := sheet.Guess(table, book, o.Roster)
	m.Source, m.Desk = "Practice", "street"
	for i := range m.Columns {
		if m.Columns[i].Field == "region" {
			m.Columns[i].Let("Север", "north")
		}
	}
	p, err := sheet.Check(table, m, book, o.Roster, func(string) bool { return true }, o.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	im := sheet.NewImport(p, outbox{api}, o.Nino.Key, o.Roster, o.Clock.Now, time.Millisecond)
	if err := im.Run(t.Context(), sheet.Here{}); err != nil {
		t.Fatal(err)
	}
	if posts <= len(p.Good)+1 {
		t.Errorf("%d requests for %d rows: the server asked for no work", posts, len(p.Good))
	}
	if err := w.Sync(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if n := len(w.View().Cases); n != len(p.Good) || n != 3 {
		t.Errorf("%d cases of %d rows, want 3", n, len(p.Good))
	}
	for _, c := range w.View().Cases {
		if c.Origin != review.FromForm || c.Report.Imported == nil || len(c.Problems) > 0 {
			t.Errorf("a case came in as %+v", c.Report)
		}
	}
}

func TestOutboxErrors(t *testing.T) {
	status := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer srv.Close()
	api, err := publicServer(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[int]error{503: sheet.ErrBusy, 429: sheet.ErrBusy, 413: sheet.ErrRefused, 422: sheet.ErrRefused, 500: nil, 408: nil} {
		status = code
		err := outbox{api}.Post(context.Background(), "street", []byte("x"))
		if err == nil || (want == nil) != (!errors.Is(err, sheet.ErrBusy) && !errors.Is(err, sheet.ErrRefused)) || want != nil && !errors.Is(err, want) {
			t.Errorf("status %d: %v, want %v", code, err, want)
		}
	}
}

func TestImportDryRun(t *testing.T) {
	s := newSite(t)
	file := filepath.Join("..", "..", "testdata", "sheets", "kobo.csv")
	out, errs := must(t, "import", "--dry-run", file, "--roster", s.path("roster.txt"))
	// This roster has no regions, so each row's is a word that is not known.
	if !strings.Contains(out, "6\tincident/incident_date\t“2027-04-05” is a day that has not come yet\tCorrect it") || !strings.Contains(out, "2\tincident/region\t“north” is not known\t") {
		t.Errorf("findings:\n%s", out)
	}
	for _, want := range []string{"column incident/acts: acts", "column start: (left out)", "0 rows could come in, 5 could not. Nothing was brought in."} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is not said:\n%s", want, errs)
		}
	}
	for _, args := range [][]string{
		{"import", "--dry-run", file}, {"import", "--dry-run", file, "--roster", s.path("roster.txt"), "--dates", "ymd"}, {"import", "--dry-run", file, "--roster", s.path("roster.txt"), "more"},
	} {
		if _, _, code := call("", args...); code != 2 {
			t.Errorf("%v: code %d, want 2", args, code)
		}
	}
	for _, args := range [][]string{
		{"import", "--dry-run", s.path("a.key"), "--roster", s.path("roster.txt")}, {"import", "--dry-run", s.path("none"), "--roster", s.path("roster.txt")},
		{"import", "--dry-run", file, "--roster", s.path("roster.txt"), "--desk", "none"},
	} {
		if _, _, code := call("", args...); code != 1 {
			t.Errorf("%v: code %d, want 1", args, code)
		}
	}
}
