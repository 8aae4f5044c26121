package sheet_test

import (
	"fmt"
	"testing"

	"peerwitness/review/sheet"
)

// BenchmarkDryRun reads, guesses and checks 19,000 rows of twelve columns.
func BenchmarkDryRun(b *testing.B) {
	header := []string{"_uuid", "date", "region", "acts", "perpetrator", "population", "gender", "age", "how many", "story", "consent", "notes"}
	var rows [][]string
	for n := range 19_000 {
		rows = append(rows, []string{fmt.Sprint("uuid:", n), "2026-03-01", "north", "arrest extortion", "police", "uses_drugs", "f", fmt.Sprint(18 + n%40), "1", "PRACTICE. Somebody asked for money by the old pier, and again.", "count-me", ""})
	}
	file := sheet.WriteCSV(header, rows)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		table, err := sheet.Read(file, "")
		if err != nil {
			b.Fatal(err)
		}
		m := sheet.Guess(table, book(b), list())
		m.Source, m.Desk = "Practice", "street"
		p, err := sheet.Check(table, m, book(b), list(), func(string) bool { return true }, today)
		if err != nil || len(p.Good) != len(rows) {
			b.Fatal(err, len(p.Good))
		}
	}
}
