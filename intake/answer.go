package intake

import (
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"peerwitness/vault"
)

// refusal is an answer other than what was asked for, in words that may be
// shown to anybody.
type refusal struct {
	status int
	words  string
}

func (r *refusal) Error() string { return r.words }

func refuse(status int, words string) error { return &refusal{status, words} }

var errBusy = errors.New("server is busy")

const internal = "something went wrong here; nothing was stored, try again"

// judge turns an error into what the client is told. Causes never travel: only
// words written for the purpose do.
func judge(err error) (status int, words string) {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r.status, r.words
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout, "nothing came for too long; send it again"
	case errors.Is(err, errBusy):
		return http.StatusServiceUnavailable, "the server is busy; try again in a moment"
	case errors.Is(err, vault.ErrTooLarge):
		return http.StatusRequestEntityTooLarge, "too large"
	case errors.Is(err, vault.ErrTicket):
		return http.StatusForbidden, "no ticket, or one that is not good here"
	case errors.Is(err, vault.ErrQuota):
		return http.StatusForbidden, "the ticket's bytes are used up"
	case errors.Is(err, vault.ErrHash):
		return http.StatusUnprocessableEntity, "the bytes do not have the hash they were sent under"
	case errors.Is(err, vault.ErrMalformed):
		return http.StatusUnprocessableEntity, "not of the form that belongs here"
	case errors.Is(err, vault.ErrNotFound):
		return http.StatusNotFound, "there is nothing here"
	case full(err):
		return http.StatusServiceUnavailable, "the server can't store anything now; keep what you have and send it later"
	}
	return http.StatusInternalServerError, internal
}

// full reports whether the disk refuses to take more, or failed.
func full(err error) bool {
	if errors.Is(err, vault.ErrStopped) {
		return true
	}
	for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// fail answers with err: JSON for programs, a plain page for people.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, words := judge(err)
	gone := r.Context().Err() != nil // whoever asked has left
	if s.Trouble != nil && !gone && (status == http.StatusInternalServerError || full(err)) {
		s.Trouble(err)
	}
	h := w.Header()
	if status != http.StatusRequestTimeout && r.ContentLength != 0 {
		linger(w, r)
	}
	switch status {
	case http.StatusRequestEntityTooLarge:
		h.Set("Connection", "close")
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "20")
	case http.StatusRequestTimeout:
		h.Set("Connection", "close")
	}
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept")
	h.Del("Etag")
	body := page(status, words)
	if prefersHTML(r.Header.Get("Accept")) {
		h.Set("Content-Type", "text/html; charset=utf-8")
	} else {
		h.Set("Content-Type", "application/json")
		b, _ := json.Marshal(map[string]string{"error": words}) // strings always marshal
		body = string(b) + "\n"
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// linger reads on for a little, so that whoever sends what is not wanted gets to
// read the answer instead of a broken connection. Nothing of it is kept.
func linger(w http.ResponseWriter, r *http.Request) {
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(5 * time.Second))
	if u, ok := r.Body.(*stallBody); ok {
		io.CopyN(io.Discard, u.body, 8<<20)
	}
}

// page is an error for a person, without script, style or picture.
func page(status int, words string) string {
	title := "Not done"
	if status == http.StatusNotFound {
		title = "Not found"
	}
	words = html.EscapeString(strings.ToUpper(words[:1]) + words[1:] + ".")
	return "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">" +
		"<meta name=\"viewport\" content=\"width=device-width\"><title>" + title + "</title>\n" +
		"<h1>" + title + "</h1>\n<p>" + words + "</p>\n<p><a href=\"/\">Back to the start</a></p>\n</html>\n"
}

// prefersHTML reports whether an Accept header ranks a page above JSON.
func prefersHTML(accept string) bool {
	var page, program float64
	for _, item := range strings.Split(accept, ",") {
		t, params, _ := strings.Cut(item, ";")
		q := 1.0
		for _, p := range strings.Split(params, ";") {
			if v, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok {
				q, _ = strconv.ParseFloat(v, 64) // what isn't a number is 0
			}
		}
		switch strings.TrimSpace(t) {
		case "text/html":
			page = max(page, q)
		case "application/json":
			program = max(program, q)
		}
	}
	return page > program
}

// answer writes v as JSON that nobody may keep.
func answer(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	w.Write(b)
	return nil
}
