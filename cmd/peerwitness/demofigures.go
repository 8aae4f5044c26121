package main

import (
	"context"
	"fmt"

	"peerwitness/review/figures"
)

// planning says where the demo's planned counts come from.
var planning = figures.Labels{
	"en": "An invented plan, for practice: 5,000 people reached a year",
	"fr": "Un plan inventé, pour l’exercice : 5 000 personnes rencontrées par an",
}

// plannedLeast is how many people that invented plan has for the smallest cell.
const plannedLeast = 20

// decide founds the figures journal and puts the programme in force, before
// there is anything to count: one keeper proposes it, another signs it.
func (y *year) decide(ctx context.Context) error {
	first, second := y.hands[0].work, y.hands[1].work
	if err := first.FoundFigures(ctx); err != nil {
		return fmt.Errorf("founding figures: %w", err)
	}
	labels := figures.Labels{}
	for _, lang := range figures.PageLanguages() {
		labels[lang] = planning[lang]
	}
	p, err := figures.Default(y.book, y.d.org.roster, y.cal.period, figures.DayOf(y.clock.now()), plannedLeast, labels)
	if err != nil {
		return err
	}
	if err := first.ProposeProgramme(ctx, p); err != nil {
		return fmt.Errorf("proposing programme: %w", err)
	}
	if err := second.SignProgramme(ctx, p.Hash()); err != nil {
		return fmt.Errorf("signing programme: %w", err)
	}
	return nil
}

// release closes the half-year on the first working day after its cut-off, and
// publishes it, signed by both keepers, as soon as it may be out.
func (y *year) release(ctx context.Context, n int) error {
	first, second := y.hands[0].work, y.hands[1].work
	switch n {
	case y.cal.worksFrom(y.cal.cutOff() + 1):
		return first.ClosePeriod(ctx, y.cal.period)
	case y.cal.worksFrom(y.cal.cutOff() + figures.SettleDays + 1):
		for _, w := range []interface {
			SignRelease(context.Context, string) error
		}{first, second} {
			if err := w.SignRelease(ctx, y.cal.period); err != nil {
				return err
			}
		}
		return first.PublishRelease(ctx, y.cal.period)
	}
	return nil
}
