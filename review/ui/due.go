package ui

import (
	"net/http"
	"slices"

	"peerwitness/review"
)

// duePage lists what is to be erased by the organisation's own rules, and what
// was erased.
type duePage struct {
	Partner bool // she sees what was erased of what she had; the rest is for the desk
	Due     []dueRow
	More    int
	Erased  []erasedRow
	Gone    int // erased ones that are not listed
}

type dueRow struct {
	URL, Case, Why, Day string
	Proposed, Practice  bool
}

type erasedRow struct{ Ref, Text string }

func (s *Server) due(w http.ResponseWriter, r *http.Request, d *desk) {
	s.pageSync(d)
	v, now := d.work.View(), s.cfg.Clock()
	p := duePage{Partner: d.work.Partner()}
	for _, x := range v.Due(now) {
		if p.Partner {
			break
		}
		if len(p.Due) == maxRows {
			p.More++
			continue
		}
		why := "It was closed long enough ago."
		if x.Why == review.DueNoConsent {
			why = "It was answered, and the person agreed to nothing being done with it."
		}
		p.Due = append(p.Due, dueRow{"/case/" + x.Case.ID.String(), caseText(d, x.Case), why, dayWords(x.Day, now), x.Proposed, x.Case.Practice})
	}
	for _, x := range slices.Backward(v.Erased) {
		if len(p.Erased) == maxRows {
			p.Gone++
			continue
		}
		p.Erased = append(p.Erased, erasedRow{x.Journal.String()[:8], erasedText(v, x)})
	}
	s.show(w, r, http.StatusOK, "due", p)
}

// erasedText says of a case that is gone when and by whom.
func erasedText(v *review.View, x review.Erased) string {
	return "It was erased on " + x.Day.String() + ": " + v.Name(x.By[0]) + " proposed it and " + v.Name(x.By[1]) + " agreed."
}
