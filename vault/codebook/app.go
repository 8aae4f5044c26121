package codebook

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// What a person reads on the screens of agreeing is partly the app's own: the
// question, what "nothing" means, for how long it is kept. An organisation's
// words may have these sentences too, in place of the app's, so that who
// reviews a language reads the whole of what is agreed to; in a draft they must.

// appWords are those sentences in English, by the app's names for them
// (intake/app/src/strings/en.ts; a test there holds the two together).
var appWords = sync.OnceValue(func() map[string]string { return mustWords("app.json") })

func mustWords(file string) map[string]string {
	var words map[string]string
	if err := json.Unmarshal(mustRead(file), &words); err != nil {
		panic(err) // the embedded file is part of the program
	}
	return words
}

// place is where the app puts a value: {names}, {days, plural, …}.
var place = regexp.MustCompile(`\{(\w+)(?:, plural, (?:\w+ \{[^{}]*\} ?)+)?\}`)

// places are the values that a sentence has places for, sorted; ok is false for
// braces that are none.
func places(s string) (names []string, ok bool) {
	for _, m := range place.FindAllStringSubmatch(s, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return names, !strings.ContainsAny(place.ReplaceAllString(s, ""), "{}")
}

// checkApp refuses sentences that the app does not know, empty ones, and those
// that lack a value which the English has. ErrShape.
func (t *Texts) checkApp() error {
	for _, key := range slices.Sorted(maps.Keys(t.App)) {
		english, known := appWords()[key]
		if !known {
			return fmt.Errorf("%w: app has %q, which is none of its sentences on agreeing", ErrShape, key)
		}
		s := t.App[key]
		if strings.TrimSpace(s) == "" || len(s) > maxText {
			return fmt.Errorf("%w: app.%s is empty or too long", ErrShape, key)
		}
		want, _ := places(english)
		if got, ok := places(s); !ok || !slices.Equal(got, want) {
			return fmt.Errorf("%w: app.%s has not the places in braces that the English has: %s", ErrShape, key, english)
		}
	}
	return nil
}
