package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"peerwitness/review/sheet"
	"peerwitness/vault"
	"peerwitness/vault/codebook"
)

var importCommand = command{
	name:  "import",
	short: "look at a spreadsheet as an import would, and bring nothing in",
	usage: `Usage: peerwitness import --dry-run FILE --roster FILE_OR_URL [more flags]

Reads a spreadsheet (CSV or .xlsx) and guesses from its headings what the columns
say, as the workstation's page "Bring in a spreadsheet" does. It names every row
that could not come in: row, column, what is wrong, what to do, with tabs between
them, on standard output. Nothing is sent and nothing is written. To bring rows
in, use the page: there the guesses can be mended and consents confirmed.

  --dry-run FILE        the spreadsheet
  --roster FILE_OR_URL  the signed roster, as a file or from a server
  --root FINGERPRINT    refuse a roster of other root keys
  --desk ID             the desk of rows that name none; needed if there are several
  --letters NAME        windows-1251 or windows-1252, for text that is not Unicode
  --dates ORDER         dmy or mdy: how days such as 3/4/2025 are meant

Example:
  peerwitness import --dry-run cases.xlsx --roster roster.txt --desk street
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		var o reportOptions
		file, letters, dates := fs.String("dry-run", "", ""), fs.String("letters", "", ""), fs.String("dates", "", "")
		fs.StringVar(&o.roster, "roster", "", "")
		fs.StringVar(&o.root, "root", "", "")
		fs.StringVar(&o.desk, "desk", "", "")
		return func(ctx context.Context, e *env) error {
			if err := needed("import", "--dry-run", *file, "--roster", o.roster); err != nil {
				return err
			}
			if err := noArgs("import", e); err != nil {
				return err
			}
			switch *dates {
			case "", sheet.DayFirst, sheet.MonthFirst:
			default:
				return misuse("import", "--dates is dmy or mdy")
			}
			return dryRun(ctx, e, o, *file, *letters, *dates)
		}
	},
}

func dryRun(ctx context.Context, e *env, o reportOptions, file, letters, dates string) error {
	r, err := o.readRoster(ctx, e)
	if err != nil {
		return err
	}
	if vault.Sum(codebook.Default()).String() != r.Codebook {
		e.say("warning: the organisation has a codebook of its own; this looks with the one in the program.")
	}
	book, err := codebook.Parse(codebook.Default())
	if err != nil {
		return fmt.Errorf("reading codebook: %w", err)
	}
	b, err := readBounded(file, sheet.MaxFile)
	if err != nil {
		return fmt.Errorf("reading spreadsheet: %w", err)
	}
	t, err := sheet.Read(b, letters)
	if err != nil {
		return hint(fmt.Errorf("reading spreadsheet: %w", err), "save it as UTF-8, CSV or .xlsx; --letters names an old alphabet")
	}
	m := sheet.Guess(t, book, r)
	m.Source = "dry run"
	if o.desk != "" {
		m.Desk = o.desk
	}
	if dates != "" {
		m.Dates = dates
	}
	if why := m.Problem(r); why != "" {
		return hint(fmt.Errorf("reading columns: %s", why), "--desk names the desk; columns are chosen on the workstation's page")
	}
	p, err := sheet.Check(t, m, book, r, func(string) bool { return true }, e.now())
	if err != nil {
		return fmt.Errorf("reading rows: %w", err)
	}
	for _, n := range p.Notes {
		e.say("%s", printable(n))
	}
	for _, c := range m.Columns {
		field := c.Field
		if field == "" {
			field = "(left out)"
		}
		e.say("column %s: %s", printable(c.Name), field)
	}
	for _, f := range p.Findings {
		cell := ""
		if f.Cell != "" {
			cell = "“" + f.Cell + "” "
		}
		line := []string{fmt.Sprint(f.Row), f.Column, cell + f.What, f.Do}
		for i := range line {
			line[i] = strings.Join(strings.Fields(printable(line[i])), " ")
		}
		if _, err := fmt.Fprintln(e.stdout, strings.Join(line, "\t")); err != nil {
			return fmt.Errorf("writing findings: %w", err)
		}
	}
	e.say("%d rows could come in, %d could not. Nothing was brought in.", len(p.Good), p.Bad)
	return nil
}
