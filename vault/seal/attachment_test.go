package seal_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"testing"

	"filippo.io/age"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

func sealed(t testing.TB, content []byte) (seal.Attachment, []vault.ID, [][]byte) {
	t.Helper()
	key, blobs, err := seal.SealAttachment(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return key.Attachment(0, "image/jpeg"), namesOf(blobs), blobs
}

func namesOf(blobs [][]byte) (names []vault.ID) {
	for _, b := range blobs {
		names = append(names, vault.Sum(b))
	}
	return names
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func TestAttachmentRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 8, 65527, 65528, 65529, 1 << 20, 3<<20 + 17} {
		content := random(n)
		a, names, blobs := sealed(t, content)
		var total int64
		for i, b := range blobs {
			total += int64(len(b))
			if i < len(blobs)-1 && len(b) != seal.BlobSize || len(b) == 0 || len(b) > seal.BlobSize {
				t.Errorf("%d bytes: blob %d of %d has %d", n, i, len(blobs), len(b))
			}
		}
		if total != a.SealedSize || a.Size != int64(n) {
			t.Errorf("%d bytes: sealed size %d, blobs %d", n, a.SealedSize, total)
		}
		got, err := seal.OpenAttachment(a, names, blobs)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// Files within one step of Padmé can't be told apart by size.
func TestAttachmentSizeIsPadded(t *testing.T) {
	a, _, _ := sealed(t, random(100_001))
	b, _, _ := sealed(t, random(100_100))
	if a.SealedSize != b.SealedSize {
		t.Errorf("%d and %d bytes", a.SealedSize, b.SealedSize)
	}
}

// TestAttack05CutAttachment cuts a file of two blobs at every boundary of
// blobs and of age's chunks, one byte either side of each, both with the
// announced size left and with it brought into line, and takes blobs away,
// doubles and changes them round. Nothing may ever come out.
func TestAttack05CutAttachmentGivesNothing(t *testing.T) {
	content := random(1<<20 + 100_000)
	a, _, blobs := sealed(t, content)
	whole := bytes.Join(blobs, nil)
	try := func(what string, a seal.Attachment, names []vault.ID, blobs [][]byte) {
		t.Helper()
		got, err := seal.OpenAttachment(a, names, blobs)
		if got != nil || !errors.Is(err, seal.ErrDamaged) && !errors.Is(err, seal.ErrShape) && !errors.Is(err, seal.ErrContent) && !errors.Is(err, seal.ErrPadding) {
			t.Errorf("%s: %d bytes, %v", what, len(got), err)
		}
	}
	header := bytes.Index(whole, []byte("\n--- ")) + 1 + 4 + 43 + 1
	var cuts []int
	for at := header + 16; at < len(whole); at += 64<<10 + 16 {
		cuts = append(cuts, at)
	}
	for at := 0; at < len(whole); at += seal.BlobSize {
		cuts = append(cuts, at)
	}
	if len(cuts) < 19 {
		t.Fatalf("only %d boundaries", len(cuts))
	}
	for _, cut := range cuts {
		for at := cut - 1; at <= cut+1; at++ {
			if at < 0 || at >= len(whole) {
				continue
			}
			short := split(whole[:at])
			try("cut, announced size left", a, namesOf(short), short)
			lied := a
			lied.SealedSize = int64(at)
			try("cut, announced size too", lied, namesOf(short), short)
		}
	}
	try("no blobs", a, nil, nil)
	try("first blob missing", a, namesOf(blobs)[1:], blobs[1:])
	swapped := [][]byte{blobs[1], blobs[0]}
	try("blobs changed round, names too", a, namesOf(swapped), swapped)
	try("blobs changed round, names not", a, namesOf(blobs), swapped)
	try("a blob twice", a, append(namesOf(blobs), vault.Sum(blobs[1])), append(append([][]byte{}, blobs...), blobs[1]))
	try("a name missing", a, namesOf(blobs)[:1], blobs)
	renamed := namesOf(blobs)
	renamed[0][0] ^= 1
	try("a blob under another name", a, renamed, blobs)
	for _, at := range []int{header + 20, len(whole) / 2, len(whole) - 1} {
		b := append([]byte{}, whole...)
		b[at] ^= 1
		try("a byte changed, names too", a, namesOf(split(b)), split(b))
	}
	if got, err := seal.OpenAttachment(a, namesOf(blobs), blobs); err != nil || !bytes.Equal(got, content) {
		t.Errorf("whole: %v", err)
	}
}

func split(b []byte) (blobs [][]byte) {
	for len(b) > seal.BlobSize {
		blobs, b = append(blobs, b[:seal.BlobSize]), b[seal.BlobSize:]
	}
	if len(b) > 0 {
		blobs = append(blobs, b)
	}
	return blobs
}

func TestSealAttachmentRefusesAnotherSizeThanSaid(t *testing.T) {
	for _, size := range []int64{9, 11} {
		if _, blobs, err := seal.SealAttachment(bytes.NewReader(random(10)), size); !errors.Is(err, seal.ErrDamaged) || blobs != nil {
			t.Errorf("10 bytes announced as %d: %v", size, err)
		}
	}
	for _, size := range []int64{-1, seal.MaxFile + 1} {
		if _, _, err := seal.SealAttachment(bytes.NewReader(nil), size); !errors.Is(err, seal.ErrTooLarge) {
			t.Errorf("announced as %d: %v", size, err)
		}
	}
	broken := io.MultiReader(bytes.NewReader(random(10)), iotestErr{})
	if _, blobs, err := seal.SealAttachment(broken, 20); err == nil || blobs != nil {
		t.Error("a file that can't be read was sealed")
	}
}

type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, errors.New("disk is gone") }

func TestCleanedAttachmentIsCheckedByItsSealedHash(t *testing.T) {
	a, names, blobs := sealed(t, []byte("cleaned"))
	a.SealedSHA256, a.SHA256, a.Size, a.Cleaned = a.SHA256, vault.Sum([]byte("original")).String(), 8, true
	if got, err := seal.OpenAttachment(a, names, blobs); err != nil || string(got) != "cleaned" {
		t.Error(err)
	}
	a.SealedSHA256 = a.SHA256
	if got, err := seal.OpenAttachment(a, names, blobs); !errors.Is(err, seal.ErrDamaged) || got != nil {
		t.Errorf("wrong sealed hash: %v", err)
	}
}

func TestAttachmentTooShortForALength(t *testing.T) {
	ids, to := identities(t, 1)
	r, err := age.ParseHybridRecipient(to[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range []string{"", "1234567"} {
		file := ageFile(t, []byte(plain), r)
		a := seal.Attachment{SHA256: vault.Sum(nil).String(), Identity: ids[0], SealedSize: int64(len(file))}
		if got, err := seal.OpenAttachment(a, namesOf([][]byte{file}), [][]byte{file}); !errors.Is(err, seal.ErrPadding) || got != nil {
			t.Errorf("%d bytes: %v", len(plain), err)
		}
	}
}
