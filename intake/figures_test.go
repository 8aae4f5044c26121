package intake_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
)

const aPage = "<!doctype html>\n<html lang=\"en\"><style>p{color:#000}</style><p>figures</p><script>alert(1)</script>"

// release makes a body that has the files of a real one, and the store's next release.
func (s *site) release(t testing.TB, period, headline string, more ...vault.ReleaseFile) (vault.ID, []byte) {
	t.Helper()
	former, err := s.store.LastRelease(ctx)
	must(t, err)
	says := map[string]any{"period": period, "programme": map[string]string{"id": "half-year", "every": "half-year"},
		"ledger": strings.Repeat("ab", 32), "headline": map[string]string{"en": headline, "fr": "FR " + headline}}
	b, err := json.Marshal(says)
	must(t, err)
	files := []vault.ReleaseFile{{Name: vault.ReleaseJSON, Body: b}, {Name: "figures.csv", Body: []byte("table,period\r\n")},
		{Name: "datapackage.json", Body: []byte("{}")}, {Name: "en.html", Body: []byte(aPage)}, {Name: "fr.html", Body: []byte("<!doctype html>\n<p>chiffres</p>")}}
	body, err := vault.PackRelease([]byte("[]"), append(files, more...))
	must(t, err)
	id, err := s.store.PutRelease(ctx, s.People["keeper"].ID, former, body)
	must(t, err)
	return id, body
}

