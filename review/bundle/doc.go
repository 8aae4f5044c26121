// Package bundle writes a case down as an evidence bundle, a bag of RFC 8493
// that people outside can read and check without any of our keys, and checks
// such bundles. Exact bytes are in PROTOCOL.md, section 13.
//
// A [Case] is all that could leave. [Make] takes out of it what somebody chose
// to leave out, and with it every signed text that would still hold it, and
// every hash by which it could be guessed. That choice is made here and nowhere
// else, so that a page which forgets one place where a name stands leaks
// nothing: an entry's signed text goes along only when each part that it needs
// is there and was not left out.
//
// [Verify] trusts nothing of what it reads. Names, sizes, links and doublings
// are checked before a file is opened, nothing is ever written to disk, and no
// more than one file's text is held in memory.
package bundle

import "errors"

// Sentinels; compare with errors.Is.
var (
	// ErrChanged: a file is not what it was when the bundle was made.
	ErrChanged = errors.New("a file of the case changed while the bundle was written")
	// ErrPart: something is to be left out that the case does not have.
	ErrPart = errors.New("no such part of the case")
	// ErrTooLarge: over one of the limits.
	ErrTooLarge = errors.New("too large for a bundle")
	// ErrNoBundle: what is to be checked is no bundle, or can't be read.
	ErrNoBundle = errors.New("not an evidence bundle")
)

// Names of what stands in every bundle.
const (
	nameBagit    = "bagit.txt"
	nameInfo     = "bag-info.txt"
	nameManifest = "manifest-sha256.txt"
	nameTags     = "tagmanifest-sha256.txt"
	nameExport   = "export.json"
	nameStart    = "START-HERE.txt"
	namePage     = "data/index.html"
	nameRecord   = "data/bundle.json"
	nameParts    = "data/parts.json"
	nameWords    = "data/words.txt"
	nameJournal  = "data/journal.txt"
	nameCustody  = "data/custody.tsv"
)

// Limits, in bytes unless named otherwise.
const (
	maxFiles    = 20_000   // in a bundle
	maxTotal    = 16 << 30 // of all files
	maxManifest = 4 << 20
	maxRecord   = 16 << 20
	maxSmall    = 256 << 10 // the other files that are read whole
	maxEntry    = 8 << 20   // one entry's signed text
)

// Variants of a bundle.
const (
	Full     = "full"
	Redacted = "redacted"
)
