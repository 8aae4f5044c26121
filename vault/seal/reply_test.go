package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

type replyVectors struct {
	People []struct {
		Person, Signing string
		Roles           []string
		Revoked         bool
	}
	Buckets []struct {
		Name, Entropy string
		RunOut        uint32 `json:"run_out"`
		Slots         []struct {
			File, State, Error string
			Flip               int
		}
		Said []struct {
			N         uint32
			Day, Text string
			Whole     bool
		}
	}
}

// answerers is the vectors' roster as seal's caller makes it.
func (v replyVectors) answerers() func(string) (ed25519.PublicKey, bool) {
	var r roster.Roster
	revoked := map[string]bool{}
	for _, p := range v.People {
		r.People = append(r.People, roster.Person{ID: p.Person, Signing: p.Signing, Roles: p.Roles})
		revoked[p.Person] = p.Revoked
	}
	return seal.Answerers(&r, func(p string) bool { return revoked[p] })
}

// TestAttack16ForgedReply reads buckets in which the server, a colleague
// without the role and one who was revoked put slots of their own, altered
// others, and took some away. None of it is ever shown as an answer.
func TestAttack16ForgedReply(t *testing.T) {
	v := load[replyVectors](t, "replies.json")
	atLeast(t, len(v.Buckets), 35)
	words := map[string]error{"thread": seal.ErrPlace, "content": seal.ErrContent, "author": seal.ErrAuthor, "signature": seal.ErrSignature}
	for w, err := range errorNames {
		words[w] = err
	}
	forged := 0
	for _, c := range v.Buckets {
		t.Run(c.Name, func(t *testing.T) {
			r := seal.Receipt(unhex(t, c.Entropy))
			var slots [][]byte
			var states []seal.SlotState
			unconfirmed := 0
			for i, s := range c.Slots {
				b := read(t, s.File)
				if s.Flip >= 0 {
					b[s.Flip] ^= 1
				}
				slots, states = append(slots, b), append(states, seal.SlotState(s.State))
				if s.State == "unconfirmed" {
					unconfirmed++
				}
				_, err := seal.OpenReply(b, r.ReplyIdentity(), r.ThreadID(), v.answerers())
				if want := words[s.Error]; s.Error != "" && want == nil || !errors.Is(err, want) {
					t.Errorf("slot %d: %v, want %q", i, err, s.Error)
				}
			}
			forged += unconfirmed
			got := seal.ReadReplies(slots, r.ThreadID(), r.ReplyIdentity(), v.answerers())
			if d := cmp.Diff(states, got.States, cmp.Transformer("none", func(s []seal.SlotState) []seal.SlotState { return slices.Clip(append([]seal.SlotState{}, s...)) })); d != "" {
				t.Error(d)
			}
			if got.Unconfirmed != unconfirmed || got.RunOut != c.RunOut || len(got.Said) != len(c.Said) {
				t.Fatalf("%d unconfirmed, %d run out, %d said", got.Unconfirmed, got.RunOut, len(got.Said))
			}
			for i, s := range got.Said {
				if w := c.Said[i]; s.N != w.N || s.Day != w.Day || s.Text != w.Text || s.Whole != w.Whole || s.Desk != "street" {
					t.Errorf("said %d: %+v, want %+v", i, s, w)
				}
			}
		})
	}
	if forged < 20 {
		t.Fatalf("only %d forgeries among the vectors", forged)
	}
}

// correspondent is a person who answers one thread.
type correspondent struct {
	key     ed25519.PrivateKey
	receipt seal.Receipt
	base    seal.Reply
}

func newCorrespondent() correspondent {
	r := seal.Receipt{4, 5, 6}
	return correspondent{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)), r,
		seal.Reply{Thread: r.ThreadID(), Desk: "street", Author: nino, Roster: 1, Day: "2026-11-23"}}
}

func (c correspondent) who(p string) (ed25519.PublicKey, bool) {
	return c.key.Public().(ed25519.PublicKey), p == nino
}

func (c correspondent) seal(change func(*seal.Reply)) ([][]byte, error) {
	b := c.base
	change(&b)
	return seal.SealReply(b, c.receipt.ReplyIdentity().Recipient(), c.key)
}

func (c correspondent) read(slots [][]byte) seal.Replies {
	return seal.ReadReplies(slots, c.receipt.ThreadID(), c.receipt.ReplyIdentity(), c.who)
}

