package intake_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
	"peerwitness/vault/roster"
)

func TestDeposit(t *testing.T) {
	s := newSite(t)
	report := accesstest.Report(8, 0)
	media, body := deposit(t, "street", report)
	first := s.post(t, media, body)
	if first.status != http.StatusCreated {
		t.Fatalf("%d %s", first.status, first.body)
	}
	want := vault.Deposit{Desk: "street", Report: report}.ID()
	if first.text(t, "id") != want.String() || first.text(t, "day") != "2026-11-23" || first.text(t, "ticket") == "" {
		t.Fatalf("answered %s", first.body)
	}
	if first.header.Get("Cache-Control") != "no-store" {
		t.Error("an answer that may be kept")
	}
	got, _, err := s.store.Deposit(ctx, want)
	must(t, err)
	if got.Desk != "street" || !bytes.Equal(got.Report, report) {
		t.Fatal("something else was stored")
	}
	s.Pass(24 * 3600e9)
	again := s.post(t, media, body)
	if again.status != http.StatusOK || !bytes.Equal(again.body, first.body) {
		t.Fatalf("the same again: %d %s", again.status, again.body)
	}
	if n := s.stored(t); n != 1 {
		t.Fatalf("%d stored", n)
	}
}

// Parts come in any order, sizes from the smallest to the largest, and `work`
// is room for a later version.
func TestDepositForms(t *testing.T) {
	s := newSite(t)
	for k := range 7 {
		media, body := form(t, part{"work", []byte("x")}, part{"report", accesstest.Report(8, k)}, part{"desk", []byte("street")})
		if got := s.post(t, media, body); got.status != http.StatusCreated {
			t.Errorf("32 KiB·2^%d: %d %s", k, got.status, got.body)
		}
	}
	media, body := deposit(t, "health", accesstest.Report(16, 0))
	if got := s.post(t, media, body); got.status != http.StatusCreated {
		t.Errorf("16 slots: %d", got.status)
	}
	byHand := accesstest.Report(3, 0)
	media, body = form(t, part{"desk", []byte("street")}, part{"by_hand", byHand[:len(byHand)-1000]})
	if got := s.post(t, media, body); got.status != http.StatusCreated {
		t.Errorf("by hand: %d", got.status)
	}
	// Chunked, as a phone that streams sends it.
	media, body = deposit(t, "street", accesstest.Report(8, 1))
	got := s.do(t, "POST", "/v1/deposits", struct{ *bytes.Reader }{bytes.NewReader(body)}, "Content-Type", media)
	if got.status != http.StatusCreated {
		t.Errorf("chunked: %d", got.status)
	}
}

func TestBadDeposits(t *testing.T) {
	s := newSite(t)
	good := accesstest.Report(8, 0)
	desk := part{"desk", []byte("street")}
	media, body := deposit(t, "street", good)
	classic := bytes.Replace(good, []byte("-> mlkem768x25519 "), []byte("-> X25519 "), 1)
	for name, c := range map[string]struct {
		parts []part
		want  int
	}{
		"no desk":               {[]part{{"report", good}}, 400},
		"no report":             {[]part{desk}, 400},
		"no parts":              {nil, 400},
		"desk twice":            {[]part{desk, desk, {"report", good}}, 400},
		"report twice":          {[]part{desk, {"report", good}, {"report", good}}, 400},
		"report and by hand":    {[]part{desk, {"report", good}, {"by_hand", good}}, 400},
		"unknown part":          {[]part{desk, {"report", good}, {"name", []byte("x")}}, 400},
		"part without a name":   {[]part{desk, {"report", good}, {"", []byte("x")}}, 400},
		"long work":             {[]part{desk, {"work", make([]byte, 2000)}, {"report", good}}, 400},
		"unknown desk":          {[]part{{"desk", []byte("nowhere")}, {"report", good}}, 404},
		"bad desk":              {[]part{{"desk", []byte("../street")}, {"report", good}}, 404},
		"long desk":             {[]part{{"desk", make([]byte, 5000)}, {"report", good}}, 404},
		"empty report":          {[]part{desk, {"report", nil}}, 422},
		"plain text":            {[]part{desk, {"report", []byte("They took my money.")}}, 422},
		"plain text, by hand":   {[]part{desk, {"by_hand", []byte("They took my money.")}}, 422},
		"7 slots":               {[]part{desk, {"report", accesstest.Report(7, 0)}}, 422},
		"9 slots":               {[]part{desk, {"report", accesstest.Report(9, 0)}}, 422},
		"16 slots for a desk 8": {[]part{desk, {"report", accesstest.Report(16, 0)}}, 422},
		"classic stanza":        {[]part{desk, {"report", classic}}, 422},
		"classic, by hand":      {[]part{desk, {"by_hand", classic}}, 422},
		"17 slots, by hand":     {[]part{desk, {"by_hand", accesstest.Report(17, 0)}}, 422},
		"cut short":             {[]part{desk, {"report", good[:len(good)-1]}}, 422},
		"over 4 MiB":            {[]part{desk, {"report", make([]byte, vault.MaxReport+1)}}, 413},
		"far over 4 MiB":        {[]part{desk, {"report", make([]byte, 6<<20)}}, 413},
	} {
		media, body := form(t, c.parts...)
		check(t, name, s.post(t, media, body), c.want)
	}
	for name, c := range map[string]struct {
		media string
		body  []byte
		want  int
	}{
		"no content type":   {"", body, 415},
		"JSON":              {"application/json", []byte(`{"desk":"street"}`), 415},
		"the age file only": {"application/octet-stream", good, 415},
		"a form by URL":     {"application/x-www-form-urlencoded", []byte("desk=street"), 415},
		"no boundary":       {"multipart/form-data", body, 415},
		"long boundary":     {"multipart/form-data; boundary=" + strings.Repeat("x", 100), body, 415},
		"another boundary":  {"multipart/form-data; boundary=other", body, 400},
		"cut in a part":     {media, body[:len(body)-2000], 400},
		"cut in a header":   {media, body[:60], 400},
		"empty body":        {media, nil, 400},
	} {
		check(t, name, s.post(t, c.media, c.body), c.want)
	}
	if n := s.stored(t); n != 0 {
		t.Fatalf("%d stored", n)
	}
	if len(s.trouble) != 0 {
		t.Fatalf("bad input was taken for trouble: %v", s.trouble)
	}
}

