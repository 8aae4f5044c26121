package figures

import (
	"fmt"
	"strings"
)

// pageWords are the words of a page in one language.
type pageWords struct {
	Lang, Other, OtherName                      string // Other is the other page's language
	Kicker, Figures, Skip                       string
	People, Range, RangeOf, Fewer, FewerShort   string
	ChartNote, TableOf, Caveats, Method, Files  string
	CSV, Package, JSON, Programme, Planned      string
	Coin, Unlinked, Rounding, Budget, Regarding string
	months                                      [12]string
	span                                        string // from month to month, year
	caveats                                     []string
	top, topMore, under, none, quote            string // headlines: period, number, names, range
	and                                         string
}

var words = map[string]pageWords{
	"en": {
		Lang: "en", Other: "fr", OtherName: "Français",
		Kicker: "Figures from reports", Figures: "Figures", Skip: "Skip to the figures",
		People: "People", Range: "Likely between", RangeOf: "%d and %d", Fewer: "fewer than 15, may be none", FewerShort: "fewer than 15",
		ChartNote: "Bars are people, each counted once per chart. The thin line is where the count itself most likely lies. Hatched: fewer than 15, may be none.",
		TableOf:   "The numbers behind the chart", Caveats: "What these figures can and cannot say", Method: "How these figures are made", Files: "Take the figures with you",
		CSV: "Table (CSV)", Package: "Data package (Frictionless)", JSON: "Signed release (JSON)",
		Programme: "The tables were fixed beforehand in the programme %s, version %d. Everyone who reported and agreed to be counted counts once in each table, however many reports there are of them.",
		Planned:   "Planned from: %s",
		Rounding:  "Random noise of a known size (discrete Gaussian, variance 16) is added to each number, noughts too. Numbers that come out under 15 are not shown; the rest are rounded to the nearest 5. A number shown is within 10 of the count itself in about 98.7 cases of 100.",
		Budget:    "What all releases together may give away about one person is limited for life; once the limit is reached, that person is no longer counted.",
		Coin:      "Somebody who knows everything about everybody else can tell whether one more person was counted at most %s better than by guessing (true less false positives, out of 1).",
		Unlinked:  "This holds for a person whose reports are linked to each other. If three reports of one person were not linked, that number is at most %s.",
		Regarding: "Period",
		months:    [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		span:      "%s to %s %d",
		caveats: []string{
			"These are reports that we received. They do not say how often something happens.",
			"Those who reported were not chosen by chance, and many do not report: every number is an undercount.",
			"A change over time may be a change in who reports, who can reach us, or who trusts us.",
			"“Fewer than 15” is not zero. It may be none, and it may be up to 14 or a little more.",
			"Each number carries its own noise: numbers do not add up to totals, and should not be added or subtracted.",
		},
		top:     "%[1]s: %[3]s was reported by or for about %[2]d people, likely between %[4]d and %[5]d.",
		topMore: "%[1]s: %[3]s were each reported by or for about %[2]d people, likely between %[4]d and %[5]d.",
		under:   "%[1]s: about %[2]d people counted under %[3]s, likely between %[4]d and %[5]d.",
		quote:   "“%s”",
		none:    "%s: every number is fewer than 15, and may be none.",
		and:     " and ",
	},
	"fr": {
		Lang: "fr", Other: "en", OtherName: "English",
		Kicker: "Chiffres tirés des signalements", Figures: "Chiffres", Skip: "Aller aux chiffres",
		People: "Personnes", Range: "Probablement entre", RangeOf: "%d et %d", Fewer: "moins de 15, peut-être aucune", FewerShort: "moins de 15",
		ChartNote: "Les barres comptent des personnes, chacune une fois par graphique. Le trait fin montre où se trouve très probablement le compte lui-même. Hachuré : moins de 15, peut-être aucune.",
		TableOf:   "Les nombres du graphique", Caveats: "Ce que ces chiffres disent et ne disent pas", Method: "Comment ces chiffres sont faits", Files: "Emporter les chiffres",
		CSV: "Tableau (CSV)", Package: "Paquet de données (Frictionless)", JSON: "Publication signée (JSON)",
		Programme: "Les tableaux ont été fixés à l’avance dans le programme %s, version %d. Toute personne qui a signalé et accepté d’être comptée l’est une fois par tableau, quel que soit le nombre de ses signalements.",
		Planned:   "Prévu d’après : %s",
		Rounding:  "Un bruit aléatoire d’une ampleur connue (gaussienne discrète, variance 16) est ajouté à chaque nombre, aux zéros aussi. Les nombres qui en sortent inférieurs à 15 ne sont pas montrés ; les autres sont arrondis au multiple de 5 le plus proche. Un nombre montré est à 10 près du compte lui-même dans environ 98,7 cas sur 100.",
		Budget:    "Ce que toutes les publications ensemble peuvent révéler d’une personne est limité pour la vie ; une fois la limite atteinte, elle n’est plus comptée.",
		Coin:      "Quelqu’un qui saurait tout de toutes les autres peut deviner si une personne de plus a été comptée, au mieux %s au-dessus du hasard (vrais moins faux positifs, sur 1).",
		Unlinked:  "Cela vaut pour une personne dont les signalements sont reliés entre eux. Si trois signalements d’une même personne n’étaient pas reliés, ce nombre est d’au plus %s.",
		Regarding: "Période",
		months:    [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
		span:      "De %s à %s %d",
		caveats: []string{
			"Ce sont des signalements que nous avons reçus. Ils ne disent pas combien de fois une chose arrive.",
			"Les personnes qui ont signalé n’ont pas été tirées au sort, et beaucoup ne signalent pas : chaque nombre est un sous-compte.",
			"Un changement dans le temps peut être un changement de qui signale, de qui peut nous joindre ou de qui nous fait confiance.",
			"« Moins de 15 » n’est pas zéro. C’est peut-être aucune personne, et peut-être jusqu’à 14 ou un peu plus.",
			"Chaque nombre porte son propre bruit : les nombres ne s’additionnent pas en totaux et ne doivent être ni additionnés ni soustraits.",
		},
		top:     "%[1]s : %[3]s a été signalé par ou pour environ %[2]d personnes, probablement entre %[4]d et %[5]d.",
		topMore: "%[1]s : %[3]s ont chacun été signalés par ou pour environ %[2]d personnes, probablement entre %[4]d et %[5]d.",
		under:   "%[1]s : environ %[2]d personnes comptées sous %[3]s, probablement entre %[4]d et %[5]d.",
		quote:   "« %s »",
		none:    "%s : chaque nombre est inférieur à 15, peut-être nul.",
		and:     " et ",
	},
}

// PageLanguages are those that a release has a page and caveats in.
func PageLanguages() []string { return []string{"en", "fr"} }

// Caveats returns what every file of a release says beside the numbers.
func Caveats(lang string) []string { return words[lang].caveats }

// PeriodLabel puts a period into words of a page language.
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
	return fmt.Sprintf(w.span, w.months[first.Month()-1], w.months[last.Month()-1], first.Year())
}

// headline says the highest published number, in each page language: of the
// first table by group of acts, or else of the first with one dimension, or else
// of the first.
func headline(r Release) Labels {
	at := 0
	for i := len(r.Tables) - 1; i >= 0; i-- {
		if len(r.Tables[i].Dimensions) == 1 && (len(r.Tables[at].Dimensions) != 1 || r.Tables[at].Dimensions[0] != ActGroup || r.Tables[i].Dimensions[0] == ActGroup) {
			at = i
		}
	}
	t, best := r.Tables[at], 0
	for _, c := range t.Cells {
		if c.Value != nil {
			best = max(best, *c.Value)
		}
	}
	out := Labels{}
	for _, lang := range PageLanguages() {
		w, period := words[lang], PeriodLabel(lang, r.Programme.Every, r.Period)
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
		case len(names) == 0:
			out[lang] = fmt.Sprintf(w.none, period)
			continue
		case t.Dimensions[0] != ActGroup && t.Dimensions[0] != Act:
			form = w.under
		case len(names) == 1:
			form = w.top
		}
		out[lang] = fmt.Sprintf(form, period, best, strings.Join(names, w.and), best-Whisker, best+Whisker)
	}
	return out
}
