package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"peerwitness/review/figures"
)

// Whatever the day, the demo publishes the newest half-year that may be out,
// and its year holds all of that half-year.
func TestCalendar(t *testing.T) {
	for _, row := range []struct{ now, period, begin string }{
		{"2026-11-27T23:59:59Z", "2026-H1", "2025-11-27"},
		{"2026-07-15T00:00:00Z", "2026-H1", "2025-07-15"}, // the first day for it
		{"2026-07-14T23:00:00Z", "2025-H2", "2025-06-30"}, // the year begins earlier
		{"2027-01-14T12:00:00Z", "2026-H1", "2025-12-31"},
		{"2027-01-15T12:00:00Z", "2026-H2", "2026-01-15"},
		{"2028-02-29T12:00:00Z", "2027-H2", "2027-03-01"},
		{"2026-08-31T02:00:00+14:00", "2026-H1", "2025-08-30"}, // by UTC
	} {
		now, err := time.Parse(time.RFC3339, row.now)
		if err != nil {
			t.Fatal(err)
		}
		c, err := newCalendar(now)
		if err != nil {
			t.Fatal(err)
		}
		if c.period != row.period || c.begin.Format(time.DateOnly) != row.begin {
			t.Errorf("%s: %s from %s, want %s from %s", row.now, c.period, c.begin.Format(time.DateOnly), row.period, row.begin)
		}
		from, until, err := window(c.period)
		if err != nil {
			t.Fatal(err)
		}
		open := until.AddDate(0, 0, figures.SettleDays)
		if !from.After(c.begin) || !until.Equal(c.until) || !open.Before(now.UTC().Truncate(24*time.Hour)) {
			t.Errorf("%s: %s is not all in the year, or may not be out yet", row.now, c.period)
		}
		if n := c.days(); n < 365 || n > 380 || !c.day(n).Equal(c.today) || !c.day(c.cutOff()).Equal(c.until) || !c.works(c.cutOff()) {
			t.Errorf("%s: %d days, the cut-off is day %d", row.now, n, c.cutOff())
		}
	}
}

var harmful = regexp.MustCompile(`(?i)\bclean\b|addict|junkie|prostitut|drogué|drogadict|toxicoman|наркоман|проститут|mlevi|malaya`)

func TestTales(t *testing.T) {
	p, err := readParts()
	if err != nil {
		t.Fatal(err)
	}
	book, err := demoBook()
	if err != nil {
		t.Fatal(err)
	}
	cal, err := newCalendar(time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	hands := [][]string{{"street", "health"}, {"street", "health"}, {"street"}}
	list := p.tales(yearReports, cal, hands)
	again := p.tales(yearReports, cal, hands)
	if len(list) != 2400 {
		t.Errorf("%d reports in a year", len(list))
	}
	seen := map[string]int{}
	for i, x := range list {
		story := x.Answers["story"].(string)
		if !strings.HasPrefix(story, "PRACTICE") || harmful.MatchString(story) || len(story) > 600 || x.day < 0 || x.day >= cal.days() {
			t.Fatalf("report %d of day %d: %q", i, x.day, story)
		}
		if story != again[i].Answers["story"] || x.day != again[i].day || x.hand != again[i].hand {
			t.Fatalf("report %d is another one the second time", i)
		}
		if !slices.Contains(hands[x.hand], x.Desk) {
			t.Fatalf("report %d is worked by somebody of another desk", i)
		}
		checkPlace(t, i, x.practice)
		for _, last := range []bool{false, true} {
			k := x.coding(cal, last)
			if faults := k.Faults(book); len(faults) > 0 {
				t.Fatalf("report %d: coding: %v", i, faults)
			}
		}
		if x.before >= 0 {
			seen["again"]++
			if e := list[x.before]; x.name == "" || e.name != x.name || e.hand != x.hand || e.take >= x.take {
				t.Errorf("report %d is of the person of %d, who is not known by then", i, x.before)
			}
		}
		for what, is := range map[string]bool{
			"uncounted": !slices.Contains(x.Consent, "count-me"), "taken back": len(x.said.withdraw) > 0, "told": x.told >= 0, "message": x.said.text != "",
			"answer": x.answer != "", "minor": slices.Contains(minors, x.age()), "open": x.close < 0 || x.close > cal.days(), "recoded": x.recoded(),
		} {
			if is {
				seen[what]++
			}
		}
		seen[x.Lang]++
		seen[x.scene.Act]++
	}
	for _, what := range []string{"uncounted", "taken back", "told", "message", "answer", "minor", "open", "again", "recoded", "en", "fr", "es", "ru", "sw"} {
		if seen[what] < 10 {
			t.Errorf("%s: %d of %d", what, seen[what], len(list))
		}
	}
	for _, s := range p.Scenes {
		if group, ok := book.GroupOf(s.Act); !ok || group == "" || seen[s.Act] < 20 {
			t.Errorf("%s: %d reports", s.Act, seen[s.Act])
		}
	}
	for lang, list := range p.Answers {
		for _, s := range append(list, p.Messages[lang]...) {
			if !strings.Contains(s, "PRACTICE") {
				t.Errorf("%q does not say that it is practice", s)
			}
		}
	}
}

// No language lacks a part that another has.
func TestPartsInEveryLanguage(t *testing.T) {
	p, err := readParts()
	if err != nil {
		t.Fatal(err)
	}
	for lang := range p.Lead {
		if p.At[lang] == "" || len(p.More[lang]) == 0 || len(p.Answers[lang]) == 0 || len(p.Messages[lang]) == 0 {
			t.Errorf("%s: something is missing", lang)
		}
		for _, place := range p.Places {
			if place.Names[lang] == "" {
				t.Errorf("%s: %s/%s has no name", lang, place.Region, place.Part)
			}
		}
		for _, s := range p.Scenes {
			if s.Say[lang] == "" {
				t.Errorf("%s: no sentence for %s", lang, s.Act)
			}
		}
	}
}
