package seal

import (
	"crypto/ed25519"
	"errors"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// SlotState is what became of one slot of a bucket.
type SlotState string

const (
	// SlotOther: not sealed to this receipt, or not a slot at all.
	SlotOther SlotState = "other"
	// SlotAnswer: part of an answer, confirmed.
	SlotAnswer SlotState = "answer"
	// SlotUnconfirmed: sealed to this receipt, but it can't be confirmed that
	// the desk wrote it, or that it stands where it says.
	SlotUnconfirmed SlotState = "unconfirmed"
)

// Said is one message of the desk, its slots put together.
type Said struct {
	N      uint32 // number of its first slot
	Day    string
	Desk   string
	Author string
	Text   string
	Whole  bool // false when it goes on in a slot that is not there
}

// Replies is what a bucket holds for one receipt.
type Replies struct {
	Said []Said // in order
	// RunOut is how many slots there were before the first that is here.
	RunOut      uint32
	Unconfirmed int
	States      []SlotState // of each slot given
}

// ReadReplies tries every slot of a bucket and puts together what the desk
// said. Slots of one message are joined; a second slot with the same number,
// and one that does not name the slot before it, are unconfirmed. The same
// bytes again are passed over, as SlotOther: whoever serves a bucket can repeat
// what is in it. key is as in OpenReply. It reads any number of slots, each once.
func ReadReplies(slots [][]byte, thread string, id Identity, key func(person string) (ed25519.PublicKey, bool)) Replies {
	type opened struct {
		Reply
		at  int
		sum vault.ID
	}
	out := Replies{States: make([]SlotState, len(slots))}
	var good []opened
	seen := map[vault.ID]bool{}
	type link struct {
		n   uint32
		sum string
	}
	links := map[link]bool{} // also of slots that can't be confirmed: a colleague's who has left
	for i, slot := range slots {
		out.States[i] = SlotOther
		sum := vault.Sum(slot)
		if seen[sum] {
			continue
		}
		seen[sum] = true
		r, err := OpenReply(slot, id, thread, key)
		switch {
		case errors.Is(err, ErrShape), errors.Is(err, ErrStanza), errors.Is(err, ErrNotForUs), errors.Is(err, ErrIdentity):
			continue
		case err == nil:
			good = append(good, opened{r, i, sum})
		default:
			out.States[i] = SlotUnconfirmed
		}
		if r.Thread == thread {
			links[link{r.N, sum.String()}] = true
		}
	}
	slices.SortStableFunc(good, func(a, b opened) int { return int(int64(a.N) - int64(b.N)) })
	var last *opened
	for i := range good {
		s := &good[i]
		if last != nil && (s.N == last.N || !links[link{s.N - 1, s.Former}]) {
			out.States[s.at] = SlotUnconfirmed
			continue
		}
		out.States[s.at] = SlotAnswer
		if last == nil {
			out.RunOut = s.N
		}
		if last != nil && last.More && s.N == last.N+1 {
			said := &out.Said[len(out.Said)-1]
			said.Text, said.Whole = said.Text+s.Text, !s.More
		} else {
			out.Said = append(out.Said, Said{N: s.N, Day: s.Day, Desk: s.Desk, Author: s.Author, Text: s.Text, Whole: !s.More})
		}
		last = s
	}
	for _, s := range out.States {
		if s == SlotUnconfirmed {
			out.Unconfirmed++
		}
	}
	return out
}

// Answerers gives the signing keys of those who may answer for the
// organisation: advocates and leads of the roster who are not revoked.
func Answerers(r *roster.Roster, revoked func(person string) bool) func(person string) (ed25519.PublicKey, bool) {
	return func(person string) (ed25519.PublicKey, bool) {
		p, ok := r.Person(person)
		if !ok || revoked(person) || !p.Has(roster.Advocate) && !p.Has(roster.Lead) {
			return nil, false
		}
		return p.Key(), true
	}
}
