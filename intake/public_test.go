package intake_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"peerwitness/intake"
	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// plain undoes an answer's encoding.
func (a answer) plain(t testing.TB) []byte {
	t.Helper()
	var rd io.Reader = bytes.NewReader(a.body)
	switch e := a.header.Get("Content-Encoding"); e {
	case "br":
		rd = brotli.NewReader(rd)
	case "gzip":
		var err error
		rd, err = gzip.NewReader(rd)
		must(t, err)
	case "":
	default:
		t.Fatalf("encoding %q", e)
	}
	b, err := io.ReadAll(rd)
	must(t, err)
	return b
}

const immutable = "public, max-age=31536000, immutable"

func TestPublicFiles(t *testing.T) {
	s := newSite(t)
	texts := codebook.DefaultTexts()
	sum := func(b []byte) string { return vault.Sum(b).String() }
	for path, want := range map[string]struct {
		body        []byte
		media, keep string
		compressed  bool
	}{
		"/":                                     {files["index.html"].Data, "text/html; charset=utf-8", "no-cache", true},
		"/index.html":                           {files["index.html"].Data, "text/html; charset=utf-8", "no-cache", true},
		"/sw.js":                                {files["sw.js"].Data, "text/javascript; charset=utf-8", "no-cache", false},
		"/assets/app-Ab12Cd34.js":               {files["assets/app-Ab12Cd34.js"].Data, "text/javascript; charset=utf-8", immutable, true},
		"/assets/plain.css":                     {files["assets/plain.css"].Data, "text/css; charset=utf-8", "no-cache", false},
		"/icon.png":                             {files["icon.png"].Data, "image/png", "no-cache", false},
		"/v1/roster":                            {s.Roster.Note, "text/plain; charset=utf-8", "no-cache", true},
		"/v1/codebook/" + s.Roster.Codebook:     {codebook.Default(), "application/json", immutable, true},
		"/v1/texts/" + sum(texts["en"]) + "/en": {texts["en"], "application/json", immutable, true},
		"/v1/texts/" + sum(texts["fr"]) + "/fr": {texts["fr"], "application/json", immutable, true},
	} {
		tags := map[string]bool{}
		for accept, encoding := range map[string]string{
			"": "", "identity": "", "gzip": "gzip", "gzip, deflate, br": "br", "br;q=0, gzip;q=0.5": "gzip", "br;q=x": "",
		} {
			if !want.compressed {
				encoding = ""
			}
			got := s.do(t, "GET", path, nil, "Accept-Encoding", accept)
			if got.status != 200 || got.header.Get("Content-Encoding") != encoding || !bytes.Equal(got.plain(t), want.body) {
				t.Errorf("%s, %q: %d, encoding %q", path, accept, got.status, got.header.Get("Content-Encoding"))
			}
			if got.header.Get("Content-Type") != want.media || got.header.Get("Cache-Control") != want.keep {
				t.Errorf("%s: %q, %q", path, got.header.Get("Content-Type"), got.header.Get("Cache-Control"))
			}
			if want.media != "image/png" && !strings.Contains(got.header.Get("Vary"), "Accept-Encoding") {
				t.Errorf("%s: does not vary", path)
			}
			tag := got.header.Get("Etag")
			tags[tag] = true
			held := s.do(t, "GET", path, nil, "Accept-Encoding", accept, "If-None-Match", `"x", W/`+tag)
			if held.status != http.StatusNotModified || len(held.body) > 0 {
				t.Errorf("%s held: %d", path, held.status)
			}
			head := s.do(t, "HEAD", path, nil, "Accept-Encoding", accept)
			if head.status != 200 || len(head.body) > 0 || head.header.Get("Etag") != tag {
				t.Errorf("HEAD %s: %d", path, head.status)
			}
		}
		if want.compressed && len(tags) != 3 {
			t.Errorf("%s: %d tags for 3 forms", path, len(tags))
		}
	}
}

// where is a value that is wanted only there, else the lack of one.
func where(there bool, value string) string {
	if there {
		return value
	}
	return ""
}

