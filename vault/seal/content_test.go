package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/bech32"
	"github.com/google/go-cmp/cmp"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// lowOrderRecipient is a well-formed recipient whose X25519 half is zero.
func lowOrderRecipient(t testing.TB) string {
	t.Helper()
	_, data, err := bech32.DecodeNoLimit(seal.IdentityFromSeed([32]byte{1}).Recipient())
	if err != nil {
		t.Fatal(err)
	}
	key, err := bech32.ConvertBits(data, 5, 8, false)
	if err != nil {
		t.Fatal(err)
	}
	clear(key[1184:])
	s, err := bech32.EncodeFromBase256("age1pq", key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReportKeepsWhatItDoesNotKnow(t *testing.T) {
	plain := encoded(t, sample(t))
	text := string(plain[:len(plain)-1]) + `, "later":{"k":[1,"<b>"]}, "answers_later":"x"}`
	r, err := seal.ParseReport([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if string(r.Raw) != text {
		t.Error("Raw is not what was sealed")
	}
}

func TestReportEncodesBack(t *testing.T) {
	for _, c := range load[[]struct {
		Name, JSON string
		OK         bool
	}](t, "reports.json") {
		if c.Name != "everything" {
			continue
		}
		r, err := seal.ParseReport([]byte(c.JSON))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(encoded(t, r)); got != c.JSON {
			t.Errorf("encoding again differs:\n%s", cmp.Diff(c.JSON, got))
		}
		return
	}
	t.Fatal("no full report among the vectors")
}

func TestReportBounds(t *testing.T) {
	with := func(change func(*seal.Report)) []byte {
		r := sample(t)
		change(&r)
		r.V, r.Kind = 1, "report"
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	_, err := seal.ParseReport(with(func(r *seal.Report) { r.Answers.Story = strings.Repeat("a", seal.MaxText) }))
	if err != nil {
		t.Errorf("longest text: %v", err)
	}
	if _, err := seal.ParseReport(with(func(r *seal.Report) { r.Answers.Story = strings.Repeat("a", seal.MaxText+1) })); !errors.Is(err, seal.ErrTooLarge) {
		t.Errorf("text too long: %v", err)
	}
	plain := encoded(t, sample(t))
	if _, err := seal.ParseReport(append(plain, make([]byte, seal.MaxPadded)...)); !errors.Is(err, seal.ErrTooLarge) {
		t.Errorf("over 2 MiB: %v", err)
	}
	bad := bytes.Replace(plain, []byte(`"street"`), []byte("\"\xff\""), 1)
	if _, err := seal.ParseReport(bad); !errors.Is(err, seal.ErrContent) {
		t.Errorf("not UTF-8: %v", err)
	}
	deep := []byte(strings.Repeat(`{"a":`, 100_000))
	if _, err := seal.ParseReport(deep); !errors.Is(err, seal.ErrContent) {
		t.Errorf("a hundred thousand deep: %v", err)
	}
	// Brackets inside of texts are not depth.
	if _, err := seal.ParseReport(with(func(r *seal.Report) { r.Answers.Story = strings.Repeat(`[{"\`, 1000) })); err != nil {
		t.Errorf("brackets in a text: %v", err)
	}
	if _, err := seal.ParseReport(with(func(r *seal.Report) { r.Thread.Reply = lowOrderRecipient(t) })); !errors.Is(err, seal.ErrRecipient) {
		t.Errorf("reply that can't be sealed to: %v", err)
	}
}

func TestEncodeRefusesWhatWouldNotBeRead(t *testing.T) {
	for name, change := range map[string]func(*seal.Report){
		"id":     func(r *seal.Report) { r.ID = "x" },
		"desk":   func(r *seal.Report) { r.Desk = "" },
		"thread": func(r *seal.Report) { r.Thread.ID = strings.Repeat("0", 32) },
		"text":   func(r *seal.Report) { r.Answers.Story = strings.Repeat("a", seal.MaxText+1) },
	} {
		r := sample(t)
		change(&r)
		if b, err := r.Encode(); err == nil || b != nil {
			t.Errorf("bad %s was encoded", name)
		}
	}
}

func TestFollowUpRoundTrip(t *testing.T) {
	r := sample(t)
	receipt := seal.Receipt{1, 2, 3}
	m := seal.Message{ID: r.ID, Of: r.ID, Seq: 3, Text: "more", Withdraw: []string{"count-me"},
		Attachments: []seal.BlobNames{{N: 2, Blobs: []string{strings.Repeat("0a", 32)}}}}
	b, err := seal.NewFollowUp("street", m, receipt.ThreadKey())
	if err != nil {
		t.Fatal(err)
	}
	f, err := seal.ParseFollowUp(b, "street")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, f.Message); d != "" {
		t.Error(d)
	}
	if err := f.Verify("street", r.Thread.ThreadKey()); err != nil {
		t.Error(err)
	}
	if err := f.Verify("street", nil); !errors.Is(err, seal.ErrPlace) {
		t.Errorf("no key: %v", err)
	}
	if _, err := seal.NewFollowUp("street", m, nil); !errors.Is(err, seal.ErrSignature) {
		t.Errorf("signing without a key: %v", err)
	}
	stolen := f // the thread's own key signs for a thread that isn't its own
	stolen.Thread = strings.Repeat("0", 32)
	stolen.Sig = base64.StdEncoding.EncodeToString(ed25519.Sign(receipt.ThreadKey(),
		vault.LP("peerwitness/follow-up/v1", []byte("street"), []byte(stolen.Thread), []byte(stolen.Body))))
	if err := stolen.Verify("street", r.Thread.ThreadKey()); !errors.Is(err, seal.ErrPlace) {
		t.Errorf("another thread's name: %v", err)
	}
	m.Of, m.Seq = "", 0 // from somebody who has her words alone
	if b, err := seal.NewFollowUp("street", m, receipt.ThreadKey()); err != nil || bytes.Contains(b, []byte(`of\"`)) {
		t.Errorf("without the report's id: %v %s", err, b)
	}
	m.Of = "x"
	if _, err := seal.NewFollowUp("street", m, receipt.ThreadKey()); !errors.Is(err, seal.ErrContent) {
		t.Errorf("a follow-up of something else: %v", err)
	}
	if _, err := seal.NewFollowUp("../x", m, receipt.ThreadKey()); err == nil {
		t.Error("bad desk accepted")
	}
}
