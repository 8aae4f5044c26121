package seal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"peerwitness/vault"
)

// Shown is an entry's signed text as somebody may see it who must not get a
// key: what a court can check with the author's public key alone.
//
// An entry that opens a case carries the keys of the files that came with the
// report. Its signature covers them, so handing its text out would hand them
// out too. Its author therefore signs it twice: as it is, and without the keys.
type Shown struct {
	Text string
	Sig  string // base64
	// Masked is set when keys were taken out of Text, and Sig is over what is left.
	Masked bool
}

// ErrKeys: the entry holds keys and its author signed no text without them,
// as before this version, or the keys are written in a way that hides them.
var ErrKeys = errors.New("the entry holds keys that can't be taken out of what was signed")

// keyForms are what withoutKeys takes out: private keys, the mark by which the
// server knows a person's box, and the key by which figures know a case. Inside a JSON string
// a quote has a backslash before it, so that no text of a report looks like the last two.
var keyForms = regexp.MustCompile(`AGE-SECRET-KEY-[0-9A-Z-]+|"(?:bucket|record_key)":"[0-9a-f]{64}"`)

// withoutKeys is an entry's text with "withheld:" and a hash in place of each
// key, or nil when keys remain. The keys have 256 random bits: a hash of one
// tells nothing. What has no keys comes back as it is.
func withoutKeys(text []byte) []byte {
	out := keyForms.ReplaceAllFunc(text, func(m []byte) []byte {
		name, value, field := bytes.Cut(m, []byte(`":"`))
		if !field {
			return []byte("withheld:" + vault.Sum(m).String())
		}
		value = bytes.TrimSuffix(value, []byte(`"`))
		return []byte(string(name) + `":"withheld:` + vault.Sum(value).String() + `"`)
	})
	if hidesKey(out, 3) {
		return nil
	}
	return out
}

// hidesKey reports whether a string in text holds a private key once its
// escapes are undone, also one in JSON that is itself a string.
func hidesKey(text []byte, deep int) bool {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return false
		}
		if err != nil {
			return deep == 3 // nested text need not be JSON; an entry is
		}
		s, ok := tok.(string)
		switch {
		case !ok:
		case strings.Contains(s, "AGE-SECRET-KEY-"):
			return true
		case deep > 0 && strings.HasPrefix(s, "{") && hidesKey([]byte(s), deep-1):
			return true
		}
	}
}

// ShowEntry opens an entry as OpenEntry does and returns what of it may be
// shown. Its errors are OpenEntry's, and ErrKeys: then the body is good and
// nothing of it can be shown.
func ShowEntry(e vault.Entry, effects vault.ID, id Identity, key func(person string, rosterVersion uint64) (ed25519.PublicKey, bool)) (EntryBody, Shown, error) {
	b, env, err := openEntry(e, effects, id, key)
	if err != nil {
		return EntryBody{}, Shown{}, err
	}
	shown := withoutKeys([]byte(env.Body))
	switch {
	case shown == nil:
		return b, Shown{}, ErrKeys
	case bytes.Equal(shown, []byte(env.Body)):
		return b, Shown{Text: env.Body, Sig: env.Sig}, nil
	case verifyEntry(tagEntryShown, string(shown), env.Shown, b, key) != nil:
		return b, Shown{}, ErrKeys
	}
	return b, Shown{Text: string(shown), Sig: env.Shown, Masked: true}, nil
}

// CheckShown checks, without any private key, that the author named in s
// signed it. Where it stands among other entries is for the caller to compare.
// ErrContent, ErrTooLarge, ErrAuthor, ErrSignature.
func CheckShown(s Shown, key func(person string, rosterVersion uint64) (ed25519.PublicKey, bool)) (EntryBody, error) {
	b, err := parseEntryBody([]byte(s.Text))
	if err != nil {
		return EntryBody{}, fmt.Errorf("checking an entry: %w", err)
	}
	tag := tagEntryBody
	if s.Masked {
		tag = tagEntryShown
	}
	if err := verifyEntry(tag, s.Text, s.Sig, b, key); err != nil {
		return EntryBody{}, err
	}
	return b, nil
}
