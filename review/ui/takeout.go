package ui

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"peerwitness/review"
	"peerwitness/review/sheet"
	"peerwitness/vault"
)

// takingOut is what a person takes out of her cases. The file is in memory only
// until she has it, and goes with the lock.
type takingOut struct {
	mu      sync.Mutex
	running bool
	stop    func()
	format  string
	total   int
	done    int
	failed  []vault.ID // their entry could not be written, so they are not in the file
	why     error      // of the last that failed
	file    []byte     // nil until it is ready
}

// partOut is a part of a case that can be taken out.
type partOut struct {
	name, label string
	shows       bool // who the person is, or nearly
}

// partsOut are the parts to choose from, and how they are offered. What can show
// who somebody is must be chosen by hand.
var partsOut = []partOut{
	{"case", "Case number", false}, {"desk", "Desk", false}, {"arrived", "Day it arrived", false}, {"state", "State", false}, {"close", "How it ended", false},
	{"when", "Day it happened", false}, {"region", "Region", false}, {"part", "Part of the region", false}, {"acts", "Acts", false}, {"groups", "Kinds", false}, {"who", "Who did it", false},
	{"grounds", "Why, as the person sees it", false}, {"consequences", "What came of it", false}, {"populations", "People affected", false}, {"gender", "Gender", false}, {"age", "Age", false},
	{"how_many", "How many people", false}, {"need", "What is needed", false}, {"urgency", "How urgent", false}, {"teller", "Who tells it", false}, {"asked", "Did the affected person agree", false},
	{"consent", "What the person agrees to now", false}, {"coding", "The main act, as coded", false}, {"source", "Spreadsheet it came from", false}, {"practice", "Practice or not", false},
	{"place", "Place, in words", true}, {"who_text", "Names, badges, units", true}, {"story", "The person's own words", true}, {"messages", "Later messages", true},
	{"notes", "The desk's notes", true}, {"answers", "The desk's answers", true}, {"contact", "How to reach the person", true},
}

// takenOutWords says what was taken out, for the history of a case.
func takenOutWords(t review.TakenOut) string {
	var out []string
	for _, f := range t.Fields {
		label := f
		for _, p := range partsOut {
			if p.name == f {
				label = p.label
			}
		}
		out = append(out, label)
	}
	return strings.Join(clipList(out, maxShown), ", ")
}

// maxTakeOut bounds how many cases are taken out at a time: each has its entry
// written first.
const maxTakeOut = 1000

type takeOutPage struct {
	Error    string
	Mine     int
	Which    []option
	Safe     []option
	Showing  []option
	Offline  bool
	Running  bool
	Done     int
	Total    int
	Failed   []hereRow
	FailedBy string
	Ready    bool
	Format   string
	Again    bool // see progressPage
}

func (p takeOutPage) again() int {
	if p.Running && p.Again {
		return askAgain
	}
	return 0
}

// which cases can be taken out.
var whichOut = []option{{Value: "open", Label: "Those that are open"}, {Value: "closed", Label: "Those that are closed"}, {Value: "all", Label: "All"}}

// minePicked are the cases that are with this person.
func (d *desk) minePicked(which string) []*review.Case {
	var out []*review.Case
	for _, c := range d.work.View().Cases {
		if c.Readable && !c.Journal.IsZero() && c.Holder == d.work.Me() && (which == "all" || c.Open() == (which == "open")) {
			out = append(out, c)
		}
	}
	return out
}

func (s *Server) takeOutPage(w http.ResponseWriter, r *http.Request, d *desk) {
	s.showTakeOut(w, r, d, http.StatusOK, "", nil)
}

func (s *Server) showTakeOut(w http.ResponseWriter, r *http.Request, d *desk, status int, text string, kept []string) {
	p := takeOutPage{Error: text, Mine: len(d.minePicked("all")), Which: whichOut, Offline: !d.connection(s.cfg.Clock()).SignedIn, Again: r.URL.Query().Get("again") == "1"}
	for _, f := range partsOut {
		o := option{Value: f.name, Label: f.label, Chosen: kept == nil && !f.shows || slices.Contains(kept, f.name)}
		if f.shows {
			p.Showing = append(p.Showing, o)
		} else {
			p.Safe = append(p.Safe, o)
		}
	}
	k := &d.out
	k.mu.Lock()
	defer k.mu.Unlock()
	p.Running, p.Done, p.Total, p.Ready, p.Format = k.running, k.done, k.total, k.file != nil, strings.ToUpper(k.format)
	for _, id := range k.failed[:min(len(k.failed), maxHereRows)] {
		p.Failed = append(p.Failed, hereRow{0, "/case/" + id.String(), id.String()[:8]})
	}
	if k.why != nil {
		p.FailedBy = actionWords(k.why)
	}
	s.show(w, r, status, "takeout", p)
}

