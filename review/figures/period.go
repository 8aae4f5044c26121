package figures

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Lengths of a period, by how a programme names them.
const (
	Monthly    = "month"
	Quarterly  = "quarter"
	HalfYearly = "half-year"
	Yearly     = "year"
)

// months of a period of each length.
var months = map[string]int{Monthly: 1, Quarterly: 3, HalfYearly: 6, Yearly: 12}

// Window returns the first and the last day of a period: "2026-H2", "2026-Q3",
// "2026-07" or "2026", as every says. ErrShape.
func Window(every, period string) (from, until Day, err error) {
	first, _, err := window(every, period)
	if err != nil {
		return "", "", err
	}
	return DayOf(first), DayOf(first.AddDate(0, months[every], -1)), nil
}

func window(every, period string) (first time.Time, n int, err error) {
	bad := fmt.Errorf("%w: %q is no period of the kind %q", ErrShape, period, every)
	year, part, cut := strings.Cut(period, "-")
	y, e := strconv.Atoi(year)
	if e != nil || len(year) != 4 || y < 1970 || y > 9998 {
		return time.Time{}, 0, bad
	}
	n = 1
	if every == Yearly {
		if cut {
			return time.Time{}, 0, bad
		}
	} else {
		prefix := map[string]string{HalfYearly: "H", Quarterly: "Q", Monthly: ""}[every]
		digits, ok := strings.CutPrefix(part, prefix)
		n, e = strconv.Atoi(digits)
		per := months[every]
		if !ok || e != nil || per == 0 || n < 1 || n > 12/per {
			return time.Time{}, 0, bad
		}
	}
	if PeriodOf(every, Day(fmt.Sprintf("%04d-%02d-01", y, (n-1)*months[every]+1))) != period {
		return time.Time{}, 0, bad // "+1", "007" and the like
	}
	return time.Date(y, time.Month((n-1)*months[every]+1), 1, 0, 0, 0, 0, time.UTC), n, nil
}

// PeriodOf returns the period that a day is in, "" when there is none.
func PeriodOf(every string, d Day) string {
	t, ok := d.time()
	if !ok || months[every] == 0 {
		return ""
	}
	n := (int(t.Month())-1)/months[every] + 1
	switch every {
	case HalfYearly:
		return fmt.Sprintf("%04d-H%d", t.Year(), n)
	case Quarterly:
		return fmt.Sprintf("%04d-Q%d", t.Year(), n)
	case Monthly:
		return fmt.Sprintf("%04d-%02d", t.Year(), n)
	}
	return fmt.Sprintf("%04d", t.Year())
}
