package review_test

import (
	"bytes"
	"flag"
	"testing"

	"filippo.io/age"

	"peerwitness/vault/roster"
)

type (
	rosterT = roster.Roster
	deskT   = roster.Desk
)

// sealByHand seals as a sender with plain age does.
func sealByHand(t *testing.T, text string, recipients ...string) []byte {
	t.Helper()
	var to []age.Recipient
	for _, s := range recipients {
		r, err := age.ParseHybridRecipient(s)
		if err != nil {
			t.Fatal(err)
		}
		to = append(to, r)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// setFlag sets a test flag that nobody has set, for this test alone.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	was := f.Value.String()
	if was != f.DefValue {
		return
	}
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(was) })
}
