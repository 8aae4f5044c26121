package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

const vectors = "../../testdata/vectors/seal"

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// load reads an index file and fails when it is empty or has fields that the
// test does not know: a vector that nobody looks at pins nothing.
func load[T any](t testing.TB, name string) T {
	t.Helper()
	var v T
	dec := json.NewDecoder(bytes.NewReader(read(t, name)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var errorNames = map[string]error{
	"shape": seal.ErrShape, "stanza": seal.ErrStanza, "not-for-us": seal.ErrNotForUs,
	"damaged": seal.ErrDamaged, "padding": seal.ErrPadding,
}

// wantError checks err against a vector's word for it.
func wantError(t *testing.T, err error, word string) {
	t.Helper()
	want, known := errorNames[word]
	switch {
	case word == "" && err != nil:
		t.Fatalf("refused: %v", err)
	case word != "" && !known:
		t.Fatalf("unknown word %q", word)
	case word != "" && !errors.Is(err, want):
		t.Fatalf("got %v, want %v", err, want)
	}
}

func atLeast(t *testing.T, n, least int) {
	t.Helper()
	if n < least {
		t.Fatalf("%d cases, want at least %d", n, least)
	}
}

func TestHashVectors(t *testing.T) {
	v := load[struct {
		LP []struct {
			Name, Tag, LP, SHA256 string
			Fields                []string
		}
		Threads []struct{ Key, ID string }
	}](t, "hash.json")
	atLeast(t, len(v.LP), 5)
	atLeast(t, len(v.Threads), 3)
	for _, c := range v.LP {
		var fields [][]byte
		for _, f := range c.Fields {
			fields = append(fields, unhex(t, f))
		}
		b := vault.LP(c.Tag, fields...)
		if hex.EncodeToString(b) != c.LP || vault.Sum(b).String() != c.SHA256 {
			t.Errorf("%s: %x", c.Name, b)
		}
	}
	for _, c := range v.Threads {
		if got := seal.ThreadID(unhex(t, c.Key)); got != c.ID {
			t.Errorf("thread of %s: %s", c.Key, got)
		}
	}
}

func TestKeyVectors(t *testing.T) {
	type refused []struct{ Name, Text string }
	v := load[struct {
		Keys       []struct{ Seed, Identity, Recipient string }
		Recipients refused `json:"refused_recipients"`
		Identities refused `json:"refused_identities"`
	}](t, "keys.json")
	atLeast(t, len(v.Keys), 3)
	atLeast(t, len(v.Recipients), 10)
	atLeast(t, len(v.Identities), 8)
	for _, c := range v.Keys {
		id := seal.IdentityFromSeed([32]byte(unhex(t, c.Seed)))
		if id.Reveal() != c.Identity || id.Recipient() != c.Recipient {
			t.Errorf("seed %s gives another identity", c.Seed)
		}
		if got, err := seal.ParseIdentity(c.Identity); err != nil || got != id {
			t.Errorf("parsing identity of seed %s: %v", c.Seed, err)
		}
		if err := seal.CheckRecipient(c.Recipient); err != nil {
			t.Errorf("recipient of seed %s: %v", c.Seed, err)
		}
	}
	for _, c := range v.Recipients {
		if err := seal.CheckRecipient(c.Text); !errors.Is(err, seal.ErrRecipient) {
			t.Errorf("recipient %q: %v", c.Name, err)
		}
	}
	for _, c := range v.Identities {
		_, err := seal.ParseIdentity(c.Text)
		if !errors.Is(err, seal.ErrIdentity) {
			t.Errorf("identity %q: %v", c.Name, err)
		}
		if seal.Identity(c.Text).Recipient() != "" {
			t.Errorf("identity %q has a recipient", c.Name)
		}
	}
}

func TestReceiptVectors(t *testing.T) {
	type typed []struct{ Name, Text, Lang, Entropy string }
	v := load[struct {
		Receipts []struct {
			Entropy, Digits, Bucket string
			EN, ES, FR, PT          []string
			ReplyIdentity           string `json:"reply_identity"`
			ReplyRecipient          string `json:"reply_recipient"`
			ThreadPublic            string `json:"thread_public"`
			ThreadID                string `json:"thread_id"`
		}
		Typed, Refused typed
	}](t, "receipts.json")
	atLeast(t, len(v.Receipts), 4)
	atLeast(t, len(v.Typed), 10)
	atLeast(t, len(v.Refused), 10)
	for _, c := range v.Receipts {
		r := seal.Receipt(unhex(t, c.Entropy))
		for lang, want := range map[string][]string{"en": c.EN, "es": c.ES, "fr": c.FR, "pt": c.PT} {
			words, err := r.Words(lang)
			if err != nil || strings.Join(words, " ") != strings.Join(want, " ") {
				t.Errorf("%s: words in %s: %v %v", c.Entropy, lang, words, err)
			}
			if back, err := seal.ParseReceipt(strings.Join(want, " "), lang); err != nil || back != r {
				t.Errorf("%s: reading words in %s: %v", c.Entropy, lang, err)
			}
		}
		if back, err := seal.ParseReceipt(c.Digits, "my"); err != nil || back != r {
			t.Errorf("%s: reading digits: %v", c.Entropy, err)
		}
		key, _ := r.ThreadKey().Public().(ed25519.PublicKey)
		bucket := r.Bucket()
		if r.Digits() != c.Digits || r.ReplyIdentity().Reveal() != c.ReplyIdentity || r.ReplyIdentity().Recipient() != c.ReplyRecipient ||
			base64.StdEncoding.EncodeToString(key) != c.ThreadPublic || r.ThreadID() != c.ThreadID || hex.EncodeToString(bucket[:]) != c.Bucket {
			t.Errorf("%s: derived values differ", c.Entropy)
		}
		if th := r.Thread(); th != (seal.Thread{ID: c.ThreadID, Key: c.ThreadPublic, Reply: c.ReplyRecipient, Bucket: c.Bucket}) {
			t.Errorf("%s: thread differs", c.Entropy)
		}
	}
	for _, c := range v.Typed {
		if r, err := seal.ParseReceipt(c.Text, c.Lang); err != nil || r != seal.Receipt(unhex(t, c.Entropy)) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	for _, c := range v.Refused {
		if _, err := seal.ParseReceipt(c.Text, c.Lang); !errors.Is(err, seal.ErrReceipt) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

func TestPaddingVectors(t *testing.T) {
	v := load[struct {
		Sizes    []struct{ JSON, Padded int }
		TooLarge []int `json:"too_large"`
		Unpad    []struct {
			Name          string
			Size, Nonzero int
			Length        uint32
			OK            bool
		}
	}](t, "padding.json")
	atLeast(t, len(v.Sizes), 5)
	atLeast(t, len(v.TooLarge), 2)
	atLeast(t, len(v.Unpad), 10)
	for _, c := range v.Sizes {
		text := bytes.Repeat([]byte{'x'}, c.JSON)
		padded, err := seal.Pad(text, seal.MinPadded, seal.MaxPadded)
		if err != nil || len(padded) != c.Padded {
			t.Fatalf("%d bytes padded to %d: %v", c.JSON, len(padded), err)
		}
		if back, err := seal.Unpad(padded, seal.MinPadded, seal.MaxPadded); err != nil || !bytes.Equal(back, text) {
			t.Errorf("%d bytes do not come back: %v", c.JSON, err)
		}
	}
	for _, n := range v.TooLarge {
		if _, err := seal.Pad(make([]byte, n), seal.MinPadded, seal.MaxPadded); !errors.Is(err, seal.ErrTooLarge) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	for _, c := range v.Unpad {
		b := make([]byte, c.Size)
		if c.Size >= 4 {
			binary.BigEndian.PutUint32(b, c.Length)
		}
		if c.Nonzero >= 0 {
			b[c.Nonzero] = 1
		}
		text, err := seal.Unpad(b, seal.MinPadded, seal.MaxPadded)
		if c.OK && (err != nil || len(text) != int(c.Length)) || !c.OK && !errors.Is(err, seal.ErrPadding) {
			t.Errorf("%s: %d bytes, %v", c.Name, len(text), err)
		}
	}
	padme := load[[]struct{ Length, Padded int64 }](t, "padme.json")
	atLeast(t, len(padme), 10)
	for _, c := range padme {
		if got := seal.Padme(c.Length); got != c.Padded {
			t.Errorf("Padmé of %d: %d, want %d", c.Length, got, c.Padded)
		}
	}
}
