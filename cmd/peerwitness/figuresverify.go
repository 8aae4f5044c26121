package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"peerwitness/review/figures"
	"peerwitness/vault"
	"peerwitness/vault/roster"
)

var figuresVerify = command{
	name:  "figures verify",
	short: "check a release of figures: who signed it, and that nothing was changed",
	usage: `Usage: peerwitness figures verify [--roster FILE_OR_URL] [--root FINGERPRINT] RELEASE

Checks a release of figures and says in words what held and what that does not
show. RELEASE is a signed release's file (release.peerwitness), or an address:
of a release's page, or of a server or its list, which stands for all releases
there. From a server it also checks that each release names the one before it.

Nothing is sent but the requests themselves. It ends with 0 when everything
held, and with 1 when something did not.

  --roster FILE_OR_URL  the organisation's list of people, who may sign: a file,
                        or a server's address; with an address as RELEASE, that
                        server's own unless another is given
  --root FINGERPRINT    refuse a list of other root keys: have the fingerprint
                        from elsewhere, on paper or by voice

Example:
  peerwitness figures verify https://reports.example/figures
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		var v verifier
		fs.StringVar(&v.rosterFrom, "roster", "", "")
		fs.StringVar(&v.root, "root", "", "")
		return func(ctx context.Context, e *env) error {
			if len(e.args) == 0 {
				return misuse("figures verify", "name a release's file or address")
			}
			v.release = e.args[0]
			if err := fs.Parse(e.args[1:]); err != nil { // flags may follow
				return misuse("figures verify", "%w", err)
			}
			if fs.NArg() > 0 {
				return misuse("figures verify", "%q belongs to no flag: one release, or one server, at a time", fs.Arg(0))
			}
			return v.run(ctx, e)
		}
	},
}

// verifier checks releases against one roster.
type verifier struct {
	release, rosterFrom, root string

	list       *roster.Roster
	sameServer bool     // the list of people came from where the releases did
	others     []string // organisations that releases name and the list does not
}

func (v *verifier) run(ctx context.Context, e *env) error {
	if isURL(v.release) {
		return v.runServer(ctx, e)
	}
	if v.rosterFrom == "" {
		return misuse("figures verify", "--roster is missing: a file does not say who may sign")
	}
	if err := v.takeRoster(ctx); err != nil {
		return err
	}
	body, err := readBounded(v.release, vault.MaxRelease)
	if err != nil {
		return fmt.Errorf("reading release: %w", err)
	}
	r, err := v.check(body)
	if err != nil {
		return err
	}
	former := vault.ID{}
	if r.Former != "" {
		if former, err = vault.ParseID(r.Former); err != nil {
			return fmt.Errorf("reading release: %w", err)
		}
	}
	v.say(e, r, vault.Sum(vault.ReleaseObject(vault.Release{Former: former, Body: body})), body)
	v.caution(e, "Whether it is the one that was published, and which others there are: give the server's address instead of a file.")
	return nil
}

// takeRoster reads the list of people and checks it by itself and against --root.
func (v *verifier) takeRoster(ctx context.Context) error {
	var note []byte
	var err error
	if isURL(v.rosterFrom) {
		api, err2 := publicServer(v.rosterFrom)
		if err2 != nil {
			return misuse("figures verify", "--roster: %w", err2)
		}
		note, err = api.roster(ctx)
	} else {
		note, err = readBounded(v.rosterFrom, vault.MaxNote)
	}
	if err != nil {
		return fmt.Errorf("reading roster: %w", err)
	}
	// An expired list is good enough for an old release; it is said below.
	if v.list, err = roster.Parse(note); err != nil {
		return err
	}
	if v.root != "" && v.root != v.list.Fingerprint() {
		return hint(fmt.Errorf("reading roster: %w", roster.ErrRoot), "whoever gave you this list is not the organisation whose fingerprint you have; nothing was checked by it")
	}
	return nil
}

// check does all that can be done with one release's bytes.
func (v *verifier) check(body []byte) (figures.Release, error) {
	r, err := figures.Verify(body, v.list)
	switch {
	case err == nil:
		return r, nil
	case errors.Is(err, figures.ErrSigners):
		return r, hint(err, "if somebody who signed has left since, give the list of that time with --roster FILE")
	case errors.Is(err, figures.ErrSignatures):
		return r, hint(err, "the numbers, the words or the signatures were changed after they were signed; do not use this release")
	case errors.Is(err, figures.ErrFiles):
		return r, hint(err, "somebody changed the release after it was made; do not use it")
	case bytes.HasPrefix(body, []byte("{")) || bytes.HasPrefix(body, []byte("<")) || bytes.HasPrefix(body, []byte("#")):
		return r, hint(err, "this is one file of a release; what can be checked is the whole of it, release.peerwitness")
	}
	return r, hint(err, "this is no release, or one that was changed; do not use it")
}

// say prints what held of one release.
func (v *verifier) say(e *env, r figures.Release, id vault.ID, body []byte) {
	w := e.stdout
	if r.Organisation != v.list.Organisation && !slices.Contains(v.others, r.Organisation) {
		v.others = append(v.others, r.Organisation)
	}
	fmt.Fprintf(w, "%s, %s, release %s\n", printable(r.Organisation), figures.PeriodLabel("en", r.Programme.Every, r.Period), id)
	fmt.Fprintf(w, "%s\n\nWhat held:\n", printable(r.Headline["en"]))
	fmt.Fprintf(w, "- Its tables, pages and words all follow from the same numbers, byte for byte; no file is missing, added or changed.\n")
	fmt.Fprintf(w, "- Every cell of its %d tables is there, each “fewer than 15” or a multiple of 5 from 15 up, and the caveats with them.\n", len(r.Tables))
	fmt.Fprintf(w, "- Signed by people who may sign for %s: %s.\n", printable(v.list.Organisation), strings.Join(v.signers(body), ", "))
}

// caution prints what all of it does not show; more goes before.
func (v *verifier) caution(e *env, more ...string) {
	w := e.stdout
	fmt.Fprintf(w, "\nWhat this does not show:\n- That the numbers are true. It shows who stands behind them, and that nobody changed them since.\n")
	for _, m := range more {
		fmt.Fprintf(w, "- %s\n", m)
	}
	for _, o := range v.others {
		fmt.Fprintf(w, "- That %s, which the release names, is %s, whose list this is.\n", printable(o), printable(v.list.Organisation))
	}
	if v.root == "" {
		from := ""
		if v.sameServer {
			from = ", which came from the same server,"
		}
		fmt.Fprintf(w, "- That the list of people%s is the organisation's own. Compare its fingerprint with one that you have from elsewhere,\n  or give that with --root: %s\n", from, v.list.Fingerprint())
	}
	if v.list.Expired(e.now()) {
		fmt.Fprintf(w, "- That these people still stand for the organisation: the list was good until %s.\n", v.list.Expires)
	}
}

// signers names those whose signatures count.
func (v *verifier) signers(body []byte) []string {
	_, _, sigs, err := figures.Open(body)
	if err != nil {
		return nil
	}
	var out []string
	for _, s := range sigs {
		if p, ok := v.list.Person(s.By); ok && figures.MaySign(p) {
			out = append(out, fmt.Sprintf("%s (%s)", printable(p.Name), p.ID))
		}
	}
	return out
}
