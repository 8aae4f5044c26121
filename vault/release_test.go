package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"peerwitness/vault"
)

func releaseBody(t testing.TB, json string, names ...string) []byte {
	t.Helper()
	files := []vault.ReleaseFile{{Name: vault.ReleaseJSON, Body: []byte(json)}}
	for _, n := range names {
		files = append(files, vault.ReleaseFile{Name: n, Body: []byte(n)})
	}
	b, err := vault.PackRelease([]byte("[]"), files)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReleaseBody(t *testing.T) {
	b := releaseBody(t, "{}", "figures.csv", "en.html")
	sigs, files, err := vault.UnpackRelease(b)
	if err != nil || string(sigs) != "[]" || len(files) != 3 || files[1].Name != "figures.csv" || string(files[2].Body) != "en.html" {
		t.Fatalf("%q %v %v", sigs, files, err)
	}
	one := vault.ReleaseFile{Name: vault.ReleaseJSON, Body: []byte("{}")}
	many := []vault.ReleaseFile{one}
	for i := range vault.MaxReleaseFiles {
		many = append(many, vault.ReleaseFile{Name: fmt.Sprint(i), Body: nil})
	}
	if _, err := vault.PackRelease([]byte("[]"), many[:vault.MaxReleaseFiles]); err != nil {
		t.Errorf("as many files as there may be: %v", err)
	}
	for name, c := range map[string]struct {
		sigs  []byte
		files []vault.ReleaseFile
		want  error
	}{
		"no files":              {[]byte("[]"), nil, vault.ErrMalformed},
		"no signatures":         {nil, many[:1], vault.ErrMalformed},
		"too many files":        {[]byte("[]"), many, vault.ErrMalformed},
		"signatures too large":  {make([]byte, vault.MaxReleaseSignatures+1), many[:1], vault.ErrTooLarge},
		"another file first":    {[]byte("[]"), []vault.ReleaseFile{{Name: "figures.csv"}, one}, vault.ErrMalformed},
		"a file twice":          {[]byte("[]"), []vault.ReleaseFile{one, one}, vault.ErrMalformed},
		"a name that climbs":    {[]byte("[]"), []vault.ReleaseFile{one, {Name: "../x"}}, vault.ErrMalformed},
		"a name with a newline": {[]byte("[]"), []vault.ReleaseFile{one, {Name: "a\n"}}, vault.ErrMalformed},
		"no name":               {[]byte("[]"), []vault.ReleaseFile{one, {}}, vault.ErrMalformed},
		"too large":             {[]byte("[]"), []vault.ReleaseFile{{Name: vault.ReleaseJSON, Body: make([]byte, vault.MaxRelease)}}, vault.ErrTooLarge},
	} {
		if _, err := vault.PackRelease(c.sigs, c.files); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for i := range b {
		if _, _, err := vault.UnpackRelease(b[:i]); err == nil && !bytes.HasSuffix(b[:i], []byte("{}")) && !bytes.HasSuffix(b[:i], []byte("figures.csv")) {
			t.Errorf("cut at %d: taken", i)
		}
	}
}

func TestReleaseGlance(t *testing.T) {
	id := vault.Sum([]byte("x"))
	g, err := vault.GlanceRelease(releaseBody(t, `{"organisation":"Peers","programme":{"every":"year"},"period":"2026","former":"`+id.String()+`","headline":{"en":"h"}}`))
	if err != nil || g.Organisation != "Peers" || g.Programme.Every != "year" || g.Period != "2026" || g.Headline["en"] != "h" {
		t.Fatalf("%+v %v", g, err)
	}
	if !g.Follows(id) || g.Follows(vault.ID{}) || g.Follows(vault.Sum(nil)) {
		t.Error("follows the wrong one")
	}
	if g.Former = ""; !g.Follows(vault.ID{}) || g.Follows(id) {
		t.Error("the first follows something")
	}
	for _, bad := range []string{"", "[]", "{", `{"period":7}`} {
		if _, err := vault.GlanceRelease(releaseBody(t, bad)); !errors.Is(err, vault.ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzUnpackRelease(f *testing.F) {
	f.Add(releaseBody(f, "{}", "figures.csv", "en.html"))
	f.Fuzz(func(t *testing.T, b []byte) {
		sigs, files, err := vault.UnpackRelease(b)
		if err != nil {
			if !errors.Is(err, vault.ErrMalformed) && !errors.Is(err, vault.ErrTooLarge) {
				t.Fatalf("refused without a name: %v", err)
			}
			return
		}
		if again, err := vault.PackRelease(sigs, files); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x became %x, %v", b, again, err)
		}
	})
}
