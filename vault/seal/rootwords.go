package seal

import (
	"encoding/base64"
	"fmt"
	"math/big"
)

const rootWords = 8

// RootWords returns the fingerprint of an organisation's root keys as eight
// BIP39 words of lang (en, es, fr, pt), to be compared with paper or by voice: its
// first 88 bits. They prove less than the whole fingerprint in a link, and more
// than a person compares of that. ErrReceipt for a language without a list,
// ErrContent for what is no fingerprint.
func RootWords(fingerprint, lang string) ([]string, error) {
	list, ok := wordLists[lang]
	if !ok {
		return nil, fmt.Errorf("%w: no word list for this language", ErrReceipt)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(fingerprint)
	if err != nil || len(b) != 32 {
		return nil, fmt.Errorf("%w: not a fingerprint", ErrContent)
	}
	n := new(big.Int).SetBytes(b[:rootWords*11/8])
	words, low := make([]string, rootWords), big.NewInt(2047)
	for i := rootWords - 1; i >= 0; i-- {
		words[i] = list.words[new(big.Int).And(n, low).Int64()]
		n.Rsh(n, 11)
	}
	return words, nil
}
