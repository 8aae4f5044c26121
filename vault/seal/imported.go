package seal

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"peerwitness/vault"
)

const (
	tagImported = "peerwitness/imported/v1"
	infoImports = "peerwitness/imports/v1"
)

// ImportID is the id of the report that a person makes of a row, known by its
// mark (see ImportMark). The same person's key gives the same id to the same
// row, so that bringing it in twice makes one case. Nobody without her signing
// key can tell it beforehand: who could would send another report under it, and
// the row would be taken for the repeat. ErrContent for a key file that is not a
// person's.
func (k KeyFile) ImportID(mark string) (string, error) {
	if k.Kind != KindPerson || len(k.Signing) != ed25519.PrivateKeySize {
		return "", fmt.Errorf("%w: not a person's key file", ErrContent)
	}
	b, err := hkdf.Key(sha256.New, k.Signing.Seed(), nil, infoImports+mark, 16)
	if err != nil {
		return "", fmt.Errorf("making a report id: %w", ErrContent)
	}
	return hex.EncodeToString(b), nil
}

// ImportMark names a row of a spreadsheet by what tells it from all others, the
// same for whoever has the file, as 64 hex digits. It stands in sealed reports
// only: who can guess a row can check the guess with it.
func ImportMark(parts ...string) string {
	fields := make([][]byte, len(parts))
	for i, p := range parts {
		fields[i] = []byte(p)
	}
	return vault.Sum(vault.LP(tagImported, fields...)).String()
}
