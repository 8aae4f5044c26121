package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"peerwitness/vault/seal"
)

const testWork = 10

func person(t testing.TB) seal.KeyFile {
	t.Helper()
	k, err := seal.NewPerson(nino, "Advocate Nino")
	if err != nil {
		t.Fatal(err)
	}
	ids, _ := identities(t, 2)
	k.Intake = []seal.IntakeKey{{Epoch: 202611, Identity: ids[0], From: "2026-11-01", Until: "2026-12-16"},
		{Epoch: 202612, Identity: ids[1], From: "2026-12-01", Until: "2027-01-15"}}
	return k
}

func TestKeyFileRoundTrip(t *testing.T) {
	ids, _ := identities(t, 1)
	for _, k := range []seal.KeyFile{person(t), {Kind: seal.KindRecovery, Recovery: ids[0]},
		{Kind: seal.KindRoot, Name: "root one", Signer: "PRIVATE+KEY+root+00000000+AAAA"}} {
		b, err := seal.SealKeyFile(k, "correct horse", testWork)
		if err != nil {
			t.Fatal(err)
		}
		got, err := seal.OpenKeyFile(b, "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(k, got); d != "" {
			t.Errorf("%s differs", k.Kind)
		}
		if _, err := seal.OpenKeyFile(b, "wrong horse"); !errors.Is(err, seal.ErrPassphrase) {
			t.Errorf("wrong passphrase: %v", err)
		}
		if _, err := seal.OpenKeyFile(b, ""); !errors.Is(err, seal.ErrPassphrase) {
			t.Errorf("empty passphrase: %v", err)
		}
		for _, cut := range []int{1, 16, len(b) / 2, len(b)} {
			if _, err := seal.OpenKeyFile(b[:len(b)-cut], "correct horse"); !errors.Is(err, seal.ErrDamaged) && !errors.Is(err, seal.ErrShape) {
				t.Errorf("cut by %d: %v", cut, err)
			}
		}
		if bytes.Contains(b, []byte("AGE-SECRET")) || bytes.Contains(b, []byte("PRIVATE")) {
			t.Error("key in the clear")
		}
	}
}

