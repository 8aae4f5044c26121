// Package seal is everything that encrypts, decrypts or signs for people:
// reports, follow-ups, attachments, receipts, journal entries, grants, key
// files and cards, in the exact forms of PROTOCOL.md §2 and §4–§7. It is the
// only package that imports age, and it uses age in one way only: hybrid
// post-quantum recipients (age1pq1…), or one passphrase for a key file.
//
// What it guarantees: nothing is sealed to an empty, doubled, classic, tag or
// plugin recipient; the header of a file is checked for exactly the expected
// shape before any key touches it; whatever comes out of an opened file was
// authenticated to its last byte and is within stated bounds; hostile input
// gives one of the errors below, never a panic. Errors and String methods
// never hold a key, a receipt or a text of a report.
//
// What it does not do: it does not decide who should be trusted. Callers give
// recipients from a checked roster, look authors' keys up in it, and compare
// the desk of a report with the desk it was deposited for. Keys are Go strings
// and slices that the garbage collector may have copied; they are not wiped
// from memory.
package seal

import "errors"

// Sentinels. Functions wrap them; compare with errors.Is.
var (
	// ErrRecipient: not a hybrid recipient, or the same one twice.
	ErrRecipient = errors.New("recipient refused")
	// ErrNoRecipients: there is nobody to seal to.
	ErrNoRecipients = errors.New("no recipients")
	// ErrIdentity: not a hybrid identity.
	ErrIdentity = errors.New("identity refused")
	// ErrShape: the file is not of the shape that PROTOCOL.md gives.
	ErrShape = errors.New("file is not of the expected shape")
	// ErrStanza: a stanza that no identity can open, whoever's it is.
	ErrStanza = errors.New("malformed stanza")
	// ErrNotForUs: none of the identities opens the file.
	ErrNotForUs = errors.New("not sealed to this identity")
	// ErrDamaged: the file was cut, altered, or is not what was announced.
	ErrDamaged = errors.New("file is damaged")
	// ErrPadding: what is inside is not padded as it must be.
	ErrPadding = errors.New("padding refused")
	// ErrContent: what is inside is not the JSON that it should be.
	ErrContent = errors.New("content refused")
	// ErrTooLarge: over one of the limits.
	ErrTooLarge = errors.New("too large")
	// ErrSignature: a signature is missing or does not verify.
	ErrSignature = errors.New("signature refused")
	// ErrAuthor: the roster does not have the person who signed.
	ErrAuthor = errors.New("author is not on the roster")
	// ErrPlace: made for another place than where it was found.
	ErrPlace = errors.New("belongs to another place")
	// ErrOlderRoster: an entry under an older roster than one before it.
	ErrOlderRoster = errors.New("roster version has fallen")
	// ErrReceipt: not the words or digits of a receipt.
	ErrReceipt = errors.New("receipt refused")
	// ErrPassphrase: the passphrase does not open the key file.
	ErrPassphrase = errors.New("wrong passphrase")
)

// Limits of what this package reads and writes, in bytes unless named otherwise.
const (
	MinPadded      = 32 << 10 // smallest padded report
	MaxPadded      = 2 << 20  // largest padded report
	MinEntry       = 4 << 10  // smallest padded entry
	MaxEntry       = 8 << 20  // largest padded entry
	MaxText        = 256 << 10
	MaxDepth       = 32 // of nested JSON
	MaxAttachments = 16 // of one report or follow-up
	MaxFile        = 100 << 20
	BlobSize       = 1 << 20
	MaxByHand      = 4 << 20
)
