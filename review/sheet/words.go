package sheet

import (
	"strconv"
	"strings"
	"sync"

	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// lexicon knows what words of cells stand for: codes, their labels in the
// languages at hand, and what programmes write instead.
type lexicon struct {
	book    *codebook.Codebook
	codes   map[string]map[string]string // list → folded word → code
	regions map[string]string            // folded name → region, or region/part
	desks   map[string]string
}

// russian has the labels of the draft translation: enough to recognise a word by,
// and what it was recognised as is shown.
var russian = sync.OnceValue(func() *codebook.Codebook {
	own, err := codebook.Parse(codebook.Default())
	if err != nil {
		panic(err) // it is part of the program
	}
	b, _, err := codebook.Draft(own, "ru")
	if err != nil {
		return nil
	}
	t, err := codebook.ParseDraft(b, "ru")
	if err != nil {
		return nil
	}
	return t.Codebook
})

func newLexicon(book *codebook.Codebook, r *roster.Roster) *lexicon {
	x := &lexicon{book: book, codes: map[string]map[string]string{}, regions: map[string]string{}, desks: map[string]string{}}
	for _, f := range fields {
		if f.List == "" {
			continue
		}
		known := map[string]string{}
		for word, code := range synonyms[f.List] {
			if book.Has(f.List, code) {
				known[fold(word)] = code
			}
		}
		for _, code := range book.Codes(f.List) {
			it, _ := book.Item(f.List, code)
			for _, label := range it.Label {
				known[fold(label)] = code
			}
			if ru := russian(); ru != nil && ru.Has(f.List, code) {
				known[fold(ru.Label("ru", f.List, code))] = code
			}
		}
		for _, code := range book.Codes(f.List) {
			known[fold(code)] = code // a code is itself, whatever else is called so
		}
		x.codes[f.List] = known
	}
	if r == nil {
		return x
	}
	twice := map[string]bool{}
	for _, g := range r.Regions {
		x.regions[fold(g.ID)] = g.ID
		for _, l := range g.Labels {
			x.regions[fold(l)] = g.ID
		}
		for _, p := range g.Parts {
			at := g.ID + "/" + p.ID
			x.regions[fold(at)] = at
			names := []string{p.ID}
			for _, l := range p.Labels {
				names = append(names, l)
			}
			for _, n := range names {
				if old, ok := x.regions[fold(n)]; ok && old != at {
					twice[fold(n)] = !isRegion(r, old)
				} else {
					x.regions[fold(n)] = at
				}
			}
		}
	}
	for n, two := range twice {
		if two { // parts of two regions are called so
			delete(x.regions, n)
		}
	}
	for _, d := range r.Desks {
		x.desks[fold(d.ID)] = d.ID
		for _, l := range d.Labels {
			x.desks[fold(l)] = d.ID
		}
	}
	return x
}

func isRegion(r *roster.Roster, id string) bool {
	_, ok := r.Region(id)
	return ok
}

// code is what one word stands for; says is false when it is known and says
// nothing, such as "n/a".
func (x *lexicon) code(f Field, c Column, word string) (code string, says, known bool) {
	if code, ok := c.Means(word); ok {
		return code, code != "", code == "" || x.has(f, code)
	}
	w := fold(word)
	if w == "" || nothing[w] {
		return "", false, true
	}
	switch f.Name {
	case fieldRegion:
		code, known = x.regions[w]
	case fieldDesk:
		code, known = x.desks[w]
	default:
		code, known = x.codes[f.List][w]
	}
	if !known {
		switch f.Name {
		case fieldAge:
			code, known = ageOf(w)
		case fieldHowMany:
			code, known = howManyOf(w)
		}
		known = known && x.has(f, code)
	}
	if !known && f.Many && no[w] {
		return "", false, true
	}
	return code, known, known
}

// has reports whether a code, of a mapping that may be old, is there now.
func (x *lexicon) has(f Field, code string) bool {
	switch f.Name {
	case fieldRegion:
		return x.regions[fold(code)] == code
	case fieldDesk:
		return x.desks[fold(code)] == code
	}
	return x.book.Has(f.List, code)
}

// read takes a cell apart, where its field takes several codes: by semicolons
// and lines, then by commas, then, as KoboToolbox and ODK write what was chosen,
// by spaces if all of the words are known.
func (x *lexicon) read(f Field, c Column, cell string) (codes, unknown []string) {
	take := func(s string) bool {
		code, says, known := x.code(f, c, s)
		if says && known {
			codes = append(codes, code)
		}
		return known
	}
	if take(cell) {
		return codes, nil
	}
	if !f.Many {
		return nil, []string{cell}
	}
	for _, part := range strings.FieldsFunc(cell, func(r rune) bool { return r == ';' || r == '\n' || r == '|' }) {
		if take(part) {
			continue
		}
		for _, piece := range strings.Split(part, ",") {
			if take(piece) {
				continue
			}
			words := strings.Fields(piece)
			all := len(words) > 1
			for _, w := range words {
				_, _, known := x.code(f, c, w)
				all = all && known
			}
			if !all {
				unknown = append(unknown, strings.TrimSpace(piece))
				continue
			}
			for _, w := range words {
				take(w)
			}
		}
	}
	return codes, unknown
}

func leading(w string) (int, bool) {
	end := 0
	for end < len(w) && end < 6 && w[end] >= '0' && w[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(w[:end])
	rest := strings.TrimSpace(w[end:])
	for _, unit := range []string{"", "years", "years old", "y", "yo", "ans", "an", "лет", "год", "года", "people", "persons", "personnes", "человек", "чел"} {
		if err == nil && rest == unit {
			return n, true
		}
	}
	return 0, false
}

func ageOf(w string) (string, bool) {
	n, ok := leading(w)
	switch {
	case !ok || n > 120:
		return "", false
	case n < 15:
		return "under-15", true
	case n < 18:
		return "15-17", true
	case n < 25:
		return "18-24", true
	case n < 35:
		return "25-34", true
	case n < 50:
		return "35-49", true
	}
	return "50-plus", true
}

func howManyOf(w string) (string, bool) {
	n, ok := leading(w)
	switch {
	case !ok || n < 1:
		return "", false
	case n == 1:
		return "1", true
	case n < 5:
		return "2-4", true
	case n < 10:
		return "5-9", true
	}
	return "10-plus", true
}

// nothing are words that say nothing wherever they stand, and no those that
// say so of a question with several answers.
var (
	nothing = set("n/a", "na", "-", "--", "—", "нет данных", "н/д", "нд", "s/o", "nr", "null", "nan")
	no      = set("0", "no", "false", "none", "non", "faux", "aucun", "aucune", "нет", "ложь", "falsch")
)

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// synonyms are what programmes' forms write for a code, besides its labels.
var synonyms = map[string]map[string]string{
	"gender": {
		"f": "woman", "female": "woman", "femme": "woman", "féminin": "woman", "ж": "woman", "жен": "woman", "женский": "woman", "женщина": "woman",
		"m": "man", "male": "man", "homme": "man", "masculin": "man", "м": "man", "муж": "man", "мужской": "man", "мужчина": "man",
		"nonbinary": "non-binary", "enby": "non-binary",
	},
	"asked":  {"oui": "yes", "да": "yes", "no": "no", "non": "no", "нет": "no"},
	"teller": {"victim": "affected", "self": "affected", "client": "affected", "victime": "affected", "пострадавший": "affected", "témoin": "witness", "свидетель": "witness", "outreach-worker": "peer-worker-for-someone", "peer": "peer-worker-for-someone", "reactor": "staff", "employee": "staff", "сотрудник": "staff"},
	"urgency": {
		"high": "danger-now", "emergency": "danger-now", "in custody": "in-custody-now", "detained": "in-custody-now",
		"low": "not-urgent", "no": "not-urgent", "normal": "not-urgent", "нет": "not-urgent", "non": "not-urgent",
	},
	"perpetrator": {
		"police officer": "police", "police officers": "police", "law enforcement": "police", "policier": "police", "policiers": "police", "полиция": "police", "милиция": "police", "сотрудник полиции": "police",
		"doctor": "health-worker", "nurse": "health-worker", "medical staff": "health-worker", "médecin": "health-worker", "врач": "health-worker", "медработник": "health-worker", "медицинский работник": "health-worker",
		"boss": "employer", "работодатель": "employer", "spouse": "partner", "husband": "partner", "wife": "partner", "муж": "partner", "жена": "partner", "neighbour": "community-member", "neighbor": "community-member", "сосед": "community-member",
		"client": "client-of-sex-worker", "клиент": "client-of-sex-worker", "prison guard": "prison-staff", "guard": "private-security", "unknown person": "unknown", "неизвестно": "unknown",
	},
	"population": {
		"pwud": "uses-drugs", "pud": "uses-drugs", "лун": "uses-drugs", "pwid": "injects-drugs", "idu": "injects-drugs", "лиин": "injects-drugs", "лин": "injects-drugs", "sw": "sex-worker", "fsw": "sex-worker", "ср": "sex-worker", "рс": "sex-worker",
		"msm": "gay-or-bisexual-man", "мсм": "gay-or-bisexual-man", "hsh": "gay-or-bisexual-man", "tg": "trans", "transgender": "trans", "plhiv": "living-with-hiv", "pvvih": "living-with-hiv", "лжв": "living-with-hiv", "oat": "on-oat", "ost": "on-oat", "озт": "on-oat", "зпт": "on-oat", "prisoner": "in-prison", "migrant": "migrant-or-refugee", "refugee": "migrant-or-refugee",
	},
	"need":   {"lawyer": "legal-advice", "avocat": "legal-advice", "консультация юриста": "legal-advice", "юрист": "legal-advice", "психолог": "psychosocial", "psychologist": "psychosocial", "psychologue": "psychosocial", "shelter": "safe-place", "шелтер": "safe-place", "doctor": "medical-care", "врач": "medical-care", "médecin": "medical-care"},
	"ground": {"drug use": "drug-use", "hiv": "hiv-or-health", "hiv status": "hiv-or-health", "sex work": "sex-work", "употребление наркотиков": "drug-use", "статус вич": "hiv-or-health", "вич": "hiv-or-health"},
	codebook.Acts: {
		"угроза": "threat", "menace": "threat", "beating": "physical-violence", "beaten": "physical-violence", "избиение": "physical-violence", "coups": "physical-violence", "bribe": "extortion", "racket": "extortion", "вымогательство": "extortion", "search": "stop-search", "обыск": "stop-search", "fouille": "stop-search",
		"detention without reason": "detention", "задержание": "arrest", "refusal of medical care": "refusal-of-treatment", "denial of treatment": "refusal-of-treatment", "отказ в лечении": "refusal-of-treatment", "refus de soins": "refusal-of-treatment", "отказ в медицинской помощи": "refusal-of-treatment", "disclosure": "breach-of-confidentiality", "disclosure of status": "breach-of-confidentiality", "разглашение статуса": "breach-of-confidentiality", "insults": "verbal-abuse", "оскорбление": "verbal-abuse",
	},
}
