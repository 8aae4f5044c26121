package review_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	stdsync "sync"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/seal"
)

// whole is a coding with something in every field.
func whole() review.Coding {
	hour := 0
	return review.Coding{
		V: 1, Codebook: strings.Repeat("ab", 32), RecordKey: strings.Repeat("01", 32),
		Acts: []review.CodedAct{
			{Code: "extortion", Kind: "commission", State: "ended", Main: true, Perpetrators: []string{"police"}},
			{Code: "refused-complaint", Kind: "omission", State: "ongoing", Perpetrators: []string{"police", "landlord"}},
		},
		Grounds: []string{"drug-use"}, Consequences: []string{"injured"},
		Perpetrators: []review.Perpetrator{{Code: "police", Name: "PRACTICE “Z”", Badge: "17", Vehicle: "white van", Unit: "Pier"}, {Code: "landlord"}},
		People:       []review.CodedPerson{{Key: strings.Repeat("0a", 16), Populations: []string{"uses-drugs", "sex-worker"}, Gender: "woman", Age: "25-34", HowMany: "1"}},
		Region:       "north", Part: "harbour", When: review.CodedWhen{Kind: "about", Date: "2026-11-20", Hour: &hour},
		Services:  []review.Service{{Code: "legal-primary", Provider: "PRACTICE office", Day: "2026-11-22", Outcome: "pending"}},
		Complaint: review.Complaint{Code: "not-wanted", Why: []string{"no-trust"}}, Verification: "single-account",
	}
}

func TestCodingReadsBackTheSame(t *testing.T) {
	for name, k := range map[string]review.Coding{"whole": whole(), "least": {
		V: 1, Codebook: whole().Codebook, RecordKey: whole().RecordKey,
		Acts: []review.CodedAct{{Code: "arrest", Kind: "commission", State: "threatened", Main: true}},
	}} {
		b, err := k.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "null") && name == "whole" {
			t.Errorf("%s: %s", name, b)
		}
		got, err := review.ParseCoding(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if again, err := got.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s: written again: %s, %v", name, again, err)
		}
	}
}

