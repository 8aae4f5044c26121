package review_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/figures"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// figuresAt is the id of the nth place of the figures journal, as PROTOCOL.md has it.
func figuresAt(n uint32) vault.ID {
	return vault.Sum(vault.LP("peerwitness/figures-journal/v1", vault.U32(n)))
}

// forge writes into the figures journal as author does who has her keys and the
// server's help, and no scruples. change may spoil the append before it is sealed.
func (n *newsroom) forge(t *testing.T, author *reviewtest.Person, kind, data string, change func(*vault.Append, *seal.EntryBody)) {
	t.Helper()
	journal := figuresAt(0)
	head, err := n.Store.Head(ctx, journal)
	ok(t, err)
	first, err := n.Store.Appends(ctx, journal, 0)
	ok(t, err)
	_, recipient, err := seal.GrantRecipient(first[0].Grants[0])
	ok(t, err)
	a := vault.Append{Entry: vault.Entry{Journal: journal, Epoch: head.Epoch, Seq: head.Seq + 1, Prev: head.Entry}}
	body := seal.EntryBody{Author: author.ID(), Roster: n.Roster.Version, Time: n.Clock.Now(), Kind: kind, Data: json.RawMessage(data)}
	if change != nil {
		change(&a, &body)
	}
	body.Journal, body.Epoch, body.Seq, body.Prev, body.Effects = journal.String(), a.Entry.Epoch, a.Entry.Seq, a.Entry.Prev.String(), a.Effects().String()
	a.Entry.Sealed, err = seal.SealEntry(body, recipient, author.Key.Signing)
	ok(t, err)
	as := author.ID()
	if n.as != "" {
		as, n.as = n.as, ""
	}
	_, err = n.Store.Append(ctx, as, a)
	ok(t, err)
}

func record(key byte, change func(*figures.Record)) string {
	r := figures.Record{Day: "2026-12-02", Frozen: "2026-12-02", CountMe: true, People: []string{strings.Repeat("ab", 16)}, Act: "extortion", Group: "police"}
	r.Key[0] = key
	if change != nil {
		change(&r)
	}
	b, err := r.JSON()
	if err != nil {
		panic(err)
	}
	return string(b)
}

// What a hostile or broken writer leaves is shown, and stops nothing.
func TestFiguresGoOnBesideAHostileWriter(t *testing.T) {
	n := newNewsroom(t)
	_, id := n.CountedCase(n.nino.Workstation, nil)
	key := find(t, n.nino.Workstation, id).Coding.RecordKey
	again, err := find(t, n.nino.Workstation, id).Counted.Record.JSON()
	ok(t, err)
	n.forge(t, n.Nino, "count", string(again), nil) // sent twice: no problem
	for _, x := range []struct {
		what  string
		forge func()
	}{
		{"is not of the form", func() { n.forge(t, n.Nino, "count", `{"v":1}`, nil) }},
		{"does not follow", func() {
			n.forge(t, n.Nino, "count", record(1, func(r *figures.Record) { r.N, r.Day = 3, "2026-12-03" }), nil)
		}},
		{"does not follow", func() {
			n.forge(t, n.Nino, "count", strings.Replace(record(2, nil), "02"+strings.Repeat("00", 31), key, 1), nil)
		}},
		{"no keeper who holds", func() { n.forge(t, n.Nino, "programme", `{"body":"","sigs":[]}`, nil) }},
		{"does not work on cases", func() { n.forge(t, n.Keti, "count", record(3, nil), nil) }},
		{"its signature fails", func() { n.forge(t, &reviewtest.Person{Key: swapped(n.Nino, n.Luka)}, "count", record(4, nil), nil) }},
		{"the server named another author", func() {
			n.forge(t, n.Nino, "count", record(5, nil), func(*vault.Append, *seal.EntryBody) { n.as = n.Luka.ID() })
		}},
		{"that this version does not know", func() { n.forge(t, n.Keti, "weather", `{}`, nil) }},
		{"is not of the form", func() { n.forge(t, n.Keti, "key", `{"v":1,"noise":"`+strings.Repeat("0", 64)+`","more":1}`, nil) }},
		{"was there before it", func() { n.forge(t, n.Keti, "key", `{"v":1,"noise":"`+strings.Repeat("0", 64)+`"}`, nil) }},
	} {
		before := len(n.mari.Figures().Problems)
		x.forge()
		ok(t, n.mari.Sync(ctx, nil))
		after := n.mari.Figures().Problems
		if len(after) != before+1 || !strings.Contains(after[before].Text, x.what) {
			t.Errorf("%s: problems %+v", x.what, after[before:])
		}
	}
	// A word that no list has; it is left out, and the month goes on.
	n.forge(t, n.Nino, "count", record(6, func(r *figures.Record) { r.Services = []figures.Served{{Service: "no-such", Outcome: "full"}} }), nil)
	n.Later(on("2027-01-15"), n.nino, n.mari, n.keti)
	if p := n.mari.Figures().Problems; !strings.Contains(p[len(p)-1].Text, `"service"`) {
		t.Errorf("a word that no list has: %+v", p)
	}
	ok(t, n.mari.ClosePeriod(ctx, "2026-12"))
	if m := n.mari.Members("2026-12"); !slices.Equal(m, []string{key}) {
		t.Errorf("in the batch: %v", m)
	}
	ok(t, n.mari.SignRelease(ctx, "2026-12"))
	ok(t, n.keti.SignRelease(ctx, "2026-12"))
	ok(t, n.keti.PublishRelease(ctx, "2026-12"))
}

