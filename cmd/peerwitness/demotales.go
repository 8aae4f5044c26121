package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// demoSeed makes every demo's year the same, but for keys and receipts.
const demoSeed = 2400

// tales makes the year's reports, in the order of their days, and decides what
// becomes of each. hands are the desks of each advocate.
func (p *parts) tales(n int, cal calendar, hands [][]string) []*tale {
	d := dice{rand.New(rand.NewPCG(demoSeed, uint64(n)))}
	list := make([]*tale, n)
	for i := range list {
		// The programme becomes known: two thirds more come at the end than at the beginning.
		x := d.Float64()
		list[i] = &tale{day: int(float64(cal.days()) * (x + x*x/3) * 3 / 4), before: -1, told: -1, said: message{day: -1}}
		list[i].day = cal.days() - 1 - list[i].day
	}
	slices.SortStableFunc(list, func(a, b *tale) int { return a.day - b.day })
	for i, t := range list {
		t.scene = weighted(d, p.Scenes, func(s scene) int { return s.Weight })
		t.practice = p.write(d, t.scene)
		var able []int
		for h, desks := range hands {
			if slices.Contains(desks, t.Desk) {
				able = append(able, h)
			}
		}
		t.hand = one(d, able...)
		t.plan(d, p)
		if d.odds(8) && i > 0 {
			t.again(d, list[:i])
		}
	}
	return list
}

// plan decides what the desk does and when.
func (t *tale) plan(d dice, p *parts) {
	t.take, t.close, t.answered = t.day+1+d.IntN(3), -1, -1
	if d.odds(95) {
		t.close = t.take + 4 + d.IntN(40)
	}
	t.reason = d.code(closeShares)
	if d.odds(20) {
		t.verified = d.code(verifiedShares)
	}
	for range 1 + d.IntN(2) {
		s := served{d.code(serviceShares), d.code(outcomeShares)}
		if !slices.ContainsFunc(t.services, func(x served) bool { return x.code == s.code }) {
			t.services = append(t.services, s)
		}
	}
	if d.odds(20) {
		t.answer, t.answered = one(d, p.Answers[t.Lang]...), t.take+d.IntN(3)
	}
	agreed := slices.Contains(t.Consent, "count-me")
	switch {
	case d.odds(4):
		t.said = message{day: t.take + 1 + d.IntN(30), text: one(d, p.Messages[t.Lang]...)}
	case agreed && d.odds(2):
		t.said = message{day: t.take + 5 + d.IntN(60), withdraw: []string{"count-me"}}
	case agreed && d.odds(1):
		t.told = t.take + 2 + d.IntN(20)
	}
}

// again makes the tale another one of somebody who came at least ten days
// before, to the same advocate, so that she is known again.
func (t *tale) again(d dice, earlier []*tale) {
	for range 20 {
		i := d.IntN(len(earlier))
		e := earlier[i]
		if e.hand != t.hand || e.take+10 > t.day || e.before >= 0 {
			continue
		}
		if e.name == "" {
			e.name = fmt.Sprintf("PRACTICE %s %s %d", one(d, "Grey", "Blue", "Red", "Green", "White"), one(d, "Heron", "Lantern", "Scarf", "Kettle", "Oar"), i)
		}
		t.before, t.name = i, e.name
		t.Answers["affected"] = e.Answers["affected"]
		return
	}
}
