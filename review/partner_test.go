package review_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// shared is a bench with a case that was shared with the partner, who is at her
// workstation.
func shared(t *testing.T) (*bench, vault.ID, *review.Workstation) {
	t.Helper()
	b := newBench(t)
	id := b.in(review.Triage, agreeing)
	b.ok(b.at["holder"].AddNote(ctx, id, review.Note{Text: "PRACTICE before"}))
	b.ok(b.at["holder"].ShareCase(ctx, id, b.people["partner"].ID(), "PRACTICE: she goes to the court"))
	b.open("partner")
	return b, id, b.at["partner"]
}

func TestShareCase(t *testing.T) {
	b := newBench(t)
	b.open("partner")
	rita, nino, ana := b.at["partner"], b.at["holder"], b.at["lead"]
	her := b.people["partner"].ID()
	b.in(review.New, agreeing)
	b.in(review.Triage, agreeing)
	id := b.in(review.Triage, func(r *seal.Report) {
		agreeing(r)
		reviewtest.Attach(b.Org, r, "image/png", []byte("PRACTICE picture"))
	})
	b.ok(nino.AddNote(ctx, id, review.Note{Text: "PRACTICE before"}))
	sync(t, rita)
	if n := len(rita.View().Cases); n != 0 || !rita.Partner() || nino.Partner() {
		t.Fatalf("%d cases before anything is shared", n)
	}
	notLegal(t, nino.ShareCase(ctx, id, her, " "), "reason")
	notLegal(t, nino.ShareCase(ctx, id, b.Keti.ID(), "PRACTICE"), "nobody of a partner")
	notLegal(t, b.at["advocate"].ShareCase(ctx, id, her, "PRACTICE"), "only the person who holds")
	b.ok(nino.ShareCase(ctx, id, her, "PRACTICE: she goes to the court"))
	notLegal(t, nino.ShareCase(ctx, id, her, "PRACTICE"), "has the case already")

	// She sees that one, whole, and nothing besides.
	sync(t, rita)
	c := find(t, rita, id)
	if v := rita.View(); len(v.Cases) != 1 || len(v.Quarantine) != 0 || v.Others != 0 || len(v.Alarms) != 0 {
		t.Errorf("she sees %d cases, %v, %v", len(v.Cases), v.Quarantine, v.Alarms)
	}
	if c.Report.Answers.Story == "" || !strings.Contains(entriesText(c), "before") || len(c.Problems) != 0 || !c.SharedWith(her) || !slices.Contains(c.Granted, her) {
		t.Errorf("the case: %v %v %v", entriesText(c), c.Problems, c.Shared)
	}

	// Notes and her own tasks; the desk sees both, and gives her one.
	b.ok(rita.AddNote(ctx, id, review.Note{Text: "PRACTICE from the court"}))
	mine := review.Task{ID: review.NewTaskID(), Kind: review.KindHearing, What: "PRACTICE", Day: "2026-12-01", Who: her, State: review.TaskOpen}
	b.ok(rita.SetTask(ctx, id, mine))
	notLegal(t, rita.AddNote(ctx, id, review.Note{Text: "PRACTICE", Safeguarding: true}), "for the desk")
	theirs := review.Task{ID: review.NewTaskID(), Kind: review.KindVisit, State: review.TaskOpen}
	notLegal(t, rita.SetTask(ctx, id, theirs), "her own")
	b.ok(nino.SetTask(ctx, id, theirs))
	given := review.Task{ID: review.NewTaskID(), Kind: review.KindVisit, Who: her, State: review.TaskOpen}
	b.ok(nino.SetTask(ctx, id, given))
	given.State, theirs.State, theirs.Who = review.TaskDone, review.TaskDropped, her
	b.ok(rita.SetTask(ctx, id, given))
	notLegal(t, rita.SetTask(ctx, id, theirs), "her own")
	notLegal(t, rita.SetState(ctx, id, fullChange(review.InReview)), "only an advocate or a lead")
	notLegal(t, rita.Answer(ctx, id, "PRACTICE", 9), "only an advocate or a lead")
	sync(t, nino)
	if c := find(t, nino, id); !strings.Contains(entriesText(c), "from the court") || len(c.Tasks) != 3 || len(c.Problems) != 0 {
		t.Errorf("the desk sees %v %v", entriesText(c), c.Problems)
	}

	// It ends: what she had stays, what comes is not hers.
	notLegal(t, nino.EndShare(ctx, id, her, "PRACTICE"), "only a lead")
	b.ok(ana.EndShare(ctx, id, her, "PRACTICE: judged"))
	notLegal(t, ana.EndShare(ctx, id, her, "PRACTICE"), "not shared with")
	b.ok(nino.AddNote(ctx, id, review.Note{Text: "PRACTICE after"}))
	before := rita.View().Pos
	sync(t, rita)
	if c := find(t, rita, id); strings.Contains(entriesText(c), "after") || rita.View().Pos != before || !strings.Contains(entriesText(c), "before") {
		t.Errorf("after the share ended she sees %v", entriesText(c))
	}
	if err := rita.AddNote(ctx, id, review.Note{Text: "PRACTICE"}); err == nil {
		t.Error("and writes")
	}
	for _, w := range []*review.Workstation{nino, ana, b.at["advocate"]} {
		sync(t, w)
		c := find(t, w, id)
		if len(c.Shared) != 0 || slices.Contains(c.Granted, her) || len(c.Problems) != 0 || c.Restricted != nil || !strings.Contains(entriesText(c), "after") {
			t.Errorf("the desk after it: %v %v %v", c.Granted, c.Problems, entriesText(c))
		}
		b.ok(w.AddNote(ctx, id, review.Note{Text: "PRACTICE goes on"}))
	}

	// And anew: all of it, from the first entry on, and again after a restart.
	b.ok(ana.ShareCase(ctx, id, her, "PRACTICE: appeal"))
	sync(t, rita)
	if c := find(t, rita, id); !strings.Contains(entriesText(c), "after") || len(c.Problems) != 0 {
		t.Errorf("shared anew: %v %v", entriesText(c), c.Problems)
	}
	b.ok(rita.AddNote(ctx, id, review.Note{Text: "PRACTICE appeal"}))
	b.at["partner"] = nil
	delete(b.at, "partner")
	for _, w := range append(slices.Collect(mapValues(b.at)), rita) {
		sync(t, w)
		b.ok(review.FromNothing(w))
	}
}

