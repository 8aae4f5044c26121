package sheet

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"peerwitness/vault/seal"
)

var (
	dayTime  = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::\d{2})?(?:[.,]\d{1,9})?\s*(?:Z|[+-]\d{2}:?\d{2})?)?$`)
	yearOnly = regexp.MustCompile(`^(\d{4})(?:[-/.](\d{1,2}))?$`)
	numbers  = regexp.MustCompile(`^(\d{1,2})([./-])(\d{1,2})[./-](\d{4}|\d{2})(?:[T ,]+(\d{1,2}):(\d{2})(?::\d{2})?)?$`)
)

// earliest is the first day that is believed to be one.
var earliest = time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)

// dayOf reads a day as spreadsheets have it. A month or year alone is about its
// first day. When it can't, what says what is wrong and do what to do.
func dayOf(cell, order string, today time.Time) (w seal.When, what, do string) {
	cell = oneLine(cell)
	const write = "Write it as 2025-03-31."
	kind := "date"
	var y, m, d int
	hour := -1
	if x := dayTime.FindStringSubmatch(cell); x != nil {
		y, m, d = atoi(x[1]), atoi(x[2]), atoi(x[3])
		if x[4] != "" {
			hour = atoi(x[4])
		}
	} else if x := yearOnly.FindStringSubmatch(cell); x != nil {
		kind, y, m, d = "about", atoi(x[1]), 1, 1
		if x[2] != "" {
			m = atoi(x[2])
		}
	} else if x := numbers.FindStringSubmatch(cell); x != nil {
		a, b := atoi(x[1]), atoi(x[3])
		if y = atoi(x[4]); y < 100 {
			y += 2000
		}
		switch {
		case a > 12, order == DayFirst, x[2] == ".", a == b:
			d, m = a, b
		case b > 12, order == MonthFirst:
			m, d = a, b
		default:
			return w, "could be two different days", "Say above the columns whether the day or the month comes first."
		}
		if x[5] != "" {
			hour = atoi(x[5])
		}
	} else {
		return w, "is no day that can be read", write
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	switch {
	case t.Year() != y || int(t.Month()) != m || t.Day() != d || hour > 23:
		return w, "is no day of the calendar", write
	case t.After(today.AddDate(0, 0, 1)):
		return w, "is a day that has not come yet", "Correct it, or leave the cell empty."
	case t.Before(earliest):
		return w, "is a day before 1950", "Correct it, or leave the cell empty."
	}
	w = seal.When{Kind: kind, Date: t.Format(time.DateOnly)}
	if hour > 0 || hour == 0 && !strings.Contains(cell, "00:00") {
		w.Hour = &hour
	}
	return w, "", ""
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // the pattern has digits only
	return n
}

// orderOf finds, among days, one that only one order of numbers makes a day.
func orderOf(cells []string) string {
	for _, c := range cells {
		x := numbers.FindStringSubmatch(oneLine(c))
		if x == nil || x[2] == "." {
			continue
		}
		switch {
		case atoi(x[1]) > 12:
			return DayFirst
		case atoi(x[3]) > 12:
			return MonthFirst
		}
	}
	return ""
}
