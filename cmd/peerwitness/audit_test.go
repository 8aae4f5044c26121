package main

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/mux"

	"peerwitness/intake"
	"peerwitness/intake/app"
	"peerwitness/vault/access/accesstest"
)

// A server that changed, took away or added anything of the app, or the rules of
// its page, is found out; one that did not is not.
func TestAuditSite(t *testing.T) {
	dist, err := fs.Sub(app.Files, "dist")
	if err != nil {
		t.Fatal(err)
	}
	script := ""
	copied := func() fstest.MapFS {
		out := fstest.MapFS{}
		err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := fs.ReadFile(dist, name)
			if strings.HasPrefix(name, "assets/index-") {
				script = name
			}
			out[name] = &fstest.MapFile{Data: b}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	org := accesstest.NewOrg(t)
	store := org.Store(t, t.TempDir())
	site := func(files fs.FS, wrap func(http.Handler) http.Handler) (string, error) {
		router := mux.NewRouter()
		intake.Routes(router, intake.Config{Store: store, Clock: time.Now, App: files})
		h := intake.Harden(router, intake.Limits{})
		if wrap != nil {
			h = wrap(h)
		}
		front := httptest.NewServer(h)
		defer front.Close()
		var out, progress bytes.Buffer
		err := run(context.Background(), []string{"audit-site", front.URL}, strings.NewReader(""), &out, &progress)
		return out.String(), err
	}
	if out, err := site(copied(), nil); err != nil || !strings.Contains(out, "are the same") || strings.Contains(out, "NOT") {
		t.Fatalf("the app itself: %v\n%s", err, out)
	}
	changed := func(change func(fstest.MapFS)) fs.FS {
		files := copied()
		change(files)
		return files
	}
	for name, c := range map[string]struct {
		files fs.FS
		wrap  func(http.Handler) http.Handler
		says  string
	}{
		"one byte of a script": {changed(func(m fstest.MapFS) {
			b := bytes.Clone(m[script].Data)
			b[len(b)/2] ^= 1
			m[script] = &fstest.MapFile{Data: b}
		}), nil, "index-"},
		"a script besides": {changed(func(m fstest.MapFS) {
			m["assets/more-Ab12Cd34.js"] = &fstest.MapFile{Data: []byte("0")}
			m["index.html"] = &fstest.MapFile{Data: append(bytes.Clone(m["index.html"].Data), `<script src="/assets/more-Ab12Cd34.js"></script>`...)}
		}), nil, "/assets/more-Ab12Cd34.js is served, and is no file of this app"},
		"a file taken away": {changed(func(m fstest.MapFS) { delete(m, "sw.js") }), nil, "/sw.js is missing"},
		"a weaker rule": {copied(), func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(&weakened{ResponseWriter: w}, r)
			})
		}, "Content-Security-Policy"},
		"a page that sends the browser on": {copied(), func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					w.Header().Set("Refresh", "0; url=https://elsewhere.example/")
				}
				h.ServeHTTP(w, r)
			})
		}, "Refresh"},
		"a manifest that starts elsewhere": {copied(), func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/app.webmanifest" {
					w.Write([]byte(`{"name":"Notes","start_url":"/other","scope":"/"}`))
					return
				}
				h.ServeHTTP(w, r)
			})
		}, "leads a phone that installs it elsewhere"},
		"another page for browsers": {copied(), func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Sec-Fetch-Mode") == "navigate" {
					w.Write([]byte("<h1>Tell us here</h1>"))
					return
				}
				h.ServeHTTP(w, r)
			})
		}, "/ differs"},
	} {
		out, err := site(c.files, c.wrap)
		if err == nil || !strings.Contains(out, c.says) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// weakened lets scripts come from anywhere.
type weakened struct{ http.ResponseWriter }

func (w *weakened) WriteHeader(status int) {
	w.Header()["Content-Security-Policy"] = []string{"script-src *"}
	w.ResponseWriter.WriteHeader(status)
}

func (w *weakened) Unwrap() http.ResponseWriter { return w.ResponseWriter }
