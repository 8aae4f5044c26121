package review_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// Two workstations that may read the same stand the same, entry by entry; who
// was left out has the beginning; and no word that anybody wrote is in it.
func TestStandings(t *testing.T) {
	b := newBench(t)
	s := b.Send("street", nil)
	nino, ana, luka := b.at["holder"], b.at["lead"], b.at["advocate"]
	id, err := nino.Take(ctx, s.Deposit)
	b.ok(err)
	b.ok(nino.AddNote(ctx, id, review.Note{Text: "SECRET note"}))
	b.ok(nino.SetState(ctx, id, review.Change{To: review.InReview, Reason: "SECRET reason"}))
	b.ok(nino.SetCustody(ctx, id, review.Custody{Place: "SECRET place", Released: ""}))
	b.ok(nino.SetTask(ctx, id, review.Task{ID: review.NewTaskID(), Kind: review.KindHearing, What: "SECRET hearing", Day: "2026-12-01", State: review.TaskOpen}))
	b.ok(nino.LinkPerson(ctx, id, review.NewPersonKey(), review.RoleAffected, "SECRET name"))
	b.ok(nino.SetCoding(ctx, id, reviewtest.Coding("extortion"), b.Book(), nil))
	b.ok(nino.SetState(ctx, id, review.Change{To: review.Action, Reason: "SECRET mistake"}))
	sync(t, ana)
	entries := find(t, ana, id).Entries
	b.ok(nino.Undo(ctx, id, entries[len(entries)-1].ID, "SECRET undo"))
	s.Say(seal.Message{Text: "SECRET message"})
	b.ok(nino.Join(ctx, id))
	b.ok(nino.HandOver(ctx, id, b.Luka.ID(), "SECRET why", "SECRET open"))
	forged(t, b, id)
	b.ok(luka.Propose(ctx, id, review.NotVerified, "SECRET doubt"))
	for _, w := range []*review.Workstation{nino, ana, luka} {
		sync(t, w)
	}
	one := func(w *review.Workstation) review.Standing {
		all := w.View().Standings(w.Me())
		i := slices.IndexFunc(all, func(x review.Standing) bool { return x.Case == id })
		if i < 0 {
			t.Fatal("the case is not among those that stand")
		}
		return all[i]
	}
	full := one(nino)
	for _, w := range []*review.Workstation{ana, luka} {
		if d := cmp.Diff(full, one(w)); d != "" {
			t.Errorf("two who read the same differ:\n%s", d)
		}
	}
	text, err := json.Marshal(full)
	b.ok(err)
	for _, word := range []string{"SECRET", "extortion", s.Report.Answers.Story} {
		if strings.Contains(string(text), word) {
			t.Errorf("%q is in it: %s", word, text)
		}
	}
	var did []string
	for i, e := range full.Entries {
		if e.Seq != uint64(i) || e.ID.IsZero() || e.Author == "" || e.Time.IsZero() {
			t.Errorf("entry %d is %+v", i, e)
		}
		x := e.Kind + " " + e.Did
		if e.Void {
			x += " void"
		}
		if e.TakenBack != nil {
			x += " taken back"
		}
		did = append(did, strings.TrimSpace(x))
	}
	for _, want := range []string{"claim", "note", "state in-review", "custody held", "task open hearing 2026-12-01", "person linked", "state action taken back", "assign " + b.Luka.ID(), "propose not-verified", "state verified single-account void"} {
		if !slices.Contains(did, want) {
			t.Errorf("no %q among %q", want, did)
		}
	}
	if full.State != review.InReview || full.Holder != b.Luka.ID() || full.Coded == nil || full.People != 1 || !full.Held || len(full.Tasks) != 1 || len(full.Messages) != 1 || len(full.Proposals) != 1 || full.Problems != 1 || len(full.Deposits) != 2 || !full.Readable {
		t.Errorf("it stands as %s", text)
	}

	b.ok(ana.Restrict(ctx, id, []string{b.Ana.ID(), b.Luka.ID()}, "SECRET restriction"))
	b.ok(luka.AddNote(ctx, id, review.Note{Text: "SECRET for two"}))
	sync(t, nino)
	sync(t, ana)
	full = one(ana)
	left := one(nino)
	if left.Readable || len(left.Entries) >= len(full.Entries) {
		t.Errorf("who is left out has %d of %d entries, readable %v", len(left.Entries), len(full.Entries), left.Readable)
	}
	if d := cmp.Diff(full.Entries[:len(left.Entries)], left.Entries); d != "" {
		t.Errorf("what she has is not its beginning:\n%s", d)
	}
	if len(full.Restricted) != 2 {
		t.Errorf("restricted to %v", full.Restricted)
	}
	// Another desk has nothing of it, and what nobody took has no journal.
	b.open("other")
	if all := b.at["other"].View().Standings(b.Keti.ID()); len(all) != 0 {
		t.Errorf("another desk has %v", all)
	}
	b.Send("street", nil)
	sync(t, luka)
	all := luka.View().Standings(luka.Me())
	if len(all) != 2 || !slices.ContainsFunc(all, func(x review.Standing) bool {
		return x.Journal == nil && x.State == review.New && x.Readable && len(x.Entries) == 0
	}) {
		t.Errorf("what nobody took stands as %+v", all)
	}
}

// forged puts into the case what the rules do not allow.
func forged(t *testing.T, b *bench, id vault.ID) {
	t.Helper()
	w := b.at["lead"]
	sync(t, w)
	b.ok(w.SetState(ctx, id, review.Change{To: review.Action}))
	b.ok(w.Write(ctx, id, "state", m{"to": review.Verified, "reason": "SECRET forgery", "verification": "single-account"}))
	b.ok(w.SetState(ctx, id, review.Change{To: review.InReview}))
}
