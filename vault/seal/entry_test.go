package seal_test

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// entry makes a sealed entry at a place, by an author under a roster version.
func (h house) entry(t testing.TB, e vault.Entry, author string, version uint64, effects vault.ID, key ed25519.PrivateKey) vault.Entry {
	t.Helper()
	b := seal.EntryBody{Journal: e.Journal.String(), Epoch: e.Epoch, Seq: e.Seq, Prev: e.Prev.String(), Author: author, Roster: version,
		Time: time.Date(2026, 11, 23, 9, 15, 0, 500, time.FixedZone("x", 7200)), Kind: "note", Effects: effects.String(),
		Data: json.RawMessage(`{"text":"a <note>"}`)}
	sealed, err := seal.SealEntry(b, h.caseID.Recipient(), key)
	if err != nil {
		t.Fatal(err)
	}
	e.Sealed = sealed
	return e
}

func TestEntryRoundTrip(t *testing.T) {
	h := newHouse(t)
	effects := vault.Append{}.Effects()
	e := h.entry(t, vault.Entry{Journal: h.journal, Epoch: 1}, nino, 2, effects, h.keys[nino])
	b, err := seal.OpenEntry(e, effects, h.caseID, h.author)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 11, 23, 7, 15, 0, 0, time.UTC); b.Author != nino || b.Kind != "note" || !b.Time.Equal(want) || string(b.Data) != `{"text":"a <note>"}` {
		t.Errorf("%+v", b)
	}
	short := h.entry(t, vault.Entry{Journal: h.journal, Epoch: 1, Seq: 1 << 60, Prev: e.ID()}, dara, 1<<40, effects, h.keys[dara])
	if len(short.Sealed) != len(e.Sealed) {
		t.Errorf("two short entries of %d and %d bytes", len(e.Sealed), len(short.Sealed))
	}
}