// check wants a refusal with words, and words only.
func check(t testing.TB, name string, got answer, want int) {
	t.Helper()
	if got.status != want {
		t.Errorf("%s: %d %s, want %d", name, got.status, got.body, want)
		return
	}
	if m := got.json(t); len(m) != 1 || m["error"] == "" || m["error"] == nil {
		t.Errorf("%s: answered %s", name, got.body)
	}
	for _, leak := range []string{"vault", "0x", "/tmp", ".go", "EOF", "multipart:"} {
		if bytes.Contains(got.body, []byte(leak)) {
			t.Errorf("%s: a cause travels: %s", name, got.body)
		}
	}
}

func TestAttack03HostileHeaders(t *testing.T) {
	s := newSite(t)
	good := accesstest.Report(8, 0)
	stanza := good[len("age-encryption.org/v1\n"):]
	stanza = stanza[:bytes.Index(stanza, []byte("\n-> "))+1]
	intro := []byte("age-encryption.org/v1\n")
	unknown := bytes.Replace(good, []byte("-> mlkem768x25519 "), []byte("-> somethingelse "), 1)
	attacks := map[string][]byte{
		"7 stanzas":                    accesstest.Report(7, 0),
		"9 stanzas":                    accesstest.Report(9, 0),
		"unknown stanza":               unknown,
		"3 MiB of stanzas":             append(append([]byte{}, intro...), bytes.Repeat(stanza, 3<<20/len(stanza))...),
		"3 MiB in one line":            append(append([]byte{}, intro...), append([]byte("-> mlkem768x25519 "), bytes.Repeat([]byte("A"), 3<<20)...)...),
		"3 MiB of short lines":         append(append([]byte{}, intro...), bytes.Repeat([]byte("-> a\n\n"), 3<<20/6)...),
		"3 MiB without an end of line": bytes.Repeat([]byte("a"), 3<<20),
	}
	before := heap()
	for range 5 {
		for name, report := range attacks {
			for _, kind := range []string{"report", "by_hand"} {
				media, body := form(t, part{"desk", []byte("street")}, part{kind, report})
				got := s.post(t, media, body)
				if kind == "by_hand" && strings.HasSuffix(name, " stanzas") && len(report) < 1<<20 {
					continue // by hand any number up to 16 is right
				}
				check(t, name, got, 422)
			}
		}
	}
	if grown := heap() - before; grown > 32<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// A report that was sealed under a former roster, and waited, still arrives.
func TestLateIsNotLost(t *testing.T) {
	s := newSite(t)
	note := s.Next(t, func(r *roster.Roster) {
		r.Desks[0].Slots = 16
		r.Desks = r.Desks[:1] // the health desk is gone
	})
	must(t, s.store.PutRoster(ctx, "", s.Roster.Version, note))
	for name, c := range map[string]struct {
		desk  string
		slots int
		want  int
	}{
		"as it is now":    {"street", 16, 201},
		"as it was":       {"street", 8, 201},
		"a former desk":   {"health", 16, 201},
		"as it never was": {"health", 8, 422},
		"no desk ever":    {"nowhere", 8, 404},
	} {
		media, body := deposit(t, c.desk, accesstest.Report(c.slots, 0))
		if got := s.post(t, media, body); got.status != c.want {
			t.Errorf("%s: %d, want %d", name, got.status, c.want)
		}
	}
}

// Nothing is acknowledged that is not stored.
func TestStoreFails(t *testing.T) {
	s := newSite(t)
	must(t, s.store.Close())
	media, body := deposit(t, "street", accesstest.Report(8, 0))
	check(t, "closed store", s.post(t, media, body), 500)
	if len(s.trouble) == 0 {
		t.Error("nobody was told")
	}
}
