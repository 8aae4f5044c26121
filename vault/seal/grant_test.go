package seal_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"filippo.io/age"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

const (
	nino  = "p-00000000000000a1"
	dara  = "p-00000000000000a2"
	thief = "p-00000000000000a3"
)

// house is a small roster: nino and dara are on it from version 2 on.
type house struct {
	keys     map[string]ed25519.PrivateKey
	personal map[string]seal.Identity
	caseID   seal.Identity
	journal  vault.ID
}

func newHouse(t testing.TB) house {
	t.Helper()
	h := house{keys: map[string]ed25519.PrivateKey{}, personal: map[string]seal.Identity{}, journal: vault.Sum([]byte("journal"))}
	ids, _ := identities(t, 4)
	for i, p := range []string{nino, dara, thief} {
		k := [32]byte{byte(i + 1)}
		h.keys[p], h.personal[p] = ed25519.NewKeyFromSeed(k[:]), ids[i]
	}
	h.caseID = ids[3]
	return h
}

func (h house) granter(p string) (ed25519.PublicKey, bool) { return h.author(p, 2) }

func (h house) author(p string, version uint64) (ed25519.PublicKey, bool) {
	if p == thief || version < 2 {
		return nil, false
	}
	k, ok := h.keys[p]
	if !ok {
		return nil, false
	}
	return k.Public().(ed25519.PublicKey), true
}

