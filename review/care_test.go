package review_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault/seal"
)

// What is to be done, who is held and what a peer worker risks are entries like
// any other: colleagues see them, the newest counts, and what is refused changes
// nothing.
func TestTasksCustodyAndRisk(t *testing.T) {
	o := reviewtest.New(t)
	nino, ana := o.Workstation(o.Nino, nil), o.Workstation(o.Ana, nil)
	s := o.Send("street", nil)
	if _, err := nino.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	hearing := review.Task{ID: review.NewTaskID(), Kind: review.KindHearing, What: "  First   hearing ", Day: "2026-12-01", Hour: "09:30", State: review.TaskOpen}
	visit := review.Task{ID: review.NewTaskID(), Kind: review.KindVisit, Who: o.Ana.ID(), State: review.TaskOpen}
	must(nino.SetTask(ctx, s.Deposit, visit))
	must(nino.SetTask(ctx, s.Deposit, hearing))
	must(nino.SetCustody(ctx, s.Deposit, review.Custody{Since: "2026-11-23T06:15Z", Hours: 48, Place: "Station 4"}))
	must(nino.SetRisk(ctx, s.Deposit, review.Risk{Of: []string{"job", "arrest", "job"}, Done: []string{"salary-while-detained"}, Text: "Her outreach card was photographed."}))
	sync(t, ana)
	c := find(t, ana, s.Deposit)
	if got := c.OpenTasks(); len(got) != 2 || got[0].What != "First hearing" || got[1].Kind != review.KindVisit {
		t.Errorf("what is to be done, the first due first: %+v", got)
	}
	since, ends, held := c.Held()
	if !held || !ends.Equal(since.Add(48*time.Hour)) || review.AtMinute(since) != "2026-11-23T06:15Z" || !c.Urgent() {
		t.Errorf("held since %v, until %v: %v, urgent %v", since, ends, held, c.Urgent())
	}
	if want := (&review.Risk{Of: []string{"arrest", "job"}, Done: []string{"salary-while-detained"}, Text: "Her outreach card was photographed."}); cmp.Diff(want, c.Risk) != "" {
		t.Error(cmp.Diff(want, c.Risk))
	}
	if c.Overdue(reviewtest.Start) || !c.Overdue(time.Date(2026, 12, 1, 9, 31, 0, 0, time.UTC)) {
		t.Error("the hearing is overdue a minute after it, and not before")
	}

	for what, err := range map[string]error{
		"a hearing without a day":    nino.SetTask(ctx, s.Deposit, review.Task{ID: review.NewTaskID(), Kind: review.KindHearing, State: review.TaskOpen}),
		"another thing, not said":    nino.SetTask(ctx, s.Deposit, review.Task{ID: review.NewTaskID(), Kind: review.KindOther, State: review.TaskOpen}),
		"a day that is none":         nino.SetTask(ctx, s.Deposit, review.Task{ID: review.NewTaskID(), Kind: review.KindVisit, Day: "2026-02-30", State: review.TaskOpen}),
		"too many words":             nino.SetTask(ctx, s.Deposit, review.Task{ID: review.NewTaskID(), Kind: review.KindVisit, What: strings.Repeat("é", 501), State: review.TaskOpen}),
		"somebody without the key":   nino.SetTask(ctx, s.Deposit, review.Task{ID: review.NewTaskID(), Kind: review.KindVisit, Who: o.Luka.ID(), State: review.TaskOpen}),
		"the same once more":         nino.SetTask(ctx, s.Deposit, visit),
		"released before the arrest": nino.SetCustody(ctx, s.Deposit, review.Custody{Since: "2026-11-23T06:15Z", Released: "2026-11-23T06:14Z"}),
		"hours below none":           nino.SetCustody(ctx, s.Deposit, review.Custody{Hours: -1}),
		"a risk of nothing":          nino.SetRisk(ctx, s.Deposit, review.Risk{}),
	} {
		if !errors.Is(err, review.ErrNotLegal) {
			t.Errorf("%s: %v", what, err)
		}
	}

	hearing.What, hearing.State = "First hearing", review.TaskDone
	must(ana.SetTask(ctx, s.Deposit, hearing))
	must(ana.SetCustody(ctx, s.Deposit, review.Custody{Since: "2026-11-23T06:15Z", Hours: 48, Place: "Station 4", Released: "2026-11-24T10:00Z"}))
	must(ana.SetRisk(ctx, s.Deposit, review.Risk{Over: true}))
	sync(t, nino)
	c = find(t, nino, s.Deposit)
	if _, _, held := c.Held(); held || c.Urgent() || len(c.OpenTasks()) != 1 || !c.Risk.Over || len(c.Problems) != 0 {
		t.Errorf("afterwards: held %v, urgent %v, %+v, %+v, %v", held, c.Urgent(), c.OpenTasks(), c.Risk, c.Problems)
	}
	if err := review.FromNothing(nino); err != nil {
		t.Error(err)
	}
}

