package ui

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"peerwitness/review"
	"peerwitness/review/bundle"
	"peerwitness/vault/seal"
)

// Parts of a case that stand for more than one of its fields.
const (
	partStory   = "story"
	partConsent = "consent"
	partCoding  = "coding"
	partNames   = "coding-names"
	partPeople  = "people"
	// unshown is no part: what needs it goes out with everything only.
	unshown = "unshown"
)

// evidence gathers all of a case for a bundle, each part by itself. c and its
// journal are of one moment, else review.ErrBusy.
func (d *desk) evidence(ctx context.Context, c *review.Case, now time.Time) (bundle.Case, error) {
	v := d.work.View()
	signed, err := d.work.SignedEntries(ctx, c.ID)
	if err != nil {
		return bundle.Case{}, err
	}
	if n := len(signed); n == 0 || signed[n-1].ID != c.Last() {
		return bundle.Case{}, review.ErrBusy // it was synced between the two looks
	}
	b := bundle.Case{
		Ref: c.Journal.String()[:8], Journal: c.Journal.String(), Desk: deskName(v, c.Desk), State: d.codes.Label(lang, "state", c.State),
		Practice: c.Practice, Maker: d.work.Me(), MakerName: v.Name(d.work.Me()), Made: now, Arrived: d.arrived(c, v),
	}
	if v.Roster != nil {
		b.Organisation = v.Roster.Organisation
	}
	for _, p := range c.Problems {
		b.Notices = append(b.Notices, p.Text)
	}
	for _, f := range c.Flags {
		b.Notices = append(b.Notices, flagWords(f))
	}
	for _, id := range c.Granted {
		b.Holders = append(b.Holders, v.Name(id))
	}
	b.Parts = d.reportParts(c, v)
	b.Files = d.evidenceFiles(c)
	b.Parts = append(b.Parts, d.caseParts(c)...)
	low, high := ^uint64(0), uint64(0)
	for _, s := range signed {
		e, part := d.evidenceEntry(c, v, s, b)
		if part.ID != "" {
			b.Parts = append(b.Parts, part)
		}
		b.Entries = append(b.Entries, e)
		if s.Accepted {
			low, high = min(low, s.Roster), max(high, s.Roster)
		}
	}
	if v.Roster != nil {
		high = max(high, v.Roster.Version) // the export's own
	}
	for _, r := range v.Rosters(low, high) {
		b.Rosters = append(b.Rosters, bundle.Roster{Version: r.Version, Note: r.Note})
	}
	return b, nil
}

