package intake

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"peerwitness/vault"
)

// Limits is what every connection is held to. The zero value means the
// defaults.
type Limits struct {
	// Stall is how long a body may take over its next KiB, and a client over
	// reading the next 16 KiB of an answer; 30 s. Slow is fine, standing still is not.
	Stall time.Duration
	// HTTPS says that clients come over TLS, even if a proxy in front ends it.
	HTTPS bool
	// Clock gives the Date header; time.Now.
	Clock vault.Clock
	// Panicked, if set, is told that a handler panicked. It is not told over
	// what: that could quote what somebody sent.
	Panicked func()
}

// leastProgress is what makes a stalled body a slow one.
const (
	leastProgress = 1 << 10
	writeStep     = 16 << 10
)

type header struct {
	name  string
	value []string // shared: whoever adds to it gets a copy
}

// headers go with every answer, errors included.
var headers = []header{
	{"Content-Security-Policy", []string{"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
		"img-src 'self' blob: data:; media-src blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; " +
		"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types peerwitness"}},
	{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"X-Content-Type-Options", []string{"nosniff"}},
}

// embedder goes with documents, and with scripts: a worker's must say the same
// as its document.
var embedder = header{"Cross-Origin-Embedder-Policy", []string{"require-corp"}}

// documentHeaders mean something to a browser only with what it shows as a page.
// Phones pay for every byte, so nothing else has them.
var documentHeaders = []header{
	{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
	{"Origin-Agent-Cluster", []string{"?1"}},
	{"Permissions-Policy", []string{"accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), " +
		"fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(self), midi=(), payment=(), usb=()"}},
	{"X-Dns-Prefetch-Control", []string{"off"}},
	{"X-Frame-Options", []string{"DENY"}},
	{"X-Robots-Tag", []string{"noindex, nofollow"}},
}

// addDocumentHeaders goes by the answer's type. What has none may be taken for
// a page, and what is not modified keeps the headers it came with.
func addDocumentHeaders(h http.Header, status int) {
	if status == http.StatusNoContent || status == http.StatusNotModified {
		return
	}
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	switch kind {
	case "text/html", "image/svg+xml", "":
		for _, d := range documentHeaders {
			h[d.name] = d.value
		}
		h[embedder.name] = embedder.value
	case "text/javascript":
		h[embedder.name] = embedder.value
	}
}

// Harden wraps a whole site: strict headers on every answer, those for pages on
// pages, bodies and
// readers that stand still are cut off, panics become "internal error".
func Harden(h http.Handler, l Limits) http.Handler {
	if l.Stall <= 0 {
		l.Stall = 30 * time.Second
	}
	if l.Clock == nil {
		l.Clock = time.Now
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := w.Header()
		for _, d := range headers {
			out[d.name] = d.value
		}
		out["Date"] = []string{l.Clock().UTC().Format(http.TimeFormat)}
		if l.HTTPS || r.TLS != nil {
			out.Set("Strict-Transport-Security", "max-age=63072000")
		}
		control := http.NewResponseController(w)
		// What is left from the connection's request before must not cut this one.
		_ = control.SetWriteDeadline(time.Time{}) // a test's recorder has none
		sw := &stallWriter{ResponseWriter: w, control: control, stall: l.Stall}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &stallBody{body: r.Body, control: control, stall: l.Stall}
		}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // panicked with as it is
				panic(p)
			}
			if l.Panicked != nil {
				l.Panicked()
			}
			if sw.begun {
				panic(http.ErrAbortHandler) // an answer cut short must not look whole
			}
			out.Set("Cache-Control", "no-store")
			out.Set("Connection", "close")
			out.Set("Content-Type", "application/json")
			out.Del("Content-Length")
			out.Del("Content-Encoding")
			sw.WriteHeader(http.StatusInternalServerError)
			io.WriteString(sw, `{"error":"internal error"}`+"\n")
		}()
		h.ServeHTTP(sw, r)
	})
}

// stallBody gives each KiB of a body the same time to come.
type stallBody struct {
	body    io.ReadCloser
	control *http.ResponseController
	stall   time.Duration
	read    int  // since the deadline was set
	set     bool // a deadline is
}

func (b *stallBody) Read(p []byte) (int, error) {
	if !b.set || b.read >= leastProgress {
		_ = b.control.SetReadDeadline(time.Now().Add(b.stall)) // a test's recorder has none
		b.set, b.read = true, 0
	}
	n, err := b.body.Read(p)
	b.read += n
	if errors.Is(err, io.EOF) {
		// The deadline must not fall while the handler works.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

func (b *stallBody) Close() error { return b.body.Close() }

// stallWriter gives each 16 KiB of an answer the same time to go.
type stallWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
	begun   bool
}

func (w *stallWriter) WriteHeader(status int) {
	if !w.begun && status >= 200 {
		w.begun = true
		addDocumentHeaders(w.Header(), status)
	}
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

func (w *stallWriter) Write(p []byte) (n int, err error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	for {
		w.extend()
		m, err := w.ResponseWriter.Write(p[:min(len(p), writeStep)])
		n += m
		if err != nil {
			return n, err
		}
		if p = p[m:]; len(p) == 0 {
			return n, nil
		}
	}
}

func (w *stallWriter) extend() { _ = w.control.SetWriteDeadline(time.Now().Add(w.stall)) }

// Unwrap lets http.ResponseController through.
func (w *stallWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
