package review

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"peerwitness/vault"
)

// Relation says how a case stands to another one. The newest entry about the
// other case counts.
type Relation struct {
	Case string `json:"case"` // the other one's journal, in hex
	As   string `json:"as"`
}

// What another case is: about the same people or place; the same thing told
// twice, and told better there; or neither, which also takes an earlier one back.
const (
	AsRelated   = "related"
	AsDuplicate = "duplicate"
	AsUnrelated = "unrelated"
)

const maxRelations = 200 // of one case

func parseRelation(b []byte) (r Relation, err error) {
	return r, parseCare(b, &r, func() error { return r.check() })
}

func (r Relation) check() error {
	if id, err := vault.ParseID(r.Case); err != nil || id.IsZero() || r.As != AsRelated && r.As != AsDuplicate && r.As != AsUnrelated {
		return errBody
	}
	return nil
}

// Relate writes into a case how it stands to another one, which the person at
// this workstation can read too. ErrNotLegal, ErrNoCase.
func (w *Workstation) Relate(ctx context.Context, id, other vault.ID, as string) error {
	o, err := w.View().Case(other)
	if err != nil {
		return err
	}
	if o.Journal.IsZero() {
		return notLegal("take the other case first")
	}
	r := Relation{o.Journal.String(), as}
	return w.act(ctx, id, "relation", r, func(c *Case, _ bool) error {
		if now, err := w.View().Case(other); err == nil { // after a sync
			o = now
		}
		if as != AsUnrelated && o.Practice != c.Practice {
			return notLegal("one of the two is practice and the other is real: those never meet")
		}
		if as == AsDuplicate && slices.Contains(o.Relations, Relation{c.Journal.String(), AsDuplicate}) {
			return notLegal("the other case is merged into this one already; take that back first")
		}
		return c.canRelate(r)
	})
}

func (c *Case) canRelate(r Relation) error {
	at := slices.IndexFunc(c.Relations, func(x Relation) bool { return x.Case == r.Case })
	switch {
	case r.check() != nil:
		return errBody
	case r.Case == c.Journal.String():
		return notLegal("that is this case itself")
	case at >= 0 && c.Relations[at].As == r.As:
		return notLegal("that is what the case says already")
	case at < 0 && len(c.Relations) >= maxRelations:
		return notLegal("this case is related to too many others")
	case r.As == AsDuplicate && slices.ContainsFunc(c.Relations, func(x Relation) bool { return x.As == AsDuplicate && x.Case != r.Case }):
		return notLegal("this case is merged into another one already; take that back first")
	}
	return nil
}

// relate applies a relation entry.
func (c *Case) relate(r Relation) error {
	if err := c.canRelate(r); err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(c.Relations), func(x Relation) bool { return x.Case == r.Case })
	c.Relations = append(rest, r)
	return nil
}

// Related is another case and how it stands to the one that was asked about.
type Related struct {
	Journal vault.ID
	Case    *Case // nil when it can't be read here
	As      string
	// Back is set when the other case says it, and not the one that was asked about.
	Back bool
}

// Related are the cases that a case is related to, as it says or as they say.
func (v *View) Related(c *Case) []Related {
	var out []Related
	if c.Journal.IsZero() {
		return nil // nothing can name it yet
	}
	for _, r := range c.Relations {
		id, err := vault.ParseID(r.Case)
		if err != nil || r.As == AsUnrelated {
			continue
		}
		o := v.byID.find(id)
		if o != nil && o.Practice != c.Practice {
			continue
		}
		out = append(out, Related{id, o, r.As, false})
	}
	for _, o := range v.likeness().related[c.Journal] {
		i := slices.IndexFunc(o.Relations, func(r Relation) bool { return r.Case == c.Journal.String() })
		if as := o.Relations[i].As; as != AsUnrelated && o.Practice == c.Practice && !slices.ContainsFunc(out, func(r Related) bool { return r.Journal == o.Journal && r.As == as }) {
			out = append(out, Related{o.Journal, o, as, true})
		}
	}
	return out
}

// Similar is a case that may have to do with another one.
type Similar struct {
	Case *Case
	// Why names what the two share: see the constants.
	Why []string
}

// What two cases may share, the strongest first.
const (
	SameNumber = "number" // a badge, a vehicle, another number
	SameName   = "name"   // of somebody who did it
	SameUnit   = "unit"
	SamePlace  = "place"
	SameDays   = "days" // the same region within two days, and an act or a perpetrator in common
)

var weights = map[string]int{SameNumber: 4, SameName: 3, SameUnit: 2, SamePlace: 2, SameDays: 1}

// Bounds of what is suggested.
const (
	maxSimilar = 8
	tooCommon  = 50 // cases that share a thing before it says nothing any more
	nearDays   = 2
)

// Similar suggests cases that may have to do with one, by what they share in
// codes and words. It decides nothing: a person confirms or rejects, and what
// was decided is not suggested again. Practice and real cases never meet.
func (v *View) Similar(c *Case) []Similar {
	why := map[*Case][]string{}
	like := v.likeness()
	note := func(cases []*Case, what string) {
		if len(cases) > tooCommon {
			return
		}
		for _, o := range cases {
			if o != c && o.Practice == c.Practice && !slices.Contains(why[o], what) {
				why[o] = append(why[o], what)
			}
		}
	}
	for _, m := range c.marks() {
		note(like.by[m], m.kind)
	}
	for _, k := range c.places() {
		for d := -nearDays; d <= nearDays; d++ {
			near := like.near[spot{k.region, k.day + d}]
			note(slices.DeleteFunc(slices.Clone(near), func(o *Case) bool { return !shares(c, o) }), SameDays)
		}
	}
	decided := map[vault.ID]bool{}
	for _, r := range v.Related(c) {
		decided[r.Journal] = true
	}
	for _, r := range c.Relations {
		if id, err := vault.ParseID(r.Case); err == nil {
			decided[id] = true
		}
	}
	var out []Similar
	for o, list := range why {
		if !o.Journal.IsZero() && decided[o.Journal] || sum(list) < 2 {
			continue
		}
		slices.SortFunc(list, func(a, b string) int { return weights[b] - weights[a] })
		out = append(out, Similar{o, list})
	}
	slices.SortFunc(out, func(a, b Similar) int {
		return cmp.Or(sum(b.Why)-sum(a.Why), cmp.Compare(b.Case.changed, a.Case.changed), bytes.Compare(a.Case.ID[:], b.Case.ID[:]))
	})
	return out[:min(len(out), maxSimilar)]
}

