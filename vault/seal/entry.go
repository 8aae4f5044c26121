package seal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"time"

	"peerwitness/vault"
)

const (
	tagEntryBody  = "peerwitness/entry-body/v1"
	tagEntryShown = "peerwitness/entry-shown/v1"

	// entryDepth leaves room around the deepest report that ParseReport takes,
	// so that no report can be made that nobody can claim.
	entryDepth = MaxDepth + 8
)

// EntryBody is what an advocate writes into a journal, PROTOCOL.md §7.
type EntryBody struct {
	Journal string          `json:"journal"` // hex
	Epoch   uint32          `json:"epoch"`
	Seq     uint64          `json:"seq"`
	Prev    string          `json:"prev"` // hex
	Author  string          `json:"author"`
	Roster  uint64          `json:"roster"` // version
	Time    time.Time       `json:"time"`   // whole seconds, UTC
	Kind    string          `json:"kind"`
	Effects string          `json:"effects"` // hex of Append.Effects
	Data    json.RawMessage `json:"data"`
}

// envelope is signed text. Shown, in an entry whose body holds keys, is the
// author's signature over the body without them, see Shown.
type envelope struct {
	Body  string `json:"body"`
	Sig   string `json:"sig"`
	Shown string `json:"shown,omitempty"`
}

