package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/mux"

	"peerwitness/intake"
	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// site is a served organisation's public side.
type site struct {
	*accesstest.Org
	store vault.Store
	url   string
	dir   string

	mu      sync.Mutex
	trouble []error
	panics  int
}

var files = fstest.MapFS{
	"index.html":             {Data: bytes.Repeat([]byte("<p>page</p>\n"), 100)},
	"sw.js":                  {Data: []byte("// worker")},
	"assets/app-Ab12Cd34.js": {Data: bytes.Repeat([]byte("script();\n"), 1000)},
	"assets/plain.css":       {Data: []byte("p{}")},
	"icon.png":               {Data: bytes.Repeat([]byte("png"), 1000)},
}

func newSite(t testing.TB, change ...func(*intake.Config, *intake.Limits)) *site {
	t.Helper()
	s := &site{Org: accesstest.NewOrg(t), dir: t.TempDir()}
	s.store = s.Store(t, s.dir)
	cfg := intake.Config{Store: s.store, Clock: s.Clock, App: files, Trouble: func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.trouble = append(s.trouble, err)
	}}
	limits := intake.Limits{Clock: s.Clock, Panicked: func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.panics++
	}}
	for _, c := range change {
		c(&cfg, &limits)
	}
	router := mux.NewRouter()
	router.HandleFunc("/access/panic", func(http.ResponseWriter, *http.Request) { panic("MARKER-panic") })
	intake.Routes(router, cfg)
	front := httptest.NewServer(intake.Harden(router, limits))
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

type part struct {
	name string
	body []byte
}

// form writes parts as a browser does.
func form(t testing.TB, parts ...part) (mediaType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="`+p.name+`"`)
		out, err := w.CreatePart(h)
		must(t, err)
		out.Write(p.body)
	}
	must(t, w.Close())
	return w.FormDataContentType(), b.Bytes()
}

func deposit(t testing.TB, desk string, report []byte) (mediaType string, body []byte) {
	return form(t, part{"desk", []byte(desk)}, part{"report", report})
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatalf("not JSON: %q", a.body)
	}
	return m
}

func (a answer) text(t testing.TB, key string) string {
	t.Helper()
	s, _ := a.json(t)[key].(string)
	return s
}

// do sends a request; headers are name, value, name, value.
func (s *site) do(t testing.TB, method, path string, body io.Reader, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequest(method, s.url+path, body)
	must(t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := (&http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}).Do(req)
	must(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	return answer{res.StatusCode, res.Header, b}
}

func (s *site) post(t testing.TB, mediaType string, body []byte) answer {
	t.Helper()
	return s.do(t, "POST", "/v1/deposits", bytes.NewReader(body), "Content-Type", mediaType)
}

// stored is the number of deposits and blobs in the feed.
func (s *site) stored(t testing.TB) int {
	t.Helper()
	records, err := s.store.Feed(ctx, 0, 1000)
	must(t, err)
	n := 0
	for _, r := range records {
		if r.Kind != vault.KindRoster {
			n++
		}
	}
	return n
}
