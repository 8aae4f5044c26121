package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"

	"peerwitness/vault/seal"
)

func FuzzOpenReply(f *testing.F) {
	v := load[replyVectors](f, "replies.json")
	who, r := v.answerers(), seal.Receipt(unhex(f, v.Buckets[1].Entropy))
	good := read(f, v.Buckets[1].Slots[0].File) // the same in every process that fuzzes
	f.Add(good, uint16(4000))
	f.Add(good, uint16(20))
	f.Fuzz(func(t *testing.T, b []byte, at uint16) {
		flipped := bytes.Clone(good)
		flipped[int(at)%len(flipped)] ^= 0x80
		for _, s := range [][]byte{b, flipped} {
			got := seal.ReadReplies([][]byte{s}, r.ThreadID(), r.ReplyIdentity(), who)
			if len(got.Said) != 0 != bytes.Equal(s, good) {
				t.Fatal("an answer that nobody sealed, or none of the one that somebody did")
			}
		}
	})
}

// FuzzParseReply has the body signed by its rightful author: what is accepted
// seals again to the same words.
func FuzzParseReply(f *testing.F) {
	c := newCorrespondent()
	f.Add([]byte(fmt.Sprintf(`{"thread":%q,"desk":"street","n":0,"former":"","author":%q,"roster":1,"day":"2026-11-23","more":false,"text":"Hello."}`, c.receipt.ThreadID(), nino)))
	f.Add([]byte(`{"thread":"","n":1e9}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := seal.ParseReply(b)
		if err != nil {
			return
		}
		if len(r.Thread) != 32 || r.Roster == 0 || (r.N == 0) != (r.Former == "") {
			t.Fatal("not checked")
		}
		r.Text += "."
		slots, err := seal.SealReply(r, c.receipt.ReplyIdentity().Recipient(), c.key)
		if errors.Is(err, seal.ErrTooLarge) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := seal.OpenReply(slots[0], c.receipt.ReplyIdentity(), r.Thread, func(string) (ed25519.PublicKey, bool) { return c.key.Public().(ed25519.PublicKey), true })
		if err != nil || !strings.HasPrefix(r.Text, got.Text) || got.Author != r.Author {
			t.Fatalf("sealed again: %v", err)
		}
	})
}
