package intake

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"unicode"
)

//go:embed figures.html
var figuresHTML string

//go:embed figures.css
var figuresCSS string

var (
	figuresTemplate  = template.Must(template.New("figures").Parse(figuresHTML))
	figuresStyle     = strings.TrimSpace(figuresCSS)
	figuresStyleHash = styleHash([]byte("<style>" + figuresStyle + "</style>"))
)

// figuresLanguages are those that the list is in; the first is for who asks for
// none of them.
var figuresLanguages = []string{"en", "fr"}

// figuresWords are the words of the list in one language.
type figuresWords struct {
	Lang, Other, OtherName                     string
	Figures, Lead, Skip                        string
	Releases, Release, Latest                  string
	CSV, Package, Body, Unreadable             string
	None, NoneWhat, NoneHow, NoneWhen          string
	Check, CheckWhat, CheckNot, Stays, Address string
}

var figuresIn = map[string]figuresWords{
	"en": {
		Lang: "en", Other: "fr", OtherName: "Français", Figures: "Figures", Skip: "Skip to the releases",
		Lead:     "How many people reported, or were reported for, by what happened to them and where. Each release is made to keep anybody from being found in it, and says how far that holds.",
		Releases: "Releases, newest first", Release: "Period", Latest: "newest", CSV: "Table (CSV)", Package: "Data package", Body: "Signed release, to check",
		Unreadable: "This release is of a form that this server does not know. Its signed file is here unchanged.",
		None:       "No figures yet",
		NoneWhat:   "When there are some, this page lists them: one release for each period, with a page to read, a table, and the file that two people signed.",
		NoneHow:    "What will be counted is decided beforehand. Only people who said yes to being counted are. Noise of a known size is added to each number, and small ones are not shown.",
		NoneWhen:   "A release comes out two weeks or more after its period ends, also when there is little to show.",
		Check:      "Check a release",
		CheckWhat:  "Anybody can check that two people of the organisation signed a release, and that its pages and tables all follow from the same numbers. With the peerwitness program:",
		CheckNot:   "That shows who stands behind the numbers and that nobody changed them since. It does not show that they are true.",
		Stays:      "A release stays listed for good, so that nobody can take one back unseen.",
		Address:    "ADDRESS-OF-THE-RELEASE",
	},
	"fr": {
		Lang: "fr", Other: "en", OtherName: "English", Figures: "Chiffres", Skip: "Aller aux publications",
		Lead:     "Combien de personnes ont signalé, ou pour combien on a signalé, selon ce qui leur est arrivé et où. Chaque publication est faite pour que personne n’y soit retrouvé, et dit jusqu’où cela tient.",
		Releases: "Publications, la plus récente d’abord", Release: "Période", Latest: "la plus récente", CSV: "Tableau (CSV)", Package: "Paquet de données", Body: "Publication signée, à vérifier",
		Unreadable: "Cette publication a une forme que ce serveur ne connaît pas. Son fichier signé est là, inchangé.",
		None:       "Pas encore de chiffres",
		NoneWhat:   "Quand il y en aura, cette page les montrera : une publication par période, avec une page à lire, un tableau et le fichier que deux personnes ont signé.",
		NoneHow:    "Ce qui sera compté est décidé à l’avance. Seules les personnes qui ont accepté d’être comptées le sont. Un bruit d’une ampleur connue est ajouté à chaque nombre, et les petits ne sont pas montrés.",
		NoneWhen:   "Une publication sort deux semaines ou plus après la fin de sa période, même s’il y a peu à montrer.",
		Check:      "Vérifier une publication",
		CheckWhat:  "Chacun peut vérifier que deux personnes de l’organisation ont signé une publication, et que ses pages et ses tableaux viennent tous des mêmes nombres. Avec le programme peerwitness :",
		CheckNot:   "Cela montre qui répond des nombres et que personne ne les a changés depuis. Cela ne montre pas qu’ils sont vrais.",
		Stays:      "Une publication reste dans la liste pour toujours, pour que personne ne puisse en retirer une sans que cela se voie.",
		Address:    "ADRESSE-DE-LA-PUBLICATION",
	},
}

type figuresRelease struct {
	Path, Page, Period, Headline string
	Latest, Readable             bool
}

// figuresPage writes the list of releases.
func figuresPage(organisation, lang string, list []shelved) ([]byte, error) {
	page := struct {
		W            figuresWords
		Organisation string
		Style        template.CSS
		Body         string
		Releases     []figuresRelease
	}{W: figuresIn[lang], Organisation: organisation, Style: template.CSS(figuresStyle), Body: bodyName}
	for i, l := range list {
		r := figuresRelease{Path: "/figures/" + l.ID.String() + "/", Period: l.Period, Headline: l.Headline[lang], Latest: i == 0, Readable: l.Readable}
		r.Page = r.Path
		if slices.Contains(l.Languages, lang) {
			r.Page += lang + ".html"
		}
		if r.Headline == "" {
			r.Headline = page.W.Figures + " " + r.Period
		}
		page.Releases = append(page.Releases, r)
	}
	var b bytes.Buffer
	if err := figuresTemplate.Execute(&b, page); err != nil {
		return nil, fmt.Errorf("writing list of figures: %w", err)
	}
	return b.Bytes(), nil
}

// visible keeps of a text what shows and nothing that hides or turns text
// around, 400 characters of it at most.
func visible(s string) string {
	n := 0
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if n++; n > 400 || r == unicode.ReplacementChar || !unicode.IsPrint(r) && r != ' ' && r != '\u00a0' && r != '\u202f' {
			return -1
		}
		return r
	}, s))
}
