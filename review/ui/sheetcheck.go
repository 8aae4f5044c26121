package ui

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"peerwitness/review/sheet"
	"peerwitness/vault/roster"
)

type checkPage struct {
	Error    string
	Source   string
	New      int // rows that would come in
	Here     []hereRow
	HereAll  int
	Bad      int
	Desks    []fact
	Consents []fact
	Silent   int
	Urgent   int
	Under18  int
	Contact  int
	Practice bool
	Findings []sheet.Finding
	More     int // findings that are not shown
	Unknown  bool
	Offline  bool
	Closed   bool // this program has no way to send
	Minutes  int
	Notes    []string
}

// hereRow is a row that is a case already.
type hereRow struct {
	N        int
	URL, Ref string
}

const (
	maxFindingRows = 500
	maxHereRows    = 50
)

func (s *Server) checkPage(w http.ResponseWriter, r *http.Request, d *desk) {
	s.showCheck(w, r, d, http.StatusOK, "")
}

func (s *Server) showCheck(w http.ResponseWriter, r *http.Request, d *desk, status int, text string) {
	k := &d.bring
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.table == nil || k.plan == nil {
		http.Redirect(w, r, "/sheet/columns", http.StatusSeeOther)
		return
	}
	plan := k.plan
	d.sheetLook()
	p := checkPage{Error: text, Source: plan.Source, Bad: plan.Bad, Silent: plan.Silent, Urgent: plan.Urgent, Under18: plan.Under18, Contact: plan.Contact,
		Practice: k.mapping.Practice, Notes: plan.Notes, Unknown: len(plan.Unknown) > 0, Offline: !d.connection(s.cfg.Clock()).SignedIn, Closed: s.cfg.Outbox == nil}
	v := d.work.View()
	for _, g := range plan.Good {
		id, ok := k.here[g.Mark]
		if !ok {
			p.New++
			continue
		}
		if p.HereAll++; len(p.Here) < maxHereRows {
			p.Here = append(p.Here, hereRow{g.N, "/case/" + id.String(), id.String()[:8]})
		}
	}
	p.Minutes = int(s.cfg.Pace.Seconds()*float64(p.New))/60 + 1
	for _, desk := range d.mine() {
		if n := plan.Desks[desk.ID]; n > 0 {
			p.Desks = append(p.Desks, fact{Label: deskName(v, desk.ID), Values: []string{itoa(n)}})
		}
	}
	for _, code := range d.codes.Codes("consent") {
		if n := plan.Consents[code]; n > 0 {
			p.Consents = append(p.Consents, fact{Label: d.codes.Label(lang, "consent", code), Values: []string{itoa(n)}})
		}
	}
	p.Findings = plan.Findings[:min(len(plan.Findings), maxFindingRows)]
	p.More = len(plan.Findings) - len(p.Findings)
	s.show(w, r, status, "sheetcheck", p)
}

