package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"time"

	"peerwitness/vault"
)

// Least and most work that a server may ask for, in bits (PROTOCOL.md §9).
const (
	workLeast = 8
	workMost  = 24
)

// work is what a server that is flooded asks for: a number that took work to
// find, for one deposit. Each minute that it takes halves what is left to do.
func work(ctx context.Context, id vault.ID, challenge string, need int) (string, error) {
	if need < 0 || need > workMost || len(challenge) > 256 {
		return "", fmt.Errorf("reading server's answer: it asks for work of %d bits", need)
	}
	began := time.Now()
	for counter := uint64(0); ; counter++ {
		if counter%4096 == 0 && ctx.Err() != nil {
			return "", ctx.Err()
		}
		h := sha256.Sum256(vault.LP("peerwitness/work/v1", id[:], []byte(challenge), vault.U64(counter)))
		got := bits.LeadingZeros64(binary.BigEndian.Uint64(h[:]))
		if got >= workLeast && got >= need-int(time.Since(began)/time.Minute) {
			return challenge + "." + strconv.FormatUint(counter, 10), nil
		}
	}
}
