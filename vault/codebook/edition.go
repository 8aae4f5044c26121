package codebook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// phoneLists are the lists that a phone shows.
var phoneLists = []string{
	"teller", "asked", "perpetrator", "population", "gender", "age", "how_many", "ground", "consequence", "urgency", "need", "consent",
	"service", "outcome",
}

// WithCodes puts the codes that a phone shows, with their labels in one
// language, into the organisation's words in that language, as the member
// "codebook": a codebook of that language alone. So a phone fetches one file
// in place of the labels of every language, and the hash of that file in the
// roster vouches for both. The same input gives the same bytes.
//
// Words that have the member already, and words in a language that the
// codebook lacks (a phone then takes the whole codebook), come back as they
// are. ErrShape for words that are not a JSON object.
func WithCodes(c *Codebook, words []byte, lang string) ([]byte, error) {
	if err := checkJSON(words, maxWords); err != nil {
		return nil, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(words, &keys); err != nil || len(keys) == 0 {
		return nil, fmt.Errorf("%w: words are not an object", ErrShape)
	}
	if _, ok := keys["codebook"]; ok || !slices.Contains(c.Languages, lang) {
		return words, nil
	}
	codes, err := json.Marshal(c.edition(lang))
	if err != nil {
		return nil, fmt.Errorf("writing codes: %w", err)
	}
	trimmed := bytes.TrimRight(words, " \t\r\n") // ends in a brace: it is an object
	out := append(bytes.TrimRight(trimmed[:len(trimmed)-1], " \t\r\n"), `,"codebook":`...)
	return append(append(out, codes...), "}\n"...), nil
}

// edition is c in one language, with what a phone shows.
func (c *Codebook) edition(lang string) *Codebook {
	only := func(t Text) Text {
		if t == nil {
			return nil
		}
		return Text{lang: t.In(lang)}
	}
	out := &Codebook{Version: c.Version, Languages: []string{lang}, Lists: make(map[string][]Item)}
	for _, g := range c.Groups {
		h := Group{Code: g.Code, Icon: g.Icon, Label: only(g.Label), Help: only(g.Help)}
		for _, a := range g.Acts {
			h.Acts = append(h.Acts, Act{Code: a.Code, Label: only(a.Label), You: only(a.You), Them: only(a.Them), Help: only(a.Help)})
		}
		out.Groups = append(out.Groups, h)
	}
	for _, name := range phoneLists {
		for _, it := range c.Lists[name] {
			out.Lists[name] = append(out.Lists[name], Item{Code: it.Code, Icon: it.Icon, Label: only(it.Label), Help: only(it.Help), LabelUnder18: only(it.LabelUnder18), Peer: only(it.Peer)})
		}
	}
	return out
}
