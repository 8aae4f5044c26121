package review_test

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// held is a case that Nino took, and its key, for a server that forges.
type held struct {
	org     *reviewtest.Org
	work    *review.Workstation
	journal vault.ID
	key     seal.Identity
}

func take(t *testing.T) *held {
	t.Helper()
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	w := o.Workstation(o.Nino, nil)
	journal, err := w.Take(ctx, s.Deposit)
	if err != nil {
		t.Fatal(err)
	}
	appends, err := o.Store.Appends(ctx, journal, 0)
	if err != nil {
		t.Fatal(err)
	}
	h := &held{org: o, work: w, journal: journal}
	for _, g := range appends[0].Grants {
		if g.To == o.Nino.ID() {
			h.key, err = seal.OpenGrant(g, o.Nino.Key.Personal, o.Nino.ID(), func(string) (ed25519.PublicKey, bool) {
				return o.Nino.Key.Signing.Public().(ed25519.PublicKey), true
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return h
}

// note is the next entry of the case as author would write it; change may
// spoil the append before the entry is sealed.
func (h *held) note(t *testing.T, author *reviewtest.Person, signer *reviewtest.Person, change func(*seal.EntryBody, *vault.Append)) vault.Append {
	t.Helper()
	head, err := h.org.Store.Head(ctx, h.journal)
	if err != nil {
		t.Fatal(err)
	}
	a := vault.Append{Entry: vault.Entry{Journal: h.journal, Epoch: 1, Seq: head.Seq + 1, Prev: head.Entry}}
	body := seal.EntryBody{
		Journal: h.journal.String(), Epoch: 1, Seq: a.Entry.Seq, Prev: head.Entry.String(), Author: author.ID(), Roster: h.org.Roster.Version,
		Time: h.org.Clock.Now(), Kind: "note", Effects: a.Effects().String(), Data: json.RawMessage(`{"text":"FORGED"}`),
	}
	if change != nil {
		change(&body, &a)
	}
	a.Entry.Sealed, err = seal.SealEntry(body, h.key.Recipient(), signer.Key.Signing)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// put makes the server hold an append as author's.
func (h *held) put(t *testing.T, author *reviewtest.Person, a vault.Append) {
	t.Helper()
	if _, err := h.org.Store.Append(ctx, author.ID(), a); err != nil {
		t.Fatal(err)
	}
}

// refused checks that the forged entry is not shown as anybody's, that the case
// raises an alarm with part in it, and that it goes on to be read and written.
func (h *held) refused(t *testing.T, part string) {
	t.Helper()
	if err := h.work.AddNote(ctx, h.journal, review.Note{Text: "PRACTICE after"}); err != nil {
		t.Fatalf("writing after a forged entry: %v", err)
	}
	for _, w := range []*review.Workstation{h.work, h.org.Workstation(h.org.Ana, nil)} {
		c := find(t, w, h.journal)
		var notes []string
		for _, e := range c.Entries {
			if e.Kind == "note" {
				notes = append(notes, e.Note.Text)
			}
		}
		if len(notes) != 1 || notes[0] != "PRACTICE after" || c.Report.ID == "" {
			t.Errorf("the rest of the case: %v", notes)
		}
		if len(c.Problems) != 1 || !c.Problems[0].Alarm || !strings.Contains(c.Problems[0].Text, part) {
			t.Errorf("problems %+v, want one alarm with %q", c.Problems, part)
		}
	}
}

// attack 11: an entry that is not its author's, for this place, is refused.
func TestAttack11ForgedEntries(t *testing.T) {
	t.Run("without the case's key", func(t *testing.T) {
		h := take(t)
		h.put(t, h.org.Luka, h.note(t, h.org.Luka, h.org.Luka, nil))
		h.refused(t, "does not hold this case")
	})
	t.Run("signed by another", func(t *testing.T) {
		h := take(t)
		h.put(t, h.org.Ana, h.note(t, h.org.Ana, h.org.Luka, nil))
		h.refused(t, "signature fails")
	})
	t.Run("let in under another name", func(t *testing.T) {
		h := take(t)
		h.put(t, h.org.Luka, h.note(t, h.org.Ana, h.org.Ana, nil))
		h.refused(t, "another author")
	})
	t.Run("moved from another place", func(t *testing.T) {
		h := take(t)
		h.put(t, h.org.Ana, h.note(t, h.org.Ana, h.org.Ana, func(b *seal.EntryBody, _ *vault.Append) { b.Seq = 7 }))
		h.refused(t, "another place")
	})
	t.Run("moved from another journal", func(t *testing.T) {
		h := take(t)
		h.put(t, h.org.Ana, h.note(t, h.org.Ana, h.org.Ana, func(b *seal.EntryBody, _ *vault.Append) { b.Journal = strings.Repeat("ab", 32) }))
		h.refused(t, "another place")
	})
	t.Run("with effects its author did not sign", func(t *testing.T) {
		h := take(t)
		extra := h.org.Send("street", nil).Deposit
		h.put(t, h.org.Ana, h.note(t, h.org.Ana, h.org.Ana, func(_ *seal.EntryBody, a *vault.Append) { a.Claims = []vault.ID{extra} }))
		h.refused(t, "another place")
		if c := find(t, h.work, extra); c.ID == h.journal {
			t.Error("a report is hidden in a case that nobody put it in")
		}
	})
	t.Run("under an older roster", func(t *testing.T) {
		h := take(t)
		h.org.Next(func(*roster.Roster) {})
		sync(t, h.work)
		if err := h.work.HandOver(ctx, h.journal, h.org.Ana.ID(), "PRACTICE", "PRACTICE"); err != nil { // under version 2
			t.Fatal(err)
		}
		h.put(t, h.org.Ana, h.note(t, h.org.Ana, h.org.Ana, func(b *seal.EntryBody, _ *vault.Append) { b.Roster = 1 }))
		h.refused(t, "older list of people")
	})
	t.Run("an illegal step", func(t *testing.T) {
		h := take(t)
		h.put(t, h.org.Ana, h.note(t, h.org.Ana, h.org.Ana, func(b *seal.EntryBody, _ *vault.Append) {
			b.Kind, b.Data = "state", json.RawMessage(`{"to":"monitoring"}`)
		}))
		sync(t, h.work)
		if c := find(t, h.work, h.journal); c.State != review.Triage || len(c.Problems) != 1 {
			t.Errorf("state %s, problems %v", c.State, c.Problems)
		}
	})
}

// attack 10: a key that was not made out by its granter for this place is not
// used, and nothing is sealed to it.
func TestAttack10ForgedGrants(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	// Luka is an advocate, but not of this desk: she claims the report into a
	// journal whose key is hers, and gives it to everybody.
	var journal vault.ID
	journal[0] = 1
	evil, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	a := vault.Append{Entry: vault.Entry{Journal: journal, Epoch: 1}, Claims: []vault.ID{s.Deposit}}
	for _, to := range []*reviewtest.Person{o.Nino, o.Luka} {
		g, err := seal.SealGrant(journal, 1, to.ID(), to.Key.Personal.Recipient(), evil, o.Luka.ID(), o.Luka.Key.Signing)
		if err != nil {
			t.Fatal(err)
		}
		a.Grants = append(a.Grants, g)
	}
	data, err := json.Marshal(map[string]any{"deposits": []string{s.Deposit.String()}, "desk": "street", "report": json.RawMessage(mustEncode(t, s)), "flags": []string{}})
	if err != nil {
		t.Fatal(err)
	}
	body := seal.EntryBody{Journal: journal.String(), Epoch: 1, Prev: vault.ID{}.String(), Author: o.Luka.ID(), Roster: 1, Time: o.Clock.Now(), Kind: "claim", Effects: a.Effects().String(), Data: data}
	if a.Entry.Sealed, err = seal.SealEntry(body, evil.Recipient(), o.Luka.Key.Signing); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Store.Append(ctx, o.Luka.ID(), a); err != nil {
		t.Fatal(err)
	}
	w := o.Workstation(o.Nino, nil)
	c := find(t, w, s.Deposit)
	if len(c.Problems) == 0 || !c.Problems[0].Alarm || c.Report.ID != s.Report.ID || len(c.Entries) != 0 {
		t.Errorf("a case that an outsider claimed: %+v", c)
	}
	if err := w.AddNote(ctx, s.Deposit, review.Note{Text: "secret"}); !errors.Is(err, review.ErrNotYours) {
		t.Errorf("writing under an outsider's key: %v", err)
	}
	if appends, err := o.Store.Appends(ctx, journal, 0); err != nil || len(appends) != 1 {
		t.Errorf("something was sealed to an outsider's key: %d entries, %v", len(appends), err)
	}

	for name, spoil := range map[string]func(g *vault.Grant){
		"unsigned": func(g *vault.Grant) {
			var m map[string]any
			if err := json.Unmarshal(g.Body, &m); err != nil {
				t.Fatal(err)
			}
			m["sig"] = ""
			g.Body, _ = json.Marshal(m)
		},
		"by one who did not append it": func(g *vault.Grant) {
			*g, err = seal.SealGrant(g.Journal, g.Epoch, g.To, o.Nino.Key.Personal.Recipient(), evil, o.Luka.ID(), o.Luka.Key.Signing)
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := take(t)
			o = h.org
			a := h.note(t, o.Ana, o.Ana, func(b *seal.EntryBody, a *vault.Append) {
				g, err := seal.SealGrant(h.journal, 1, o.Nino.ID(), o.Nino.Key.Personal.Recipient(), evil, o.Ana.ID(), o.Ana.Key.Signing)
				if err != nil {
					t.Fatal(err)
				}
				spoil(&g)
				a.Grants = []vault.Grant{g}
				b.Effects = a.Effects().String()
			})
			h.put(t, o.Ana, a)
			sync(t, h.work)
			if c := find(t, h.work, h.journal); len(c.Problems) != 1 || !c.Problems[0].Alarm {
				t.Errorf("problems: %+v", c.Problems)
			}
			if err := h.work.AddNote(ctx, h.journal, review.Note{Text: "PRACTICE"}); err != nil {
				t.Fatal(err)
			}
			appends, err := o.Store.Appends(ctx, h.journal, 2)
			if err != nil {
				t.Fatal(err)
			}
			last := appends[len(appends)-1]
			if _, err := seal.OpenEntry(last.Entry, last.Effects(), evil, nil); !errors.Is(err, seal.ErrNotForUs) {
				t.Errorf("the next entry is sealed to the forged key: %v", err)
			}
		})
	}
}

func mustEncode(t *testing.T, s *reviewtest.Sent) []byte {
	t.Helper()
	b, err := s.Report.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// attack 15, at the workstation: what somebody writes after being shut out is
// not believed, whatever the server says, and no key goes to her any more.
func TestAttack15RevokedAuthor(t *testing.T) {
	h := take(t)
	o := h.org
	head, err := o.Store.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	v, err := roster.NewRevocation(o.Nino.ID(), o.Roster.Hash, o.Ana.ID(), head.Hash, o.Ana.Key.Signing)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Store.PutRevocation(ctx, o.Ana.ID(), vault.Revocation{Person: v.Person, JSON: b}); err != nil {
		t.Fatal(err)
	}
	h.put(t, o.Nino, h.note(t, o.Nino, o.Nino, nil))
	ana := o.Workstation(o.Ana, nil)
	c := find(t, ana, h.journal)
	if len(c.Entries) != 1 || len(c.Problems) != 1 || !strings.Contains(c.Problems[0].Text, "shut out") {
		t.Errorf("entries %d, problems %+v", len(c.Entries), c.Problems)
	}
	s := o.Send("street", nil)
	if _, err := ana.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	if c := find(t, ana, s.Deposit); strings.Contains(strings.Join(c.Granted, " "), o.Nino.ID()) {
		t.Error("a case's key went to someone who was shut out")
	}
}

// attack 13, at the workstation: rosters that do not follow are refused and
// the former stays; another organisation's root is not adopted.
func TestAttack13Rosters(t *testing.T) {
	o := reviewtest.New(t)
	other := reviewtest.New(t)
	w, err := review.Open(ctx, review.Config{Dir: t.TempDir(), Key: o.Nino.Key, Client: o.Client(o.Nino, nil), Root: other.Roster.Fingerprint(), Clock: o.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	sync(t, w)
	if v := w.View(); v.Roster != nil || len(v.Alarms) != 1 || !strings.Contains(v.Alarms[0], "roots") {
		t.Errorf("a roster of other roots: %v %v", v.Roster, v.Alarms)
	}

	w = o.Workstation(o.Nino, nil)
	if err := o.Store.PutRoster(ctx, "", 2, forgedNext(t, other)); err != nil {
		t.Fatal(err)
	}
	sync(t, w)
	if v := w.View(); v.Roster == nil || v.Roster.Version != 1 || len(v.Quarantine) != 1 || !v.Quarantine[0].Alarm {
		t.Errorf("after a roster signed by others: %+v", v.Quarantine)
	}
}

func forgedNext(t *testing.T, other *reviewtest.Org) []byte {
	t.Helper()
	other.Next(func(*roster.Roster) {})
	return other.Roster.Note
}

func TestExpiredRosterStopsActingNotReading(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	client := o.Client(o.Nino, nil)
	late := func() time.Time { return o.Clock.Now().AddDate(1, 0, 0) }
	w, err := review.Open(ctx, review.Config{Dir: t.TempDir(), Key: o.Nino.Key, Client: client, Clock: late})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	sync(t, w)
	if c := find(t, w, s.Deposit); c.Report.ID != s.Report.ID {
		t.Error("with an expired roster the report can't be read")
	}
	if v := w.View(); v.Roster != nil || len(v.Alarms) != 1 || !strings.Contains(v.Alarms[0], "computer's date") {
		t.Errorf("alarms: %v", v.Alarms)
	}
	if _, err := w.Take(ctx, s.Deposit); !errors.Is(err, review.ErrNotLegal) {
		t.Errorf("taking by a roster that was never good here: %v", err)
	}
}