func sum(why []string) (n int) {
	for _, w := range why {
		n += weights[w]
	}
	return n
}

// likeness is an index of what cases share, made for a view when it is first
// asked for.
type likeness struct {
	by      map[sign][]*Case
	near    map[spot][]*Case
	related map[vault.ID][]*Case // those that name a journal
}

type sign struct{ kind, text string }

type spot struct {
	region string
	day    int
}

func liken(cases []*Case) likeness {
	x := likeness{map[sign][]*Case{}, map[spot][]*Case{}, map[vault.ID][]*Case{}}
	for _, c := range cases {
		for _, m := range c.marks() {
			x.by[m] = append(x.by[m], c)
		}
		for _, p := range c.places() {
			x.near[p] = append(x.near[p], c)
		}
		for _, r := range c.Relations {
			if id, err := vault.ParseID(r.Case); err == nil {
				x.related[id] = append(x.related[id], c)
			}
		}
	}
	return x
}

// marks are what a case could be recognised by, each once: numbers, names and
// units of who did it, and the place.
func (c *Case) marks() []sign {
	var out []sign
	add := func(kind, text string) {
		if utf8.RuneCountInString(text) >= 3 && !slices.Contains(out, sign{kind, text}) && len(out) < 64 {
			out = append(out, sign{kind, text})
		}
	}
	for _, text := range []string{c.Report.Answers.WhoText, c.Report.Answers.Where.Place} {
		for _, n := range numbers(text) {
			add(SameNumber, n)
		}
	}
	for _, n := range numbers(c.Report.Answers.Story) {
		if plate(n) {
			add(SameNumber, n)
		}
	}
	if c.Coding != nil {
		for _, p := range c.Coding.Perpetrators {
			for _, n := range append(numbers(p.Badge), numbers(p.Vehicle)...) {
				add(SameNumber, n)
			}
			add(SameNumber, tight(p.Badge))
			add(SameNumber, tight(p.Vehicle))
			add(SameName, fold(p.Name))
			add(SameUnit, fold(p.Unit))
		}
	}
	if place := c.Report.Answers.Where.Place; len(place) <= 400 {
		add(SamePlace, fold(place))
	}
	return out
}

// numbers are the words of a text that look like a badge or a number plate: of
// three characters or more, two of them digits, however they are set.
func numbers(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(text[:min(len(text), 4<<10)], func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:()\"“”«»", r) }) {
		digits := 0
		t := tight(w)
		for _, r := range t {
			if unicode.IsDigit(r) {
				digits++
			}
		}
		if digits >= 2 && utf8.RuneCountInString(t) >= 3 {
			out = append(out, t)
		}
	}
	return out
}

// plate tells a number that may be a badge or a vehicle's from the hours, sums
// and years that a story is full of: it has letters too, or five digits.
func plate(n string) bool {
	letters := strings.TrimFunc(n, unicode.IsDigit)
	if letters == "" {
		return len(n) >= 5
	}
	return letters != "h" && letters != "am" && letters != "pm" // 22h30
}

// tight is a text without what people set between the parts of a number, and
// with the digits of one script.
func tight(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return digit(r)
		case unicode.IsLetter(r):
			return r
		}
		return -1
	}, fold(s))
}

// digit is a decimal digit of any script as an ASCII one: each script has its
// ten in a row, of which the first is 0.
func digit(r rune) rune {
	if r <= '9' {
		return r
	}
	n := rune(0)
	for n < 9 && unicode.IsDigit(r-1) {
		r--
		n++
	}
	return '0' + n
}

// places are where and on which day it happened, when both are known.
func (c *Case) places() []spot {
	a := c.Report.Answers
	region, date := a.Where.Region+"/"+a.Where.Part, a.When.Date
	if c.Coding != nil && c.Coding.Region != "" {
		region, date = c.Coding.Region+"/"+c.Coding.Part, cmp.Or(c.Coding.When.Date, date)
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil || strings.HasPrefix(region, "/") {
		return nil
	}
	return []spot{{region, int(vault.DayOf(day))}}
}

// shares reports whether two cases have an act or a kind of perpetrator in common.
func shares(a, b *Case) bool {
	common := func(x, y []string) bool {
		return slices.ContainsFunc(x, func(s string) bool { return slices.Contains(y, s) })
	}
	return common(a.actCodes(), b.actCodes()) || common(a.whoCodes(), b.whoCodes())
}

func (c *Case) actCodes() []string {
	if c.Coding != nil {
		return c.Coding.ActCodes()
	}
	return c.Report.Answers.Acts
}

func (c *Case) whoCodes() []string {
	if c.Coding == nil {
		return c.Report.Answers.Who
	}
	var out []string
	for _, p := range c.Coding.Perpetrators {
		out = append(out, p.Code)
	}
	return out
}
