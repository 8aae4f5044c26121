package ui

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"peerwitness/review"
	"peerwitness/vault"
)

// meanwhile is what came into a case while somebody had its page open.
type meanwhile struct {
	Events []event
	After  bool // what she did was put after it; else it was not done
}

// typed is what was written into a form that is not on the page any more.
type typed struct{ ID, Label, Text string }

// seenAt is how far a case went when somebody began what she then did.
type seenAt struct {
	id   vault.ID
	seen uint64
}

// keepSeen notes it for the page that follows.
func (x *session) keepSeen(id vault.ID, seen uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.acted = seenAt{id, seen}
}

// meanwhile is what colleagues did, and the person sent, before what was just
// done on an older page. It is shown once.
func (s *Server) meanwhile(r *http.Request, d *desk, c *review.Case) meanwhile {
	x := sessionOf(r)
	x.mu.Lock()
	at := x.acted
	x.acted = seenAt{}
	x.mu.Unlock()
	if at.seen == 0 || at.id != c.ID {
		return meanwhile{}
	}
	m := meanwhile{Events: d.events(c, c.Since(at.seen, d.work.Me()), d.work.View(), s.cfg.Clock()), After: true}
	for i := range m.Events {
		m.Events[i].Undo = nil // in the history below
	}
	return m
}

// seenOf is how far the case went on the page that a form was on; 0 where it
// does not say.
func seenOf(f url.Values) uint64 {
	n, err := strconv.ParseUint(f.Get("seen"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// typedInto is what somebody wrote into a form, to be written again elsewhere.
func typedInto(f url.Values) []typed {
	var out []typed
	for _, x := range []struct{ name, label string }{{"text", "Your text"}, {"reason", "Your reason"}, {"open", "What is open"}} {
		if text := lines(f.Get(x.name)); strings.TrimSpace(text) != "" {
			out = append(out, typed{"typed-" + x.name, x.label, text})
		}
	}
	return out
}
