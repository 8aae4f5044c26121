package main

import (
	"fmt"
	"time"

	"peerwitness/review/figures"
)

// calendar is which days a demo's year has, and which half-year of it is
// published. All of it follows from the day on which the demo is run.
type calendar struct {
	begin  time.Time // first day, midnight UTC
	today  time.Time // the day after the last one, midnight UTC
	period string    // the half-year that is published
	until  time.Time // its last day, the cut-off, midnight UTC
}

// newCalendar takes the newest half-year whose figures may be out by now: it
// is whole, and more than 14 days are past since its cut-off. The year begins
// a year ago, or on the eve of that half-year where this is earlier.
func newCalendar(now time.Time) (calendar, error) {
	c := calendar{today: now.UTC().Truncate(24 * time.Hour)}
	c.begin = c.today.AddDate(-1, 0, 0)
	for last := c.today; ; last = last.AddDate(0, -6, 0) {
		c.period = figures.PeriodOf(figures.HalfYearly, figures.DayOf(last))
		from, until, err := window(c.period)
		if err != nil {
			return calendar{}, fmt.Errorf("choosing half-year: %w", err)
		}
		if !c.today.After(until.AddDate(0, 0, figures.SettleDays)) {
			last = from.AddDate(0, 0, 14) // a month has no 31st everywhere
			continue
		}
		c.until = until
		if !c.begin.Before(from) {
			c.begin = from.AddDate(0, 0, -1) // what is counted is decided before
		}
		return c, nil
	}
}

// window is a half-year's first and last day.
func window(period string) (from, until time.Time, err error) {
	a, b, err := figures.Window(figures.HalfYearly, period)
	if err != nil {
		return from, until, err
	}
	if from, err = time.Parse(time.DateOnly, string(a)); err != nil {
		return from, until, err
	}
	until, err = time.Parse(time.DateOnly, string(b))
	return from, until, err
}

// days is how many days the year has.
func (c calendar) days() int { return int(c.today.Sub(c.begin).Hours()) / 24 }

// day is the nth day of the year, from 0.
func (c calendar) day(n int) time.Time { return c.begin.AddDate(0, 0, n) }

// cutOff is the number of the cut-off's day.
func (c calendar) cutOff() int { return int(c.until.Sub(c.begin).Hours()) / 24 }

// works reports whether the desks are open on the nth day: Monday to Friday,
// and on the day of the cut-off.
func (c calendar) works(n int) bool {
	w := c.day(n).Weekday()
	return w != time.Saturday && w != time.Sunday || n == c.cutOff()
}

// worksFrom is the number of the first day from n on that the desks are open.
func (c calendar) worksFrom(n int) int {
	for !c.works(n) {
		n++
	}
	return n
}
