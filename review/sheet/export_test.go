package sheet

import (
	"time"

	"peerwitness/vault/seal"
)

// For tests of what is within.
var ParseRemembered = func(b []byte) error { _, err := parseRemembered(b); return err }

func DayOf(cell, order string, today time.Time) (seal.When, string) {
	w, what, _ := dayOf(cell, order, today)
	return w, what
}

var Fold = fold
