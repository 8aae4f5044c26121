package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
)

var journalCommand = command{
	name:  "journal",
	short: "print what a workstation's journals hold, without a word of anybody",
	usage: `Usage: peerwitness journal --key FILE --dir DIR [--json] [--case ID] [--root FINGERPRINT]
         [--passphrase-file FILE]

Prints each case of a workstation as its owner sees it: every entry of its
journal with its day, its author and what it did, and where they led. It prints
no word that anybody wrote, not what happened and not to whom; case numbers,
people's names as the list of people has them, and times it does print. Two
people who may read the same, and have both synced, print the same: lay them
side by side when one of them seems to miss something.

It works without a network, on what is on this computer. Lock and end the
workstation first: its folder is open in one program at a time.

  --key FILE              the person's key file
  --dir DIR               the workstation's folder
  --case ID               this case alone, by its number or the beginning of it
  --json                  as JSON, for a program to compare
  --root FINGERPRINT      refuse a roster of other root keys
  --passphrase-file FILE  take the passphrase from a file instead of asking

Example:
  peerwitness journal --key nino/nino.key --dir nino/desk
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		var o journalOptions
		fs.StringVar(&o.key, "key", "", "")
		fs.StringVar(&o.dir, "dir", "", "")
		fs.StringVar(&o.one, "case", "", "")
		fs.StringVar(&o.root, "root", "", "")
		fs.StringVar(&o.pass, "passphrase-file", "", "")
		fs.BoolVar(&o.json, "json", false, "")
		return func(ctx context.Context, e *env) error {
			if err := needed("journal", "--key", o.key, "--dir", o.dir); err != nil {
				return err
			}
			if err := noArgs("journal", e); err != nil {
				return err
			}
			return o.run(ctx, e)
		}
	},
}

type journalOptions struct {
	key, dir, one, root, pass string
	json                      bool
}

// journalsJSON is what --json prints.
type journalsJSON struct {
	Person     string            `json:"person"`
	Synced     time.Time         `json:"synced"`
	Feed       uint64            `json:"feed"` // how far the server's feed was read
	Others     int               `json:"others"`
	Quarantine int               `json:"quarantine"`
	Alarms     int               `json:"alarms"`
	Waiting    int               `json:"waiting"` // things done without a network that have yet to go
	Cases      []review.Standing `json:"cases"`
}

func (o journalOptions) run(ctx context.Context, e *env) error {
	// Opening makes what is not there; a mistyped folder would look like one without cases.
	if _, err := os.Stat(filepath.Join(o.dir, "replica")); err != nil {
		return hint(errors.New("there is no workstation in that folder"), "give the --dir that `peerwitness review` was given")
	}
	k, _, err := e.openKey(o.key, o.pass)
	if err != nil {
		return err
	}
	w, err := review.Open(ctx, review.Config{Dir: o.dir, Key: k, Root: o.root, Clock: e.now})
	if errors.Is(err, vault.ErrLocked) {
		return hint(errors.New("the workstation is open in another program"), "lock it and end it, then try again")
	}
	if err != nil {
		return err
	}
	v := w.View()
	out := journalsJSON{
		Person: w.Me(), Synced: v.Synced.UTC(), Feed: v.Pos, Others: v.Others, Quarantine: len(v.Quarantine), Alarms: len(v.Alarms),
		Waiting: len(w.Waiting()), Cases: []review.Standing{},
	}
	for _, s := range v.Standings(w.Me()) {
		if strings.HasPrefix(s.Case.String(), strings.ToLower(o.one)) {
			out.Cases = append(out.Cases, s)
		}
	}
	switch {
	case o.one != "" && len(out.Cases) == 0:
		err = errors.New("no case of this workstation has that number")
	case o.json:
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", " ")
		err = enc.Encode(out)
	default:
		err = out.print(e.stdout, v)
	}
	return errors.Join(err, w.Close())
}

// print is for people.
func (j journalsJSON) print(w io.Writer, v *review.View) error {
	var b strings.Builder
	names := func(people []string) string {
		var out []string
		for _, p := range people {
			out = append(out, v.Name(p))
		}
		return strings.Join(out, ", ")
	}
	fmt.Fprintf(&b, "%s: %d cases, synced %s\n", v.Name(j.Person), len(j.Cases), or(stamp(j.Synced), "never"))
	for _, x := range []struct {
		n    int
		text string
	}{{j.Waiting, "done without a network, and yet to go"}, {j.Quarantine, "not taken in"}, {j.Alarms, "warnings about the whole"}, {j.Others, "reports that are sealed to other people"}} {
		if x.n > 0 {
			fmt.Fprintf(&b, "%d %s\n", x.n, x.text)
		}
	}
	for _, s := range j.Cases {
		fmt.Fprintf(&b, "\ncase %s  %s, arrived %s, %s", s.Case, s.Desk, s.Arrived, s.State)
		if s.Holder != "" {
			fmt.Fprintf(&b, ", with %s", v.Name(s.Holder))
		}
		if s.Restricted != nil {
			fmt.Fprintf(&b, ", restricted to %s", names(s.Restricted))
		}
		if s.Shared != nil {
			fmt.Fprintf(&b, ", shared with %s", names(s.Shared))
		}
		if !s.Readable {
			b.WriteString(", not yours to read on")
		}
		if s.Problems > 0 {
			fmt.Fprintf(&b, ", %d problems", s.Problems)
		}
		b.WriteString("\n")
		for _, e := range s.Entries {
			fmt.Fprintf(&b, "  %3d  %s  %-10s  %s  %s", e.Seq, stamp(e.Time), e.Kind, e.ID.String()[:16], v.Name(e.Author))
			if e.Did != "" {
				fmt.Fprintf(&b, ": %s", e.Did)
			}
			if e.Void {
				b.WriteString(", without effect")
			}
			if e.TakenBack != nil {
				fmt.Fprintf(&b, ", taken back by %s", e.TakenBack.String()[:16])
			}
			b.WriteString("\n")
		}
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}
