package review

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Finder looks for words in cases. It goes through the whole text of each, held
// in memory in the form that is compared: in scripts that set no space between
// words, a list of words would find nothing, and a text is found from its middle
// as from its beginning. Nothing of it is ever written down.
type Finder struct {
	mu    sync.Mutex
	texts map[*Case]string
}

// maxQuery bounds what is looked for, in bytes; the rest is left out.
const maxQuery = 400

// Find returns the cases that hold every word of the query, in the order of the
// view. Case, accents and the vowel signs of Arabic and Hebrew don't matter;
// words in double quotes are looked for as they stand, spaces included. Labels
// gives a case's codes in words, to be found as well. An empty query finds all.
func (f *Finder) Find(v *View, query string, labels func(*Case) []string) []*Case {
	terms := Terms(query)
	if len(terms) == 0 {
		return v.Cases
	}
	slices.SortFunc(terms, func(a, b string) int { return len(b) - len(a) }) // a long word rules most texts out
	texts := f.Read(v, labels)
	found := make([]bool, len(v.Cases))
	each(len(v.Cases), func(i int) {
		text := texts[i]
		found[i] = !slices.ContainsFunc(terms, func(t string) bool { return !strings.Contains(text, t) })
	})
	var out []*Case
	for i, c := range v.Cases {
		if found[i] {
			out = append(out, c)
		}
	}
	return out
}

// Read folds the texts of cases that were not looked at before, and forgets
// those that are no more. It takes the time; finding does not.
func (f *Finder) Read(v *View, labels func(*Case) []string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]string, len(v.Cases))
	each(len(v.Cases), func(i int) {
		c := v.Cases[i]
		text, ok := f.texts[c] // read by many at once, written by none
		if !ok {
			text = fold(strings.Join(append(c.words(), labels(c)...), "\n"))
		}
		out[i] = text
	})
	f.texts = make(map[*Case]string, len(out))
	for i, c := range v.Cases {
		f.texts[c] = out[i]
	}
	return out
}

// Held is how many texts are in memory.
func (f *Finder) Held() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.texts)
}

// Terms are the words and quoted phrases of a query, in the form that is
// compared.
func Terms(query string) []string {
	if len(query) > maxQuery {
		query = strings.ToValidUTF8(query[:maxQuery], "")
	}
	var out []string
	for i, part := range strings.FieldsFunc("x"+query, func(r rune) bool { return strings.ContainsRune(`"“”„«»`, r) }) {
		if i == 0 {
			part = part[1:] // the x keeps a quote at the beginning from being passed over
		}
		if i%2 == 0 {
			out = append(out, strings.Fields(fold(part))...)
		} else if s := fold(part); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// words is everything that was written in a case, by whoever.
func (c *Case) words() []string {
	a := c.Report.Answers
	out := []string{a.Story, c.Text, a.WhoText, a.Where.Place}
	if k := c.Report.Contact; k != nil {
		out = append(out, k.Name, k.Reach, k.Times, k.Not)
	}
	if k := a.Custody; k != nil {
		out = append(out, k.Name, k.Place, k.Since, k.Hearing, k.Medicine)
	}
	for _, u := range c.FollowUps {
		out = append(out, u.Text)
	}
	if c.Coding != nil {
		for _, p := range c.Coding.Perpetrators {
			out = append(out, p.Name, p.Badge, p.Vehicle, p.Unit)
		}
	}
	for _, t := range c.Tasks {
		out = append(out, t.What)
	}
	if c.Custody != nil {
		out = append(out, c.Custody.Place)
	}
	if c.Risk != nil {
		out = append(out, c.Risk.Text)
	}
	for _, e := range c.Entries {
		out = append(out, e.Note.Text, e.Answer.Text, e.reason())
		if e.Step != nil {
			out = append(out, e.Step.Open)
		}
	}
	return out
}

// fold is text in the form that is compared: no capitals, no accents, one form
// of each letter, white space as single spaces.
func fold(s string) string {
	if ascii(s) {
		return strings.Join(strings.Fields(strings.ToLower(s)), " ")
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x300 && r <= 0x36f, r >= 0x591 && r <= 0x5c7 && unicode.Is(unicode.Mn, r), r >= 0x64b && r <= 0x65f, r == 0x670, r == 0x640:
			return -1 // accents; Hebrew's and Arabic's vowel signs, and the line that stretches a word
		case r == 0x200b, r == 0x200c, r == 0x200d, r == 0xfeff, r == 0xad:
			return -1 // joiners and breaks that nobody sees
		}
		return r
	}, norm.NFKD.String(cases.Fold().String(s)))
	return strings.Join(strings.Fields(norm.NFC.String(s)), " ")
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// each runs f for every index, on all cores where there is much.
func each(n int, f func(int)) {
	workers := min(runtime.GOMAXPROCS(0), n/256+1)
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			for i := k * n / workers; i < (k+1)*n/workers; i++ {
				f(i)
			}
		})
	}
	wg.Wait()
}
