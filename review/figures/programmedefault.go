package figures

import (
	"fmt"
	"slices"

	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// NotKnown counts who gave no region, and a region that the programme does not list.
const NotKnown = "not-known"

// Default returns the programme that ships with the house, over the full code
// lists of an organisation: per half-year people by region (totals), by the main
// act's group (acts), and by service and outcome (services). first is the first
// period; planned is the people planned for the smallest cell (20 at least) and
// planning names the public figure they come from, in each page language.
func Default(cb *codebook.Codebook, r *roster.Roster, first string, decided Day, planned int, planning Labels) (Programme, error) {
	langs := slices.Sorted(slices.Values(cb.Languages))
	for _, l := range PageLanguages() {
		if !slices.Contains(langs, l) {
			return Programme{}, fmt.Errorf("making programme: %w: the codebook has no words in %q", ErrShape, l)
		}
	}
	each := func(text func(lang string) string) Labels {
		out := Labels{}
		for _, l := range langs {
			out[l] = text(l)
		}
		return out
	}
	own := func(en, fr string) Labels { // what isn't in the codebook is in the page languages only
		t := codebook.Text{"en": en, "fr": fr}
		return each(t.In)
	}
	list := func(id, from, rest string, labels Labels) Dimension {
		d := Dimension{ID: id, Labels: labels, Rest: rest}
		for _, code := range cb.Codes(from) {
			it, _ := cb.Item(from, code)
			d.Codes = append(d.Codes, Code{Code: code, Labels: each(it.Label.In)})
		}
		return d
	}
	notKnown := Code{Code: NotKnown, Labels: own("Not known", "Inconnu")}

	region := Dimension{ID: Region, Labels: own("Region", "Région"), Rest: NotKnown}
	for _, g := range r.Regions {
		if g.ID != NotKnown {
			region.Codes = append(region.Codes, Code{Code: g.ID, Labels: each(g.Labels.Label)})
		}
	}
	region.Codes = append(region.Codes, notKnown)

	group := list(ActGroup, codebook.Groups, "", own("What happened, as a group", "Ce qui s’est passé, par groupe"))
	if cb.Has(codebook.Groups, "other") {
		group.Rest = "other"
	}
	population := list(Population, "population", "", own("Population", "Population"))
	if cb.Has("population", "rather-not-say") {
		population.Rest = "rather-not-say"
	}
	p := Programme{
		V: 1, ID: "half-year", Version: 1, Every: HalfYearly, First: first, Decided: decided, Method: method, Languages: langs,
		Planning: each(codebook.Text(planning).In),
		Dimensions: []Dimension{region, group, population,
			list(Service, "service", "", own("Service", "Service")),
			list(Outcome, "outcome", "", own("Outcome", "Résultat"))},
		Populations: priority(cb.Codes("population")),
		Tables: []Table{
			{ID: "totals", Titles: own("People by region", "Personnes par région"), Unit: People, Dimensions: []string{Region}, Planned: planned},
			{ID: "acts", Titles: own("People by what happened to them", "Personnes selon ce qui leur est arrivé"), Unit: People, Dimensions: []string{ActGroup}, Planned: planned},
			{ID: "services", Titles: own("People by service and its outcome", "Personnes par service et son résultat"), Unit: People, Dimensions: []string{Service, Outcome}, Planned: planned},
		},
	}
	if err := p.check(); err != nil {
		return Programme{}, fmt.Errorf("making programme: %w", err)
	}
	return p, nil
}

// priority puts the narrower population before the wider one that contains it;
// otherwise the order of the codebook stands.
func priority(codes []string) []string {
	out := slices.Clone(codes)
	wide, narrow := slices.Index(out, "uses-drugs"), slices.Index(out, "injects-drugs")
	if wide >= 0 && narrow > wide {
		out = slices.Delete(out, narrow, narrow+1)
		out = slices.Insert(out, wide, "injects-drugs")
	}
	return out
}
