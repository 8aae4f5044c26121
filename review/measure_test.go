package review_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Four cases: answered in time and late, not answered, a practice one; one of
// them merged into another. Expected figures are worked out by hand.
func TestMeasures(t *testing.T) {
	o := reviewtest.New(t)
	w := o.Workstation(o.Nino, nil)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	send := func(change func(*seal.Report)) vault.ID {
		t.Helper()
		s := o.Send("street", change)
		_, err := w.Take(ctx, s.Deposit)
		must(err)
		return s.Deposit
	}
	law := func(r *seal.Report) { r.Answers.Need = []string{"lawyer-now"} }
	quick, late, never := send(law), send(law), send(nil)
	send(func(r *seal.Report) { r.Practice = true })
	again := send(nil)
	must(w.Answer(ctx, quick, "PRACTICE", 9))
	o.Clock.Advance(5 * 24 * time.Hour)
	w = o.Workstation(o.Nino, nil)
	must(w.Answer(ctx, late, "PRACTICE", 9))
	must(w.Relate(ctx, again, never, review.AsDuplicate))
	k := reviewtest.Coding("extortion")
	k.Services = []review.Service{{Code: "legal-primary", Day: "2026-11-24", Outcome: "full"}, {Code: "medical-social", Day: "2026-11-25", Outcome: "pending"}, {Code: "legal-primary", Day: "2026-11-30", Outcome: "declined"}}
	must(w.SetCoding(ctx, quick, k, o.Book(), nil))
	must(w.SetTask(ctx, never, review.Task{ID: review.NewTaskID(), Kind: review.KindVisit, Day: "2026-11-25", State: review.TaskOpen}))

	got := w.View().Measure(0, o.Clock.Now(), review.Objectives{First: 3, Legal: 1})
	want := review.Measures{
		Cases: 3, Stages: map[string]int{"triage": 3},
		First:    review.Wait{Of: 3, Had: 2, Within: 1, Median: 0, Late: 1},
		Legal:    review.Wait{Of: 2, Had: 1, Within: 1, Median: 1, Late: 1},
		Services: []review.ServiceCount{{Code: "legal-primary", Outcomes: map[string]int{"full": 1, "declined": 1}}, {Code: "medical-social", Outcomes: map[string]int{"pending": 1}}},
		Load:     []review.Load{{Person: o.Nino.ID(), Open: 4, Overdue: 1}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := w.View().Measure(vault.DayOf(o.Clock.Now()), o.Clock.Now(), review.Objectives{}); got.Cases != 0 || got.First.Of != 0 {
		t.Errorf("of today: %+v", got)
	}
}

func TestWhoCanOpenWhat(t *testing.T) {
	o := reviewtest.New(t)
	w := o.Workstation(o.Nino, nil)
	s := o.Send("street", nil)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	o.Next(func(r *roster.Roster) {
		r.People = append([]roster.Person(nil), r.People...)
		r.People = append(r.People[:1], r.People[2:]...) // Ana has left
		r.Desks = append([]roster.Desk(nil), r.Desks...)
		r.Desks[0].People, r.Desks[1].People = []string{o.Nino.ID()}, []string{o.Luka.ID()}
	})
	sync(t, w)
	at := map[string]review.Access{}
	for _, a := range w.View().Access() {
		at[a.Person] = a
	}
	if a := at[o.Nino.ID()]; a.Cases != 1 || a.Out || len(a.Desks) != 1 {
		t.Errorf("Nino: %+v", a)
	}
	if a := at[o.Ana.ID()]; a.Cases != 1 || !a.Out {
		t.Errorf("who left and holds a key: %+v", a)
	}
	if a := at[o.Luka.ID()]; a.Cases != 0 || a.Out {
		t.Errorf("another desk: %+v", a)
	}
}
