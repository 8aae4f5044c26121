package herald

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"peerwitness/vault"
)

// heard is a real receiver that keeps what came, whole.
type heard struct {
	mu     sync.Mutex
	bodies []string
	heads  []http.Header
	status int
	*httptest.Server
}

func listen(t *testing.T) *heard {
	t.Helper()
	h := &heard{status: http.StatusOK}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.bodies, h.heads = append(h.bodies, string(b)), append(h.heads, r.Header.Clone())
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(h.status)
		io.WriteString(w, strings.Repeat("x", 1<<20))
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *heard) answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

func (h *heard) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.bodies)
}

// folder writes a configuration and what it names.
func folder(t *testing.T, c any, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	b, ok := c.([]byte)
	if !ok {
		var err error
		if b, err = json.Marshal(c); err != nil {
			t.Fatal(err)
		}
	}
	files["notify.json"] = string(b)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "notify.json")
}

// said keeps what the operator is told.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) say(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *said) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

func store(t *testing.T) vault.Store {
	t.Helper()
	s, err := vault.OpenBolt(filepath.Join(t.TempDir(), "store"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func deposit(t *testing.T, s vault.Store, desk, text string) {
	t.Helper()
	if _, err := s.PutDeposit(t.Context(), vault.Deposit{Desk: desk, Report: []byte(text)}); err != nil {
		t.Fatal(err)
	}
}

// run lets the herald go until the test ends.
func run(t *testing.T, h *Herald, s vault.Store, every time.Duration) *said {
	t.Helper()
	h.Every = every
	var log said
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); h.Run(ctx, s, log.say) }()
	t.Cleanup(func() { cancel(); <-ended })
	return &log
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 6000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s: not within a minute", what)
}

func TestOneMessageForAllThatCame(t *testing.T) {
	h := listen(t)
	path := folder(t, map[string]any{"every_minutes": 15,
		"ntfy":    []any{map[string]any{"url": h.URL + "/desk", "token_file": "ntfy.token"}},
		"webhook": []any{map[string]any{"url": h.URL + "/hook"}}}, map[string]string{"ntfy.token": "tk-5561\n"})
	herald, err := Read(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if herald.Longest() != 20*time.Minute+20*time.Second {
		t.Errorf("the longest wait is %v", herald.Longest())
	}
	s := store(t)
	const every = 400 * time.Millisecond
	log := run(t, herald, s, every)
	eventually(t, "the first, after a start", func() bool { return h.count() == 2 })
	time.Sleep(2 * every)
	if n := h.count(); n != 2 {
		t.Fatalf("%d messages and nothing came in", n)
	}
	for i := range 7 {
		deposit(t, s, []string{"street", "custody"}[i%2], strings.Repeat("sealed-7731", 1+i*100))
	}
	eventually(t, "what came", func() bool { return h.count() >= 4 })
	time.Sleep(2 * every)
	if n := h.count(); n != 4 && n != 6 { // they may lie on both sides of one time
		t.Errorf("%d messages after seven deposits, want one each to two places, or two", n-2)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, b := range h.bodies {
		if b != ntfyBody && b != webhookBody {
			t.Errorf("a message is %q", b)
		}
		if !json.Valid([]byte(webhookBody)) {
			t.Error("the webhook's is no JSON")
		}
		for name, list := range h.heads[i] {
			if v := strings.Join(list, " "); name == "User-Agent" || strings.Contains(v, "7731") || strings.Contains(v, "custody") ||
				name == "Authorization" && (v != "Bearer tk-5561" || b != ntfyBody) {
				t.Errorf("header %s: %s", name, v)
			}
		}
	}
	if log.all() != "" {
		t.Errorf("the log says %q", log.all())
	}
}

// What does not go is tried once at each time, never in between, and the log
// names neither where it should have gone nor with what.
func TestFailureIsTriedAtTheNextTimeOnly(t *testing.T) {
	h := listen(t)
	herald, err := Read(folder(t, map[string]any{"every_minutes": 5, "ntfy": []any{map[string]any{"url": h.URL + "/topic-3141", "token_file": "t"}}}, map[string]string{"t": "tk-5561"}), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{http.StatusInternalServerError, http.StatusFound} {
		h.answer(status)
		before := h.count()
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		var log said
		herald.Every = 500 * time.Millisecond
		herald.Run(ctx, store(t), log.say)
		cancel()
		if n := h.count() - before; n < 1 || n > 4 {
			t.Errorf("answered with %d: %d tries in three times", status, n)
		}
		if text := log.all(); !strings.Contains(text, "one by ntfy did not go: it was refused there") || strings.Contains(text, "3141") || strings.Contains(text, "5561") || strings.Contains(text, "127.0.0.1") {
			t.Errorf("the log says %q", text)
		}
	}
	h.answer(http.StatusNoContent)
	before := h.count()
	run(t, herald, store(t), 300*time.Millisecond)
	eventually(t, "once it is taken", func() bool { return h.count() == before+1 })
}

// An operator's mistake, or a name that somebody made to point inside, must not
// make the server knock inside of its own network.
func TestPrivateAddressesAreRefused(t *testing.T) {
	h := listen(t)
	port := h.URL[strings.LastIndex(h.URL, ":"):]
	for _, url := range []string{"https://127.0.0.1" + port, "https://localhost" + port, "https://[::1]" + port, "https://[::ffff:127.0.0.1]" + port, "https://169.254.169.254/latest", "https://10.0.0.1/"} {
		herald, err := Read(folder(t, map[string]any{"every_minutes": 5, "webhook": []any{map[string]any{"url": url}}}, map[string]string{}), false)
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		err = herald.targets[0].send(t.Context())
		if plain(err) != errPrivate.Error() {
			t.Errorf("%s: %v", url, err)
		}
	}
	if h.count() > 0 {
		t.Error("it was reached")
	}
	t.Setenv("HTTPS_PROXY", h.URL)
	herald, err := Read(folder(t, map[string]any{"every_minutes": 5, "webhook": []any{map[string]any{"url": "https://192.0.2.1/"}}}, map[string]string{}), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := herald.targets[0].send(t.Context()); plain(err) != errPrivate.Error() || h.count() > 0 {
		t.Errorf("through the environment's proxy: %v", err)
	}
	for text, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1::1": true, "::ffff:93.184.216.34": true,
		"0.0.0.0": false, "100.64.1.1": false, "172.16.0.1": false, "192.168.1.1": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
		"fe80::1": false, "fc00::1": false, "ff02::1": false, "::": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "::7f00:1": false, "::ffff:10.0.0.1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s public: %v", text, got)
		}
	}
}

func TestSilentReceiverIsGivenUp(t *testing.T) {
	stop := make(chan struct{})
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer h.Close()
	defer close(stop)
	herald, err := Read(folder(t, map[string]any{"every_minutes": 5, "webhook": []any{map[string]any{"url": h.URL}}}, map[string]string{}), true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := herald.targets[0].send(ctx); plain(err) != errReach.Error() {
		t.Errorf("nobody answers: %v", err)
	}
}

func TestMessagesGoAtFixedTimes(t *testing.T) {
	h := &Herald{Every: 15 * time.Minute}
	at := time.Date(2026, 11, 23, 9, 4, 31, 0, time.UTC)
	seen := map[time.Duration]bool{}
	for range 200 {
		d := h.next(at)
		seen[d] = true
		if when := at.Add(d); when.Before(at.Truncate(time.Hour).Add(15*time.Minute)) || !when.Before(at.Truncate(time.Hour).Add(20*time.Minute)) {
			t.Fatalf("at %v", when)
		}
	}
	if len(seen) < 100 {
		t.Errorf("%d different times of 200", len(seen))
	}
}

func TestFaultyConfigurationIsRefused(t *testing.T) {
	good := `{"every_minutes":15,"ntfy":[{"url":"https://ntfy.example/x"}]}`
	mail := func(field, value string) string {
		c := map[string]any{"server": "mail.example:587", "from": "desk@mail.example", "to": []string{"nino@mail.example"}}
		c[field] = json.RawMessage(value)
		b, _ := json.Marshal(map[string]any{"every_minutes": 15, "smtp": []any{c}})
		return string(b)
	}
	for text, want := range map[string]string{
		good: "", mail("user", `""`): "",
		`{`:                    "not the JSON",
		good + good:            "something follows",
		`{"every_minutes":15}`: "1 to 16 places",
		`{"every_minutes":4,"ntfy":[{"url":"https://ntfy.example/x"}]}`:                  "every_minutes",
		`{"every_minutes":15,"desk":"street","ntfy":[{"url":"https://ntfy.example/x"}]}`: "not the JSON",
		`{"every_minutes":15,"ntfy":[{"url":"http://ntfy.example/x"}]}`:                  "ntfy 1: url must begin",
		`{"every_minutes":15,"ntfy":[{"url":"https://a:b@ntfy.example/x"}]}`:             "not an address",
		`{"every_minutes":15,"ntfy":[{"url":"https:x"}]}`:                                "not an address",
		`{"every_minutes":15,"ntfy":[{"url":"file:///etc/passwd"}]}`:                     "not an address",
		`{"every_minutes":15,"webhook":[{"url":"gopher://x/"}]}`:                         "must begin",
		`{"every_minutes":15,"webhook":[{"url":"https://x/","token_file":"none"}]}`:      "token_file: the file can't be opened",
		`{"every_minutes":15,"webhook":[{"url":"https://x/","token_file":"open"}]}`:      "chmod 600",
		`{"every_minutes":15,"webhook":[{"url":"https://x/","token_file":"lines"}]}`:     "control characters",
		`{"every_minutes":15,"webhook":[{"url":"https://x/","token_file":"big"}]}`:       "too large",
		mail("server", `"mail.example"`):                                                 "host:port",
		mail("from", `"desk@mail.example\r\nBcc: x@y.example"`):                          "from: not a plain",
		mail("from", `"Desk <desk@mail.example>"`):                                       "from: not a plain",
		mail("to", `["nino@mail.example>\r\nX: y"]`):                                     "to: not a plain",
		mail("to", `[]`):            "1 to 16 addresses",
		mail("user", `"desk"`):      "go together",
		mail("ca_file", `"lines"`):  "no certificate",
		strings.Repeat(" ", 70<<10): "too large",
	} {
		path := folder(t, []byte(text), map[string]string{"open": "x", "lines": "a\nb", "big": strings.Repeat("x", 5000)})
		if err := os.Chmod(filepath.Join(filepath.Dir(path), "open"), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path, false)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.90s: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "example") {
			t.Errorf("%.90s: the error quotes it: %v", text, err)
		}
	}
}

func FuzzConfiguration(f *testing.F) {
	f.Add([]byte(`{"every_minutes":15,"ntfy":[{"url":"https://ntfy.example/x"}]}`))
	f.Add([]byte(`{"every_minutes":15,"smtp":[{"server":"m.example:587","from":"a@m.example","to":["b@m.example"]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parse(b, t.TempDir(), false)
		if err == nil && (len(h.targets) == 0 || h.Every < 5*time.Minute || bytes.Contains(b, []byte("http://")) && !bytes.Contains(b, []byte("https://")) && !bytes.Contains(b, []byte("smtp"))) {
			t.Errorf("%q was taken", b)
		}
	})
}
