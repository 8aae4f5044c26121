package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

var rosterSign = command{
	name:  "roster sign",
	short: "add a root key's signature to a roster",
	usage: `Usage: peerwitness roster sign --key ROOTKEY [--key ROOTKEY]... [--passphrase-file FILE]... ROSTER

Adds signatures to the roster in ROSTER, in place: the file is the old one or
the new one, whole. Read it first: peerwitness roster show ROSTER. Sign on a
computer that is offline, one holder after the other.

  --key FILE              a root key
  --passphrase-file FILE  take its passphrase from a file instead of asking; give
                          it as often as --key, in the same order

Example:
  peerwitness roster sign --key stick-a/root.key roster.txt
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		var keys, pass repeated
		fs.Var(&keys, "key", "")
		fs.Var(&pass, "passphrase-file", "")
		return func(_ context.Context, e *env) error {
			if err := needed("roster sign", "--key", keys.String()); err != nil {
				return err
			}
			if len(e.args) != 1 {
				return misuse("roster sign", "name one roster file after the flags")
			}
			if len(pass) != 0 && len(pass) != len(keys) {
				return misuse("roster sign", "%d passphrase files for %d keys", len(pass), len(keys))
			}
			return signRoster(e, e.args[0], keys, pass)
		}
	},
}

func signRoster(e *env, file string, keys, pass []string) error {
	b, err := readBounded(file, vault.MaxNote)
	if err != nil {
		return fmt.Errorf("reading roster: %w", err)
	}
	for i, name := range keys {
		passFile := ""
		if len(pass) > 0 {
			passFile = pass[i]
		}
		k, _, err := e.openKey(name, passFile)
		if err != nil {
			return err
		}
		if k.Kind != seal.KindRoot {
			return hint(fmt.Errorf("%s is a %s key, not a root key", name, k.Kind), "make one with `peerwitness keygen root`")
		}
		if b, err = roster.Sign(b, k.Signer); err != nil {
			return err
		}
	}
	d, err := readDraft(b)
	if err != nil {
		return err
	}
	if err := replace(file, b); err != nil {
		return fmt.Errorf("writing roster: %w", err)
	}
	fmt.Fprintf(e.stdout, "signed by %s\n", strings.Join(d.signed, ", "))
	if n := d.missing(); n > 0 {
		e.say("%d more of its root keys must sign it.", n)
	}
	return nil
}

var rosterShow = command{
	name:  "roster show",
	short: "say in words what a roster holds and who signed it",
	usage: `Usage: peerwitness roster show ROSTER

Says what a roster holds, which root keys signed it, what is missing, and the
fingerprint of its root keys. Compare the fingerprint with the one that you
have from elsewhere, on paper or by voice.

Example:
  peerwitness roster show roster.txt
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		return func(_ context.Context, e *env) error {
			if len(e.args) != 1 {
				return misuse("roster show", "name one roster file")
			}
			b, err := readBounded(e.args[0], vault.MaxNote)
			if err != nil {
				return fmt.Errorf("reading roster: %w", err)
			}
			d, err := readDraft(b)
			if err != nil {
				return err
			}
			return d.show(e)
		}
	},
}

// draft is a roster with any number of signatures, none included.
type draft struct {
	*roster.Roster
	note   []byte
	signed []string // names of the roots that signed, in the roster's order
	keys   int      // distinct public keys among them
}