// startTakeOut writes into each case that it is taken out, and then makes the
// file of those where that was done.
func (s *Server) startTakeOut(w http.ResponseWriter, r *http.Request, d *desk) {
	f := r.PostForm
	if !sessionOf(r).once(f.Get("form")) {
		http.Redirect(w, r, "/take-out", http.StatusSeeOther)
		return
	}
	data := review.TakenOut{Format: f.Get("format")}
	cases := d.minePicked(f.Get("which"))
	chosen := slices.ContainsFunc(partsOut, func(p partOut) bool { return slices.Contains(f["part"], p.name) })
	// Practice among real records is marked so, asked for or not.
	practice := chosen && slices.ContainsFunc(cases, func(c *review.Case) bool { return c.Practice })
	for _, p := range partsOut { // in their order, each once
		if slices.Contains(f["part"], p.name) || p.name == "practice" && practice {
			data.Fields = append(data.Fields, p.name)
		}
	}
	text := ""
	switch {
	case data.Format != review.CSV && data.Format != review.JSON:
		text = "Choose a kind of file."
	case len(data.Fields) == 0:
		text = "Choose what to take out."
	case f.Get("understood") != "yes":
		text = "Read what this means, and tick that you did. Nothing was taken out."
	case !d.connection(s.cfg.Clock()).SignedIn:
		text = "You are offline, so nothing can be written into the cases. Connect with a code, at the top. Nothing was taken out."
	case len(cases) == 0:
		text = "None of your cases is like that. Nothing was taken out."
	case len(cases) > maxTakeOut:
		text = "Those are over " + itoa(maxTakeOut) + " cases. Take the open and the closed ones out by themselves, or close some first."
	}
	k := &d.out
	if text == "" {
		k.mu.Lock()
		if k.running {
			text = "Another file is being made. Wait until it is ready, or stop it."
		} else {
			ctx, stop := context.WithCancel(d.run)
			k.running, k.stop, k.format, k.total, k.done, k.failed, k.why, k.file = true, stop, data.Format, len(cases), 0, nil, nil, nil
			if !d.background(func(context.Context) { defer stop(); d.takeOut(ctx, cases, data) }) {
				k.running = false
				stop()
			}
		}
		k.mu.Unlock()
	}
	if text != "" {
		s.showTakeOut(w, r, d, http.StatusConflict, text, append(f["part"], ""))
		return
	}
	http.Redirect(w, r, "/take-out", http.StatusSeeOther)
}

// takeOut is the job. What is in the file is as the cases are once their entries
// are written.
func (d *desk) takeOut(ctx context.Context, cases []*review.Case, data review.TakenOut) {
	k := &d.out
	var header []string
	for _, p := range partsOut {
		if slices.Contains(data.Fields, p.name) {
			header = append(header, p.name)
		}
	}
	var rows [][]string
	var why error
	for _, c := range cases {
		before := timesOut(c, d.work.Me(), data)
		err := ctx.Err()
		if err == nil {
			err = d.work.TakeOut(ctx, c.ID, data)
			d.went(err)
		}
		var now *review.Case
		if err == nil {
			now, err = d.work.View().Case(c.ID)
		}
		if err == nil && timesOut(now, d.work.Me(), data) <= before {
			err = review.ErrUnsure // it was not seen in the case, so it counts as not written
		}
		k.mu.Lock()
		if err != nil {
			k.failed, why = append(k.failed, c.ID), err
		} else {
			rows = append(rows, d.cellsOut(now, data.Fields))
			k.done++
		}
		k.mu.Unlock()
	}
	var file []byte
	if len(rows) > 0 {
		if data.Format == review.JSON {
			var err error
			if file, err = sheet.WriteJSON(header, rows); err != nil {
				why = err
			}
		} else {
			file = sheet.WriteCSV(header, rows)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.running, k.file, k.why = false, file, why
	if errors.Is(why, context.Canceled) {
		k.why = nil // somebody stopped it
	}
}

// timesOut counts the entries of a case that say that she took this out.
func timesOut(c *review.Case, me string, data review.TakenOut) int {
	n := 0
	for _, e := range c.Entries {
		if e.Kind == "taken-out" && e.Author == me && e.TakenOut.Format == data.Format && slices.Equal(e.TakenOut.Fields, data.Fields) {
			n++
		}
	}
	return n
}

func (s *Server) stopTakeOut(w http.ResponseWriter, r *http.Request, d *desk) {
	k := &d.out
	k.mu.Lock()
	if k.running {
		k.stop()
	} else {
		k.file, k.failed, k.why, k.total, k.done = nil, nil, nil, 0, 0
	}
	k.mu.Unlock()
	http.Redirect(w, r, "/take-out", http.StatusSeeOther)
}

// takeOutFile hands the file out, under a name of ours and as bytes, so that no
// browser opens it here.
func (s *Server) takeOutFile(w http.ResponseWriter, r *http.Request, d *desk) {
	k := &d.out
	k.mu.Lock()
	b, format := k.file, k.format
	k.mu.Unlock()
	if b == nil {
		http.Redirect(w, r, "/take-out", http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="cases-`+s.cfg.Clock().UTC().Format("2006-01-02")+`.`+format+`"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.Write(b)
}