func TestKeyFileRefused(t *testing.T) {
	k := person(t)
	if _, err := seal.SealKeyFile(k, "", testWork); !errors.Is(err, seal.ErrPassphrase) {
		t.Errorf("sealing without a passphrase: %v", err)
	}
	for _, w := range []int{-1, 0, 19, 31} {
		if _, err := seal.SealKeyFile(k, "p", w); !errors.Is(err, seal.ErrContent) {
			t.Errorf("work factor %d: %v", w, err)
		}
	}
	for name, change := range map[string]func(*seal.KeyFile){
		"kind":             func(k *seal.KeyFile) { k.Kind = "other" },
		"person":           func(k *seal.KeyFile) { k.Person = "nino" },
		"recovery person":  func(k *seal.KeyFile) { k.Person = "recovery" },
		"signing":          func(k *seal.KeyFile) { k.Signing = nil },
		"personal":         func(k *seal.KeyFile) { k.Personal = "AGE-SECRET-KEY-1" },
		"intake twice":     func(k *seal.KeyFile) { k.Intake = append(k.Intake, k.Intake[0]) },
		"intake day":       func(k *seal.KeyFile) { k.Intake[0].From = "2026-13-01" },
		"intake backwards": func(k *seal.KeyFile) { k.Intake[0].Until = "2026-10-01" },
		"intake identity":  func(k *seal.KeyFile) { k.Intake[0].Identity = "x" },
		"two kinds":        func(k *seal.KeyFile) { k.Signer = "x" },
		"recovery's":       func(k *seal.KeyFile) { k.Kind = seal.KindRecovery },
		"root's":           func(k *seal.KeyFile) { k.Kind = seal.KindRoot },
	} {
		bad := person(t)
		change(&bad)
		if b, err := seal.SealKeyFile(bad, "p", testWork); err == nil || b != nil {
			t.Errorf("bad %s was sealed", name)
		}
	}
	scrypt := func(plain string, work int) []byte {
		r, err := age.NewScryptRecipient("p")
		if err != nil {
			t.Fatal(err)
		}
		r.SetWorkFactor(work)
		return ageFile(t, []byte(plain), r)
	}
	costly := bytes.Replace(scrypt("{}", testWork), []byte(" 10\n"), []byte(" 22\n"), 1)
	ids, to := identities(t, 1)
	hybrid, err := age.ParseHybridRecipient(to[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"asks for 4 GiB":    {costly, seal.ErrShape},
		"not an age file":   {[]byte("hello"), seal.ErrShape},
		"another recipient": {ageFile(t, []byte(ids[0].Reveal()), hybrid), seal.ErrShape},
		"5 MiB":             {make([]byte, 5<<20), seal.ErrTooLarge},
		"no JSON":           {scrypt("hello", testWork), seal.ErrContent},
		"no kind":           {scrypt(`{"v":1}`, testWork), seal.ErrContent},
		"version 2":         {scrypt(`{"v":2,"kind":"root","name":"a","signer":"b"}`, testWork), seal.ErrContent},
		"a key twice":       {scrypt(`{"v":1,"kind":"root","name":"a","signer":"b","signer":"c"}`, testWork), seal.ErrContent},
		"bad seed":          {scrypt(`{"v":1,"kind":"person","person":"`+nino+`","signing":"AAAA"}`, testWork), seal.ErrContent},
	} {
		if _, err := seal.OpenKeyFile(c.b, "p"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestCard(t *testing.T) {
	k := person(t)
	c, err := k.Card()
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := seal.ParseCard(b)
	if err != nil || got != c || got.Personal != k.Personal.Recipient() || got.Person != nino {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, secret := range []string{k.Personal.Reveal(), k.Intake[0].Identity.Reveal(), "AGE-SECRET"} {
		if strings.Contains(string(b), secret) {
			t.Error("card holds a secret")
		}
	}
	for name, change := range map[string]func(*seal.Card){
		"version":       func(c *seal.Card) { c.V = 2 },
		"person":        func(c *seal.Card) { c.Person = "p-1" },
		"no name":       func(c *seal.Card) { c.Name = "" },
		"long name":     func(c *seal.Card) { c.Name = strings.Repeat("a", 121) },
		"turning name":  func(c *seal.Card) { c.Name = "a\u202eb" },
		"name of lines": func(c *seal.Card) { c.Name = "a\nb" },
		"ANSI name":     func(c *seal.Card) { c.Name = "a\x1b[2J" },
		"classic":       func(c *seal.Card) { c.Personal = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p" },
		"signing":       func(c *seal.Card) { c.Signing = "AAAA" },
	} {
		bad := c
		change(&bad)
		raw, err := json.Marshal(bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := seal.ParseCard(raw); err == nil {
			t.Errorf("bad %s accepted", name)
		}
		if _, err := bad.Encode(); err == nil {
			t.Errorf("bad %s encoded", name)
		}
	}
	if _, err := (seal.KeyFile{Kind: seal.KindRecovery}).Card(); !errors.Is(err, seal.ErrContent) {
		t.Errorf("card of a recovery key: %v", err)
	}
}

// Whatever a program prints or logs, keys and receipts are not in it.
func TestSecretsAreNotPrinted(t *testing.T) {
	k := person(t)
	r := seal.Receipt{0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	words, err := r.Words("en")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		logger.Info("x", "identity", k.Personal, "receipt", r, "keys", k)
	}
	values := []any{k, &k, k.Personal, k.Intake, r, &r, []any{k, r}, seal.Attachment{Identity: k.Personal}, map[string]any{"x": k.Personal}}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
	}
	if b, err := json.Marshal(k); err == nil {
		out.Write(b)
	}
	if b, err := json.Marshal(r); err == nil {
		out.Write(b)
	}
	for _, bad := range []string{k.Personal.Reveal() + "x", "AGE-SECRET-KEY-PQ-1" + strings.Repeat("Q", 58)} {
		_, err := seal.ParseIdentity(bad)
		fmt.Fprintln(&out, err)
	}
	_, err = seal.ParseReceipt(strings.Join(words[:11], " ")+" peerwitness", "en")
	fmt.Fprintln(&out, err)
	printed := strings.ToLower(out.String())
	for name, secret := range map[string]string{"identity": "age-secret", "identity in hex": fmt.Sprintf("%x", k.Personal.Reveal()[:20]),
		"receipt in hex": "deadbeef", "receipt in numbers": "222 173 190", "receipt in words": words[0], "typed word": "peerwitness",
		"signing key": fmt.Sprint([]byte(k.Signing[:8]))[1:20], "signing key in hex": fmt.Sprintf("%x", k.Signing[:8])} {
		if strings.Contains(printed, strings.ToLower(secret)) {
			t.Errorf("%s was printed", name)
		}
	}
	if len(printed) < 500 {
		t.Error("the test printed nothing to look at")
	}
}
