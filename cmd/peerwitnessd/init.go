package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

var initCommand = command{
	name:  "init",
	short: "make a store and put the organisation's signed roster into it",
	usage: `peerwitnessd init --store DIR --roster FILE [--codebook FILE] [--text LANG=FILE]... [--audio FILE]...
         [--root FINGERPRINT]

Makes a store in DIR and puts the signed roster into it, with the codebook and
the texts that the roster names. Those that ship with the program need no flag.
On a store that has a roster it adopts a newer one that follows from it.

  --store DIR         where everything is kept; made if it is not there
  --roster FILE       the signed roster
  --codebook FILE     the codebook that the roster names, if it is not the one built in
  --text LANG=FILE    the organisation's words in a language, if not the built-in ones; repeat for each
  --audio FILE        a recording that a text names; repeat for each
  --root FINGERPRINT  refuse a roster of other root keys than these

Example:
  peerwitnessd init --store /var/lib/peerwitness --roster roster.note
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		dir := fs.String("store", "", "")
		file := fs.String("roster", "", "")
		book := fs.String("codebook", "", "")
		root := fs.String("root", "", "")
		texts := map[string]string{}
		fs.Func("text", "", func(v string) error {
			lang, path, ok := strings.Cut(v, "=")
			if !ok || lang == "" || path == "" {
				return errors.New("it takes LANG=FILE")
			}
			texts[lang] = path
			return nil
		})
		var sounds []string
		fs.Func("audio", "", func(v string) error {
			sounds = append(sounds, v)
			return nil
		})
		return func(ctx context.Context, e *env) error {
			switch {
			case len(e.args) > 0:
				return misuse("init", "%q belongs to no flag", e.args[0])
			case *dir == "" || *file == "":
				return misuse("init", "--store and --roster are needed")
			}
			return initStore(ctx, e, *dir, *file, *root, *book, texts, sounds)
		}
	},
}

// initStore reads and judges everything before it makes anything.
func initStore(ctx context.Context, e *env, dir, file, root, book string, textFiles map[string]string, sounds []string) (err error) {
	note, err := readFile(file, vault.MaxNote)
	if err != nil {
		return fmt.Errorf("reading roster: %w", err)
	}
	next, err := roster.Parse(note)
	if err != nil {
		return hint(err, "the file must be the note with enough signatures: see `peerwitness roster sign`")
	}
	if root != "" && root != next.Fingerprint() {
		return fmt.Errorf("reading roster: %w", roster.ErrRoot)
	}
	documents, err := documentsOf(next, book, textFiles)
	if err != nil {
		return err
	}
	for _, path := range sounds {
		b, err := readFile(path, vault.MaxDocument)
		if err != nil {
			return fmt.Errorf("reading recording: %w", err)
		}
		documents = append(documents, b)
	}
	store, err := vault.OpenBolt(dir, e.clock)
	if errors.Is(err, vault.ErrLocked) {
		return hint(err, "stop the server first; a lead can publish a roster while it runs")
	}
	if err != nil {
		return err
	}
	defer closing(store, &err)
	var held *roster.Roster
	if _, b, err := store.Roster(ctx); err == nil {
		if held, err = roster.Parse(b); err != nil {
			return fmt.Errorf("reading the store's roster: %w", err)
		}
	} else if !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	r, err := roster.Adopt(held, note, root, e.clock())
	if err != nil {
		return err
	}
	for _, b := range documents {
		if _, err := store.PutDocument(ctx, b); err != nil {
			return err
		}
	}
	if err := access.HoldsDocuments(ctx, store, r); err != nil {
		return err
	}
	if err := store.PutRoster(ctx, "", r.Version, note); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "store: %s\nroster: %s, version %d, good until %s\nroot: %s\n",
		dir, printable(r.Organisation), r.Version, r.Expires, r.Fingerprint())
	return nil
}

// documentsOf returns the files that the roster names: those given, or the
// built-in ones when their hash is the one named.
func documentsOf(r *roster.Roster, book string, textFiles map[string]string) ([][]byte, error) {
	for lang := range textFiles {
		if r.Texts[lang] == "" {
			return nil, fmt.Errorf("the roster names no text in %q", lang)
		}
	}
	builtin := codebook.OwnWords()
	b, err := document("codebook", r.Codebook, book, codebook.Default(), "--codebook FILE", nil)
	if err != nil {
		return nil, err
	}
	codes, err := codebook.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("reading codebook: %w", err)
	}
	out := [][]byte{b}
	for _, lang := range slices.Sorted(maps.Keys(r.Texts)) {
		b, err := document("text "+lang, r.Texts[lang], textFiles[lang], builtin[lang], "--text "+lang+"=FILE", func(b []byte) ([]byte, error) {
			return codebook.WithCodes(codes, b, lang) // as `peerwitness roster new` did
		})
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// document reads a file, or takes the built-in one, and has it made into what
// the roster names if it is not that already.
func document(what, hash, path string, b []byte, flag string, made func([]byte) ([]byte, error)) ([]byte, error) {
	from := "the built-in " + what
	if path != "" {
		var err error
		if b, err = readFile(path, vault.MaxDocument); err != nil {
			return nil, fmt.Errorf("reading %s: %w", what, err)
		}
		from = path
	}
	if made != nil && vault.Sum(b).String() != hash {
		var err error
		if b, err = made(b); err != nil {
			return nil, fmt.Errorf("reading %s: %w", from, err)
		}
	}
	if vault.Sum(b).String() != hash {
		return nil, hint(fmt.Errorf("%s is not the %s that the roster names", from, what), "give the file with %s", flag)
	}
	return b, nil
}

// readFile reads a file that may not be longer than limit.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s is longer than %d bytes", path, limit)
	}
	return b, err
}

var checkCommand = command{
	name:  "check",
	short: "verify everything in a store",
	usage: `peerwitnessd check --store DIR

Verifies the whole store: every hash, the feed's chain, every journal and file.
The server must not be running.

  --store DIR  the store

Example:
  peerwitnessd check --store /var/lib/peerwitness
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		dir := fs.String("store", "", "")
		return func(ctx context.Context, e *env) (err error) {
			switch {
			case len(e.args) > 0:
				return misuse("check", "%q belongs to no flag", e.args[0])
			case *dir == "":
				return misuse("check", "--store is needed")
			}
			store, err := openStore(*dir, e.clock)
			if err != nil {
				return err
			}
			defer closing(store, &err)
			if err := store.Check(ctx); err != nil {
				return hint(err, "restore a backup, or ask the workstations: each holds a copy of the feed")
			}
			head, err := store.FeedHead(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "sound: %d entries, head %s\n", head.Pos, head.Hash)
			return printRestoration(ctx, e, store)
		}
	},
}