// TestReplyOfAnyText seals texts of every kind of character; what comes back
// is the text, in slots of one size, none of which begins with a mark that
// belongs to the letter before.
func TestReplyOfAnyText(t *testing.T) {
	c := newCorrespondent()
	rapid.Check(t, func(t *rapid.T) {
		alphabet := []rune("ab \"\\\n\u0001<&\u2028éမြန်\u1039\u200d👩🏽é\u0301")
		text := "x" + rapid.StringOfN(rapid.SampledFrom(alphabet), 0, 3000, -1).Draw(t, "text")
		slots, err := c.seal(func(r *seal.Reply) { r.Text = text })
		if errors.Is(err, seal.ErrTooLarge) && len(text) > 3000 {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		b := c.base
		b.Text = text
		if n, err := b.Slots(); err != nil || n != len(slots) {
			t.Fatalf("%d slots, said to be %d: %v", len(slots), n, err)
		}
		for i, s := range slots {
			r, err := seal.OpenReply(s, c.receipt.ReplyIdentity(), c.receipt.ThreadID(), c.who)
			if err != nil || len(s) != vault.SlotSize {
				t.Fatalf("slot %d of %d bytes: %v", i, len(s), err)
			}
			if start, _ := utf8.DecodeRuneInString(r.Text); i > 0 && unicode.Is(unicode.M, start) && !markRun(text) {
				t.Fatalf("slot %d begins with a mark", i)
			}
			if r.N != uint32(i) || r.More != (i < len(slots)-1) || i > 0 && r.Former != vault.Sum(slots[i-1]).String() {
				t.Fatalf("slot %d: %d, more %v", i, r.N, r.More)
			}
		}
		got := c.read(slots)
		if len(got.Said) != 1 || got.Said[0].Text != text || !got.Said[0].Whole {
			t.Fatalf("%d bytes in %d slots came back as %d messages", len(text), len(slots), len(got.Said))
		}
	})
}

// markRun tells whether so many marks follow one letter that a cut among them is allowed.
func markRun(text string) bool {
	run := 0
	for _, c := range text {
		if run++; !unicode.Is(unicode.M, c) && c != 0x200d {
			run = 0
		}
		if run > 8 {
			return true
		}
	}
	return false
}

func TestReplyFillsASlot(t *testing.T) {
	c := newCorrespondent()
	length := 0
	for n := 1000; n < 2437; n++ { // the longest text of one slot
		slots, err := c.seal(func(r *seal.Reply) { r.Text = strings.Repeat("a", n) })
		if err != nil {
			t.Fatal(err)
		}
		if len(slots) == 2 {
			length = n - 1
			break
		}
		n += (2437 - n) / 1000 * 100 // fast at first
	}
	if length < 1900 {
		t.Fatalf("a slot holds %d letters only", length)
	}
	most := strings.Repeat("a", 8*(length-70))
	if slots, err := c.seal(func(r *seal.Reply) { r.Text = most }); err != nil || len(slots) != seal.MaxReplySlots {
		t.Fatalf("%d letters in %d slots: %v", len(most), len(slots), err)
	}
	if _, err := c.seal(func(r *seal.Reply) { r.Text = most + most[:1000] }); !errors.Is(err, seal.ErrTooLarge) {
		t.Fatalf("nine slots: %v", err)
	}
}

func TestSealReplyRefuses(t *testing.T) {
	c := newCorrespondent()
	for name, x := range map[string]struct {
		change func(*seal.Reply)
		want   error
	}{
		"nothing":         {func(r *seal.Reply) { r.Text = "" }, seal.ErrContent},
		"spaces":          {func(r *seal.Reply) { r.Text = " \n\t" }, seal.ErrContent},
		"not UTF-8":       {func(r *seal.Reply) { r.Text = "a\xff" }, seal.ErrContent},
		"thread":          {func(r *seal.Reply) { r.Thread = "x" }, seal.ErrContent},
		"desk":            {func(r *seal.Reply) { r.Desk = "../x" }, seal.ErrContent},
		"author":          {func(r *seal.Reply) { r.Author = "recovery" }, seal.ErrContent},
		"roster":          {func(r *seal.Reply) { r.Roster = 0 }, seal.ErrContent},
		"day":             {func(r *seal.Reply) { r.Day = "23 November" }, seal.ErrContent},
		"former of first": {func(r *seal.Reply) { r.Former = strings.Repeat("0", 64) }, seal.ErrContent},
		"no former":       {func(r *seal.Reply) { r.N = 3 }, seal.ErrContent},
	} {
		slots, err := c.seal(func(r *seal.Reply) { r.Text = "Hello."; x.change(r) })
		if !errors.Is(err, x.want) || slots != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := c.base
	b.Text = "Hello."
	if _, err := seal.SealReply(b, "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", c.key); !errors.Is(err, seal.ErrRecipient) {
		t.Errorf("classic recipient: %v", err)
	}
	if _, err := seal.SealReply(b, c.receipt.ReplyIdentity().Recipient(), nil); !errors.Is(err, seal.ErrSignature) {
		t.Errorf("no key: %v", err)
	}
}

func TestReadRepliesOfAnotherSize(t *testing.T) {
	c := newCorrespondent()
	slots, err := c.seal(func(r *seal.Reply) { r.Text = "Hello." })
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{0, 1, 1627, 4095} {
		if got := c.read([][]byte{slots[0][:cut]}); got.Unconfirmed != 0 || len(got.Said) != 0 {
			t.Errorf("%d bytes: %+v", cut, got)
		}
	}
	if got := seal.ReadReplies(slots, c.receipt.ThreadID(), "", c.who); len(got.Said)+got.Unconfirmed != 0 {
		t.Errorf("no identity: %+v", got)
	}
}

func TestAnswerersGiveNoKeyOfNobody(t *testing.T) {
	r := &roster.Roster{People: []roster.Person{{ID: nino, Roles: []string{"lead"}, Signing: base64.StdEncoding.EncodeToString(make([]byte, 32))}}}
	if _, ok := seal.Answerers(r, func(string) bool { return false })(nino); !ok {
		t.Error("a lead may answer")
	}
	if _, ok := seal.Answerers(r, func(p string) bool { return p == nino })(nino); ok {
		t.Error("a revoked lead may not")
	}
	if _, ok := seal.Answerers(r, func(string) bool { return false })(dara); ok {
		t.Error("somebody who isn't on the roster may not")
	}
}