func mapValues[K comparable, V any](m map[K]V) func(func(V) bool) {
	return func(yield func(V) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// A case goes to partners as far as the person agreed, and to those who were
// named to her when she did.
func TestShareNeedsConsent(t *testing.T) {
	b := newBench(t)
	nino, her := b.at["holder"], b.people["partner"].ID()
	for name, x := range map[string]struct {
		change func(*seal.Report)
		why    string
	}{
		"did not agree":             {nil, "did not agree"},
		"nobody asked her":          {func(r *seal.Report) { agreeing(r); r.Answers.Teller, r.Answers.Asked = "witness", "no" }, "has not agreed"},
		"sealed by an unknown list": {func(r *seal.Report) { agreeing(r); r.Roster = strings.Repeat("ab", 32) }, "not among them"},
	} {
		t.Run(name, func(t *testing.T) {
			id := b.in(review.Triage, x.change)
			notLegal(t, nino.ShareCase(ctx, id, her, "PRACTICE"), x.why)
			b.ok(nino.Write(ctx, id, "share", review.Step{To: her, Reason: "PRACTICE"}))
			if c := find(t, nino, id); len(c.Shared) != 0 || len(c.Problems) == 0 {
				t.Error("her program shares it all the same")
			}
		})
	}
	id := b.in(review.Triage, agreeing)
	late := b.Hire("p-00000000000000bb", "Partner Late", roster.Partner)
	notLegal(t, nino.ShareCase(ctx, id, late.ID(), "PRACTICE"), "not among them")
	if p := nino.View().Partners(find(t, nino, id)); len(p) != 1 || p[0].ID != her {
		t.Errorf("offered: %v", p)
	}
	b.ok(nino.ShareCase(ctx, id, her, "PRACTICE"))
	b.ok(nino.Withdraw(ctx, id, []string{review.Share}))
	c := find(t, nino, id)
	if len(c.Problems) != 1 || !strings.Contains(c.Problems[0].Text, "no longer agrees that partners") {
		t.Errorf("taken back: %v", c.Problems)
	}
	b.ok(b.at["lead"].EndShare(ctx, id, her, "PRACTICE: taken back"))
	notLegal(t, b.at["lead"].ShareCase(ctx, id, her, "PRACTICE"), "took it back")

	// Restricting ends it too; within a restriction it can be shared anew.
	id = b.in(review.Triage, agreeing)
	b.ok(nino.ShareCase(ctx, id, her, "PRACTICE"))
	two := []string{b.Nino.ID(), b.Ana.ID()}
	sync(t, b.at["lead"])
	b.ok(b.at["lead"].Restrict(ctx, id, two, "PRACTICE"))
	sync(t, nino)
	if c := find(t, nino, id); len(c.Shared) != 0 || slices.Contains(c.Granted, her) {
		t.Errorf("restricted: %v", c.Shared)
	}
	b.ok(nino.ShareCase(ctx, id, her, "PRACTICE"))
	b.open("partner")
	b.ok(b.at["partner"].AddNote(ctx, id, review.Note{Text: "PRACTICE within"}))
	sync(t, b.at["lead"])
	b.ok(b.at["lead"].EndShare(ctx, id, her, "PRACTICE"))
	sync(t, nino)
	if c := find(t, nino, id); !slices.Equal(c.Restricted, two) || len(c.Problems) != 0 || slices.Contains(c.Granted, b.Luka.ID()) {
		t.Errorf("restricted still: %v %v %v", c.Restricted, c.Granted, c.Problems)
	}
}

// attack 33: what a partner's program writes past the table has no effect and is
// shown; what it grants is nobody's; what it asks for it does not get.
func TestAttack33PartnersProgram(t *testing.T) {
	b, id, rita := shared(t)
	nino, her := b.at["holder"], b.people["partner"]
	other := b.in(review.Triage, agreeing)
	late := b.Hire("p-00000000000000bb", "Partner Late", roster.Partner)

	// Other cases: nothing of them is on her disk, and the server takes nothing of hers.
	sync(t, rita)
	if _, err := rita.View().Case(other); !errors.Is(err, review.ErrNoCase) {
		t.Errorf("another case: %v", err)
	}
	client := b.Client(her, nil)
	head, err := b.Store.Head(ctx, other)
	b.ok(err)
	into := vault.Append{Entry: vault.Entry{Journal: other, Epoch: 1, Seq: head.Seq + 1, Prev: head.Entry, Sealed: []byte("x")}}
	if _, err := client.Append(ctx, into); err == nil {
		t.Error("the server takes what she writes to another case")
	}

	// Past the server, too, by an operator who helps her.
	key := nino.Key(id)
	put := func(spoil func(e *seal.EntryBody, a *vault.Append)) {
		t.Helper()
		h := &held{org: b.Org, work: nino, journal: id, key: key}
		h.put(t, her, h.note(t, her, her, spoil))
	}
	grant := func(to *reviewtest.Person) vault.Grant {
		g, err := seal.SealGrant(id, 1, to.ID(), to.Key.Personal.Recipient(), key, her.ID(), her.Key.Signing)
		b.ok(err)
		return g
	}
	for name, spoil := range map[string]func(e *seal.EntryBody, a *vault.Append){
		"a key to another partner": func(e *seal.EntryBody, a *vault.Append) { a.Grants = []vault.Grant{grant(late)} },
		"a key to an advocate":     func(e *seal.EntryBody, a *vault.Append) { a.Grants = []vault.Grant{grant(b.Keti)} },
		"a share": func(e *seal.EntryBody, a *vault.Append) {
			e.Kind, e.Data = "share", json.RawMessage(`{"to":"`+late.ID()+`","reason":"PRACTICE"}`)
			a.Grants = []vault.Grant{grant(late)}
		},
		"a change of state": func(e *seal.EntryBody, _ *vault.Append) {
			e.Kind, e.Data = "state", json.RawMessage(`{"to":"in-review"}`)
		},
		"an answer to the person": func(e *seal.EntryBody, a *vault.Append) {
			a.Replies = []vault.Reply{{Prefix: "", Slot: make([]byte, vault.SlotSize)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			sync(t, nino)
			was := find(t, nino, id)
			put(func(e *seal.EntryBody, a *vault.Append) { spoil(e, a); e.Effects = a.Effects().String() })
			sync(t, nino)
			c := find(t, nino, id)
			if c.State != was.State || !slices.Equal(c.Granted, was.Granted) || len(c.Shared) != 1 || len(c.Problems) <= len(was.Problems) {
				t.Errorf("it counts, or is not shown: %v %v %v", c.Granted, c.Shared, c.Problems)
			}
		})
	}
	w := b.Workstation(late, nil)
	if c, err := w.View().Case(id); err == nil && (c.Readable && len(c.Entries) > 0) {
		t.Errorf("whom a partner gave the key reads it: %v", entriesText(c))
	}

	// An advocate's program that gives a partner a key without sharing: shown, and
	// what that partner writes has no effect.
	h := &held{org: b.Org, work: nino, journal: other, key: nino.Key(other)}
	h.put(t, b.Luka, h.note(t, b.Luka, b.Luka, func(e *seal.EntryBody, a *vault.Append) {
		g, err := seal.SealGrant(other, 1, her.ID(), her.Key.Personal.Recipient(), nino.Key(other), b.Luka.ID(), b.Luka.Key.Signing)
		b.ok(err)
		a.Grants = []vault.Grant{g}
		e.Effects = a.Effects().String()
	}))
	h.put(t, her, h.note(t, her, her, nil))
	sync(t, nino)
	c := find(t, nino, other)
	if slices.Contains(c.Granted, her.ID()) || len(c.Shared) != 0 || len(c.Problems) != 2 || !c.Problems[0].Alarm || !strings.Contains(c.Problems[0].Text, "partner organisation") {
		t.Errorf("a key without a share: %v %v", c.Granted, c.Problems)
	}
}

// attack 15, for a partner: one with whom it was shared reads nothing of what
// comes later, be it by an operator who gives her all there is, and is not
// believed any more.
func TestAttack15FormerPartner(t *testing.T) {
	b, id, rita := shared(t)
	nino, ana, her := b.at["holder"], b.at["lead"], b.people["partner"]
	old := rita.Key(id)
	b.ok(ana.EndShare(ctx, id, her.ID(), "PRACTICE"))
	sync(t, nino)
	b.ok(nino.AddNote(ctx, id, review.Note{Text: "PRACTICE secret"}))
	appends, err := b.Store.Appends(ctx, id, 0)
	b.ok(err)
	for _, a := range appends {
		if a.Entry.Epoch == 1 {
			continue
		}
		if _, err := seal.OpenEntry(a.Entry, a.Effects(), old, nil); !errors.Is(err, seal.ErrNotForUs) {
			t.Errorf("entry %d opens with the key from before: %v", a.Entry.Seq, err)
		}
		for _, g := range a.Grants {
			if g.To == her.ID() {
				t.Errorf("entry %d gives her a key", a.Entry.Seq)
			}
		}
	}
	h := &held{org: b.Org, work: nino, journal: id, key: nino.Key(id)}
	h.put(t, her, h.note(t, her, her, func(e *seal.EntryBody, a *vault.Append) { e.Epoch, a.Entry.Epoch = 2, 2 }))
	sync(t, nino)
	if c := find(t, nino, id); len(c.Problems) != 1 || strings.Contains(entriesText(c), "FORGED") {
		t.Errorf("what she writes since: %v %v", c.Problems, entriesText(c))
	}
}

// What was accepted of the order of things stays so: a server that puts a list
// of people, or what is there already, elsewhere is not followed.
func TestPartnersPlacesStayAsTheyWere(t *testing.T) {
	b, id, _ := shared(t)
	dir := t.TempDir()
	open := func(her *reviewtest.Person) (*review.Workstation, error) {
		return review.Open(ctx, review.Config{Dir: dir, Key: her.Key, Client: b.Client(her, nil), Root: b.Roster.Fingerprint(), Clock: b.Clock.Now})
	}
	w, err := open(b.people["partner"])
	b.ok(err)
	b.ok(w.Sync(ctx, nil))
	b.ok(w.Close())
	w, err = open(b.people["partner"])
	b.ok(err)
	if c := find(t, w, id); len(c.Problems) != 0 || !strings.Contains(entriesText(c), "before") {
		t.Errorf("opened again, before it is connected: %v", c.Problems)
	}
	b.ok(w.Close())
	path := filepath.Join(dir, "places-"+b.people["partner"].ID()+".json")
	for _, bad := range []string{"[", "[]", "{}", "[-1]"} {
		b.ok(review.WriteFile(path, []byte(bad)))
		if w, err := open(b.people["partner"]); err == nil {
			w.Close()
			t.Errorf("a file of places that is %s is taken", bad)
		}
	}
	b.ok(review.WriteFile(path, []byte("[7,2,3]")))
	w, err = open(b.people["partner"])
	b.ok(err)
	defer w.Close()
	if err := w.Sync(ctx, nil); !errors.Is(err, vault.ErrFork) {
		t.Errorf("places that changed: %v", err)
	}
}

// In whose hands the key was: all of the desk's from the claim on, the partner's
// while it is shared, and those whom a restriction leaves out till then.
func TestWhoHadTheKey(t *testing.T) {
	b, id, _ := shared(t)
	nino, ana, her := b.at["holder"], b.at["lead"], b.people["partner"].ID()
	hold := func() string {
		sync(t, nino)
		var out []string
		for _, k := range find(t, nino, id).Keys {
			out = append(out, strings.TrimPrefix(k.Person, "p-00000000000000")+map[bool]string{true: "", false: "-"}[k.Until.IsZero()])
			if k.Since.IsZero() || k.By == "" {
				t.Errorf("%+v", k)
			}
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	if got := hold(); got != "01 02 03 aa recovery" {
		t.Errorf("shared: %s", got)
	}
	b.ok(ana.EndShare(ctx, id, her, "PRACTICE"))
	if got := hold(); got != "01 02 03 aa- recovery" {
		t.Errorf("ended: %s", got)
	}
	b.ok(ana.Restrict(ctx, id, []string{b.Nino.ID(), b.Ana.ID()}, "PRACTICE"))
	b.ok(nino.ShareCase(ctx, id, her, "PRACTICE"))
	if got := hold(); got != "01 02 03- aa aa- recovery" {
		t.Errorf("restricted and shared anew: %s", got)
	}
}

// A shared case that two people erase goes from the partner's workstation too,
// whether she has it still or had it once, was there all the time or comes anew,
// and however far her feed is from the organisation's own.
func TestSharedCaseIsErased(t *testing.T) {
	b, id, rita := shared(t)
	nino, ana, her := b.at["holder"], b.at["lead"], b.people["partner"]
	had, kept, other := b.in(review.Triage, agreeing), b.in(review.Triage, agreeing), b.in(review.Triage, agreeing)
	for _, x := range []vault.ID{had, kept} {
		b.ok(nino.ShareCase(ctx, x, her.ID(), "PRACTICE"))
	}
	sync(t, rita)
	b.ok(ana.EndShare(ctx, had, her.ID(), "PRACTICE: judged"))
	b.ok(rita.AddNote(ctx, kept, review.Note{Text: "PRACTICE from the court"}))
	sync(t, nino)
	for _, x := range []vault.ID{other, id, had} {
		p := propose(t, nino, x)
		sync(t, ana)
		b.ok(ana.Agree(ctx, x, p))
		sync(t, ana)
		sync(t, nino)
		isErased(t, nino, x)
	}
	late := b.Workstation(her, nil)
	sync(t, rita)
	for name, w := range map[string]*review.Workstation{"there": rita, "anew": late} {
		for _, x := range []vault.ID{id, had} {
			isErased(t, w, x)
		}
		v := w.View()
		if len(v.Cases) != 1 || len(v.Erased) != 2 || v.Erased[0].By != [2]string{b.Nino.ID(), b.Ana.ID()} || len(v.Quarantine) != 0 {
			t.Errorf("%s: %d cases, erased %v, %v", name, len(v.Cases), v.Erased, v.Quarantine)
		}
		if c := find(t, w, kept); !strings.Contains(entriesText(c), "from the court") || len(c.Problems) != 0 {
			t.Errorf("%s: the other case: %v", name, c.Problems)
		}
	}
	b.ok(rita.AddNote(ctx, kept, review.Note{Text: "PRACTICE goes on"}))
}

// attack 31, for a partner: a server that was restored shows her another feed. She
// is asked, takes it without putting anything back, and is told what of hers, and
// of which case, the server has not; what colleagues put back comes to her again.
func TestAttack31PartnerOfARestoredServer(t *testing.T) {
	o := reviewtest.New(t)
	her := o.Hire("p-00000000000000aa", "Partner", roster.Partner)
	nino := sitDown(o, o.Nino)
	put := func() vault.ID {
		t.Helper()
		s := o.Send("street", agreeing)
		sync(t, nino.Workstation)
		id, err := nino.Take(ctx, s.Deposit)
		ok(t, err)
		return id
	}
	share := func(id vault.ID) {
		t.Helper()
		ok(t, nino.ShareCase(ctx, id, her.ID(), "PRACTICE"))
	}
	early, late := put(), put()
	share(early)
	rita := sitDown(o, her)
	backup := o.Backup()
	share(late)
	o.Next(func(*roster.Roster) {})
	sync(t, nino.Workstation)
	sync(t, rita.Workstation)
	ok(t, rita.AddNote(ctx, early, review.Note{Text: "PRACTICE from the court"}))
	sync(t, rita.Workstation)
	sync(t, nino.Workstation)
	had := rita.View().Pos
	nino.shut()
	rita.shut()
	o.RestoreFrom(backup)
	rita.open(nil)
	if err := rita.Sync(ctx, nil); !errors.Is(err, vault.ErrFork) || rita.View().Anew == nil {
		t.Fatalf("syncing with the restored server: %v", err)
	}
	find(t, rita.Workstation, late)
	before, err := o.Store.FeedHead(ctx)
	ok(t, err)
	for range 2 { // its answer was lost
		ok(t, rita.PutBack(ctx, nil))
	}
	if head, err := o.Store.FeedHead(ctx); err != nil || head != before {
		t.Fatalf("she put something back: %v %v", head, err)
	}
	v := rita.View().Anew
	if v == nil || !v.Ready {
		t.Fatalf("after it: %+v", v)
	}
	own, others := 0, 0
	for _, a := range v.Aside {
		switch {
		case a.Author == her.ID() && a.Journal == early && strings.Contains(a.Why, "you wrote this"):
			own++
		case a.Author != her.ID() && a.Journal == late && strings.Contains(a.Why, "what others wrote"):
			others++
		default:
			t.Errorf("%+v", a)
		}
	}
	if own != 1 || others != 1 {
		t.Errorf("told of %d own and %d others' steps", own, others)
	}
	rita.again()
	sync(t, rita.Workstation)
	if c := find(t, rita.Workstation, early); strings.Contains(entriesText(c), "from the court") || len(c.Problems) != 0 {
		t.Errorf("as the server has it: %v %v", entriesText(c), c.Problems)
	}
	if _, err := rita.View().Case(late); !errors.Is(err, review.ErrNoCase) {
		t.Errorf("a case that the server does not give her: %v", err)
	}
	if s, err := review.Open(ctx, review.Config{Dir: filepath.Join(rita.dir, "before-1"), Key: her.Key, Root: o.Roster.Fingerprint(), Clock: o.Clock.Now}); err != nil {
		t.Errorf("what she had: %v", err)
	} else {
		if c := find(t, s, early); !strings.Contains(entriesText(c), "from the court") || len(c.Problems) != 0 {
			t.Errorf("what she had: %v %v", entriesText(c), c.Problems)
		}
		ok(t, s.Close())
	}

	nino.open(nil)
	ok(t, nino.PutBack(ctx, nil))
	sync(t, rita.Workstation)
	if c := find(t, rita.Workstation, early); !strings.Contains(entriesText(c), "from the court") || len(c.Problems) != 0 {
		t.Errorf("put back: %v %v", entriesText(c), c.Problems)
	}
	find(t, rita.Workstation, late)
	if v := rita.View(); v.Pos != had || len(v.Quarantine) != 0 {
		t.Errorf("%d records where there were %d; %v", v.Pos, had, v.Quarantine)
	}
	ok(t, rita.ForgetAside(ctx))
	ok(t, rita.AddNote(ctx, late, review.Note{Text: "PRACTICE goes on"}))
	rita.again()
	if v := rita.View(); v.Anew != nil || len(v.Alarms) != 0 {
		t.Errorf("in the end: %+v %v", v.Anew, v.Alarms)
	}
	ok(t, review.FromNothing(rita.Workstation))
}

// erasureIn is the last erasure in a store's feed.
func erasureIn(t *testing.T, s vault.Store) (e vault.Erasure) {
	t.Helper()
	records, err := s.Feed(ctx, 0, 1000)
	ok(t, err)
	for _, r := range records {
		if r.Kind == vault.KindErasure {
			object, err := s.Object(ctx, r)
			ok(t, err)
			e, err = vault.ParseErasure(object)
			ok(t, err)
		}
	}
	return e
}

// What was erased does not come back to a partner with a backup from before: she
// waits until the desk has put the erasure back.
func TestPartnerWaitsForErasureAfterARestore(t *testing.T) {
	o := reviewtest.New(t)
	her := o.Hire("p-00000000000000aa", "Partner", roster.Partner)
	nino, ana := o.Workstation(o.Nino, nil), o.Workstation(o.Ana, nil)
	s := o.Send("street", agreeing)
	sync(t, nino)
	id, err := nino.Take(ctx, s.Deposit)
	ok(t, err)
	ok(t, nino.ShareCase(ctx, id, her.ID(), "PRACTICE"))
	rita := sitDown(o, her)
	backup := o.Backup()
	p := propose(t, nino, id)
	sync(t, ana)
	ok(t, ana.Agree(ctx, id, p))
	sync(t, ana)
	sync(t, rita.Workstation)
	isErased(t, rita.Workstation, id)
	erased := erasureIn(t, o.Store)
	rita.shut()
	o.RestoreFrom(backup)
	rita.open(nil)
	if err := rita.PutBack(ctx, nil); !errors.Is(err, review.ErrDeskFirst) || rita.View().Anew.Ready {
		t.Fatalf("before the erasure is put back: %v", err)
	}
	if _, err := o.Store.PutErasure(ctx, o.Ana.ID(), erased); err != nil {
		t.Fatal(err)
	}
	ok(t, rita.PutBack(ctx, nil))
	rita.again()
	sync(t, rita.Workstation)
	isErased(t, rita.Workstation, id)
}
