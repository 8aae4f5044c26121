package ui

import (
	"strings"
	"testing"
)

// What would turn text round, hide in it or be drawn over the rest of the page
// is written out; what scripts need stays as it is.
func TestVisible(t *testing.T) {
	pile := strings.Repeat("\u0301", 300)
	for in, want := range map[string]string{
		"":             "",
		"plain\nlines": "plain\nlines",
		"e\u0301 Việt": "e\u0301 Việt",
		"မြန်မာ ကြောက်စိတ် ဒါမှမဟုတ်": "မြန်မာ ကြောက်စိတ် ဒါမှမဟုတ်",
		"مُحَمَّدٌ":      "مُحَمَّدٌ",
		"\u202eabc":      "⟨U+202E⟩abc",
		"x" + pile + "y": "x" + pile[:16] + "⟨+292 marks⟩y",
		"x" + pile:       "x" + pile[:16] + "⟨+292 marks⟩",
	} {
		if got := visible(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}
