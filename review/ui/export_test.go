package ui

import (
	"context"

	"peerwitness/review/bundle"
	"peerwitness/vault"
)

// Evidence is all that a bundle of the case could hold.
func (s *Server) Evidence(id vault.ID) (bundle.Case, error) {
	d := s.current()
	c, err := d.work.View().Case(id)
	if err != nil {
		return bundle.Case{}, err
	}
	return d.evidence(context.Background(), c, s.cfg.Clock())
}

// What the tests of this package look at from outside.
var (
	ParseReady   = parseReady
	ReadyFiles   = readyFiles
	LanguageName = languageName
	InEnglish    = inEnglish
)
