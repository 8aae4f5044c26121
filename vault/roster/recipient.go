package roster

import (
	"crypto/ecdh"
	"crypto/mlkem"
	"fmt"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// A hybrid recipient: bech32 of an ML-KEM-768 key and an X25519 key, end to end.
const (
	recipientHRP  = "age1pq"
	recipientSize = mlkem.EncapsulationKeySize768 + 32
	recipientLen  = len(recipientHRP) + 1 + (recipientSize*8+4)/5 + 6
)

// probe is a fixed scalar with which a public X25519 key is tried.
var probe = func() *ecdh.PrivateKey {
	key, err := ecdh.X25519().NewPrivateKey([]byte("peerwitness: a probe, not a key!"))
	if err != nil {
		panic(err) // 32 bytes are always a scalar
	}
	return key
}()

// CheckRecipient accepts the text of an age hybrid recipient, age1pq1… in lower
// case, and refuses everything else: classic, tag and plug-in recipients, the
// bech32m checksum, and keys of the right length that sealing would choke on
// (ML-KEM coefficients out of range, X25519 points of low order), so that one
// person's bad key can't stop a whole desk's reports. ErrShape.
func CheckRecipient(s string) error {
	bad := func(why string) error { return fmt.Errorf("%w: recipient: %s", ErrShape, why) }
	if len(s) < len(recipientHRP)+1 || s[:len(recipientHRP)+1] != recipientHRP+"1" {
		return bad("not a hybrid one (age1pq1…)")
	}
	if len(s) != recipientLen {
		return bad(fmt.Sprintf("%d characters where %d belong", len(s), recipientLen))
	}
	hrp, values, version, err := bech32.DecodeNoLimitWithVersion(s)
	if err != nil || version != bech32.Version0 || hrp != recipientHRP {
		// The cause would spell out the checksum that was expected.
		return bad("mistyped: its check characters don't fit")
	}
	key, err := bech32.ConvertBits(values, 5, 8, false)
	if err != nil || len(key) != recipientSize {
		return bad("its last bits are not zero")
	}
	if _, err := mlkem.NewEncapsulationKey768(key[:mlkem.EncapsulationKeySize768]); err != nil {
		return bad("not a valid ML-KEM-768 key")
	}
	point, err := ecdh.X25519().NewPublicKey(key[mlkem.EncapsulationKeySize768:])
	if err != nil {
		return bad("not a valid X25519 key")
	}
	if _, err := probe.ECDH(point); err != nil {
		return bad("an X25519 key of low order")
	}
	return nil
}
