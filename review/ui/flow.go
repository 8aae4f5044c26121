package ui

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// flowPart is what a case's page has for working on it together.
type flowPart struct {
	Waiting []waiting
	Forms   []flowForm
	Meant   []string // what stands though it is only said, not done
	Away    string   // that the holder is away, and who covers
}

// waiting is a proposal and what may be said to it.
type waiting struct {
	Text, Reason, When string
	Why                string // why this person can't agree
	Forms              []flowForm
}

// flowForm is a form that unfolds under its verb.
type flowForm struct {
	ID, URL, Verb, Hint string
	Hidden              map[string]string
	Fields              []flowField
	Open                bool
}

type flowField struct {
	Name, Label, Hint string
	Kind              string // area, select, date or people
	Must              bool
	Options           []option
	Value             string
}

// answers reports whether the form is the one that was sent. A case may have
// been taken meanwhile and be at another address, so only the end counts.
func (f flowForm) answers(at string, sent url.Values) bool {
	if path.Base(f.URL) != path.Base(at) {
		return false
	}
	for name, value := range f.Hidden {
		if sent.Get(name) != value {
			return false
		}
	}
	return true
}

// refill opens the form with what was typed into it.
func (f *flowForm) refill(sent url.Values) {
	f.Open = true
	for i := range f.Fields {
		x := &f.Fields[i]
		x.Value = lines(sent.Get(x.Name))
		for j := range x.Options {
			o := &x.Options[j]
			o.Chosen = slices.Contains(sent[x.Name], o.Value)
		}
	}
}

// refill puts what was typed back into the form that it was typed into.
// It reports whether that is on the page.
func (p *flowPart) refill(at string, sent url.Values) bool {
	there := refill(p.Forms, at, sent)
	for i := range p.Waiting {
		there = refill(p.Waiting[i].Forms, at, sent) || there
	}
	return there
}

func refill(forms []flowForm, at string, sent url.Values) bool {
	there := false
	for i := range forms {
		if forms[i].answers(at, sent) {
			forms[i].refill(sent)
			there = true
		}
	}
	return there
}

// flow makes what a person who holds the case can do about it with others.
func (d *desk) flow(c *review.Case, v *review.View, now time.Time) flowPart {
	var p flowPart
	base := "/case/" + c.ID.String()
	may := func(kind string, s review.Step) error { return d.work.May(c, review.Entry{Kind: kind, Step: &s}) }
	reason := func(label string) flowField { return flowField{Name: "reason", Label: label, Kind: "area", Must: true} }
	for _, x := range c.Proposals {
		w := waiting{Text: v.Name(x.By) + " proposes to " + proposed(x.What), Reason: x.Reason, When: ago(x.Time, now)}
		of := map[string]string{"of": x.Entry.String()}
		if x.What == review.Restrict {
			w.Text += ": " + nameList(v, x.People)
			if may("restrict", review.Step{}) != nil {
				w.Why = "Only a lead can do it."
			}
		} else if err := may("agree", review.Step{Of: x.Entry.String()}); err != nil {
			w.Why = upper(err.Error()) + "."
		} else {
			w.Forms = append(w.Forms, flowForm{ID: "agree-" + x.What, URL: base + "/agree", Verb: "Agree to " + proposed(x.What), Hidden: of,
				Hint: agreeHint(x.What)})
		}
		verb := "Decline"
		if x.By == d.work.Me() {
			verb = "Take your proposal back"
		}
		if d.work.Partner() {
			p.Waiting = append(p.Waiting, waiting{Text: w.Text, Reason: w.Reason, When: w.When})
			continue
		}
		w.Forms = append(w.Forms, flowForm{ID: "decline-" + x.What, URL: base + "/decline", Verb: verb, Hidden: of, Fields: []flowField{reason("Reason")}})
		p.Waiting = append(p.Waiting, w)
	}
	if may("propose", review.Step{What: review.NotVerified}) == nil && !proposes(c, review.NotVerified) {
		p.Forms = append(p.Forms, flowForm{ID: "propose-not-verified", URL: base + "/propose", Verb: "Propose as not verified", Hidden: map[string]string{"what": review.NotVerified},
			Hint: "A colleague has to agree. The person never reads it.", Fields: []flowField{reason("Why it can't be confirmed")}})
	}
	if may("propose", review.Step{What: review.Erase}) == nil && !proposes(c, review.Erase) {
		p.Forms = append(p.Forms, flowForm{ID: "propose-erase", URL: base + "/propose", Verb: "Propose to erase", Hidden: map[string]string{"what": review.Erase},
			Hint: "A colleague has to agree, before anything else is written into the case. Then it goes for good, from the server and from every workstation at its next sync: reports, messages, files, notes and answers. Copies that somebody made stay. The reason goes with it.", Fields: []flowField{reason("Why it has to go")}})
	}
	if c.Erase != nil {
		p.Meant = append(p.Meant, "Two people agreed that this case is to be erased ("+c.Erase.Reason+"). It goes as soon as one of the two is connected; until then everything is still there.")
	}
	if may("assign", review.Step{}) == nil {
		f := flowForm{ID: "assign", URL: base + "/assign", Verb: "Hand the case over"}
		if to := colleagues(c, v, c.Holder); len(to) > 0 {
			f.Fields = []flowField{{Name: "to", Label: "To", Kind: "select", Must: true, Options: to}, reason("Why"),
				{Name: "open", Label: "What is open", Kind: "area", Must: c.Holder == d.work.Me(), Hint: "What was promised, to whom, and by when."}}
			p.Forms = append(p.Forms, f)
		}
	}
	p.Forms = append(append(p.Forms, d.restrictForms(c, v)...), d.shareForms(c, v)...)
	if c.Restricted != nil {
		p.Meant = append(p.Meant, "Restricted to "+nameList(v, c.Restricted)+". The person’s phone seals later messages to the whole desk, as before; colleagues’ programs keep them for the holder.")
	}
	if c.Cover.By != "" && c.Cover.Until >= now.UTC().Format(time.DateOnly) {
		p.Away = "Away from " + c.Cover.From + " to " + c.Cover.Until + ": " + v.Name(c.Cover.By) + " covers"
	}
	return p
}

