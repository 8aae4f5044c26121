package review_test

import (
	"bytes"
	"testing"

	"peerwitness/review"
)

// FuzzStep: what is read of an entry of the workflow is written again to the
// same bytes, and nothing makes the reader panic.
func FuzzStep(f *testing.F) {
	id := `"` + string(bytes.Repeat([]byte("ab"), 32)) + `"`
	for _, x := range [][2]string{
		{"propose", `{"what":"not-verified","reason":"PRACTICE\n\u2028"}`}, {"propose", `{"what":"erase","reason":"x","deposits":[` + id + `]}`},
		{"agree", `{"of":` + id + `}`}, {"decline", `{"of":` + id + `,"reason":"x"}`}, {"decline", `{"reason":"x","of":` + id + `}`},
		{"agree", `{"of":"AB"}`}, {"agree", `{"of":` + id + `}{}`}, {"made-up", `{}`}, {"propose", `{"what":"erase","what":"x","reason":"x"}`},
	} {
		f.Add(x[0], []byte(x[1]))
	}
	f.Fuzz(func(t *testing.T, kind string, b []byte) {
		s, err := review.ParseStep(kind, b)
		if err != nil {
			return
		}
		if again, err := review.Canonical(s); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s %q is written again as %q", kind, b, again)
		}
	})
}

func TestStepForm(t *testing.T) {
	id := string(bytes.Repeat([]byte("ab"), 32))
	for _, x := range []struct {
		kind, body string
		ok         bool
	}{
		{"propose", `{"what":"not-verified","reason":"x"}`, true},
		{"propose", `{"what":"not-verified"}`, false},
		{"propose", `{"reason":"x"}`, false},
		{"propose", `{"what":"erase","reason":"x","deposits":["` + id + `","` + id + `"]}`, false},
		{"propose", `{"what":"erase","reason":"x","deposits":["x"]}`, false},
		{"propose", `{"what":"not-verified","reason":"x","more":1}`, false},
		{"propose", `{"what":"not-verified", "reason":"x"}`, false},
		{"agree", `{"of":"` + id + `"}`, true},
		{"agree", `{"of":"` + id + `","reason":"x"}`, false},
		{"agree", `{}`, false},
		{"agree", `{"of":"` + id[2:] + `"}`, false},
		{"decline", `{"of":"` + id + `","reason":"x"}`, true},
		{"decline", `{"of":"` + id + `"}`, false},
		{"decline", `null`, false},
		{"made-up", `{}`, false},
		{"assign", `{"to":"p-0000000000000001","reason":"x","open":"y"}`, true},
		{"assign", `{"to":"p-0000000000000001"}`, false},
		{"assign", `{"to":"recovery","reason":"x"}`, false},
		{"undo", `{"of":"` + id + `","reason":"x"}`, true},
		{"cover", `{}`, true},
		{"cover", `{"from":"2026-12-01","until":"2026-12-14","by":"p-0000000000000001"}`, true},
		{"cover", `{"from":"2026-12-01","until":"2026-12-14"}`, false},
		{"cover", `{"from":"2026-12-01","until":"2026-02-30","by":"p-0000000000000001"}`, false},
		{"restrict", `{"reason":"x","people":["p-0000000000000001"]}`, true},
		{"restrict", `{"reason":"x","people":["p-0000000000000002","p-0000000000000001"]}`, false},
		{"restrict", `{"reason":"x","people":[]}`, false},
		{"restrict", `{"reason":"x"}`, false},
		{"lift", `{"reason":"x"}`, true},
		{"cover", `{"by":"p-0000000000000001"}`, false},
	} {
		if _, err := review.ParseStep(x.kind, []byte(x.body)); (err == nil) != x.ok {
			t.Errorf("%s %s: %v", x.kind, x.body, err)
		}
	}
}
