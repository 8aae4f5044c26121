// Package intake is the public side of the server: the roster, desk sheets,
// codebook and texts that a phone needs, the app itself, the places where
// sealed reports and attachments arrive and answers are fetched, and the figures
// that were released. Exact bytes are in PROTOCOL.md, section 9.
//
// It takes what is sealed and can't open it. It keeps no address, user agent,
// cookie or name, writes no temporary file, and says "stored" only after the
// store's commit. The memory that bodies take together is bounded; who comes
// when it is full is told to come again.
package intake

import (
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"peerwitness/intake/app"
	"peerwitness/vault"
)

// Config is what the public side works with.
type Config struct {
	Store vault.Store
	Clock vault.Clock

	// Trouble, if set, is told of each error that a client sees only as an
	// internal one or as "can't store now".
	Trouble func(error)

	// App holds the app's files; nil means those built in.
	App fs.FS

	// Memory is what bodies may take together, for reports and for blobs; zero
	// means the defaults of 24 MiB and 48 MiB. They are apart so that
	// photographs never keep a report out.
	ReportMemory, BlobMemory int64

	// Calm is how many new deposits in five minutes need no proof of work; 0 asks
	// for none however many come.
	Calm int

	// Wait is how long a body waits for room before its sender is told to come
	// again; zero means 10 s.
	Wait time.Duration
}

// server answers the public routes.
type server struct {
	Config
	book    *book
	shelf   *shelf
	cache   *cache
	reports *budget
	blobs   *budget
	answers *budget
	flood   *flood
	build   func() ([]byte, error)
}

// Routes adds all public routes to r, the app's files below / included. Paths
// under /access/ are left to whoever adds them.
func Routes(r *mux.Router, cfg Config) {
	if cfg.App == nil {
		built, err := fs.Sub(app.Files, "dist")
		if err != nil {
			panic(err) // the name is a constant
		}
		cfg.App = built
	}
	if cfg.ReportMemory == 0 {
		cfg.ReportMemory = 24 << 20
	}
	if cfg.BlobMemory == 0 {
		cfg.BlobMemory = 48 << 20
	}
	if cfg.Wait == 0 {
		cfg.Wait = 10 * time.Second
	}
	s := &server{
		Config:  cfg,
		book:    &book{store: cfg.Store},
		shelf:   &shelf{store: cfg.Store},
		cache:   newCache(),
		reports: newBudget(cfg.ReportMemory, cfg.Wait),
		blobs:   newBudget(cfg.BlobMemory, cfg.Wait),
		answers: newBudget(16<<20, cfg.Wait),
		flood:   newFlood(cfg.Calm, cfg.Clock),
		build:   buildOf(cfg.App),
	}
	r.SkipClean(true)
	v1 := func(method, path string, h handler) { r.Handle("/v1"+path, s.only(method, h)) }
	v1(http.MethodGet, "/roster", s.serveRoster)
	v1(http.MethodGet, "/desks/{id}", s.serveDesk)
	v1(http.MethodGet, "/codebook/{hash}", s.serveDocument)
	v1(http.MethodGet, "/texts/{hash}/{lang:[a-z0-9-]+}", s.serveDocument)
	v1(http.MethodGet, "/audio/{hash}", s.serveSound)
	v1(http.MethodGet, "/buckets/b{prefix:[^/]*}", s.serveBucket)
	v1(http.MethodPost, "/deposits", s.serveDeposit)
	v1(http.MethodPost, "/blobs/missing", s.serveMissing)
	v1(http.MethodPut, "/blobs/{sum}", s.serveBlob)
	v1(http.MethodGet, "/releases", s.serveReleases)
	get := func(path string, h handler) { r.Handle(path, s.only(http.MethodGet, h)) }
	r.Handle("/by-hand", s.only(http.MethodPost, s.takeByHand)).Methods(http.MethodPost)
	get("/by-hand", s.serveByHand)
	get("/by-hand/{desk}/recipients.txt", s.serveRecipients)
	get("/.well-known/peerwitness-app.json", s.serveBuild)
	get("/app.webmanifest", s.serveManifest)
	get("/figures", s.serveFigures)
	get("/figures/", s.serveToFigures)
	get("/figures/{id}", s.serveRelease)
	get("/figures/{id}/", s.serveRelease)
	get("/figures/{id}/{file}", s.serveReleaseFile)
	r.MatcherFunc(func(r *http.Request, _ *mux.RouteMatch) bool {
		return !strings.HasPrefix(r.URL.Path, "/v1/") && !strings.HasPrefix(r.URL.Path, "/access/")
	}).Handler(s.only(http.MethodGet, s.serveApp))
	r.NotFoundHandler = s.only("", nil)
}

// handler answers, or returns what is wrong before it wrote anything.
type handler func(http.ResponseWriter, *http.Request) error

// only lets one method through, with HEAD for GET. There is nothing here for
// other origins, so OPTIONS is answered with what is allowed and no more.
// An empty method stands for a path that does not exist.
func (s *server) only(method string, h handler) http.Handler {
	allow := method + ", OPTIONS"
	if method == http.MethodGet {
		allow = "GET, HEAD, OPTIONS"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		switch {
		case method == "":
			err = refuse(http.StatusNotFound, "there is nothing here")
		case r.Method == method, r.Method == http.MethodHead && method == http.MethodGet:
			err = h(w, r)
		case r.Method == http.MethodOptions:
			w.Header().Set("Allow", allow)
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", allow)
			err = refuse(http.StatusMethodNotAllowed, "this can't be done here")
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}
