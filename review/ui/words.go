package ui

import (
	"fmt"
	"strings"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/codebook"
)

// lang is the language of these pages.
const lang = "en"

// mark is what puts a case first: a shape and a word, never colour alone.
type mark struct{ Shape, Word, Class string }

func markOf(c *review.Case) mark {
	if c.Urgent() {
		switch c.Urgency {
		case "danger-now":
			return mark{"▲", "Danger now", "danger"}
		case "in-custody-now":
			return mark{"■", "Held now", "custody"}
		default:
			return mark{"◆", "Deadline", "deadline"}
		}
	}
	switch {
	case c.State == review.New && c.Readable:
		return mark{"●", "New", "new"}
	case c.Waits():
		return mark{"✉", "Message", "new"}
	}
	return mark{}
}

// heading names a case by its acts, or by how it came.
func heading(c *review.Case, cb *codebook.Codebook) string {
	a := c.Report.Answers
	switch {
	case c.Origin == review.ByHand:
		return "Text sealed by hand"
	case c.Origin == review.Stray:
		return "Message without its report"
	case c.Report.ID == "":
		return "Case that can't be read in full"
	case len(a.Acts) > 0:
		return strings.Join(lowered(labels(cb, codebook.Acts, clipList(a.Acts, 3))), ", ")
	case len(a.Groups) > 0:
		return strings.Join(lowered(labels(cb, codebook.Groups, clipList(a.Groups, 3))), ", ")
	}
	return "Report"
}

// ownWords is what the person wrote, wherever it stands.
func ownWords(c *review.Case) string {
	switch {
	case c.Report.Answers.Story != "":
		return c.Report.Answers.Story
	case c.Text != "":
		return c.Text
	}
	for _, u := range c.FollowUps {
		if u.Text != "" {
			return u.Text
		}
	}
	return ""
}

func labels(cb *codebook.Codebook, list string, codes []string) []string {
	out := make([]string, 0, len(codes))
	for _, c := range codes {
		out = append(out, cb.Label(lang, list, c))
	}
	return out
}

// maxShown bounds lists that a sender filled.
const maxShown = 100

func clipList(l []string, n int) []string { return l[:min(len(l), n)] }

// excerpt is the first words of a text, on one line.
func excerpt(s string, n int) string {
	s = strings.Join(strings.Fields(s[:min(len(s), 8*n)]), " ")
	runes := []rune(strings.ToValidUTF8(s, ""))
	if len(runes) <= n {
		return string(runes)
	}
	return strings.TrimSpace(string(runes[:n])) + "…"
}

// flagWords says what a flag means to whoever works on the case.
func flagWords(f review.Flag) string {
	switch f {
	case review.FlagUnfinished:
		return "Sent before the form was at its end: the phone had started its page again. What may be done with it was not asked."
	case review.FlagExpiredRoster:
		return "Sealed with an expired list of people, after the person agreed to that."
	case review.FlagLate:
		return "Sealed to an older list of people: someone who has left since may be able to open it."
	case review.FlagUnknownRoster:
		return "Sealed to a list of people that this workstation has never seen. Ask your lead."
	case review.FlagImported:
		return "Brought in from a spreadsheet by somebody at the desk. What the person agreed to is what the file said. No answer can reach them here."
	case review.FlagRepeated:
		return "Arrived more than once; shown once."
	}
	return "Marked “" + string(f) + "”."
}

// dayWords writes a day with its distance: "Mon 23 Nov 2026 · 3 days ago". A
// zero now gives the day alone, for what is read on other days, too.
func dayWords(d vault.Day, now time.Time) string {
	if d == 0 {
		return ""
	}
	t := time.Unix(int64(d)*86400, 0).UTC()
	if now.IsZero() {
		return t.Format("Mon 2 Jan 2006")
	}
	return t.Format("Mon 2 Jan 2006") + " · " + distance(int(d)-int(vault.DayOf(now)))
}

// dateWords does the same for a day that a person typed; anything else stays
// as it is.
func dateWords(s string, now time.Time) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1970 {
		return s
	}
	return dayWords(vault.DayOf(t), now)
}

func distance(days int) string {
	switch {
	case days == 0:
		return "today"
	case days == -1:
		return "yesterday"
	case days == 1:
		return "tomorrow"
	case days < -60:
		return fmt.Sprintf("%d months ago", -days/30)
	case days < 0:
		return fmt.Sprintf("%d days ago", -days)
	case days > 60:
		return fmt.Sprintf("in %d months", days/30)
	}
	return fmt.Sprintf("in %d days", days)
}

// ago says how long since a moment.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	switch {
	case d < 0:
		return "on " + t.Local().Format("2 Jan 2006 15:04")
	case d < time.Minute:
		return "just now"
	case d < 2*time.Minute:
		return "a minute ago"
	case d < time.Hour:
		return fmt.Sprintf("%d minutes ago", int(d.Minutes()))
	case d < 2*time.Hour:
		return "an hour ago"
	case d < 24*time.Hour:
		return fmt.Sprintf("%d hours ago", int(d.Hours()))
	}
	return "on " + t.Local().Format("Mon 2 Jan 2006")
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
