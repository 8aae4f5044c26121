package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

func TestReportVectors(t *testing.T) {
	cases := load[[]struct {
		Name, JSON string
		OK         bool
	}](t, "reports.json")
	atLeast(t, len(cases), 40)
	for _, c := range cases {
		r, err := seal.ParseReport([]byte(c.JSON))
		if c.OK != (err == nil) {
			t.Errorf("%s: %v", c.Name, err)
		}
		if c.OK && string(r.Raw) != c.JSON {
			t.Errorf("%s: Raw differs", c.Name)
		}
	}
}

func TestFollowUpVectors(t *testing.T) {
	cases := load[[]struct {
		Name, Entropy, Desk, JSON string
		ThreadKey                 string `json:"thread_key"`
		Parses, Genuine           bool
	}](t, "follow-ups.json")
	atLeast(t, len(cases), 15)
	for _, c := range cases {
		f, err := seal.ParseFollowUp([]byte(c.JSON), c.Desk)
		if c.Parses != (err == nil) {
			t.Errorf("%s: parsing: %v", c.Name, err)
		}
		if err != nil {
			continue
		}
		err = f.Verify(c.Desk, seal.Thread{Key: c.ThreadKey}.ThreadKey())
		if c.Genuine != (err == nil) {
			t.Errorf("%s: verifying: %v", c.Name, err)
		}
		if err != nil && !errors.Is(err, seal.ErrSignature) && !errors.Is(err, seal.ErrPlace) {
			t.Errorf("%s: untyped error %v", c.Name, err)
		}
		if sig, _ := seal.SignFollowUp(c.Desk, f.Body, seal.Receipt(unhex(t, c.Entropy)).ThreadKey()); c.Genuine && sig != f.Sig {
			t.Errorf("%s: signing again gives another signature", c.Name)
		}
	}
}

func TestSealedVectors(t *testing.T) {
	cases := load[[]struct {
		Name, File, Append, Identity, Error, JSON string
		Cut, Flip, Slots                          int
	}](t, "sealed.json")
	atLeast(t, len(cases), 15)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			b := read(t, c.File)
			b = append(b[:len(b)-c.Cut], unhex(t, c.Append)...)
			if c.Flip >= 0 {
				b[c.Flip] ^= 1
			}
			plain, err := seal.OpenReport(b, c.Slots, seal.Identity(c.Identity))
			wantError(t, err, c.Error)
			if string(plain) != c.JSON {
				t.Fatal("opens to something else")
			}
		})
	}
}

func TestAttachmentVectors(t *testing.T) {
	cases := load[[]struct {
		Name, File, Content, Error string
		Attachment                 seal.Attachment
		Cut                        int
		Blobs                      []string
	}](t, "attachments.json")
	atLeast(t, len(cases), 8)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			b := read(t, c.File)
			content, err := seal.OpenAttachment(c.Attachment, seal.BlobNames{Blobs: c.Blobs}.IDs(), [][]byte{b[:len(b)-c.Cut]})
			wantError(t, err, c.Error)
			if c.Error == "" && vault.Sum(content).String() != c.Content || c.Error != "" && content != nil {
				t.Fatal("opens to something else")
			}
		})
	}
}

func TestJournalVectors(t *testing.T) {
	for _, c := range load[[]struct {
		Journal, To, Body, By, Signing, Personal, Case string
		Epoch                                          uint32
	}](t, "grants.json") {
		journal, err := vault.ParseID(c.Journal)
		if err != nil {
			t.Fatal(err)
		}
		g := vault.Grant{Journal: journal, Epoch: c.Epoch, To: c.To, Body: []byte(c.Body)}
		id, err := seal.OpenGrant(g, seal.Identity(c.Personal), c.To, keyOf(t, c.By, c.Signing))
		if err != nil || id.Reveal() != c.Case {
			t.Errorf("grant: %v", err)
		}
	}
	for _, c := range load[[]struct{ Object, ID, Effects, Case, Author, Signing, Kind, Data string }](t, "entries.json") {
		object, err := base64.StdEncoding.DecodeString(c.Object)
		if err != nil {
			t.Fatal(err)
		}
		a, err := vault.ParseAppend(vault.LP("peerwitness/append/v1", object, nil, nil, nil))
		if err != nil {
			t.Fatal(err)
		}
		effects, err := vault.ParseID(c.Effects)
		if err != nil {
			t.Fatal(err)
		}
		key := keyOf(t, c.Author, c.Signing)
		b, err := seal.OpenEntry(a.Entry, effects, seal.Identity(c.Case), func(p string, _ uint64) (ed25519.PublicKey, bool) { return key(p) })
		if err != nil || b.Kind != c.Kind || string(b.Data) != c.Data || a.Entry.ID().String() != c.ID {
			t.Errorf("entry: %v", err)
		}
	}
}

// keyOf is a roster of one.
func keyOf(t testing.TB, person, key string) func(string) (ed25519.PublicKey, bool) {
	pub, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	return func(p string) (ed25519.PublicKey, bool) { return pub, p == person }
}

// TestOpensWhatThePhoneSealed opens what the TypeScript side sealed.
func TestOpensWhatThePhoneSealed(t *testing.T) {
	const dir = vectors + "-ts"
	b, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatalf("the app's tests write what they sealed there: %v", err)
	}
	var cases []struct {
		File, Identity, JSON string
		Slots                int
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	atLeast(t, len(cases), 1)
	for _, c := range cases {
		t.Run(c.File, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(c.File)))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := seal.OpenReport(file, c.Slots, seal.Identity(c.Identity))
			if err != nil || string(plain) != c.JSON {
				t.Fatalf("opening: %v, %d bytes", err, len(plain))
			}
			if bytes.Contains(plain, []byte(`"kind":"follow-up"`)) {
				return // its desk is not in it
			}
			if _, err := seal.ParseReport(plain); err != nil {
				t.Fatal(err)
			}
		})
	}
}
