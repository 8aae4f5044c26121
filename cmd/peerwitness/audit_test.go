package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/mux"

	"peerwitness/intake"
	"peerwitness/intake/app"
	"peerwitness/vault"
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
	org := accesstest.NewOrgAt(t, time.Now())
	store := org.Store(t, t.TempDir())
	advocate := org.People["advocate"]
	cert := advocate.Certificate(t, time.Now())
	b, err := json.Marshal(cert)
	if err == nil {
		err = store.PutCertificate(context.Background(), advocate.ID, vault.Certificate{Person: advocate.ID, Epoch: cert.Epoch, JSON: b})
	}
	if err != nil {
		t.Fatal(err)
	}
	served := func(files fs.FS) http.Handler {
		router := mux.NewRouter()
		intake.Routes(router, intake.Config{Store: store, Clock: time.Now, App: files})
		return intake.Harden(router, intake.Limits{})
	}
	own := served(copied()) // the app as it is; its files are packed once for all
	site := func(files fs.FS, wrap func(http.Handler) http.Handler) (string, error) {
		h := own
		if files != nil {
			h = served(files)
		}
		if wrap != nil {
			h = wrap(h)
		}
		front := httptest.NewServer(h)
		defer front.Close()
		var out, progress bytes.Buffer
		err := run(context.Background(), []string{"audit-site", front.URL}, strings.NewReader(""), &out, &progress)
		return out.String(), err
	}
	if out, err := site(nil, nil); err != nil || !strings.Contains(out, "4 of 4 pages and lists") || strings.Contains(out, "NOT") {
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
		"a weaker rule": {nil, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(&weakened{ResponseWriter: w}, r)
			})
		}, "Content-Security-Policy"},
		"a page that sends the browser on": {nil, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					w.Header().Set("Refresh", "0; url=https://elsewhere.example/")
				}
				h.ServeHTTP(w, r)
			})
		}, "Refresh"},
		"a manifest that starts elsewhere": {nil, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/app.webmanifest" {
					w.Write([]byte(`{"name":"Notes","start_url":"/other","scope":"/"}`))
					return
				}
				h.ServeHTTP(w, r)
			})
		}, "leads a phone that installs it elsewhere"},
		"a list of whom to seal to with one more": {nil, answering("/by-hand/street/recipients.txt", nil, func(b []byte) []byte {
			return append(b, "# the desk's new computer\nage1pq1other\n"...)
		}), "/by-hand/street/recipients.txt differs"},
		"a page without a script that sends files elsewhere": {nil, answering("/by-hand", nil, func(b []byte) []byte {
			return bytes.ReplaceAll(b, []byte(`action="/by-hand`), []byte(`action="https://elsewhere.example/by-hand`))
		}), "/by-hand?lang=fr differs"},
		"a page without a script that allows one": {nil, answering("/by-hand", http.Header{"Content-Security-Policy": {"script-src *"}}, nil),
			"Content-Security-Policy"},
		"a list to keep that leads away": {nil, answering("/by-hand/street/recipients.txt", http.Header{"Refresh": {"0; url=https://elsewhere.example/"}}, nil),
			"Refresh"},
		"another organisation's list of people": {nil, answering("/v1/roster", nil, func(b []byte) []byte {
			return bytes.Replace(b, []byte("street"), []byte("strett"), 1)
		}), "list of the organisation's people does not hold"},
		"another page for browsers": {nil, func(h http.Handler) http.Handler {
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

// answering is a server that changes what it answers at a path: its headers, its body.
func answering(path string, headers http.Header, body func([]byte) []byte) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != path {
				h.ServeHTTP(w, r)
				return
			}
			r.Header.Del("Accept-Encoding")
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			b := rec.Body.Bytes()
			if body != nil {
				b = body(b)
			}
			maps.Copy(w.Header(), rec.Header())
			w.Header().Del("Content-Length")
			maps.Copy(w.Header(), headers)
			w.WriteHeader(rec.Code)
			w.Write(b)
		})
	}
}

// weakened lets scripts come from anywhere.
type weakened struct{ http.ResponseWriter }

func (w *weakened) WriteHeader(status int) {
	w.Header()["Content-Security-Policy"] = []string{"script-src *"}
	w.ResponseWriter.WriteHeader(status)
}

func (w *weakened) Unwrap() http.ResponseWriter { return w.ResponseWriter }