func TestCodingRefused(t *testing.T) {
	book, err := codebook.Parse(codebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	if k := whole(); len(k.Faults(book)) > 0 {
		t.Fatalf("the whole one has faults: %v", k.Faults(book))
	}
	long := strings.Repeat("é", 201)
	for name, c := range map[string]struct {
		field  string
		change func(k *review.Coding)
	}{
		"no act":                   {"acts.0.code", func(k *review.Coding) { k.Acts = nil }},
		"two main acts":            {"main", func(k *review.Coding) { k.Acts[1].Main = true }},
		"no main act":              {"main", func(k *review.Coding) { k.Acts[0].Main = false }},
		"act without a code":       {"acts.1.code", func(k *review.Coding) { k.Acts[1].Code = "" }},
		"act with a capital":       {"acts.1.code", func(k *review.Coding) { k.Acts[1].Code = "Arrest" }},
		"act without kind":         {"acts.0.kind", func(k *review.Coding) { k.Acts[0].Kind = "" }},
		"act without state":        {"acts.0.state", func(k *review.Coding) { k.Acts[0].State = "" }},
		"done by someone else":     {"acts.0.perpetrators", func(k *review.Coding) { k.Acts[0].Perpetrators = []string{"school"} }},
		"done by one twice":        {"acts.0.perpetrators", func(k *review.Coding) { k.Acts[0].Perpetrators = []string{"police", "police"} }},
		"ground twice":             {"grounds", func(k *review.Coding) { k.Grounds = []string{"gender", "gender"} }},
		"empty consequence":        {"consequences", func(k *review.Coding) { k.Consequences = []string{""} }},
		"nobody did it":            {"perpetrators.1.code", func(k *review.Coding) { k.Perpetrators[1].Code = "" }},
		"name too long":            {"perpetrators.0.name", func(k *review.Coding) { k.Perpetrators[0].Name = long }},
		"badge on two lines":       {"perpetrators.0.badge", func(k *review.Coding) { k.Perpetrators[0].Badge = "a\nb" }},
		"unit turned around":       {"perpetrators.0.unit", func(k *review.Coding) { k.Perpetrators[0].Unit = "a\u202eb" }},
		"space before a vehicle":   {"perpetrators.0.vehicle", func(k *review.Coding) { k.Perpetrators[0].Vehicle = " van" }},
		"key that is none":         {"people.0.key", func(k *review.Coding) { k.People[0].Key = "p-1" }},
		"one person twice":         {"people.1.key", func(k *review.Coding) { k.People = append(k.People, k.People[0]) }},
		"none of these, and one":   {"people.0.populations", func(k *review.Coding) { k.People[0].Populations = []string{"trans", "none-of-these"} }},
		"part without its region":  {"region", func(k *review.Coding) { k.Region = "" }},
		"region that is none":      {"region", func(k *review.Coding) { k.Region = "The North" }},
		"day without how sure":     {"when.kind", func(k *review.Coding) { k.When.Kind = "" }},
		"sure of no day":           {"when.date", func(k *review.Coding) { k.When.Date = "" }},
		"no such day":              {"when.date", func(k *review.Coding) { k.When.Date = "2026-02-30" }},
		"no such hour":             {"when.hour", func(k *review.Coding) { h := 24; k.When.Hour = &h }},
		"service without outcome":  {"services.0.outcome", func(k *review.Coding) { k.Services[0].Outcome = "" }},
		"service on no day":        {"services.0.day", func(k *review.Coding) { k.Services[0].Day = "yesterday" }},
		"why, where one is wanted": {"complaint.why", func(k *review.Coding) { k.Complaint.Code = "wanted" }},
		"too many acts":            {"acts.32.code", func(k *review.Coding) { k.Acts = append(k.Acts, make([]review.CodedAct, 31)...) }},
	} {
		k := whole()
		c.change(&k)
		found := false
		for _, f := range k.Faults(nil) {
			found = found || f.Field == c.field
		}
		if !found {
			t.Errorf("%s: faults %v, want one at %s", name, k.Faults(nil), c.field)
		}
		if b, err := k.Encode(); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if _, err := review.ParseCoding(b); !errors.Is(err, review.ErrCoding) {
			t.Errorf("%s: parsed: %v", name, err)
		}
	}
	k := whole()
	k.Grounds = []string{"made-up"}
	if f := k.Faults(book); len(f) != 1 || f[0].Field != "grounds" {
		t.Errorf("a code that the codebook lacks: %v", f)
	}
}

func TestCodingRefusedBytes(t *testing.T) {
	b, err := whole().Encode()
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for name, s := range map[string]string{
		"nothing":               "",
		"a list":                "[]",
		"cut":                   text[:len(text)/2],
		"something after":       text + "{}",
		"white space":           strings.Replace(text, `"v":1`, `"v": 1`, 1),
		"another version":       strings.Replace(text, `"v":1`, `"v":2`, 1),
		"a key more":            strings.Replace(text, `"v":1`, `"v":1,"x":1`, 1),
		"a key twice":           strings.Replace(text, `"v":1`, `"v":1,"v":1`, 1),
		"a key in another case": strings.Replace(text, `"grounds"`, `"Grounds"`, 1),
		"a key less":            strings.Replace(text, `"region":"north",`, ``, 1),
		"null for a list":       strings.Replace(text, `"grounds":["drug-use"]`, `"grounds":null`, 1),
		"text for a number":     strings.Replace(text, `"hour":0`, `"hour":"0"`, 1),
		"no codebook":           strings.Replace(text, whole().Codebook, "", 1),
		"record key too short":  strings.Replace(text, whole().RecordKey, "01", 1),
		"escape":                strings.Replace(text, `"police"`, `"p\u006flice"`, 1),
		"too large":             strings.Repeat(" ", 64<<10) + text,
	} {
		if _, err := review.ParseCoding([]byte(s)); !errors.Is(err, review.ErrCoding) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is accepted encodes to the same bytes, and its faults never panic with a
// codebook either.
func FuzzParseCoding(f *testing.F) {
	b, err := whole().Encode()
	if err != nil {
		f.Fatal(err)
	}
	book, err := codebook.Parse(codebook.Default())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(bytes.Replace(b, []byte(`"main":true`), []byte(`"main":false`), 1))
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := review.ParseCoding(b)
		if err != nil {
			if !errors.Is(err, review.ErrCoding) {
				t.Fatal(err)
			}
			return
		}
		k.Faults(book)
		if again, err := k.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("written again: %s, %v", again, err)
		}
	})
}

