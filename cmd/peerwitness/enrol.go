package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"rsc.io/qr"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

var enrolCommand = command{
	name:  "enrol",
	short: "set up a person's second factor and publish her first certificate",
	usage: `Usage: peerwitness enrol --key FILE --server URL [--code-file FILE] [--passphrase-file FILE]

Trades the operator's one-time code for a second factor, shows it as a QR code
and as text for an authenticator app, asks for the app's first code, and
publishes the certificate that phones seal reports to. The workstation's pages
can do the same: peerwitness review.

  --key FILE              the person's key file; her intake key is added to it
  --server URL            the server, https://… (or http://127.0.0.1…)
  --code-file FILE        take the one-time code from a file instead of asking
  --passphrase-file FILE  take the passphrase from a file instead of asking

Example:
  peerwitness enrol --key nino/nino.key --server https://reports.example
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		s := signInFlags(fs)
		codeFile := fs.String("code-file", "", "")
		return func(ctx context.Context, e *env) error {
			if err := s.check("enrol", e); err != nil {
				return err
			}
			return s.enrol(ctx, e, *codeFile)
		}
	},
}

var certifyCommand = command{
	name:  "certify",
	short: "publish the certificate that phones seal reports to",
	usage: `Usage: peerwitness certify --key FILE --server URL [--passphrase-file FILE]

Signs in with a code of the second factor and publishes a certificate for this
month, with a new intake key where the key file has no current one. The
workstation does this by itself; this is for a person who has none at hand.

  --key FILE              the person's key file; her intake key is added to it
  --server URL            the server, https://… (or http://127.0.0.1…)
  --passphrase-file FILE  take the passphrase from a file instead of asking

Example:
  peerwitness certify --key nino/nino.key --server https://reports.example
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		s := signInFlags(fs)
		return func(ctx context.Context, e *env) error {
			if err := s.check("certify", e); err != nil {
				return err
			}
			pass, k, err := s.open(e)
			if err != nil {
				return err
			}
			return s.publish(ctx, e, k, pass)
		}
	},
}

// signIn is what it takes to talk to a server as a person.
type signIn struct{ key, server, pass *string }

func signInFlags(fs *flag.FlagSet) signIn {
	return signIn{fs.String("key", "", ""), fs.String("server", "", ""), fs.String("passphrase-file", "", "")}
}

func (s signIn) check(cmd string, e *env) error {
	if err := needed(cmd, "--key", *s.key, "--server", *s.server); err != nil {
		return err
	}
	if err := noArgs(cmd, e); err != nil {
		return err
	}
	return checkServer(cmd, *s.server)
}

// checkServer refuses addresses that a sign-in can't be bound to, and plain
// HTTP to anywhere but this computer.
func checkServer(cmd, server string) error {
	if _, err := publicServer(server); err != nil {
		return misuse(cmd, "--server: %w", err)
	}
	return nil
}

func (s signIn) open(e *env) (pass string, k seal.KeyFile, err error) {
	k, pass, err = e.openKey(*s.key, *s.pass)
	if err == nil && k.Kind != seal.KindPerson {
		err = hint(fmt.Errorf("%s is a %s key, not a person's", *s.key, k.Kind), "make one with `peerwitness keygen person`")
	}
	return pass, k, err
}

func (s signIn) enrol(ctx context.Context, e *env, codeFile string) error {
	pass, k, err := s.open(e)
	if err != nil {
		return err
	}
	var code string
	if codeFile != "" {
		code, err = readLine(codeFile)
	} else {
		code, err = e.ask("The operator's one-time code: ")
	}
	if err != nil {
		return fmt.Errorf("reading one-time code: %w", err)
	}
	client := access.NewClient(*s.server, nil)
	secret, url, err := client.Enrol(ctx, k.Person, k.Signing, code, e.now())
	if err != nil {
		return signInTrouble(err)
	}
	if isTerminal(e.stderr) {
		if art, err := qrText(url); err == nil {
			e.say("\nScan this with an authenticator app on your phone:\n\n%s", art)
		}
	}
	fmt.Fprintf(e.stdout, "secret %s\n%s\n", secret, url)
	e.say("Put the secret into an authenticator app now; it is not shown again.")
	return s.publish(ctx, e, k, pass)
}

