package review

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"peerwitness/vault/codebook"
)

// Fault is one thing that is wrong with a coding. Field is its path, such as
// "acts.0.state"; Text is for the person who fills it in.
type Fault struct{ Field, Text string }

var (
	codeForm   = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	regionForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	whenKinds  = []string{"date", "about", "not-sure"}
)

// faults collects what is wrong, with the codebook to check codes against or
// nil to check their form only.
type faults struct {
	book *codebook.Codebook
	all  []Fault
}

func (f *faults) say(text string, path ...any) {
	var parts []string
	for _, p := range path {
		parts = append(parts, fmt.Sprint(p))
	}
	f.all = append(f.all, Fault{strings.Join(parts, "."), text})
}

// code checks one code of a list. An empty one is wrong where lacking says so.
func (f *faults) code(list, code, lacking string, path ...any) {
	switch {
	case code == "" && lacking != "":
		f.say(lacking, path...)
	case code == "":
	case f.book != nil && !f.book.Has(list, code):
		f.say("This is not in the codebook any more; choose another", path...)
	case f.book == nil && !codeForm.MatchString(code):
		f.say("This is not a code", path...)
	}
}

// codes checks a list of codes, none of them twice.
func (f *faults) codes(list string, codes []string, path ...any) {
	if len(codes) > maxCodes {
		f.say("Too many are chosen", path...)
		return
	}
	for i, c := range codes {
		if c == "" || slices.Contains(codes[:i], c) {
			f.say("One is empty or chosen twice", path...)
			return
		}
		f.code(list, c, "", path...)
	}
}

func (f *faults) text(s string, path ...any) {
	switch {
	case utf8.RuneCountInString(s) > maxName:
		f.say("This is longer than "+strconv.Itoa(maxName)+" characters", path...)
	case !plainText(s):
		f.say("This has characters that can't be shown, or begins or ends with a space", path...)
	}
}

func (f *faults) day(s string, path ...any) {
	if t, err := time.Parse(time.DateOnly, s); s != "" && (err != nil || t.Year() < 1900) {
		f.say("Write the day as 2026-11-23", path...)
	}
}

// Faults is what is wrong with a coding, in the order of the form; nil when it
// can be written into a case. With a codebook every code must be in it.
func (k *Coding) Faults(book *codebook.Codebook) []Fault {
	f := &faults{book: book}
	k.checkActs(f)
	f.codes("ground", k.Grounds, "grounds")
	f.codes("consequence", k.Consequences, "consequences")
	if len(k.Perpetrators) > maxPerpetrators {
		f.say("Too many are given", "perpetrators")
	}
	for i, p := range k.Perpetrators {
		f.code("perpetrator", p.Code, "Choose who it was; “Not known” is an answer too", "perpetrators", i, "code")
		f.text(p.Name, "perpetrators", i, "name")
		f.text(p.Badge, "perpetrators", i, "badge")
		f.text(p.Vehicle, "perpetrators", i, "vehicle")
		f.text(p.Unit, "perpetrators", i, "unit")
	}
	k.checkPeople(f)
	if k.Region != "" && !regionForm.MatchString(k.Region) || k.Part != "" && (k.Region == "" || !regionForm.MatchString(k.Part)) {
		f.say("This is not a region", "region")
	}
	k.checkWhen(f)
	k.checkServices(f)
	f.code("complaint", k.Complaint.Code, "", "complaint", "code")
	f.codes("complaint_why", k.Complaint.Why, "complaint", "why")
	if len(k.Complaint.Why) > 0 && k.Complaint.Code != "not-wanted" {
		f.say("Reasons go with “Not wanted” only", "complaint", "why")
	}
	f.code("verification", k.Verification, "", "verification")
	return f.all
}

func (k *Coding) checkActs(f *faults) {
	mains := 0
	for i, a := range k.Acts {
		f.code(codebook.Acts, a.Code, "Choose what was done", "acts", i, "code")
		f.code("act_kind", a.Kind, "Choose whether something was done or left undone", "acts", i, "kind")
		f.code("act_state", a.State, "Choose how it stands", "acts", i, "state")
		f.codes("perpetrator", a.Perpetrators, "acts", i, "perpetrators")
		for _, p := range a.Perpetrators {
			if !slices.ContainsFunc(k.Perpetrators, func(x Perpetrator) bool { return x.Code == p }) {
				f.say("Someone here is not among those who did it, below", "acts", i, "perpetrators")
				break
			}
		}
		if a.Main {
			mains++
		}
	}
	switch {
	case len(k.Acts) == 0:
		f.say("Code at least one act", "acts", 0, "code")
	case len(k.Acts) > maxActs:
		f.say("Too many acts; keep to those that matter", "acts", maxActs, "code")
	case mains != 1:
		f.say("Choose the main act, one only", "main")
	}
}

func (k *Coding) checkPeople(f *faults) {
	if len(k.People) > maxPeople {
		f.say("Too many are given", "people")
	}
	for i, p := range k.People {
		if p.Key != "" && !isHex(p.Key, 16) {
			f.say("This is not a person of this case", "people", i, "key")
		}
		if p.Key != "" && slices.ContainsFunc(k.People[:i], func(x CodedPerson) bool { return x.Key == p.Key }) {
			f.say("The same person is here twice", "people", i, "key")
		}
		f.codes("population", p.Populations, "people", i, "populations")
		for _, alone := range []string{"none-of-these", "rather-not-say"} {
			if len(p.Populations) > 1 && slices.Contains(p.Populations, alone) {
				f.say("“None of these” and “Rather not say” stand alone", "people", i, "populations")
				break
			}
		}
		f.code("gender", p.Gender, "", "people", i, "gender")
		f.code("age", p.Age, "", "people", i, "age")
		f.code("how_many", p.HowMany, "", "people", i, "how_many")
	}
}

func (k *Coding) checkWhen(f *faults) {
	w := k.When
	switch {
	case w.Kind != "" && !slices.Contains(whenKinds, w.Kind):
		f.say("Choose how sure the day is", "when", "kind")
	case w.Kind == "" && (w.Date != "" || w.Hour != nil):
		f.say("Choose how sure the day is", "when", "kind")
	case (w.Kind == "date" || w.Kind == "about") && w.Date == "":
		f.say("Give the day, or choose “Not sure”", "when", "date")
	}
	f.day(w.Date, "when", "date")
	if w.Hour != nil && (*w.Hour < 0 || *w.Hour > 23) {
		f.say("Write the hour as a number from 0 to 23", "when", "hour")
	}
}

func (k *Coding) checkServices(f *faults) {
	if len(k.Services) > maxServices {
		f.say("Too many are given", "services")
	}
	for i, s := range k.Services {
		f.code("service", s.Code, "Choose what was done for the person", "services", i, "code")
		f.text(s.Provider, "services", i, "provider")
		f.day(s.Day, "services", i, "day")
		f.code("outcome", s.Outcome, "Choose how it went; “Still open” is an answer too", "services", i, "outcome")
	}
}

// plainText refuses what could hide or turn around a name on a screen, and
// space round it.
func plainText(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return false
		}
	}
	return utf8.ValidString(s) && strings.TrimSpace(s) == s
}

// isHex tells whether s is n bytes in lower-case hex.
func isHex(s string, n int) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == n && hex.EncodeToString(b) == s
}
