package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"peerwitness/vault/codebook"
	"peerwitness/vault/seal"
)

// ours are the keys of a report that the tool writes itself.
var ours = []string{"v", "kind", "report", "desk", "made", "build", "flags", "thread", "roster", "attachments"}

// readAnswers reads the report that a person wrote, a JSON object with answers,
// contact, consent, lang and practice as PROTOCOL.md §4 has them, and returns
// it without white space between tokens. Codes that the codebook does not have
// are refused: a mistyped one would vanish from every figure. cb may be nil.
// Keys that stand twice and the like are found when the whole report is checked.
func readAnswers(b []byte, cb *codebook.Codebook) (json.RawMessage, error) {
	var compact bytes.Buffer
	var m map[string]json.RawMessage
	if json.Compact(&compact, b) != nil || json.Unmarshal(b, &m) != nil || m == nil {
		return nil, errors.New("it must be one JSON object")
	}
	for k := range m {
		if slices.Contains(ours, strings.ToLower(k)) {
			return nil, fmt.Errorf("%q is written by the tool; leave it out", printable(k))
		}
	}
	var a struct {
		Answers seal.Answers
		Consent []string
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, errors.New("an answer is of another kind than PROTOCOL.md gives")
	}
	if _, ok := m["answers"]; !ok {
		return nil, errors.New(`it has no "answers"`)
	}
	if cb == nil {
		return compact.Bytes(), nil
	}
	one := func(s string) []string {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	for _, x := range []struct {
		list  string
		codes []string
	}{
		{codebook.Groups, a.Answers.Groups}, {codebook.Acts, a.Answers.Acts}, {"perpetrator", a.Answers.Who},
		{"teller", one(a.Answers.Teller)}, {"asked", one(a.Answers.Asked)}, {"population", a.Answers.Affected.Populations},
		{"gender", one(a.Answers.Affected.Gender)}, {"age", one(a.Answers.Affected.Age)}, {"how_many", one(a.Answers.Affected.HowMany)},
		{"ground", a.Answers.Grounds}, {"consequence", a.Answers.Consequences}, {"urgency", one(a.Answers.Urgency)},
		{"need", a.Answers.Need}, {"consent", a.Consent},
	} {
		for _, code := range x.codes {
			if !cb.Has(x.list, code) && !(x.list == "gender") {
				return nil, fmt.Errorf("the codebook's list %q has no code %q", x.list, printable(code))
			}
		}
	}
	return compact.Bytes(), nil
}

// join puts the fields that the tool writes before those of the person, as
// text, so that none of hers is changed and a key of both is found as double.
func join(fields map[string]any, answers json.RawMessage) ([]byte, error) {
	own, err := encodeJSON(fields)
	if err != nil {
		return nil, err
	}
	out := append(own[:len(own)-1], ',')
	return append(out, answers[1:]...), nil
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, errors.New("writing report: it can't be encoded")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
