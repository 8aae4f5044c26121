package seal_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

func addReports(f *testing.F) {
	for _, c := range load[[]struct {
		Name, JSON string
		OK         bool
	}](f, "reports.json") {
		f.Add([]byte(c.JSON))
	}
}

func FuzzParseReport(f *testing.F) {
	addReports(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := seal.ParseReport(b)
		if err != nil {
			return
		}
		if !bytes.Equal(r.Raw, b) || len(b) > seal.MaxPadded || len(r.Attachments) > seal.MaxAttachments {
			t.Fatal("bounds or Raw")
		}
		if r.Thread.ID != seal.ThreadID(r.Thread.ThreadKey()) || seal.CheckRecipient(r.Thread.Reply) != nil {
			t.Fatal("thread was not checked")
		}
		again, err := r.Encode()
		if err != nil {
			t.Fatalf("what is accepted does not encode: %v", err)
		}
		second, err := seal.ParseReport(again)
		if err != nil {
			t.Fatal(err)
		}
		if third, err := second.Encode(); err != nil || !bytes.Equal(again, third) {
			t.Fatal("encoding is not stable")
		}
	})
}

func FuzzParseFollowUp(f *testing.F) {
	for _, c := range load[[]struct {
		Name, Entropy, Desk, JSON string
		ThreadKey                 string `json:"thread_key"`
		Parses, Genuine           bool
	}](f, "follow-ups.json") {
		f.Add([]byte(c.JSON))
	}
	key := seal.Receipt{}.Thread().ThreadKey()
	f.Fuzz(func(t *testing.T, b []byte) {
		up, err := seal.ParseFollowUp(b, "street")
		if err != nil {
			return
		}
		if !bytes.Equal(up.Raw, b) || !json.Valid([]byte(up.Body)) || len(up.Message.ID) != 32 {
			t.Fatal("not checked")
		}
		if up.Verify("street", key) == nil {
			t.Fatal("a signature by a key that nobody signed with")
		}
		for _, a := range up.Message.Attachments {
			for _, id := range a.IDs() {
				_ = id.String()
			}
		}
	})
}

func FuzzUnpad(f *testing.F) {
	f.Add(uint16(0), []byte{0, 0, 0, 1, 'x'})
	f.Add(uint16(3), []byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, k uint16, head []byte) {
		size := seal.MinEntry << (k % 5)
		b := make([]byte, size)
		copy(b, head)
		text, err := seal.Unpad(b, seal.MinEntry, seal.MaxEntry)
		if err == nil {
			again, err := seal.Pad(text, size, size)
			if err != nil || !bytes.Equal(again, b) {
				t.Fatal("what was accepted pads to other bytes")
			}
		}
		if _, err := seal.Unpad(head, seal.MinEntry, seal.MaxEntry); err == nil && len(head) < seal.MinEntry {
			t.Fatal("too short")
		}
	})
}

func FuzzParseReceipt(f *testing.F) {
	for _, lang := range []string{"en", "es", "fr", "pt"} {
		words, err := seal.Receipt{1}.Words(lang)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.Join(words, " "), lang)
	}
	f.Add(seal.Receipt{9}.Digits(), "")
	f.Fuzz(func(t *testing.T, text, lang string) {
		r, err := seal.ParseReceipt(text, lang)
		if err != nil {
			return
		}
		if back, err := seal.ParseReceipt(r.Digits(), lang); err != nil || back != r {
			t.Fatalf("accepted, but its digits are not: %v", err)
		}
	})
}

func FuzzOpenGrant(f *testing.F) {
	h := newHouse(f)
	good := h.grant(f, 1, dara, nino)
	f.Add(good.Body)
	f.Add([]byte(`{"journal":"","epoch":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		g := vault.Grant{Journal: h.journal, Epoch: 1, To: dara, Body: body}
		id, err := seal.OpenGrant(g, h.personal[dara], dara, h.granter)
		if err == nil && id != h.caseID {
			t.Fatal("an identity that nobody granted")
		}
	})
}

func FuzzParseCard(f *testing.F) {
	c, err := person(f).Card()
	if err != nil {
		f.Fatal(err)
	}
	b, err := c.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := seal.ParseCard(b)
		if err != nil {
			return
		}
		out, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := seal.ParseCard(out); err != nil || again != c {
			t.Fatal("encoding is not stable")
		}
	})
}

func FuzzOpenReport(f *testing.F) {
	me := seal.IdentityFromSeed([32]byte(bytes.Repeat([]byte{1}, 32)))
	good := read(f, "sealed/report-8.age")
	f.Add(good)
	f.Add(good[:1700])
	f.Fuzz(func(t *testing.T, b []byte) {
		if plain, err := seal.OpenReport(b, 8, me); err == nil && !bytes.Equal(b, good) && len(plain) > seal.MaxPadded {
			t.Fatal("over the limit")
		}
		if _, err := seal.OpenByHand(b, me); err == nil && len(b) > vault.MaxReport {
			t.Fatal("over the limit")
		}
	})
}
