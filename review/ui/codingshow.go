package ui

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"peerwitness/review"
	"peerwitness/vault/codebook"
)

// codedPart is what a case's page shows of its coding, its people and what may
// be done with it.
type codedPart struct {
	CanCode, Coded bool
	Coding         []fact
	People         []linkedPerson
	TakeBack       []option // consents that can be taken back by word of mouth
	Counted        countedPart
}

type linkedPerson struct {
	As, Role, Also string
}

// codedPart makes it.
func (d *desk) codedPart(c *review.Case, v *review.View, now time.Time) codedPart {
	p := codedPart{CanCode: d.canWrite(c), Coded: c.Coding != nil, Counted: d.counted(c)}
	if c.Coding != nil {
		p.Coding = d.codedFacts(c, c.Coding, now)
	}
	for _, l := range c.People {
		x := linkedPerson{As: l.As, Role: roleWords(l.Role)}
		if s, ok := v.Someone(l.Person); ok && len(s.Cases) > 1 {
			x.Also = "also in " + plural(len(s.Cases)-1, "other case", "other cases")
		}
		p.People = append(p.People, x)
	}
	if p.CanCode {
		for _, code := range c.Consent() {
			p.TakeBack = append(p.TakeBack, option{Value: code, Label: d.codes.Label(lang, "consent", code)})
		}
	}
	return p
}

// useCodebooks makes the codebook in use known to the workstation, and the
// former ones that the folder keeps: cases stay coded by the one of their time.
func (s *Server) useCodebooks(work *review.Workstation, now *codebook.Codebook) {
	work.UseCodebook(now)
	kept, err := filepath.Glob(filepath.Join(s.cfg.Dir, "codebook-*.json"))
	if err != nil {
		return // only a malformed pattern is an error
	}
	for _, path := range kept {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // its codings are shown, unchecked, until it can be read
		}
		if c, err := codebook.Parse(b); err == nil {
			work.UseCodebook(c) // by the hash of its bytes, whatever its name says
		}
	}
}

func roleWords(role string) string {
	if role == review.RoleReporter {
		return "Told us"
	}
	return "It happened to them"
}

// withdraw records what a person took back by word of mouth.
func (s *Server) withdraw(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "It is recorded that the person no longer agrees.", func(ctx context.Context, c *review.Case) error {
		return d.work.Withdraw(ctx, c.ID, reading{r.PostForm}.all("consent"))
	})
}

// codedFacts says a coding in words.
func (d *desk) codedFacts(c *review.Case, k *review.Coding, now time.Time) []fact {
	var out []fact
	add := func(label string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			out = append(out, fact{Label: label, Values: values})
		}
	}
	label := func(list, code string) string { return d.codes.Label(lang, list, code) }
	var others []string
	many := len(perpetratorCodes(*k)) > 1
	act := func(a review.CodedAct) string {
		s := label(codebook.Acts, a.Code)
		var more []string
		if a.Kind != "commission" {
			more = append(more, lower(label("act_kind", a.Kind)))
		}
		if a.State != "ended" {
			more = append(more, lower(label("act_state", a.State)))
		}
		if many && len(a.Perpetrators) > 0 {
			more = append(more, "by "+lower(strings.Join(lowered(labels(d.codes, "perpetrator", a.Perpetrators)), ", ")))
		}
		if len(more) > 0 {
			s += " (" + strings.Join(more, "; ") + ")"
		}
		return s
	}
	for _, a := range k.Acts {
		if a.Main {
			add("Main act", act(a))
		} else {
			others = append(others, act(a))
		}
	}
	add("Other acts", others...)
	add("Why, as the person sees it", labels(d.codes, "ground", k.Grounds)...)
	add("What came of it", labels(d.codes, "consequence", k.Consequences)...)
	var who []string
	for _, p := range k.Perpetrators {
		who = append(who, joined(label("perpetrator", p.Code), p.Name, prefixed("badge ", p.Badge), prefixed("vehicle ", p.Vehicle), p.Unit))
	}
	add("By whom", who...)
	var people []string
	for _, p := range k.People {
		parts := []string{}
		if p.HowMany != "" && p.HowMany != "1" {
			parts = append(parts, label("how_many", p.HowMany))
		}
		for _, l := range c.People {
			if l.Person == p.Key && p.Key != "" && l.Role == review.RoleAffected {
				parts = append(parts, "“"+l.As+"”")
			}
		}
		for _, x := range []struct{ list, code string }{{"gender", p.Gender}, {"age", p.Age}} {
			if x.code != "" {
				parts = append(parts, label(x.list, x.code))
			}
		}
		people = append(people, joined(lowered(append(parts, labels(d.codes, "population", p.Populations)...))...))
	}
	add("People affected", people...)
	region, part := placeNames(d.work.View().Roster, k.Region, k.Part)
	add("Where", joined(region, part))
	add("When", whenWords(k.When.Kind, k.When.Date, k.When.Hour, "", now))
	var services []string
	for _, x := range k.Services {
		services = append(services, joined(label("service", x.Code), x.Provider, dateWords(x.Day, now), lower(label("outcome", x.Outcome))))
	}
	add("Done for the person", services...)
	complaint := ""
	if k.Complaint.Code != "" {
		complaint = joined(append([]string{label("complaint", k.Complaint.Code)}, labels(d.codes, "complaint_why", k.Complaint.Why)...)...)
	}
	add("Official complaint", complaint)
	if k.Verification != "" {
		add("It rests on", label("verification", k.Verification))
	}
	return out
}

// joined puts what there is of parts in one line.
func joined(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, ", ")
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// lower begins a label in lower case, to stand inside a line; an abbreviation
// stays one.
func lower(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if next, _ := utf8.DecodeRuneInString(s[n:]); unicode.IsUpper(next) {
		return s
	}
	return string(unicode.ToLower(r)) + s[n:]
}

// lowered begins each label but the first in lower case.
func lowered(labels []string) []string {
	for i := 1; i < len(labels); i++ {
		labels[i] = lower(labels[i])
	}
	return labels
}

// codingLine is a coding in one line, for the history.
func (d *desk) codingLine(k *review.Coding) string {
	if k == nil {
		return ""
	}
	s := d.codes.Label(lang, codebook.Acts, k.Main().Code)
	if n := len(k.Acts) - 1; n > 0 {
		s += " and " + plural(n, "more act", "more acts")
	}
	return s
}

// personWords says in the history what a person entry did.
func personWords(p review.PersonLink, c *review.Case) string {
	if p.Linked {
		return "linked “" + p.As + "”: " + lower(roleWords(p.Role))
	}
	as := "a person"
	for _, e := range c.Entries {
		if e.Kind == "person" && e.Person.Linked && e.Person.Person == p.Person {
			as = "“" + e.Person.As + "”"
		}
	}
	return "took back the link to " + as + " (" + lower(roleWords(p.Role)) + ")"
}
