package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"peerwitness/review"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

func itoa(n int) string { return strconv.Itoa(n) }

func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// facts are the answers, grouped, without what was not answered.
func (d *desk) facts(c *review.Case, v *review.View, now time.Time) []factGroup {
	if c.Report.ID == "" {
		return nil
	}
	a := c.Report.Answers
	var out []factGroup
	group := func(title string, items ...fact) {
		items = slices.DeleteFunc(items, func(f fact) bool {
			return !slices.ContainsFunc(f.Values, func(s string) bool { return strings.TrimSpace(s) != "" })
		})
		if len(items) > 0 {
			out = append(out, factGroup{title, items})
		}
	}
	coded := func(label, list string, codes ...string) fact {
		codes = slices.DeleteFunc(slices.Clone(codes), func(s string) bool { return s == "" })
		return fact{Label: label, Values: labels(d.codes, list, clipList(codes, maxShown))}
	}
	own := func(label, text string) fact { return fact{Label: label, Values: []string{text}, Own: true} }
	plain := func(label, text string) fact { return fact{Label: label, Values: []string{text}} }

	if k := a.Custody; k != nil {
		group("Held now", own("Name", k.Name), own("Place", k.Place), own("Since", dateWords(k.Since, now)),
			own("Next hearing", dateWords(k.Hearing, now)), own("Medicine needed", k.Medicine))
	}
	group("What is needed", coded("Need", "need", a.Need...))
	kind := coded("Kind", codebook.Groups, a.Groups...)
	if len(a.Acts) > 0 {
		kind.Values = nil // the acts say it
	}
	group("What happened", coded("Acts", codebook.Acts, a.Acts...), kind,
		coded("Consequences", "consequence", a.Consequences...), coded("Why, as the person sees it", "ground", a.Grounds...))
	group("By whom", coded("Who", "perpetrator", a.Who...), own("Name, badge, vehicle, unit", a.WhoText))
	region, part := placeNames(v.Roster, a.Where.Region, a.Where.Part)
	group("Where and when", plain("Region", region), plain("Part", part), own("Place", a.Where.Place), plain("Date", whenWords(a.When.Kind, a.When.Date, a.When.Hour, a.When.Clock, now)))
	group("Who was affected", coded("People", "population", a.Affected.Populations...), coded("Gender", "gender", a.Affected.Gender),
		coded("Age", "age", a.Affected.Age), coded("How many", "how_many", a.Affected.HowMany))
	group("Who tells", coded("Teller", "teller", a.Teller), coded("Did the affected person agree", "asked", a.Asked),
		plain("Language", c.Report.Lang), plain("Written", dateWords(c.Report.Made, now)))
	return out
}

// contact is how to reach the person, or nil.
func contact(c *review.Case) []fact {
	k := c.Report.Contact
	if k == nil {
		return nil
	}
	var out []fact
	for _, f := range []fact{
		{"Name to use", []string{k.Name}, true}, {"Safe way to reach", []string{k.Reach}, true},
		{"Safe times", []string{k.Times}, true}, {"Do not, or who must not know", []string{k.Not}, true},
	} {
		if strings.TrimSpace(f.Values[0]) != "" {
			out = append(out, f)
		}
	}
	return out
}

func whenWords(kind, date string, hour *int, clock string, now time.Time) string {
	s := dateWords(date, now)
	switch kind {
	case "about":
		s = "About " + s
	case "not-sure":
		if s == "" {
			return "Not sure"
		}
		s += " (not sure)"
	}
	if hour != nil && *hour >= 0 && *hour < 24 {
		s += fmt.Sprintf(", around %02d:00", *hour)
	}
	if clock == "phone" && s != "" {
		s += " (by the phone's clock)"
	}
	return s
}

func placeNames(r *roster.Roster, region, part string) (string, string) {
	if r == nil {
		return region, part
	}
	g, ok := r.Region(region)
	if !ok {
		return region, part
	}
	for _, p := range g.Parts {
		if p.ID == part {
			part = p.Label(lang)
		}
	}
	return g.Label(lang), part
}

// agreed is what the person of a case agreed to and took back, and what binds
// besides.
func (d *desk) agreed(c *review.Case) agreed {
	out := agreed{
		Consents: d.consents(c),
		// Who tells of herself has agreed by telling; nobody else can for her.
		NotAsked: c.Origin == review.FromForm && c.Report.ID != "" && c.Report.Answers.Teller != "affected" && c.Report.Answers.Asked != "yes",
	}
	for _, x := range []struct {
		consent, what string
		may           func() (bool, string)
	}{
		{review.CountMe, "It is not counted", c.MayCount}, {review.Alert, "Peers are not warned of it", c.MayAlert},
		{review.Share, "It is not shared with partners", c.MayShare}, {review.Publish, "The story is not told", c.MayPublish},
		{review.Complain, "No complaint is made", c.MayComplain},
	} {
		if may, why := x.may(); !may && c.Agreed(x.consent) {
			out.Limits = append(out.Limits, x.what+": "+why+".")
		}
	}
	return out
}

// consents are all steps that can be agreed to, in the codebook's order.
func (d *desk) consents(c *review.Case) []consent {
	if c.Report.ID == "" {
		return nil
	}
	var out []consent
	for _, code := range d.codes.Codes("consent") {
		given := slices.Contains(c.Report.Consent, code)
		out = append(out, consent{d.codes.Label(lang, "consent", code), given && !c.Withdrawn(code), given && c.Withdrawn(code)})
	}
	for _, code := range clipList(c.Report.Consent, maxShown) {
		if !d.codes.Has("consent", code) {
			out = append(out, consent{code, !c.Withdrawn(code), c.Withdrawn(code)})
		}
	}
	return out
}

// openers are the people of the desk to whom the report could be sealed.
func (d *desk) openers(c *review.Case, v *review.View) []string {
	r := v.SealedTo(c)
	if r == nil {
		return nil
	}
	k, ok := r.Desk(c.Desk)
	if !ok {
		return nil
	}
	var out []string
	for _, p := range k.People {
		if !slices.Contains(c.LeftOut(), p) {
			out = append(out, v.Name(p))
		}
	}
	return out
}
