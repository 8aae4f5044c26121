package seal

import (
	"encoding/json"
	"fmt"
)

// ReportAgain reads a report that ParseReport has accepted before, by the same
// program, and that nobody could change since: it checks nothing. ErrContent.
func ReportAgain(plain []byte) (Report, error) {
	r := Report{Raw: plain}
	if err := json.Unmarshal(plain, &r); err != nil {
		return Report{}, fmt.Errorf("%w: not a report", ErrContent)
	}
	return r, nil
}

// FollowUpAgain is ReportAgain for what ParseFollowUp accepted.
func FollowUpAgain(plain []byte) (FollowUp, error) {
	f := FollowUp{Raw: plain}
	if json.Unmarshal(plain, &f) != nil || json.Unmarshal([]byte(f.Body), &f.Message) != nil {
		return FollowUp{}, fmt.Errorf("%w: not a follow-up", ErrContent)
	}
	return f, nil
}
