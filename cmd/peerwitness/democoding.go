package main

import (
	"slices"
	"strings"
	"time"

	"peerwitness/review"
)

var minors = []string{"under-15", "15-17"}

func (t *tale) age() string { return t.affected("age") }

func (t *tale) affected(key string) string {
	a, _ := t.Answers["affected"].(map[string]any)
	s, _ := a[key].(string)
	return s
}

// recoded reports whether a service was still open when the case was first coded.
func (t *tale) recoded() bool {
	return (t.day+t.hand)%5 == 0 && slices.ContainsFunc(t.services, func(s served) bool { return s.outcome != "pending" })
}

// coding is what the advocate makes of a tale, with the services as they stood
// on the day of the first coding or, at last, when the case is closed.
func (t *tale) coding(cal calendar, last bool) review.Coding {
	where := t.Answers["where"].(map[string]any)
	people := t.Answers["affected"].(map[string]any)["populations"].([]string)
	who := t.Answers["who"].([]string)
	k := review.Coding{
		Grounds: t.Answers["grounds"].([]string), Consequences: t.Answers["consequences"].([]string),
		People: []review.CodedPerson{{Populations: people, Gender: t.affected("gender"), Age: t.affected("age"), HowMany: "1"}},
		Region: where["region"].(string), Part: where["part"].(string),
		When:         review.CodedWhen{Kind: "date", Date: cal.day(t.day - t.DaysAgo).Format(time.DateOnly)},
		Verification: t.verified,
	}
	for i, act := range t.Answers["acts"].([]string) {
		a := review.CodedAct{Code: act, Kind: "commission", State: "ended", Main: i == 0, Perpetrators: who}
		if strings.HasPrefix(act, "refus") || strings.HasPrefix(act, "no-") || act == "fear-stopped-the-call" {
			a.Kind = "omission"
		}
		if t.scene.Urgency == "danger-now" {
			a.State = "ongoing"
		}
		k.Acts = append(k.Acts, a)
	}
	for _, w := range who {
		k.Perpetrators = append(k.Perpetrators, review.Perpetrator{Code: w, Unit: "PRACTICE unit (invented)"})
	}
	for _, s := range t.services {
		one := review.Service{Code: s.code, Provider: "PRACTICE team (invented)", Day: cal.day(t.take).Format(time.DateOnly), Outcome: s.outcome}
		if t.recoded() && !last {
			one.Outcome = "pending"
		}
		k.Services = append(k.Services, one)
	}
	if slices.Contains(t.Consent, "complaint") {
		k.Complaint.Code = "wanted"
	} else if t.day%3 == 0 {
		k.Complaint = review.Complaint{Code: "not-wanted", Why: []string{"no-trust"}}
	}
	return k
}
