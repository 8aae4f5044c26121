package codebook_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"peerwitness/vault/codebook"
)

// native is who has read a draft, in the tests.
var native = codebook.Review{By: "A court interpreter", On: "2026-11-27", Consent: true, Emergency: true, Rights: true}

// latin are the Latin words that stand in texts of another script: names of
// things that are so written everywhere, and placeholders.
var latin = regexp.MustCompile(`[A-Za-z]{2,}`)

// inPlaces is what stands in braces around a sentence's values, for the app to read.
var inPlaces = regexp.MustCompile(`\{\w+(?:, plural,)?|\b(?:zero|one|two|few|many|other) \{`)

// Every draft is whole, in its own script, marked as invented where it is, and
// off until a native speaker has read it.
func TestDrafts(t *testing.T) {
	book := parse(t)
	if want := []string{"ar", "es", "my", "prs", "pt", "ru", "sw", "uk"}; !slices.Equal(codebook.Drafts(), want) {
		t.Fatalf("drafts in %v, want %v", codebook.Drafts(), want)
	}
	english := codebook.DefaultTexts()["en"]
	for _, lang := range codebook.Drafts() {
		t.Run(lang, func(t *testing.T) {
			b, missing, err := codebook.Draft(book, lang)
			if err != nil || len(missing) != 0 {
				t.Fatalf("missing %v, %v", missing, err)
			}
			if _, err := codebook.ParseTexts(b, lang); !errors.Is(err, codebook.ErrUnreviewed) {
				t.Errorf("a draft that nobody has read is taken: %v", err)
			}
			signed, err := native.Sign(b, lang)
			if err != nil {
				t.Fatal(err)
			}
			words, err := codebook.ParseTexts(signed, lang)
			if err != nil {
				t.Fatal(err)
			}
			if err := codebook.CheckCodes(book, words); err != nil {
				t.Error(err)
			}
			if whole, err := codebook.WithCodes(book, signed, lang); err != nil || !bytes.Equal(whole, signed) {
				t.Errorf("what the roster would name is not what was read: %v", err)
			}
			if n := len(words.HelpFirst.Steps); n != 6 || len(words.HelpFirst.Numbers) != 2 || len(words.Held.Steps) != 5 || len(words.Rights) != 5 || len(words.Support) != 2 {
				t.Errorf("it says more or less than the English: %d steps", n)
			}
			for _, n := range append(slices.Clone(words.HelpFirst.Numbers), words.Held.Numbers...) {
				if !strings.HasPrefix(n.Number, "000 ") || !strings.Contains(n.Label, "(") {
					t.Errorf("number %q, %q does not show that it is invented", n.Label, n.Number)
				}
			}
			same(t, lang, b, english)
			for _, g := range words.Codebook.Groups {
				for _, a := range g.Acts {
					if a.You[lang] == a.Them[lang] {
						t.Errorf("%s: both wordings are %q", a.Code, a.You[lang])
					}
				}
			}
			if strings.Contains("ar my prs ru uk", lang) {
				var v any
				if err := json.Unmarshal(b, &v); err != nil {
					t.Fatal(err)
				}
				for _, s := range said(v) {
					if w := latin.FindString(inPlaces.ReplaceAllString(s, "")); w != "" {
						t.Errorf("%q in %q", w, s)
					}
				}
			}
		})
	}
}

// said are the sentences and labels of a tree, but codes and the names of
// languages and icons.
func said(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			out = append(out, said(x)...)
		}
	case map[string]any:
		for k, x := range v {
			if !slices.Contains([]string{"lang", "languages", "code", "icon", "number", "version", "translates"}, k) {
				out = append(out, said(x)...)
			}
		}
	}
	return out
}

// same finds sentences that were left in English.
func same(t *testing.T, lang string, b, english []byte) {
	t.Helper()
	var v, en any
	if json.Unmarshal(b, &v) != nil || json.Unmarshal(english, &en) != nil {
		t.Fatal("not JSON")
	}
	left := said(en)
	for _, s := range said(v) {
		if strings.Contains(s, " ") && slices.Contains(left, s) {
			t.Errorf("still English: %q", s)
		}
	}
}

