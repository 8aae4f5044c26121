package review_test

import (
	"errors"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault/seal"
)

var steps = []string{review.CountMe, review.Alert, review.Share, review.Publish, review.Complain}

// may asks all the questions about a case: what may be done, and why the rest not.
func may(c *review.Case) (yes string, why map[string]string) {
	why = map[string]string{}
	var all []string
	for i, ask := range []func() (bool, string){c.MayCount, c.MayAlert, c.MayShare, c.MayPublish, c.MayComplain} {
		ok, reason := ask()
		if ok != (reason == "") {
			panic("a yes with a reason, or a no without one")
		}
		if ok {
			all = append(all, steps[i])
		} else {
			why[steps[i]] = reason
		}
	}
	return strings.Join(all, " "), why
}

func TestConsentBinds(t *testing.T) {
	o := reviewtest.New(t)
	w := o.Workstation(o.Nino, nil)
	for name, c := range map[string]struct {
		teller, asked string
		consent       []string
		want          string
	}{
		"told by the person herself":     {"affected", "", steps, "count-me alert-peers share-with-partners publish-story complaint"},
		"asked, and said yes":            {"witness", "yes", steps, "count-me alert-peers share-with-partners publish-story complaint"},
		"not asked":                      {"peer-worker-for-someone", "no", steps, "count-me alert-peers"},
		"could not be asked":             {"staff", "could-not", steps, "count-me alert-peers"},
		"nobody says who tells":          {"", "", steps, "count-me alert-peers"},
		"agreed to nothing":              {"affected", "yes", nil, ""},
		"agreed to something else":       {"affected", "yes", []string{"legal-help"}, ""},
		"agreed to being counted, alone": {"affected", "yes", []string{"count-me"}, "count-me"},
	} {
		s := o.Send("street", func(r *seal.Report) { r.Answers.Teller, r.Answers.Asked, r.Consent = c.teller, c.asked, c.consent })
		sync(t, w)
		if got, why := may(find(t, w, s.Deposit)); got != c.want {
			t.Errorf("%s: may %q, want %q; %v", name, got, c.want, why)
		}
	}
}

func TestConsentTakenBack(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", func(r *seal.Report) { r.Consent = steps })
	w := o.Workstation(o.Nino, nil)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	s.Say(seal.Message{Withdraw: []string{review.Publish}})
	sync(t, w)
	if got, why := may(find(t, w, s.Deposit)); got != "count-me alert-peers share-with-partners complaint" || why[review.Publish] != "the person took it back" {
		t.Errorf("by a message that nobody took in yet: %q %v", got, why)
	}
	if err := w.Withdraw(ctx, s.Deposit, []string{review.CountMe, review.Complain}); err != nil {
		t.Fatal(err)
	}
	c := find(t, w, s.Deposit)
	if got, _ := may(c); got != "alert-peers share-with-partners" || strings.Join(c.Consent(), " ") != got {
		t.Errorf("told to the desk: may %q, consent %v", got, c.Consent())
	}
	for name, codes := range map[string][]string{"again": {review.CountMe}, "nothing": nil, "never given": {"legal-help"}, "one twice": {review.Alert, review.Alert}} {
		if err := w.Withdraw(ctx, s.Deposit, codes); !errors.Is(err, review.ErrNotLegal) {
			t.Errorf("taking back %s: %v", name, err)
		}
	}
	ana := o.Workstation(o.Ana, nil)
	if got, _ := may(find(t, ana, s.Deposit)); got != "alert-peers share-with-partners" {
		t.Errorf("a colleague sees: may %q", got)
	}
	if err := w.SetState(ctx, s.Deposit, review.Change{To: review.Closed, Close: "withdrawn"}); err != nil {
		t.Fatal(err)
	}
	if got, why := may(find(t, w, s.Deposit)); got != "" || why[review.Alert] != "the person withdrew the report" {
		t.Errorf("after the person withdrew: may %q, %v", got, why)
	}
}

func TestNoConsentWithoutAReport(t *testing.T) {
	o := reviewtest.New(t)
	id := o.ByHand("street", sealByHand(t, "PRACTICE: count me, I agree to all", o.Nino.Key.Intake[0].Identity.Recipient()))
	w := o.Workstation(o.Nino, nil)
	if got, why := may(find(t, w, id)); got != "" || !strings.Contains(why[review.CountMe], "by hand") {
		t.Errorf("may %q, %v", got, why)
	}
}

func TestComplaintNeedsConsent(t *testing.T) {
	filed := reviewtest.Coding("extortion")
	filed.Services = []review.Service{{Code: "complaint-filed", Outcome: "pending"}}
	o := reviewtest.New(t)
	no := o.Send("street", nil)
	yes := o.Send("street", func(r *seal.Report) { r.Consent = steps })
	w := o.Workstation(o.Nino, nil)
	for _, s := range []*reviewtest.Sent{no, yes} {
		if _, err := w.Take(ctx, s.Deposit); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.SetCoding(ctx, no.Deposit, filed, o.Book(), nil); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), "did not agree") {
		t.Errorf("filing without consent: %v", err)
	}
	if err := w.SetCoding(ctx, yes.Deposit, filed, o.Book(), nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Withdraw(ctx, yes.Deposit, []string{review.Complain}); err != nil {
		t.Fatal(err)
	}
	filed.Services[0].Outcome = "failed"
	if err := w.SetCoding(ctx, yes.Deposit, filed, o.Book(), nil); err != nil {
		t.Errorf("how a complaint that was filed in time went: %v", err)
	}
	second := filed
	second.Services = append([]review.Service{{Code: "complaint-filed", Provider: "PRACTICE ombudsman", Outcome: "pending"}}, filed.Services...)
	if err := w.SetCoding(ctx, yes.Deposit, second, o.Book(), nil); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), "took it back") {
		t.Errorf("a second complaint after the consent was taken back: %v", err)
	}
}

// A consent that is taken back while an advocate writes binds what she sends.
func TestTakenBackWhileWriting(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", func(r *seal.Report) { r.Consent = steps })
	w := o.Workstation(o.Nino, nil)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	s.Say(seal.Message{Withdraw: []string{review.Complain, review.CountMe}})
	filed := reviewtest.Coding("extortion")
	filed.Services = []review.Service{{Code: "complaint-filed", Outcome: "pending"}}
	if err := w.SetCoding(ctx, s.Deposit, filed, o.Book(), nil); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), "took it back") {
		t.Errorf("filing a complaint: %v", err)
	}
	if c := find(t, w, s.Deposit); c.Coding != nil || !c.Withdrawn(review.Complain) || c.Waits() {
		t.Errorf("left behind: %+v", c.Coding)
	}
}
