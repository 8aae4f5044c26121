package ui

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"unicode"

	"peerwitness/review"
	"peerwitness/vault/codebook"
)

//go:embed ready/*.json
var readyFiles embed.FS

// sentence is a plain one for a common answer. It promises nothing that the
// desk can't keep, names nobody, and reads the same whoever the person is. Code
// is the same in every language.
type sentence struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// ready has the sentences by language, those of each in English's order. New
// fails where it does, so that no page meets an error.
var ready = sync.OnceValues(func() (map[string][]sentence, error) { return parseReady(readyFiles) })

// parseReady reads the sentences of every language that the phone app speaks,
// each from ready/{tag}.json. It refuses a language whose sentences are not
// those of English in the same order, or one of which is empty, not plain
// text, stands in another, or has a word that blames; and all where they
// don't fit one answer together.
func parseReady(files fs.FS) (map[string][]sentence, error) {
	out := map[string][]sentence{}
	for _, tag := range slices.Concat(codebook.Reviewed(), codebook.Drafts()) {
		b, err := fs.ReadFile(files, "ready/"+tag+".json")
		if err != nil {
			return nil, fmt.Errorf("reading ready sentences: %w", err)
		}
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		var list []sentence
		if err := d.Decode(&list); err != nil {
			return nil, fmt.Errorf("reading ready sentences in %q: %w", tag, err)
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("reading ready sentences in %q: more follows them", tag)
		}
		if err := checkReady(tag, list); err != nil {
			return nil, fmt.Errorf("reading ready sentences in %q: %w", tag, err)
		}
		out[tag] = list
	}
	for tag, list := range out {
		if !slices.EqualFunc(list, out[lang], func(a, b sentence) bool { return a.Code == b.Code }) {
			return nil, fmt.Errorf("reading ready sentences in %q: not those of English in their order", tag)
		}
	}
	return out, nil
}

func checkReady(tag string, list []sentence) error {
	if len(list) == 0 {
		return errors.New("there are none")
	}
	var all []string
	for i, s := range list {
		switch {
		case s.Code == "" || strings.TrimSpace(s.Text) == "":
			return fmt.Errorf("number %d is empty", i+1)
		case s.Text != strings.TrimSpace(s.Text) || strings.ContainsFunc(s.Text, unicode.IsControl) || visible(s.Text) != s.Text:
			return fmt.Errorf("number %d is not one line of plain text", i+1)
		case codebook.Blames(tag, s.Text) != "":
			return fmt.Errorf("number %d blames, with %q", i+1, codebook.Blames(tag, s.Text))
		}
		for j, other := range list {
			if i != j && (s.Code == other.Code || strings.Contains(other.Text, s.Text)) {
				return fmt.Errorf("number %d stands in number %d", i+1, j+1)
			}
		}
		all = append(all, s.Text)
	}
	return review.CheckAnswer(strings.Join(all, "\n"))
}

// readySentences are those in the person's language, or in English, and the
// language they are in.
func readySentences(peer string) (sentences []sentence, spoken string) {
	all, _ := ready() // New has seen that it can be read
	if s, ok := all[base(peer)]; ok {
		return s, base(peer)
	}
	return all[lang], lang
}

// inEnglish are the ready sentences in the person's language that stand word
// for word in a text, in the text's order, in English. more reports whether
// anything else stands there. English itself has none.
func inEnglish(text, peer string) (english []string, more bool) {
	sentences, spoken := readySentences(peer)
	if spoken == lang {
		return nil, false
	}
	own, _ := readySentences(lang)
	type found struct {
		at int
		in string
	}
	var all []found
	rest := text
	for i, s := range sentences {
		if at := strings.Index(text, s.Text); at >= 0 {
			all = append(all, found{at, own[i].Text})
			rest = strings.ReplaceAll(rest, s.Text, "\n")
		}
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Compare(a.at, b.at) })
	for _, f := range all {
		english = append(english, f.in)
	}
	return english, strings.TrimSpace(rest) != ""
}

// base is a language tag without its region. Browsers know Dari as fa-AF.
func base(tag string) string {
	tag = strings.ToLower(tag)
	if tag == "fa-af" {
		return "prs"
	}
	tag, _, _ = strings.Cut(tag, "-")
	return tag
}

// markup is what a browser knows a language by, and the direction it is
// written in.
func markup(tag string) (locale, dir string) {
	switch base(tag) {
	case "prs":
		return "fa-AF", "rtl"
	case "ar":
		return tag, "rtl"
	}
	return tag, "ltr"
}

// languageName is a language's English name, or its tag.
func languageName(tag string) string {
	names := map[string]string{"ar": "Arabic", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi", "id": "Indonesian", "ka": "Georgian",
		"km": "Khmer", "my": "Burmese", "ne": "Nepali", "prs": "Dari", "pt": "Portuguese", "ru": "Russian", "sw": "Swahili", "th": "Thai", "uk": "Ukrainian", "vi": "Vietnamese"}
	if n, ok := names[base(tag)]; ok {
		return n
	}
	return tag
}
