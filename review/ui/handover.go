package ui

import (
	"encoding/json"
	"errors"
	"time"

	"peerwitness/vault"
)

// ErrLocked: the pages were locked, and Config.Renew asks that the program be
// started anew for them.
var ErrLocked = errors.New("the pages were locked")

// handed is what outlives the program that locked: which browsers came with a
// launch token. It has hashes only, and nothing of what was opened.
type handed struct {
	Sessions []handedSession `json:"sessions"`
}

type handedSession struct {
	Hash vault.ID  `json:"hash"` // of the cookie
	Born time.Time `json:"born"`
}

// Handover is what New needs, as Config.Handover, to go on with the browsers
// that are open on these pages. Forms that they hold are not taken any more.
func (s *Server) Handover() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var h handed
	for hash, x := range s.sessions {
		h.Sessions = append(h.Sessions, handedSession{hash, x.born})
	}
	b, err := json.Marshal(h)
	if err != nil {
		return "" // their browsers need a fresh address then
	}
	return string(b)
}

// takeOver goes on with the browsers of the program before.
func (s *Server) takeOver(text string) error {
	if text == "" {
		return nil
	}
	var h handed
	if err := json.Unmarshal([]byte(text), &h); err != nil || len(h.Sessions) > maxSessions {
		return errors.New("starting pages: what the program before left can't be read")
	}
	for _, x := range h.Sessions {
		s.sessions[x.Hash] = newSession(x.Born)
	}
	return nil
}

func newSession(born time.Time) *session {
	x := &session{used: map[string]bool{}, born: born}
	copy(x.secret[:], randomToken())
	return x
}