// restrictForms restrict a case or open it again, or ask a lead for it.
func (d *desk) restrictForms(c *review.Case, v *review.View) []flowForm {
	base, may := "/case/"+c.ID.String(), func(kind, what string) bool {
		return d.work.May(c, review.Entry{Kind: kind, Step: &review.Step{What: what}}) == nil
	}
	if v.Roster == nil {
		return nil
	}
	people := flowField{Name: "people", Label: "Who goes on with it", Kind: "people"}
	asked, why := []string{c.Holder}, ""
	if c.Restricted != nil {
		asked = c.Restricted
	}
	for _, x := range c.Proposals {
		if x.What == review.Restrict {
			asked, why = x.People, x.Reason
		}
	}
	for _, x := range v.Roster.People {
		if (x.Has(roster.Advocate) || x.Has(roster.Lead)) && !slices.Contains(c.LeftOut(), x.ID) {
			people.Options = append(people.Options, option{Value: x.ID, Label: x.Name, Chosen: slices.Contains(asked, x.ID)})
		}
	}
	fields := []flowField{people, {Name: "reason", Label: "Why", Kind: "area", Must: true, Value: why}}
	const what = "From then on only they, and the recovery key, can read and write what is new. What others could read until then they keep."
	var out []flowForm
	switch {
	case may("restrict", ""):
		out = append(out, flowForm{ID: "restrict", URL: base + "/restrict", Verb: "Restrict the case", Hint: what, Fields: fields})
	case may("propose", review.Restrict) && !proposes(c, review.Restrict):
		out = append(out, flowForm{ID: "ask-restrict", URL: base + "/propose", Verb: "Ask a lead to restrict the case", Hidden: map[string]string{"what": review.Restrict}, Hint: what, Fields: fields})
	}
	if c.Restricted != nil && may("lift", "") {
		out = append(out, flowForm{ID: "lift", URL: base + "/lift", Verb: "Open the case to the desk again",
			Hint: "Your desk's advocates can then read all of it, what was written meanwhile too.", Fields: []flowField{{Name: "reason", Label: "Why", Kind: "area", Must: true}}})
	}
	return out
}

// nameList is people's names in one line.
func nameList(v *review.View, people []string) string {
	var out []string
	for _, p := range people {
		out = append(out, v.Name(p))
	}
	return strings.Join(out, ", ")
}

// colleagues are those who hold the case's key and could take it on, but one.
func colleagues(c *review.Case, v *review.View, but string) []option {
	var out []option
	for _, id := range c.Granted {
		if v.Roster == nil || id == but {
			continue
		}
		if person, ok := v.Roster.Person(id); ok && !c.SharedWith(id) {
			out = append(out, option{Value: id, Label: person.Name})
		}
	}
	return out
}

// partnersOf are the partners who have the case.
func partnersOf(c *review.Case, v *review.View) []option {
	var out []option
	for _, x := range c.Shared {
		out = append(out, option{Value: x.Partner, Label: v.Name(x.Partner) + ", partner"})
	}
	return out
}

// undoForm takes an entry back, where this person can.
func (d *desk) undoForm(c *review.Case, e review.Entry) []flowForm {
	if d.work.May(c, review.Entry{Kind: "undo", Step: &review.Step{Of: e.ID.String()}}) != nil {
		return nil
	}
	return []flowForm{{ID: "undo-" + itoa(int(e.Seq)), URL: "/case/" + c.ID.String() + "/undo", Verb: "Take this back", Hidden: map[string]string{"of": e.ID.String()},
		Fields: []flowField{{Name: "reason", Label: "Why", Kind: "area", Must: true}}}}
}

