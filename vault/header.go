package vault

import (
	"bytes"
	"fmt"
	"math/bits"
)

// What an age v1 file with hybrid recipients looks like from outside.
const (
	headerIntro  = "age-encryption.org/v1\n"
	headerStanza = "-> mlkem768x25519 "
	headerMAC    = "--- "

	encapsulated = 1494 // characters: 1,088 bytes ML-KEM-768 and 32 bytes X25519
	wrapped      = 43   // characters: a file key of 16 bytes and its tag
	maxStanzas   = 16

	// maxHeader is more than any header that can be accepted, and all of a
	// header that is ever looked at.
	maxHeader = len(headerIntro) + maxStanzas*(len(headerStanza)+encapsulated+1+wrapped+1) + len(headerMAC) + wrapped + 1

	nonceSize    = 16
	chunkSize    = 64 << 10
	chunkTag     = 16
	minPadded    = 32 << 10
	maxPaddedLog = 6 // 32 KiB·2^6 = 2 MiB
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// sextets gives each base64 character its value, and notBase64 to all others.
var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = notBase64
	}
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	return t
}()

const notBase64 = 0x80

// ParseHeader reads the header of an age file whose stanzas are all of the
// hybrid kind, without any of age's code: the server must not be able to
// decrypt. It returns the number of stanzas, at most 16, and the length of
// what follows the header. Anything else, any other kind of stanza among them,
// is ErrMalformed. It looks at no more than the first 25 KiB and allocates
// nothing that grows with the input.
//
// Each stanza is two lines: the type with one argument of 1,494 base64
// characters, and a body of 43. Base64 is the canonical form without padding.
func ParseHeader(report []byte) (stanzas, payload int, err error) {
	h := report[:min(len(report), maxHeader)]
	h, ok := bytes.CutPrefix(h, []byte(headerIntro))
	if !ok {
		return 0, 0, fmt.Errorf("%w: not an age file", ErrMalformed)
	}
	for bytes.HasPrefix(h, []byte("-> ")) {
		if stanzas == maxStanzas {
			return 0, 0, fmt.Errorf("%w: more than %d stanzas", ErrMalformed, maxStanzas)
		}
		h, ok = bytes.CutPrefix(h, []byte(headerStanza))
		if !ok {
			return 0, 0, fmt.Errorf("%w: stanza %d is not a hybrid one", ErrMalformed, stanzas)
		}
		if h, ok = cutLine(h, encapsulated); ok {
			h, ok = cutLine(h, wrapped)
		}
		if !ok {
			return 0, 0, fmt.Errorf("%w: stanza %d has a bad argument or body", ErrMalformed, stanzas)
		}
		stanzas++
	}
	if stanzas == 0 {
		return 0, 0, fmt.Errorf("%w: no stanzas", ErrMalformed)
	}
	if h, ok = bytes.CutPrefix(h, []byte(headerMAC)); ok {
		h, ok = cutLine(h, wrapped)
	}
	if !ok {
		return 0, 0, fmt.Errorf("%w: bad end of header", ErrMalformed)
	}
	used := min(len(report), maxHeader) - len(h)
	return stanzas, len(report) - used, nil
}

// cutLine takes a line of exactly n base64 characters off b.
func cutLine(b []byte, n int) (rest []byte, ok bool) {
	if len(b) <= n || b[n] != '\n' {
		return nil, false
	}
	if !canonicalBase64(b[:n]) {
		return nil, false
	}
	return b[n+1:], true
}

// canonicalBase64 reports whether line is what encoding some bytes without
// padding gives: bits that belong to no byte are zero. What they decode to is of
// no interest here, and decoding would cost a third of what hashing a report does.
func canonicalBase64(line []byte) bool {
	var any, last byte
	for _, c := range line {
		last = sextets[c]
		any |= last
	}
	if any&notBase64 != 0 {
		return false
	}
	switch len(line) % 4 {
	case 1:
		return false
	case 2:
		return last&15 == 0
	case 3:
		return last&3 == 0
	}
	return true
}

// CheckReport tells whether report can be a sealed report for a desk with that
// many slots, as far as can be told without opening it: exactly so many hybrid
// stanzas, and a payload of a length that padding gives. ErrTooLarge, ErrMalformed.
func CheckReport(report []byte, slots int) error {
	if len(report) > MaxReport {
		return fmt.Errorf("%w: report over %d bytes", ErrTooLarge, MaxReport)
	}
	n, payload, err := ParseHeader(report)
	if err != nil {
		return err
	}
	if n != slots {
		return fmt.Errorf("%w: %d stanzas where the desk has %d", ErrMalformed, n, slots)
	}
	plain, ok := plainLength(payload)
	if !ok || plain < minPadded || plain%minPadded != 0 ||
		bits.OnesCount(uint(plain)) != 1 || plain > minPadded<<maxPaddedLog {
		return fmt.Errorf("%w: payload of a length that padding does not give", ErrMalformed)
	}
	return nil
}

// CheckByHand tells whether report can be one sealed by hand: 1 to 16 hybrid
// stanzas and a payload of any length age can give. ErrTooLarge, ErrMalformed.
func CheckByHand(report []byte) error {
	if len(report) > MaxReport {
		return fmt.Errorf("%w: report over %d bytes", ErrTooLarge, MaxReport)
	}
	_, payload, err := ParseHeader(report)
	if err != nil {
		return err
	}
	if _, ok := plainLength(payload); !ok {
		return fmt.Errorf("%w: payload of a length that age does not give", ErrMalformed)
	}
	return nil
}

// plainLength is the length of what is sealed in a payload: a nonce, then
// chunks of 64 KiB with a tag each. Only an empty file has an empty chunk.
func plainLength(payload int) (int, bool) {
	n := payload - nonceSize
	if n < chunkTag {
		return 0, false
	}
	full, last := n/(chunkSize+chunkTag), n%(chunkSize+chunkTag)
	if last == 0 {
		return full * chunkSize, true
	}
	if last < chunkTag || last == chunkTag && full > 0 {
		return 0, false
	}
	return full*chunkSize + last - chunkTag, true
}
