package review

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// causes puts known errors into words for people. The first match counts.
var causes = []struct {
	is   error
	text string
}{
	{errRolledBack, errRolledBack.Error()},
	{errAnew, errAnew.Error()},
	{vault.ErrFork, "the server shows another history than the one this workstation holds"},
	{vault.ErrHash, "its bytes are not the ones that were announced"},
	{vault.ErrMalformed, "it is not of the agreed form"},
	{vault.ErrTooLarge, "it is too large"},
	{vault.ErrCorrupt, "the workstation's folder is damaged"},
	{roster.ErrSignatures, "a signature on the list of people fails"},
	{roster.ErrThreshold, "too few root keys signed the list of people"},
	{roster.ErrChain, "the list of people does not follow from the one before"},
	{roster.ErrOlder, "the list of people is older than the one before"},
	{roster.ErrRoot, "the list of people is signed by other root keys"},
	{roster.ErrShape, "it is not of the agreed form"},
	{seal.ErrShape, "its sealing has another shape than the desk's"},
	{seal.ErrPadding, "its padding is wrong"},
	{seal.ErrStanza, "one of its seals is malformed, so that it would not open for everybody"},
	{seal.ErrDamaged, "it was cut short or altered on the way"},
	{seal.ErrContent, "its content is not of the agreed form"},
	{seal.ErrTooLarge, "it is too large"},
	{seal.ErrAuthor, "its author was not on the list of people it names"},
	{seal.ErrSignature, "its signature fails"},
	{seal.ErrPlace, "it was made for another place than the one it stands in"},
	{seal.ErrOlderRoster, "it was signed under an older list of people than an entry before it"},
	{seal.ErrNotForUs, "none of your keys opens it"},
	{syscall.ENOSPC, "the disk is full"},
	{fs.ErrPermission, "this computer does not allow it"},
	{context.DeadlineExceeded, "it took too long"},
}

// plainReason says why in words, without the parts of an error that could
// quote what was opened.
func plainReason(err error) string {
	for _, c := range causes {
		if errors.Is(err, c.is) {
			return c.text
		}
	}
	return clip(err.Error(), 200)
}

// sentence makes a sentence of an error.
func sentence(err error) string {
	s := plainReason(err)
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:] + "."
}

// clip cuts text to n bytes at most, at a character's edge.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.TrimSpace(s[:n]) + "…"
}

// definite reports whether the server certainly refused: asking again with the
// same bytes would change nothing.
func definite(err error) bool {
	for _, is := range []error{
		vault.ErrConflict, vault.ErrClaimed, vault.ErrEpoch, vault.ErrNotFound, vault.ErrTooLarge, vault.ErrMalformed,
		access.ErrSignedOut, access.ErrRemoved, access.ErrRole, access.ErrRequest,
	} {
		if errors.Is(err, is) {
			return true
		}
	}
	var other *access.StatusError
	return errors.As(err, &other) && other.Status >= 400 && other.Status < 500
}
