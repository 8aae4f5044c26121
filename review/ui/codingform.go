package ui

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"peerwitness/review"
)

// maxFormRows bounds how many rows of one kind a form may have.
const maxFormRows = 80

// codingForm is a coding as it was typed. Rows that are empty are left out of
// it, so its rows and those of the coding have the same numbers.
type codingForm struct {
	k    review.Coding
	hour string // as typed
	more string // the kind of row to add
}

// formOf fills a form in from a coding.
func formOf(k review.Coding) codingForm {
	f := codingForm{k: k}
	if k.When.Hour != nil {
		f.hour = itoa(*k.When.Hour)
	}
	return f
}

// reading is what a browser sent.
type reading struct{ v url.Values }

func (r reading) get(name string) string { return strings.TrimSpace(r.v.Get(name)) }

// all are the ticked codes of a list, without empty ones and repeats.
func (r reading) all(name string) []string {
	var out []string
	for _, s := range r.v[name] {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// rows calls each row of a kind that the form had, by the name of its fields.
func (r reading) rows(kind, field string, each func(prefix string, n int)) {
	for n := range maxFormRows {
		prefix := kind + "-" + itoa(n) + "-"
		if !r.v.Has(prefix + field) {
			return
		}
		each(prefix, n)
	}
}

// readForm takes a coding out of what a browser sent.
func readForm(v url.Values) codingForm {
	r := reading{v}
	f := codingForm{hour: r.get("when-hour")}
	k := &f.k
	r.rows("perpetrators", "code", func(p string, _ int) {
		x := review.Perpetrator{Code: r.get(p + "code"), Name: r.get(p + "name"), Badge: r.get(p + "badge"), Vehicle: r.get(p + "vehicle"), Unit: r.get(p + "unit")}
		if x != (review.Perpetrator{}) {
			k.Perpetrators = append(k.Perpetrators, x)
		}
	})
	who := perpetratorCodes(*k)
	r.rows("acts", "code", func(p string, n int) {
		a := review.CodedAct{Code: r.get(p + "code"), Kind: r.get(p + "kind"), State: r.get(p + "state"), Main: r.get("main") == itoa(n)}
		if a.Code == "" {
			return
		}
		// Whoever was not on the form to be ticked yet did it, like the others.
		ticked, offered := r.all(p+"perpetrators"), strings.Fields(r.get(p+"offered"))
		for _, x := range who {
			if len(who) == 1 || slices.Contains(ticked, x) || !slices.Contains(offered, x) {
				a.Perpetrators = append(a.Perpetrators, x)
			}
		}
		k.Acts = append(k.Acts, a)
	})
	r.rows("people", "age", func(p string, _ int) {
		x := review.CodedPerson{Key: r.get(p + "key"), Populations: r.all(p + "populations"), Gender: r.get(p + "gender"), Age: r.get(p + "age"), HowMany: r.get(p + "how_many")}
		if x.Key+x.Gender+x.Age+x.HowMany != "" || len(x.Populations) > 0 {
			k.People = append(k.People, x)
		}
	})
	r.rows("services", "code", func(p string, _ int) {
		x := review.Service{Code: r.get(p + "code"), Provider: r.get(p + "provider"), Day: r.get(p + "day"), Outcome: r.get(p + "outcome")}
		if x != (review.Service{}) {
			k.Services = append(k.Services, x)
		}
	})
	k.Grounds, k.Consequences = r.all("grounds"), r.all("consequences")
	k.Region, k.Part, _ = strings.Cut(r.get("region"), "/")
	k.When = review.CodedWhen{Kind: r.get("when-kind"), Date: r.get("when-date")}
	if h, err := strconv.Atoi(f.hour); err == nil {
		k.When.Hour = &h
	}
	k.Complaint = review.Complaint{Code: r.get("complaint-code"), Why: r.all("complaint-why")}
	k.Verification = r.get("verification")
	f.more = r.get("do")
	return f
}

// faults are what is wrong with the form, by the ids of its fields.
func (f *codingForm) faults(d *desk) []formFault {
	var out []formFault
	for _, x := range f.k.Faults(d.codes) {
		id := strings.ReplaceAll(x.Field, ".", "-")
		if id == "main" {
			id = "main-act" // the page's main part has the other name
		}
		out = append(out, formFault{id, x.Text})
	}
	if f.hour != "" && f.k.When.Hour == nil {
		out = append(out, formFault{"when-hour", "Write the hour as a number from 0 to 23"})
	}
	return out
}

// perpetratorCodes are the codes of those who did it, each once.
func perpetratorCodes(k review.Coding) []string {
	var out []string
	for _, p := range k.Perpetrators {
		if p.Code != "" && !slices.Contains(out, p.Code) {
			out = append(out, p.Code)
		}
	}
	return out
}