// A review counts for the words that were read, all three parts of them.
func TestReview(t *testing.T) {
	b, _, err := codebook.Draft(parse(t), "sw")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := native.Sign(b, "sw")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := native.Sign(signed, "sw"); err != nil || !bytes.Equal(again, signed) {
		t.Errorf("signing twice: %v", err)
	}
	swap := func(old, new string) []byte {
		t.Helper()
		out := bytes.Replace(signed, []byte(old), []byte(new), 1)
		if bytes.Equal(out, signed) {
			t.Fatalf("%q is not there", old)
		}
		return out
	}
	for name, bad := range map[string][]byte{
		"a right changed":       swap(`"rights": [`, `"rights": ["Lipa kwanza.",`),
		"a consent changed":     swap(`Hesabuni ripoti yangu`, `Uzeni ripoti yangu`),
		"what nothing means":    swap(`dawati linasoma na kukujibu`, `dawati linachapisha`),
		"a number changed":      swap(`000 0001`, `000 0009`),
		"consent was not read":  swap(`"consent": true`, `"consent": false`),
		"danger was not read":   swap(`"emergency": true`, `"emergency": false`),
		"rights were not read":  swap(`"rights": true`, `"rights": false`),
		"by nobody":             swap(`"by": "A court interpreter"`, `"by": " "`),
		"on no day":             swap(`"on": "2026-11-27"`, `"on": "lately"`),
		"the review taken out":  swap(`"reviewed": {`, `"reviewed_": {`),
		"for other words":       swap(`"of": "`, `"of": "00`),
		"no review, and no sum": b,
	} {
		if _, err := codebook.ParseTexts(bad, "sw"); !errors.Is(err, codebook.ErrUnreviewed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, r := range map[string]codebook.Review{
		"not all parts": {By: "X", On: "2026-11-27", Consent: true, Rights: true},
		"no name":       {On: "2026-11-27", Consent: true, Emergency: true, Rights: true},
	} {
		if _, err := r.Sign(b, "sw"); !errors.Is(err, codebook.ErrUnreviewed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := native.Sign([]byte(`{"lang":"sw"}`), "sw"); !errors.Is(err, codebook.ErrShape) {
		t.Errorf("words that no phone would take: %v", err)
	}
	if _, _, err := codebook.Draft(parse(t), "tlh"); !errors.Is(err, codebook.ErrShape) {
		t.Errorf("no such draft: %v", err)
	}
	// Words without codes, or without the app's sentences there, have not all
	// that somebody agrees to.
	for _, part := range []string{"codebook", "app"} {
		var keys map[string]json.RawMessage
		if err := json.Unmarshal(b, &keys); err != nil {
			t.Fatal(err)
		}
		delete(keys, part)
		bare, err := json.Marshal(keys)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := native.Sign(bare, "sw"); !errors.Is(err, codebook.ErrUnreviewed) {
			t.Errorf("without %s: %v", part, err)
		}
	}
}

// Words with other codes than the codebook's would have a phone offer what no
// desk knows.
func TestCodesOfWords(t *testing.T) {
	book := parse(t)
	b := codebook.DefaultTexts()["en"]
	for name, bad := range map[string][]byte{
		"one more":  bytes.Replace(b, []byte(`"code":"strip-search"`), []byte(`"code":"strip-searches"`), 1),
		"one fewer": bytes.Replace(b, []byte(`{"code":"full","label":{"en":"Fully helped"}},`), nil, 1),
	} {
		words, err := codebook.ParseTexts(bad, "en")
		if bytes.Equal(bad, b) || err != nil {
			t.Fatal(name, err)
		}
		if err := codebook.CheckCodes(book, words); !errors.Is(err, codebook.ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
	two := bytes.Replace(b, []byte(`"languages":["en"]`), []byte(`"languages":["fr"]`), 1)
	if _, err := codebook.ParseTexts(two, "en"); !errors.Is(err, codebook.ErrShape) {
		t.Errorf("codes in another language: %v", err)
	}
}

// The app's own sentences, where somebody agrees, keep the places that the app
// fills, and are none but those.
func TestAppSentences(t *testing.T) {
	b := codebook.DefaultTexts()["en"]
	with := func(app string) error {
		_, err := codebook.ParseTexts(slices.Concat(bytes.TrimSuffix(bytes.TrimSpace(b), []byte("}")), []byte(`,"app":`+app+`}`)), "en")
		return err
	}
	for _, good := range []string{
		`{}`,
		`{"consent_title":"What may we do?","consent_partners":"With {names}."}`,
		`{"consent_none":"Nothing: erased {days, plural, one {# day} other {# days}} after."}`,
	} {
		if err := with(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		`{"send":"Send it"}`,
		`{"consent_title":" "}`,
		`{"consent_title":"` + strings.Repeat("x", 601) + `"}`,
		`{"consent_title":"a\u202eb"}`,
		`{"consent_title":"What may {days} do?"}`,
		`{"consent_partners":"With some."}`,
		`{"consent_none":"Nothing: erased after 30 days."}`,
		`{"consent_none":"Erased {days, plural, one {# day} after."}`,
		`{"consent_none":"Erased {days} {days} after."}`,
		`{"consent_title":["x"]}`,
	} {
		if err := with(bad); !errors.Is(err, codebook.ErrShape) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
