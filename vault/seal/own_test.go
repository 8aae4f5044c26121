package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"filippo.io/age"

	"peerwitness/vault/seal"
)

func newPerson(t testing.TB) seal.KeyFile {
	t.Helper()
	k, err := seal.NewPerson("p-0000000000000001", "Advocate Nino")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOwnOpensForItsOwnerAndPurpose(t *testing.T) {
	k := newPerson(t)
	for _, n := range []int{0, 1, 4000, 4056, 4057, 70_000} {
		plain := bytes.Repeat([]byte("x"), n)
		sealed, err := k.SealOwn("waiting", plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.OpenOwn("waiting", sealed, n)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes: %d, %v", n, len(got), err)
		}
		if n > 0 {
			if _, err := k.OpenOwn("waiting", sealed, n-1); !errors.Is(err, seal.ErrTooLarge) {
				t.Errorf("%d bytes where fewer may be: %v", n, err)
			}
		}
		if _, err := k.OpenOwn("searches", sealed, n); !errors.Is(err, seal.ErrNotForUs) {
			t.Errorf("for another purpose: %v", err)
		}
		if _, err := newPerson(t).OpenOwn("waiting", sealed, n); !errors.Is(err, seal.ErrNotForUs) {
			t.Errorf("for somebody else: %v", err)
		}
	}
	a, _ := k.SealOwn("waiting", nil)
	b, _ := k.SealOwn("waiting", []byte("a note of some length"))
	if len(a) != len(b) {
		t.Errorf("nothing is %d bytes, a note %d", len(a), len(b))
	}
}

// Somebody who writes to the folder knows the personal recipient: the roster
// has it.
func TestOwnIsNobodyElses(t *testing.T) {
	k := newPerson(t)
	to, err := age.ParseHybridRecipient(k.Personal.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	var forged bytes.Buffer
	w, err := age.Encrypt(&forged, to)
	if err == nil {
		_, err = w.Write(make([]byte, 4<<10))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.OpenOwn("waiting", forged.Bytes(), 4000); !errors.Is(err, seal.ErrNotForUs) {
		t.Errorf("made by somebody else: %v", err)
	}
	sealed, err := k.SealOwn("waiting", []byte("a note"))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "cut": sealed[:len(sealed)-1], "no age file": []byte("{}"),
		"altered": append(bytes.Clone(sealed[:len(sealed)-1]), sealed[len(sealed)-1]^1),
	} {
		if _, err := k.OpenOwn("waiting", bad, 4000); err == nil {
			t.Errorf("%s opens", name)
		}
	}
	if _, err := (seal.KeyFile{Kind: seal.KindRoot}).SealOwn("waiting", nil); !errors.Is(err, seal.ErrContent) {
		t.Errorf("with a key that is no person's: %v", err)
	}
}
