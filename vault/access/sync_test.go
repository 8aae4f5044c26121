package access_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/mux"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
)

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (s *site) replica(t testing.TB) vault.Store {
	t.Helper()
	r, err := vault.OpenBolt(t.TempDir(), s.Clock)
	must(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// deposit stores a report with a blob.
func (s *site) deposit(t testing.TB, blob string) vault.Accepted {
	t.Helper()
	a, err := s.store.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: accesstest.Report(8, 0)})
	must(t, err)
	_, err = s.store.PutBlob(ctx, a.Ticket, vault.Sum([]byte(blob)), []byte(blob))
	must(t, err)
	return a
}

func TestSync(t *testing.T) {
	s := newSite(t)
	c := s.signIn(t, "advocate")
	replica := s.replica(t)
	a := s.deposit(t, "one")
	claim := accesstest.Append(accesstest.ID(), 0, vault.ID{}, a.ID)
	claim.Replies = []vault.Reply{{Prefix: "01", Slot: make([]byte, vault.SlotSize)}}
	_, err := c.Append(ctx, claim)
	must(t, err)
	for range 3 {
		s.deposit(t, "two")
		var steps [][2]uint64
		must(t, access.Sync(ctx, c, replica, func(done, total uint64) { steps = append(steps, [2]uint64{done, total}) }))
		if len(steps) == 0 {
			t.Fatal("no progress told")
		}
		for _, st := range steps {
			if st[0] > st[1] {
				t.Fatalf("progress %d of %d", st[0], st[1])
			}
		}
	}
	must(t, access.Sync(ctx, c, replica, nil))
	want, err := s.store.FeedHead(ctx)
	must(t, err)
	got, err := replica.FeedHead(ctx)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	appends, err := replica.Appends(ctx, claim.Entry.Journal, 0)
	must(t, err)
	if diff := cmp.Diff([]vault.Append{claim}, appends); diff != "" {
		t.Fatal(diff)
	}
	for _, blob := range []string{"one", "two"} {
		b, err := replica.Blob(ctx, vault.Sum([]byte(blob)))
		must(t, err)
		if string(b) != blob {
			t.Fatalf("blob %q", b)
		}
	}
	must(t, replica.Check(ctx))
}

// A feed longer than one answer, in items and in bytes.
func TestSyncInBatches(t *testing.T) {
	s := newSite(t)
	c := s.signIn(t, "advocate")
	for range 10 {
		report := accesstest.Report(8, 6)
		report = append(report, report...) // the store does not look inside
		_, err := s.store.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: report[:vault.MaxReport]})
		must(t, err)
	}
	if _, records, _, err := c.Feed(ctx, 3, 2); err != nil || len(records) != 2 || records[0].Pos != 4 {
		t.Fatalf("asked for two after 3: %d, %v", len(records), err)
	}
	head, records, objects, err := c.Feed(ctx, 0, 1000)
	must(t, err)
	size := 0
	for _, o := range objects {
		size += len(o)
	}
	if uint64(len(records)) == head.Pos || size > 36<<20 {
		t.Fatalf("one answer of %d bytes and %d of %d records", size, len(records), head.Pos)
	}
	replica := s.replica(t)
	must(t, access.Sync(ctx, c, replica, nil))
	got, err := replica.FeedHead(ctx)
	must(t, err)
	if got != head {
		t.Fatalf("reached %+v of %+v", got, head)
	}
}

// between puts a server in front of the site that may change what it answers.
func (s *site) between(t testing.TB, change func(path string, status int, h http.Header, body []byte) (int, []byte)) string {
	t.Helper()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		req, _ := http.NewRequest(r.Method, s.url+r.URL.RequestURI(), bytes.NewReader(b))
		req.Header = r.Header.Clone()
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer res.Body.Close()
		b, _ = io.ReadAll(res.Body)
		h := res.Header.Clone()
		h.Del("Content-Length")
		status, b := change(r.URL.Path, res.StatusCode, h, b)
		for k, v := range h {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		w.Write(b)
	}))
	t.Cleanup(front.Close)
	return front.URL
}

