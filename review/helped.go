package review

import (
	"maps"
	"slices"

	"peerwitness/vault"
)

// Outcome is how many people say that the help went in one way.
type Outcome struct {
	Code  string // of the codebook's list outcome
	Cases int
}

// helpedDays is how far back closed cases count.
const helpedDays = 90

// Helped counts, over open cases and those of the last 90 days, what people
// said last of how the help went; said is how many said anything, of all. It is
// for the desk itself: it leaves no case for the figures, and says nothing of
// who helped.
func (v *View) Helped(today vault.Day) (outcomes []Outcome, said, all int) {
	count := map[string]int{}
	for _, c := range v.Cases {
		if c.Practice || c.State == Closed && c.Arrived+helpedDays < today {
			continue
		}
		all++
		last := ""
		for _, u := range c.FollowUps {
			if u.Helped != "" {
				last = u.Helped
			}
		}
		if last != "" {
			said++
			count[last]++
		}
	}
	for _, code := range slices.Sorted(maps.Keys(count)) {
		outcomes = append(outcomes, Outcome{code, count[code]})
	}
	return outcomes, said, all
}
