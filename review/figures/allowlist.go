package figures

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What may stand in the files of a release, checked on their bytes and apart
// from the code that writes them: a leak must get past both.

var (
	// jsonKeys of release.json and datapackage.json. None of them could hold a
	// count, the number of masked cells, a day, a case, an author or a time.
	jsonKeys = strings.Fields(`v organisation programme id version every hash period ledger former method noise sigma2 mask round cost planning
		languages headline caveats dimensions labels codes code rest tables titles unit cells value
		$schema name title description resources type path format mediatype encoding bytes dialect commentChar schema fields missingValues constraints minimum enum`)
	csvRow  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*,[0-9]{4}(-[HQ]?[0-9]{1,2})?,.*,(,masked,,|[0-9]+,published,[0-9]+,[0-9]+)$`)
	element = regexp.MustCompile(`<[/!]?([a-zA-Z][a-zA-Z0-9:-]*)((?:\s+[a-zA-Z][a-zA-Z0-9:-]*(?:\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))?)*)\s*/?>`)
	attr    = regexp.MustCompile(`\s([a-zA-Z][a-zA-Z0-9:-]*)(?:\s*=\s*"([^"]*)")?`)
	// traces no file may bear: a day, a time, a person of the roster, a percentage.
	traces = map[string]*regexp.Regexp{
		"a day":            regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}`),
		"a time of day":    regexp.MustCompile(`\b[0-9]{1,2}:[0-9]{2}\b`),
		"a person id":      regexp.MustCompile(`p-[0-9a-f]{16}`),
		"a percentage":     regexp.MustCompile(`[0-9][  ]?%`),
		"a key or receipt": regexp.MustCompile(`AGE-SECRET-KEY|age1pq`),
	}
	longHex  = regexp.MustCompile(`[0-9a-f]{32,}`)
	elements = strings.Fields(`html head meta title body a header p h1 h2 main section div svg desc defs pattern rect line text path
		details summary table caption thead tbody tr th td ul li doctype`)
	attributes = strings.Fields(`lang charset http-equiv content name class href hreflang id aria-labelledby tabindex role viewBox width height
		patternUnits patternTransform x y x1 x2 y1 y2 text-anchor fill d open scope html`)
)

// files checks each file's bytes against the allow-list, and that it is what the
// release makes.
func (g *gate) files(r Release, files []File) {
	known := []string{r.Programme.Hash, r.Ledger, r.Former}
	for _, f := range files {
		if f.Name == FileCSV {
			known = append(known, hashOf(f.Body))
		}
	}
	want, err := Export(r)
	if err != nil {
		want = nil // the reason stands above
	}
	if want != nil && len(want) != len(files) {
		g.refuse("A release has %d files, this one %d.", len(want), len(files))
	}
	for i, f := range files {
		if err := allowed(f, known, r.Languages); err != nil {
			g.refuse("%s holds what no release may: %v.", strconv.Quote(f.Name), err)
		}
		if i < len(want) && (f.Name != want[i].Name || !bytes.Equal(f.Body, want[i].Body)) {
			g.refuse("%s is not what the release makes.", strconv.Quote(f.Name))
		}
		if !cautious(f) {
			g.refuse("The caveats are missing from %s.", strconv.Quote(f.Name))
		}
	}
}

// cautious reports whether the caveats stand in a file: in a page those of its
// language, in the others all.
func cautious(f File) bool {
	text := string(f.Body)
	for _, lang := range PageLanguages() {
		if strings.HasSuffix(f.Name, ".html") && f.Name != pageName(lang) {
			continue
		}
		for _, c := range Caveats(lang) {
			if !strings.Contains(text, c) {
				return false
			}
		}
	}
	return true
}

func allowed(f File, known, languages []string) error {
	text := string(f.Body)
	page := strings.HasSuffix(f.Name, ".html")
	if page {
		var err error
		if text, err = unstyled(text); err != nil {
			return err
		}
	}
	for _, what := range slices.Sorted(maps.Keys(traces)) {
		if traces[what].MatchString(text) {
			return errors.New(what)
		}
	}
	for _, h := range longHex.FindAllString(text, -1) {
		if !slices.Contains(known, h) {
			return errors.New("a hash or key that is not one of a release's own")
		}
	}
	switch {
	case f.Name == FileRelease || f.Name == FilePackage:
		return allowedJSON(f.Body, languages)
	case f.Name == FileCSV:
		return allowedCSV(text)
	case page:
		return allowedPage(text)
	}
	return errors.New("a file of another name")
}

func allowedJSON(b []byte, languages []string) error {
	d := json.NewDecoder(bytes.NewReader(b))
	var keys []bool // per level: an object, whose next token is a key
	var next []bool
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("something that is not JSON")
		}
		top := len(keys) - 1
		if s, ok := tok.(string); ok && top >= 0 && keys[top] && next[top] {
			if !slices.Contains(jsonKeys, s) && !slices.Contains(languages, s) {
				return errors.New("a key that is not on the list")
			}
			next[top] = false
			continue
		}
		if delim, ok := tok.(json.Delim); ok {
			if delim == '}' || delim == ']' {
				keys, next = keys[:top], next[:top]
				continue
			}
			if top >= 0 {
				next[top] = true
			}
			keys, next = append(keys, delim == '{'), append(next, true)
			continue
		}
		if top >= 0 {
			next[top] = true
		}
	}
}

func allowedCSV(s string) error {
	lines := strings.Split(strings.TrimSuffix(s, "\r\n"), "\r\n")
	for len(lines) > 0 && strings.HasPrefix(lines[0], "# ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "table,period,") || !strings.HasSuffix(lines[0], ",value,status,lower95,upper95") {
		return errors.New("other columns")
	}
	for _, line := range lines[1:] {
		if !csvRow.MatchString(line) {
			return errors.New("a row of another form")
		}
	}
	return nil
}

// unstyled takes the one style sheet out of a page.
func unstyled(s string) (string, error) {
	head, rest, ok1 := strings.Cut(s, "<style>")
	_, body, ok2 := strings.Cut(rest, "</style>")
	if !ok1 || !ok2 {
		return "", errors.New("no style sheet of its own")
	}
	return head + body, nil
}

func allowedPage(s string) error {
	for _, m := range element.FindAllStringSubmatch(s, -1) {
		if !slices.Contains(elements, strings.ToLower(m[1])) {
			return errors.New("an element that is not on the list")
		}
		for _, a := range attr.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(attributes, a[1]) {
				return errors.New("an attribute that is not on the list")
			}
			if a[1] == "href" && (strings.ContainsAny(a[2], ":\\") || strings.HasPrefix(a[2], "/")) {
				return errors.New("a link that leads away")
			}
		}
	}
	if strings.Contains(element.ReplaceAllString(s, ""), "<") {
		return errors.New("markup that can't be read")
	}
	return nil
}
