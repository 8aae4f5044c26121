package codebook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"peerwitness/vault"
)

// Languages beside English and French ship as drafts, made without a native
// speaker. A draft is one file, an organisation's words with the codes of one
// language in it, so that what a person reads before she agrees, in danger, or
// about her rights is all in one place. It stays off until a native speaker has
// read those parts ([Texts.Review]) and the organisation's root keys have signed
// a roster that names it.

// Reviewed are the languages whose words need no review to be signed.
func Reviewed() []string { return []string{"en", "fr"} }

// Review is what a native speaker has read of a text file. Of ties it to those
// words, and to who read them when: changed afterwards, they are to be read
// again.
type Review struct {
	By        string `json:"by"` // a name or a role; every phone gets it
	On        string `json:"on"` // the day, YYYY-MM-DD
	Consent   bool   `json:"consent"`
	Emergency bool   `json:"emergency"`
	Rights    bool   `json:"rights"`
	Of        string `json:"of"` // hash of the file and of this review, see sumOf
}

// draftCodes are the labels of a draft by "list/code/field", of acts by
// "act/group/code/field"; a field is label, help, you, them, label_under_18 or
// peer.
type draftCodes map[string]string

// Drafts returns the languages that ship as drafts, sorted.
func Drafts() []string {
	entries, err := files.ReadDir("drafts")
	if err != nil {
		panic(err) // the embedded folder is part of the program
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// Draft returns the draft of a language with the codes of c, ready to be read
// by a native speaker. A code that the draft has no word for has its English
// one, and stands in missing. ErrShape when there is no such draft.
func Draft(c *Codebook, lang string) (words []byte, missing []string, err error) {
	if !slices.Contains(Drafts(), lang) {
		return nil, nil, fmt.Errorf("%w: no draft in %q; there are %s", ErrShape, lang, strings.Join(Drafts(), ", "))
	}
	var labels draftCodes
	if err := json.Unmarshal(mustRead("drafts/"+lang+"/codes.json"), &labels); err != nil {
		return nil, nil, fmt.Errorf("reading draft: %w", err)
	}
	in, missing := c.translated(lang, labels)
	b, err := WithCodes(in, mustRead("drafts/"+lang+"/texts.json"), lang)
	if err != nil {
		return nil, nil, err
	}
	app, err := json.Marshal(mustWords("drafts/" + lang + "/app.json"))
	if err != nil {
		return nil, nil, fmt.Errorf("writing draft: %w", err)
	}
	b = fmt.Appendf(bytes.TrimSuffix(bytes.TrimSpace(b), []byte("}")), `,"app":%s,"translates":%q}`, app, c.wordingsSum())
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return nil, nil, fmt.Errorf("writing draft: %w", err)
	}
	return out.Bytes(), missing, nil
}

// translated is the phone's part of c in lang.
func (c *Codebook) translated(lang string, labels draftCodes) (*Codebook, []string) {
	var missing []string
	in := func(key string, t Text) Text {
		if t == nil {
			return nil
		}
		if s := labels[key]; s != "" {
			return Text{lang: s}
		}
		missing = append(missing, key)
		return Text{lang: t.In("en")}
	}
	out := c.edition("en")
	out.Languages = []string{lang}
	for i, g := range out.Groups {
		at := "group/" + g.Code + "/"
		out.Groups[i].Label, out.Groups[i].Help = in(at+"label", g.Label), in(at+"help", g.Help)
		for j, a := range g.Acts {
			at := "act/" + g.Code + "/" + a.Code + "/"
			g.Acts[j] = Act{Code: a.Code, Label: in(at+"label", a.Label), You: in(at+"you", a.You), Them: in(at+"them", a.Them), Help: in(at+"help", a.Help)}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(out.Lists)) {
		for i, it := range out.Lists[name] {
			at := name + "/" + it.Code + "/"
			out.Lists[name][i] = Item{Code: it.Code, Icon: it.Icon, Label: in(at+"label", it.Label), Help: in(at+"help", it.Help),
				LabelUnder18: in(at+"label_under_18", it.LabelUnder18), Peer: in(at+"peer", it.Peer)}
		}
	}
	return out, missing
}

// Sign adds to a text file that somebody has read all three parts of it in her
// own language, in place of an earlier review. ErrShape for words that a phone
// would not take, or without codes: the words of consent are among those.
func (r Review) Sign(words []byte, lang string) ([]byte, error) {
	sum, err := sumOf(words, r)
	if err != nil {
		return nil, err
	}
	r.Of = sum
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(words, &keys); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrShape, err)
	}
	if keys["reviewed"], err = json.Marshal(r); err != nil {
		return nil, fmt.Errorf("writing review: %w", err)
	}
	out, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing review: %w", err)
	}
	out = append(out, '\n')
	if _, err := ParseTexts(out, lang); err != nil {
		return nil, err
	}
	return out, nil
}

