package ui

import "strings"

// ready are plain sentences for common answers, by language. They promise
// nothing that the desk can't keep, and name nobody.
var ready = map[string][]string{
	"en": {
		"We read your report. Thank you for telling us.",
		"Are you safe now? If not, tell us first what you need.",
		"We would like to know a little more. Tell us only what you want to tell.",
		"We do nothing further without your yes. Should we go on?",
		"We can look for a lawyer for you. If you want that, tell us how and when we may reach you.",
		"We are working on it. Look here again in a few days.",
		"We are closing your report now. If you write to us again with your words, we open it again.",
	},
	"fr": {
		"Nous avons lu votre signalement. Merci de nous l'avoir dit.",
		"Êtes-vous en sécurité maintenant ? Sinon, dites-nous d'abord ce qu'il vous faut.",
		"Nous aimerions en savoir un peu plus. Dites-nous seulement ce que vous voulez dire.",
		"Nous ne faisons rien de plus sans votre accord. Voulez-vous que nous continuions ?",
		"Nous pouvons chercher un avocat pour vous. Si vous le voulez, dites-nous comment et quand vous joindre.",
		"Nous y travaillons. Revenez voir ici dans quelques jours.",
		"Nous fermons votre signalement maintenant. Si vous nous écrivez à nouveau avec vos mots, nous le rouvrons.",
	},
}

// readySentences are those in the person's language, or in English, and the
// language they are in.
func readySentences(peer string) (sentences []string, spoken string) {
	if s, ok := ready[base(peer)]; ok {
		return s, base(peer)
	}
	return ready[lang], lang
}

// base is a language tag without its region.
func base(tag string) string {
	tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
	return tag
}

// languageName is a language's English name, or its tag.
func languageName(tag string) string {
	names := map[string]string{"ar": "Arabic", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi", "id": "Indonesian", "ka": "Georgian",
		"km": "Khmer", "my": "Burmese", "ne": "Nepali", "prs": "Dari", "pt": "Portuguese", "ru": "Russian", "sw": "Swahili", "th": "Thai", "uk": "Ukrainian", "vi": "Vietnamese"}
	if n, ok := names[base(tag)]; ok {
		return n
	}
	return tag
}
