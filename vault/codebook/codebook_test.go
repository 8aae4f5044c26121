package codebook_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"

	"peerwitness/vault/codebook"
)

// Typed from the project's codebook text, not from the file under test.
var wantActs = map[string]string{
	"police": `stop-search harassment verbal-abuse physical-violence torture sexual-violence sexual-extortion extortion strip-search arrest
		fined entrapment planted-drugs raid forced-drug-test phone-searched put-on-drug-register naming-in-media killing enforced-disappearance`,
	"property": `confiscated-injecting-equipment confiscated-naloxone confiscated-condoms confiscated-medication confiscated-money-or-phone
		property-destroyed`,
	"health": `refusal-of-service refusal-of-treatment degrading-treatment breach-of-confidentiality forced-testing forced-treatment
		forced-genital-or-anal-exam forced-sterilisation-or-abortion denied-pain-relief conversion-practice`,
	"emergency":      `police-at-overdose arrest-after-overdose-call ambulance-refused fear-stopped-the-call`,
	"family-housing": `child-removal-or-threat eviction forced-marriage violence-by-family-or-partner`,
	"community":      `threat vigilante-violence hate-speech outing blackmail image-shared-without-consent`,
	"work-public": `dismissal refused-employment refused-education refused-documents refused-complaint peer-worker-obstructed
		peer-worker-arrested service-closed`,
	"justice-custody": `detention compulsory-detention-centre withdrawal-as-pressure forced-confession treatment-interrupted-in-custody no-lawyer
		no-interpreter unfair-trial prison-conditions death-in-custody deportation`,
	"other": `other`,
}

const wantGroups = "police property health emergency family-housing community work-public justice-custody other"

var wantLists = map[string]string{
	"ground": `drug-use sex-work hiv-or-health sexual-orientation gender-identity gender ethnicity migration religion disability poverty
		peer-work not-sure`,
	"consequence": `injured hospitalised died missing overdose treatment-interrupted unsafe-injecting lost-job lost-home lost-children
		fear-of-services none-known`,
	"perpetrator": `police drug-police border-or-immigration military prison-staff private-security health-worker harm-reduction-staff
		social-services child-protection court-or-prosecutor school employer landlord media local-authority religious-or-community-leader
		community-member family partner client-of-sex-worker venue-or-manager vigilante-group unknown other`,
	"population": `uses-drugs injects-drugs sex-worker gay-or-bisexual-man lesbian-or-bisexual-woman trans intersex living-with-hiv
		living-with-hepatitis tuberculosis on-oat in-prison formerly-in-prison migrant-or-refugee ethnic-minority-or-indigenous homeless
		disability partner-of peer-worker none-of-these rather-not-say`,
	"gender":   `woman man non-binary own-word rather-not-say`,
	"age":      `under-15 15-17 18-24 25-34 35-49 50-plus not-known`,
	"how_many": `1 2-4 5-9 10-plus`,
	"teller":   `affected witness peer-worker-for-someone staff`,
	"asked":    `yes no could-not`,
	"need": `lawyer-now legal-advice medical-care psychosocial safe-place document-help complaint-help
		family-or-salary-support-while-detained only-to-be-counted`,
	"service": `legal-primary legal-secondary psychosocial medical-social accompaniment referral mediation emergency-fund
		naloxone-or-supplies-replaced complaint-filed strategic-litigation none-possible`,
	"outcome":       `full partial failed declined pending`,
	"consent":       `legal-help count-me alert-peers share-with-partners publish-story complaint`,
	"urgency":       `danger-now in-custody-now deadline-soon not-urgent`,
	"state":         `new triage in-review verified not-verified action monitoring closed reopened`,
	"close":         `resolved partly-resolved unresolved lost-contact withdrawn out-of-scope duplicate abusive`,
	"verification":  `single-account corroborated documented adjudicated`,
	"complaint":     `made wanted not-wanted`,
	"complaint_why": `fear-of-police no-trust no-proof cost did-not-know-how other`,
	"act_kind":      `commission omission`,
	"act_state":     `ongoing ended threatened`,
}