func TestCasesThatMayBelongTogether(t *testing.T) {
	o := reviewtest.New(t)
	w := o.Workstation(o.Nino, nil)
	send := func(change func(*seal.Report)) *reviewtest.Sent {
		t.Helper()
		return o.Send("street", change)
	}
	at := func(day string) func(*seal.Report) {
		return func(r *seal.Report) {
			r.Answers.Where = seal.Where{Region: "north", Part: "harbour"}
			r.Answers.When = seal.When{Kind: "date", Date: day}
		}
	}
	first := send(func(r *seal.Report) {
		at("2026-11-20")(r)
		r.Answers.WhoText, r.Answers.Where.Place = "Badge AB-1234, a tall one", "By the Élan pier"
	})
	number := send(func(r *seal.Report) {
		r.Answers.Story = "PRACTICE. He wore the number ab ١٢٣٤? I read AB١٢٣٤ on it."
	})
	place := send(func(r *seal.Report) { at("2026-11-21")(r); r.Answers.Where.Place = "by the  ELAN pier" })
	near := send(at("2026-11-22"))                                                            // the same days alone say too little
	send(func(r *seal.Report) { r.Answers.Story = "PRACTICE. At 22:30, or 22h30, in 2026." }) // numbers that everybody has
	practised := send(func(r *seal.Report) {
		r.Practice, r.Answers.WhoText = true, "Badge AB-1234"
	})
	sync(t, w)
	said := func() (out []string) {
		for _, s := range w.View().Similar(find(t, w, first.Deposit)) {
			out = append(out, fmt.Sprint(s.Case.ID == number.Deposit, s.Case.ID == place.Deposit, s.Why))
		}
		return out
	}
	if want := []string{"true false [number]", "false true [place days]"}; !slices.Equal(said(), want) {
		t.Fatalf("%q, want %q", said(), want)
	}

	for _, s := range []*reviewtest.Sent{first, number, place, near, practised} {
		if _, err := w.Take(ctx, s.Deposit); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.Relate(ctx, number.Deposit, first.Deposit, review.AsDuplicate))
	if may, why := find(t, w, number.Deposit).MayCount(); may || !strings.Contains(why, "counts there") {
		t.Errorf("a case that is merged into another one counts twice: %q", why)
	}
	must(w.Relate(ctx, first.Deposit, place.Deposit, review.AsUnrelated))
	if got := said(); len(got) != 0 {
		t.Errorf("suggested again after a person decided: %q", got)
	}
	got := w.View().Related(find(t, w, first.Deposit))
	if len(got) != 1 || !got[0].Back || got[0].As != review.AsDuplicate || got[0].Case != find(t, w, number.Deposit) {
		t.Errorf("the other case says what it is: %+v", got)
	}
	for what, err := range map[string]error{
		"a case to itself":    w.Relate(ctx, first.Deposit, first.Deposit, review.AsRelated),
		"each into the other": w.Relate(ctx, first.Deposit, number.Deposit, review.AsDuplicate),
		"into two at once":    w.Relate(ctx, number.Deposit, place.Deposit, review.AsDuplicate),
		"what is said so":     w.Relate(ctx, number.Deposit, first.Deposit, review.AsDuplicate),
		"practice and real":   w.Relate(ctx, near.Deposit, practised.Deposit, review.AsRelated),
	} {
		if !errors.Is(err, review.ErrNotLegal) {
			t.Errorf("%s: %v", what, err)
		}
	}
	must(w.Relate(ctx, number.Deposit, first.Deposit, review.AsUnrelated)) // taken apart again
	if got := w.View().Related(find(t, w, first.Deposit)); len(got) != 0 {
		t.Errorf("taken apart: %+v", got)
	}
	must(w.Relate(ctx, first.Deposit, near.Deposit, review.AsRelated))
	if got := w.View().Related(find(t, w, near.Deposit)); len(got) != 1 || !got[0].Back {
		t.Errorf("from the other side: %+v", got)
	}
	if err := review.FromNothing(w); err != nil {
		t.Error(err)
	}
}

// There is one way to write each of these entries, and whatever is taken is
// written the same again.
func FuzzCare(f *testing.F) {
	for _, s := range []string{
		`{"task":"00112233445566778899aabbccddeeff","kind":"hearing","what":"PRACTICE","day":"2026-12-01","hour":"09:30","who":"p-0000000000000001","state":"open"}`,
		`{"since":"2026-11-23T06:15Z","hours":48,"place":"Station 4","released":""}`,
		`{"of":["arrest"],"done":[],"text":"two\nlines","over":false}`,
		`{"case":"` + strings.Repeat("ab", 32) + `","as":"duplicate"}`,
		`{"case":"` + strings.Repeat("00", 32) + `","as":"duplicate"}`,
		`{"since":"","hours":0,"place":"","released":""} `, `{"of":null,"done":[],"text":"x","over":false}`, `{"of":["job","arrest"],"done":[],"text":"","over":true}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		task, err := review.ParseTask(b)
		same(t, b, task, err)
		custody, err := review.ParseCustody(b)
		same(t, b, custody, err)
		risk, err := review.ParseRisk(b)
		same(t, b, risk, err)
		relation, err := review.ParseRelation(b)
		same(t, b, relation, err)
	})
}

func same(t *testing.T, b []byte, v any, err error) {
	t.Helper()
	if err != nil {
		return
	}
	if again, err := review.Canonical(v); err != nil || string(again) != string(b) {
		t.Errorf("%q was taken, and is written %q (%v)", b, again, err)
	}
}