// publish signs in with a code and publishes the current certificate. The new
// intake key is in the key file, on disk, before anybody can seal to it.
func (s signIn) publish(ctx context.Context, e *env, k seal.KeyFile, pass string) error {
	code, err := e.ask("The code that the authenticator shows now: ")
	if err != nil {
		return err
	}
	client := access.NewClient(*s.server, nil)
	if err := client.SignIn(ctx, k.Person, k.Signing, strings.ReplaceAll(code, " ", ""), e.now()); err != nil {
		return signInTrouble(err)
	}
	defer client.SignOut(context.WithoutCancel(ctx)) // it runs out by itself where this fails
	cert, fresh, err := currentCertificate(&k, e.now())
	if err != nil {
		return err
	}
	if fresh {
		if err := review.SaveKeyFile(*s.key, k, pass, keyWork); err != nil {
			return fmt.Errorf("saving the new intake key: %w", err)
		}
	}
	b, err := json.Marshal(cert)
	if err != nil {
		return fmt.Errorf("writing certificate: %w", err)
	}
	err = client.PutCertificate(ctx, b)
	if errors.Is(err, vault.ErrConflict) {
		return hint(err, "another one was published for this month, from another copy of the key file; the workstation (`peerwitness review`) makes the next")
	}
	if err != nil {
		return err
	}
	e.say("Certificate published: reports can be sealed to %s until %s.", printable(k.Name), cert.Until)
	return nil
}

// currentCertificate returns the certificate of the intake key that is good
// today, after adding one to k where there is none.
func currentCertificate(k *seal.KeyFile, now time.Time) (cert roster.Certificate, fresh bool, err error) {
	today := now.UTC().Format(time.DateOnly)
	epoch := uint32(now.UTC().Year()*100 + int(now.UTC().Month()))
	for _, i := range k.Intake {
		if i.Epoch == epoch && i.From <= today && today <= i.Until {
			from, err := time.Parse(time.DateOnly, i.From)
			if err != nil {
				return cert, false, fmt.Errorf("reading key file: %w", err)
			}
			cert, err = roster.NewCertificate(k.Person, i.Identity.Recipient(), from, k.Signing)
			return cert, false, err
		}
	}
	id, err := seal.NewIdentity()
	if err != nil {
		return cert, false, fmt.Errorf("making intake key: %w", err)
	}
	if cert, err = roster.NewCertificate(k.Person, id.Recipient(), now, k.Signing); err != nil {
		return cert, false, err
	}
	k.Intake = append(k.Intake, seal.IntakeKey{Epoch: cert.Epoch, Identity: id, From: cert.From, Until: cert.Until})
	return cert, true, nil
}

// signInTrouble says what to do about a refused sign-in.
func signInTrouble(err error) error {
	switch {
	case errors.Is(err, access.ErrClock):
		return hint(err, "set this computer's clock, then try again")
	case errors.Is(err, access.ErrThrottled):
		return hint(err, "wait a few minutes")
	case errors.Is(err, access.ErrEnrol):
		return hint(err, "the code may be mistyped, used or run out; the operator makes a new one: peerwitnessd account invite")
	case errors.Is(err, access.ErrSignIn):
		return hint(err, "each code works once: wait for the next one, and check that this computer's clock is right")
	case errors.Is(err, access.ErrUnreachable):
		return hint(err, "check the address and the connection")
	}
	return err
}

// qrText draws a QR code with half blocks, light on dark as most terminals are.
func qrText(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("drawing QR code: %w", err)
	}
	const quiet = 4
	white := func(x, y int) bool { return !code.Black(x, y) } // outside counts as white
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		for x := -quiet; x < code.Size+quiet; x++ {
			switch up, down := white(x, y), white(x, y+1); {
			case up && down:
				b.WriteRune('█')
			case up:
				b.WriteRune('▀')
			case down:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}