func swapped(name, signing *reviewtest.Person) seal.KeyFile {
	k := name.Key
	k.Signing = signing.Key.Signing
	return k
}

// An epoch that no keeper began is nobody's: the next keeper's step begins it
// anew.
func TestFiguresGoOnAfterAStrangeEpoch(t *testing.T) {
	n := newNewsroom(t)
	n.forge(t, n.Nino, "count", record(1, nil), func(a *vault.Append, _ *seal.EntryBody) { a.Entry.Epoch = 2 })
	_, id := n.CountedCase(n.nino.Workstation, nil)
	c := find(t, n.nino.Workstation, id)
	if c.Counted.Record == nil || !c.Counted.Entry.IsZero() || c.State != review.Closed {
		t.Errorf("counted with a key that nobody gave: %+v", c.Counted)
	}
	if err := n.nino.Count(ctx, id); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), "made anew") {
		t.Errorf("counting meanwhile: %v", err)
	}
	ok(t, n.mari.Sync(ctx, nil))
	if v := n.mari.Figures(); !v.Renew || len(v.Problems) != 1 || !strings.Contains(v.Problems[0].Text, "no keeper gave out") {
		t.Errorf("%+v", v)
	}
	p := n.Programme("2027-01")
	p.Version = 2
	ok(t, n.mari.ProposeProgramme(ctx, p))
	ok(t, n.nino.Count(ctx, id))
	ok(t, n.nino.Count(ctx, id))
	if c := find(t, n.nino.Workstation, id); c.Counted.Entry.IsZero() || c.Counted.Record.N != 0 || len(c.Problems) != 0 {
		t.Errorf("counted after the key was made anew: %+v", c)
	}
	ok(t, n.keti.Sync(ctx, nil))
	if v := n.keti.Figures(); !v.Holder || v.Renew || len(v.Keepers) != 2 || len(n.keti.Records()) != 1 {
		t.Errorf("the other keeper: %+v", v)
	}
	n.Next(func(r *roster.Roster) {
		r.People[4].Roles = []string{roster.Partner}                 // Keti
		r.People[1].Roles = append(r.People[1].Roles, roster.Keeper) // Ana
	})
	p.Version = 3
	ok(t, n.mari.ProposeProgramme(ctx, p))
	if v := n.mari.Figures(); len(v.Programmes) != 3 {
		t.Errorf("after a keeper left: %+v", v)
	}
}

