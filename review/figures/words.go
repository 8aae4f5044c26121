package figures

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pageWords are the words of a page in one language.
type pageWords struct {
	Lang, Other, OtherName                      string // Other is the other page's language
	Kicker, Figures, Skip                       string
	People, Range, RangeOf, Fewer, FewerShort   string
	FewerEach, Under, UnderNote, Check          string
	thousands                                   string // between groups of three digits
	ChartNote, TableOf, Caveats, Method, Files  string
	CSV, Package, JSON, Programme, Planned      string
	Coin, Unlinked, Rounding, Budget, Regarding string
	months                                      [12]string
	span, spanVowel                             string // from month (beginning with a vowel) to month, year
	caveats                                     []string
	top, topMore, under, none, quote            string // headlines: period, number, names, range
	and                                         string
}

var words = map[string]pageWords{
	"en": {
		Lang: "en", Other: "fr", OtherName: "Français", thousands: ",",
		Kicker: "Figures from reports", Figures: "Figures", Skip: "Skip to the figures",
		People: "People", Range: "Likely between", RangeOf: "%s and %s", Fewer: "fewer than 15, may be none", FewerShort: "fewer than 15",
		FewerEach: "each fewer than 15", Under: "<15", UnderNote: "“<15” is fewer than 15, and may be none.",
		Check:     "Two people signed these files together. Whoever has the signed release can check that, and that each file follows from the same numbers, with the peerwitness program: peerwitness figures verify.",
		ChartNote: "Bars are people, each counted once per chart. The thin line is where the count itself most likely lies. Hatched: fewer than 15, may be none.",
		TableOf:   "The numbers behind the chart", Caveats: "What these figures can and cannot say", Method: "How these figures are made", Files: "Take the figures with you",
		CSV: "Table (CSV)", Package: "Data package (Frictionless)", JSON: "The figures as data (JSON)",
		Programme: "The tables were fixed beforehand in the programme %s, version %d. Everyone who reported and agreed to be counted counts once in each table, however many reports there are of them.",
		Planned:   "Planned from: %s.",
		Rounding:  "Random noise of a known size (discrete Gaussian, variance 16) is added to each number, noughts too. Numbers that come out under 15 are not shown; the rest are rounded to the nearest 5. A number shown is within 10 of the count itself in about 98.7 cases of 100.",
		Budget:    "What all releases together may give away about one person is limited for life; once the limit is reached, that person is no longer counted.",
		Coin:      "Somebody who knows everything about everybody else can tell whether one more person was counted at most %s better than by guessing (true less false positives, out of 1).",
		Unlinked:  "This holds for a person whose reports are linked to each other. If three reports of one person were not linked, that number is at most %s.",
		Regarding: "Period: %s.",
		months:    [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		span:      "%s to %s %d", spanVowel: "%s to %s %d",
		caveats: []string{
			"These are reports that we received. They do not say how often something happens.",
			"Those who reported were not chosen by chance, and many do not report: every number is an undercount.",
			"A change over time may be a change in who reports, who can reach us, or who trusts us.",
			"“Fewer than 15” is not zero. It may be none, and it may be up to 14 or a little more.",
			"Each number carries its own noise: numbers do not add up to totals, and should not be added or subtracted.",
		},
		top:     "%[1]s: %[3]s was reported by or for about %[2]s people, likely between %[4]s and %[5]s.",
		topMore: "%[1]s: %[3]s were each reported by or for about %[2]s people, likely between %[4]s and %[5]s.",
		under:   "%[1]s: about %[2]s people counted under %[3]s, likely between %[4]s and %[5]s.",
		quote:   "“%s”",
		none:    "%s: every number is fewer than 15, and may be none.",
		and:     " and ",
	},
	"fr": {
		Lang: "fr", Other: "en", OtherName: "English", thousands: "\u202f",
		Kicker: "Chiffres tirés des signalements", Figures: "Chiffres", Skip: "Aller aux chiffres",
		People: "Personnes", Range: "Probablement entre", RangeOf: "%s et %s", Fewer: "moins de 15, peut-être aucune", FewerShort: "moins de 15",
		FewerEach: "chaque fois moins de 15", Under: "<15", UnderNote: "« <15 » veut dire moins de 15, peut-être aucune.",
		Check:     "Deux personnes ont signé ces fichiers ensemble. Qui a la publication signée peut le vérifier, et que chaque fichier vient des mêmes nombres, avec le programme peerwitness : peerwitness figures verify.",
		ChartNote: "Les barres comptent des personnes, chacune une fois par graphique. Le trait fin montre où se trouve très probablement le compte lui-même. Hachuré : moins de 15, peut-être aucune.",
		TableOf:   "Les nombres du graphique", Caveats: "Ce que ces chiffres disent et ne disent pas", Method: "Comment ces chiffres sont faits", Files: "Emporter les chiffres",
		CSV: "Tableau (CSV)", Package: "Paquet de données (Frictionless)", JSON: "Les chiffres en données (JSON)",
		Programme: "Les tableaux ont été fixés à l’avance dans le programme %s, version %d. Toute personne qui a signalé et accepté d’être comptée l’est une fois par tableau, quel que soit le nombre de ses signalements.",
		Planned:   "Prévu d’après : %s.",
		Rounding:  "Un bruit aléatoire d’une ampleur connue (gaussienne discrète, variance 16) est ajouté à chaque nombre, aux zéros aussi. Les nombres qui en sortent inférieurs à 15 ne sont pas montrés ; les autres sont arrondis au multiple de 5 le plus proche. Un nombre montré est à 10 près du compte lui-même dans environ 98,7 cas sur 100.",
		Budget:    "Ce que toutes les publications ensemble peuvent révéler d’une personne est limité pour la vie ; une fois la limite atteinte, elle n’est plus comptée.",
		Coin:      "Quelqu’un qui saurait tout de toutes les autres peut deviner si une personne de plus a été comptée, au mieux %s au-dessus du hasard (vrais moins faux positifs, sur 1).",
		Unlinked:  "Cela vaut pour une personne dont les signalements sont reliés entre eux. Si trois signalements d’une même personne n’étaient pas reliés, ce nombre est d’au plus %s.",
		Regarding: "Période : %s.",
		months:    [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
		span:      "de %s à %s %d", spanVowel: "d’%s à %s %d",
		caveats: []string{
			"Ce sont des signalements que nous avons reçus. Ils ne disent pas combien de fois une chose arrive.",
			"Les personnes qui ont signalé n’ont pas été tirées au sort, et beaucoup ne signalent pas : chaque nombre est un sous-compte.",
			"Un changement dans le temps peut être un changement de qui signale, de qui peut nous joindre ou de qui nous fait confiance.",
			"« Moins de 15 » n’est pas zéro. C’est peut-être aucune personne, et peut-être jusqu’à 14 ou un peu plus.",
			"Chaque nombre porte son propre bruit : les nombres ne s’additionnent pas en totaux et ne doivent être ni additionnés ni soustraits.",
		},
		top:     "%[1]s : %[3]s a été signalé par ou pour environ %[2]s personnes, probablement entre %[4]s et %[5]s.",
		topMore: "%[1]s : %[3]s ont chacun été signalés par ou pour environ %[2]s personnes, probablement entre %[4]s et %[5]s.",
		under:   "%[1]s : environ %[2]s personnes comptées sous %[3]s, probablement entre %[4]s et %[5]s.",
		quote:   "« %s »",
		none:    "%s : chaque nombre est inférieur à 15, peut-être nul.",
		and:     " et ",
	},
}

// PageLanguages are those that a release has a page and caveats in.
func PageLanguages() []string { return []string{"en", "fr"} }

// Caveats returns what every file of a release says beside the numbers.
func Caveats(lang string) []string { return words[lang].caveats }

// PeriodLabel puts a period into words of a page language, as they stand within a
// sentence.
func PeriodLabel(lang, every, period string) string {
	w := words[lang]
	first, _, err := window(every, period)
	if err != nil || w.Lang == "" {
		return period
	}
	last := first.AddDate(0, months[every]-1, 0)
	switch every {
	case Yearly:
		return period
	case Monthly:
		return fmt.Sprintf("%s %d", w.months[first.Month()-1], first.Year())
	}
	form, month := w.span, w.months[first.Month()-1]
	if strings.ContainsAny(month[:1], "aeiouAEIOU") {
		form = w.spanVowel
	}
	return fmt.Sprintf(form, month, w.months[last.Month()-1], first.Year())
}

// headline says the highest published number of one table, in each page language.
func headline(r Release) Labels {
	t, best := headlineTable(r)
	out := Labels{}
	for _, lang := range PageLanguages() {
		w, period := words[lang], begin(PeriodLabel(lang, r.Programme.Every, r.Period))
		if best == 0 {
			out[lang] = fmt.Sprintf(w.none, period)
			continue
		}
		var names []string
		for _, c := range t.Cells {
			if c.Value != nil && *c.Value == best {
				var parts []string
				for i, code := range c.Codes {
					parts = append(parts, r.dimension(t.Dimensions[i]).label(code, lang))
				}
				names = append(names, fmt.Sprintf(w.quote, strings.Join(parts, ", ")))
			}
		}
		form := w.topMore
		switch {
		case t.Dimensions[0] != ActGroup && t.Dimensions[0] != Act:
			form = w.under
		case len(names) == 1:
			form = w.top
		}
		list := names[0]
		if n := len(names); n > 1 {
			list = strings.Join(names[:n-1], ", ") + w.and + names[n-1]
		}
		out[lang] = fmt.Sprintf(form, period, w.number(best), list, w.number(best-Whisker), w.number(best+Whisker))
	}
	return out
}

// headlineTable chooses among the tables that have a published number, and
// returns it with its highest: the first by group of acts, or else the first with
// one dimension, or else the first. Nought when nothing is published at all.
func headlineTable(r Release) (table ReleaseTable, best int) {
	rank := 0
	for _, t := range r.Tables {
		highest, n := 0, 1
		for _, c := range t.Cells {
			if c.Value != nil {
				highest = max(highest, *c.Value)
			}
		}
		if len(t.Dimensions) == 1 {
			n = 2
			if t.Dimensions[0] == ActGroup {
				n = 3
			}
		}
		if highest > 0 && n > rank {
			table, best, rank = t, highest, n
		}
	}
	return table, best
}

// number writes a number of people as the language does.
func (w pageWords) number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + w.thousands + s[i:]
	}
	return s
}

// begin makes a text the beginning of a sentence.
func begin(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}
