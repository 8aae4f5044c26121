package seal_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"filippo.io/age"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// identities makes n of them.
func identities(t testing.TB, n int) (ids []seal.Identity, recipients []string) {
	t.Helper()
	for range n {
		id, err := seal.NewIdentity()
		if err != nil {
			t.Fatal(err)
		}
		ids, recipients = append(ids, id), append(recipients, id.Recipient())
	}
	return ids, recipients
}

// sample is a report that has what a report must have.
func sample(t testing.TB) seal.Report {
	t.Helper()
	r := seal.Receipt{1, 2, 3}
	id, err := seal.NewReportID()
	if err != nil {
		t.Fatal(err)
	}
	return seal.Report{ID: id, Desk: "street", Thread: r.Thread(), Roster: strings.Repeat("1", 64)}
}

func encoded(t testing.TB, r seal.Report) []byte {
	t.Helper()
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReportOpensForEveryRecipientAndNobodyElse(t *testing.T) {
	plain := encoded(t, sample(t))
	for _, slots := range []int{8, 16} {
		ids, to := identities(t, slots) // none throwaway
		for _, n := range []int{1, 3, slots} {
			file, err := seal.SealReport(plain, to[:n], slots)
			if err != nil {
				t.Fatal(err)
			}
			for i, id := range ids {
				got, err := seal.OpenReport(file, slots, id)
				if i < n && (err != nil || !bytes.Equal(got, plain)) {
					t.Errorf("%d of %d slots: recipient %d: %v", n, slots, i, err)
				}
				if i >= n && !errors.Is(err, seal.ErrNotForUs) {
					t.Errorf("%d of %d slots: stranger %d: %v", n, slots, i, err)
				}
			}
			if got, err := seal.OpenReport(file, slots, ids...); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d of %d slots: all identities at once: %v", n, slots, err)
			}
		}
		if _, err := seal.SealReport(plain, append(to, ids[0].Recipient()), slots); !errors.Is(err, seal.ErrRecipient) {
			t.Errorf("more recipients than slots: %v", err)
		}
	}
	file, err := seal.SealReport(plain, []string{seal.Identity("").Recipient()}, 8)
	if err == nil || file != nil {
		t.Error("sealed to an empty recipient")
	}
	if _, err := seal.OpenReport(make([]byte, 100), 8); !errors.Is(err, seal.ErrShape) {
		t.Errorf("opening noise: %v", err)
	}
}

func TestSlotsAreOnlyEightOrSixteen(t *testing.T) {
	ids, to := identities(t, 1)
	for _, slots := range []int{-1, 0, 1, 7, 9, 15, 17, 1 << 30} {
		if _, err := seal.SealReport([]byte("{}"), to, slots); !errors.Is(err, seal.ErrShape) {
			t.Errorf("sealing with %d slots: %v", slots, err)
		}
		if _, err := seal.OpenReport(read(t, "sealed/report-8.age"), slots, ids[0]); !errors.Is(err, seal.ErrShape) {
			t.Errorf("opening with %d slots: %v", slots, err)
		}
	}
}

// TestShuffled finds our stanza in every slot within 200 files. A fair shuffle
// misses some slot with a chance of 8·(7/8)^200, about 2 in 10^11.
func TestShuffled(t *testing.T) {
	ids, to := identities(t, 1)
	probe, err := age.ParseHybridIdentity(ids[0].Reveal())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for n := 0; n < 200 && len(seen) < 8; n++ {
		file, err := seal.SealReport(nil, to, 8)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range stanzas(t, file) {
			if _, err := probe.Unwrap([]*age.Stanza{s}); err == nil {
				seen[i] = true
			}
		}
	}
	if len(seen) != 8 {
		t.Errorf("our stanza was only ever in slots %v", seen)
	}
}

// stanzas splits a header without the code under test.
func stanzas(t testing.TB, file []byte) (out []*age.Stanza) {
	t.Helper()
	lines := strings.Split(string(file), "\n")
	for i := 1; strings.HasPrefix(lines[i], "-> "); i += 2 {
		body, err := base64.RawStdEncoding.DecodeString(lines[i+1])
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Fields(lines[i])
		out = append(out, &age.Stanza{Type: parts[1], Args: parts[2:], Body: body})
	}
	return out
}