// Whoever writes at the journal's place first without the role has it in vain.
func TestFiguresPlaceCannotBeTaken(t *testing.T) {
	o := reviewtest.New(t)
	nino, mari, keti := o.Seat(o.Nino), o.Seat(o.Mari), o.Seat(o.Keti)
	keepers := map[string]string{o.Mari.ID(): o.Mari.Key.Personal.Recipient(), o.Keti.ID(): o.Keti.Key.Personal.Recipient(), roster.Recovery: o.Recovery.Recipient()}
	squat := func(n uint32, by *reviewtest.Person, to map[string]string) {
		key, err := seal.NewIdentity()
		ok(t, err)
		a := vault.Append{Entry: vault.Entry{Journal: figuresAt(n), Epoch: 1}}
		for to, recipient := range to {
			g, err := seal.SealGrant(figuresAt(n), 1, to, recipient, key, by.ID(), by.Key.Signing)
			ok(t, err)
			a.Grants = append(a.Grants, g)
		}
		a.Entry.Sealed, err = seal.SealEntry(seal.EntryBody{Journal: figuresAt(n).String(), Epoch: 1, Prev: vault.ID{}.String(), Author: by.ID(), Roster: 1,
			Time: o.Clock.Now(), Kind: "figures", Effects: a.Effects().String(), Data: json.RawMessage(`{"v":1,"noise":"` + strings.Repeat("00", 32) + `"}`)}, key.Recipient(), by.Key.Signing)
		ok(t, err)
		_, err = o.Store.Append(ctx, by.ID(), a)
		ok(t, err)
	}
	squat(2, o.Nino, keepers) // before anybody looks there
	squat(0, o.Nino, keepers)
	alone := maps.Clone(keepers) // a keeper who would keep it to herself
	delete(alone, o.Keti.ID())
	squat(1, o.Mari, alone)
	ok(t, mari.Sync(ctx, nil))
	if v := mari.Figures(); v.Founded || len(v.Problems) != 3 || !v.Problems[0].Alarm {
		t.Errorf("%+v", v)
	}
	if err := nino.FoundFigures(ctx); !errors.Is(err, review.ErrNotLegal) {
		t.Errorf("an advocate founds: %v", err)
	}
	ok(t, mari.FoundFigures(ctx))
	if _, err := o.Store.Head(ctx, figuresAt(3)); err != nil {
		t.Errorf("not founded at the next place: %v", err)
	}
	ok(t, keti.FoundFigures(ctx)) // hers already
	if v := keti.Figures(); !v.Founded || !v.Holder || len(v.Keepers) != 2 {
		t.Errorf("the second founder: %+v", v)
	}
	if _, err := o.Store.Head(ctx, figuresAt(4)); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("founded twice: %v", err)
	}
	o.CountedCase(nino.Workstation, nil)
	ok(t, keti.Sync(ctx, nil))
	if len(keti.Records()) != 1 || len(nino.View().Cases) != 1 {
		t.Errorf("the journal does not take records")
	}
}

// A key that is not the epoch's is used by nobody, whoever gives it out.
func TestFiguresKeyIsOne(t *testing.T) {
	n := newNewsroom(t)
	key, err := seal.NewIdentity()
	ok(t, err)
	n.forge(t, n.Keti, "programme", `{"body":"","sigs":[]}`, func(a *vault.Append, _ *seal.EntryBody) {
		for to, recipient := range map[string]string{n.Mari.ID(): n.Mari.Key.Personal.Recipient(), n.Keti.ID(): n.Keti.Key.Personal.Recipient(), roster.Recovery: n.Recovery.Recipient()} {
			g, err := seal.SealGrant(figuresAt(0), 1, to, recipient, key, n.Keti.ID(), n.Keti.Key.Signing)
			ok(t, err)
			a.Grants = append(a.Grants, g)
		}
	})
	n.CountedCase(n.nino.Workstation, nil)
	ok(t, n.mari.Sync(ctx, nil))
	v := n.mari.Figures()
	if len(n.mari.Records()) != 1 || len(v.Problems) != 2 || !v.Problems[0].Alarm || !strings.Contains(v.Problems[0].Text, "not the one that figures are sealed to") {
		t.Errorf("%d records, %+v", len(n.mari.Records()), v.Problems)
	}
}

// No advocate who is no keeper can read a record, her own ones included.
func TestAdvocatesReadNoRecord(t *testing.T) {
	n := newNewsroom(t)
	n.CountedCase(n.nino.Workstation, nil)
	ok(t, n.mari.Sync(ctx, nil))
	if len(n.mari.Records()) != 1 {
		t.Fatal("the keeper sees no record")
	}
	if v := n.nino.Figures(); len(n.nino.Records()) != 0 || v.Holder || v.Keeper || v.Periods != nil || v.Programmes != nil || !v.Founded {
		t.Errorf("an advocate sees %+v", v)
	}
	appends, err := n.Store.Appends(ctx, figuresAt(0), 0)
	ok(t, err)
	keys := []seal.Identity{n.Nino.Key.Personal, n.Ana.Key.Personal, n.Nino.Key.Intake[0].Identity}
	for _, a := range appends {
		for _, g := range a.Grants {
			if g.To == n.Nino.ID() || g.To == n.Ana.ID() {
				t.Errorf("a key for %s", g.To)
			}
		}
		for _, id := range keys {
			if _, err := seal.OpenEntry(a.Entry, a.Effects(), id, nil); !errors.Is(err, seal.ErrNotForUs) {
				t.Errorf("entry %d: %v", a.Entry.Seq, err)
			}
		}
	}
	for name, act := range map[string]func() error{
		"programme": func() error { return n.nino.ProposeProgramme(ctx, n.Programme("2027-01")) },
		"close":     func() error { return n.nino.ClosePeriod(ctx, "2026-12") },
		"sign":      func() error { return n.nino.SignRelease(ctx, "2026-12") },
		"publish":   func() error { return n.nino.PublishRelease(ctx, "2026-12") },
	} {
		if err := act(); !errors.Is(err, review.ErrNotLegal) {
			t.Errorf("%s by an advocate: %v", name, err)
		}
	}
}