// readDraft reads a roster that may still lack signatures. A reader of rosters
// uses package roster, which takes whole ones only.
func readDraft(b []byte) (draft, error) {
	text := b
	if i := bytes.Index(b, []byte("\n\n")); i >= 0 {
		text = b[:i+1]
	}
	_, line, ok := bytes.Cut(text, []byte("\n"))
	var r roster.Roster
	if !ok || json.Unmarshal(line, &r) != nil {
		return draft{}, hint(fmt.Errorf("reading roster: %w", roster.ErrShape), "make one with `peerwitness roster new`")
	}
	// Composing checks the whole shape; unknown keys would make it differ.
	if again, err := roster.Compose(&r); err != nil || !bytes.Equal(again, text) {
		if _, err := roster.Parse(b); err == nil {
			return draft{Roster: &r, note: b, signed: names(b, r.Roots), keys: r.Threshold}, nil
		}
		return draft{}, fmt.Errorf("reading roster: %w", roster.ErrShape)
	}
	d := draft{Roster: &r, note: b, signed: names(b, r.Roots)}
	seen := make(map[string]bool)
	for _, root := range r.Roots {
		name, rest, _ := strings.Cut(root, "+")
		_, key, _ := strings.Cut(rest, "+")
		if slices.Contains(d.signed, name) {
			seen[key] = true
		}
	}
	d.keys = len(seen)
	if _, err := roster.Parse(b); err != nil && errors.Is(err, roster.ErrSignatures) {
		return draft{}, err
	}
	return d, nil
}

// names returns which of the roots have a good signature under the note.
func names(b []byte, roots []string) []string {
	var list []note.Verifier
	for _, s := range roots {
		if v, err := note.NewVerifier(s); err == nil {
			list = append(list, v)
		}
	}
	n, err := note.Open(b, note.VerifierList(list...))
	if err != nil {
		return nil
	}
	var out []string
	for _, v := range list {
		if slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == v.Name() && s.Hash == v.KeyHash() }) {
			out = append(out, v.Name())
		}
	}
	return out
}

func (d draft) missing() int { return max(0, d.Threshold-d.keys) }

func (d draft) show(e *env) error {
	w := e.stdout
	fmt.Fprintf(w, "%s, version %d, from %s to %s\n", printable(d.Organisation), d.Version, d.Issued, d.Expires)
	if d.Expired(e.now()) {
		fmt.Fprintf(w, "EXPIRED: nobody adopts it any more\n")
	}
	fmt.Fprintf(w, "root fingerprint  %s\n", d.Fingerprint())
	for _, lang := range []string{"en", "fr", "es", "pt"} {
		if words, err := seal.RootWords(d.Fingerprint(), lang); err == nil {
			fmt.Fprintf(w, "  in words, %s    %s\n", lang, strings.Join(words, " "))
		}
	}
	fmt.Fprintf(w, "follows           %s\n", or(d.Former, "nothing: it is the first"))
	fmt.Fprintf(w, "codebook          %s\n", d.Codebook)
	fmt.Fprintf(w, "words in          %s\n", or(strings.Join(slices.Sorted(maps.Keys(d.Texts)), ", "), "no language"))
	for _, desk := range d.Desks {
		fmt.Fprintf(w, "\ndesk %s, %s, %d slots\n", desk.ID, printable(desk.Label("en")), desk.Slots)
		for _, id := range desk.People {
			if p, ok := d.Person(id); ok {
				fmt.Fprintf(w, "  opens its reports: %s (%s)\n", printable(p.Name), id)
			}
		}
	}
	fmt.Fprintln(w)
	for _, p := range d.People {
		fmt.Fprintf(w, "person %s  %s: %s\n", p.ID, printable(p.Name), strings.Join(p.Roles, ", "))
	}
	for _, g := range d.Regions {
		fmt.Fprintf(w, "region %s, %s, %d parts\n", g.ID, printable(g.Label("en")), len(g.Parts))
	}
	fmt.Fprintf(w, "\nsignatures: %d of the %d needed, of %d root keys\n", min(d.keys, d.Threshold), d.Threshold, len(d.Roots))
	showRoots(w, d)
	if n := d.missing(); n > 0 {
		fmt.Fprintf(w, "MISSING: %d more; until then nobody takes it\n", n)
		return nil
	}
	fmt.Fprintf(w, "complete; its hash is %s\n", vault.Sum(d.note))
	return nil
}

func showRoots(w io.Writer, d draft) {
	for _, root := range d.Roots {
		name, _, _ := strings.Cut(root, "+")
		state := "not yet"
		if slices.Contains(d.signed, name) {
			state = "signed"
		}
		fmt.Fprintf(w, "  %-20s %s\n", name, state)
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
