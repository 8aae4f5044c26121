package access

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"peerwitness/vault"
)

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
	head, shown, stored, own, err := s.Feed(r.Context(), bearer(r), after, int(min(limit, maxFeedItems)))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Peerwitness-Generation", hex.EncodeToString(head.Generation[:]))
	h.Set("Peerwitness-Head", strconv.FormatUint(head.Pos, 10)+" "+head.Hash.String())
	if own {
		h.Set("Peerwitness-Feed", "own")
	}
	sent := 0
	for i, rec := range stored {
		object, err := s.Object(r.Context(), bearer(r), rec)
		if err != nil {
			if i == 0 {
				return fmt.Errorf("reading object: %w", err)
			}
			return nil // the next request begins here and says so
		}
		if sent += len(object); i > 0 && sent > maxFeedBytes {
			return nil
		}
		if err := WriteFrame(w, shown[i], object); err != nil {
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

func (s *Server) servePlaces(w http.ResponseWriter, r *http.Request) error {
	return serveBytes(w, r, s.Places)
}

func (s *Server) serveEnded(w http.ResponseWriter, r *http.Request) error {
	return serveBytes(w, r, s.Ended)
}

func serveBytes(w http.ResponseWriter, r *http.Request, of func(ctx context.Context, bearer string) ([]byte, error)) error {
	b, err := of(r.Context(), bearer(r))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.Write(b)
	return nil
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

func (s *Server) serveRelease(w http.ResponseWriter, r *http.Request) error {
	b, done, err := s.allowedBody(w, r, actRelease, "application/octet-stream", maxReleaseObject)
	if err != nil {
		return err
	}
	defer done()
	id, created, err := s.PutRelease(r.Context(), bearer(r), b)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	write(w, status, map[string]string{"id": id.String()})
	return nil
}

func (s *Server) serveErasure(w http.ResponseWriter, r *http.Request) error {
	b, done, err := s.allowedBody(w, r, actErase, "application/octet-stream", maxErasure)
	if err != nil {
		return err
	}
	defer done()
	created, err := s.PutErasure(r.Context(), bearer(r), b)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	write(w, status, map[string]string{"id": vault.Sum(b).String()})
	return nil
}