// A batch that is changed by one case is refused, and so is a line of the ledger
// that a keeper entered and that does not come out of the journal.
func TestFiguresOfAChangedBatchAreRefused(t *testing.T) {
	n := newNewsroom(t)
	for range 2 {
		n.CountedCase(n.nino.Workstation, nil)
	}
	n.Later(on("2027-01-15"), n.nino, n.mari, n.keti)
	line, err := n.mari.LedgerLine("2026-12")
	ok(t, err)
	line.Output = strings.Repeat("0", 64)
	b, err := line.JSON()
	ok(t, err)
	n.forge(t, n.Keti, "ledger", string(b), nil)
	ok(t, n.mari.ClosePeriod(ctx, "2026-12"))
	if p := n.mari.Figures().Problems; len(p) != 1 || !p[0].Alarm || !strings.Contains(p[0].Text, "not those that come out of the journal") {
		t.Errorf("a false line of the ledger: %+v", p)
	}
	ok(t, n.mari.SignRelease(ctx, "2026-12"))
	ok(t, n.keti.SignRelease(ctx, "2026-12"))
	ok(t, n.mari.Sync(ctx, nil))
	in := n.mari.GateInput("2026-12")
	ok(t, figures.Gate(in))
	changed := in
	changed.Records = in.Records[1:]
	if err := figures.Gate(changed); !errors.Is(err, figures.ErrRefused) {
		t.Errorf("without one case: %v", err)
	}
	changed = in
	changed.Batches = slices.Clone(in.Batches)
	changed.Batches[0].Groups = changed.Batches[0].Groups[1:]
	if err := figures.Gate(changed); !errors.Is(err, figures.ErrRefused) {
		t.Errorf("a batch without one case: %v", err)
	}
	// One more case with a day in the batch's month: it came too late, and
	// neither the ledger nor the release changes.
	before := period(t, n.mari, "2026-12")
	n.forge(t, n.Nino, "count", record(9, nil), nil)
	ok(t, n.mari.Sync(ctx, nil))
	if p := period(t, n.mari, "2026-12"); !bytes.Equal(p.Body, before.Body) || len(n.mari.Members("2026-12")) != 2 {
		t.Error("a late record changed a closed month")
	}
	ok(t, n.mari.PublishRelease(ctx, "2026-12"))
}

// Figures on the server that the roster's people did not sign are an alarm for
// everybody who looks.
func TestFiguresNobodySignedRaiseAnAlarm(t *testing.T) {
	n := newNewsroom(t)
	n.CountedCase(n.nino.Workstation, nil)
	n.Later(on("2027-01-15"), n.nino, n.mari, n.keti)
	ok(t, n.mari.ClosePeriod(ctx, "2026-12"))
	ok(t, n.mari.SignRelease(ctx, "2026-12"))
	_, err := n.Store.PutRelease(ctx, n.Mari.ID(), vault.ID{}, period(t, n.mari, "2026-12").Body)
	ok(t, err)
	for _, s := range []*reviewtest.Seat{n.nino, n.mari, n.keti} {
		ok(t, s.Sync(ctx, nil))
		if a := s.View().Alarms; len(a) != 1 || !strings.Contains(a[0], "not the organisation's") {
			t.Errorf("alarms: %v", a)
		}
	}
	// Well signed by two, and not what the ledger gives.
	p := n.mari.Figures().Programmes[0].Programme
	out := figures.Output{V: 1, Programme: p.Hash().String(), Version: p.Version, Period: "2026-12"}
	for _, table := range period(t, n.mari, "2026-12").Release.Tables {
		out.Tables = append(out.Tables, figures.Cells{Table: table.ID, Cells: slices.Clone(table.Cells)})
	}
	hundred := 100
	out.Tables[0].Cells[0].Value = &hundred
	forged, err := figures.NewRelease(p, out, n.Roster.Organisation, n.mari.Figures().Ledger, n.mari.LastRelease())
	ok(t, err)
	body, err := figures.Pack(forged)
	ok(t, err)
	for _, p := range []*reviewtest.Person{n.Mari, n.Keti} {
		body, err = figures.Sign(body, p.ID(), p.Key.Signing)
		ok(t, err)
	}
	_, err = n.Store.PutRelease(ctx, n.Mari.ID(), n.mari.LastRelease(), body)
	ok(t, err)
	ok(t, n.mari.Sync(ctx, nil))
	if a := n.mari.View().Alarms; len(a) != 2 || !strings.Contains(a[1], "not those of the ledger") {
		t.Errorf("alarms: %v", a)
	}
}