// sumOf is the hash of a text file with a review whose Of is empty, its members
// sorted by name and without white space.
func sumOf(words []byte, r Review) (string, error) {
	if err := checkJSON(words, maxWords); err != nil {
		return "", err
	}
	var keys map[string]any
	if err := json.Unmarshal(words, &keys); err != nil {
		return "", fmt.Errorf("%w: %v", ErrShape, err)
	}
	r.Of = ""
	keys["reviewed"] = r
	b, err := json.Marshal(keys)
	if err != nil {
		return "", fmt.Errorf("writing texts: %w", err)
	}
	return vault.Sum(b).String(), nil
}

// checkReview refuses words in a language that nobody who speaks it has read.
func (t *Texts) checkReview(b []byte) error {
	if slices.Contains(Reviewed(), t.Lang) {
		return nil
	}
	r := t.Review
	if r == nil || !r.Consent || !r.Emergency || !r.Rights {
		return fmt.Errorf("%w: no native speaker has reviewed the words of consent, emergency and rights in %q", ErrUnreviewed, t.Lang)
	}
	if strings.TrimSpace(r.By) == "" || len(r.By) > maxText || !plain(r.By) {
		return fmt.Errorf("%w: the review in %q does not say by whom", ErrUnreviewed, t.Lang)
	}
	if _, err := time.Parse(time.DateOnly, r.On); err != nil {
		return fmt.Errorf("%w: the review in %q has no day", ErrUnreviewed, t.Lang)
	}
	if t.Codebook == nil {
		return fmt.Errorf("%w: the words in %q have no codes with them, and so no words of consent", ErrUnreviewed, t.Lang)
	}
	for _, key := range slices.Sorted(maps.Keys(appWords())) {
		if t.App[key] == "" {
			return fmt.Errorf("%w: the words in %q lack app.%s, which stands where somebody agrees", ErrUnreviewed, t.Lang, key)
		}
	}
	sum, err := sumOf(b, *r)
	if err != nil {
		return err
	}
	if sum != r.Of {
		return fmt.Errorf("%w: the words in %q were changed after their review", ErrUnreviewed, t.Lang)
	}
	return nil
}

// CheckCodes refuses words whose codes are not those of c: a phone would offer
// what the desk does not know, or not offer what it does. ErrShape.
func CheckCodes(c *Codebook, t *Texts) error {
	if t.Codebook == nil {
		return nil
	}
	if !slices.Contains(Reviewed(), t.Lang) && t.Of != c.wordingsSum() {
		return fmt.Errorf("%w: the words in %q translate another codebook than this one", ErrShape, t.Lang)
	}
	want, got := codesOf(c.edition("en")), codesOf(t.Codebook)
	for _, code := range want {
		if !slices.Contains(got, code) {
			return fmt.Errorf("%w: the words in %q lack %s of the codebook", ErrShape, t.Lang, code)
		}
	}
	for _, code := range got {
		if !slices.Contains(want, code) {
			return fmt.Errorf("%w: the words in %q have %s, which the codebook lacks", ErrShape, t.Lang, code)
		}
	}
	return nil
}

// wordingsSum is the hash of what a phone shows of c in English: what a draft
// of it translates.
func (c *Codebook) wordingsSum() string {
	b, err := json.Marshal(c.edition("en"))
	if err != nil {
		panic(err) // it came from JSON
	}
	return vault.Sum(b).String()
}

func codesOf(c *Codebook) []string {
	var out []string
	for _, g := range c.Groups {
		out = append(out, "group "+g.Code)
		for _, a := range g.Acts {
			out = append(out, "act "+g.Code+" "+a.Code)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Lists)) {
		for _, it := range c.Lists[name] {
			out = append(out, name+" "+it.Code)
			for field, t := range map[string]Text{"help": it.Help, "label_under_18": it.LabelUnder18, "peer": it.Peer} {
				if t != nil {
					out = append(out, field+" of "+name+" "+it.Code)
				}
			}
		}
	}
	return out
}

// blame finds the words that blame, by language, from their beginnings in
// blame.json. In Burmese, which sets no space between words, a beginning may
// stand anywhere.
var blame = sync.OnceValue(func() map[string]*regexp.Regexp {
	var stems map[string][]string
	if err := json.Unmarshal(mustRead("blame.json"), &stems); err != nil {
		panic(err) // the embedded file is part of the program
	}
	out := make(map[string]*regexp.Regexp)
	for lang, list := range stems {
		before := `(?:^|[^\p{L}\p{M}])`
		if lang == "my" {
			before = ""
		}
		for i, stem := range list {
			list[i] = regexp.QuoteMeta(stem)
		}
		out[lang] = regexp.MustCompile(`(?i)` + before + `((?:` + strings.Join(list, "|") + `)[\p{L}\p{M}]*)`)
	}
	return out
})

// Blames returns the first word of a text that blames, or "". It knows the
// languages of [Reviewed] and [Drafts].
func Blames(lang, text string) string {
	if re := blame()[lang]; re != nil {
		if m := re.FindStringSubmatch(text); m != nil {
			return m[1]
		}
	}
	return ""
}
