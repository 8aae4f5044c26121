package ui

import (
	"time"

	"peerwitness/review"
	"peerwitness/vault/roster"
)

// keyLine is that somebody holds or held a case's key, or took a copy of it.
type keyLine struct {
	Who, When, What string
	Past            bool
}

// keyLines are who could read the case, since when, and till when.
func keyLines(c *review.Case, v *review.View) []keyLine {
	var out []keyLine
	for _, k := range c.Keys {
		x := keyLine{Who: v.Name(k.Person), When: "since " + day(k.Since), What: "given by " + v.Name(k.By)}
		if k.Person == k.By {
			x.What = "took the case"
		}
		switch {
		case k.Person == roster.Recovery:
			x.What = "opens everything when all else is lost"
		case c.SharedWith(k.Person) && k.Until.IsZero():
			x.What += ", partner"
		}
		if !k.Until.IsZero() {
			x.Past, x.When = true, "from "+day(k.Since)+" to "+day(k.Until)
		}
		out = append(out, x)
	}
	return out
}

func day(t time.Time) string { return t.Local().Format("2 Jan 2006") }

// leftLines are the copies of the case that left this program, where an entry
// says so: evidence bundles and readable copies.
func leftLines(c *review.Case, v *review.View) []keyLine {
	var out []keyLine
	for _, e := range c.Entries {
		if e.Void || e.Kind != "export" && e.Kind != "taken-out" {
			continue
		}
		x := keyLine{Who: v.Name(e.Author), When: day(e.Time), What: "a readable copy"}
		if e.Kind == "export" {
			x.What = "an evidence bundle for: " + excerpt(e.Export.For, 120)
		}
		out = append(out, x)
	}
	return out
}