func TestAttack01ClassicOrTagRecipientRefused(t *testing.T) {
	v := load[struct {
		Keys       json.RawMessage
		Recipients []struct{ Name, Text string } `json:"refused_recipients"`
		Identities json.RawMessage               `json:"refused_identities"`
	}](t, "keys.json")
	_, good := identities(t, 2)
	for _, c := range v.Recipients {
		for at := range 3 { // first, between, last
			to := append(append(append([]string{}, good[:min(at, 2)]...), c.Text), good[min(at, 2):]...)
			file, err := seal.SealReport([]byte("{}"), to, 8)
			if !errors.Is(err, seal.ErrRecipient) || file != nil {
				t.Errorf("%s at %d: %d bytes, %v", c.Name, at, len(file), err)
			}
		}
	}
	file, err := seal.SealReport([]byte("{}"), []string{good[0], good[1], good[0]}, 8)
	if !errors.Is(err, seal.ErrRecipient) || file != nil {
		t.Errorf("the same recipient twice: %v", err)
	}
}

func TestAttack02ZeroRecipientsIsAnError(t *testing.T) {
	for _, to := range [][]string{nil, {}} {
		if file, err := seal.SealReport([]byte("{}"), to, 8); !errors.Is(err, seal.ErrNoRecipients) || file != nil {
			t.Errorf("%d bytes, %v", len(file), err)
		}
	}
}