func TestStrictHeaders(t *testing.T) {
	s := newSite(t, func(_ *intake.Config, l *intake.Limits) { l.HTTPS = true })
	for _, at := range []struct {
		path, accept string
		page, script bool
	}{
		{path: "/", page: true}, {path: "/index.html", accept: "application/json", page: true},
		{path: "/assets/app-Ab12Cd34.js", script: true}, {path: "/sw.js", script: true},
		{path: "/assets/plain.css"}, {path: "/icon.png"}, {path: "/v1/roster"}, {path: "/v1/desks/street"},
		{path: "/v1/codebook/" + s.Roster.Codebook}, {path: "/v1/texts/" + s.Roster.Texts["en"] + "/en"},
		{path: "/v1/buckets/b"}, {path: "/v1/nothing"}, {path: "/nothing"}, {path: "/nothing", accept: "text/html", page: true},
		{path: "/access/panic"},
	} {
		path := at.path
		h := s.do(t, "GET", path, nil, "Accept", at.accept).header
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; " +
				"media-src blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
				"require-trusted-types-for 'script'; trusted-types peerwitness",
			"Cross-Origin-Opener-Policy":   where(at.page, "same-origin"),
			"Cross-Origin-Embedder-Policy": where(at.page || at.script, "require-corp"),
			"Origin-Agent-Cluster":         where(at.page, "?1"),
			"X-Dns-Prefetch-Control":       where(at.page, "off"),
			"X-Frame-Options":              where(at.page, "DENY"),
			"X-Robots-Tag":                 where(at.page, "noindex, nofollow"),
			"Permissions-Policy": where(at.page, "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), "+
				"fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(self), midi=(), payment=(), usb=()"),
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "no-referrer",
			"X-Content-Type-Options":       "nosniff",
			"Strict-Transport-Security":    "max-age=63072000",
			"Date":                         s.Clock().Format(http.TimeFormat),
			"Server":                       "",
			"Set-Cookie":                   "",
			"Access-Control-Allow-Origin":  "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s: %q", path, name, got)
			}
		}
		if path == "/v1/buckets/b" && h.Get("Cache-Control") != "no-store" {
			t.Error("a bucket that may be kept")
		}
	}
	if s.panics != 1 {
		t.Errorf("told of %d panics", s.panics)
	}
	if h := newSite(t).do(t, "GET", "/", nil).header; h.Get("Strict-Transport-Security") != "" {
		t.Error("HSTS without TLS")
	}
}

func TestPathsAndMethods(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		method, path string
		want         int
		allow        string
	}{
		{"GET", "/nothing", 404, ""}, {"GET", "/assets", 404, ""}, {"GET", "/assets/", 404, ""}, {"GET", "//index.html", 404, ""},
		{"GET", "/../index.html", 404, ""}, {"GET", "/%2e%2e/index.html", 404, ""}, {"GET", "/assets/..%2findex.html", 404, ""},
		{"GET", "/v1/nothing", 404, ""}, {"GET", "/v1/", 404, ""}, {"GET", "/access/v1/feed", 404, ""},
		{"GET", "/v1/desks/nowhere", 404, ""}, {"GET", "/v1/codebook/x", 404, ""},
		{"GET", "/v1/codebook/" + accesstest.ID().String(), 404, ""},
		{"GET", "/v1/texts/" + s.Roster.Codebook + "/..", 404, ""},
		{"GET", "/v1/buckets/x", 404, ""}, {"GET", "/v1/buckets/b012", 400, ""}, {"GET", "/v1/buckets/b" + strings.Repeat("0", 17), 400, ""},
		{"GET", "/v1/deposits", 405, "POST, OPTIONS"}, {"DELETE", "/v1/deposits", 405, "POST, OPTIONS"},
		{"POST", "/", 405, "GET, HEAD, OPTIONS"}, {"POST", "/v1/roster", 405, "GET, HEAD, OPTIONS"},
		{"GET", "/v1/blobs/" + accesstest.ID().String(), 405, "PUT, OPTIONS"},
		{"OPTIONS", "/v1/deposits", 204, "POST, OPTIONS"}, {"OPTIONS", "/", 204, "GET, HEAD, OPTIONS"},
	} {
		got := s.do(t, c.method, c.path, nil, "Origin", "https://evil.example")
		if got.status != c.want || got.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, allows %q", c.method, c.path, got.status, got.header.Get("Allow"))
		}
		if got.status >= 400 {
			check(t, c.path, got, c.want)
		}
		if got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: an answer for other origins", c.path)
		}
	}
}

// People get a page, programs get JSON.
func TestErrorPages(t *testing.T) {
	s := newSite(t)
	for accept, page := range map[string]bool{
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": true,
		"": false, "*/*": false, "application/json": false,
		"application/json;q=0.9, text/html": true, "text/html;q=0.1, application/json": false, "text/html;q=x": false,
	} {
		got := s.do(t, "GET", "/v1/desks/%3Cscript%3E", nil, "Accept", accept)
		if is := strings.HasPrefix(got.header.Get("Content-Type"), "text/html"); got.status != 404 || is != page {
			t.Errorf("%q: %d %s", accept, got.status, got.header.Get("Content-Type"))
		}
		if page && (!bytes.Contains(got.body, []byte("<h1>Not found</h1>")) || bytes.Contains(got.body, []byte("script"))) {
			t.Errorf("page: %s", got.body)
		}
	}
}

func (s *site) certify(t testing.TB, name string, from time.Time) roster.Certificate {
	t.Helper()
	p := s.People[name]
	c := p.Certificate(t, from)
	b, err := json.Marshal(c)
	must(t, err)
	must(t, s.store.PutCertificate(ctx, p.ID, vault.Certificate{Person: p.ID, Epoch: c.Epoch, JSON: b}))
	return c
}

