package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"strings"

	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Names of the public files that stand beside a private one.
const (
	cardSuffix      = ".card.json"
	rootSuffix      = ".root"
	recipientSuffix = ".recipient"
)

var keygenPerson = command{
	name:  "keygen person",
	short: "make a person's keys, and the card for the roster",
	usage: `Usage: peerwitness keygen person --name NAME --out FILE [--passphrase-file FILE]

Makes the private keys of one person, sealed with a passphrase, in FILE, and
beside it FILE.card.json. The card is public: hand it to whoever makes the
roster. The key file stays with the person; a spare copy belongs in a safe.

  --name NAME             display name that peers will read; of her own choice
  --out FILE              the key file; it must not exist yet
  --passphrase-file FILE  take the passphrase from a file instead of asking

Example:
  peerwitness keygen person --name "Advocate Nino" --out nino/nino.key
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		name, out, pass := fs.String("name", "", ""), fs.String("out", "", ""), fs.String("passphrase-file", "", "")
		return func(_ context.Context, e *env) error {
			if err := needed("keygen person", "--name", *name, "--out", *out); err != nil {
				return err
			}
			if err := noArgs("keygen person", e); err != nil {
				return err
			}
			return makePerson(e, *name, *out, *pass)
		}
	},
}

func makePerson(e *env, name, out, passFile string) error {
	k, err := newPersonKey(name)
	if err != nil {
		return err
	}
	card, err := k.Card()
	if err != nil {
		return hint(fmt.Errorf("making card: %w", err), "a name is 1 to %d characters on one line", roster.MaxName)
	}
	public, err := card.Encode()
	if err != nil {
		return fmt.Errorf("making card: %w", err)
	}
	if err := saveKey(e, k, out, passFile, cardSuffix, append(public, '\n')); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s %s\n", card.Person, out)
	e.say("Hand %s to whoever makes the roster. Keep %s, and a spare copy in a safe.", out+cardSuffix, out)
	return nil
}

// newPersonKey makes a person's keys under a random id, without an intake key:
// the first one comes with her first certificate.
func newPersonKey(name string) (seal.KeyFile, error) {
	var raw [8]byte
	rand.Read(raw[:])
	k, err := seal.NewPerson("p-"+hex.EncodeToString(raw[:]), name)
	if err != nil {
		return k, fmt.Errorf("making keys: %w", err)
	}
	return k, nil
}

// saveKey asks for the new passphrase and writes a key file and the public
// file beside it; neither may exist.
func saveKey(e *env, k seal.KeyFile, out, passFile, suffix string, public []byte) error {
	if err := absent(out, out+suffix); err != nil {
		return err
	}
	pass, err := e.newPassphrase(passFile, out)
	if err != nil {
		return err
	}
	sealed, err := seal.SealKeyFile(k, pass, keyWork)
	if err != nil {
		return fmt.Errorf("sealing key: %w", err)
	}
	if err := writeNew(out, sealed, 0o600); err != nil {
		return fmt.Errorf("writing key: %w", err)
	}
	if err := writeNew(out+suffix, public, 0o644); err != nil {
		return fmt.Errorf("writing public file: %w", err)
	}
	return nil
}

var keygenRoot = command{
	name:  "keygen root",
	short: "make the keys that sign the roster",
	usage: `Usage: peerwitness keygen root --name NAME --out FILE [--out FILE]... [--passphrase-file FILE]...

Makes a root key in each FILE, sealed with a passphrase of its own, and beside
it FILE.root, its public half. Make three, on three media that three people
keep in three places: any two of them sign a roster, and no single one can. Do
it on a computer that is offline.

  --name NAME             public name of the keys, without spaces: not a real name;
                          of several, NAME-1, NAME-2 and so on
  --out FILE              a key file; it must not exist yet
  --passphrase-file FILE  take the passphrase from a file instead of asking; give
                          it as often as --out, in the same order

Example:
  peerwitness keygen root --name root --out stick-a/root.key --out stick-b/root.key --out stick-c/root.key
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		name := fs.String("name", "", "")
		var out, pass repeated
		fs.Var(&out, "out", "")
		fs.Var(&pass, "passphrase-file", "")
		return func(_ context.Context, e *env) error {
			if err := needed("keygen root", "--name", *name, "--out", out.String()); err != nil {
				return err
			}
			if err := noArgs("keygen root", e); err != nil {
				return err
			}
			if len(out) > roster.MaxRoots {
				return misuse("keygen root", "%d keys; %d are the most", len(out), roster.MaxRoots)
			}
			if len(pass) != 0 && len(pass) != len(out) {
				return misuse("keygen root", "%d passphrase files for %d keys", len(pass), len(out))
			}
			return makeRoots(e, *name, out, pass)
		}
	},
}

