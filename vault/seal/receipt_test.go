package seal_test

import (
	"errors"
	"strings"
	"testing"

	"peerwitness/vault/seal"
)

func TestReceiptRoundTrip(t *testing.T) {
	for range 50 {
		r, err := seal.NewReceipt()
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range []string{"en", "es", "fr", "pt"} {
			words, err := r.Words(lang)
			if err != nil || len(words) != 12 {
				t.Fatal(words, err)
			}
			if got, err := seal.ParseReceipt(strings.Join(words, " "), lang); err != nil || got != r {
				t.Fatalf("%s: %v", lang, err)
			}
		}
		digits := r.Digits()
		if len(digits) != 47 || len(strings.Fields(digits)) != 8 {
			t.Fatalf("%d characters of digits", len(digits))
		}
		if got, err := seal.ParseReceipt(digits, ""); err != nil || got != r {
			t.Fatalf("digits: %v", err)
		}
	}
	if _, err := (seal.Receipt{}).Words("my"); !errors.Is(err, seal.ErrReceipt) {
		t.Errorf("language without a list: %v", err)
	}
}

// Without accents and in lower case, words must still be told apart.
func TestWordsDifferWithoutAccents(t *testing.T) {
	for _, lang := range []string{"en", "es", "fr", "pt"} {
		words, seen := seal.WordLists(lang), map[string]string{}
		if len(words) != 2048 {
			t.Fatalf("%s: %d words", lang, len(words))
		}
		for _, w := range words {
			f := seal.Fold(w)
			if seen[f] != "" || strings.Trim(f, "abcdefghijklmnopqrstuvwxyz") != "" {
				t.Errorf("%s: %s and %s fold to %q", lang, w, seen[f], f)
			}
			seen[f] = w
		}
	}
}

// A receipt is of 128 bits; one wrong digit anywhere is noticed 15 times in 16,
// and with these it never gives the same receipt.
func TestEveryDigitCounts(t *testing.T) {
	r := seal.Receipt{0x42, 7, 9}
	digits := strings.ReplaceAll(r.Digits(), " ", "")
	noticed, tried := 0, 0
	for i := range digits {
		for c := byte('0'); c <= '9'; c++ {
			if c == digits[i] {
				continue
			}
			got, err := seal.ParseReceipt(digits[:i]+string(c)+digits[i+1:], "")
			tried++
			if err != nil {
				noticed++
			} else if got == r {
				t.Errorf("digit %d does not count", i)
			}
		}
	}
	if noticed < tried*8/10 {
		t.Errorf("%d of %d wrong digits noticed", noticed, tried)
	}
}

func TestDerivedKeysDiffer(t *testing.T) {
	a, b := seal.Receipt{1}, seal.Receipt{2}
	if a.ReplyIdentity() == b.ReplyIdentity() || a.ThreadID() == b.ThreadID() || a.Bucket() == b.Bucket() {
		t.Error("two receipts share a key")
	}
	bucket := a.Bucket()
	if string(a.ThreadKey().Seed()) == string(bucket[:]) || a.ReplyIdentity() == seal.IdentityFromSeed(bucket) {
		t.Error("two uses share a key")
	}
}
