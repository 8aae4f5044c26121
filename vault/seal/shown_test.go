package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// What leaves for a court carries the author's signature and no key.
func TestShownEntry(t *testing.T) {
	h := newHouse(t)
	key, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	secret, bucket := key.Reveal(), strings.Repeat("ab", 32)
	nested, err := json.Marshal(`{"attachments":[{"new":{"identity":"` + secret + `"}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	none := vault.Append{}.Effects()
	for name, c := range map[string]struct {
		data   string
		masked bool
		err    error
	}{
		"plain":           {data: `{"text":"PRACTICE, \"bucket\":\"` + bucket + `\" in words"}`},
		"identity":        {data: `{"report":{"attachments":[{"identity":"` + secret + `"}]}}`, masked: true},
		"bucket":          {data: `{"report":{"thread":{"bucket":"` + bucket + `"}}}`, masked: true},
		"figures":         {data: `{"record_key":"` + bucket + `","acts":[]}`, masked: true},
		"nested":          {data: `{"follow_ups":[{"body":` + string(nested) + `}]}`, masked: true},
		"escaped":         {data: `{"report":{"identity":"\u0041` + secret[1:] + `"}}`, err: seal.ErrKeys},
		"escaped, nested": {data: `{"follow_ups":[{"body":"{\"identity\":\"\\u0041` + secret[1:] + `\"}"}]}`, err: seal.ErrKeys},
	} {
		b := seal.EntryBody{Journal: h.journal.String(), Epoch: 1, Prev: vault.ID{}.String(), Author: nino, Roster: 2, Time: time.Unix(0, 0),
			Kind: "claim", Effects: none.String(), Data: json.RawMessage(c.data)}
		sealed, err := seal.SealEntry(b, h.caseID.Recipient(), h.keys[nino])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e := vault.Entry{Journal: h.journal, Epoch: 1, Sealed: sealed}
		got, s, err := seal.ShowEntry(e, none, h.caseID, h.author)
		if !errors.Is(err, c.err) || string(got.Data) != c.data {
			t.Errorf("%s: %v, %s", name, err, got.Data)
		}
		if c.err != nil {
			if s != (seal.Shown{}) {
				t.Errorf("%s: something is shown: %+v", name, s)
			}
			continue
		}
		if s.Masked != c.masked || strings.Contains(s.Text, secret[20:]) || c.masked && strings.Contains(s.Text, bucket) || c.masked != strings.Contains(s.Text, "withheld:") {
			t.Errorf("%s: shown as %+v", name, s)
		}
		if again, err := seal.CheckShown(s, h.author); err != nil || again.Author != nino || again.Seq != got.Seq {
			t.Errorf("%s: checking what is shown: %v", name, err)
		}
		for what, bad := range map[string]seal.Shown{
			"a changed word":        {Text: strings.Replace(s.Text, "claim", "note", 1), Sig: s.Sig, Masked: s.Masked},
			"the other meaning":     {Text: s.Text, Sig: s.Sig, Masked: !s.Masked},
			"no signature":          {Text: s.Text, Masked: s.Masked},
			"another's name":        {Text: strings.Replace(s.Text, nino, dara, 1), Sig: s.Sig, Masked: s.Masked},
			"text that is no entry": {Text: `{"journal":1}`, Sig: s.Sig},
		} {
			if _, err := seal.CheckShown(bad, h.author); err == nil {
				t.Errorf("%s: %s is taken", name, what)
			}
		}
	}
}

// An entry with keys from before its author signed it twice opens as ever, and
// nothing of it is shown.
func TestShownEntryOfBefore(t *testing.T) {
	h := newHouse(t)
	id, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	none := vault.Append{}.Effects()
	body := `{"journal":"` + h.journal.String() + `","epoch":1,"seq":0,"prev":"` + vault.ID{}.String() + `","author":"` + nino +
		`","roster":2,"time":"2026-11-23T09:15:00Z","kind":"claim","effects":"` + none.String() + `","data":{"identity":"` + id.Reveal() + `"}}`
	for name, shown := range map[string]string{"none": "", "another's": base64.StdEncoding.EncodeToString(ed25519.Sign(h.keys[dara], []byte(body)))} {
		plain, err := json.Marshal(map[string]string{"body": body, "shown": shown,
			"sig": base64.StdEncoding.EncodeToString(ed25519.Sign(h.keys[nino], vault.LP("peerwitness/entry-body/v1", []byte(body))))})
		if err != nil {
			t.Fatal(err)
		}
		padded, err := seal.Pad(plain, seal.MinEntry, seal.MaxEntry)
		if err != nil {
			t.Fatal(err)
		}
		to, err := age.ParseHybridRecipient(h.caseID.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		var sealed bytes.Buffer
		w, err := age.Encrypt(&sealed, to)
		if err == nil {
			_, err = w.Write(padded)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		e := vault.Entry{Journal: h.journal, Epoch: 1, Sealed: sealed.Bytes()}
		if _, err := seal.OpenEntry(e, none, h.caseID, h.author); err != nil {
			t.Errorf("%s: opening: %v", name, err)
		}
		if b, s, err := seal.ShowEntry(e, none, h.caseID, h.author); !errors.Is(err, seal.ErrKeys) || s != (seal.Shown{}) || b.Author != nino {
			t.Errorf("%s: shown as %+v: %v", name, s, err)
		}
	}
}
