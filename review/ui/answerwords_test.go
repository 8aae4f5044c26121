package ui_test

import (
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/review/ui"
	"peerwitness/vault/codebook"
	"peerwitness/vault/seal"
)

// Every language of the phone app has the sentences, a name, and no other.
func TestReadySentences(t *testing.T) {
	all, err := ui.ParseReady(ui.ReadyFiles)
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := fs.Glob(ui.ReadyFiles, "ready/*.json")
	if err != nil || len(shipped) != 10 || len(all) != 10 {
		t.Fatalf("%d files, %d languages of ten: %v", len(shipped), len(all), err)
	}
	// What a person has to come back with, in the app's words of each language.
	words := map[string]string{"en": "your words", "fr": "vos mots", "es": "sus palabras", "pt": "suas palavras", "ru": "своим кодом", "uk": "своїм кодом",
		"ar": "بأرقام العودة", "prs": "رقم\u200cهای برگشت", "sw": "namba zako za kurudi", "my": "ပြန်လာဖို့ ဂဏန်းတွေ"}
	for tag, list := range all {
		if len(list) != 7 {
			t.Errorf("%s: %d sentences of seven", tag, len(list))
		}
		if ui.LanguageName(tag) == tag {
			t.Errorf("%s has no name", tag)
		}
		if last := list[len(list)-1].Text; !strings.Contains(last, words[tag]) {
			t.Errorf("%s: %q does not say %q", tag, last, words[tag])
		}
		for i, s := range list {
			if tag != "en" && s.Text == all["en"][i].Text {
				t.Errorf("%s: number %d is in English", tag, i+1)
			}
		}
	}
}

