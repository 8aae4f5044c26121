package ui

import (
	"slices"
	"strings"

	"peerwitness/review"
)

// maker makes the controls of a coding form.
type maker struct {
	d     *desk
	wrong map[string]string // by id
}

func (m maker) input(id, label, value string) field {
	return field{ID: id, Label: label, Value: value, Error: m.wrong[id]}
}

// choice is a select over a list of the codebook. A chosen code that the
// codebook has lost is offered too, so that it is seen and not lost.
func (m maker) choice(id, label, list, chosen string) field {
	f := m.input(id, label, chosen)
	f.Options = m.options(list, m.d.codes.Codes(list), chosen)
	return f
}

// ticks is a group of boxes over a list of the codebook.
func (m maker) ticks(id, label, list string, codes []string, chosen ...string) field {
	f := m.input(id, label, "")
	f.Options = m.options(list, codes, chosen...)
	return f
}

func (m maker) options(list string, codes []string, chosen ...string) []option {
	var out []option
	for _, x := range codes {
		out = append(out, option{x, m.d.codes.Label(lang, list, x), slices.Contains(chosen, x)})
	}
	for _, x := range chosen {
		if x != "" && !slices.Contains(codes, x) {
			out = append(out, option{x, x + " (not in the codebook)", true})
		}
	}
	return out
}

func (m maker) acts(p *codingPage, f codingForm) {
	who := perpetratorCodes(f.k)
	rows := f.k.Acts
	if len(rows) == 0 || f.more == "act" {
		rows = append(slices.Clone(rows), review.CodedAct{Kind: "commission", State: "ended", Perpetrators: who})
	}
	p.ManyPerpetrators = len(who) > 1
	for n, a := range rows {
		id := "acts-" + itoa(n) + "-"
		row := actRow{N: n, Main: a.Main, Code: m.input(id+"code", "Act", a.Code), Kind: m.choice(id+"kind", "Done or not", "act_kind", a.Kind),
			State: m.choice(id+"state", "How it stands", "act_state", a.State), Offered: strings.Join(who, " ")}
		found := a.Code == ""
		for _, g := range m.d.codes.Groups {
			group := optionGroup{Label: g.Label.In(lang)}
			for _, x := range g.Acts {
				found = found || x.Code == a.Code
				group.Options = append(group.Options, option{x.Code, x.Label.In(lang), x.Code == a.Code})
			}
			row.Code.Groups = append(row.Code.Groups, group)
		}
		if !found {
			row.Code.Options = []option{{a.Code, a.Code + " (not in the codebook)", true}}
		}
		row.By = m.ticks(id+"perpetrators", "Done by", "perpetrator", who, a.Perpetrators...)
		p.Acts = append(p.Acts, row)
	}
	g := m.ticks("grounds", "Why, as the person sees it", "ground", m.d.codes.Codes("ground"), f.k.Grounds...)
	p.Grounds = g
	p.Consequences = m.ticks("consequences", "What came of it", "consequence", m.d.codes.Codes("consequence"), f.k.Consequences...)
}

func (m maker) others(p *codingPage, f codingForm) {
	rows := f.k.Perpetrators
	if len(rows) == 0 || f.more == "perpetrator" {
		rows = append(slices.Clone(rows), review.Perpetrator{})
	}
	for n, x := range rows {
		id := "perpetrators-" + itoa(n) + "-"
		p.Perpetrators = append(p.Perpetrators, perpetratorRow{n, m.choice(id+"code", "Who", "perpetrator", x.Code), m.input(id+"name", "Name", x.Name),
			m.input(id+"badge", "Badge", x.Badge), m.input(id+"vehicle", "Vehicle", x.Vehicle), m.input(id+"unit", "Unit or station", x.Unit)})
	}
	services := f.k.Services
	if len(services) == 0 || f.more == "service" {
		services = append(slices.Clone(services), review.Service{})
	}
	for n, x := range services {
		id := "services-" + itoa(n) + "-"
		p.Services = append(p.Services, serviceRow{n, m.choice(id+"code", "What was done", "service", x.Code), m.input(id+"provider", "By whom", x.Provider),
			m.input(id+"day", "Day", x.Day), m.choice(id+"outcome", "How it went", "outcome", x.Outcome)})
	}
}

func (m maker) people(p *codingPage, c *review.Case, f codingForm) {
	rows := f.k.People
	if len(rows) == 0 || f.more == "person" {
		rows = append(slices.Clone(rows), review.CodedPerson{})
	}
	for n, x := range rows {
		id := "people-" + itoa(n) + "-"
		row := personRow{n, m.input(id+"key", "Linked as", x.Key), m.ticks(id+"populations", "Said to be", "population", m.d.codes.Codes("population"), x.Populations...),
			m.choice(id+"gender", "Gender", "gender", x.Gender), m.choice(id+"age", "Age", "age", x.Age), m.choice(id+"how_many", "How many people", "how_many", x.HowMany)}
		found := x.Key == ""
		for _, l := range c.People {
			if l.Role == review.RoleAffected {
				found = found || l.Person == x.Key
				row.Key.Options = append(row.Key.Options, option{l.Person, l.As, l.Person == x.Key})
			}
		}
		if !found {
			row.Key.Options = append(row.Key.Options, option{x.Key, "No longer linked to this case", true})
		}
		if x.Age == "under-15" || x.Age == "15-17" {
			for i, o := range row.Populations.Options {
				if it, ok := m.d.codes.Item("population", o.Value); ok && len(it.LabelUnder18) > 0 {
					row.Populations.Options[i].Label = it.LabelUnder18.In(lang)
				}
			}
		}
		p.People = append(p.People, row)
	}
}

func (m maker) rest(p *codingPage, v *review.View, f codingForm) {
	at := f.k.Region
	if f.k.Part != "" {
		at += "/" + f.k.Part
	}
	p.Region = m.input("region", "Region", at)
	found := at == ""
	if v.Roster != nil {
		for _, r := range v.Roster.Regions {
			p.Region.Options = append(p.Region.Options, option{r.ID, r.Label(lang), r.ID == at})
			found = found || r.ID == at
			for _, part := range r.Parts {
				code := r.ID + "/" + part.ID
				p.Region.Options = append(p.Region.Options, option{code, r.Label(lang) + ": " + part.Label(lang), code == at})
				found = found || code == at
			}
		}
	}
	if !found {
		p.Region.Options = append(p.Region.Options, option{at, at + " (not on the list any more)", true})
	}
	p.WhenKind = m.input("when-kind", "How sure", f.k.When.Kind)
	for _, o := range []option{{"date", "On that day", false}, {"about", "About then", false}, {"not-sure", "Not sure", false}} {
		o.Chosen = o.Value == f.k.When.Kind
		p.WhenKind.Options = append(p.WhenKind.Options, o)
	}
	p.Date, p.Hour = m.input("when-date", "Day", f.k.When.Date), m.input("when-hour", "Hour", f.hour)
	p.Complaint = m.choice("complaint-code", "Official complaint", "complaint", f.k.Complaint.Code)
	p.Why = m.ticks("complaint-why", "If not wanted, why", "complaint_why", m.d.codes.Codes("complaint_why"), f.k.Complaint.Why...)
	p.Verification = m.choice("verification", "What it rests on", "verification", f.k.Verification)
}