func authorOf(c *review.Case, entry vault.ID) string {
	for _, e := range c.Entries {
		if e.ID == entry {
			return e.Author
		}
	}
	return ""
}

func agreeHint(what string) string {
	if what == review.Erase {
		return "Read the case first. With your agreement it goes for good, and nobody can bring it back. Both names and the day stay known."
	}
	return "Read the case first. It happens with your agreement, and both names stand in its history."
}

func proposes(c *review.Case, what string) bool {
	return slices.ContainsFunc(c.Proposals, func(p review.Proposal) bool { return p.What == what })
}

// proposed says what a proposal is about, after "to".
func proposed(what string) string {
	switch what {
	case review.NotVerified:
		return "mark it as not verified"
	case review.Erase:
		return "erase it"
	case review.Restrict:
		return "restrict it to some people"
	}
	return "do something that this version does not know (" + what + ")"
}

// stepWords says in the history what an entry of the workflow did.
func (d *desk) stepWords(c *review.Case, v *review.View, e review.Entry) (what, text string) {
	switch e.Kind {
	case "propose":
		return "proposed to " + proposed(e.Step.What), e.Step.Reason
	case "agree":
		return "agreed, as the second person, to " + proposed(answered(c, e).Step.What), ""
	case "decline":
		if of := answered(c, e); of.Author == e.Author {
			return "took back the proposal to " + proposed(of.Step.What), e.Step.Reason
		}
		return "declined the proposal to " + proposed(answered(c, e).Step.What), e.Step.Reason
	case "assign":
		text = e.Step.Reason
		if e.Step.Open != "" {
			text += "\nWhat is open: " + e.Step.Open
		}
		return "gave the case to " + v.Name(e.To), text
	case "cover":
		if e.Step.By == "" {
			return "ended the cover of this case", ""
		}
		return "arranged that " + v.Name(e.Step.By) + " covers it from " + e.Step.From + " to " + e.Step.Until, ""
	case "restrict":
		return "restricted the case to " + nameList(v, e.Step.People), e.Step.Reason
	case "lift":
		return "opened the case to the desk again", e.Step.Reason
	case "share":
		return "shared the case with " + v.Name(e.Step.To), e.Step.Reason
	case "unshare":
		return "ended the share with " + v.Name(e.Step.To), e.Step.Reason
	case "undo":
		return "took back what " + v.Name(answered(c, e).Author) + " did on " + answered(c, e).Time.Local().Format("2 Jan 2006 15:04"), e.Step.Reason
	}
	return "did something that this version does not know (" + e.Kind + ")", ""
}

// answered is the entry that another one names.
func answered(c *review.Case, e review.Entry) review.Entry {
	for _, x := range c.Entries {
		if x.ID.String() == e.Step.Of {
			if x.Step == nil {
				x.Step = &review.Step{}
			}
			return x
		}
	}
	return review.Entry{Step: &review.Step{}}
}

func (s *Server) propose(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "It is proposed. The case waits for a second person.", func(ctx context.Context, c *review.Case) error {
		f := r.PostForm
		if f.Get("what") == review.Restrict {
			return d.work.AskToRestrict(ctx, c.ID, f["people"], lines(f.Get("reason")))
		}
		return d.work.Propose(ctx, c.ID, f.Get("what"), lines(f.Get("reason")))
	})
}

func (s *Server) agree(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "You agreed, as the second person.", func(ctx context.Context, c *review.Case) error {
		return d.work.Agree(ctx, c.ID, entryOf(r))
	})
}

func (s *Server) decline(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "The proposal is off.", func(ctx context.Context, c *review.Case) error {
		return d.work.Decline(ctx, c.ID, entryOf(r), lines(r.PostForm.Get("reason")))
	})
}

func (s *Server) undo(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "It was taken back, and what stood before stands again. Both are in the history.", func(ctx context.Context, c *review.Case) error {
		return d.work.Undo(ctx, c.ID, entryOf(r), lines(r.PostForm.Get("reason")))
	})
}

func (s *Server) restrict(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "The case is restricted. What is new in it, only the people named can read.", func(ctx context.Context, c *review.Case) error {
		return d.work.Restrict(ctx, c.ID, r.PostForm["people"], lines(r.PostForm.Get("reason")))
	})
}

func (s *Server) lift(w http.ResponseWriter, r *http.Request, d *desk) {
	s.act(w, r, d, "The case is open to the desk again. Colleagues get its key with the next entry.", func(ctx context.Context, c *review.Case) error {
		return d.work.Lift(ctx, c.ID, lines(r.PostForm.Get("reason")))
	})
}

// entryOf is the entry that a form names; one that is none names nothing.
func entryOf(r *http.Request) vault.ID {
	id, _ := vault.ParseID(strings.TrimSpace(r.PostForm.Get("of")))
	return id
}
