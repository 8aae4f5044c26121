package ui

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
)

// calls is what called the person since she unlocked and what of it she has
// looked at. What lay on this computer before is in the list as urgent, and
// calls nobody a second time. All of it is in memory only.
type calls struct {
	mu   sync.Mutex
	view *review.View    // as last looked through
	told map[string]bool // by key
	open []review.Call   // not looked at yet, the most urgent first
	came int             // how many ever came
}

// begin takes what v holds as known.
func (k *calls) begin(v *review.View, me string, today vault.Day) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.view, k.told = v, map[string]bool{}
	for _, c := range v.Calls(me, today) {
		k.told[c.Key] = true
	}
}

// look finds what is new in v, and reports whether there was anything.
func (k *calls) look(v *review.View, me string, today vault.Day) (news bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if v == k.view {
		return false
	}
	k.view = v
	now := v.Calls(me, today)
	var open []review.Call
	for _, c := range now {
		if !k.told[c.Key] {
			k.told[c.Key], news = true, true
			k.came++
			open = append(open, c)
		} else if slices.ContainsFunc(k.open, func(o review.Call) bool { return o.Key == c.Key }) {
			open = append(open, c)
		}
	}
	k.open = open // a colleague took the rest, or it was erased
	return news
}

// seen takes what calls for a case off the list, or all of it without a case.
func (k *calls) seen(c *review.Case) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open = slices.DeleteFunc(slices.Clone(k.open), func(o review.Call) bool { return c == nil || o.Case.ID == c.ID })
}

func (k *calls) list() ([]review.Call, int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.open, k.came
}

// called is one line of what calls, for a page.
type called struct {
	Mark mark
	Desk string
	URL  string
}

// maxCalled bounds those lines; the list has the rest.
const maxCalled = 3

// callLines are what calls now, how many lines were left out, and the count by
// which a page that stays open is told of more.
func (d *desk) callLines(v *review.View) (lines []called, more, came int) {
	open, came := d.calls.list()
	for _, c := range open[:min(len(open), maxCalled)] {
		m := markOf(c.Case)
		if c.What == "message" {
			m = mark{"✉", "A message in a case of yours", "new"}
		}
		lines = append(lines, called{m, deskName(v, c.Case.Desk), "/case/" + c.Case.ID.String()})
	}
	return lines, len(open) - len(lines), came
}

// look finds what came in, and rings once for all of it.
func (d *desk) look() {
	if d.calls.look(d.work.View(), d.work.Me(), vault.DayOf(d.clock())) && d.ring != nil {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), ringTime)
			defer cancel()
			_ = d.ring(ctx) // a computer without a desktop shows it on its pages all the same
		}()
	}
}

// ringTime bounds one notification.
const ringTime = 10 * time.Second

// seenCalls is the button that says: I have seen this.
func (s *Server) seenCalls(w http.ResponseWriter, r *http.Request, d *desk) {
	d.calls.seen(nil)
	http.Redirect(w, r, s.back(r), http.StatusSeeOther)
}

// nowEvery is how often an open page asks whether something urgent came in.
const nowEvery = 20 * time.Second

// nowPage is the strip in every page that says whether something urgent came in
// since the page was made. It asks again by itself, while the page round it,
// and whatever is being typed there, stays as it is. Asking is no sign of
// somebody being there, so it keeps no desk unlocked; and it ends after a while.
func (s *Server) nowPage(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", framedPolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	since, n := queryNumber(r, "since"), queryNumber(r, "n")
	p := nowStrip{Locked: true}
	if d := s.current(); d != nil {
		d.look()
		open, came := d.calls.list()
		p = nowStrip{News: came > since && len(open) > 0, Over: time.Duration(n)*nowEvery > s.cfg.LockAfter}
	}
	if !p.Over && !p.Locked {
		h.Set("Refresh", strconv.Itoa(int(nowEvery.Seconds()))+"; url=/now?since="+strconv.Itoa(since)+"&n="+strconv.Itoa(n+1))
	}
	s.bare(w, "now", p)
}

type nowStrip struct{ Locked, News, Over bool }

func queryNumber(r *http.Request, name string) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || n < 0 || n > 1<<20 {
		return 0
	}
	return n
}
