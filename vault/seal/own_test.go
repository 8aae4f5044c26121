package seal_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"peerwitness/vault/seal"
)

func TestSealOwn(t *testing.T) {
	me, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	small, err := seal.SealOwn([]byte("PRACTICE"), me.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	larger, err := seal.SealOwn(bytes.Repeat([]byte("PRACTICE "), 3000), me.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if len(small) != len(larger) {
		t.Errorf("sizes %d and %d tell how much is in it", len(small), len(larger))
	}
	if got, err := seal.OpenOwn(small, me); err != nil || string(got) != "PRACTICE" {
		t.Errorf("opened %q, %v", got, err)
	}
	other, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.OpenOwn(small, other); !errors.Is(err, seal.ErrNotForUs) {
		t.Errorf("another's key: %v", err)
	}
	if _, err := seal.OpenOwn(small[:len(small)-1], me); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("cut short: %v", err)
	}
	if _, err := seal.OpenOwn([]byte("age"), me); !errors.Is(err, seal.ErrShape) {
		t.Errorf("no file: %v", err)
	}
	if _, err := seal.SealOwn(nil, "age1classic"); !errors.Is(err, seal.ErrRecipient) {
		t.Errorf("a classic recipient: %v", err)
	}
	if _, err := seal.SealOwn([]byte(strings.Repeat("x", seal.MaxPadded)), me.Recipient()); !errors.Is(err, seal.ErrTooLarge) {
		t.Errorf("too much: %v", err)
	}
}
