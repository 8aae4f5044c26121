// Package bell tells the person at this computer that something waits at the
// desk, by a notification of the desktop.
//
// What it says is fixed: whoever looks over her shoulder, and whatever keeps a
// history of notifications, learns that something came in and nothing of it.
package bell

import "errors"

// What every notification says, and all that it says.
const (
	Title = "Peerwitness"
	Text  = "Something urgent came in. Open the desk."
)

// ErrNone: this computer has no desktop that shows notifications.
var ErrNone = errors.New("no desktop to notify")
