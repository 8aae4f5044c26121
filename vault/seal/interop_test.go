package seal_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"peerwitness/vault/seal"
)

func TestByHand(t *testing.T) {
	ids, to := identities(t, 16)
	var rs []age.Recipient
	for _, s := range to {
		r, err := age.ParseHybridRecipient(s)
		if err != nil {
			t.Fatal(err)
		}
		rs = append(rs, r)
	}
	for _, n := range []int{1, 2, 16} {
		for _, text := range []string{"", "They came at night. မြန်မာ", strings.Repeat("x", 65536)} {
			got, err := seal.OpenByHand(ageFile(t, []byte(text), rs[:n]...), ids[n-1])
			if err != nil || string(got) != text {
				t.Errorf("%d stanzas, %d bytes: %v", n, len(text), err)
			}
		}
	}
	if _, err := seal.OpenByHand(ageFile(t, []byte{0xff}, rs[0]), ids[0]); !errors.Is(err, seal.ErrContent) {
		t.Errorf("not text: %v", err)
	}
	file := ageFile(t, []byte("text"), rs[:2]...)
	if _, err := seal.OpenByHand(file, ids[5]); !errors.Is(err, seal.ErrNotForUs) {
		t.Errorf("stranger: %v", err)
	}
	if _, err := seal.OpenByHand(file[:len(file)-1], ids[0]); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("cut: %v", err)
	}
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.OpenByHand(ageFile(t, nil, classic.Recipient()), ids[0]); !errors.Is(err, seal.ErrShape) {
		t.Errorf("classic: %v", err)
	}
	if _, err := seal.OpenByHand(ageFile(t, nil, append(rs, rs[0])...), ids[0]); !errors.Is(err, seal.ErrShape) {
		t.Errorf("17 stanzas: %v", err)
	}
	if _, err := seal.OpenByHand(make([]byte, 5<<20), ids[0]); !errors.Is(err, seal.ErrTooLarge) {
		t.Errorf("5 MiB: %v", err)
	}
}

// TestAgeOpensWhatWeSeal runs the real age tool on our output, and opens what it sealed.
func TestAgeOpensWhatWeSeal(t *testing.T) {
	dir := t.TempDir()
	tool := filepath.Join(dir, "age")
	if out, err := exec.Command("go", "build", "-o", tool, "filippo.io/age/cmd/age").CombinedOutput(); err != nil {
		t.Fatalf("building age: %v\n%s", err, out)
	}
	ids, to := identities(t, 3)
	keys, in := filepath.Join(dir, "keys.txt"), filepath.Join(dir, "report.age")
	plain := encoded(t, sample(t))
	file, err := seal.SealReport(plain, to, 8)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{keys: []byte(ids[1].Reveal() + "\n"), in: file} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(tool, "-d", "-i", keys, in).Output()
	if err != nil {
		t.Fatalf("age -d: %v", err)
	}
	if text, err := seal.Unpad(out, seal.MinPadded, seal.MaxPadded); err != nil || !bytes.Equal(text, plain) {
		t.Errorf("age -d gives something else: %v", err)
	}
	cmd := exec.Command(tool, "-r", to[0], "-r", to[1])
	cmd.Stdin = strings.NewReader("by hand")
	sealed, err := cmd.Output()
	if err != nil {
		t.Fatalf("age -r: %v", err)
	}
	if text, err := seal.OpenByHand(sealed, ids[1]); err != nil || string(text) != "by hand" {
		t.Errorf("opening what age sealed: %v", err)
	}
}
