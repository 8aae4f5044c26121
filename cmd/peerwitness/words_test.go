package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/seal"
)

// TestWords reads answers with a report's words and writes back.
func TestWords(t *testing.T) {
	s := newSite(t)
	secret := s.enrolled(t, "nino")
	words, _ := must(t, "report", "--practice", "--roster", s.url, "--desk", "street", "--send", s.url)
	for name, text := range map[string]string{
		"words": words, "other": receiptWords(t), "bad": "abandon " + words, "say": "PRACTICE: it is over now.\n", "empty": " \n",
	} {
		if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := []string{"words", "--server", s.url, "--words-file", s.path("words")}
	if out, errs := must(t, read...); out != "" || !strings.Contains(errs, "No answer is here") || !strings.Contains(errs, "Root fingerprint of Harbour Peers: ") {
		t.Errorf("before any answer: %q\n%s", out, errs)
	}

	w, id := s.workstation(t, "nino", secret)
	long := strings.TrimSpace(strings.Repeat("PRACTICE, a long one. ", 200))
	for _, text := range []string{"We read your report.\nAre you \x1b[31msafe?", long} {
		if err := w.Answer(t.Context(), id, text, 0); err != nil {
			t.Fatal(err)
		}
	}
	out, errs := must(t, read...)
	today := time.Now().UTC().Format(time.DateOnly)
	if out != "Street desk, "+today+"\nWe read your report.\nAre you \ufffd[31msafe?\n\nStreet desk, "+today+"\n"+long+"\n\n" || strings.Contains(errs, "not be confirmed") {
		t.Errorf("answers: %q\n%s", out, errs)
	}
	if out, errs := must(t, "words", "--server", s.url, "--words-file", s.path("other")); out != "" || !strings.Contains(errs, "No answer is here") {
		t.Errorf("other words: %q\n%s", out, errs)
	}

	_, errs = must(t, append(read, "--say", s.path("say"), "--desk", "street")...)
	if !strings.Contains(errs, "can open it: nino") || !strings.Contains(errs, "Your message has arrived at Street desk, sealed") {
		t.Errorf("saying something: %s", errs)
	}
	if err := w.Sync(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	c, err := w.View().Case(id)
	if err != nil || len(c.FollowUps) != 1 || c.FollowUps[0].Text != "PRACTICE: it is over now." || len(c.Problems) != 0 {
		t.Errorf("the case: %+v, %v", c, err)
	}

	for _, row := range []struct {
		args string
		code int
		want string
	}{
		{"--words-file " + s.path("bad"), 1, "hint: look at each word"},
		{"--words-file " + s.path("absent"), 1, "absent"},
		{"--words-file " + s.path("words") + " --root AAAA", 1, "somebody may stand between"},
		{"--words-file " + s.path("words") + " --say " + s.path("say"), 2, "go together"},
		{"--words-file " + s.path("words") + " --without nino", 2, "goes with --say"},
		{"--words-file " + s.path("words") + " --say " + s.path("say") + " --desk harbour", 1, "no desk"},
		{"--words-file " + s.path("words") + " --say " + s.path("empty") + " --desk street", 1, "nothing in it"},
		{"--words-file " + s.path("words") + " --say - --desk street", 1, "nothing in it"},
		{"--words-file " + s.path("words") + " --say " + s.path("say") + " --desk street --without mari", 2, "nobody at that desk"},
		{"--words-file " + s.path("words") + " extra", 2, "belongs to no flag"},
	} {
		if _, errs, code := call("", strings.Fields("words --server "+s.url+" "+row.args)...); code != row.code || !strings.Contains(errs, row.want) {
			t.Errorf("%s: code %d, want %d with %q:\n%s", row.args, code, row.code, row.want, errs)
		}
	}
}

func receiptWords(t *testing.T) string {
	t.Helper()
	r, err := seal.NewReceipt()
	if err != nil {
		t.Fatal(err)
	}
	words, err := r.Words("en")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(words, " ")
}

// workstation opens a person's workstation and takes the only case on it.
func (s *site) workstation(t *testing.T, name, secret string) (*review.Workstation, vault.ID) {
	t.Helper()
	b, err := os.ReadFile(s.path(name + ".key"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := seal.OpenKeyFile(b, "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	client := access.NewClient(s.url, nil)
	if err := client.SignIn(t.Context(), k.Person, k.Signing, codeAt(t, secret, time.Now()), time.Now()); err != nil {
		t.Fatal(err)
	}
	w, err := review.Open(t.Context(), review.Config{Dir: s.path("desk"), Key: k, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	if err := w.Sync(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	cases := w.View().Cases
	if len(cases) != 1 {
		t.Fatalf("%d cases", len(cases))
	}
	id, err := w.Take(t.Context(), cases[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return w, id
}

// A bucket that is cut, or has no end, is no answer; and no more of its value
// is told to the server than the list says.
func TestHostileBucket(t *testing.T) {
	var asked string
	size := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		w.Write(make([]byte, size))
	}))
	defer srv.Close()
	api, err := publicServer(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	value := [32]byte{0b10110010, 0b01111111}
	for _, row := range []struct {
		bits, size, slots int
		path              string
	}{
		{0, 0, 0, "/v1/buckets/b"}, {5, 2 * vault.SlotSize, 2, "/v1/buckets/b10110"}, {16, 0, 0, "/v1/buckets/b1011001001111111"},
		{0, 1, -1, "/v1/buckets/b"}, {0, vault.SlotSize - 1, -1, "/v1/buckets/b"}, {0, maxBucket + vault.SlotSize, -1, "/v1/buckets/b"},
	} {
		size = row.size
		slots, err := api.bucket(context.Background(), value, row.bits)
		if asked != row.path || (err != nil) != (row.slots < 0) || err == nil && len(slots) != row.slots {
			t.Errorf("%d bits, %d bytes: asked for %s, got %d slots, %v", row.bits, row.size, asked, len(slots), err)
		}
	}
}
