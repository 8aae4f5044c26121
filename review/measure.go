package review

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
)

// Measures say how a programme's own work goes, from the cases that this
// workstation can read. They stay inside: nothing here is safe to publish, and
// nothing is counted by who brought a report in. Practice is left out.
type Measures struct {
	Cases  int            // that arrived within the days asked about
	Stages map[string]int // of those, by state
	// First is how long the first answer took; Legal, how long until a lawyer
	// or legal advice was there, of those who asked for it.
	First, Legal Wait
	// Services are what was done for people, by service and outcome, the most
	// frequent service first.
	Services []ServiceCount
	// Load is what each person holds now, of all open cases.
	Load []Load
}

// Wait is how long something took, in whole days: from the day a report arrived
// to the day by the author's computer.
type Wait struct {
	Of     int // cases that it is asked of
	Had    int // those in which it has happened
	Within int // those in which it happened within the objective
	Median int // of those in which it happened
	Late   int // in which it has not happened and the objective has passed
}

// ServiceCount is a service of the codebook and how it ended.
type ServiceCount struct {
	Code     string
	Outcomes map[string]int
}

// All is how often it was given.
func (s ServiceCount) All() int {
	n := 0
	for _, x := range s.Outcomes {
		n += x
	}
	return n
}

// Load is what somebody who works on cases holds.
type Load struct {
	Person  string
	Open    int // cases
	Urgent  int
	Overdue int // with something that should have been done
	Waiting int // in which a message of the person has not been taken in
}

// Objectives are what a programme wants to keep to, in days.
type Objectives struct {
	First int // until the first answer
	Legal int // until legal help
}

// Measure looks at the cases that arrived from a day on, until now.
func (v *View) Measure(from vault.Day, now time.Time, goal Objectives) Measures {
	m := Measures{Stages: map[string]int{}}
	today := vault.DayOf(now)
	services := map[string]map[string]int{}
	load := map[string]*Load{}
	var first, legal []int
	for _, c := range v.Cases {
		if c.Practice || !c.Readable {
			continue
		}
		if c.Open() && c.Holder != "" {
			l := load[c.Holder]
			if l == nil {
				l = &Load{Person: c.Holder}
				load[c.Holder] = l
			}
			l.Open++
			l.Urgent += one(c.Urgent())
			l.Overdue += one(c.Overdue(now))
			l.Waiting += one(c.Waits())
		}
		if c.Arrived < from || c.Arrived > today || c.Arrived == 0 {
			continue
		}
		if c.duplicate() {
			continue // it counts where it is merged into
		}
		m.Cases++
		m.Stages[c.State]++
		day, ok := c.firstAnswer()
		m.First.add(&first, c.Arrived, day, ok, today, goal.First)
		if c.wantsLaw() {
			day, ok := c.legalHelp()
			m.Legal.add(&legal, c.Arrived, day, ok, today, goal.Legal)
		}
		if c.Coding == nil {
			continue
		}
		for _, s := range c.Coding.Services {
			if services[s.Code] == nil {
				services[s.Code] = map[string]int{}
			}
			services[s.Code][s.Outcome]++
		}
	}
	m.First.Median, m.Legal.Median = median(first), median(legal)
	for code, outcomes := range services {
		m.Services = append(m.Services, ServiceCount{code, outcomes})
	}
	slices.SortFunc(m.Services, func(a, b ServiceCount) int { return cmp.Or(b.All()-a.All(), strings.Compare(a.Code, b.Code)) })
	for _, l := range load {
		m.Load = append(m.Load, *l)
	}
	slices.SortFunc(m.Load, func(a, b Load) int { return cmp.Or(b.Open-a.Open, strings.Compare(a.Person, b.Person)) })
	return m
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (w *Wait) add(all *[]int, arrived, day vault.Day, had bool, today vault.Day, goal int) {
	w.Of++
	if !had {
		w.Late += one(int(today)-int(arrived) > goal)
		return
	}
	took := max(int(day)-int(arrived), 0) // a clock may be behind
	*all = append(*all, took)
	w.Had++
	w.Within += one(took <= goal)
}

func median(days []int) int {
	if len(days) == 0 {
		return 0
	}
	slices.Sort(days)
	return days[(len(days)-1)/2]
}

// firstAnswer is the day on which the person was first answered.
func (c *Case) firstAnswer() (vault.Day, bool) {
	for _, e := range c.Entries {
		if e.Kind == "answer" && !e.Void {
			return vault.DayOf(e.Time), true
		}
	}
	return 0, false
}

// wantsLaw reports whether the person asked for legal help, in whatever way.
func (c *Case) wantsLaw() bool {
	return slices.Contains(c.Report.Answers.Need, "lawyer-now") || slices.Contains(c.Report.Answers.Need, "legal-advice")
}

// legalHelp is the first day of a legal service that was not declined and did
// not fail.
func (c *Case) legalHelp() (first vault.Day, had bool) {
	if c.Coding == nil {
		return 0, false
	}
	for _, s := range c.Coding.Services {
		day, err := time.Parse(time.DateOnly, s.Day)
		if err != nil || !slices.Contains([]string{"legal-primary", "legal-secondary", "strategic-litigation"}, s.Code) || s.Outcome == "declined" || s.Outcome == "failed" {
			continue
		}
		if d := vault.DayOf(day); !had || d < first {
			first, had = d, true
		}
	}
	return first, had
}

// duplicate reports whether the case tells again what another one tells.
func (c *Case) duplicate() bool {
	return c.Close == "duplicate" || slices.ContainsFunc(c.Relations, func(r Relation) bool { return r.As == AsDuplicate })
}

// Access is what one person of the organisation can open.
type Access struct {
	Person string
	Roles  []string
	Desks  []string
	Cases  int // whose current key she holds, of those that can be read here
	// Out is set for somebody who is no longer on the list of people, or was
	// shut out, and holds keys all the same: what she copied stays hers.
	Out bool
}

// Access lists who can open what, as far as this workstation can read it:
// everybody on the list of people, then others who hold the key of a case.
func (v *View) Access() []Access {
	at := map[string]*Access{}
	var out []*Access
	add := func(id string) *Access {
		if at[id] == nil {
			at[id] = &Access{Person: id, Out: true}
			out = append(out, at[id])
		}
		return at[id]
	}
	if v.Roster != nil {
		for _, p := range v.Roster.People {
			a := add(p.ID)
			a.Roles, a.Out = p.Roles, false
		}
		for _, k := range v.Roster.Desks {
			for _, id := range k.People {
				a := add(id)
				a.Desks = append(a.Desks, k.ID)
			}
		}
	}
	for _, c := range v.Cases {
		for _, id := range c.Granted {
			add(id).Cases++
		}
	}
	list := make([]Access, 0, len(out))
	for _, a := range out {
		list = append(list, *a)
	}
	return list
}
