package ui

import (
	"embed"
	"net/http"

	"github.com/gorilla/mux"
)

//go:embed static/desk.css
var static embed.FS

// routes are all the pages. Every one but launch needs the cookie, which the
// guard asks for; those under unlocked need an open desk, too.
func (s *Server) routes() http.Handler {
	r := mux.NewRouter()
	r.StrictSlash(false)
	r.NotFoundHandler = http.HandlerFunc(s.notFound)
	get := func(path string, h http.HandlerFunc) { r.HandleFunc(path, h).Methods(http.MethodGet, http.MethodHead) }
	post := func(path string, h http.HandlerFunc) { r.HandleFunc(path, h).Methods(http.MethodPost) }

	get("/launch", s.launch)
	get("/static/desk.css", s.style)

	get("/unlock", s.unlockPage)
	post("/unlock", s.unlock)
	get("/enrol", s.enrolPage)
	post("/enrol", s.startEnrol)
	get("/enrol/qr.png", s.enrolQR)
	post("/enrol/code", s.finishEnrol)
	post("/lock", s.lockNow)
	get("/now", s.nowPage)

	get("/", s.unlocked(s.inbox))
	post("/search", s.unlocked(s.search))
	post("/searches/save", s.unlocked(s.saveSearch))
	post("/searches/use", s.unlocked(s.useSearch))
	post("/searches/remove", s.unlocked(s.removeSearch))
	get("/quarantine", s.unlocked(s.quarantine))
	get("/waiting", s.unlocked(s.waitingPage))
	post("/waiting/forget", s.unlocked(s.forgetWait))
	post("/waiting/again", s.unlocked(s.retryWait))
	post("/sync", s.unlocked(s.syncNow))
	post("/seen", s.unlocked(s.seenCalls))
	post("/signin", s.unlocked(s.signIn))
	get("/case/{id:[0-9a-f]{64}}", s.unlocked(s.casePage))
	post("/case/{id:[0-9a-f]{64}}/take", s.unlocked(s.take))
	post("/case/{id:[0-9a-f]{64}}/state", s.unlocked(s.changeState))
	post("/case/{id:[0-9a-f]{64}}/note", s.unlocked(s.note))
	post("/case/{id:[0-9a-f]{64}}/assign", s.unlocked(s.assign))
	post("/case/{id:[0-9a-f]{64}}/undo", s.unlocked(s.undo))
	post("/case/{id:[0-9a-f]{64}}/restrict", s.unlocked(s.restrict))
	post("/case/{id:[0-9a-f]{64}}/lift", s.unlocked(s.lift))
	post("/case/{id:[0-9a-f]{64}}/share", s.unlocked(s.shareCase))
	post("/case/{id:[0-9a-f]{64}}/share/end", s.unlocked(s.endShare))
	get("/away", s.unlocked(s.awayPage))
	post("/away", s.unlocked(s.arrangeCover))
	post("/case/{id:[0-9a-f]{64}}/task", s.unlocked(s.task))
	post("/case/{id:[0-9a-f]{64}}/task/state", s.unlocked(s.taskState))
	post("/case/{id:[0-9a-f]{64}}/custody", s.unlocked(s.custody))
	post("/case/{id:[0-9a-f]{64}}/risk", s.unlocked(s.risk))
	post("/case/{id:[0-9a-f]{64}}/relation", s.unlocked(s.relation))
	get("/team", s.unlocked(s.team))
	post("/team", s.unlocked(s.objectives))
	get("/due", s.unlocked(s.due))
	get("/deadlines", s.unlocked(s.deadlines))
	get("/deadlines.ics", s.unlocked(s.calendar))
	post("/case/{id:[0-9a-f]{64}}/propose", s.unlocked(s.propose))
	post("/case/{id:[0-9a-f]{64}}/agree", s.unlocked(s.agree))
	post("/case/{id:[0-9a-f]{64}}/decline", s.unlocked(s.decline))
	get("/case/{id:[0-9a-f]{64}}/coding", s.unlocked(s.codingPage))
	post("/case/{id:[0-9a-f]{64}}/coding", s.unlocked(s.code))
	post("/case/{id:[0-9a-f]{64}}/withdraw", s.unlocked(s.withdraw))
	get("/case/{id:[0-9a-f]{64}}/people", s.unlocked(s.peoplePage))
	post("/case/{id:[0-9a-f]{64}}/people", s.unlocked(s.peoplePage))
	post("/case/{id:[0-9a-f]{64}}/people/link", s.unlocked(s.linkPerson))
	post("/case/{id:[0-9a-f]{64}}/people/unlink", s.unlocked(s.unlinkPerson))
	post("/case/{id:[0-9a-f]{64}}/answer", s.unlocked(s.previewAnswer))
	post("/case/{id:[0-9a-f]{64}}/answer/send", s.unlocked(s.sendAnswer))
	post("/case/{id:[0-9a-f]{64}}/count", s.unlocked(s.count))
	get("/case/{id:[0-9a-f]{64}}/evidence", s.unlocked(s.evidencePage))
	post("/case/{id:[0-9a-f]{64}}/evidence", s.unlocked(s.previewEvidence))
	post("/case/{id:[0-9a-f]{64}}/evidence/download", s.unlocked(s.downloadEvidence))
	get("/sheet", s.unlocked(s.sheetPage))
	post("/sheet", s.unlocked(s.uploadSheet))
	get("/sheet/columns", s.unlocked(s.columnsPage))
	post("/sheet/columns", s.unlocked(s.setColumns))
	get("/sheet/check", s.unlocked(s.checkPage))
	post("/sheet/import", s.unlocked(s.startImport))
	get("/sheet/progress", s.watching(s.progressPage))
	post("/sheet/stop", s.unlocked(s.stopImport))
	post("/sheet/forget", s.unlocked(s.forgetSheet))
	get("/take-out", s.watching(s.takeOutPage))
	post("/take-out", s.unlocked(s.startTakeOut))
	post("/take-out/stop", s.unlocked(s.stopTakeOut))
	get("/take-out/file", s.unlocked(s.takeOutFile))
	get("/anew", s.watching(s.anewPage))
	post("/anew", s.unlocked(s.putBack))
	post("/anew/stop", s.unlocked(s.stopPutBack))
	post("/anew/seen", s.unlocked(s.seenAside))
	get("/figures", s.unlocked(s.figuresPage))
	post("/figures/found", s.unlocked(s.foundFigures))
	post("/figures/programme", s.unlocked(s.proposeProgramme))
	post("/figures/programme/sign", s.unlocked(s.signProgramme))
	post("/figures/{period:[0-9A-Z-]{4,7}}/close", s.unlocked(s.closePeriod))
	post("/figures/{period:[0-9A-Z-]{4,7}}/sign", s.unlocked(s.signRelease))
	post("/figures/{period:[0-9A-Z-]{4,7}}/publish", s.unlocked(s.publishRelease))
	get("/figures/{period:[0-9A-Z-]{4,7}}/{file:[a-z.]{1,32}}", s.unlocked(s.figureFile))
	get("/case/{id:[0-9a-f]{64}}/file/{n:[0-9]{1,2}}", s.unlocked(s.picture))
	get("/case/{id:[0-9a-f]{64}}/file/{n:[0-9]{1,2}}/download", s.unlocked(s.download))
	return r
}

