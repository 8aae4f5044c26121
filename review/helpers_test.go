package review_test

import (
	"bytes"
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
