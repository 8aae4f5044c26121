package sheet_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerwitness/review/sheet"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

var today = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// list is a list of people with two desks and two regions; nobody has to sign it here.
func list() *roster.Roster {
	return &roster.Roster{
		Desks: []roster.Desk{
			{ID: "street", Labels: roster.Labels{"en": "Street and police"}, Slots: 8},
			{ID: "custody", Labels: roster.Labels{"en": "Custody"}, Slots: 8},
		},
		Regions: []roster.Region{
			{ID: "north", Labels: roster.Labels{"en": "North", "ru": "Север"}, Parts: []roster.Part{{ID: "harbour", Labels: roster.Labels{"en": "Harbour"}}}},
			{ID: "south", Labels: roster.Labels{"en": "South", "ru": "Юг"}},
		},
	}
}

var parsed = sync.OnceValues(func() (*codebook.Codebook, error) { return codebook.Parse(codebook.Default()) })

func book(t testing.TB) *codebook.Codebook {
	t.Helper()
	b, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func example(t testing.TB, name string) *sheet.Table {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "sheets", name))
	if err != nil {
		t.Fatal(err)
	}
	table, err := sheet.Read(b, "")
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func guessed(t testing.TB, table *sheet.Table) sheet.Mapping {
	t.Helper()
	m := sheet.Guess(table, book(t), list())
	m.Source, m.Desk = "Practice file", "street"
	return m
}

func check(t testing.TB, table *sheet.Table, m sheet.Mapping) *sheet.Plan {
	t.Helper()
	p, err := sheet.Check(table, m, book(t), list(), func(desk string) bool { return desk == "street" }, today)
	if err != nil {
		t.Fatalf("%v: %s", err, m.Problem(list()))
	}
	return p
}

// chosen is a mapping as one reads it: heading and field of what is not left out.
func chosen(m sheet.Mapping) []string {
	var out []string
	for _, c := range m.Columns {
		if c.Field != "" {
			out = append(out, c.Name+" → "+c.Field)
		}
	}
	return out
}

func found(p *sheet.Plan) []string {
	var out []string
	for _, f := range p.Findings {
		out = append(out, fmt.Sprintf("%d %s [%s] %s", f.Row, f.Column, f.Cell, f.What))
	}
	return out
}

func hour(h *int) string {
	if h == nil {
		return "-"
	}
	return fmt.Sprint(*h)
}

// made is a row as it would become a report, on one line.
func made(r sheet.Ready) string {
	a := r.Report.Answers
	codes := slices.Concat(a.Acts, a.Groups, a.Who, a.Affected.Populations, []string{a.Affected.Gender, a.Affected.Age, a.Affected.HowMany, a.Urgency, a.Teller}, a.Need, a.Grounds)
	return fmt.Sprintf("%d %s %s/%s %s hour %s %s; agreed %v; %d letters", r.N, r.Desk, a.Where.Region, a.Where.Part, a.When.Kind+" "+a.When.Date, hour(a.When.Hour), strings.Join(slices.DeleteFunc(codes, func(s string) bool { return s == "" }), " "), r.Report.Consent, len([]rune(a.Story)))
}