func (h house) grant(t testing.TB, epoch uint32, to string, by string) vault.Grant {
	t.Helper()
	g, err := seal.SealGrant(h.journal, epoch, to, h.personal[to].Recipient(), h.caseID, by, h.keys[by])
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// remake changes fields of a grant's body and signs it again by key, or leaves
// the signature when key is nil.
func remake(t testing.TB, g vault.Grant, key ed25519.PrivateKey, change func(m map[string]any)) vault.Grant {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(g.Body, &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	if key != nil {
		journal, err := vault.ParseID(m["journal"].(string))
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := base64.StdEncoding.DecodeString(m["sealed"].(string))
		if err != nil {
			t.Fatal(err)
		}
		sum := vault.Sum(sealed)
		statement := vault.LP("peerwitness/grant-body/v1", journal[:], vault.U32(uint32(m["epoch"].(float64))), []byte(m["to"].(string)),
			unhex(t, m["to_recipient"].(string)), []byte(m["case_recipient"].(string)), sum[:])
		m["sig"] = base64.StdEncoding.EncodeToString(ed25519.Sign(key, statement))
	}
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	g.Body = body
	return g
}

func TestGrantRoundTrip(t *testing.T) {
	h := newHouse(t)
	g := h.grant(t, 3, dara, nino)
	id, err := seal.OpenGrant(g, h.personal[dara], dara, h.granter)
	if err != nil || id != h.caseID {
		t.Fatalf("opening: %v", err)
	}
	by, to, err := seal.GrantRecipient(g)
	if err != nil || by != nino || to != h.caseID.Recipient() {
		t.Errorf("reading the outside: %s %v", by, err)
	}
	rec, err := seal.SealGrant(h.journal, 3, "recovery", h.personal[dara].Recipient(), h.caseID, nino, h.keys[nino])
	if err != nil {
		t.Fatal(err)
	}
	if id, err := seal.OpenGrant(rec, h.personal[dara], "recovery", h.granter); err != nil || id != h.caseID {
		t.Errorf("recovery's grant: %v", err)
	}
	// remake itself must make grants that pass, or the attacks below prove nothing.
	if _, err := seal.OpenGrant(remake(t, g, h.keys[nino], func(map[string]any) {}), h.personal[dara], dara, h.granter); err != nil {
		t.Errorf("signed again: %v", err)
	}
}

func TestAttack10GrantRefused(t *testing.T) {
	h := newHouse(t)
	g := h.grant(t, 1, dara, nino)
	other := vault.Sum([]byte("another journal"))
	ids, _ := identities(t, 1)
	set := func(k string, v any) func(map[string]any) { return func(m map[string]any) { m[k] = v } }
	sealedTo := func(id seal.Identity, text string) string {
		r, err := age.ParseHybridRecipient(id.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(ageFile(t, []byte(text), r))
	}
	moved, later, misaddressed := g, g, g
	moved.Journal, later.Epoch, misaddressed.To = other, 2, thief
	bodyText := func(s string) vault.Grant {
		return vault.Grant{Journal: g.Journal, Epoch: 1, To: dara, Body: []byte(s)}
	}
	cases := map[string]struct {
		g    vault.Grant
		id   seal.Identity
		me   string
		want error
	}{
		"unsigned":                               {remake(t, g, nil, set("sig", "")), h.personal[dara], dara, seal.ErrSignature},
		"signature field gone":                   {remake(t, g, nil, func(m map[string]any) { delete(m, "sig") }), h.personal[dara], dara, seal.ErrSignature},
		"signed by another than it says":         {remake(t, g, h.keys[thief], func(map[string]any) {}), h.personal[dara], dara, seal.ErrSignature},
		"signature of another grant":             {remake(t, g, nil, set("sig", sigOf(t, h.grant(t, 2, dara, nino)))), h.personal[dara], dara, seal.ErrSignature},
		"by somebody not on the roster":          {h.grant(t, 1, dara, thief), h.personal[dara], dara, seal.ErrAuthor},
		"by recovery":                            {remake(t, g, h.keys[nino], set("by", "recovery")), h.personal[dara], dara, seal.ErrContent},
		"in another journal":                     {moved, h.personal[dara], dara, seal.ErrPlace},
		"in another journal, inside too":         {remake(t, moved, nil, set("journal", other.String())), h.personal[dara], dara, seal.ErrSignature},
		"in another epoch":                       {later, h.personal[dara], dara, seal.ErrPlace},
		"in another epoch, inside too":           {remake(t, later, nil, set("epoch", 2.0)), h.personal[dara], dara, seal.ErrSignature},
		"addressed outside to another":           {misaddressed, h.personal[thief], thief, seal.ErrPlace},
		"addressed to another, inside too":       {remake(t, misaddressed, nil, set("to", thief)), h.personal[dara], thief, seal.ErrSignature},
		"to somebody else":                       {h.grant(t, 1, nino, nino), h.personal[dara], dara, seal.ErrPlace},
		"to somebody else with my recipient":     {g, h.personal[dara], nino, seal.ErrPlace},
		"to another recipient of mine":           {g, ids[0], dara, seal.ErrPlace},
		"to another recipient, named so":         {remake(t, g, h.keys[nino], set("to_recipient", strings.Repeat("0", 64))), h.personal[dara], dara, seal.ErrPlace},
		"case recipient changed":                 {remake(t, g, nil, set("case_recipient", ids[0].Recipient())), h.personal[dara], dara, seal.ErrSignature},
		"case recipient changed by the granter":  {remake(t, g, h.keys[nino], set("case_recipient", ids[0].Recipient())), h.personal[dara], dara, seal.ErrContent},
		"case recipient classic":                 {remake(t, g, h.keys[nino], set("case_recipient", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")), h.personal[dara], dara, seal.ErrRecipient},
		"sealed changed":                         {remake(t, g, nil, set("sealed", sealedTo(h.personal[dara], ids[0].Reveal()))), h.personal[dara], dara, seal.ErrSignature},
		"sealed another identity by the granter": {remake(t, g, h.keys[nino], set("sealed", sealedTo(h.personal[dara], ids[0].Reveal()))), h.personal[dara], dara, seal.ErrContent},
		"sealed no identity":                     {remake(t, g, h.keys[nino], set("sealed", sealedTo(h.personal[dara], "hello"))), h.personal[dara], dara, seal.ErrContent},
		"sealed far too much":                    {remake(t, g, h.keys[nino], set("sealed", sealedTo(h.personal[dara], strings.Repeat("A", 300)))), h.personal[dara], dara, seal.ErrTooLarge},
		"sealed to somebody else":                {remake(t, g, h.keys[nino], set("sealed", sealedTo(ids[0], h.caseID.Reveal()))), h.personal[dara], dara, seal.ErrNotForUs},
		"sealed is no age file":                  {remake(t, g, h.keys[nino], set("sealed", "AAAA")), h.personal[dara], dara, seal.ErrShape},
		"sealed is no base64":                    {remake(t, g, nil, set("sealed", "!")), h.personal[dara], dara, seal.ErrContent},
		"epoch 0":                                {remake(t, g, h.keys[nino], set("epoch", 0.0)), h.personal[dara], dara, seal.ErrContent},
		"no body":                                {bodyText(""), h.personal[dara], dara, seal.ErrContent},
		"a body of 10 MB":                        {bodyText(strings.Repeat(" ", 10<<20)), h.personal[dara], dara, seal.ErrTooLarge},
		"a key twice":                            {bodyText(`{"epoch":1,` + string(g.Body[1:])), h.personal[dara], dara, seal.ErrContent},
	}
	for name, c := range cases {
		id, err := seal.OpenGrant(c.g, c.id, c.me, h.granter)
		if !errors.Is(err, c.want) || id != "" {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for name, f := range map[string]func() (vault.Grant, error){
		"epoch 0": func() (vault.Grant, error) {
			return seal.SealGrant(h.journal, 0, dara, h.personal[dara].Recipient(), h.caseID, nino, h.keys[nino])
		},
		"to nobody": func() (vault.Grant, error) {
			return seal.SealGrant(h.journal, 1, "", h.personal[dara].Recipient(), h.caseID, nino, h.keys[nino])
		},
		"classic": func() (vault.Grant, error) {
			return seal.SealGrant(h.journal, 1, dara, "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", h.caseID, nino, h.keys[nino])
		},
		"no key": func() (vault.Grant, error) {
			return seal.SealGrant(h.journal, 1, dara, h.personal[dara].Recipient(), h.caseID, nino, nil)
		},
		"no identity": func() (vault.Grant, error) {
			return seal.SealGrant(h.journal, 1, dara, h.personal[dara].Recipient(), "", nino, h.keys[nino])
		},
	} {
		if g, err := f(); err == nil || g.Body != nil {
			t.Errorf("sealing, %s: no error", name)
		}
	}
}

func sigOf(t testing.TB, g vault.Grant) string {
	var m struct{ Sig string }
	if err := json.Unmarshal(g.Body, &m); err != nil {
		t.Fatal(err)
	}
	return m.Sig
}

// An identity that is ready opens what the bare one opens, refuses what that
// refuses, and tells no more of itself.
func TestReady(t *testing.T) {
	h := newHouse(t)
	g := h.grant(t, 3, dara, nino)
	ready, err := h.personal[dara].Ready()
	if err != nil || ready.Recipient() != h.personal[dara].Recipient() {
		t.Fatal(err)
	}
	if id, err := seal.OpenGrant(g, ready, dara, h.granter); err != nil || id != h.caseID {
		t.Errorf("opened with it: %v", err)
	}
	other, err := h.caseID.Ready()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.OpenGrant(g, other, dara, h.granter); !errors.Is(err, seal.ErrPlace) {
		t.Errorf("another's: %v", err)
	}
	if s := fmt.Sprintf("%v %+v %s %#v", ready, ready, ready, ready); strings.Contains(s, ready.Reveal()[20:40]) {
		t.Error("it prints the key")
	}
	for _, bad := range []seal.Identity{"", "AGE-SECRET-KEY-PQ-1", h.caseID[:60], seal.Identity(strings.ToLower(string(h.caseID)))} {
		if _, err := bad.Ready(); !errors.Is(err, seal.ErrIdentity) {
			t.Errorf("%d characters: %v", len(bad), err)
		}
	}
}
