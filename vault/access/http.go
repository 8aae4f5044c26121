package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"peerwitness/vault"
)

const (
	maxBody  = vault.MaxAppend + 64<<10
	maxSmall = 16 << 10
	// maxReleaseObject is the largest body with what stands around it.
	maxReleaseObject = vault.MaxRelease + 128
	// maxErasure is a statement with all the deposits that it may name.
	maxErasure = vault.MaxErased*32 + 1<<10
	bodyWait   = 10 * time.Second // for room in memory
)

// Routes adds everything under /access/v1 to r.
func (s *Server) Routes(r *mux.Router) {
	sub := r.PathPrefix("/access/v1").Subrouter()
	post := func(path string, h handler) { sub.Handle(path, s.only(http.MethodPost, h)) }
	get := func(path string, h handler) { sub.Handle(path, s.only(http.MethodGet, h)) }

	post("/challenge", s.serveChallenge)
	post("/login", s.serveLogin)
	post("/enrol", s.serveEnrol)
	post("/logout", s.serveLogout)
	get("/feed", s.serveFeed)
	get("/places", s.servePlaces)
	get("/ended", s.serveEnded)
	get("/blobs/{sum}", s.serveBlob)
	post("/append", s.serveAppend)
	post("/certificates", s.serveCertificate)
	post("/revocations", s.serveRevocation)
	post("/roster", s.serveRoster)
	post("/documents", s.serveDocument)
	post("/releases", s.serveRelease)
	sub.Handle("/put-back", s.only(http.MethodPost, s.servePutBack)).Methods(http.MethodPost)
	get("/put-back", s.serveLacking)
	post("/put-back/{sum}", s.servePutBackBlob)
	post("/erasures", s.serveErasure)
	sub.PathPrefix("/").HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, vault.ErrNotFound)
	})
}

// handler answers, or returns what went wrong before it wrote anything.
type handler func(http.ResponseWriter, *http.Request) error

// only lets one method through. Nothing here is for other origins, so OPTIONS
// gets no more than what is allowed.
func (s *Server) only(method string, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case r.Method == method:
			if err := h(w, r); err != nil {
				s.fail(w, err)
			}
		case r.Method == http.MethodOptions:
			w.Header().Set("Allow", method+", OPTIONS")
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", method+", OPTIONS")
			write(w, http.StatusMethodNotAllowed, problem{Error: "method not allowed", Code: "method"})
		}
	})
}

func write(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"internal error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(b, '\n'))
}

func (s *Server) fail(w http.ResponseWriter, err error) {
	status, p := judge(err)
	switch {
	case (status == http.StatusInternalServerError || errors.Is(err, vault.ErrStopped)) && s.Trouble != nil && !errors.Is(err, os.ErrDeadlineExceeded):
		s.Trouble(err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		status, p = http.StatusRequestTimeout, problem{Error: "the request stalled", Code: "timeout"}
	case status == http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "60")
	}
	write(w, status, p)
}

// bearer returns the request's token, empty when there is none.
func bearer(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return token
}

// body reads a request's body of the given type within limit, once there is
// room for it in memory. The caller calls done when it needs it no more.
func (s *Server) body(w http.ResponseWriter, r *http.Request, mediaType string, limit int64) (b []byte, done func(), err error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != mediaType {
		return nil, nil, fmt.Errorf("%w: not %s", ErrType, mediaType)
	}
	if r.ContentLength > limit {
		return nil, nil, vault.ErrTooLarge
	}
	room := limit
	if r.ContentLength >= 0 {
		room = r.ContentLength + 1
	}
	ctx, cancel := context.WithTimeout(r.Context(), bodyWait)
	defer cancel()
	if s.bodies.Acquire(ctx, room) != nil {
		return nil, nil, ErrBusy
	}
	done = func() { s.bodies.Release(room) }
	var buf bytes.Buffer
	buf.Grow(int(min(room, 64<<10)))
	_, err = io.Copy(&buf, http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		return buf.Bytes(), done, nil
	}
	done()
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		err = vault.ErrTooLarge
	} else if !errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%w: body cut short", ErrRequest)
	}
	return nil, nil, err
}

// small decodes a small JSON body, which must hold one value and no more.
func (s *Server) small(w http.ResponseWriter, r *http.Request, v any) error {
	b, done, err := s.body(w, r, "application/json", maxSmall)
	if err != nil {
		return err
	}
	defer done()
	if json.Unmarshal(b, v) != nil {
		return fmt.Errorf("%w: not the JSON that belongs here", ErrRequest)
	}
	return nil
}
