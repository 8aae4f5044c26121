package main

import (
	"regexp"
	"strings"

	"peerwitness/vault/roster"
)

var nextLabel = regexp.MustCompile(`:([a-z]{2,3}(?:-[a-z0-9]{2,8})*)=`)

// labelled reads ID=Label in English[:LANG=Label]….
func labelled(name, spec string) (string, roster.Labels, error) {
	id, rest, ok := strings.Cut(spec, "=")
	if !ok || id == "" || rest == "" {
		return "", nil, misuse("roster new", "%s %q: write ID=LABEL", name, spec)
	}
	labels := make(roster.Labels)
	lang := "en"
	for {
		at := nextLabel.FindStringSubmatchIndex(rest)
		label := rest
		if at != nil {
			label = rest[:at[0]]
		}
		if _, twice := labels[lang]; twice {
			return "", nil, misuse("roster new", "%s %q: two labels in %q", name, spec, lang)
		}
		labels[lang] = label
		if at == nil {
			return id, labels, nil
		}
		lang, rest = rest[at[2]:at[3]], rest[at[1]:]
	}
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