// Each example is read the same from CSV and from XLSX, and every row that can't
// come in is named with what is wrong with it.
func TestExamples(t *testing.T) {
	for _, c := range []struct {
		name     string
		dates    string
		chosen   []string
		findings []string
		good     []string
		counts   string
		notes    int // of the XLSX file
	}{
		{
			name: "react", notes: 2,
			chosen: []string{"Номер случая → id", "Дата нарушения → when", "Регион → region", "Город → place", "Ключевая группа → populations", "Пол → gender",
				"Возраст → age", "Кто нарушил → who", "Вид нарушения → acts", "Основание → grounds", "Описание → story", "Нужна помощь → need", "Согласие → consent", "Телефон → contact_reach"},
			findings: []string{
				"4 Дата нарушения [31.02.2026] is no day of the calendar",
				"5 Согласие [да] is not known",
				"6 Номер случая [R-002] is the id of row 3 already",
				"7 Вид нарушения [изгнание] is not known",
				"8  [] says nothing of what happened",
			},
			good: []string{
				"2 street north/ date 2026-02-27 hour - extortion police uses-drugs man 25-34 staff legal-advice drug-use; agreed [count-me]; 51 letters",
				"3 street north/ date 2026-03-01 hour - stop-search physical-violence police uses-drugs gay-or-bisexual-man man 15-17 staff hiv-or-health; agreed []; 53 letters",
				"9 street north/ date 2026-03-13 hour - breach-of-confidentiality health-worker on-oat woman 35-49 staff psychosocial hiv-or-health; agreed []; 35 letters",
			},
			counts: "desks map[street:3], consents map[count-me:1], silent 2, urgent 0, under 18 1, contact 1, bad 5",
		},
		{
			name: "kobo",
			chosen: []string{"incident/incident_date → when", "incident/region → region", "incident/acts → acts", "incident/perpetrator → who", "person/population → populations", "person/gender → gender",
				"person/age → age", "person/how_many → how_many", "story → story", "consent/count_me → consent", "consent/legal_help → consent", "consent/share_with_partners → consent",
				"urgency → urgency", "contact_phone → contact_reach", "_uuid → id"},
			findings: []string{
				"5 incident/region [east] is not known",
				"6 incident/incident_date [2027-04-05] is a day that has not come yet",
			},
			good: []string{
				"2 street north/ date 2026-03-30 hour - physical-violence extortion police uses-drugs injects-drugs man 25-34 1 not-urgent staff; agreed [count-me legal-help]; 42 letters",
				"3 street north/harbour date 2026-04-01 hour - arrest drug-police sex-worker woman 25-34 1 in-custody-now staff; agreed [legal-help]; 31 letters",
				"4 street north/ date 2026-04-02 hour - extortion police uses-drugs woman 15-17 2-4 not-urgent staff; agreed [count-me]; 42 letters",
			},
			counts: "desks map[street:3], consents map[count-me:2 legal-help:2], silent 0, urgent 1, under 18 1, contact 1, bad 2",
		},
		{
			name: "odk",
			chosen: []string{"incident-when → when", "incident-place → place", "incident-violation → acts", "incident-who_did_it → who", "affected-key_population → populations", "affected-gender → gender",
				"affected-age → age", "affected-how_many → how_many", "story → story", "needs-help_needed → need", "agreed_to → consent", "meta-instanceID → id"},
			findings: []string{
				"4 affected-age [about 30] is not known",
				"5 agreed_to [yes] is not known",
				"5 incident-when [05/04/2026] could be two different days",
			},
			good: []string{
				"2 street / date 2026-05-01 hour - threat outing community-member trans woman 18-24 1 staff legal-advice psychosocial; agreed [legal-help count-me]; 52 letters",
				"3 street / about 2026-05-01 hour - refusal-of-service health-worker living-with-hiv on-oat man 35-49 1 staff medical-care; agreed [legal-help]; 32 letters",
			},
			counts: "desks map[street:2], consents map[count-me:1 legal-help:2], silent 0, urgent 0, under 18 0, contact 0, bad 2",
		},
	} {
		marks := map[string][]string{}
		for _, kind := range []string{".csv", ".xlsx"} {
			table := example(t, c.name+kind)
			m := guessed(t, table)
			p := check(t, table, m)
			if diff := cmp.Diff(c.chosen, chosen(m)); diff != "" {
				t.Errorf("%s%s: columns (-want +got):\n%s", c.name, kind, diff)
			}
			if diff := cmp.Diff(c.findings, found(p)); diff != "" {
				t.Errorf("%s%s: findings (-want +got):\n%s", c.name, kind, diff)
			}
			var good []string
			for _, r := range p.Good {
				good = append(good, made(r))
				marks[kind] = append(marks[kind], r.Mark)
			}
			if diff := cmp.Diff(c.good, good); diff != "" {
				t.Errorf("%s%s: good rows (-want +got):\n%s", c.name, kind, diff)
			}
			got := fmt.Sprintf("desks %v, consents %v, silent %d, urgent %d, under 18 %d, contact %d, bad %d", p.Desks, p.Consents, p.Silent, p.Urgent, p.Under18, p.Contact, p.Bad)
			if got != c.counts {
				t.Errorf("%s%s: would make %s, want %s", c.name, kind, got, c.counts)
			}
			if kind == ".xlsx" && len(table.Notes) != c.notes {
				t.Errorf("%s%s: notes %q, want %d", c.name, kind, table.Notes, c.notes)
			}
			for _, f := range p.Findings {
				if f.Do == "" {
					t.Errorf("%s%s: nothing is said of what to do about row %d", c.name, kind, f.Row)
				}
			}
		}
		if diff := cmp.Diff(marks[".csv"], marks[".xlsx"]); diff != "" {
			t.Errorf("%s: the same rows with ids are told apart by the kind of file:\n%s", c.name, diff)
		}
	}
}

