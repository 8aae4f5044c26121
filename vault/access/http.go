package access

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"peerwitness/vault"
)

const (
	maxBody  = vault.MaxAppend + 64<<10
	maxSmall = 16 << 10
	bodyWait = 10 * time.Second // for room in memory
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
	get("/blobs/{sum}", s.serveBlob)
	post("/append", s.serveAppend)
	post("/certificates", s.serveCertificate)
	post("/revocations", s.serveRevocation)
	post("/roster", s.serveRoster)
	post("/documents", s.serveDocument)
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
	case status == http.StatusInternalServerError && s.Trouble != nil && !errors.Is(err, os.ErrDeadlineExceeded):
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

func (s *Server) serveChallenge(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Person string `json:"person"`
	}
	if err := s.small(w, r, &in); err != nil {
		return err
	}
	nonce := s.Challenge(in.Person)
	write(w, http.StatusOK, map[string]string{"nonce": base64.StdEncoding.EncodeToString(nonce[:])})
	return nil
}

func (s *Server) serveLogin(w http.ResponseWriter, r *http.Request) error {
	var in Attempt
	if err := s.small(w, r, &in); err != nil {
		return err
	}
	token, until, err := s.Login(r.Context(), in)
	if err != nil {
		return err
	}
	write(w, http.StatusOK, map[string]string{"token": token, "until": until.Format(time.RFC3339)})
	return nil
}

func (s *Server) serveEnrol(w http.ResponseWriter, r *http.Request) error {
	var in Attempt
	if err := s.small(w, r, &in); err != nil {
		return err
	}
	secret, url, err := s.Enrol(r.Context(), in)
	if err != nil {
		return err
	}
	write(w, http.StatusOK, map[string]string{"secret": secret, "url": url})
	return nil
}

func (s *Server) serveLogout(w http.ResponseWriter, r *http.Request) error {
	if err := s.Logout(r.Context(), bearer(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) serveFeed(w http.ResponseWriter, r *http.Request) error {
	after, err1 := number(r, "after", 0)
	limit, err2 := number(r, "limit", maxFeedItems)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	head, records, err := s.Feed(r.Context(), bearer(r), after, int(min(limit, maxFeedItems)))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Peerwitness-Generation", hex.EncodeToString(head.Generation[:]))
	h.Set("Peerwitness-Head", strconv.FormatUint(head.Pos, 10)+" "+head.Hash.String())
	sent := 0
	for i, rec := range records {
		object, err := s.store.Object(r.Context(), rec)
		if err != nil {
			if i == 0 {
				return fmt.Errorf("reading object: %w", err)
			}
			return nil // the next request begins here and says so
		}
		if sent += len(object); i > 0 && sent > maxFeedBytes {
			return nil
		}
		if err := WriteFrame(w, rec, object); err != nil {
			panic(http.ErrAbortHandler) // the connection is gone
		}
	}
	return nil
}

// number reads a decimal query value.
func number(r *http.Request, name string, def uint64) (uint64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%w: %s is not a number", ErrRequest, name)
	}
	return n, nil
}

func (s *Server) serveBlob(w http.ResponseWriter, r *http.Request) error {
	sum, err := vault.ParseID(mux.Vars(r)["sum"])
	if err != nil {
		return fmt.Errorf("%w: blob", vault.ErrNotFound)
	}
	b, err := s.Blob(r.Context(), bearer(r), sum)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.Write(b)
	return nil
}

func (s *Server) serveAppend(w http.ResponseWriter, r *http.Request) error {
	b, done, err := s.allowedBody(w, r, actAppend, "application/octet-stream", vault.MaxAppend)
	if err != nil {
		return err
	}
	defer done()
	a, err := s.Append(r.Context(), bearer(r), b)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if a.New {
		status = http.StatusCreated
	}
	write(w, status, map[string]any{"id": a.ID.String(), "seq": a.Seq})
	return nil
}

// allowedBody reads a body only of somebody who may do a. What is done with it
// looks again.
func (s *Server) allowedBody(w http.ResponseWriter, r *http.Request, a action, mediaType string, limit int64) ([]byte, func(), error) {
	if _, err := s.may(r.Context(), bearer(r), a); err != nil {
		return nil, nil, err
	}
	return s.body(w, r, mediaType, limit)
}

// served answers 204 to what do takes of the body.
func (s *Server) served(w http.ResponseWriter, r *http.Request, a action, mediaType string, limit int64,
	do func(ctx context.Context, bearer string, b []byte) error) error {
	b, done, err := s.allowedBody(w, r, a, mediaType, limit)
	if err != nil {
		return err
	}
	defer done()
	if err := do(r.Context(), bearer(r), b); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) serveCertificate(w http.ResponseWriter, r *http.Request) error {
	return s.served(w, r, actCertificate, "application/json", vault.MaxCertificate, s.PutCertificate)
}

func (s *Server) serveRevocation(w http.ResponseWriter, r *http.Request) error {
	return s.served(w, r, actRevoke, "application/json", vault.MaxRevocation, s.PutRevocation)
}

func (s *Server) serveRoster(w http.ResponseWriter, r *http.Request) error {
	return s.served(w, r, actRoster, "text/plain", vault.MaxNote, s.PutRoster)
}

func (s *Server) serveDocument(w http.ResponseWriter, r *http.Request) error {
	b, done, err := s.allowedBody(w, r, actDocument, "application/json", vault.MaxDocument)
	if err != nil {
		return err
	}
	defer done()
	id, err := s.PutDocument(r.Context(), bearer(r), b)
	if err != nil {
		return err
	}
	write(w, http.StatusOK, map[string]string{"id": id.String()})
	return nil
}