func TestNoFiguresYet(t *testing.T) {
	s := newSite(t)
	for lang, words := range map[string]string{"en": "No figures yet", "fr": "Pas encore de chiffres", "my": "No figures yet", "": "No figures yet"} {
		got := s.do(t, "GET", "/figures", nil, "Accept-Language", lang)
		if got.status != 200 || !strings.Contains(string(got.body), words) || strings.Contains(string(got.body), "<h3>") {
			t.Errorf("%s: %d %s", lang, got.status, got.body)
		}
	}
	if got := s.do(t, "GET", "/v1/releases", nil); got.status != 200 || string(got.body) != "{\"releases\":[]}\n" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestFiguresList(t *testing.T) {
	s := newSite(t)
	first, _ := s.release(t, "2026-H1", "First headline")
	if got := string(s.do(t, "GET", "/figures", nil).body); !strings.Contains(got, "First headline") {
		t.Fatal(got)
	}
	second, body := s.release(t, "2026-H2", "Second <b>& \u202ebold\u2066</b>")
	page := string(s.do(t, "GET", "/figures", nil).body)
	a, b := strings.Index(page, "Second &lt;b&gt;&amp; bold&lt;/b&gt;"), strings.Index(page, "First headline")
	if a < 0 || b < a {
		t.Errorf("not newest first, or not inert: %s", page)
	}
	for _, want := range []string{`<html lang="en">`, "Peers &amp; Rights", `href="/figures?lang=fr"`, `href="/figures/` + second.String() + `/en.html"`,
		`href="/figures/` + first.String() + `/figures.csv"`, `href="/figures/` + first.String() + `/release.peerwitness"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in the page", want)
		}
	}
	for _, c := range []struct{ path, accept, want string }{
		{"/figures", "fr", "fr"}, {"/figures", "de, fr-CH;q=0.8, en;q=0.5", "fr"}, {"/figures", "fr;q=0.2, en;q=0.5", "en"}, {"/figures", "fr;q=x", "en"},
		{"/figures?lang=fr", "en", "fr"}, {"/figures?lang=en", "fr", "en"}, {"/figures?lang=../x", "fr", "fr"},
	} {
		got := s.do(t, "GET", c.path, nil, "Accept-Language", c.accept)
		if !strings.Contains(string(got.body), `<html lang="`+c.want+`">`) || !strings.Contains(fmt.Sprint(got.header["Vary"]), "Accept-Language") {
			t.Errorf("%s, %s: not in %s", c.path, c.accept, c.want)
		}
	}
	var out struct {
		Releases []struct {
			ID, Former, Programme, Every, Period, Ledger string
			Size                                         int
		}
	}
	got := s.do(t, "GET", "/v1/releases", nil)
	must(t, json.Unmarshal(got.body, &out))
	r := out.Releases
	if len(r) != 2 || r[0].ID != second.String() || r[0].Former != first.String() || r[1].Former != "" || r[0].Period != "2026-H2" ||
		r[0].Size != len(body) || r[0].Every != "half-year" || r[0].Programme != "half-year" || len(r[0].Ledger) != 64 {
		t.Errorf("%s", got.body)
	}
	held := s.do(t, "GET", "/v1/releases", nil, "If-None-Match", got.header.Get("Etag"))
	if held.status != http.StatusNotModified || got.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("%d", held.status)
	}
}

// What was signed is passed on byte for byte, as what it is, and can do nothing.
func TestReleaseFiles(t *testing.T) {
	s := newSite(t)
	id, body := s.release(t, "2026-H1", "Headline", vault.ReleaseFile{Name: "evil.js", Body: []byte("alert(1)")}, vault.ReleaseFile{Name: "evil.svg", Body: []byte("<svg/>")})
	at := "/figures/" + id.String() + "/"
	sum := sha256.Sum256([]byte("p{color:#000}"))
	style := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; "
	const rest = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; sandbox"
	for name, want := range map[string]struct{ body, media, disposition, policy string }{
		"en.html":             {aPage, "text/html; charset=utf-8", "", "default-src 'none'; " + style + rest + " allow-downloads"},
		"fr.html":             {"<!doctype html>\n<p>chiffres</p>", "text/html; charset=utf-8", "", "default-src 'none'; " + rest + " allow-downloads"},
		"figures.csv":         {"table,period\r\n", "text/csv; charset=utf-8", `attachment; filename="figures.csv"`, "default-src 'none'; " + rest},
		"datapackage.json":    {"{}", "application/json", `attachment; filename="datapackage.json"`, "default-src 'none'; " + rest},
		"release.peerwitness": {string(body), "application/octet-stream", `attachment; filename="figures-2026-H1.peerwitness"`, "default-src 'none'; " + rest},
	} {
		got := s.do(t, "GET", at+name, nil, "Accept-Encoding", "br")
		h := got.header
		if got.status != 200 || string(got.plain(t)) != want.body || h.Get("Content-Type") != want.media || h.Get("Content-Disposition") != want.disposition {
			t.Errorf("%s: %d %v", name, got.status, h)
		}
		if h.Get("Content-Security-Policy") != want.policy || len(h["Content-Security-Policy"]) != 1 {
			t.Errorf("%s: policy %q", name, h["Content-Security-Policy"])
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != immutable || h.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", name, h)
		}
		held := s.do(t, "GET", at+name, nil, "Accept-Encoding", "br", "If-None-Match", h.Get("Etag"))
		if held.status != http.StatusNotModified || held.header.Get("Content-Security-Policy") != want.policy {
			t.Errorf("%s held: %d, policy %q", name, held.status, held.header.Get("Content-Security-Policy"))
		}
	}
	for path, want := range map[string]int{
		"evil.js": 404, "evil.svg": 404, "de.html": 404, "EN.html": 404, "..%2fen.html": 404, "%2e%2e/en.html": 404, "index.html": 404, "x/en.html": 404,
	} {
		if got := s.do(t, "GET", at+path, nil); got.status != want {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	for _, path := range []string{"/figures/" + strings.ToUpper(id.String()) + "/en.html", "/figures/" + accesstest.ID().String() + "/en.html", "/figures/x", "/figures/x/", "/figures/" + vault.ID{}.String() + "/"} {
		if got := s.do(t, "GET", path, nil); got.status != 404 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	for path, want := range map[string]string{"/figures/" + id.String(): at + "fr.html", at: at + "fr.html", "/figures/": "/figures"} {
		got := s.do(t, "GET", path, nil, "Accept-Language", "fr")
		if got.status/100 != 3 || got.header.Get("Location") != want {
			t.Errorf("%s: %d to %q", path, got.status, got.header.Get("Location"))
		}
	}
	if got := s.do(t, "POST", at+"en.html", nil); got.status != 405 {
		t.Errorf("POST: %d", got.status)
	}
}

// A body that is no container, as another version may have stored it, stays
// listed and can be fetched whole.
func TestReleaseOfAnotherForm(t *testing.T) {
	s := newSite(t)
	id, err := s.store.PutRelease(ctx, "", vault.ID{}, []byte("figures"))
	must(t, err)
	next, _ := s.release(t, "x/../y\"", "Headline")
	page := string(s.do(t, "GET", "/figures", nil).body)
	if !strings.Contains(page, "does not know") || !strings.Contains(page, id.String()) || strings.Contains(page, "x/..") {
		t.Error(page)
	}
	if got := s.do(t, "GET", "/figures/"+id.String()+"/release.peerwitness", nil); string(got.body) != "figures" {
		t.Errorf("%d %q", got.status, got.body)
	}
	for _, name := range []string{"", "en.html", "figures.csv"} {
		if got := s.do(t, "GET", "/figures/"+id.String()+"/"+name, nil); got.status != 404 {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	if d := s.do(t, "GET", "/figures/"+next.String()+"/release.peerwitness", nil).header.Get("Content-Disposition"); d != `attachment; filename="release.peerwitness"` {
		t.Error(d)
	}
}

// The list may use its one style sheet, and nothing else.
func TestListHasItsOwnPolicy(t *testing.T) {
	s := newSite(t)
	got := s.do(t, "GET", "/figures", nil)
	_, rest, _ := bytes.Cut(got.body, []byte("<style>"))
	style, _, _ := bytes.Cut(rest, []byte("</style>"))
	sum := sha256.Sum256(style)
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	if p := got.header.Get("Content-Security-Policy"); p != want || len(style) < 100 {
		t.Errorf("%q", p)
	}
	if h := got.header.Get("X-Frame-Options"); h != "DENY" {
		t.Errorf("frames: %q", h)
	}
}

// The store going away is said as such, and nothing of it.
func TestFiguresWithoutStore(t *testing.T) {
	s := newSite(t)
	must(t, s.store.Close())
	for _, path := range []string{"/figures", "/v1/releases", "/figures/" + accesstest.ID().String() + "/en.html"} {
		if got := s.do(t, "GET", path, nil); got.status != 500 || strings.Contains(string(got.body), "closed") {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}
