package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"peerwitness/vault"
)

// maxSealedFile is more than Padmé and age make of MaxFile.
const maxSealedFile = 108 << 20

// AttachmentKey is what SealAttachment made: what the report must say so that
// the file can be opened and told whole. Size and SHA256 are of the bytes sealed.
type AttachmentKey struct {
	Identity   Identity
	SealedSize int64 // of the age file, all blobs together
	Size       int64
	SHA256     vault.ID
}

// Attachment returns the report's description of a file that was sealed as it is.
func (k AttachmentKey) Attachment(n int, mime string) Attachment {
	return Attachment{N: n, SHA256: k.SHA256.String(), Size: k.Size, Type: mime,
		Identity: k.Identity, SealedSize: k.SealedSize}
}

// SealAttachment seals size bytes of r to a fresh identity and returns the
// blobs, each BlobSize long but the last. It streams: beyond the blobs it
// holds one chunk. ErrTooLarge over MaxFile; ErrDamaged when r does not give
// exactly size bytes.
func SealAttachment(r io.Reader, size int64) (AttachmentKey, [][]byte, error) {
	if size < 0 || size > MaxFile {
		return AttachmentKey{}, nil, fmt.Errorf("%w: a file of %d bytes, over %d", ErrTooLarge, size, MaxFile)
	}
	id, err := NewIdentity()
	if err != nil {
		return AttachmentKey{}, nil, err
	}
	to, err := parseRecipient(id.Recipient())
	if err != nil {
		return AttachmentKey{}, nil, err
	}
	var out blobWriter
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return AttachmentKey{}, nil, fmt.Errorf("sealing an attachment: %w", err)
	}
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(size))
	sum := sha256.New()
	padding := Padme(8+size) - 8 - size
	// One byte more than size is asked for, so that a file that grew is noticed.
	body := io.TeeReader(io.LimitReader(r, size+1), sum)
	if _, err := w.Write(length[:]); err != nil {
		return AttachmentKey{}, nil, fmt.Errorf("sealing an attachment: %w", err)
	}
	n, err := io.Copy(w, body)
	if err != nil {
		return AttachmentKey{}, nil, fmt.Errorf("reading an attachment: %w", err)
	}
	if n != size {
		return AttachmentKey{}, nil, fmt.Errorf("%w: the file is not of the size announced", ErrDamaged)
	}
	if _, err := io.CopyN(w, zeros{}, padding); err != nil {
		return AttachmentKey{}, nil, fmt.Errorf("sealing an attachment: %w", err)
	}
	if err := w.Close(); err != nil {
		return AttachmentKey{}, nil, fmt.Errorf("sealing an attachment: %w", err)
	}
	return AttachmentKey{Identity: id, SealedSize: out.size, Size: size, SHA256: vault.ID(sum.Sum(nil))}, out.blobs, nil
}

// OpenAttachment opens the file that a describes from its blobs, whose names
// are those that the follow-up lists, in its order. Nothing comes back unless
// every blob has its name, the joined file has the announced size and opens to
// its end, the length fits, the padding is zero and of the right size, and the
// content has the announced hash. ErrDamaged, ErrShape, ErrStanza, ErrNotForUs, ErrPadding, ErrTooLarge.
func OpenAttachment(a Attachment, names []vault.ID, blobs [][]byte) ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	file, err := join(a.SealedSize, names, blobs)
	if err != nil {
		return nil, err
	}
	if err := checkOne(file); err != nil {
		return nil, err
	}
	padded, err := decrypt(file, len(file), a.Identity)
	if err != nil {
		return nil, err
	}
	if len(padded) < 8 {
		return nil, fmt.Errorf("%w: too short for an attachment", ErrPadding)
	}
	length := binary.BigEndian.Uint64(padded)
	if length > MaxFile || int64(len(padded)) != Padme(8+int64(length)) {
		return nil, fmt.Errorf("%w: length does not fit", ErrPadding)
	}
	content, rest := padded[8:8+length], padded[8+length:]
	if !allZero(rest) {
		return nil, fmt.Errorf("%w: not all zeros", ErrPadding)
	}
	want := a.SealedSHA256
	if want == "" {
		want = a.SHA256
		if int64(length) != a.Size {
			return nil, fmt.Errorf("%w: not of the size announced", ErrDamaged)
		}
	}
	if vault.Sum(content).String() != want {
		return nil, fmt.Errorf("%w: not the file that was announced", ErrDamaged)
	}
	return content, nil
}

// join puts blobs together after checking each and the sum of their sizes.
func join(size int64, names []vault.ID, blobs [][]byte) ([]byte, error) {
	if len(names) != len(blobs) || int64(len(blobs)) != (size+BlobSize-1)/BlobSize {
		return nil, fmt.Errorf("%w: %d blobs for %d bytes", ErrDamaged, len(blobs), size)
	}
	for i, b := range blobs {
		want := int64(BlobSize)
		if i == len(blobs)-1 {
			want = size - int64(i)*BlobSize
		}
		if int64(len(b)) != want {
			return nil, fmt.Errorf("%w: blob %d has the wrong size", ErrDamaged, i+1)
		}
		if vault.Sum(b) != names[i] {
			return nil, fmt.Errorf("%w: blob %d is not the one named", ErrDamaged, i+1)
		}
	}
	return bytes.Join(blobs, nil), nil
}

// blobWriter cuts what is written into blobs.
type blobWriter struct {
	blobs [][]byte
	size  int64
}

func (w *blobWriter) Write(p []byte) (int, error) {
	if w.size+int64(len(p)) > maxSealedFile {
		return 0, errors.New("sealed file over its limit")
	}
	done := len(p)
	for len(p) > 0 {
		if w.size%BlobSize == 0 {
			w.blobs = append(w.blobs, nil)
		}
		n := min(len(p), BlobSize-int(w.size%BlobSize))
		last := &w.blobs[len(w.blobs)-1]
		*last = append(*last, p[:n]...)
		w.size += int64(n)
		p = p[n:]
	}
	return done, nil
}

// zeros is an endless run of them.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
