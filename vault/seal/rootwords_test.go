package seal_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerwitness/vault/seal"
)

func TestRootWordsVectors(t *testing.T) {
	cases := load[[]struct {
		Fingerprint string
		Words       map[string][]string
	}](t, "root-words.json")
	atLeast(t, len(cases), 3)
	for _, c := range cases {
		for lang, want := range c.Words {
			got, err := seal.RootWords(c.Fingerprint, lang)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s in %s: %v\n%s", c.Fingerprint, lang, err, diff)
			}
		}
	}
	for _, bad := range []string{"", "AAAA", cases[0].Fingerprint + "A", cases[0].Fingerprint[:42] + "="} {
		if _, err := seal.RootWords(bad, "en"); err == nil {
			t.Errorf("%q is taken for a fingerprint", bad)
		}
	}
	if _, err := seal.RootWords(cases[0].Fingerprint, "ka"); err == nil {
		t.Error("words in a language without a list")
	}
}