func TestDeskSheet(t *testing.T) {
	s := newSite(t)
	sheet := func() ([]roster.Opener, int) {
		t.Helper()
		got := s.do(t, "GET", "/v1/desks/street", nil)
		parsed, err := roster.ParseSheet(got.body)
		must(t, err)
		openers, refused, err := s.Roster.Openers("street", parsed, s.Clock())
		must(t, err)
		if len(refused) > 0 {
			t.Fatalf("served what its reader refuses: %v", refused)
		}
		return openers, len(parsed.Certificates)
	}
	if _, n := sheet(); n != 0 {
		t.Fatalf("%d certificates of nobody", n)
	}
	s.certify(t, "advocate", s.Clock().AddDate(0, -1, 0))
	current := s.certify(t, "advocate", s.Clock())
	s.certify(t, "advocate", s.Clock().AddDate(0, 1, 0))
	s.certify(t, "other", s.Clock().AddDate(0, -3, 0)) // ran out: the newest seen is better than none
	s.certify(t, "keeper", s.Clock())                  // not at the desk
	openers, n := sheet()
	if n != 2 || len(openers) != 2 || openers[0].Certificate.Recipient != current.Recipient || openers[1].Certificate.Recipient == "" {
		t.Fatalf("%d certificates: %+v", n, openers)
	}

	lead := s.People["lead"]
	for _, gone := range []string{s.People["other"].ID, s.People["keeper"].ID} {
		v, err := roster.NewRevocation(gone, s.Roster.Hash, lead.ID, vault.ID{}, lead.Private)
		must(t, err)
		b, err := json.Marshal(v)
		must(t, err)
		must(t, s.store.PutRevocation(ctx, lead.ID, vault.Revocation{Person: gone, JSON: b}))
	}
	openers, n = sheet()
	if n != 1 || !openers[1].Revoked || openers[0].Revoked {
		t.Fatalf("after revocation: %d certificates, %+v", n, openers)
	}
}

func TestBucket(t *testing.T) {
	s := newSite(t)
	replies := []vault.Reply{{Prefix: "", Slot: random(4096)}, {Prefix: "01", Slot: random(4096)}, {Prefix: "0110", Slot: random(4096)}, {Prefix: "1", Slot: random(4096)}}
	a := accesstest.Append(accesstest.ID(), 0, vault.ID{})
	a.Replies = replies
	_, err := s.store.Append(ctx, s.People["advocate"].ID, a)
	must(t, err)
	for prefix, want := range map[string][]int{"": {0, 1, 2, 3}, "0": {0, 1, 2}, "011": {0, 1, 2}, "010": {0, 1}, "1111": {0, 3}, "00": {0}} {
		got := s.do(t, "GET", "/v1/buckets/b"+prefix, nil, "Accept-Encoding", "br, gzip")
		slots := map[string]bool{}
		for _, i := range want {
			slots[string(replies[i].Slot)] = true
		}
		if got.status != 200 || len(got.body) != len(want)*vault.SlotSize || got.header.Get("Content-Encoding") != "" {
			t.Errorf("b%s: %d, %d bytes, want %d slots", prefix, got.status, len(got.body), len(want))
			continue
		}
		for b := got.body; len(b) > 0; b = b[vault.SlotSize:] {
			if !slots[string(b[:vault.SlotSize])] {
				t.Errorf("b%s: a slot that does not belong", prefix)
			}
		}
	}
}

// Before the first roster there is nothing to send to.
func TestEmptyStore(t *testing.T) {
	s := newSite(t)
	empty, err := vault.OpenBolt(t.TempDir(), s.Clock)
	must(t, err)
	defer empty.Close()
	e := newSite(t, func(c *intake.Config, _ *intake.Limits) { c.Store = empty })
	check(t, "roster", e.do(t, "GET", "/v1/roster", nil), 404)
	media, body := deposit(t, "street", accesstest.Report(8, 0))
	check(t, "deposit", e.post(t, media, body), 404)
	if got := e.do(t, "GET", "/", nil); got.status != 200 {
		t.Errorf("page: %d", got.status)
	}
}

// A recording comes as it is, and no cache on the phone may keep it: it would
// tell which questions somebody listened to.
func TestRecording(t *testing.T) {
	s := newSite(t)
	sound := bytes.Repeat([]byte("ID3 what each of these means "), 1000)
	id, err := s.store.PutDocument(t.Context(), sound)
	must(t, err)
	got := s.do(t, "GET", "/v1/audio/"+id.String(), nil, "Accept-Encoding", "br, gzip")
	if got.status != 200 || !bytes.Equal(got.body, sound) || got.header.Get("Cache-Control") != "no-store" || got.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("%d %v", got.status, got.header)
	}
	for _, path := range []string{"/v1/audio/" + strings.Repeat("0", 64), "/v1/audio/x", "/v1/audio/"} {
		if got := s.do(t, "GET", path, nil); got.status != 404 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
