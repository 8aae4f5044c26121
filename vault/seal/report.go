package seal

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"unicode/utf8"

	"filippo.io/age"

	"peerwitness/vault"
)

// SealReport pads plain and seals it as one age file with exactly slots
// stanzas (8 or 16): the recipients, then throwaway keys whose private halves
// exist nowhere once it returns, in an order that a cryptographic random
// source gives. So the header tells neither how many people can open the file
// nor which slots are theirs. ErrNoRecipients, ErrRecipient, ErrTooLarge.
func SealReport(plain []byte, recipients []string, slots int) ([]byte, error) {
	if slots != 8 && slots != 16 {
		return nil, fmt.Errorf("%w: a desk has 8 or 16 slots", ErrShape)
	}
	to, err := parseRecipients(recipients)
	if err != nil {
		return nil, err
	}
	if len(to) > slots {
		return nil, fmt.Errorf("%w: %d of them for %d slots", ErrRecipient, len(to), slots)
	}
	padded, err := pad(plain, MinPadded, MaxPadded)
	if err != nil {
		return nil, err
	}
	for len(to) < slots {
		throwaway, err := age.GenerateHybridIdentity()
		if err != nil {
			return nil, fmt.Errorf("making a throwaway key: %w", err)
		}
		to = append(to, throwaway.Recipient())
	}
	if err := shuffle(to); err != nil {
		return nil, err
	}
	file, err := encrypt(padded, to...)
	if err != nil {
		return nil, err
	}
	// What we send must be what a server accepts; a new version of age that
	// changed the header would be found here and not by a peer.
	if err := vault.CheckReport(file, slots); err != nil {
		return nil, shape(err)
	}
	return file, nil
}

// shuffle is Fisher and Yates's, with crypto/rand.
func shuffle(to []age.Recipient) error {
	for i := len(to) - 1; i > 0; i-- {
		j, err := rand.Int(rand.Reader, big.NewInt(int64(i+1)))
		if err != nil {
			return fmt.Errorf("shuffling recipients: %w", err)
		}
		to[i], to[j.Int64()] = to[j.Int64()], to[i]
	}
	return nil
}

// OpenReport opens a report of a desk with that many slots with whichever of
// ids fits, and returns its JSON, still unchecked (ParseReport, ParseFollowUp).
// The header is checked before any key is used: ErrShape, ErrTooLarge,
// ErrStanza. Then ErrNotForUs, ErrDamaged, ErrPadding.
func OpenReport(report []byte, slots int, ids ...Identity) (plain []byte, err error) {
	if slots != 8 && slots != 16 {
		return nil, fmt.Errorf("%w: a desk has 8 or 16 slots", ErrShape)
	}
	if err := vault.CheckReport(report, slots); err != nil {
		return nil, shape(err)
	}
	if err := checkStanzas(report, slots); err != nil {
		return nil, err
	}
	padded, err := decrypt(report, MaxPadded, ids...)
	if err != nil {
		return nil, err
	}
	return unpad(padded, MinPadded, MaxPadded)
}

// OpenByHand opens a report that its sender sealed with age itself: 1 to 16
// hybrid stanzas, plain text inside, at most MaxByHand bytes of it. Text that
// is not UTF-8 is ErrContent. Errors else as OpenReport.
func OpenByHand(report []byte, ids ...Identity) (text []byte, err error) {
	if err := vault.CheckByHand(report); err != nil {
		return nil, shape(err)
	}
	n, _, err := vault.ParseHeader(report)
	if err != nil {
		return nil, shape(err)
	}
	if err := checkStanzas(report, n); err != nil {
		return nil, err
	}
	text, err = decrypt(report, MaxByHand, ids...)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%w: not text", ErrContent)
	}
	return text, nil
}
