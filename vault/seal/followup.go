package seal

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"regexp"

	"peerwitness/vault"
)

const (
	tagThread   = "peerwitness/thread/v1"
	tagFollowUp = "peerwitness/follow-up/v1"
	maxBlobs    = maxSealedFile/BlobSize + 1 // of one attachment
)

// FollowUp is a later message of a thread. Body is the text that Sig covers;
// Message is what it says.
type FollowUp struct {
	V      int    `json:"v"`
	Kind   string `json:"kind"`
	Thread string `json:"thread"` // 32 hex digits
	Body   string `json:"body"`
	Sig    string `json:"sig"` // base64, by the thread key

	Message Message         `json:"-"`
	Raw     json.RawMessage `json:"-"`
}

// Message is the body of a follow-up.
type Message struct {
	ID       string   `json:"report"`       // its own random id
	Of       string   `json:"of,omitempty"` // the report's id; who has only her words doesn't know it
	Seq      uint32   `json:"seq"`          // from 1; 0 when she doesn't know how many went before
	Text     string   `json:"text,omitempty"`
	Withdraw []string `json:"withdraw,omitempty"`
	// Helped says how the help went, a code of the codebook's list outcome.
	Helped      string      `json:"helped,omitempty"`
	Attachments []BlobNames `json:"attachments,omitempty"`
}

// BlobNames lists, in order, the blobs of the report's attachment N; or, with
// New, those of a file that came after the report, and what the report would
// have said of it. Then N counts within its own message.
type BlobNames struct {
	N     int         `json:"n"`
	Blobs []string    `json:"blobs"` // hex
	New   *Attachment `json:"new,omitempty"`
}

// IDs returns the blobs' names. It is for messages that ParseFollowUp or
// NewFollowUp checked; names that are not ids come back zero.
func (b BlobNames) IDs() []vault.ID {
	ids := make([]vault.ID, len(b.Blobs))
	for i, s := range b.Blobs {
		ids[i], _ = vault.ParseID(s)
	}
	return ids
}

var helpedForm = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// ThreadID is the id that a thread key has: the first 16 bytes of a hash of
// it, in hex, so that nobody can make a key for another's thread.
func ThreadID(key ed25519.PublicKey) string {
	return vault.Sum(vault.LP(tagThread, key)).String()[:32]
}

// NewFollowUp makes and signs a follow-up and returns its JSON, to be sealed
// with SealReport. It refuses what ParseFollowUp would refuse.
func NewFollowUp(desk string, m Message, key ed25519.PrivateKey) ([]byte, error) {
	body, err := encode(m)
	if err != nil {
		return nil, err
	}
	sig, err := SignFollowUp(desk, string(body), key)
	if err != nil {
		return nil, err
	}
	f := FollowUp{V: 1, Kind: "follow-up", Thread: ThreadID(key.Public().(ed25519.PublicKey)), Body: string(body), Sig: sig}
	b, err := encode(f)
	if err != nil {
		return nil, err
	}
	if _, err := ParseFollowUp(b, desk); err != nil {
		return nil, err
	}
	return b, nil
}

// ParseFollowUp reads the JSON that OpenReport gives, with the bounds of
// ParseReport for the message too. It does not verify the signature, since
// that takes the thread's key from the report: Verify does. ErrContent, ErrTooLarge.
func ParseFollowUp(plain []byte, desk string) (FollowUp, error) {
	if !isID(desk) {
		return FollowUp{}, fmt.Errorf("%w: bad desk", ErrContent)
	}
	if err := checkJSON(plain, MaxPadded, MaxPadded, MaxDepth); err != nil {
		return FollowUp{}, err
	}
	var f FollowUp
	if err := decode(plain, &f); err != nil {
		return FollowUp{}, err
	}
	switch {
	case f.V != 1:
		return FollowUp{}, fmt.Errorf("%w: not version 1", ErrContent)
	case f.Kind != "follow-up":
		return FollowUp{}, fmt.Errorf("%w: not a follow-up", ErrContent)
	case !isHex(f.Thread, 16):
		return FollowUp{}, fmt.Errorf("%w: bad thread", ErrContent)
	}
	if _, ok := unb64(f.Sig, ed25519.SignatureSize); !ok {
		return FollowUp{}, fmt.Errorf("%w: bad signature field", ErrContent)
	}
	if err := checkJSON([]byte(f.Body), MaxPadded, MaxText, MaxDepth); err != nil {
		return FollowUp{}, err
	}
	if err := decode([]byte(f.Body), &f.Message); err != nil {
		return FollowUp{}, err
	}
	if err := f.Message.check(); err != nil {
		return FollowUp{}, err
	}
	f.Raw = append(json.RawMessage(nil), plain...)
	return f, nil
}