func TestAttack12ServerRollsBackOrForks(t *testing.T) {
	s := newSite(t)
	c := s.signIn(t, "advocate")
	replica := s.replica(t)
	s.deposit(t, "kept")
	must(t, access.Sync(ctx, c, replica, nil))
	held, err := replica.FeedHead(ctx)
	must(t, err)

	// Another store of the same organisation: another generation.
	other := accesstestSite(t, s.Org)
	for name, pos := range map[string]int{"shorter": 0, "longer": 30} {
		for range pos {
			other.deposit(t, name)
		}
		o := other.signIn(t, "advocate")
		wantErr(t, access.Sync(ctx, o, replica, nil), vault.ErrFork)
	}

	// The same generation, told otherwise.
	lies := map[string]func(h http.Header){
		"shorter":      func(h http.Header) { h.Set("Peerwitness-Head", "1 "+accesstest.ID().String()) },
		"another hash": func(h http.Header) { h.Set("Peerwitness-Head", "3 "+accesstest.ID().String()) },
	}
	if held.Pos != 3 {
		t.Fatalf("the feed stands at %d", held.Pos)
	}
	for name, lie := range lies {
		url := s.between(t, func(path string, status int, h http.Header, b []byte) (int, []byte) {
			if path == "/access/v1/feed" {
				lie(h)
				return status, nil
			}
			return status, b
		})
		l := s.signInVia(t, url)
		err := access.Sync(ctx, l, replica, nil)
		if wantErr(t, err, vault.ErrFork); err.Error() == vault.ErrFork.Error() {
			t.Errorf("%s: no words of its own", name)
		}
	}
	got, err := replica.FeedHead(ctx)
	must(t, err)
	if got != held {
		t.Fatal("the replica changed")
	}
}

// accesstestSite serves a fresh store for an organisation that has one already.
func accesstestSite(t *testing.T, org *accesstest.Org) *site {
	t.Helper()
	s := &site{Org: org, store: org.Store(t, t.TempDir()), secrets: map[string]string{}}
	router := mux.NewRouter()
	front := httptest.NewServer(router)
	t.Cleanup(front.Close)
	s.url = front.URL
	s.server = access.NewServer(s.store, s.url, org.Clock)
	s.server.Routes(router)
	return s
}

// signInVia signs in through a server in between that passes itself off as the
// site: the statement must name the site, so the site is told its address.
func (s *site) signInVia(t testing.TB, url string) *access.Client {
	t.Helper()
	hc := &http.Client{Transport: &http.Transport{Proxy: nil, DialContext: dialTo(url)}}
	c := access.NewClient(s.url, hc)
	s.Pass(31e9)
	p := s.People["advocate"]
	must(t, c.SignIn(ctx, p.ID, p.Private, accesstest.Code(t, s.secrets["advocate"], s.Clock()), s.Clock()))
	return c
}

func TestSyncRefusesChangedObject(t *testing.T) {
	s := newSite(t)
	s.signIn(t, "advocate")
	s.deposit(t, "kept")
	url := s.between(t, func(path string, status int, h http.Header, b []byte) (int, []byte) {
		if path == "/access/v1/feed" && len(b) > 0 {
			b[len(b)-1] ^= 1 // in the last object
		}
		return status, b
	})
	replica := s.replica(t)
	wantErr(t, access.Sync(ctx, s.signInVia(t, url), replica, nil), vault.ErrHash)
	head, err := replica.FeedHead(ctx)
	must(t, err)
	if head.Pos != 0 {
		t.Fatal("something of it was stored")
	}
}

// Blobs that the server lacks or spoils are counted; the rest arrives.
func TestSyncWithoutSomeBlobs(t *testing.T) {
	s := newSite(t)
	s.signIn(t, "advocate")
	s.deposit(t, "lost")
	s.deposit(t, "spoilt")
	s.deposit(t, "whole")
	bad := map[string]int{
		"/access/v1/blobs/" + vault.Sum([]byte("lost")).String():   404,
		"/access/v1/blobs/" + vault.Sum([]byte("spoilt")).String(): 200,
	}
	url := s.between(t, func(path string, status int, h http.Header, b []byte) (int, []byte) {
		switch bad[path] {
		case 404:
			return 404, []byte(`{"error":"not found","code":"not-found"}`)
		case 200:
			return 200, []byte("something else")
		}
		return status, b
	})
	replica := s.replica(t)
	c := s.signInVia(t, url)
	wantErr(t, access.Sync(ctx, c, replica, nil), access.ErrIncomplete)
	if _, err := replica.Blob(ctx, vault.Sum([]byte("whole"))); err != nil {
		t.Fatal(err)
	}
	clear(bad)
	must(t, access.Sync(ctx, c, replica, nil))
	must(t, replica.Check(ctx))
}
