package seal

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"peerwitness/vault"
)

const (
	tagReplyBody = "peerwitness/reply-body/v1"

	// slotPlain is what a slot's file holds: 4,096 bytes less a header of one
	// stanza, a nonce and a tag.
	slotPlain = 2437

	// MaxReplySlots is how many slots one message may take: some 16,000
	// letters of English, 5,000 of Burmese.
	MaxReplySlots = 8

	maxCombining = 64 // bytes that a cut goes back at most for the sake of one character's marks
)

// Reply is what one slot says, PROTOCOL.md §7.
type Reply struct {
	Thread string `json:"thread"` // 32 hex digits
	Desk   string `json:"desk"`
	N      uint32 `json:"n"`      // of the thread's slots, from 0 through all messages
	Former string `json:"former"` // hex hash of the slot before, empty for the first
	Author string `json:"author"`
	Roster uint64 `json:"roster"` // version
	Day    string `json:"day"`
	More   bool   `json:"more"` // the message goes on in the next slot
	Text   string `json:"text"`
}

// SealReply signs a message and seals it to a thread's reply recipient, as
// one slot of vault.SlotSize bytes or, when it is long, up to MaxReplySlots of
// them, each naming the one before. r is the first slot with the whole text:
// its N and Former say where the thread stands; More is not looked at. A
// message is cut between characters, and not before a mark that belongs to the
// letter before it, so that each part can be read by itself. ErrContent (also
// for a text of nothing but space), ErrTooLarge, ErrRecipient, ErrSignature.
func SealReply(r Reply, recipient string, key ed25519.PrivateKey) ([][]byte, error) {
	to, err := parseRecipient(recipient)
	if err != nil {
		return nil, err
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if err := r.words(); err != nil {
		return nil, err
	}
	var slots [][]byte
	for rest := r.Text; rest != ""; {
		if len(slots) == MaxReplySlots {
			return nil, errLongReply
		}
		r = r.part(rest)
		slot, err := r.seal(key)
		if err != nil {
			return nil, err
		}
		file, err := encrypt(slot, to)
		if err != nil {
			return nil, err
		}
		if len(file) != vault.SlotSize {
			return nil, fmt.Errorf("%w: a slot of %d bytes", ErrShape, len(file))
		}
		slots = append(slots, file)
		rest = rest[len(r.Text):]
		r.N, r.Former = r.N+1, vault.Sum(file).String()
	}
	return slots, nil
}

var errLongReply = fmt.Errorf("%w: an answer over %d slots", ErrTooLarge, MaxReplySlots)

// Slots is how many slots SealReply would make of r. ErrContent, ErrTooLarge.
func (r Reply) Slots() (int, error) {
	if err := r.words(); err != nil {
		return 0, err
	}
	for n, rest := 0, r.Text; ; n++ {
		switch {
		case rest == "":
			return n, nil
		case n == MaxReplySlots:
			return 0, errLongReply
		}
		r = r.part(rest)
		rest = rest[len(r.Text):]
		r.N, r.Former = r.N+1, vault.ID{}.String() // as long as any
	}
}

// words tells whether the text is one.
func (r Reply) words() error {
	switch {
	case strings.TrimSpace(r.Text) == "":
		return fmt.Errorf("%w: an answer without words", ErrContent)
	case !utf8.ValidString(r.Text):
		return fmt.Errorf("%w: not UTF-8", ErrContent)
	}
	return nil
}

// part is the slot that begins what is left of a text.
func (r Reply) part(rest string) Reply {
	r.Text, r.More = rest, false
	if len(rest) > slotPlain || !r.fits() {
		r.More = true
		r.Text = rest[:r.cut(rest)]
	}
	return r
}

// seal returns the padded, signed text of one slot.
func (r Reply) seal(key ed25519.PrivateKey) ([]byte, error) {
	body, err := encode(r)
	if err != nil {
		return nil, err
	}
	if _, err := parseReply(body); err != nil {
		return nil, err
	}
	sig := ed25519.Sign(key, vault.LP(tagReplyBody, body))
	plain, err := encode(envelope{Body: string(body), Sig: b64.EncodeToString(sig)})
	if err != nil {
		return nil, err
	}
	return pad(plain, slotPlain, slotPlain)
}

// fits tells whether r is short enough for one slot.
func (r Reply) fits() bool {
	body, err := encode(r)
	if err != nil {
		return false
	}
	plain, err := encode(envelope{Body: string(body), Sig: strings.Repeat("A", 88)})
	return err == nil && 4+len(plain) <= slotPlain
}

// cut returns how much of text one slot of r takes, at least one character.
func (r Reply) cut(text string) int {
	over := sort.Search(min(len(text), slotPlain), func(n int) bool {
		r.Text = text[:back(text, n+1)]
		return !r.fits()
	})
	end := back(text, over) // the first over bytes still fit
	for at := end; at > 0 && end-at < maxCombining; {
		next, _ := utf8.DecodeRuneInString(text[at:])
		last, size := utf8.DecodeLastRuneInString(text[:at])
		if !joins(last, next) {
			return at
		}
		at -= size
	}
	if end == 0 {
		_, end = utf8.DecodeRuneInString(text)
	}
	return end
}

// back is n, or the nearest place before it that is not inside a character.
func back(text string, n int) int {
	for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}

// joins tells whether the second character is drawn together with the first:
// marks, joiners, and the Burmese and Indic signs that stack the next letter.
func joins(last, next rune) bool {
	const joiner, burmeseStack, khmerStack = 0x200D, 0x1039, 0x17D2
	return unicode.Is(unicode.M, next) || next == joiner || last == joiner || last == burmeseStack || last == khmerStack
}

// OpenReply opens one slot with a receipt's reply identity and checks that an
// author whom key knows wrote it for the thread. key gives the signing key of
// a person who may answer: see Answerers.
//
// ErrShape, ErrStanza, ErrNotForUs mean that it is somebody else's slot. With
// any other error it was sealed for this receipt and can't be confirmed; the
// Reply then says only what somebody wrote, or nothing: ErrDamaged, ErrPadding,
// ErrContent, ErrTooLarge, ErrPlace (another thread), ErrAuthor, ErrSignature.
func OpenReply(slot []byte, id Identity, thread string, key func(person string) (ed25519.PublicKey, bool)) (Reply, error) {
	if len(slot) != vault.SlotSize {
		return Reply{}, fmt.Errorf("%w: a slot of %d bytes", ErrShape, len(slot))
	}
	if err := checkOne(slot); err != nil {
		return Reply{}, err
	}
	padded, err := decrypt(slot, slotPlain, id)
	if err != nil {
		return Reply{}, err
	}
	plain, err := unpadSlot(padded)
	if err != nil {
		return Reply{}, err
	}
	if err := checkJSON(plain, slotPlain, slotPlain, MaxDepth); err != nil {
		return Reply{}, err
	}
	var env envelope
	if err := decode(plain, &env); err != nil {
		return Reply{}, err
	}
	r, err := parseReply([]byte(env.Body))
	if err != nil {
		return Reply{}, err
	}
	if r.Thread != thread {
		return r, fmt.Errorf("%w: answer to another thread", ErrPlace)
	}
	pub, ok := key(r.Author)
	if !ok || len(pub) != ed25519.PublicKeySize {
		return r, fmt.Errorf("answer: %w", ErrAuthor)
	}
	sig, ok := unb64(env.Sig, ed25519.SignatureSize)
	if !ok || !ed25519.Verify(pub, vault.LP(tagReplyBody, []byte(env.Body)), sig) {
		return r, fmt.Errorf("answer: %w", ErrSignature)
	}
	return r, nil
}

// unpadSlot is unpad for the one size that a slot has.
func unpadSlot(padded []byte) ([]byte, error) {
	if len(padded) != slotPlain {
		return nil, fmt.Errorf("%w: %d bytes is not a slot's size", ErrPadding, len(padded))
	}
	n := uint64(binary.BigEndian.Uint32(padded))
	if n > slotPlain-4 || !allZero(padded[4+n:]) {
		return nil, fmt.Errorf("%w: a slot's length or zeros", ErrPadding)
	}
	return padded[4 : 4+n], nil
}

func parseReply(body []byte) (Reply, error) {
	if err := checkJSON(body, slotPlain, slotPlain, MaxDepth); err != nil {
		return Reply{}, err
	}
	var r Reply
	if err := decode(body, &r); err != nil {
		return Reply{}, err
	}
	day, err := time.Parse(time.DateOnly, r.Day)
	switch {
	case !isHex(r.Thread, 16):
		return Reply{}, fmt.Errorf("%w: bad thread", ErrContent)
	case !isID(r.Desk):
		return Reply{}, fmt.Errorf("%w: bad desk", ErrContent)
	case r.N == 0 && r.Former != "", r.N > 0 && !isHex(r.Former, 32):
		return Reply{}, fmt.Errorf("%w: bad former slot", ErrContent)
	case !isPerson(r.Author), r.Author == "recovery":
		return Reply{}, fmt.Errorf("%w: bad author of an answer", ErrContent)
	case r.Roster == 0:
		return Reply{}, fmt.Errorf("%w: rosters begin at 1", ErrContent)
	case err != nil, day.Year() < 1970:
		return Reply{}, fmt.Errorf("%w: bad day", ErrContent)
	}
	return r, nil
}