func parse(t *testing.T) *codebook.Codebook {
	t.Helper()
	cb, err := codebook.Parse(codebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	return cb
}

func TestEveryCode(t *testing.T) {
	cb := parse(t)
	if diff := cmp.Diff(strings.Fields(wantGroups), cb.Codes(codebook.Groups)); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	for _, g := range cb.Groups {
		var got []string
		for _, a := range g.Acts {
			got = append(got, a.Code)
			if of, ok := cb.GroupOf(a.Code); !ok || of != g.Code {
				t.Errorf("GroupOf(%q) = %q, %v", a.Code, of, ok)
			}
		}
		if diff := cmp.Diff(strings.Fields(wantActs[g.Code]), got); diff != "" {
			t.Errorf("acts of %s (-want +got):\n%s", g.Code, diff)
		}
	}
	for name, codes := range wantLists {
		if diff := cmp.Diff(strings.Fields(codes), cb.Codes(name)); diff != "" {
			t.Errorf("list %s (-want +got):\n%s", name, diff)
		}
		for _, code := range strings.Fields(codes) {
			if !cb.Has(name, code) {
				t.Errorf("Has(%q, %q) is false", name, code)
			}
		}
	}
	for name := range cb.Lists {
		if _, ok := wantLists[name]; !ok {
			t.Errorf("list %s is in the file but not in this test", name)
		}
	}
	if got, want := len(cb.ListNames()), len(wantLists)+2; got != want {
		t.Errorf("ListNames has %d names, want %d", got, want)
	}
}

func TestLabels(t *testing.T) {
	cb := parse(t)
	for _, row := range []struct{ lang, list, code, want string }{
		{"en", "urgency", "danger-now", "In danger now"},
		{"fr", "urgency", "danger-now", "En danger maintenant"},
		{"fr-ca", "urgency", "danger-now", "En danger maintenant"},
		{"ka", "urgency", "danger-now", "In danger now"},
		{"en", codebook.Acts, "extortion", "Money or goods demanded"},
		{"fr", codebook.Groups, "other", "Autre chose"},
		{"en", "urgency", "from-a-newer-phone", "from-a-newer-phone"},
		{"en", "no-such-list", "x", "x"},
	} {
		if got := cb.Label(row.lang, row.list, row.code); got != row.want {
			t.Errorf("Label(%q, %q, %q) = %q, want %q", row.lang, row.list, row.code, got, row.want)
		}
	}
	if got := (codebook.Text{"sw": "b", "ka": "a"}).In("en"); got != "a" {
		t.Errorf("a text without English gives %q, want the first language", got)
	}
	if got := (codebook.Text{}).In("en"); got != "" {
		t.Errorf("an empty text gives %q", got)
	}
	sw, _ := cb.Item("population", "sex-worker")
	if got := sw.LabelUnder18.In("en"); got != "Exploited in exchange for something" {
		t.Errorf("under 18 the form says %q", got)
	}
	// What the peer reads in place of the desk's own words.
	for _, row := range [][2]string{{"state", "not-verified"}, {"close", "abusive"}} {
		it, _ := cb.Item(row[0], row[1])
		if got := it.Peer.In("en"); got != "We could not confirm this. That does not mean we don't believe you." {
			t.Errorf("for %s the peer reads %q", row[1], got)
		}
	}
}

// The two wordings must differ, or the form would tell a witness that it
// happened to them.
func TestTwoWordings(t *testing.T) {
	cb := parse(t)
	for _, g := range cb.Groups {
		for _, a := range g.Acts {
			for _, lang := range cb.Languages {
				if a.You[lang] == a.Them[lang] {
					t.Errorf("%s: both wordings are %q", a.Code, a.You[lang])
				}
				if strings.HasSuffix(a.You[lang], ".") || strings.HasSuffix(a.Them[lang], ".") || strings.HasSuffix(a.Label[lang], ".") {
					t.Errorf("%s: a label or wording ends with a full stop in %s", a.Code, lang)
				}
			}
			if you := strings.ToLower(a.You["en"]); !regexp.MustCompile(`\b(you|your)\b`).MatchString(you) && a.Code != "blackmail" {
				t.Errorf("%s: %q does not speak to the person", a.Code, a.You["en"])
			}
			if them := a.Them["en"]; regexp.MustCompile(`(?i)\b(you|your)\b`).MatchString(them) {
				t.Errorf("%s: %q speaks to the teller", a.Code, them)
			}
			if them := a.Them["fr"]; regexp.MustCompile(`(?i)\b(vous|votre|vos)\b`).MatchString(them) {
				t.Errorf("%s: %q speaks to the teller", a.Code, them)
			}
		}
	}
}

// "users" alone blames too; "people who use drugs" is the word.
func TestForbiddenWords(t *testing.T) {
	for bad, lang := range map[string]string{"an addict": "en", "drug users.": "en", "User": "en", "get clean": "en", "un toxicomane": "fr", "Drogués": "fr",
		"la prostituée": "fr", "droguée, elle": "fr", "они наркоманы": "ru", "«Наркоман»": "ru", "los drogadictos": "es"} {
		if codebook.Blames(lang, bad) == "" {
			t.Errorf("%q passes in %s", bad, lang)
		}
	}
	for good, lang := range map[string]string{"people who use drugs": "en", "used": "en", "refuser": "fr", "consommation de drogues": "fr", "Brigade des stupéfiants": "fr"} {
		if w := codebook.Blames(lang, good); w != "" {
			t.Errorf("%q is caught in %s for %q", good, lang, w)
		}
	}
	check := func(lang string, b []byte) {
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		eachText(v, func(s string) {
			if w := codebook.Blames(lang, s); w != "" {
				t.Errorf("%s says %q in %q", lang, w, s)
			}
		})
	}
	for _, lang := range codebook.Reviewed() {
		check(lang, codebook.Default())
	}
	for lang, b := range codebook.DefaultTexts() {
		check(lang, b)
	}
	for _, lang := range codebook.Drafts() {
		b, _, err := codebook.Draft(parse(t), lang)
		if err != nil {
			t.Fatal(err)
		}
		check(lang, b)
	}
}

func eachText(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case []any:
		for _, x := range v {
			eachText(x, f)
		}
	case map[string]any:
		for _, x := range v {
			eachText(x, f)
		}
	}
}