func TestAttack03WrongHeaderRefusedBeforeAnyKey(t *testing.T) {
	good := read(t, "sealed/report-8.age")
	insert := func(b []byte) []byte {
		at := bytes.Index(good, []byte("--- "))
		return append(append(append([]byte{}, good[:at]...), b...), good[at:]...)
	}
	grease := "-> x-grease AAAA\n\n"
	cases := map[string][]byte{
		"7 stanzas":                    read(t, "sealed/seven.age"),
		"9 stanzas":                    read(t, "sealed/nine.age"),
		"a classic stanza":             read(t, "sealed/classic.age"),
		"an unknown stanza":            insert([]byte(grease)),
		"a header of 3 MiB":            insert([]byte(strings.Repeat(grease, 3<<20/len(grease)))),
		"a line of 3 MiB":              insert([]byte("-> mlkem768x25519 " + strings.Repeat("A", 3<<20) + "\n\n")),
		"armor":                        []byte("-----BEGIN AGE ENCRYPTED FILE-----\n"),
		"nothing":                      nil,
		"the first line only":          []byte("age-encryption.org/v1\n"),
		"over the largest":             append(append([]byte{}, good...), make([]byte, 5<<20)...),
		"carriage returns":             bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")),
		"scrypt":                       []byte("age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\n" + strings.Repeat("A", 43) + "\n--- " + strings.Repeat("A", 43) + "\n"),
		"hybrid with an argument more": bytes.Replace(good, []byte("\n"), []byte(" x\n"), 2),
	}
	for name, file := range cases {
		// No identity at all: the refusal must come before one is asked for.
		_, err := seal.OpenReport(file, 8)
		if !errors.Is(err, seal.ErrShape) && !errors.Is(err, seal.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := seal.OpenReport(good, 8); !errors.Is(err, seal.ErrNotForUs) {
		t.Errorf("good file without an identity: %v", err)
	}
}

// bogus is a recipient whose stanza holds what it is told to hold.
type bogus struct{ point []byte }

func (b bogus) Wrap([]byte) ([]*age.Stanza, error) {
	enc, body := make([]byte, 1120), make([]byte, 32)
	rand.Read(enc)
	rand.Read(body)
	copy(enc[1088:], b.point)
	return []*age.Stanza{{Type: "mlkem768x25519", Args: []string{base64.RawStdEncoding.EncodeToString(enc)}, Body: body}}, nil
}

// bare hides a label, so that age takes the bogus recipient beside others.
type bare struct{ age.Recipient }

func withBogus(t testing.TB, at int, point []byte, good []string, plain []byte) []byte {
	t.Helper()
	var to []age.Recipient
	for i := range 8 {
		if i == at {
			to = append(to, bogus{point})
			continue
		}
		r, err := age.ParseHybridRecipient(good[i])
		if err != nil {
			t.Fatal(err)
		}
		to = append(to, bare{r})
	}
	return ageFile(t, plain, to...)
}

func ageFile(t testing.TB, plain []byte, to ...age.Recipient) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// One stanza that nobody can unwrap makes the whole file refused, with its own
// error and for everybody alike, wherever their own stanza is.
func TestAttack04OneMalformedStanzaIsATypedError(t *testing.T) {
	ids, good := identities(t, 8)
	padded, err := seal.Pad([]byte("{}"), seal.MinPadded, seal.MaxPadded)
	if err != nil {
		t.Fatal(err)
	}
	order8, p := make([]byte, 32), bytes.Repeat([]byte{0xff}, 32)
	copy(order8, unhex(t, "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"))
	p[0], p[31] = 0xed, 0x7f
	high := append([]byte{}, order8...)
	high[31] |= 0x80
	for name, point := range map[string][]byte{"zero": make([]byte, 32), "order 8": order8, "p": p, "order 8, top bit set": high} {
		for _, at := range []int{0, 4, 7} {
			file := withBogus(t, at, point, good, padded)
			if err := vault.CheckReport(file, 8); err != nil {
				t.Fatalf("the server must not be able to tell: %v", err)
			}
			for i, id := range ids {
				if _, err := seal.OpenReport(file, 8, id); !errors.Is(err, seal.ErrStanza) {
					t.Errorf("%s in slot %d, reader in slot %d: %v", name, at, i, err)
				}
			}
			if _, err := seal.OpenByHand(file, ids[0]); !errors.Is(err, seal.ErrStanza) {
				t.Errorf("by hand: %s in slot %d: %v", name, at, err)
			}
		}
	}
	// A stanza of noise is like a throwaway one: it hurts nobody.
	point := bytes.Repeat([]byte{9}, 32)
	if text, err := seal.OpenReport(withBogus(t, 0, point, good, padded), 8, ids[7]); err != nil || string(text) != "{}" {
		t.Errorf("noise in slot 0: %v", err)
	}
}

func TestLowOrderRecipientRefused(t *testing.T) {
	if err := seal.CheckRecipient(lowOrderRecipient(t)); !errors.Is(err, seal.ErrRecipient) {
		t.Error(err)
	}
}

func TestAttack20SameLength(t *testing.T) {
	_, to := identities(t, 8)
	r := sample(t)
	r.Answers.Story = "ten letter"
	short := encoded(t, r)
	r.Answers.Story = strings.Repeat("မ", 9000) // 27,000 bytes
	long := encoded(t, r)
	size := 0
	for name, c := range map[string]struct {
		plain []byte
		to    []string
	}{"one, short": {short, to[:1]}, "one, long": {long, to[:1]}, "seven, short": {short, to[:7]}, "eight, long": {long, to}} {
		file, err := seal.SealReport(c.plain, c.to, 8)
		if err != nil {
			t.Fatal(err)
		}
		if size == 0 {
			size = len(file)
		}
		if len(file) != size {
			t.Errorf("%s: %d bytes, others %d", name, len(file), size)
		}
	}
}

func TestReportTooLargeToSeal(t *testing.T) {
	_, to := identities(t, 1)
	if _, err := seal.SealReport(make([]byte, seal.MaxPadded-3), to, 8); !errors.Is(err, seal.ErrTooLarge) {
		t.Error(err)
	}
	file, err := seal.SealReport(make([]byte, seal.MaxPadded-4), to, 8)
	if err != nil || len(file) > vault.MaxReport {
		t.Errorf("largest report: %d bytes, %v", len(file), err)
	}
}

// A key that is none is named as the trouble, and not taken for a damaged file.
func TestOpenReportWithoutAnIdentity(t *testing.T) {
	id, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	file, err := seal.SealReport([]byte(`{}`), []string{id.Recipient()}, 8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.OpenReport(file, 8, "AGE-SECRET-KEY-PQ-1NONE", id); !errors.Is(err, seal.ErrIdentity) {
		t.Errorf("got %v", err)
	}
	if _, err := seal.OpenReport(file, 8, id, "AGE-SECRET-KEY-PQ-1NONE"); err != nil {
		t.Errorf("one that fits, before one that is none: %v", err)
	}
}
