package intake

import (
	"errors"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"peerwitness/vault"
)

const (
	fresh     = "no-cache" // keep it, but ask each time whether it is the newest
	immutable = "public, max-age=31536000, immutable"
)

// serveRoster answers the current signed note.
func (s *server) serveRoster(w http.ResponseWriter, r *http.Request) error {
	ro, err := s.book.current(r.Context())
	if err != nil {
		return err
	}
	return s.cache.serve(w, r, ro.Note, "text/plain; charset=utf-8", fresh)
}

// serveDesk answers a desk's sheet.
func (s *server) serveDesk(w http.ResponseWriter, r *http.Request) error {
	b, err := s.book.sheet(r.Context(), mux.Vars(r)["id"], s.Clock())
	if err != nil {
		return err
	}
	return s.cache.serve(w, r, b, "application/json", fresh)
}

// serveDocument answers a codebook or a text by its hash.
func (s *server) serveDocument(w http.ResponseWriter, r *http.Request) error {
	sum, err := vault.ParseID(mux.Vars(r)["hash"])
	if err != nil {
		return vault.ErrNotFound
	}
	b, err := s.Store.Document(r.Context(), sum)
	if err != nil {
		return err
	}
	return s.cache.serve(w, r, b, "application/json", immutable)
}

// serveSound answers a recording. No cache keeps it: it would tell on the phone
// which questions somebody listened to.
func (s *server) serveSound(w http.ResponseWriter, r *http.Request) error {
	sum, err := vault.ParseID(mux.Vars(r)["hash"])
	if err != nil {
		return vault.ErrNotFound
	}
	b, err := s.Store.Document(r.Context(), sum)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.Write(b)
	return nil
}

// serveBucket answers a bucket's slots end to end. They are never compressed,
// so that the length tells their number and nothing else.
func (s *server) serveBucket(w http.ResponseWriter, r *http.Request) error {
	slots, err := s.Store.Bucket(r.Context(), mux.Vars(r)["prefix"])
	if errors.Is(err, vault.ErrMalformed) {
		return refuse(http.StatusBadRequest, "a bucket is named by up to 16 characters 0 or 1")
	}
	if err != nil {
		return err
	}
	room := room{of: s.answers}
	defer room.leave()
	if err := room.take(r.Context(), int64(len(slots))*vault.SlotSize); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(slots)*vault.SlotSize))
	for _, slot := range slots {
		if _, err := w.Write(slot); err != nil {
			panic(http.ErrAbortHandler) // whoever asked has left
		}
	}
	return nil
}

// hashed matches the names of files that hold a hash of their content.
var hashed = regexp.MustCompile(`^assets/.*[-.][A-Za-z0-9_-]{8,}\.[a-z0-9.]+$`)

// serveApp answers a file of the app, the page itself at /.
func (s *server) serveApp(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	if !fs.ValidPath(name) {
		return vault.ErrNotFound
	}
	b, err := fs.ReadFile(s.App, name)
	if err != nil {
		return vault.ErrNotFound // not there, or a folder
	}
	keep := fresh
	if hashed.MatchString(name) {
		keep = immutable
	}
	return s.cache.serve(w, r, b, mediaType(name), keep)
}

// mediaType goes by the name's end, from a list of our own: the system's would
// differ from one machine to another.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	case ".woff2":
		return "font/woff2"
	case ".wasm":
		return "application/wasm"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}