// The phone loads the codebook on its first visit, within 90 KB for all.
func TestSize(t *testing.T) {
	var b bytes.Buffer
	w := brotli.NewWriterLevel(&b, brotli.BestCompression)
	if _, err := w.Write(codebook.Default()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("codebook.json: %d bytes, %d with brotli", len(codebook.Default()), b.Len())
	if b.Len() > 15<<10 {
		t.Errorf("codebook.json is %d bytes with brotli, over 15 KiB", b.Len())
	}
}

func TestDefaultTexts(t *testing.T) {
	all := codebook.DefaultTexts()
	cb := parse(t)
	if len(all) != len(cb.Languages) {
		t.Errorf("%d text files for %d languages", len(all), len(cb.Languages))
	}
	for _, lang := range cb.Languages {
		words, err := codebook.ParseTexts(all[lang], lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range words.HelpFirst.Numbers {
			if !strings.HasPrefix(n.Number, "000 ") || !strings.Contains(strings.ToLower(n.Label), "ex") {
				t.Errorf("%s: number %q, %q does not show that it is invented", lang, n.Label, n.Number)
			}
		}
		if _, err := codebook.ParseTexts(all[lang], "sw"); !errors.Is(err, codebook.ErrShape) {
			t.Errorf("%s read as sw: %v", lang, err)
		}
	}
	en, err := codebook.ParseTexts(all["en"], "en")
	if err != nil {
		t.Fatal(err)
	}
	// The words that the phone must carry, typed from the project's codebook text.
	for want, got := range map[string]string{
		"Someone can't be woken or isn't breathing? Don't report now. Help first":                                                 en.HelpFirst.Title,
		"This does not call help. The desk reads it":                                                                              en.NotACall,
		"You don't need to say what you used, carried, sold or did, or name friends. You choose how much to tell. Stop any time.": en.BeforeStory,
		"Never attach sexual images of anyone under 18; describe them.":                                                           en.Attachments,
		"Your browser history and network may show that you visited.":                                                             en.BeforeStart,
	} {
		if !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want it to begin %q", got, want)
		}
	}
}

// A phone gets the codes in its own language with the words, and takes nothing
// else of the codebook.
func TestWithCodes(t *testing.T) {
	book, err := codebook.Parse(codebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	for lang, own := range codebook.OwnWords() {
		b, err := codebook.WithCodes(book, own, lang)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := codebook.WithCodes(book, b, lang); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s: done twice it is not the same: %v", lang, err)
		}
		if _, err := codebook.ParseTexts(b, lang); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
		var in struct {
			Codebook codebook.Codebook `json:"codebook"`
		}
		if err := json.Unmarshal(b, &in); err != nil {
			t.Fatal(err)
		}
		for _, g := range in.Codebook.Groups {
			for _, a := range g.Acts {
				if want := book.Label(lang, codebook.Acts, a.Code); len(a.You) != 1 || a.Label[lang] != want {
					t.Errorf("%s: act %s is %q, want %q", lang, a.Code, a.Label, want)
				}
			}
		}
		for name, items := range in.Codebook.Lists {
			for _, it := range items {
				if want := book.Label(lang, name, it.Code); len(it.Label) != 1 || it.Label[lang] != want {
					t.Errorf("%s: %s %s is %q, want %q", lang, name, it.Code, it.Label, want)
				}
			}
		}
		if len(in.Codebook.Lists["state"]) != 0 || len(in.Codebook.Lists["need"]) == 0 || len(in.Codebook.Groups) != len(book.Groups) {
			t.Errorf("%s: it does not hold what a phone shows, and only that", lang)
		}
		if len(b) > len(codebook.Default())*3/4 {
			t.Errorf("%s: %d bytes, of the codebook's %d", lang, len(b), len(codebook.Default()))
		}
	}
	if b, err := codebook.WithCodes(book, []byte(`{"lang":"ka"}`), "ka"); err != nil || string(b) != `{"lang":"ka"}` {
		t.Errorf("a language that the codebook lacks: %s, %v", b, err)
	}
	for _, bad := range []string{"", "[]", "{}", "7", `{"a":1,"a":2}`, `{"a":1} x`} {
		if _, err := codebook.WithCodes(book, []byte(bad), "en"); !errors.Is(err, codebook.ErrShape) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
