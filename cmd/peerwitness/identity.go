package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"peerwitness/vault/seal"
)

var identityCommand = command{
	name:  "identity",
	short: "write a key file's identities for plain age",
	usage: `Usage: peerwitness identity --key FILE --out FILE [--passphrase-file FILE]

Writes the identities that open reports to a file that plain age reads
(age -d -i FILE report.age), so that nothing depends on this program alone.
The file is NOT sealed: whoever has it opens every report to that person until
her keys change. Keep it on a machine without a network, and delete it after.

  --key FILE              the key file of a person or of recovery
  --out FILE              the identity file to write; it must not exist
  --passphrase-file FILE  take the passphrase from a file instead of asking

Example:
  peerwitness identity --key nino/nino.key --out identity.txt
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		key, out, pass := fs.String("key", "", ""), fs.String("out", "", ""), fs.String("passphrase-file", "", "")
		return func(_ context.Context, e *env) error {
			if err := needed("identity", "--key", *key, "--out", *out); err != nil {
				return err
			}
			if err := noArgs("identity", e); err != nil {
				return err
			}
			if err := absent(*out); err != nil {
				return err
			}
			k, _, err := e.openKey(*key, *pass)
			if err != nil {
				return err
			}
			ids, err := reportIdentities(k)
			if err != nil {
				return err
			}
			var b strings.Builder
			for _, id := range ids {
				fmt.Fprintln(&b, id.Reveal())
			}
			if err := writeNew(*out, []byte(b.String()), 0o600); err != nil {
				return fmt.Errorf("writing identities: %w", err)
			}
			e.say("%s is not sealed. Delete it when you are done.", *out)
			return nil
		}
	},
}

// reportIdentities are the identities of k that reports may be sealed to.
func reportIdentities(k seal.KeyFile) ([]seal.Identity, error) {
	switch k.Kind {
	case seal.KindPerson:
		var ids []seal.Identity
		for _, i := range k.Intake {
			ids = append(ids, i.Identity)
		}
		if len(ids) == 0 {
			return nil, hint(fmt.Errorf("this key file has no intake key yet"), "`peerwitness enrol` or `peerwitness review` makes the first")
		}
		return ids, nil
	case seal.KindRecovery:
		return []seal.Identity{k.Recovery}, nil
	}
	return nil, hint(fmt.Errorf("a %s key opens no reports", k.Kind), "give a person's key file or the recovery key")
}