// Another version of the program draws pages its own way. A release that two
// people signed then is not taken for a forged one because of that.
func TestFiguresOfAnOlderVersionAreNoAlarm(t *testing.T) {
	n := newNewsroom(t)
	n.CountedCase(n.nino.Workstation, nil)
	n.Later(on("2027-01-15"), n.nino, n.mari, n.keti)
	ok(t, n.mari.ClosePeriod(ctx, "2026-12"))
	_, files, err := vault.UnpackRelease(period(t, n.mari, "2026-12").Body)
	ok(t, err)
	files[3].Body = append(slices.Clone(files[3].Body), "<!-- drawn by an older version -->"...)
	var sigs []figures.Signature
	for _, p := range []*reviewtest.Person{n.Mari, n.Keti} {
		sigs = append(sigs, figures.Signature{By: p.ID(), Sig: base64.StdEncoding.EncodeToString(ed25519.Sign(p.Key.Signing, vault.ReleaseStatement(files)))})
	}
	raw, err := json.Marshal(sigs)
	ok(t, err)
	body, err := vault.PackRelease(raw, files)
	ok(t, err)
	if _, err := figures.Verify(body, n.Roster); !errors.Is(err, figures.ErrFiles) {
		t.Fatalf("it is what this version makes: %v", err)
	}
	_, err = n.Store.PutRelease(ctx, n.Mari.ID(), vault.ID{}, body)
	ok(t, err)
	for _, s := range []*reviewtest.Seat{n.nino, n.mari} {
		ok(t, s.Sync(ctx, nil))
		if a := s.View().Alarms; len(a) != 0 {
			t.Errorf("alarms: %v", a)
		}
	}
	if p := period(t, n.mari, "2026-12"); p.Status != review.PeriodPublished || !bytes.Equal(p.Body, body) || p.Release.Headline["en"] == "" {
		t.Errorf("%+v", p)
	}
}

// A programme that two people signed once the data were there is not the one
// that counts them, whatever day it says that it was decided on.
func TestFiguresProgrammeCannotBeBackdated(t *testing.T) {
	n := newNewsroom(t)
	for range 3 {
		n.CountedCase(n.nino.Workstation, nil)
	}
	n.Later(on("2027-01-20"), n.nino, n.mari, n.keti)
	p := n.Programme("2026-12")
	p.Version, p.Decided, p.Tables = 7, "2026-11-01", p.Tables[:1]
	ok(t, n.mari.ProposeProgramme(ctx, p))
	ok(t, n.keti.Sync(ctx, nil))
	ok(t, n.keti.SignProgramme(ctx, p.Hash()))
	ok(t, n.mari.Sync(ctx, nil))
	ok(t, n.mari.ClosePeriod(ctx, "2026-12"))
	ok(t, n.keti.Sync(ctx, nil))
	if r := period(t, n.keti, "2026-12").Release; r == nil || r.Programme.Version != 1 {
		t.Errorf("counted by the programme that was decided afterwards: %+v", r)
	}
	for _, x := range n.keti.Figures().Periods {
		if x.From >= "2027-02-01" && x.Programme != p.Hash() {
			t.Errorf("%s is not counted by the newer programme", x.Period)
		}
	}
}

// A keeper whose computer runs ahead, or who has it do so, closes no period that
// is not over by the day on which her line arrives.
func TestFiguresPeriodCannotBeClosedEarly(t *testing.T) {
	n := newNewsroom(t)
	n.CountedCase(n.nino.Workstation, nil)
	ok(t, n.mari.Sync(ctx, nil))
	here := n.Clock.Now()
	n.Later(on("2027-01-03"), n.mari)
	line, err := n.mari.LedgerLine("2026-12")
	ok(t, err)
	data, err := line.JSON()
	ok(t, err)
	ahead := n.Clock.Now()
	n.Clock.Advance(here.Sub(ahead))
	n.forge(t, n.Mari, "ledger", string(data), func(_ *vault.Append, b *seal.EntryBody) { b.Time = ahead })
	n.Later(here.AddDate(0, 0, 1), n.keti)
	if p := period(t, n.keti, "2026-12"); p.Status != review.PeriodRuns {
		t.Errorf("the period is %s while it runs", p.Status)
	}
	if f := n.keti.Figures(); len(f.Problems) != 1 || !strings.Contains(f.Problems[0].Text, "a day that had not come") {
		t.Errorf("problems: %+v", f.Problems)
	}
}