// What a person says of a file's words is all that a bad row needs.
func TestWordsAreLearnt(t *testing.T) {
	table := example(t, "react.csv")
	m := guessed(t, table)
	for i := range m.Columns {
		switch m.Columns[i].Field {
		case "acts":
			m.Columns[i].Let("Изгнание", "eviction")
		case "consent":
			m.Columns[i].Let("да", "")
		}
	}
	p := check(t, table, m)
	if p.Bad != 3 || len(p.Good) != 5 || p.Consents["count-me"] != 1 || len(p.Unknown) != 0 {
		t.Errorf("%d bad, %d good, consents %v, unknown %v", p.Bad, len(p.Good), p.Consents, p.Unknown)
	}
	// A code that the codebook no longer has is a word that is not known.
	for i := range m.Columns {
		if m.Columns[i].Field == "acts" {
			m.Columns[i].Let("изгнание", "no-such-act")
		}
	}
	if p := check(t, table, m); p.Bad != 4 {
		t.Errorf("with a code that is not there, %d rows are bad, want 4", p.Bad)
	}
}

// One unknown word among known ones is named by itself.
func TestUnknownWordAmongOthers(t *testing.T) {
	table := &sheet.Table{Header: []string{"story", "acts"}, Rows: []sheet.Row{{N: 7, Cells: []string{"PRACTICE", "arrest; grumbling; fined"}}, {N: 8, Cells: []string{"PRACTICE", "arrest fined, extortion"}}}}
	p := check(t, table, guessed(t, table))
	if diff := cmp.Diff([]string{"7 acts [arrest; grumbling; fined] has a word that is not known: “grumbling”"}, found(p)); diff != "" {
		t.Error(diff)
	}
	if len(p.Good) != 1 || len(p.Good[0].Report.Answers.Acts) != 3 {
		t.Errorf("good rows %+v", p.Good)
	}
}

// No consent comes from anything but a cell that names it.
func TestConsentIsNeverInvented(t *testing.T) {
	for _, head := range []string{"consent", "согласие", "consentement", "agreed to"} {
		for _, cell := range []string{"yes", "да", "oui", "1", "TRUE", "given", "x", "all", "yes, all"} {
			table := &sheet.Table{Header: []string{"story", head}, Rows: []sheet.Row{{N: 2, Cells: []string{"PRACTICE", cell}}}}
			if p := check(t, table, guessed(t, table)); len(p.Good) != 0 || len(p.Consents) != 0 {
				t.Errorf("%s: %q made %d reports with %v", head, cell, len(p.Good), p.Consents)
			}
		}
		for _, cell := range []string{"", "no", "нет", "non", "0", "n/a"} {
			table := &sheet.Table{Header: []string{"story", head}, Rows: []sheet.Row{{N: 2, Cells: []string{"PRACTICE", cell}}}}
			if p := check(t, table, guessed(t, table)); len(p.Good) != 1 || p.Silent != 1 || p.Good[0].Report.Consent != nil {
				t.Errorf("%s: %q made %d reports with %v", head, cell, len(p.Good), p.Consents)
			}
		}
	}
	table := example(t, "kobo.csv")
	m := guessed(t, table)
	for i := range m.Columns {
		if m.Columns[i].Field == "consent" {
			m.Columns[i].Field = ""
		}
	}
	if p := check(t, table, m); len(p.Consents) != 0 || p.Silent != len(p.Good) {
		t.Errorf("without a column of consents there are %v", p.Consents)
	}
}
