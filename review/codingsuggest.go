package review

import (
	"slices"

	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// SuggestCoding is where an advocate begins: the person's own answers, as far
// as the codebook and the roster have them. It judges nothing. The main act is
// chosen only where there is no choice; everything can be changed.
func SuggestCoding(c *Case, book *codebook.Codebook, r *roster.Roster) Coding {
	a := c.Report.Answers
	known := func(list string, codes []string) []string {
		var out []string
		for _, x := range codes {
			if book.Has(list, x) && !slices.Contains(out, x) && len(out) < maxActs {
				out = append(out, x)
			}
		}
		return out
	}
	one := func(list, code string) string {
		if book.Has(list, code) {
			return code
		}
		return ""
	}
	k := Coding{
		Grounds: known("ground", a.Grounds), Consequences: known("consequence", a.Consequences),
		Verification: one("verification", c.Verification),
	}
	who := known("perpetrator", a.Who)
	for _, x := range who {
		k.Perpetrators = append(k.Perpetrators, Perpetrator{Code: x})
	}
	acts := known(codebook.Acts, a.Acts)
	for _, x := range acts {
		k.Acts = append(k.Acts, CodedAct{Code: x, Kind: "commission", State: "ended", Main: len(acts) == 1, Perpetrators: who})
	}
	p := CodedPerson{Populations: known("population", a.Affected.Populations), Gender: one("gender", a.Affected.Gender),
		Age: one("age", a.Affected.Age), HowMany: one("how_many", a.Affected.HowMany)}
	if len(p.Populations) > 0 || p.Gender != "" || p.Age != "" || p.HowMany != "" {
		k.People = []CodedPerson{p}
	}
	if inRoster(r, a.Where.Region, "") {
		k.Region = a.Where.Region
		if inRoster(r, k.Region, a.Where.Part) {
			k.Part = a.Where.Part
		}
	}
	k.When = CodedWhen{Kind: a.When.Kind, Date: a.When.Date, Hour: a.When.Hour}
	f := &faults{}
	if k.checkWhen(f); len(f.all) > 0 { // a phone's odd answer is no start
		k.When = CodedWhen{}
	}
	return k
}
