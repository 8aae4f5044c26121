package intake_test

import (
	"bytes"
	"strings"
	"testing"

	"peerwitness/intake/app"
	"peerwitness/vault/access/accesstest"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// The way in without a script: who can open it, how to seal, and a form that
// takes what age has sealed and nothing else.
func TestByHandPage(t *testing.T) {
	s := newSite(t)
	for lang, says := range map[string]string{"en": "Seal it", "fr": "Verrouiller"} {
		got := s.do(t, "GET", "/by-hand?lang="+lang, nil, "Accept", "text/html")
		page := string(got.plain(t))
		if got.status != 200 || !strings.Contains(page, says) || strings.Contains(page, "<script") || !strings.Contains(page, "/by-hand/street/recipients.txt") {
			t.Errorf("%s: %d\n%s", lang, got.status, page)
		}
		rules := got.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(rules, "default-src 'none'; form-action 'self';") || strings.Contains(rules, "script") {
			t.Errorf("rules: %s", rules)
		}
	}
	post := func(accept string, parts ...part) answer {
		t.Helper()
		media, body := form(t, parts...)
		return s.do(t, "POST", "/by-hand", bytes.NewReader(body), "Content-Type", media, "Accept", accept)
	}
	desk := part{"desk", []byte("street")}
	for name, parts := range map[string][]part{
		"a text":             {desk, {"by_hand", []byte("PRACTICE. It was at the steps.")}},
		"nothing":            {desk, {"by_hand", nil}},
		"armour":             {desk, {"by_hand", []byte("-----BEGIN AGE ENCRYPTED FILE-----\n")}},
		"a header cut short": {desk, {"by_hand", accesstest.Report(3, 0)[:200]}},
		"seventeen people":   {desk, {"by_hand", accesstest.Report(17, 0)}},
		"no desk":            {{"by_hand", accesstest.Report(3, 0)}},
		"another desk":       {{"desk", []byte("nowhere")}, {"by_hand", accesstest.Report(3, 0)}},
		"a phone's report":   {desk, {"report", accesstest.Report(8, 0)}},
		"twice":              {desk, {"by_hand", accesstest.Report(3, 0)}, {"by_hand", accesstest.Report(3, 0)}},
	} {
		got := post("text/html", parts...)
		if got.status < 400 || got.status > 499 || strings.Contains(string(got.plain(t)), "steps") || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %s", name, got.status, got.plain(t))
		}
	}
	if n := s.stored(t); n != 0 {
		t.Errorf("%d of what was refused is stored", n)
	}
	if got := post("text/html", desk, part{"by_hand", []byte("hello")}); !strings.Contains(string(got.plain(t)), "nothing of it is kept") {
		t.Errorf("a text: %s", got.plain(t))
	}
	if got := post("text/html", desk, part{"by_hand", accesstest.Report(3, 0)}); got.status != 200 || !strings.Contains(string(got.plain(t)), "It has arrived") || s.stored(t) != 1 {
		t.Errorf("a sealed file: %d %s", got.status, got.plain(t))
	}
	if got := s.do(t, "GET", "/by-hand/nowhere/recipients.txt", nil); got.status != 404 {
		t.Errorf("recipients of no desk: %d", got.status)
	}
	index, err := app.Files.ReadFile("dist/index.html")
	if err != nil || !bytes.Contains(index, []byte(`<noscript>`)) || !bytes.Contains(index, []byte(`href="/by-hand?lang=en"`)) {
		t.Errorf("the page without script does not lead here: %v", err)
	}
}

// The page has the languages that are on, each leading to the others; which
// those are is for the roster to say.
func TestByHandLanguages(t *testing.T) {
	s := newSite(t)
	page := func(lang, accept string) string {
		t.Helper()
		got := s.do(t, "GET", "/by-hand?lang="+lang, nil, "Accept", "text/html", "Accept-Language", accept)
		if got.status != 200 {
			t.Fatalf("%s: %d", lang, got.status)
		}
		return string(got.plain(t))
	}
	if p := page("ar", "fr"); !strings.Contains(p, `<html lang="fr" dir="ltr">`) || strings.Contains(p, "lang=ar") || !strings.Contains(p, `href="/by-hand?lang=en"`) {
		t.Errorf("a draft that is off is shown or offered:\n%s", p)
	}
	note := s.Next(t, func(r *roster.Roster) {
		for _, lang := range codebook.Drafts() {
			r.Texts[lang] = r.Texts["en"]
		}
	})
	must(t, s.store.PutRoster(t.Context(), "", s.Roster.Version, note))
	for lang, says := range map[string][2]string{"ar": {`<html lang="ar" dir="rtl">`, "القفل"}, "fa-AF": {`<html lang="fa-AF" dir="rtl">`, ""}, "my": {`<html lang="my" dir="ltr">`, ""}, "ru": {`lang="ru"`, "age"}, "en": {`lang="en"`, "Seal it"}} {
		p := page(lang, "")
		if !strings.Contains(p, says[0]) || !strings.Contains(p, says[1]) || strings.Count(p, `href="/by-hand?lang=`) != 9 {
			t.Errorf("%s:\n%s", lang, p)
		}
	}
}