// SealEntry signs body with its author's key and seals it to the epoch's case
// recipient. The caller has set every field; Time is cut to seconds and put in
// UTC. The result is the Sealed of a vault.Entry with the same journal, epoch,
// seq and prev. ErrContent, ErrRecipient, ErrTooLarge (over MaxEntry padded).
func SealEntry(body EntryBody, caseRecipient string, key ed25519.PrivateKey) ([]byte, error) {
	r, err := parseRecipient(caseRecipient)
	if err != nil {
		return nil, err
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	body.Time = body.Time.UTC().Truncate(time.Second)
	text, err := encode(body)
	if err != nil {
		return nil, err
	}
	if _, err := parseEntryBody(text); err != nil {
		return nil, err
	}
	sig := ed25519.Sign(key, vault.LP(tagEntryBody, text))
	env := envelope{Body: string(text), Sig: b64.EncodeToString(sig)}
	if shown := withoutKeys(text); len(shown) > 0 && !bytes.Equal(shown, text) {
		env.Shown = b64.EncodeToString(ed25519.Sign(key, vault.LP(tagEntryShown, shown)))
	}
	plain, err := encode(env)
	if err != nil {
		return nil, err
	}
	padded, err := pad(plain, MinEntry, MaxEntry)
	if err != nil {
		return nil, err
	}
	return encrypt(padded, r)
}

// OpenEntry opens e with its epoch's case identity and checks that it is what
// its author signed for this place: effects is what the append around it has
// (vault.Append.Effects), and key gives a person's signing key as of a roster
// version. ErrShape, ErrStanza, ErrNotForUs, ErrDamaged, ErrPadding, ErrContent, ErrTooLarge;
// ErrPlace (journal, epoch, seq, prev or effects differ), ErrAuthor,
// ErrSignature. That roster versions never fall in a journal, and that the
// entries follow one another, is for a [Chain].
func OpenEntry(e vault.Entry, effects vault.ID, id Key, key func(person string, rosterVersion uint64) (ed25519.PublicKey, bool)) (EntryBody, error) {
	b, _, err := openEntry(e, effects, id, key)
	return b, err
}

func openEntry(e vault.Entry, effects vault.ID, id Key, key func(string, uint64) (ed25519.PublicKey, bool)) (b EntryBody, env envelope, err error) {
	if err := checkOne(e.Sealed); err != nil {
		return EntryBody{}, envelope{}, err
	}
	padded, err := decryptWith(e.Sealed, MaxEntry, untried{id})
	if err != nil {
		return EntryBody{}, envelope{}, err
	}
	plain, err := unpad(padded, MinEntry, MaxEntry)
	if err != nil {
		return EntryBody{}, envelope{}, err
	}
	if err := checkJSON(plain, MaxEntry, MaxEntry, entryDepth); err != nil {
		return EntryBody{}, envelope{}, err
	}
	if err := decode(plain, &env); err != nil {
		return EntryBody{}, envelope{}, err
	}
	if b, err = parseEntryBody([]byte(env.Body)); err != nil {
		return EntryBody{}, envelope{}, err
	}
	switch {
	case b.Journal != e.Journal.String(), b.Epoch != e.Epoch, b.Seq != e.Seq, b.Prev != e.Prev.String():
		return EntryBody{}, envelope{}, fmt.Errorf("%w: entry differs inside and outside", ErrPlace)
	case b.Effects != effects.String():
		return EntryBody{}, envelope{}, fmt.Errorf("%w: entry does not have the effects it names", ErrPlace)
	}
	if err := verifyEntry(tagEntryBody, env.Body, env.Sig, b, key); err != nil {
		return EntryBody{}, envelope{}, err
	}
	return b, env, nil
}

// verifyEntry checks a signature by b's author over text. ErrAuthor, ErrSignature.
func verifyEntry(tag, text, signature string, b EntryBody, key func(string, uint64) (ed25519.PublicKey, bool)) error {
	pub, ok := key(b.Author, b.Roster)
	if !ok || len(pub) != ed25519.PublicKeySize {
		return fmt.Errorf("entry: %w", ErrAuthor)
	}
	sig, ok := unb64(signature, ed25519.SignatureSize)
	if !ok || !ed25519.Verify(pub, vault.LP(tag, []byte(text)), sig) {
		return fmt.Errorf("entry: %w", ErrSignature)
	}
	return nil
}

// parseEntryBody reads the signed text. Texts may be long, since a join
// carries whole follow-ups.
func parseEntryBody(text []byte) (EntryBody, error) {
	if err := checkJSON(text, MaxEntry, MaxPadded, entryDepth); err != nil {
		return EntryBody{}, err
	}
	var b EntryBody
	if err := decode(text, &b); err != nil {
		return EntryBody{}, err
	}
	switch {
	case !isHex(b.Journal, 32), !isHex(b.Prev, 32), !isHex(b.Effects, 32):
		return EntryBody{}, fmt.Errorf("%w: bad id in an entry", ErrContent)
	case b.Epoch == 0, b.Roster == 0:
		return EntryBody{}, fmt.Errorf("%w: epochs and rosters begin at 1", ErrContent)
	case !isPerson(b.Author), b.Author == "recovery":
		return EntryBody{}, fmt.Errorf("%w: bad author of an entry", ErrContent)
	case !isID(b.Kind):
		return EntryBody{}, fmt.Errorf("%w: bad kind of an entry", ErrContent)
	case b.Time.IsZero():
		return EntryBody{}, fmt.Errorf("%w: entry without a time", ErrContent)
	}
	return b, nil
}

// Chain checks the entries of one journal against each other. Call Follow
// with each entry in order, whether or not it can be opened, and Accept with
// the body of each that was.
type Chain struct {
	journal vault.ID
	next    uint64
	prev    vault.ID
	epoch   uint32
	roster  uint64
}

// NewChain begins a journal.
func NewChain(journal vault.ID) *Chain { return &Chain{journal: journal, epoch: 1} }

// Follow checks that e is the journal's next entry: its seq, prev and an epoch
// not lower than before. ErrPlace; the chain has not moved then.
func (c *Chain) Follow(e vault.Entry) error {
	switch {
	case e.Journal != c.journal:
		return fmt.Errorf("%w: entry of another journal", ErrPlace)
	case e.Seq != c.next || e.Prev != c.prev:
		return fmt.Errorf("%w: entry does not follow the one before", ErrPlace)
	case e.Epoch < c.epoch:
		return fmt.Errorf("%w: entry of an epoch that has ended", ErrPlace)
	}
	c.next, c.prev, c.epoch = c.next+1, e.ID(), e.Epoch
	return nil
}

// Accept checks that b's roster version is not below an earlier one's.
// ErrOlderRoster; the chain has not moved then.
func (c *Chain) Accept(b EntryBody) error {
	if b.Roster < c.roster {
		return fmt.Errorf("%w: from %d to %d", ErrOlderRoster, c.roster, b.Roster)
	}
	c.roster = b.Roster
	return nil
}
