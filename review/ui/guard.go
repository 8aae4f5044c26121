package ui

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
)

// cookieName holds the port, because browsers share cookies between the ports
// of one host.
func (s *Server) cookieName() string {
	_, port, _ := net.SplitHostPort(s.cfg.Addr)
	return "peerwitness_" + port
}

// maxForm bounds what a page may send, in bytes.
const maxForm = 1 << 20

// policy lets a page load its own style and pictures, send its own forms, and
// nothing else.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// framedPolicy is that of the one strip that stands inside of pages: it loads a
// style, sends nothing, and nobody else's page may hold it.
const framedPolicy = "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"

// guard stands before every route: headers, host, origin, session, form token.
// What it refuses gets 403 and no page of ours.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), display-capture=()")
		// Not no-referrer: with it, browsers send "Origin: null" on our own forms.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Robots-Tag", "noindex")

		// A name that was made to point at this computer is another host.
		if r.Host != s.cfg.Addr {
			refuse(w, "These pages answer only at the address that the program printed.")
			return
		}
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodPost:
		default:
			http.Error(w, "This page does not take that kind of request.", http.StatusMethodNotAllowed)
			return
		}
		if !s.sameOrigin(r) {
			refuse(w, "Another site tried to use these pages. Nothing was done.")
			return
		}
		if r.URL.Path == "/launch" {
			next.ServeHTTP(w, r)
			return
		}
		x := s.session(r)
		if x == nil {
			refuse(w, "Open these pages with the address that the program printed; it works once. Start the program again for a new one.")
			return
		}
		if r.Method == http.MethodPost {
			err := error(nil)
			if r.URL.Path == uploadPath {
				r, err = takeUpload(w, r)
			} else {
				r.Body = http.MaxBytesReader(w, r.Body, maxForm)
				err = r.ParseForm()
			}
			if err != nil {
				http.Error(w, "What was sent is too large or can't be read. Nothing was done.", http.StatusBadRequest)
				return
			}
			if !x.formOK(r.PostForm.Get("form")) {
				refuse(w, "This form is not from these pages, or from before they were locked. Nothing was done. Go back and reload.")
				return
			}
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), sessionKey{}, x)))
	})
}

func refuse(w http.ResponseWriter, why string) { http.Error(w, why, http.StatusForbidden) }

// sameOrigin reports whether a request comes from these pages themselves, or,
// to read, from the person's own address bar.
func (s *Server) sameOrigin(r *http.Request) bool {
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	if r.Method != http.MethodPost {
		return site == "" || site == "same-origin" || site == "none"
	}
	if site != "" && site != "same-origin" || origin != "" && origin != s.origin() {
		return false
	}
	return site != "" || origin != ""
}

type sessionKey struct{}

func sessionOf(r *http.Request) *session { return r.Context().Value(sessionKey{}).(*session) }

// session is one browser that came with a launch token.
type session struct {
	secret [32]byte

	born time.Time

	mu     sync.Mutex // guards what follows
	used   map[string]bool
	flash  string
	listed *listing          // the list as it was last shown
	acted  seenAt            // how far the case went before what was just done
	goal   review.Objectives // of the page about the team, with days; days 0: not chosen
	days   int
	sought string // what was looked for: never in an address, which the browser keeps
}

// forget drops what the session remembers of cases.
func (x *session) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.listed, x.flash, x.sought, x.acted, x.days = nil, "", "", seenAt{}, 0
}

// formToken is a fresh token for one form. It can be sent once.
func (x *session) formToken() string {
	nonce := randomToken()
	return nonce + "." + x.sign(nonce)
}

func (x *session) sign(nonce string) string {
	m := hmac.New(sha256.New, x.secret[:])
	m.Write([]byte(nonce))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (x *session) formOK(token string) bool {
	nonce, mac, ok := strings.Cut(token, ".")
	return ok && hmac.Equal([]byte(mac), []byte(x.sign(nonce)))
}

// once reports whether a good form token was not sent before, and uses it up:
// a button pressed twice acts once.
func (x *session) once(token string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.used[token] {
		return false
	}
	if len(x.used) >= 1<<14 {
		clear(x.used)
	}
	x.used[token] = true
	return true
}

func (x *session) setFlash(text string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.flash = text
}

func (x *session) takeFlash() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	text := x.flash
	x.flash = ""
	return text
}

// session finds the request's session, or nil.
func (s *Server) session(r *http.Request) *session {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[vault.Sum([]byte(c.Value))]
}

// oldest is the session that came first. The caller holds mu.
func (s *Server) oldest() (key vault.ID) {
	var born time.Time
	for k, x := range s.sessions {
		if key.IsZero() || x.born.Before(born) {
			key, born = k, x.born
		}
	}
	return key
}

// launch turns a launch token into a cookie.
func (s *Server) launch(w http.ResponseWriter, r *http.Request) {
	key := vault.Sum([]byte(r.URL.Query().Get("token")))
	s.mu.Lock()
	var found bool
	for k, at := range s.launches {
		if subtle.ConstantTimeCompare(k[:], key[:]) == 1 {
			found = s.cfg.Clock().Sub(at) <= launchLife
			delete(s.launches, k)
		}
	}
	s.mu.Unlock()
	if !found {
		refuse(w, "This address was used before or has run out; it works once. Start the program again for a new one.")
		return
	}
	cookie := randomToken()
	x := newSession(s.cfg.Clock())
	s.mu.Lock()
	if len(s.sessions) >= maxSessions {
		delete(s.sessions, s.oldest())
	}
	s.sessions[vault.Sum([]byte(cookie))] = x
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(), Value: cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
