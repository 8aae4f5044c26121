package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

var openCommand = command{
	name:  "open",
	short: "open one sealed report by hand",
	usage: `Usage: peerwitness open --key FILE --in REPORT [--by-hand] [--passphrase-file FILE]

Opens one sealed report with a person's intake keys, or with the recovery key,
and prints what is inside: JSON, or with --by-hand the plain text. It claims
nothing and tells nobody. On a terminal, characters that could steer it are
replaced.

  --key FILE              the key file of a person or of recovery
  --in FILE               the sealed report
  --by-hand               it was sealed with plain age, by hand: text is inside
  --passphrase-file FILE  take the passphrase from a file instead of asking

Example:
  peerwitness open --key nino/nino.key --in report.age
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		key, in, pass := fs.String("key", "", ""), fs.String("in", "", ""), fs.String("passphrase-file", "", "")
		byHand := fs.Bool("by-hand", false, "")
		return func(_ context.Context, e *env) error {
			if err := needed("open", "--key", *key, "--in", *in); err != nil {
				return err
			}
			if err := noArgs("open", e); err != nil {
				return err
			}
			b, err := readBounded(*in, vault.MaxReport)
			if err != nil {
				return fmt.Errorf("reading report: %w", err)
			}
			k, _, err := e.openKey(*key, *pass)
			if err != nil {
				return err
			}
			plain, err := openWith(k, b, *byHand)
			if err != nil {
				return err
			}
			if isTerminal(e.stdout) {
				plain = []byte(printable(string(plain)))
			}
			if _, err := e.stdout.Write(plain); err != nil {
				return fmt.Errorf("writing: %w", err)
			}
			return nil
		}
	},
}

// openWith tries all the identities of k that reports may be sealed to.
func openWith(k seal.KeyFile, report []byte, byHand bool) ([]byte, error) {
	ids, err := reportIdentities(k)
	if err != nil {
		return nil, err
	}
	if byHand {
		text, err := seal.OpenByHand(report, ids...)
		return text, openTrouble(err)
	}
	slots, _, err := vault.ParseHeader(report)
	if err != nil {
		return nil, openTrouble(fmt.Errorf("%w: %w", seal.ErrShape, err))
	}
	plain, err := seal.OpenReport(report, slots, ids...)
	if err != nil {
		return nil, openTrouble(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, plain, "", "  "); err != nil {
		return nil, fmt.Errorf("opening report: %w", seal.ErrContent)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func openTrouble(err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("opening report: %w", err)
	switch {
	case errors.Is(err, seal.ErrNotForUs):
		return hint(err, "another person's key opens it, or the recovery key")
	case errors.Is(err, seal.ErrShape):
		return hint(err, "a report sealed with plain age opens with --by-hand")
	}
	return err
}
