package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

//go:embed demo/tales.json
var talesJSON []byte

// parts are what the year's stories are put together from. Places are named
// apart from the sentence, so that no language's grammar is hurt.
type parts struct {
	Lead   map[string]string // says that it is practice
	At     map[string]string // says that the place is invented
	Places []struct {
		Region, Part string
		Names        map[string]string
	}
	Scenes   []scene
	More     map[string][]string
	Answers  map[string][]string
	Messages map[string][]string
}

// scene is one kind of thing that happens, with how often it does.
type scene struct {
	Act           string
	Also, Who     []string
	Desk          string
	Weight        int
	Urgency, Need string
	Say           map[string]string
}

func readParts() (*parts, error) {
	p := &parts{}
	dec := json.NewDecoder(bytes.NewReader(talesJSON))
	dec.DisallowUnknownFields()
	if err := dec.Decode(p); err != nil {
		return nil, fmt.Errorf("reading parts of stories: %w", err)
	}
	return p, nil
}

// tale is one report of the demo's year, what the desk makes of it, and when.
// Days are numbered from the first of the year; -1 is never.
type tale struct {
	practice
	scene scene
	day   int
	hand  int // which advocate works the case
	take  int
	close int
	// How the case ends, which services were given, and on what it rests.
	reason, verified string
	services         []served
	answer           string // "" for none
	answered         int
	said             message // what the person sends later
	told             int     // day on which she takes count-me back by mouth
	before           int     // an earlier tale of the same person
	name             string  // her working name, where she came twice
}

// served is a service and how it came out in the end.
type served struct{ code, outcome string }

// message is what a person sends with her receipt. day is -1 for none.
type message struct {
	day      int
	text     string
	withdraw []string
}

// dice makes the same choices each time.
type dice struct{ *rand.Rand }

func (d dice) odds(percent float64) bool { return d.Float64()*100 < percent }

func one[T any](d dice, list ...T) T { return list[d.IntN(len(list))] }

// weighted chooses among items by their weights.
func weighted[T any](d dice, items []T, weight func(T) int) T {
	sum := 0
	for _, it := range items {
		sum += weight(it)
	}
	n := d.IntN(sum)
	for _, it := range items {
		if n -= weight(it); n < 0 {
			return it
		}
	}
	panic("weights are not positive")
}

type share struct {
	code   string
	weight int
}

func (d dice) code(shares []share) string {
	return weighted(d, shares, func(s share) int { return s.weight }).code
}

// How often what is answered, as a programme like this one might see it.
var (
	langShares     = []share{{"en", 34}, {"fr", 24}, {"es", 16}, {"ru", 14}, {"sw", 12}}
	tellerShares   = []share{{"affected", 72}, {"peer-worker-for-someone", 18}, {"witness", 10}}
	genderShares   = []share{{"woman", 43}, {"man", 48}, {"non-binary", 4}, {"rather-not-say", 5}}
	ageShares      = []share{{"15-17", 1}, {"18-24", 18}, {"25-34", 38}, {"35-49", 32}, {"50-plus", 6}, {"not-known", 5}}
	groundShares   = []share{{"drug-use", 46}, {"sex-work", 20}, {"hiv-or-health", 12}, {"migration", 7}, {"gender-identity", 5}, {"ethnicity", 5}, {"not-sure", 5}}
	serviceShares  = []share{{"legal-primary", 40}, {"psychosocial", 14}, {"medical-social", 12}, {"referral", 12}, {"accompaniment", 9}, {"legal-secondary", 6}, {"emergency-fund", 4}, {"naloxone-or-supplies-replaced", 3}}
	outcomeShares  = []share{{"full", 44}, {"partial", 28}, {"failed", 12}, {"declined", 8}, {"pending", 8}}
	closeShares    = []share{{"resolved", 40}, {"partly-resolved", 26}, {"unresolved", 20}, {"lost-contact", 10}, {"out-of-scope", 2}, {"duplicate", 2}}
	verifiedShares = []share{{"single-account", 70}, {"corroborated", 20}, {"documented", 10}}
	effectShares   = []share{{"none-known", 40}, {"fear-of-services", 25}, {"treatment-interrupted", 12}, {"unsafe-injecting", 8}, {"lost-job", 6}, {"lost-home", 5}, {"injured", 4}}
	// By what someone was targeted for, who she is.
	groundPeople = map[string][]string{
		"drug-use": {"uses-drugs", "injects-drugs", "on-oat"}, "sex-work": {"sex-worker"}, "hiv-or-health": {"living-with-hiv", "living-with-hepatitis"},
		"migration": {"migrant-or-refugee"}, "gender-identity": {"trans"}, "ethnicity": {"ethnic-minority-or-indigenous"}, "not-sure": {"uses-drugs", "none-of-these"},
	}
)

// write makes what a person tells of a scene.
func (p *parts) write(d dice, s scene) practice {
	lang, place := d.code(langShares), one(d, p.Places...)
	story := []string{p.Lead[lang], s.Say[lang], p.At[lang] + " " + place.Names[lang] + ".", one(d, p.More[lang]...)}
	ground := d.code(groundShares)
	answers := map[string]any{
		"acts": append([]string{s.Act}, sometimes(d, s.Also)...), "who": []string{one(d, s.Who...)}, "teller": d.code(tellerShares), "asked": "yes",
		"where":    map[string]any{"region": place.Region, "part": place.Part, "place": place.Names[lang]},
		"affected": map[string]any{"populations": []string{one(d, groundPeople[ground]...)}, "gender": d.code(genderShares), "age": d.code(ageShares), "how_many": "1"},
		"grounds":  []string{ground}, "consequences": []string{d.code(effectShares)}, "urgency": s.Urgency, "need": []string{s.Need},
		"story": strings.TrimSpace(strings.Join(story, " ")),
	}
	out := practice{Desk: s.Desk, Lang: lang, Answers: answers, DaysAgo: d.IntN(3), Counted: true}
	for _, c := range []struct {
		code    string
		percent float64
	}{{"legal-help", 84}, {"count-me", 90}, {"alert-peers", 30}, {"share-with-partners", 16}, {"publish-story", 6}, {"complaint", 12}} {
		if d.odds(c.percent) {
			out.Consent = append(out.Consent, c.code)
		}
	}
	return out
}

// sometimes keeps each of a list's codes in one case out of three.
func sometimes(d dice, codes []string) []string {
	return slices.DeleteFunc(slices.Clone(codes), func(string) bool { return !d.odds(33) })
}