func FuzzParsePersonAndWithdrawal(f *testing.F) {
	f.Add([]byte(`{"person":"000102030405060708090a0b0c0d0e0f","role":"affected","as":"Blue jacket","linked":true}`))
	f.Add([]byte(`{"person":"000102030405060708090a0b0c0d0e0f","role":"reporter","as":"","linked":false}`))
	f.Add([]byte(`{"withdraw":["count-me"],"told":"by-mouth"}`))
	f.Add([]byte(`{"withdraw":[],"told":"by-mouth"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := review.ParsePerson(b); err == nil {
			if again, err := review.Canonical(p); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("person written again: %s, %v", again, err)
			}
		}
		if d, err := review.ParseWithdrawal(b); err == nil {
			if again, err := review.Canonical(d); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("withdrawal written again: %s, %v", again, err)
			}
		}
	})
}

// attack 26: two advocates code the same case at once. No entry is lost, the
// later coding counts, and both have the case's one record key.
func TestAttack26CodingAtOnce(t *testing.T) {
	h := take(t)
	ana := h.org.Workstation(h.org.Ana, nil)
	var wg stdsync.WaitGroup
	for w, main := range map[*review.Workstation]string{h.work: "arrest", ana: "extortion"} {
		wg.Go(func() {
			if err := w.SetCoding(ctx, h.journal, reviewtest.Coding(main), h.org.Book(), nil); err != nil {
				t.Errorf("coding %s: %v", main, err)
			}
		})
	}
	wg.Wait()
	for _, w := range []*review.Workstation{h.work, ana} {
		sync(t, w)
		c := only(t, w)
		if len(c.Entries) != 3 || len(c.Problems) != 0 {
			t.Fatalf("entries %d, problems %v", len(c.Entries), c.Problems)
		}
		first, second := c.Entries[1], c.Entries[2]
		if first.Coding.Main().Code == second.Coding.Main().Code || first.Author == second.Author {
			t.Error("one coding stands twice")
		}
		if c.Coding.Main().Code != second.Coding.Main().Code || c.CodedIn != second.ID {
			t.Error("the later coding does not count")
		}
		if first.Coding.RecordKey != second.Coding.RecordKey {
			t.Error("the record key changed")
		}
	}
}

func TestCodingOverAColleaguesIsRefusedOnce(t *testing.T) {
	h := take(t)
	ana := h.org.Workstation(h.org.Ana, nil)
	none := vault.ID{}
	if err := ana.SetCoding(ctx, h.journal, reviewtest.Coding("arrest"), h.org.Book(), &none); err != nil {
		t.Fatal(err)
	}
	err := h.work.SetCoding(ctx, h.journal, reviewtest.Coding("extortion"), h.org.Book(), &none)
	var recoded *review.RecodedError
	if !errors.As(err, &recoded) || recoded.By != h.org.Ana.ID() || !errors.Is(err, review.ErrNotLegal) {
		t.Fatalf("coding over what was not seen: %v", err)
	}
	if err := h.work.SetCoding(ctx, h.journal, reviewtest.Coding("extortion"), h.org.Book(), &recoded.Entry); err != nil {
		t.Fatalf("after looking: %v", err)
	}
	if c := only(t, h.work); c.Coding.Main().Code != "extortion" || len(c.Entries) != 3 {
		t.Errorf("coded %+v", c.Coding)
	}
}

// forge writes an entry of a kind as Ana, without the checks of her workstation.
func (h *held) forge(t *testing.T, kind string, data any) {
	t.Helper()
	b, err := review.Canonical(data)
	if err != nil {
		t.Fatal(err)
	}
	h.put(t, h.org.Ana, h.note(t, h.org.Ana, h.org.Ana, func(e *seal.EntryBody, _ *vault.Append) { e.Kind, e.Data = kind, json.RawMessage(b) }))
	sync(t, h.work)
}

func TestCodingThatReadersRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		part   string
		change func(k *review.Coding)
	}{
		"another record key":      {"by which figures know the case", func(k *review.Coding) { k.RecordKey = strings.Repeat("ff", 32) }},
		"a code nobody has":       {"does not fit its codebook", func(k *review.Coding) { k.Acts[0].Code = "made-up" }},
		"two main acts":           {"not of the form that is agreed", func(k *review.Coding) { k.Acts = append(k.Acts, k.Acts[0]) }},
		"a complaint without yes": {"a complaint can't be filed", func(k *review.Coding) { k.Services = []review.Service{{Code: "complaint-filed", Outcome: "full"}} }},
	} {
		h := take(t)
		if err := h.work.SetCoding(ctx, h.journal, reviewtest.Coding("extortion"), h.org.Book(), nil); err != nil {
			t.Fatal(err)
		}
		good := only(t, h.work).Coding
		k := *good
		k.Acts = append([]review.CodedAct(nil), k.Acts...)
		c.change(&k)
		b, err := k.Encode()
		if err != nil {
			t.Fatal(err)
		}
		h.forge(t, "coding", json.RawMessage(b))
		got := only(t, h.work)
		if len(got.Problems) != 1 || !strings.Contains(got.Problems[0].Text, c.part) {
			t.Errorf("%s: problems %v, want %q", name, got.Problems, c.part)
		}
		if got.Coding.RecordKey != good.RecordKey || got.Coding.Main().Code != "extortion" || len(got.Coding.Services) != 0 {
			t.Errorf("%s: it counts all the same", name)
		}
	}
}

func TestCodingFromTheAnswers(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", func(r *seal.Report) {
		r.Answers.Acts, r.Answers.Who = []string{"arrest", "newer-act", "extortion"}, []string{"police", "police"}
		r.Answers.Where = seal.Where{Region: "north", Part: "elsewhere"}
		r.Answers.When = seal.When{Kind: "date", Date: "last week"}
		r.Answers.Affected = seal.Affected{Populations: []string{"trans"}, Gender: "own words", Age: "18-24"}
	})
	w := o.Workstation(o.Nino, nil)
	k := review.SuggestCoding(find(t, w, s.Deposit), o.Book(), w.View().Roster)
	if got := strings.Join(k.ActCodes(), " "); got != "arrest extortion" || k.Main().Code != "" {
		t.Errorf("acts %s, main %q", got, k.Main().Code)
	}
	if len(k.Perpetrators) != 1 || k.Region != "north" || k.Part != "" || k.When != (review.CodedWhen{}) || k.People[0].Gender != "" || k.People[0].Age != "18-24" {
		t.Errorf("suggested %+v", k)
	}
	if f := k.Faults(o.Book()); len(f) != 1 || f[0].Field != "main" {
		t.Errorf("only the main act is left to choose: %v", f)
	}
}

func TestSafeguardingWhenCodingShowsAge(t *testing.T) {
	h := take(t)
	if err := h.work.SetState(ctx, h.journal, review.Change{To: review.InReview}); err != nil {
		t.Fatal(err)
	}
	k := reviewtest.Coding("arrest")
	k.People[0].Age = "15-17"
	if err := h.work.SetCoding(ctx, h.journal, k, h.org.Book(), nil); err != nil {
		t.Fatal(err)
	}
	ch := review.Change{To: review.Closed, Close: "resolved"}
	if err := h.work.SetState(ctx, h.journal, ch); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), "safeguarding") {
		t.Errorf("closing: %v", err)
	}
	if err := h.work.AddNote(ctx, h.journal, review.Note{Text: "PRACTICE: told", Safeguarding: true}); err != nil {
		t.Fatal(err)
	}
	if err := h.work.SetState(ctx, h.journal, ch); err != nil {
		t.Errorf("closing after the note: %v", err)
	}
}