func (m Message) check() error {
	if !isHex(m.ID, 16) || m.Of != "" && !isHex(m.Of, 16) {
		return fmt.Errorf("%w: bad report id", ErrContent)
	}
	if m.Helped != "" && !helpedForm.MatchString(m.Helped) {
		return fmt.Errorf("%w: bad code of an outcome", ErrContent)
	}
	if len(m.Attachments) > MaxAttachments {
		return fmt.Errorf("%w: over %d attachments", ErrTooLarge, MaxAttachments)
	}
	seen := map[[2]any]bool{}
	for _, a := range m.Attachments {
		if k := [2]any{a.N, a.New != nil}; a.N < 0 || a.N >= MaxAttachments || seen[k] {
			return fmt.Errorf("%w: bad number of an attachment", ErrContent)
		} else {
			seen[k] = true
		}
		if a.New != nil {
			if a.New.N != a.N {
				return fmt.Errorf("%w: a new attachment with two numbers", ErrContent)
			}
			if err := a.New.check(); err != nil {
				return err
			}
		}
		if len(a.Blobs) == 0 || len(a.Blobs) > maxBlobs {
			return fmt.Errorf("%w: bad number of blobs", ErrContent)
		}
		for _, s := range a.Blobs {
			if !isHex(s, 32) {
				return fmt.Errorf("%w: bad name of a blob", ErrContent)
			}
		}
	}
	return nil
}

// Verify tells whether the holder of the thread's receipt wrote f for this
// desk. threadKey is the key in the report. ErrSignature, ErrPlace.
func (f FollowUp) Verify(desk string, threadKey ed25519.PublicKey) error {
	if len(threadKey) != ed25519.PublicKeySize || f.Thread != ThreadID(threadKey) {
		return fmt.Errorf("%w: not of this thread", ErrPlace)
	}
	sig, ok := unb64(f.Sig, ed25519.SignatureSize)
	if !ok || !ed25519.Verify(threadKey, followUpStatement(desk, f.Thread, f.Body), sig) {
		return fmt.Errorf("follow-up: %w", ErrSignature)
	}
	return nil
}

// ThreadKey is the report's thread key, for FollowUp.Verify; nil when the
// thread was not checked by ParseReport and has none.
func (t Thread) ThreadKey() ed25519.PublicKey {
	key, ok := unb64(t.Key, ed25519.PublicKeySize)
	if !ok {
		return nil
	}
	return key
}

func followUpStatement(desk, thread, body string) []byte {
	return vault.LP(tagFollowUp, []byte(desk), []byte(thread), []byte(body))
}

// checkKey keeps ed25519.Sign from panicking on a key that was never loaded.
func checkKey(key ed25519.PrivateKey) error {
	if len(key) != ed25519.PrivateKeySize {
		return fmt.Errorf("%w: no signing key", ErrSignature)
	}
	return nil
}

// SignFollowUp returns the base64 signature over body as it stands, for
// senders that write the body's JSON themselves.
func SignFollowUp(desk, body string, key ed25519.PrivateKey) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	thread := ThreadID(key.Public().(ed25519.PublicKey))
	return b64.EncodeToString(ed25519.Sign(key, followUpStatement(desk, thread, body))), nil
}
