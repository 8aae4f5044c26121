package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"peerwitness/vault"
)

// nonces makes challenges that need no memory until somebody answers one with
// a right signature, so that nobody can fill or flush a table of them: each is
// the second it was made, 8 random bytes and 16 bytes of MAC, bound to the
// person, under a key that lives as long as the process.
type nonces struct {
	key [32]byte

	mu   sync.Mutex         // guards used
	used map[[32]byte]int64 // to the second after which it can go
}

func newNonces() *nonces {
	n := &nonces{used: map[[32]byte]int64{}}
	rand.Read(n.key[:])
	return n
}

func (n *nonces) mac(person string, head []byte) []byte {
	m := hmac.New(sha256.New, n.key[:])
	m.Write(vault.LP("peerwitness/nonce", []byte(person), head))
	return m.Sum(nil)[:16]
}

// make returns a nonce for person, whoever that is.
func (n *nonces) make(person string, now time.Time) [32]byte {
	var b [32]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.Unix()))
	rand.Read(b[8:16])
	copy(b[16:], n.mac(person, b[:16]))
	return b
}

// fresh reports whether nonce was made here for person not long ago.
func (n *nonces) fresh(person string, nonce []byte, now time.Time) bool {
	if len(nonce) != 32 || !hmac.Equal(n.mac(person, nonce[:16]), nonce[16:]) {
		return false
	}
	age := now.Unix() - int64(binary.BigEndian.Uint64(nonce))
	return age >= 0 && age <= int64(nonceLife/time.Second)
}

// use takes a fresh nonce that came with a right signature; of many calls with
// the same one, the first returns true. Only holders of a roster key get here,
// so that what is remembered is bounded by them and by time.
func (n *nonces) use(nonce []byte, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for k, until := range n.used {
		if until < now.Unix() {
			delete(n.used, k)
		}
	}
	if _, ok := n.used[[32]byte(nonce)]; ok {
		return false
	}
	n.used[[32]byte(nonce)] = now.Add(nonceLife + time.Second).Unix()
	return true
}
