package intake_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
)

func (s *site) ticket(t testing.TB) string {
	t.Helper()
	media, body := deposit(t, "street", accesstest.Report(8, 0))
	return s.post(t, media, body).text(t, "ticket")
}

func (s *site) put(t testing.TB, ticket string, sum vault.ID, blob []byte) answer {
	t.Helper()
	return s.do(t, "PUT", "/v1/blobs/"+sum.String(), bytes.NewReader(blob), "Peerwitness-Ticket", ticket)
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func TestBlob(t *testing.T) {
	s := newSite(t)
	ticket := s.ticket(t)
	for _, size := range []int{1, 64<<10 - 1, 64 << 10, 64<<10 + 1, vault.MaxBlob - 1, vault.MaxBlob} {
		blob := random(size)
		sum := vault.Sum(blob)
		if got := s.put(t, ticket, sum, blob); got.status != http.StatusCreated {
			t.Fatalf("%d bytes: %d %s", size, got.status, got.body)
		}
		if got := s.put(t, ticket, sum, blob); got.status != http.StatusOK {
			t.Fatalf("%d bytes again: %d", size, got.status)
		}
		b, err := s.store.Blob(ctx, sum)
		must(t, err)
		if !bytes.Equal(b, blob) {
			t.Fatalf("%d bytes: others were stored", size)
		}
	}
	must(t, s.store.Check(ctx))
}

func TestBadBlobs(t *testing.T) {
	s := newSite(t)
	ticket := s.ticket(t)
	n := s.stored(t)
	blob := random(1000)
	check(t, "another's hash", s.put(t, ticket, vault.Sum([]byte("x")), blob), 422)
	large := random(vault.MaxBlob + 1)
	check(t, "over 1 MiB", s.put(t, ticket, vault.Sum(large), large), 413)
	got := s.do(t, "PUT", "/v1/blobs/"+vault.Sum(large).String(), struct{ *bytes.Reader }{bytes.NewReader(large)}, "Peerwitness-Ticket", ticket)
	check(t, "over 1 MiB, chunked", got, 413)
	check(t, "no hash", s.do(t, "PUT", "/v1/blobs/abc", bytes.NewReader(blob), "Peerwitness-Ticket", ticket), 404)
	upper := strings.ToUpper(vault.Sum(blob).String())
	check(t, "upper case", s.do(t, "PUT", "/v1/blobs/"+upper, bytes.NewReader(blob), "Peerwitness-Ticket", ticket), 404)
	if m := s.stored(t); m != n {
		t.Fatalf("%d stored", m-n)
	}
}

func TestAttack32BlobWithoutRight(t *testing.T) {
	s := newSite(t)
	ticket := s.ticket(t)
	blob := random(1000)
	sum := vault.Sum(blob)
	spoilt := []byte(ticket)
	spoilt[len(spoilt)/2] ^= 1
	other := newSite(t).ticket(t) // another store's key made it
	n := s.stored(t)
	for name, tk := range map[string]string{
		"no ticket": "", "noise": "AAAA", "one bit changed": string(spoilt), "another server's": other,
		"cut": ticket[:len(ticket)-4], "longer": ticket + "AAAA",
	} {
		check(t, name, s.put(t, tk, sum, blob), 403)
		got := s.do(t, "POST", "/v1/blobs/missing", strings.NewReader(`{"blobs":[]}`), "Content-Type", "application/json", "Peerwitness-Ticket", tk)
		check(t, name+", asking", got, 403)
	}
	if m := s.stored(t); m != n {
		t.Fatal("something was stored")
	}

	// A ticket is for its own deposit: what was put with another's is missing here.
	second := s.ticket(t)
	if got := s.put(t, second, sum, blob); got.status != http.StatusCreated {
		t.Fatalf("%d", got.status)
	}
	got := s.do(t, "POST", "/v1/blobs/missing", strings.NewReader(`{"blobs":["`+sum.String()+`"]}`), "Content-Type", "application/json", "Peerwitness-Ticket", ticket)
	if !strings.Contains(string(got.body), sum.String()) {
		t.Fatal("a blob of another deposit counts for this one")
	}

	// Over its quota.
	status := 0
	for i := 0; status != http.StatusForbidden; i++ {
		if i > vault.TicketQuota/vault.MaxBlob {
			t.Fatal("no quota")
		}
		b := random(vault.MaxBlob)
		got := s.put(t, ticket, vault.Sum(b), b)
		if status = got.status; status != http.StatusCreated && status != http.StatusForbidden {
			t.Fatalf("blob %d: %d", i, status)
		}
	}

	s.Pass(31 * 24 * 3600e9)
	check(t, "run out", s.put(t, second, vault.Sum([]byte("late")), []byte("late")), 403)
	must(t, s.store.Check(ctx))
}

func TestMissing(t *testing.T) {
	s := newSite(t)
	ticket := s.ticket(t)
	blob := []byte("one")
	s.put(t, ticket, vault.Sum(blob), blob)
	a, b := accesstest.ID(), accesstest.ID()
	ask := func(media, body string) answer {
		return s.do(t, "POST", "/v1/blobs/missing", strings.NewReader(body), "Content-Type", media, "Peerwitness-Ticket", ticket)
	}
	got := ask("application/json", fmt.Sprintf(`{"blobs":["%s","%s","%s"]}`, b, vault.Sum(blob), a))
	if want := fmt.Sprintf(`{"missing":["%s","%s"]}`, b, a); strings.TrimSpace(string(got.body)) != want {
		t.Errorf("answered %s, want %s", got.body, want)
	}
	if got := ask("application/json", `{"blobs":[]}`); strings.TrimSpace(string(got.body)) != `{"missing":[]}` {
		t.Errorf("none asked for: %s", got.body)
	}
	many := `{"blobs":["` + strings.Repeat(a.String()+`","`, 1024) + a.String() + `"]}`
	check(t, "1025", ask("application/json", many), 400)
	check(t, "no JSON", ask("application/json", "{"), 400)
	check(t, "no hash", ask("application/json", `{"blobs":["x"]}`), 400)
	check(t, "a form", ask("text/plain", `{"blobs":[]}`), 415)
	check(t, "too long", ask("application/json", strings.Repeat(" ", 200<<10)), 413)
}