// unlocked runs h with the open desk, or sends the person to unlock it.
func (s *Server) unlocked(h func(http.ResponseWriter, *http.Request, *desk)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d := s.current()
		if d == nil && s.openingNow() != nil {
			s.openingPage(w, r)
			return
		}
		if d == nil {
			http.Redirect(w, r, "/unlock", http.StatusSeeOther)
			return
		}
		d.touch(s.cfg.Clock())
		if !s.forDesk(w, r, d) {
			h(w, r, d)
		}
	}
}

// watching is unlocked for pages that ask for themselves again by themselves:
// they don't keep the desk open.
func (s *Server) watching(h func(http.ResponseWriter, *http.Request, *desk)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d := s.current()
		if d == nil {
			http.Redirect(w, r, "/unlock", http.StatusSeeOther)
			return
		}
		if !s.forDesk(w, r, d) {
			h(w, r, d)
		}
	}
}

func (s *Server) style(w http.ResponseWriter, _ *http.Request) {
	b, err := static.ReadFile("static/desk.css")
	if err != nil {
		http.Error(w, "The style is missing from this program.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Write(b)
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusNotFound, "message", message{
		Title: "There is no such page",
		Text:  "Nothing was changed. The case may have been taken by a colleague meanwhile; the list shows where it is now.",
	})
}
