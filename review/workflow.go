package review

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// States of a case, in the codebook's words.
const (
	New         = "new"
	Triage      = "triage"
	InReview    = "in-review"
	Verified    = "verified"
	NotVerified = "not-verified"
	Action      = "action"
	Monitoring  = "monitoring"
	Closed      = "closed"
	Reopened    = "reopened"
)

// steps is the table of what may follow what. New is left only by taking the
// case. Action is open from triage on: someone in custody is helped first and
// confirmed after.
var steps = map[string][]string{
	Triage:      {InReview, Action, Closed},
	InReview:    {Verified, NotVerified, Action, Closed},
	Verified:    {Action, Monitoring, InReview, Closed},
	NotVerified: {InReview, Action, Closed},
	Action:      {InReview, Monitoring, Closed},
	Monitoring:  {Action, InReview, Closed},
	Closed:      {Reopened},
	Reopened:    {InReview, Action, Monitoring, Closed},
}

// The codes a change may carry.
var (
	closeReasons = []string{"resolved", "partly-resolved", "unresolved", "lost-contact", "withdrawn", "out-of-scope", "duplicate", "abusive"}
	// uncoded are those that a case may be closed with before it is coded.
	uncoded       = []string{"lost-contact", "withdrawn", "out-of-scope", "duplicate", "abusive"}
	verifications = []string{"single-account", "corroborated", "documented", "adjudicated"}
)

// CloseReasons returns the codes that closing needs one of.
func CloseReasons() []string { return slices.Clone(closeReasons) }

// ClosesUncoded reports whether a case may be closed so before it is coded.
func ClosesUncoded(reason string) bool { return slices.Contains(uncoded, reason) }

// Verifications returns the codes that verifying needs one of.
func Verifications() []string { return slices.Clone(verifications) }

// Steps returns the states that may follow state, in the order to offer them.
func Steps(state string) []string { return slices.Clone(steps[state]) }

// Change is a change of state and what it needs.
type Change struct {
	To           string `json:"to"`
	Reason       string `json:"reason,omitempty"`
	Close        string `json:"close,omitempty"`
	Verification string `json:"verification,omitempty"`
}

// ErrNotLegal is matched by every refusal of an action that the case's state
// or the codebook's rules do not allow. Its text is for people.
var ErrNotLegal = errors.New("not a step this case can take")

type notLegal string

func (e notLegal) Error() string        { return string(e) }
func (e notLegal) Is(target error) bool { return target == ErrNotLegal }

// Check reports why the case cannot make the change, or nil. The same check
// is made before an entry is written and when one is read.
func (c *Case) Check(ch Change) error {
	if c.State == New {
		return notLegal("take the case first")
	}
	if !slices.Contains(steps[c.State], ch.To) {
		return notLegal(fmt.Sprintf("a case in %q cannot go to %q", c.State, ch.To))
	}
	if c.Under18 && !c.Safeguarded {
		return notLegal("someone under 18 is affected: write the safeguarding note before the case goes on")
	}
	if ch.To == Closed && !slices.Contains(closeReasons, ch.Close) {
		return notLegal("closing needs one of the closing reasons")
	}
	if ch.To == Closed && c.Coding == nil && !ClosesUncoded(ch.Close) {
		return notLegal("code the case first, with its main act; then it can be closed")
	}
	if ch.To != Closed && ch.Close != "" {
		return notLegal("only closing takes a closing reason")
	}
	if ch.To == Verified && !slices.Contains(verifications, ch.Verification) {
		return notLegal("verifying needs to say what it rests on")
	}
	if ch.To != Verified && ch.Verification != "" {
		return notLegal("only verifying says what it rests on")
	}
	if (ch.To == NotVerified || ch.To == Reopened) && strings.TrimSpace(ch.Reason) == "" {
		return notLegal("this change needs a reason")
	}
	if len(ch.Reason) > maxText {
		return notLegal("the reason is too long")
	}
	return nil
}
