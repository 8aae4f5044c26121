package review

import (
	"slices"
	"time"

	"peerwitness/vault"
)

// Why a case is due to be erased.
const (
	DueNoConsent = "no-consent" // answered, and the person agreed to nothing
	DueClosed    = "closed"     // closed for as long as the policy keeps it
)

// Due is a case whose time is over by the policy of the list of people. The
// server can't know: it is for two people to erase it, or to let it be.
type Due struct {
	Case *Case
	Why  string
	Day  vault.Day // from which on
	// Proposed is set while somebody's proposal to erase it waits.
	Proposed bool
}

// Due lists what is due to be erased, the longest overdue first. Days are those
// that the entries' authors' computers had.
func (v *View) Due(now time.Time) []Due {
	if v.Roster == nil {
		return nil
	}
	var out []Due
	for _, c := range v.Cases {
		why, day, ok := c.due(v.Roster.Policy.NoConsentDays, v.Roster.Policy.ClosedYears)
		if ok && day <= vault.DayOf(now) && c.Erase == nil {
			proposed := slices.ContainsFunc(c.Proposals, func(p Proposal) bool { return p.What == Erase })
			out = append(out, Due{c, why, day, proposed})
		}
	}
	slices.SortStableFunc(out, func(a, b Due) int { return int(a.Day) - int(b.Day) })
	return out
}

// due tells from which day on the case is to go, if it stays as it is.
func (c *Case) due(noConsentDays, closedYears int) (why string, day vault.Day, ok bool) {
	if c.Journal.IsZero() || !c.Readable || c.key == "" {
		return "", 0, false
	}
	if noConsentDays > 0 && len(c.Consent()) == 0 && c.Answered() {
		if at := c.lastOf("answer"); !at.IsZero() {
			return DueNoConsent, vault.DayOf(at.AddDate(0, 0, noConsentDays+1)), true
		}
	}
	if closedYears > 0 && c.State == Closed && !c.Waits() {
		if at := c.lastOf("state"); !at.IsZero() {
			return DueClosed, vault.DayOf(at.AddDate(closedYears, 0, 1)), true
		}
	}
	return "", 0, false
}

// lastOf is when the last entry of a kind was written that had an effect.
func (c *Case) lastOf(kind string) time.Time {
	for _, e := range slices.Backward(c.Entries) {
		if e.Kind == kind && !e.Void && e.Undone.IsZero() {
			return e.Time
		}
	}
	return time.Time{}
}
