package vaulttest

import (
	"testing"

	"peerwitness/vault"
)

// Furnish puts some of each kind into a fresh store, and moves the clock by a day.
func Furnish(t *testing.T, s vault.Store, clock *Clock) {
	t.Helper()
	(&house{Store: s, t: t, clock: clock}).everything()
}

// SameContent holds two stores together in everything that a Reader tells, but
// for what hangs on the generation.
func SameContent(t *testing.T, got, want vault.Store) {
	t.Helper()
	same(t, content(t, got), content(t, want))
}

func content(t *testing.T, s vault.Store) state {
	t.Helper()
	st := read(t, s)
	st.Head.Generation, st.Head.Hash = [16]byte{}, vault.ID{}
	for i := range st.Records {
		st.Records[i].Hash = vault.ID{}
	}
	return st
}
