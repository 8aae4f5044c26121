package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"peerwitness/vault"
)

// bodyName is what a release's whole body is called among its files.
const bodyName = "release.peerwitness"

var pageFile = regexp.MustCompile(`^([a-z]{2,3})\.html$`)

// releaseTypes are the files of a release that are served, pages apart, and
// their types; whatever else a body may hold is not.
var releaseTypes = map[string]string{
	vault.ReleaseJSON:  "application/json",
	"figures.csv":      "text/csv; charset=utf-8",
	"datapackage.json": "application/json",
	bodyName:           "application/octet-stream",
}

// serveReleases answers the list of releases for programs, newest first.
func (s *server) serveReleases(w http.ResponseWriter, r *http.Request) error {
	list, err := s.shelf.releases(r.Context())
	if err != nil {
		return err
	}
	type item struct {
		ID        string `json:"id"`
		Former    string `json:"former"` // empty for the first
		Programme string `json:"programme"`
		Every     string `json:"every"`
		Period    string `json:"period"`
		Ledger    string `json:"ledger"`
		Size      int    `json:"size"` // of the body
	}
	out := struct {
		Releases []item `json:"releases"`
	}{[]item{}}
	for _, l := range list {
		it := item{ID: l.ID.String(), Programme: l.Programme, Every: l.Every, Period: l.Period, Ledger: l.Ledger, Size: l.Size}
		if !l.Former.IsZero() {
			it.Former = l.Former.String()
		}
		out.Releases = append(out.Releases, it)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("writing list of releases: %w", err)
	}
	return s.cache.serve(w, r, append(b, '\n'), "application/json", fresh)
}

// serveFigures answers the page that lists the releases.
func (s *server) serveFigures(w http.ResponseWriter, r *http.Request) error {
	list, err := s.shelf.releases(r.Context())
	if err != nil {
		return err
	}
	organisation := ""
	if ro, err := s.book.current(r.Context()); err == nil {
		organisation = ro.Organisation // a page without the name is better than none
	}
	lang := r.URL.Query().Get("lang")
	if !slices.Contains(figuresLanguages, lang) {
		lang = preferred(r.Header.Get("Accept-Language"), figuresLanguages)
	}
	b, err := figuresPage(organisation, lang, list)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Security-Policy", pagePolicy(figuresStyleHash, ""))
	return s.cache.serve(w, r, b, "text/html; charset=utf-8", fresh)
}

// serveToFigures leads to the list from the address with a slash.
func (s *server) serveToFigures(w http.ResponseWriter, _ *http.Request) error {
	return lead(w, "/figures", http.StatusPermanentRedirect)
}

// serveRelease leads to a release's page in a language of the reader's.
func (s *server) serveRelease(w http.ResponseWriter, r *http.Request) error {
	l, err := s.shelf.find(r.Context(), mux.Vars(r)["id"])
	if err != nil {
		return err
	}
	if !l.Readable {
		return vault.ErrNotFound
	}
	w.Header().Add("Vary", "Accept-Language")
	lang := preferred(r.Header.Get("Accept-Language"), l.Languages)
	return lead(w, "/figures/"+l.ID.String()+"/"+lang+".html", http.StatusFound)
}

// lead answers a redirection to a path of our own.
func lead(w http.ResponseWriter, path string, status int) error {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Location", path)
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	return nil
}

// serveReleaseFile answers a file of a release as it was signed. People on the
// roster made it, and still it is held to what it needs: it runs nothing, loads
// nothing, sends nothing, is of the type that its name says, and as a page has
// an origin of its own, away from the app's storage.
func (s *server) serveReleaseFile(w http.ResponseWriter, r *http.Request) error {
	name := mux.Vars(r)["file"]
	media, file := releaseTypes[name]
	if !file && !pageFile.MatchString(name) {
		return vault.ErrNotFound
	}
	l, err := s.shelf.find(r.Context(), mux.Vars(r)["id"])
	if err != nil {
		return err
	}
	room := room{of: s.answers}
	defer room.leave()
	if err := room.take(r.Context(), 2*int64(l.Size)); err != nil {
		return err
	}
	release, err := s.Store.Release(r.Context(), l.ID)
	if err != nil {
		return err
	}
	body := release.Body
	if name != bodyName {
		if body, err = fileOf(body, name); err != nil {
			return err
		}
	}
	h := w.Header()
	if file {
		h.Set("Content-Security-Policy", pagePolicy("", "sandbox"))
		h.Set("Content-Disposition", `attachment; filename="`+downloadName(name, l.Period)+`"`)
		return s.cache.serve(w, r, body, media, immutable)
	}
	h.Set("Content-Security-Policy", pagePolicy(styleHash(body), "sandbox allow-downloads"))
	return s.cache.serve(w, r, body, "text/html; charset=utf-8", immutable)
}

// fileOf returns one file of a release's body.
func fileOf(body []byte, name string) ([]byte, error) {
	_, files, err := vault.UnpackRelease(body)
	if err != nil {
		return nil, fmt.Errorf("%w: release is of another form", vault.ErrNotFound)
	}
	for _, f := range files {
		if f.Name == name {
			return f.Body, nil
		}
	}
	return nil, fmt.Errorf("%w: file of a release", vault.ErrNotFound)
}

// downloadName keeps the names of the data files, which name each other, and
// tells bodies apart by their period.
func downloadName(name, period string) string {
	if name == bodyName && period != "" {
		return "figures-" + period + ".peerwitness"
	}
	return name
}

// pagePolicy is the policy of a page that needs no more than one style sheet of
// its own, by its hash; none when that is empty.
func pagePolicy(style, sandbox string) string {
	p := "default-src 'none'; "
	if style != "" {
		p += "style-src '" + style + "'; "
	}
	p += "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	if sandbox != "" {
		p += "; " + sandbox
	}
	return p
}

// styleHash is the hash of a page's first style sheet: the one that it may use.
// Styles in attributes, further sheets and those that load something stay off.
func styleHash(page []byte) string {
	_, rest, ok1 := bytes.Cut(page, []byte("<style>"))
	style, _, ok2 := bytes.Cut(rest, []byte("</style>"))
	if !ok1 || !ok2 {
		return ""
	}
	sum := sha256.Sum256(style)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// preferred chooses among languages by an Accept-Language header; the first of
// them when it asks for none.
func preferred(header string, languages []string) string {
	best, most := languages[0], 0.0
	for _, item := range strings.Split(header, ",") {
		tag, params, _ := strings.Cut(item, ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64) // what isn't a number is 0
		}
		lang, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if q > most && slices.Contains(languages, lang) {
			best, most = lang, q
		}
	}
	return best
}
