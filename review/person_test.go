package review_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
)

func TestOnePersonInTwoCases(t *testing.T) {
	o := reviewtest.New(t)
	w := o.Workstation(o.Nino, nil)
	var at []vault.ID
	for range 3 {
		s := o.Send("street", nil)
		if _, err := w.Take(ctx, s.Deposit); err != nil {
			t.Fatal(err)
		}
		o.CodeCase(w, s.Deposit, "extortion")
		at = append(at, s.Deposit)
	}
	keys := func(i int) []string { t.Helper(); return find(t, w, at[i]).PersonKeys() }
	alone := keys(0)
	if len(alone) != 1 || len(alone[0]) != 32 || slices.Equal(alone, keys(1)) {
		t.Fatalf("without links a case is one person of its own: %v %v", alone, keys(1))
	}
	o.CodeCase(w, at[0], "arrest")
	if !slices.Equal(keys(0), alone) {
		t.Error("coding anew made another person of her")
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	blue, teller := review.NewPersonKey(), review.NewPersonKey()
	must(w.LinkPerson(ctx, at[0], blue, review.RoleAffected, " Blue jacket, Élan pier "))
	must(w.LinkPerson(ctx, at[1], blue, review.RoleAffected, "Blue"))
	must(w.LinkPerson(ctx, at[1], teller, review.RoleReporter, "Outreach, Tuesdays"))
	if got := keys(0); !slices.Equal(got, []string{blue}) {
		t.Errorf("linked as %v, want %v", got, blue)
	}
	both := []string{blue, teller}
	slices.Sort(both)
	if got := keys(1); !slices.Equal(got, both) {
		t.Errorf("linked as %v, want %v", got, both)
	}
	ana := o.Workstation(o.Ana, nil)
	for query, want := range map[string]int{"": 2, "blue": 1, "BLUE élan": 1, "jacket tuesdays": 0, blue[:6]: 1, "tues": 1, "zzz": 0} {
		got := ana.View().FindPeople(query, 10)
		if len(got) != want {
			t.Errorf("searching %q finds %d, want %d", query, len(got), want)
		}
		if query == "blue" && (got[0].Key != blue || len(got[0].Cases) != 2 || got[0].Names[0] != "Blue") {
			t.Errorf("found %+v", got)
		}
	}
	if got := ana.View().FindPeople("", 1); len(got) != 1 || got[0].Key != blue {
		t.Errorf("those in most cases come first: %+v", got)
	}
	if luka := o.Workstation(o.Luka, nil); len(luka.View().FindPeople("", 10)) != 0 {
		t.Error("another desk finds people in cases that it can't read")
	}
	must(ana.UnlinkPerson(ctx, at[1], blue, review.RoleAffected))
	sync(t, w)
	if got := keys(1); !slices.Equal(got, []string{teller}) {
		t.Errorf("after unlinking %v, want %v", got, teller)
	}
	if x, ok := w.View().Someone(blue); !ok || len(x.Cases) != 1 {
		t.Errorf("after unlinking: %+v", x)
	}
	c := find(t, w, at[1])
	if n := len(c.Entries); c.Entries[n-1].Person.Linked || c.Entries[n-3].Person.As != "Blue" || len(c.Problems) != 0 {
		t.Errorf("history: %+v", c.Entries)
	}
}

func TestPersonRefused(t *testing.T) {
	h := take(t)
	key := review.NewPersonKey()
	if err := h.work.LinkPerson(ctx, h.journal, key, review.RoleAffected, "Blue"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][3]string{
		"again":             {key, "affected", "Blue"},
		"without a name":    {review.NewPersonKey(), "affected", "  "},
		"no key":            {"", "affected", "Blue"},
		"no such role":      {review.NewPersonKey(), "friend", "Blue"},
		"name too long":     {review.NewPersonKey(), "affected", strings.Repeat("é", 81)},
		"name turned round": {review.NewPersonKey(), "affected", "a\u202eb"},
	} {
		if err := h.work.LinkPerson(ctx, h.journal, c[0], c[1], c[2]); !errors.Is(err, review.ErrNotLegal) {
			t.Errorf("linking %s: %v", name, err)
		}
	}
	if err := h.work.UnlinkPerson(ctx, h.journal, key, review.RoleReporter); !errors.Is(err, review.ErrNotLegal) {
		t.Errorf("taking back what is not linked: %v", err)
	}
	if err := h.work.LinkPerson(ctx, h.journal, key, review.RoleAffected, "Blue jacket"); err != nil {
		t.Errorf("another working name: %v", err)
	}
	if c := only(t, h.work); len(c.People) != 1 || c.People[0].As != "Blue jacket" {
		t.Errorf("people %+v", c.People)
	}
	h.forge(t, "person", review.PersonLink{Person: review.NewPersonKey(), Role: review.RoleAffected})
	if c := only(t, h.work); len(c.People) != 1 || len(c.Problems) != 1 {
		t.Errorf("taking back a link that never was: %+v %v", c.People, c.Problems)
	}
}

func TestFindPeopleIsBounded(t *testing.T) {
	h := take(t)
	for i := range 3 {
		if err := h.work.LinkPerson(ctx, h.journal, review.NewPersonKey(), review.RoleAffected, "Someone "+string(rune('a'+i))); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.work.View().FindPeople("someone", 2); len(got) != 2 || got[0].Names[0] != "Someone a" {
		t.Errorf("found %+v", got)
	}
}