func TestReadySentencesThatAreRefused(t *testing.T) {
	change := func(name, old, new string) func(fstest.MapFS) {
		return func(m fstest.MapFS) {
			path := "ready/" + name + ".json"
			b := strings.Replace(string(m[path].Data), old, new, 1)
			if b == string(m[path].Data) {
				t.Fatalf("%q is not in %s", old, path)
			}
			m[path].Data = []byte(b)
		}
	}
	ru := `"Мы прочитали ваше обращение. Спасибо, что рассказали нам."`
	for name, c := range map[string]struct {
		spoil func(fstest.MapFS)
		want  string
	}{
		"a language missing":   {func(m fstest.MapFS) { delete(m, "ready/sw.json") }, "sw.json"},
		"no JSON":              {func(m fstest.MapFS) { m["ready/my.json"].Data = []byte("[") }, `"my"`},
		"more than JSON":       {func(m fstest.MapFS) { m["ready/my.json"].Data = append(m["ready/my.json"].Data, "[]"...) }, "more follows"},
		"an unknown member":    {change("fr", `{"code"`, `{"note": "", "code"`), "unknown field"},
		"none":                 {func(m fstest.MapFS) { m["ready/en.json"].Data = []byte("[]") }, "there are none"},
		"one too few":          {change("ru", ` {"code": "read", "text": `+ru+"},\n", ""), "not those of English"},
		"another order":        {change("uk", `"code": "read"`, `"code": "other"`), "not those of English"},
		"an empty one":         {change("ru", ru, `" "`), "number 1 is empty"},
		"no code":              {change("ru", `"read"`, `""`), "number 1 is empty"},
		"two lines":            {change("ru", "обращение. ", `обращение.\n`), "not one line"},
		"a turned direction":   {change("ar", "قرأنا", `\u202eقرأنا`), "not one line"},
		"space around it":      {change("ru", `"Мы прочитали`, `" Мы прочитали`), "not one line"},
		"a word that blames":   {change("ru", "рассказали нам", "рассказали как жертва"), "blames"},
		"one inside another":   {change("en", "We are working on it. Look here again in a few days.", "Thank you for telling us."), "stands in"},
		"a code twice":         {change("en", `"code": "safe"`, `"code": "read"`), "stands in"},
		"too long for a reply": {change("my", "အခု ", strings.Repeat("အခု ", 4000)), "too long"},
	} {
		files := fstest.MapFS{}
		for _, tag := range slices.Concat(codebook.Reviewed(), codebook.Drafts()) {
			b, err := fs.ReadFile(ui.ReadyFiles, "ready/"+tag+".json")
			if err != nil {
				t.Fatal(err)
			}
			files["ready/"+tag+".json"] = &fstest.MapFile{Data: b}
		}
		c.spoil(files)
		if _, err := ui.ParseReady(files); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestInEnglish(t *testing.T) {
	all, err := ui.ParseReady(ui.ReadyFiles)
	if err != nil {
		t.Fatal(err)
	}
	my, en := all["my"], all["en"]
	for name, c := range map[string]struct {
		text, peer string
		want       []string
		more       bool
	}{
		"in the text's order":  {my[5].Text + "\n" + my[0].Text, "my-MM", []string{en[5].Text, en[0].Text}, false},
		"with own words":       {my[0].Text + "\nမနက်ဖြန်", "my", []string{en[0].Text}, true},
		"on one line":          {my[0].Text + " " + my[2].Text, "my", []string{en[0].Text, en[2].Text}, false},
		"changed":              {strings.TrimSuffix(my[0].Text, "။"), "my", nil, true},
		"another language's":   {all["ru"][0].Text, "uk", nil, true},
		"English":              {en[0].Text, "en-GB", nil, false},
		"a language with none": {en[0].Text, "ka", nil, false},
		"Dari as browsers say": {all["prs"][3].Text, "fa-AF", []string{en[3].Text}, false},
	} {
		got, more := ui.InEnglish(c.text, c.peer)
		if diff := cmp.Diff(c.want, got); diff != "" || more != c.more {
			t.Errorf("%s: more %v (-want +got)\n%s", name, more, diff)
		}
	}
}

// Nobody sends what she can't read: a draft's English stands with it where it is
// chosen and before it goes, and it is read in its own direction.
func TestReadyInEnglish(t *testing.T) {
	all, err := ui.ParseReady(ui.ReadyFiles)
	if err != nil {
		t.Fatal(err)
	}
	o := reviewtest.New(t)
	b := unlocked(t, o, o.Nino)
	for _, c := range []struct{ tag, lang, dir, name string }{
		{"ar", "ar", "rtl", "Arabic"}, {"prs", "fa-AF", "rtl", "Dari"}, {"my", "my", "ltr", "Burmese"}, {"fr", "fr", "ltr", ""},
	} {
		s := o.Send("street", func(r *seal.Report) { r.Lang = c.tag })
		b.post2("/sync")
		path := "/case/" + s.Deposit.String()
		_, page := b.post(path+"/take", url.Values{})
		own, en := all[c.tag], all["en"]
		for i := range own {
			want := `<span lang="` + c.lang + `" dir="` + c.dir + `">` + html.EscapeString(own[i].Text)
			if !strings.Contains(strings.ReplaceAll(page, "&#39;", html.EscapeString("'")), want) {
				t.Errorf("%s: the form lacks %s", c.tag, want)
			}
			b.sees(page, own[i].Text+" In English: "+en[i].Text)
		}
		const draft = "are drafts: no native speaker has reviewed them yet"
		if c.name != "" {
			b.sees(page, "The ready sentences in "+c.name+" "+draft, "in "+c.name+" if you can")
		} else {
			b.lacks(page, draft)
		}
		if !strings.Contains(page, `<textarea id="answer-text" name="text" rows="6" maxlength="16000" dir="auto"`) {
			t.Errorf("%s: the answer is not written in its own direction", c.tag)
		}

		_, page = b.post(path+"/answer", url.Values{"ready": {"7", "2"}})
		b.sees(page, own[1].Text+" "+own[6].Text+" In English: "+en[1].Text+" In English: "+en[6].Text)
		b.lacks(page, "has no English here", en[0].Text)
		if c.name != "" {
			b.sees(page, draft)
		}
		if !strings.Contains(page, `<div class="words" dir="auto" lang="`+c.lang+`">`) {
			t.Errorf("%s: the preview is not read in its own direction", c.tag)
		}
		whole := own[1].Text + "\nPRACTICE own words"
		for _, do := range []string{"", "change"} {
			_, page = b.post(path+"/answer", url.Values{"text": {strings.ReplaceAll(whole, "\n", "\r\n")}, "do": {do}})
			b.sees(page, "In English: "+en[1].Text, "What else stands there is not a ready sentence word for word")
		}
		_, page = b.post(path+"/answer/send", url.Values{"text": {whole}, "read": {"0"}})
		b.sees(page, "Your answer is in the desk's box")
		if got := b.inbox(s); len(got.Said) != 1 || got.Said[0].Text != whole {
			t.Errorf("%s: the person reads %+v", c.tag, got.Said)
		}
	}
}

// What the person agreed to and took back stands where an answer is written and
// where it is read over.
func TestAnswerShowsConsent(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", func(r *seal.Report) { r.Consent = []string{review.CountMe, review.Share, review.Complain} })
	b := unlocked(t, o, o.Nino)
	path := "/case/" + s.Deposit.String()
	b.post(path+"/take", url.Values{})
	now := []string{"Yes Count my report in figures", "Withdrawn Share my report with the partners", "No Tell my story in public"}
	s.Say(seal.Message{Withdraw: []string{review.Share}})
	b.post2("/sync")
	_, page := b.post(path+"/answer", url.Values{"text": {"PRACTICE"}})
	b.sees(page, append(now, "Yes Make an official complaint", "No longer agreed to: Share my report")...)
	_, page = b.post(path+"/answer", url.Values{"text": {"PRACTICE"}, "do": {"change"}})
	b.sees(page, now...)
	b.post(path+"/withdraw", url.Values{"consent": {review.Complain}})
	_, page = b.get(path)
	_, form, _ := strings.Cut(page, "Answer the person")
	form, _, _ = strings.Cut(form, "</form>")
	b.sees(form, append(now, "Withdrawn Make an official complaint")...)
	resp, page := b.post(path+"/answer/send", url.Values{"text": {"PRACTICE"}, "read": {"0"}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("sent past a message: status %d", resp.StatusCode)
	}
	b.sees(page, append(now, "Withdrawn Make an official complaint")...)

	other := o.Send("street", func(r *seal.Report) {
		r.Consent, r.Answers.Teller, r.Answers.Asked = []string{review.Share}, "witness", "no"
	})
	b.post2("/sync")
	b.post("/case/"+other.Deposit.String()+"/take", url.Values{})
	_, page = b.post("/case/"+other.Deposit.String()+"/answer", url.Values{"text": {"PRACTICE"}})
	b.sees(page, "The affected person has not agreed.", "It is not shared with partners: the person it happened to has not agreed.")
}
