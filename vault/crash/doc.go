// Package crash holds the server to its word: what it acknowledged is never
// lost. It has no code of its own; its tests run the real peerwitnessd, kill it
// in the middle of its work, take the power away, let its disk fail, and then look
// for every byte that it said it had stored.
//
// `make crash` runs all of it, `go test` a short form. What each part shows, and
// what it can't, is in docs/reliability.md.
package crash
