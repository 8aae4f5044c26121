package review

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"peerwitness/vault"
)

// Steps that a person can agree to, in the codebook's words.
const (
	CountMe  = "count-me"
	Alert    = "alert-peers"
	Share    = "share-with-partners"
	Publish  = "publish-story"
	Complain = "complaint"
)

// Withdrawal is what a person took back by word of mouth, as the desk wrote
// it down. Consent can't be given this way, only taken back.
type Withdrawal struct {
	Withdraw []string `json:"withdraw"`
	Told     string   `json:"told"`
}

// byMouth is how a withdrawal reaches the desk without a receipt.
const byMouth = "by-mouth"

const maxWithdrawal = 8 << 10 // bytes of JSON

var errWithdrawal = errors.New("not a withdrawal")

// parseWithdrawal reads the data of a consent entry.
func parseWithdrawal(b []byte) (Withdrawal, error) {
	var d Withdrawal
	if err := strict(b, maxWithdrawal, &d); err != nil || d.check() != nil {
		return Withdrawal{}, errWithdrawal
	}
	if again, err := encode(d); err != nil || !bytes.Equal(again, b) {
		return Withdrawal{}, errWithdrawal
	}
	return d, nil
}

func (d Withdrawal) check() error {
	if len(d.Withdraw) == 0 || len(d.Withdraw) > maxCodes || d.Told != byMouth {
		return errWithdrawal
	}
	for i, c := range d.Withdraw {
		if !codeForm.MatchString(c) || slices.Contains(d.Withdraw[:i], c) {
			return errWithdrawal
		}
	}
	return nil
}

// Withdraw records that the person took consent back by word of mouth.
func (w *Workstation) Withdraw(ctx context.Context, id vault.ID, consents []string) error {
	d := Withdrawal{Withdraw: consents, Told: byMouth}
	return w.act(ctx, id, "consent", d, func(c *Case, _ bool) error {
		if d.check() != nil {
			return notLegal("choose what the person no longer agrees to")
		}
		for _, x := range consents {
			if !c.Agreed(x) {
				return notLegal("the person has not agreed to that, or has taken it back already")
			}
		}
		return nil
	})
}

// Withdrawn reports whether the person took a consent back: by a message of her
// own, whether or not an entry has taken it in yet, or told to the desk.
func (c *Case) Withdrawn(consent string) bool {
	return slices.Contains(c.takenBack, consent) ||
		slices.ContainsFunc(c.FollowUps, func(u FollowUp) bool { return slices.Contains(u.Withdraw, consent) })
}

// Agreed reports whether the person gave a consent and has not taken it back.
func (c *Case) Agreed(consent string) bool {
	return c.Origin == FromForm && slices.Contains(c.Report.Consent, consent) && !c.Withdrawn(consent)
}

// Consent are the steps that the person agrees to now, in the report's order.
func (c *Case) Consent() []string {
	var out []string
	for _, x := range c.Report.Consent {
		if c.Agreed(x) && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// AffectedAgreed reports whether the person it happened to agreed that this be
// told: she tells it herself, or was asked and said yes.
func (c *Case) AffectedAgreed() bool {
	a := c.Report.Answers
	return c.Origin == FromForm && (a.Teller == "affected" || a.Asked == "yes")
}

// MayCount reports whether the case may stand in figures, and if not, why not,
// in words for people.
func (c *Case) MayCount() (may bool, why string) {
	switch c.Close {
	case "duplicate":
		return false, "it was told before, and counts there"
	case "abusive", "out-of-scope":
		return false, "it was closed as something that figures do not count"
	}
	if c.duplicate() {
		return false, "it is merged into another case, and counts there"
	}
	return c.agreed(CountMe)
}

// MayAlert reports whether peers may be warned of what happened, without
// anything that shows who told.
func (c *Case) MayAlert() (may bool, why string) { return c.agreed(Alert) }

// MayShare reports whether the case may go to the partners named to the person.
func (c *Case) MayShare() (may bool, why string) { return c.bothAgreed(Share) }

// MayPublish reports whether the story may be told in public. The text is
// still shown to the person first.
func (c *Case) MayPublish() (may bool, why string) { return c.bothAgreed(Publish) }

// MayComplain reports whether an official complaint may be made.
func (c *Case) MayComplain() (may bool, why string) { return c.bothAgreed(Complain) }

// bothAgreed asks the teller's consent and the affected person's.
func (c *Case) bothAgreed(consent string) (may bool, why string) {
	if c.Origin == FromForm && !c.AffectedAgreed() {
		return false, "the person it happened to has not agreed"
	}
	return c.agreed(consent)
}

func (c *Case) agreed(consent string) (may bool, why string) {
	switch {
	case c.Origin == ByHand:
		return false, "a text sealed by hand says nothing about consent"
	case c.Origin == Stray || c.Report.ID == "":
		return false, "the report that would say what the person agreed to is not here"
	case !slices.Contains(c.Report.Consent, consent):
		return false, "the person did not agree to it"
	case c.Withdrawn(consent):
		return false, "the person took it back"
	case c.Close == "withdrawn":
		return false, "the person withdrew the report"
	}
	return true, ""
}
