package ui

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
)

// deadlinesPage is all that is to be done, over all cases that can be read.
type deadlinesPage struct {
	Held     []deadline
	Late     []deadline
	Coming   []deadline
	Undated  []deadline
	Mine     bool
	MineURL  string
	OtherURL string
	More     int
}

type deadline struct {
	URL, Case, What, Due, Who string
	Alarm, Practice           bool
	at                        time.Time
}

func (s *Server) deadlines(w http.ResponseWriter, r *http.Request, d *desk) {
	s.pageSync(d)
	v, now, me := d.work.View(), s.cfg.Clock(), d.work.Me()
	p := deadlinesPage{Mine: r.URL.Query().Get("of") != "all"}
	n := 0
	for _, c := range v.Cases {
		if !c.Open() || !c.Readable {
			continue
		}
		if h := heldWords(c, now); h != nil && !c.Journal.IsZero() && (!p.Mine || c.Holder == me || c.Covers(me, vault.DayOf(now))) {
			if _, ends, held := c.Held(); held {
				p.Held = append(p.Held, deadline{"/case/" + c.ID.String(), caseText(d, c), h.Text, "", v.Name(c.Holder), h.Alarm, c.Practice, ends})
			}
		}
		for _, t := range c.OpenTasks() {
			if p.Mine && !mine(c, t, me, vault.DayOf(now)) {
				continue
			}
			if n++; n > maxRows {
				p.More++
				continue
			}
			x := deadline{URL: "/case/" + c.ID.String(), Case: caseText(d, c), What: taskText(t), Due: dueWords(t, now), Practice: c.Practice}
			if who := whose(c, t); who != "" {
				x.Who = v.Name(who)
			}
			due, ok := t.Due(time.Local)
			x.at = due
			switch {
			case !ok:
				p.Undated = append(p.Undated, x)
			case due.Before(now):
				x.Alarm = true
				p.Late = append(p.Late, x)
			default:
				p.Coming = append(p.Coming, x)
			}
		}
	}
	for _, list := range [][]deadline{p.Held, p.Late, p.Coming} {
		slices.SortStableFunc(list, func(a, b deadline) int {
			if a.at.IsZero() != b.at.IsZero() { // an unknown end is looked at first
				if a.at.IsZero() {
					return -1
				}
				return 1
			}
			return a.at.Compare(b.at)
		})
	}
	s.show(w, r, http.StatusOK, "deadlines", p)
}

// whose is who is to do a task: the person named, or whoever holds the case.
// One who does not hold the case's key any more can't do it.
func whose(c *review.Case, t review.Task) string {
	if slices.Contains(c.Granted, t.Who) {
		return t.Who
	}
	return c.Holder
}

// mine tells one's own, and those of a case that one covers today.
func mine(c *review.Case, t review.Task, me string, today vault.Day) bool {
	who := whose(c, t)
	return who == me || who == c.Holder && c.Covers(me, today)
}

// calendar is one's own days as a file for a calendar (RFC 5545). Calendars
// are copied to phones and to companies, so it names nobody and says nothing of
// what happened: a kind, a day, and the first characters of the case's number.
func (s *Server) calendar(w http.ResponseWriter, _ *http.Request, d *desk) {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("BEGIN:VCALENDAR")
	line("VERSION:2.0")
	line("PRODID:-//notes//notes//EN")
	stamp := s.cfg.Clock().UTC().Format("20060102T150405Z")
	for _, c := range d.work.View().Cases {
		if !c.Open() || c.Practice {
			continue
		}
		for _, t := range c.OpenTasks() {
			if t.Day == "" || !mine(c, t, d.work.Me(), vault.DayOf(s.cfg.Clock())) {
				continue
			}
			day := strings.ReplaceAll(t.Day, "-", "")
			line("BEGIN:VEVENT")
			line("UID:%s", t.ID)
			line("DTSTAMP:%s", stamp)
			if t.Hour != "" {
				line("DTSTART:%sT%s00", day, strings.ReplaceAll(t.Hour, ":", "")) // of wherever it is read
			} else {
				line("DTSTART;VALUE=DATE:%s", day)
			}
			line("SUMMARY:%s %s", calendarWords[t.Kind], c.ID.String()[:8])
			line("BEGIN:VALARM")
			line("ACTION:DISPLAY")
			line("DESCRIPTION:%s", calendarWords[t.Kind])
			line("TRIGGER:-P1D")
			line("END:VALARM")
			line("END:VEVENT")
		}
	}
	line("END:VCALENDAR")
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="days.ics"`)
	fmt.Fprint(w, b.String())
}

// calendarWords give away no more than that something is on that day.
var calendarWords = map[string]string{review.KindHearing: "Appointment", review.KindDeadline: "Due", review.KindVisit: "Visit", review.KindMedicine: "Errand", review.KindOther: "To do"}