func makeRoots(e *env, name string, out, pass []string) error {
	for _, file := range out {
		if err := absent(file, file+rootSuffix); err != nil {
			return err
		}
	}
	for i, file := range out {
		called, passFile := name, ""
		if len(out) > 1 {
			called = fmt.Sprintf("%s-%d", name, i+1)
		}
		if len(pass) > 0 {
			passFile = pass[i]
		}
		signer, verifier, err := roster.NewRoot(called)
		if err != nil {
			return hint(err, "for example --name root")
		}
		k := seal.KeyFile{Kind: seal.KindRoot, Name: called, Signer: signer}
		if err := saveKey(e, k, file, passFile, rootSuffix, []byte(verifier+"\n")); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%s %s\n", called, file)
		e.say("Take %s offline and keep it apart from the others. %s is public.", file, file+rootSuffix)
	}
	return nil
}

var keygenRecovery = command{
	name:  "keygen recovery",
	short: "make the key that opens everything when keys are lost",
	usage: `Usage: peerwitness keygen recovery --out FILE [--passphrase-file FILE]

Makes the recovery key, sealed with a passphrase, in FILE, and beside it
FILE.recipient, its public half. It opens every report and every case, so it is
kept offline, where no raid and no single person reaches it.

  --out FILE              the key file; it must not exist yet
  --passphrase-file FILE  take the passphrase from a file instead of asking

Example:
  peerwitness keygen recovery --out safe/recovery.key
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		out, pass := fs.String("out", "", ""), fs.String("passphrase-file", "", "")
		return func(_ context.Context, e *env) error {
			if err := needed("keygen recovery", "--out", *out); err != nil {
				return err
			}
			if err := noArgs("keygen recovery", e); err != nil {
				return err
			}
			id, err := seal.NewIdentity()
			if err != nil {
				return fmt.Errorf("making key: %w", err)
			}
			k := seal.KeyFile{Kind: seal.KindRecovery, Recovery: id}
			if err := saveKey(e, k, *out, *pass, recipientSuffix, []byte(id.Recipient()+"\n")); err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "recovery %s\n", *out)
			e.say("Keep %s offline, in a safe place of its own. %s is public.", *out, *out+recipientSuffix)
			return nil
		}
	},
}

// readLine reads a file that holds one line.
func readLine(name string) (string, error) {
	b, err := readBounded(name, 16<<10)
	if err != nil {
		return "", err
	}
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
	if len(b) == 0 || bytes.ContainsAny(b, "\r\n") {
		return "", fmt.Errorf("%s must hold one line", name)
	}
	return strings.TrimSpace(string(b)), nil
}

// oneLine is readLine for text that must not be a private key: an error never
// quotes it, but neither should a roster hold it.
func oneLine(name string, private string, hintTo string) (string, error) {
	s, err := readLine(name)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(s, private) || strings.HasPrefix(s, "age-encryption.org/") {
		return "", hint(fmt.Errorf("%s holds a private key", name), "give the public file beside it, %s", hintTo)
	}
	return s, nil
}