// The deepest and largest report that can be read can also be claimed.
func TestEveryReportFitsAnEntry(t *testing.T) {
	h := newHouse(t)
	plain := encoded(t, sample(t))
	deep := string(plain[:len(plain)-1]) + `,"x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + "}"
	// Quotes cost most: each becomes two bytes in the signed text.
	pairs := `,"x":[` + strings.TrimSuffix(strings.Repeat(`"","\\",`, (seal.MaxPadded-len(plain)-100)/8), ",") + "]}"
	for name, report := range map[string]string{"deep": deep, "large": string(plain[:len(plain)-1]) + pairs} {
		if _, err := seal.ParseReport([]byte(report)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b := seal.EntryBody{Journal: h.journal.String(), Epoch: 1, Prev: vault.ID{}.String(), Author: nino, Roster: 2, Time: time.Unix(0, 0),
			Kind: "claim", Effects: vault.Append{}.Effects().String(), Data: json.RawMessage(`{"deposits":[],"report":` + report + `}`)}
		sealed, err := seal.SealEntry(b, h.caseID.Recipient(), h.keys[nino])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(sealed) > vault.MaxAppend-(1<<20) {
			t.Errorf("%s: %d bytes leave no room for grants", name, len(sealed))
		}
		got, err := seal.OpenEntry(vault.Entry{Journal: h.journal, Epoch: 1, Sealed: sealed}, vault.Append{}.Effects(), h.caseID, h.author)
		if err != nil || string(got.Data) != string(b.Data) {
			t.Errorf("%s: opening: %v", name, err)
		}
	}
}

func TestAttack11MovedEntryRefused(t *testing.T) {
	h := newHouse(t)
	none := vault.Append{}.Effects()
	first := h.entry(t, vault.Entry{Journal: h.journal, Epoch: 1}, nino, 2, none, h.keys[nino])
	second := h.entry(t, vault.Entry{Journal: h.journal, Epoch: 1, Seq: 1, Prev: first.ID()}, dara, 2, none, h.keys[dara])
	change := func(f func(*vault.Entry)) vault.Entry {
		e := second
		f(&e)
		return e
	}
	other := vault.Sum([]byte("another"))
	ids, _ := identities(t, 1)
	cases := map[string]struct {
		e       vault.Entry
		effects vault.ID
		id      seal.Identity
		want    error
	}{
		"another journal":             {change(func(e *vault.Entry) { e.Journal = other }), none, h.caseID, seal.ErrPlace},
		"another seq":                 {change(func(e *vault.Entry) { e.Seq = 2 }), none, h.caseID, seal.ErrPlace},
		"another epoch":               {change(func(e *vault.Entry) { e.Epoch = 2 }), none, h.caseID, seal.ErrPlace},
		"another former entry":        {change(func(e *vault.Entry) { e.Prev = other }), none, h.caseID, seal.ErrPlace},
		"other effects":               {second, vault.Append{Claims: []vault.ID{other}}.Effects(), h.caseID, seal.ErrPlace},
		"under a roster without her":  {h.entry(t, vault.Entry{Journal: h.journal, Epoch: 1}, nino, 1, none, h.keys[nino]), none, h.caseID, seal.ErrAuthor},
		"by somebody not on it":       {h.entry(t, vault.Entry{Journal: h.journal, Epoch: 1}, thief, 2, none, h.keys[thief]), none, h.caseID, seal.ErrAuthor},
		"signed by another":           {h.entry(t, vault.Entry{Journal: h.journal, Epoch: 1}, nino, 2, none, h.keys[thief]), none, h.caseID, seal.ErrSignature},
		"signed by another colleague": {h.entry(t, vault.Entry{Journal: h.journal, Epoch: 1}, nino, 2, none, h.keys[dara]), none, h.caseID, seal.ErrSignature},
		"another epoch's key":         {second, none, ids[0], seal.ErrNotForUs},
		"cut":                         {change(func(e *vault.Entry) { e.Sealed = e.Sealed[:len(e.Sealed)-1] }), none, h.caseID, seal.ErrDamaged},
		"empty":                       {change(func(e *vault.Entry) { e.Sealed = nil }), none, h.caseID, seal.ErrShape},
	}
	for name, c := range cases {
		if b, err := seal.OpenEntry(c.e, c.effects, c.id, h.author); !errors.Is(err, c.want) || b.Kind != "" {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}

	chain := seal.NewChain(h.journal)
	follow := func(e vault.Entry, want error) {
		t.Helper()
		if err := chain.Follow(e); !errors.Is(err, want) {
			t.Errorf("entry %d: %v, want %v", e.Seq, err, want)
		}
	}
	follow(second, seal.ErrPlace) // the first is missing
	follow(first, nil)
	follow(first, seal.ErrPlace) // twice
	foreign := second
	foreign.Journal = other
	follow(foreign, seal.ErrPlace)
	fork := second
	fork.Prev = other
	follow(fork, seal.ErrPlace)
	follow(second, nil)
	third := h.entry(t, vault.Entry{Journal: h.journal, Epoch: 2, Seq: 2, Prev: second.ID()}, nino, 3, none, h.keys[nino])
	follow(third, nil)
	follow(vault.Entry{Journal: h.journal, Epoch: 1, Seq: 3, Prev: third.ID()}, seal.ErrPlace) // an epoch that has ended

	for _, step := range []struct {
		version uint64
		want    error
	}{{2, nil}, {2, nil}, {3, nil}, {2, seal.ErrOlderRoster}, {3, nil}, {1, seal.ErrOlderRoster}} {
		if err := chain.Accept(seal.EntryBody{Roster: step.version}); !errors.Is(err, step.want) {
			t.Errorf("roster %d: %v, want %v", step.version, err, step.want)
		}
	}
	if err := seal.NewChain(h.journal).Follow(vault.Entry{Journal: h.journal}); !errors.Is(err, seal.ErrPlace) {
		t.Errorf("epoch 0: %v", err)
	}
}

func TestEntryWithBadContentRefused(t *testing.T) {
	h := newHouse(t)
	good := seal.EntryBody{Journal: h.journal.String(), Epoch: 1, Prev: vault.ID{}.String(), Author: nino, Roster: 2, Time: time.Unix(0, 0),
		Kind: "note", Effects: vault.ID{}.String(), Data: json.RawMessage(`{}`)}
	for name, change := range map[string]func(*seal.EntryBody){
		"journal": func(b *seal.EntryBody) { b.Journal = "x" },
		"epoch":   func(b *seal.EntryBody) { b.Epoch = 0 },
		"roster":  func(b *seal.EntryBody) { b.Roster = 0 },
		"author":  func(b *seal.EntryBody) { b.Author = "recovery" },
		"kind":    func(b *seal.EntryBody) { b.Kind = "" },
		"time":    func(b *seal.EntryBody) { b.Time = time.Time{} },
		"data":    func(b *seal.EntryBody) { b.Data = json.RawMessage(`{"a":1,"a":2}`) },
		"no JSON": func(b *seal.EntryBody) { b.Data = json.RawMessage(`{`) },
		"effects": func(b *seal.EntryBody) { b.Effects = "" },
		"too much": func(b *seal.EntryBody) {
			b.Data = json.RawMessage(`["` + strings.Repeat(strings.Repeat("a", 1<<20)+`","`, 8) + `"]`)
		},
	} {
		b := good
		change(&b)
		if sealed, err := seal.SealEntry(b, h.caseID.Recipient(), h.keys[nino]); err == nil || sealed != nil {
			t.Errorf("bad %s was sealed", name)
		}
	}
	if _, err := seal.SealEntry(good, "age1classic", h.keys[nino]); !errors.Is(err, seal.ErrRecipient) {
		t.Errorf("bad recipient: %v", err)
	}
	if _, err := seal.SealEntry(good, h.caseID.Recipient(), nil); !errors.Is(err, seal.ErrSignature) {
		t.Errorf("no key: %v", err)
	}
}
