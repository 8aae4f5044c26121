package review

import "slices"

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

// Steps returns the states that one person can put a case into that is in
// state, in the order to offer them.
func Steps(state string) []string {
	var out []string
	for _, r := range table {
		if r.kind == "state" && slices.Contains(r.from, state) {
			out = append(out, r.what)
		}
	}
	return out
}

// Change is a change of state and what it needs.
type Change struct {
	To           string `json:"to"`
	Reason       string `json:"reason,omitempty"`
	Close        string `json:"close,omitempty"`
	Verification string `json:"verification,omitempty"`
}
