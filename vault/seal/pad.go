package seal

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

// pad returns u32(len(text)) ‖ text ‖ zeros, of the smallest size least·2^k
// that holds it. ErrTooLarge when that is over most.
func pad(text []byte, least, most int) ([]byte, error) {
	need, size := 4+len(text), least
	for size < need && size < most {
		size *= 2
	}
	if need > size {
		return nil, fmt.Errorf("%w: %d bytes do not fit %d", ErrTooLarge, len(text), most-4)
	}
	out := make([]byte, size)
	binary.BigEndian.PutUint32(out, uint32(len(text)))
	copy(out[4:], text)
	return out, nil
}

// unpad undoes pad. It takes any size of the form least·2^k up to most, also
// one larger than the text needs: a later version may hide more.
func unpad(padded []byte, least, most int) ([]byte, error) {
	size := len(padded)
	if size < least || size > most || size%least != 0 || bits.OnesCount(uint(size/least)) != 1 {
		return nil, fmt.Errorf("%w: %d bytes is not a padded size", ErrPadding, size)
	}
	n := uint64(binary.BigEndian.Uint32(padded))
	if n > uint64(size-4) {
		return nil, fmt.Errorf("%w: length does not fit", ErrPadding)
	}
	text, zeros := padded[4:4+n], padded[4+n:]
	if !allZero(zeros) {
		return nil, fmt.Errorf("%w: not all zeros", ErrPadding)
	}
	return text, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// Padme rounds l up so that its size tells no more than about
// 2·log2(log2 l) bits (PURBs, Nikitin et al. 2019), at a cost of at most
// 12 %. It is defined for l ≥ 2; smaller ones come back as they are.
func Padme(l int64) int64 {
	if l < 2 {
		return l
	}
	e := bits.Len64(uint64(l)) - 1
	s := bits.Len64(uint64(e))
	step := int64(1) << (e - s)
	return (l + step - 1) &^ (step - 1)
}

// limited reads from r and fails, rather than stopping, past n bytes.
type limited struct {
	r io.Reader
	n int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.n+1 {
		p = p[:l.n+1]
	}
	n, err := l.r.Read(p)
	if l.n -= int64(n); l.n < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}
