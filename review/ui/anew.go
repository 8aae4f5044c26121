package ui

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"sync"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/access"
)

// puttingBack is the job that gives a restored server back what it lost.
type puttingBack struct {
	mu          sync.Mutex // guards what follows
	running     bool
	stop        context.CancelFunc
	done, total uint64
	why         error // how the last one ended
	ended       bool
}

type anewPage struct {
	Now     *review.Anew // nil: the server goes on from where it was
	Beyond  bool         // the server began anew, and not only something of an earlier time is left
	Error   string
	Running bool
	Done    uint64
	Total   uint64
	Offline bool
	Partner bool // she puts nothing back
	Again   bool // see progressPage
	Aside   []asideRow
	Folder  string
}

type asideRow struct{ What, Who, Day, Why, URL, Ref string }

func (p anewPage) again() int {
	if p.Running && p.Again {
		return askAgain
	}
	return 0
}

// maxAsideRows bounds how many are shown.
const maxAsideRows = 200

func (s *Server) anewPage(w http.ResponseWriter, r *http.Request, d *desk) {
	s.showAnew(w, r, d, http.StatusOK, "")
}

func (s *Server) showAnew(w http.ResponseWriter, r *http.Request, d *desk, status int, text string) {
	now := s.cfg.Clock()
	v := d.work.View()
	p := anewPage{Now: v.Anew, Error: text, Offline: !d.connection(now).SignedIn, Partner: d.work.Partner(), Again: r.URL.Query().Get("again") == "1", Folder: filepath.Base(s.cfg.Dir)}
	if v.Anew != nil {
		p.Beyond = v.Anew.Generation != ""
		for _, a := range v.Anew.Aside[:min(len(v.Anew.Aside), maxAsideRows)] {
			row := asideRow{What: kindWords(a.Kind), Day: dayWords(a.Day, now), Why: a.Why, Ref: a.ID.String()[:8]}
			if a.Author != "" {
				row.Who = v.Name(a.Author)
			}
			if c, err := v.Case(a.Journal); err == nil && !a.Journal.IsZero() {
				row.URL = "/case/" + c.ID.String()
			}
			p.Aside = append(p.Aside, row)
		}
	}
	k := &d.back
	k.mu.Lock()
	p.Running, p.Done, p.Total = k.running, k.done, k.total
	if text == "" && !k.running && k.ended && k.why != nil {
		p.Error = putBackWords(k.why)
	}
	k.mu.Unlock()
	s.show(w, r, status, "anew", p)
}

func kindWords(k vault.Kind) string {
	switch k {
	case vault.KindAppend:
		return "A step in a case"
	case vault.KindDeposit:
		return "Something sent to a desk"
	case vault.KindBlob:
		return "An attachment"
	case vault.KindRoster:
		return "A list of people"
	case vault.KindCertificate:
		return "A monthly key"
	case vault.KindRevocation:
		return "A notice that shuts someone out"
	case vault.KindRelease:
		return "A release of figures"
	}
	return "Something"
}

// putBackWords says why putting back ended, what was kept, what to do.
func putBackWords(err error) string {
	const kept = " Everything is still on this computer, and what was put back so far stays there. "
	switch {
	case errors.Is(err, context.Canceled):
		return "Stopped." + kept + "Press the button again and it goes on from there."
	case errors.Is(err, review.ErrTooOften):
		return "The server began anew more than three times in a month. That is not how a restore goes, so nothing more is sent to it. Everything is still on this computer. Go to the operator in person."
	case errors.Is(err, review.ErrNotShown):
		return "The server said that it took what was put back, and does not show it." + kept + "Do not press again; tell your lead and the operator."
	case errors.Is(err, review.ErrHeldUp):
		return "The server lacks the texts that go with a newer list of people, so what follows it has to wait." + kept + "Ask the operator to put that list in with its texts (peerwitnessd init --roster), then press the button again."
	case errors.Is(err, review.ErrDeskFirst):
		return "A case that was erased would come back with this backup. A computer at the desk has to put its erasure back first. Everything is still on this computer. Ask the desk to connect and put back what is missing, then press the button again."
	case errors.Is(err, review.ErrBusy):
		return "It goes on already."
	case errors.Is(err, review.ErrNotAnew):
		return "The server goes on from where it was; there is nothing to put back."
	case errors.Is(err, access.ErrRemoved), errors.Is(err, access.ErrRole):
		return "The server says that you may not do this." + kept + "Speak to your lead."
	case errors.Is(err, vault.ErrNotRestored):
		return "The server says that it was not restored from a backup: another store may have been put in its place." + kept + "Do not press again; tell your lead and the operator."
	case errors.Is(err, review.ErrOffline), errors.Is(err, access.ErrSignedOut), errors.Is(err, access.ErrUnreachable):
		return "The server was not reached." + kept + "Connect with a code, at the top, and press the button again."
	}
	return "It did not come to its end." + kept + "Press the button again; if it keeps failing, tell the operator."
}

// putBack begins to put back, beside the pages.
func (s *Server) putBack(w http.ResponseWriter, r *http.Request, d *desk) {
	text := ""
	switch {
	case r.PostForm.Get("asked") != "yes":
		text = "Ask the operator first, and tick that you did. Nothing was sent."
	case !d.connection(s.cfg.Clock()).SignedIn:
		text = putBackWords(review.ErrOffline)
	}
	k := &d.back
	if text == "" {
		k.mu.Lock()
		if !k.running {
			ctx, stop := context.WithCancel(d.run)
			k.running, k.stop, k.done, k.total, k.why, k.ended = true, stop, 0, 0, nil, false
			if !d.background(func(context.Context) { defer stop(); d.putBack(ctx) }) {
				k.running = false
				stop()
			}
		}
		k.mu.Unlock()
	}
	if text != "" {
		s.showAnew(w, r, d, http.StatusConflict, text)
		return
	}
	http.Redirect(w, r, "/anew?again=1", http.StatusSeeOther)
}

func (d *desk) putBack(ctx context.Context) {
	k := &d.back
	err := d.work.PutBack(ctx, func(done, total uint64) {
		k.mu.Lock()
		k.done, k.total = done, total
		k.mu.Unlock()
	})
	k.mu.Lock()
	k.running, k.why, k.ended = false, err, true
	k.mu.Unlock()
}

func (s *Server) stopPutBack(w http.ResponseWriter, r *http.Request, d *desk) {
	d.back.mu.Lock()
	if d.back.running {
		d.back.stop()
	}
	d.back.mu.Unlock()
	http.Redirect(w, r, "/anew?again=1", http.StatusSeeOther)
}

// seenAside takes the list of what could not be put back away.
func (s *Server) seenAside(w http.ResponseWriter, r *http.Request, d *desk) {
	ctx, cancel := timeoutOf(r)
	defer cancel()
	if err := d.work.ForgetAside(ctx); err != nil {
		sessionOf(r).setFlash("The list stays: this computer's folder can't be written. Check its disk.")
	} else {
		sessionOf(r).setFlash("The list is put away. The folder of before stays on this computer, unless a case in it was erased since: then it goes.")
	}
	http.Redirect(w, r, "/anew", http.StatusSeeOther)
}