// arrived says how the case came in, by what the server and the sealing tell.
func (d *desk) arrived(c *review.Case, v *review.View) []bundle.Fact {
	out := []bundle.Fact{{Label: "Arrived", Values: []string{dayWords(c.Arrived, time.Time{})}}}
	add := func(label, value string) {
		if value != "" {
			out = append(out, bundle.Fact{Label: label, Values: []string{value}})
		}
	}
	switch c.Origin {
	case review.ByHand:
		add("How", "As text that its sender sealed by hand with the program age")
	case review.Stray:
		add("How", "As a message whose first report is not here")
	default:
		add("How", "Filled in on a phone or computer, and sealed there before it was sent")
	}
	if r := v.SealedTo(c); r != nil {
		add("Sealed for", fmt.Sprintf("the people of that desk on the list of people, version %d of %s", r.Version, r.Issued))
	}
	for _, id := range c.Deposits[:min(1, len(c.Deposits))] {
		add("Number of what was received (SHA-256 of it as it was sealed)", id.String())
	}
	if n := len(c.Deposits); n > 1 {
		add("Received in all", plural(n, "item", "items"))
	}
	return out
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slug(s string) string {
	s = strings.Trim(notSlug.ReplaceAllString(strings.ToLower(s), "-"), "-")
	return strings.Trim(s[:min(len(s), 40)], "-")
}

// reportParts are what the person told: words, messages, and each answer by itself.
func (d *desk) reportParts(c *review.Case, v *review.View) []bundle.Part {
	var out []bundle.Part
	story := c.Report.Answers.Story
	if c.Origin == review.ByHand {
		story = c.Text
	}
	if story != "" {
		out = append(out, bundle.Part{ID: partStory, Group: "In the person's own words", Title: "What the person wrote",
			Words: []bundle.Words{{Title: "The report", Lang: c.Report.Lang, Text: story}}})
	}
	for i, u := range c.FollowUps {
		p := bundle.Part{ID: messagePart(i), Group: "In the person's own words", Title: "Later message of " + dayWords(u.Day, time.Time{})}
		if u.Text != "" {
			p.Words = []bundle.Words{{Title: p.Title, Text: u.Text}}
		}
		if u.Text == "" && len(u.Withdraw) == 0 && u.Helped == "" {
			p.Title += " (files only)"
		}
		if len(u.Withdraw) > 0 {
			p.Facts = append(p.Facts, bundle.Fact{Label: "No longer agreed to, " + dayWords(u.Day, time.Time{}), Values: labels(d.codes, "consent", u.Withdraw)})
		}
		if u.Helped != "" {
			p.Facts = append(p.Facts, bundle.Fact{Label: "How the help went", Values: []string{d.helped(u.Helped)}})
		}
		out = append(out, p)
	}
	answer := func(group string, f fact, p bundle.Part) {
		p.ID, p.Group, p.Title = slug("re "+group+" "+f.Label), group, group+": "+lower(f.Label)
		for n := 2; slices.ContainsFunc(out, func(q bundle.Part) bool { return q.ID == p.ID }); n++ {
			p.ID = p.ID[:min(len(p.ID), 38)] + "-" + itoa(n)
		}
		p.Facts = []bundle.Fact{{Label: f.Label, Values: f.Values}}
		out = append(out, p)
	}
	for _, g := range d.facts(c, v, time.Time{}) {
		for _, f := range g.Items {
			p := bundle.Part{}
			if g.Title == "Held now" || g.Title == "Who was affected" || f.Own {
				p.Hint = "May show who the person is."
			}
			answer(g.Title, f, p)
		}
	}
	if c.Report.Answers.Urgency != "" {
		answer("What is needed", fact{Label: "How urgent", Values: []string{d.codes.Label(lang, "urgency", c.Report.Answers.Urgency)}}, bundle.Part{})
	}
	for _, f := range contact(c) {
		answer("Reaching the person", f, bundle.Part{Off: true, Hint: "Who reads it can find the person, or learns from whom they hide."})
	}
	return out
}

func messagePart(i int) string { return "message-" + itoa(i+1) }

// caseParts are what the desk made of the case.
func (d *desk) caseParts(c *review.Case) []bundle.Part {
	var out []bundle.Part
	if consents := d.consents(c); len(consents) > 0 {
		p := bundle.Part{ID: partConsent, Group: "What the person agreed to", Title: "What the person agreed to"}
		for _, x := range consents {
			said := "no"
			switch {
			case x.Given:
				said = "yes"
			case x.Withdrawn:
				said = "taken back"
			}
			p.Facts = append(p.Facts, bundle.Fact{Label: x.Label, Values: []string{said}})
		}
		out = append(out, p)
	}
	if c.Coding != nil {
		plain := withoutNames(*c.Coding)
		out = append(out, bundle.Part{ID: partCoding, Group: "How the advocates coded it", Title: "The coding: codes and labels",
			Facts: bundleFacts(d.codedFacts(c, &plain, time.Time{})), Data: plain})
	}
	names, any := namesOf(c)
	if any {
		out = append(out, bundle.Part{ID: partNames, Group: "How the advocates coded it", Title: "Names, badges, vehicles, units and providers in the coding",
			Facts: names, Hint: "Free text about people. An earlier coding may hold more than the newest."})
	}
	if len(c.People) > 0 || slices.ContainsFunc(c.Entries, func(e review.Entry) bool { return e.Kind == "person" }) {
		p := bundle.Part{ID: partPeople, Group: "People linked across cases", Title: "Working names of linked people", Off: true,
			Hint: "Shows that the same person is in other cases."}
		for _, l := range c.People {
			p.Facts = append(p.Facts, bundle.Fact{Label: roleWords(l.Role), Values: []string{l.As}})
		}
		out = append(out, p)
	}
	return out
}

func bundleFacts(list []fact) []bundle.Fact {
	var out []bundle.Fact
	for _, f := range list {
		out = append(out, bundle.Fact{Label: f.Label, Values: f.Values})
	}
	return out
}

// withoutNames is a coding's codes alone: no free text, no key that leads to
// figures or to other cases.
func withoutNames(k review.Coding) review.Coding {
	k.RecordKey = ""
	k.Perpetrators, k.People, k.Services = slices.Clone(k.Perpetrators), slices.Clone(k.People), slices.Clone(k.Services)
	for i, p := range k.Perpetrators {
		k.Perpetrators[i] = review.Perpetrator{Code: p.Code}
	}
	for i := range k.People {
		k.People[i].Key = ""
	}
	for i := range k.Services {
		k.Services[i].Provider = ""
	}
	return k
}

// named reports whether a coding has free text.
func named(k *review.Coding) bool {
	return slices.ContainsFunc(k.Perpetrators, func(p review.Perpetrator) bool { return p != review.Perpetrator{Code: p.Code} }) ||
		slices.ContainsFunc(k.Services, func(s review.Service) bool { return s.Provider != "" })
}

// namesOf is the free text of the newest coding, and whether any coding of the
// case has some.
func namesOf(c *review.Case) (out []bundle.Fact, any bool) {
	for _, e := range c.Entries {
		any = any || e.Coding != nil && named(e.Coding)
	}
	if c.Coding == nil {
		return nil, any
	}
	for _, p := range c.Coding.Perpetrators {
		if s := joined(p.Name, prefixed("badge ", p.Badge), prefixed("vehicle ", p.Vehicle), p.Unit); s != "" {
			out = append(out, bundle.Fact{Label: "By whom", Values: []string{s}})
		}
	}
	for _, s := range c.Coding.Services {
		if s.Provider != "" {
			out = append(out, bundle.Fact{Label: "Done for the person by", Values: []string{s.Provider}})
		}
	}
	return out, any
}

func filePart(a review.Attachment) string { return "file-" + itoa(a.N+1) }

func (d *desk) evidenceFiles(c *review.Case) []bundle.File {
	var out []bundle.File
	for i, a := range c.Attachments {
		f := bundle.File{Part: filePart(a), N: i + 1, Ext: extensions[a.Type], Type: a.Type, Size: a.Size, Announced: a.Announced(), Cleaned: a.Cleaned}
		if f.Ext == "" {
			f.Ext = ".bin"
		}
		switch a.Status {
		case review.Complete:
			f.Open = func(ctx context.Context) ([]byte, error) {
				b, _, err := d.work.Attachment(ctx, c.ID, a.N)
				return b, err
			}
		case review.Failed:
			f.Missing = "It came in parts that do not make the file that was announced, and is not in this bundle."
		default:
			f.Missing = "It had not come in whole when this bundle was made, and is not in it."
		}
		out = append(out, f)
	}
	return out
}

// evidenceEntry says one entry in words, what its signed text holds, and the
// part of its own that it is where it has text.
func (d *desk) evidenceEntry(c *review.Case, v *review.View, s review.SignedEntry, b bundle.Case) (bundle.Entry, bundle.Part) {
	e := bundle.Entry{Seq: s.Seq, ID: s.ID.String(), Accepted: s.Accepted, Shown: s.Shown}
	if !s.Accepted {
		return e, bundle.Part{}
	}
	e.Author, e.Name, e.Time, e.Kind = s.Author, v.Name(s.Author), s.Time, s.Kind
	own := func(what string) bundle.Part {
		if e.Text == "" {
			return bundle.Part{}
		}
		id := "entry-" + itoa(int(e.Seq))
		e.Needs = append(e.Needs, id)
		return bundle.Part{ID: id, Group: "What was written into the case", Title: what + " by " + e.Name + ", " + e.Time.UTC().Format("2 Jan 2006")}
	}
	var part bundle.Part
	switch s.Kind {
	case "claim":
		e.What, e.Custody = "took the case", "took the case: opened it and put it under a key of its own"
		e.Needs = d.claimNeeds(c, s, b)
	case "join":
		e.What, e.Needs = "took in what the person sent since", messageNeeds(c, s, b)
	case "note":
		e.What, e.Text = "wrote a note", s.Note.Text
		if s.Note.Safeguarding {
			e.What = "wrote the safeguarding note"
		}
		part = own("Note")
		part.Hint, part.Off = "The desk's own working notes.", true
	case "assign", "propose", "agree", "decline", "undo", "cover", "restrict", "lift", "share", "unshare":
		e.What, e.Text = d.stepWords(c, v, s.Entry)
		if s.Kind == "assign" || s.Kind == "cover" {
			e.Custody = e.What
		}
		part = own("Reason given")
		part.Hint, part.Off = "Why the desk did it, in its own words.", true
	case "task":
		e.What, e.Text = d.careWords(v, s.Entry, s.Time)
		part = own("What was to be done")
		part.Hint, part.Off = "The desk's own working notes.", true
	case "custody":
		e.What, _ = d.careWords(v, s.Entry, s.Time)
		e.Text = custodyFields(s.Custody)
		part = own("Custody, as the desk wrote it down")
	case "risk":
		e.What, e.Text = d.careWords(v, s.Entry, s.Time)
		part = own("What a peer worker risks")
		part.Hint, part.Off = "It may show who brought the case in.", true
	case "relation":
		e.What, e.Text = "wrote down how it stands to another case", "case "+s.Relation.Case[:8]
		part = own("Another case")
		part.Hint, part.Off = "It leads to somebody else's case.", true
	case "state":
		e.What, e.Text = "moved it to “"+d.codes.Label(lang, "state", s.Change.To)+"”", s.Change.Reason
		if s.Change.Close != "" {
			e.What += ": " + d.codes.Label(lang, "close", s.Change.Close)
		}
		if s.Change.Verification != "" {
			e.What += ": " + d.codes.Label(lang, "verification", s.Change.Verification)
		}
		part = own("Reason given")
	case "answer":
		e.What, e.Text = "answered the person", s.Answer.Text
		part = own("Answer to the person")
	case "coding":
		e.What, e.Text, e.Needs = "coded the case", d.codingLine(s.Coding), []string{partCoding}
		if named(s.Coding) {
			e.Needs = append(e.Needs, partNames)
		}
		if slices.ContainsFunc(s.Coding.People, func(p review.CodedPerson) bool { return p.Key != "" }) {
			e.Needs = append(e.Needs, partPeople)
		}
	case "consent":
		e.What, e.Text, e.Needs = "recorded that the person, by word of mouth, took something back", strings.Join(labels(d.codes, "consent", s.Withdrawal.Withdraw), "\n"), []string{partConsent}
	case "person":
		e.What, e.Text, e.Needs = "changed who is linked to the case", personWords(s.Person, c), []string{partPeople}
	case "count", "counted":
		e.What, e.Never = "did what is needed for the case to be counted", "it belongs to the figures, not to the case"
	case "taken-out":
		e.What = "took a readable copy of parts of it out, as " + strings.ToUpper(s.TakenOut.Format)
		e.Custody = e.What
	case "export":
		e.What, e.Text = exportWords(s.Export)
		e.Custody = e.What
		part = own("Whom an earlier bundle was for")
		part.Hint, part.Off = "It tells one about the other.", true
	default:
		e.What, e.Needs = "did something that this version does not know", []string{unshown}
	}
	if at := slices.IndexFunc(c.Entries, func(x review.Entry) bool { return x.ID == s.ID }); at >= 0 {
		switch x := c.Entries[at]; {
		case x.Void: // a rule of the organisation's forbids it
			e.What, e.Custody = e.What+" (this had no effect)", ""
		case !x.Undone.IsZero():
			e.What += " (taken back later)"
		}
	}
	return e, part
}

// custodyFields are all that a custody entry says: whoever leaves them out sees
// what the signed entry holds.
func custodyFields(k review.Custody) string {
	var out []string
	for _, f := range [][2]string{{"Held since", k.Since}, {"Released", k.Released}, {"Place", k.Place}} {
		if f[1] != "" {
			out = append(out, f[0]+": "+f[1])
		}
	}
	if k.Hours > 0 {
		out = append(out, "Hours that the law allows: "+itoa(k.Hours))
	}
	if len(out) == 0 {
		return "Held; nothing more is known."
	}
	return strings.Join(out, "\n")
}

// claimNeeds are the parts that the entry which opened the case holds: all that
// was told, with the report as it was sealed.
func (d *desk) claimNeeds(c *review.Case, s review.SignedEntry, b bundle.Case) []string {
	out := messageNeeds(c, s, b)
	for _, p := range b.Parts {
		if p.ID == partStory || p.ID == partConsent || strings.HasPrefix(p.ID, "re-") {
			out = append(out, p.ID)
		}
	}
	for i, f := range b.Files {
		if c.Attachments[i].N < seal.MaxAttachments {
			out = append(out, f.Part)
		}
	}
	if strange(c.Report) {
		out = append(out, unshown)
	}
	return out
}

// messageNeeds are the parts of later messages that an entry holds. Which file
// came with which message is not asked: one that is left out keeps them all in.
func messageNeeds(c *review.Case, s review.SignedEntry, b bundle.Case) []string {
	var out []string
	for _, id := range s.Messages {
		if i := slices.IndexFunc(c.FollowUps, func(u review.FollowUp) bool { return u.ID == id }); i >= 0 && id != "" {
			out = append(out, messagePart(i))
		} else {
			out = append(out, unshown)
		}
	}
	if len(s.Messages) == 0 {
		return out
	}
	for i, f := range b.Files {
		if c.Attachments[i].N >= seal.MaxAttachments {
			out = append(out, f.Part)
		}
	}
	if len(c.Attachments) >= review.MaxFiles {
		out = append(out, unshown)
	}
	return out
}

// strange reports whether a report holds fields that no page shows, such as
// whom the person left out.
func strange(r seal.Report) bool {
	if len(r.Raw) == 0 {
		return false
	}
	known, err := r.Encode()
	if err != nil {
		return true
	}
	var a, b any
	if json.Unmarshal(r.Raw, &a) != nil || json.Unmarshal(known, &b) != nil {
		return true
	}
	return !within(a, b)
}

// within reports whether every field of a is in b. What b leaves out because it
// is empty may be empty in a.
func within(a, b any) bool {
	switch x := a.(type) {
	case nil:
		return true
	case map[string]any:
		y, _ := b.(map[string]any)
		for k, v := range x {
			if !within(v, y[k]) {
				return false
			}
		}
		return true
	case []any:
		y, _ := b.([]any)
		if len(x) > len(y) {
			return false
		}
		for i := range x {
			if !within(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	return b == nil && reflect.ValueOf(a).IsZero() || reflect.DeepEqual(a, b)
}

// exportWords says what an export entry did.
func exportWords(e review.Export) (what, text string) {
	what = "made an evidence bundle of everything"
	if e.Variant == review.ExportRedacted {
		what = "made an evidence bundle with " + plural(len(e.LeftOut), "part", "parts") + " left out"
	}
	text = "For: " + e.For
	if e.Why != "" {
		text += "\nWhat the person agreed to did not cover it. It rested on: " + e.Why
	}
	return what, text
}