// startImport begins to bring the good rows in, or goes on with it.
func (s *Server) startImport(w http.ResponseWriter, r *http.Request, d *desk) {
	if !sessionOf(r).once(r.PostForm.Get("form")) {
		http.Redirect(w, r, "/sheet/progress", http.StatusSeeOther)
		return
	}
	k := &d.bring
	ctx, cancel := timeoutOf(r)
	defer cancel()
	d.sync(ctx, s.cfg.Clock()) // a colleague may have brought the same file in
	if text := s.begin(r, d); text != "" {
		s.showCheck(w, r, d, http.StatusConflict, text)
		return
	}
	k.mu.Lock()
	none := k.job == nil
	k.mu.Unlock()
	if none {
		http.Redirect(w, r, "/sheet/columns", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/sheet/progress", http.StatusSeeOther)
}

// begin starts the job, or says in words why it can't.
func (s *Server) begin(r *http.Request, d *desk) string {
	k := &d.bring
	k.mu.Lock()
	defer k.mu.Unlock()
	in := d.work.View().Roster
	switch {
	case k.plan == nil || k.running:
		return ""
	case s.cfg.Outbox == nil:
		return "This workstation was started without a way to send. Start it with the address of the server."
	case in == nil:
		return "There is no valid list of people to seal to. Nothing was sent."
	case !d.connection(s.cfg.Clock()).SignedIn:
		return "You are offline, so it can't be seen what colleagues have brought in already. Connect with a code, at the top, then press again. Nothing was sent."
	case len(k.plan.Good) == 0:
		return "No row can come in yet. Mend what is named below, or say on the page of columns what the words stand for."
	case len(k.plan.Consents) > 0 && r.PostForm.Get("agreed") != "yes":
		return "The file says that people agreed to something. Confirm that they were asked and said so, or leave that column out. Nothing was sent."
	}
	// Desks or people may be others than when the dry run was made.
	if slices.ContainsFunc(k.plan.Good, func(g sheet.Ready) bool { return !d.isMine(g.Desk) }) {
		d.check(s)
		return "The list of people has changed meanwhile. Look at the dry run again. Nothing was sent."
	}
	here := d.sheetLook()
	if k.job == nil {
		k.job = sheet.NewImport(k.plan, s.cfg.Outbox, d.key, in, s.cfg.Clock, s.cfg.Pace)
	}
	job := k.job
	ctx, stop := context.WithCancel(d.run)
	k.stop, k.running = stop, true
	over := func() {
		stop()
		k.mu.Lock()
		defer k.mu.Unlock()
		k.running = false
	}
	if !d.background(func(run context.Context) {
		defer over()
		_ = job.Run(ctx, here) // Progress tells
		last, cancel := context.WithTimeout(run, online)
		defer cancel()
		d.sync(last, s.cfg.Clock())
	}) {
		stop() // it is being locked
		k.running = false
	}
	return ""
}

func (s *Server) stopImport(w http.ResponseWriter, r *http.Request, d *desk) {
	k := &d.bring
	k.mu.Lock()
	if k.stop != nil {
		k.stop()
	}
	k.mu.Unlock()
	http.Redirect(w, r, "/sheet/progress", http.StatusSeeOther)
}

type progressPage struct {
	sheet.Progress
	Ended   bool
	Sent    int // new in this import
	Bad     int
	Stopped bool
	Trouble string
	Agreed  bool // consents are in it, and were confirmed to begin it
	LockMin int
	Again   bool // somebody let the page ask for itself
}

// again is 0 unless it was asked for: a page that changes under a reader who
// listens to it throws her back to its beginning.
func (p progressPage) again() int {
	if p.Ended || !p.Again {
		return 0
	}
	return askAgain
}

const askAgain = 5 // seconds

func (s *Server) progressPage(w http.ResponseWriter, r *http.Request, d *desk) {
	k := &d.bring
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.job == nil || k.plan == nil {
		http.Redirect(w, r, "/sheet", http.StatusSeeOther)
		return
	}
	at := k.job.Progress()
	p := progressPage{Progress: at, Ended: !k.running, Sent: at.Done - at.Here, Bad: k.plan.Bad, Agreed: len(k.plan.Consents) > 0, LockMin: int(s.cfg.LockAfter.Minutes()), Again: r.URL.Query().Get("again") == "1"}
	switch {
	case at.Err == nil:
	case errors.Is(at.Err, context.Canceled):
		p.Stopped = true
	default:
		p.Trouble = importWords(at.Err, at.Row)
	}
	s.show(w, r, http.StatusOK, "sheetprogress", p)
}

// importWords says why an import stopped; what was sent is kept in every case.
func importWords(err error, row int) string {
	switch {
	case errors.Is(err, sheet.ErrNobody):
		return "Nobody at the desk has a current key to seal to. Everyone at the desk should unlock their workstation once with a code; then go on."
	case errors.Is(err, sheet.ErrRefused):
		return "The server will not take the report of row " + itoa(row) + ". Tell the operator; the rows before it are in."
	case errors.Is(err, roster.ErrExpired):
		return "The list of people has run out. Ask your lead for the new one, then go on."
	}
	return "The server was not reached, or gave no answer, at row " + itoa(row) + ". What was sent is kept. Go on when the connection is back; nothing is sent twice."
}
