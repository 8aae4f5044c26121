package review

import (
	"slices"

	"peerwitness/vault"
)

// Call is something that wants a person's eyes at once.
type Call struct {
	// Key names it for good: of the report or the message itself, whatever
	// becomes of the case.
	Key  string
	Case *Case
	// What is danger-now or in-custody-now, of a report that nobody has taken,
	// or message: the person wrote to a case that Me holds, or covers that day.
	What string
}

// calling are the urgencies that call: a deadline is told by the list.
var calling = urgent[:2]

// Calls are what calls a person now, in the order of the view. Practice never
// calls, and neither does what a colleague has in hand.
func (v *View) Calls(me string, today vault.Day) []Call {
	var out []Call
	for _, c := range v.Cases {
		if c.Practice || !c.Readable {
			continue
		}
		if c.State == New && slices.Contains(calling, c.Urgency) {
			out = append(out, Call{"report " + c.Report.ID, c, c.Urgency})
		}
		if c.Holder == me || c.Covers(me, today) {
			for _, u := range c.FollowUps {
				out = append(out, Call{"message " + u.ID, c, "message"})
			}
		}
	}
	return out
}
