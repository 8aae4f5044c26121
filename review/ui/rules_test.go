package ui_test

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// press is a row of the desk's table as a form of a page: where it goes, what
// is in it, in which state the case is, and who may.
type press struct {
	row, path string
	form      url.Values
	state     string
	may       string
	first     func(id vault.ID) // sets the case up
	of        bool              // names the newest entry
	alone     bool              // not shared with the partner beforehand
	partner   bool              // tried by the partner alone
}

// attack 33, through the pages: each row of the table, pressed by everybody.
// Who may not gets no 2xx, and nothing is written. The rows are those of
// TestAttack33DeskRowByRow, which tries them past the program, too; but for join
// and the figures' two, which have no form of their own, coding, whose form goes
// through the same action, and cover, which TestLeaveCoverPage tries.
func TestAttack33PagesRowByRow(t *testing.T) {
	o := reviewtest.New(t)
	o.Next(func(r *roster.Roster) {
		r.Desks = slices.Clone(r.Desks)
		r.Desks[0].People = []string{o.Nino.ID(), o.Ana.ID(), o.Luka.ID()}
		r.Desks[1].People = []string{o.Keti.ID()}
		r.People = slices.Clone(r.People)
		r.People[4].Roles = []string{roster.Advocate}
	})
	rita := o.Hire("p-00000000000000aa", "Partner Rita", roster.Partner)
	kinds := []string{"holder", "advocate", "lead", "other", "keeper", "partner"}
	people := map[string]*reviewtest.Person{"partner": rita, "holder": o.Nino, "advocate": o.Luka, "lead": o.Ana, "other": o.Keti, "keeper": o.Mari}
	at := map[string]*browser{}
	for _, k := range kinds {
		at[k] = unlocked(t, o, people[k])
	}
	// A second place of the holder and of a colleague sets cases up.
	nino, luka, ana := o.Workstation(o.Nino, nil), o.Workstation(o.Luka, nil), o.Workstation(o.Ana, nil)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	to := func(state string) url.Values {
		f := url.Values{"to": {state}, "reason": {"PRACTICE"}}
		switch state {
		case review.Closed:
			f.Set("close", "withdrawn")
		case review.Verified:
			f.Set("verification", "documented")
		}
		return f
	}
	why := func(pairs ...string) url.Values {
		f := url.Values{"reason": {"PRACTICE"}}
		for i := 0; i < len(pairs); i += 2 {
			f.Add(pairs[i], pairs[i+1])
		}
		return f
	}
	const all = "advocate holder lead"
	two := why("people", o.Nino.ID(), "people", o.Ana.ID())
	rows := []press{
		{row: "claim triage", path: "/take", form: url.Values{}, state: review.New, may: all},
		{row: "note", path: "/note", form: url.Values{"text": {"PRACTICE"}}, may: all + " partner"},
		{row: "consent", path: "/withdraw", form: url.Values{"consent": {"legal-help"}}, may: all},
		{row: "person", path: "/people/link", form: url.Values{"new": {"PRACTICE Heron"}, "role": {"affected"}}, may: all},
		{row: "answer", path: "/answer/send", form: url.Values{"text": {"PRACTICE"}, "read": {"0"}}, may: all},
		{row: "assign", path: "/assign", form: why("to", o.Ana.ID(), "open", "PRACTICE"), may: "holder lead"},
		{row: "state in-review", path: "/state", form: to(review.InReview), may: all},
		{row: "state verified", path: "/state", form: to(review.Verified), state: review.InReview, may: all},
		{row: "state action", path: "/state", form: to(review.Action), may: all},
		{row: "state monitoring", path: "/state", form: to(review.Monitoring), state: review.Action, may: all},
		{row: "state closed", path: "/state", form: to(review.Closed), may: all},
		{row: "state reopened", path: "/state", form: to(review.Reopened), state: review.Closed, may: all},
		{row: "state not-verified", path: "/state", form: to(review.NotVerified), state: review.InReview, may: ""}, // no row: nobody alone
		{row: "propose not-verified", path: "/propose", form: why("what", "not-verified"), state: review.InReview, may: all},
		{row: "agree not-verified", path: "/agree", form: url.Values{}, of: true, state: review.InReview, may: "advocate lead",
			first: func(id vault.ID) { ok(nino.Propose(t.Context(), id, review.NotVerified, "PRACTICE")) }},
		{row: "propose erase", path: "/propose", form: why("what", "erase"), may: all},
		{row: "agree erase", path: "/agree", form: url.Values{}, of: true, may: "advocate lead",
			first: func(id vault.ID) { ok(nino.Propose(t.Context(), id, review.Erase, "PRACTICE")) }},
		{row: "decline", path: "/decline", form: why(), of: true, may: all,
			first: func(id vault.ID) { ok(nino.Propose(t.Context(), id, review.Erase, "PRACTICE")) }},
		{row: "propose restrict", path: "/propose", form: why("what", "restrict", "people", o.Nino.ID(), "people", o.Ana.ID()), may: "holder lead"},
		{row: "restrict", path: "/restrict", form: two, may: "lead"},
		{row: "lift", path: "/lift", form: why(), may: "lead",
			first: func(id vault.ID) {
				ok(ana.Restrict(t.Context(), id, []string{o.Nino.ID(), o.Ana.ID(), o.Luka.ID()}, "PRACTICE"))
			}},
		{row: "share", path: "/share", form: why("to", rita.ID()), may: "holder lead", alone: true},
		{row: "unshare", path: "/share/end", form: why("to", rita.ID()), may: "lead"},
		{row: "export", path: "/evidence/download", form: why("for", "PRACTICE"), may: "", partner: true},
		{row: "taken-out", path: "/../../take-out", form: url.Values{}, may: "", partner: true},
		{row: "task for another", path: "/task", form: url.Values{"kind": {"visit"}}, may: "", partner: true},
		{row: "custody", path: "/custody", form: url.Values{"place": {"PRACTICE"}}, may: "", partner: true},
		{row: "risk", path: "/risk", form: url.Values{"of": {"job"}}, may: "", partner: true},
		{row: "count", path: "/count", form: url.Values{}, may: "", partner: true},
		{row: "coding", path: "/coding", form: url.Values{}, may: "", partner: true},
		{row: "undo state", path: "/undo", form: why(), of: true, may: "advocate lead",
			first: func(id vault.ID) { ok(luka.SetState(t.Context(), id, review.Change{To: review.Action})) }},
		{row: "undo assign", path: "/undo", form: why(), of: true, may: "holder lead",
			first: func(id vault.ID) { ok(nino.HandOver(t.Context(), id, o.Luka.ID(), "PRACTICE", "PRACTICE")) }},
		{row: "undo coding", path: "/undo", form: why(), of: true, may: "advocate lead", first: func(id vault.ID) { o.CodeCase(luka, id, "extortion") }},
		{row: "undo person", path: "/undo", form: why(), of: true, may: "advocate lead",
			first: func(id vault.ID) {
				ok(luka.LinkPerson(t.Context(), id, review.NewPersonKey(), review.RoleReporter, "PRACTICE Heron"))
			}},
	}
	ways := map[string][]string{review.InReview: {review.InReview}, review.Action: {review.Action}, review.Closed: {review.Closed}}
	for _, x := range rows {
		t.Run(x.row, func(t *testing.T) {
			made := func(share bool) vault.ID {
				s := o.Send("street", func(r *seal.Report) { r.Consent = []string{"legal-help", review.Share} })
				if x.state == review.New {
					return s.Deposit
				}
				id, err := nino.Take(t.Context(), s.Deposit)
				ok(err)
				if share && !x.alone {
					ok(nino.ShareCase(t.Context(), id, rita.ID(), "PRACTICE"))
				}
				for _, state := range ways[x.state] {
					f := to(state)
					ok(nino.SetState(t.Context(), id, review.Change{To: state, Reason: "PRACTICE", Close: f.Get("close")}))
				}
				if x.first != nil {
					x.first(id)
				}
				return id
			}
			press := func(b *browser, id vault.ID) (status int, wrote bool, page string) {
				form := url.Values{}
				for k, v := range x.form {
					form[k] = v
				}
				if x.of {
					head, err := o.Store.Head(t.Context(), id)
					ok(err)
					form.Set("of", head.Entry.String())
				}
				b.post2("/sync")
				before, err := o.Store.FeedHead(t.Context())
				ok(err)
				resp, page := b.post("/case/"+id.String()+x.path, form)
				after, err := o.Store.FeedHead(t.Context())
				ok(err)
				return resp.StatusCode, after.Pos != before.Pos, page
			}
			id := made(true)
			for _, who := range kinds {
				if !strings.Contains(x.may, who) && (!x.partner || who == "partner") {
					if status, wrote, page := press(at[who], id); status < 400 || wrote {
						t.Errorf("%s may not: status %d, wrote %v: %s", who, status, wrote, text(page))
					}
				}
			}
			for i, who := range strings.Fields(x.may) {
				if i > 0 && os.Getenv("ROWS") == "" {
					break // the first may by the least
				}
				if status, wrote, page := press(at[who], made(x.row == "unshare")); status != http.StatusOK || !wrote {
					t.Errorf("%s may: status %d, wrote %v: %s", who, status, wrote, text(page))
				}
			}
		})
	}
}
