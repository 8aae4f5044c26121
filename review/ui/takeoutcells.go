package ui

import (
	"slices"
	"strings"
	"time"

	"peerwitness/review"
)

// cellsOut are the parts of a case as the cells of a row. Codes are written as
// codes, several with a semicolon, so that another program can count them.
func (d *desk) cellsOut(c *review.Case, parts []string) []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = cellOut(c, p)
	}
	return out
}

func cellOut(c *review.Case, part string) string {
	a := c.Report.Answers
	list := func(codes []string) string { return strings.Join(codes, ";") }
	switch part {
	case "case":
		return c.ID.String()[:16]
	case "desk":
		return c.Desk
	case "arrived":
		if c.Arrived == 0 {
			return ""
		}
		return c.Arrived.String()
	case "state":
		return c.State
	case "close":
		return c.Close
	case "when":
		return a.When.Date
	case "region":
		return a.Where.Region
	case "part":
		return a.Where.Part
	case "acts":
		return list(a.Acts)
	case "groups":
		return list(a.Groups)
	case "who":
		return list(a.Who)
	case "grounds":
		return list(a.Grounds)
	case "consequences":
		return list(a.Consequences)
	case "populations":
		return list(a.Affected.Populations)
	case "gender":
		return a.Affected.Gender
	case "age":
		return a.Affected.Age
	case "how_many":
		return a.Affected.HowMany
	case "need":
		return list(a.Need)
	case "urgency":
		return c.Urgency
	case "teller":
		return a.Teller
	case "asked":
		return a.Asked
	case "consent":
		return list(c.Consent()) // without what was taken back
	case "coding":
		return mainAct(c)
	case "source":
		if c.Report.Imported != nil {
			return c.Report.Imported.Source
		}
	case "practice":
		if c.Practice {
			return "yes"
		}
	case "place":
		return a.Where.Place
	case "who_text":
		return a.WhoText
	case "story":
		if c.Origin == review.ByHand {
			return c.Text
		}
		return a.Story
	case "messages":
		return messagesOut(c)
	case "notes", "answers":
		return writtenOut(c, part)
	case "contact":
		return contactOut(c)
	}
	return ""
}

func mainAct(c *review.Case) string {
	if c.Coding == nil {
		return ""
	}
	if i := slices.IndexFunc(c.Coding.Acts, func(x review.CodedAct) bool { return x.Main }); i >= 0 {
		return c.Coding.Acts[i].Code
	}
	return ""
}

func messagesOut(c *review.Case) string {
	var parts []string
	for _, u := range c.FollowUps {
		if u.Text != "" {
			parts = append(parts, u.Day.String()+" "+u.Text)
		}
	}
	return strings.Join(parts, "\n\n")
}

// writtenOut is what the desk wrote, with its days.
func writtenOut(c *review.Case, part string) string {
	var parts []string
	for _, e := range c.Entries {
		day := e.Time.UTC().Format(time.DateOnly)
		switch {
		case part == "notes" && e.Kind == "note":
			parts = append(parts, day+" "+e.Note.Text)
		case part == "answers" && e.Kind == "answer":
			parts = append(parts, day+" "+e.Answer.Text)
		}
	}
	return strings.Join(parts, "\n\n")
}

func contactOut(c *review.Case) string {
	var parts []string
	for _, f := range contact(c) {
		parts = append(parts, f.Label+": "+strings.Join(f.Values, ", "))
	}
	return strings.Join(parts, "\n")
}
