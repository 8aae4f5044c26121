package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"peerwitness/review/bundle"
)

var verifyBundle = command{
	name:  "verify-bundle",
	short: "check an evidence bundle: that nothing was changed, and who signed it",
	usage: `Usage: peerwitness verify-bundle [--root FINGERPRINT] FILE|FOLDER

Checks an evidence bundle, as the zip file that it came in or unpacked, and says
in words what held and what that does not show. It needs no key, no network and
no account, opens none of the attached files, and writes nothing.

It ends with 0 when everything held. Otherwise it names each file that was
changed, is missing or was added, and ends with 1.

  --root FINGERPRINT  refuse a bundle of another organisation's root keys: have
                      the fingerprint from the organisation, on paper or by voice

Example:
  peerwitness verify-bundle evidence-1a2b3c4d-full.zip
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		root := fs.String("root", "", "")
		return func(ctx context.Context, e *env) error {
			if len(e.args) == 0 {
				return misuse("verify-bundle", "name a bundle's file or folder")
			}
			path := e.args[0]
			if err := fs.Parse(e.args[1:]); err != nil { // flags may follow
				return misuse("verify-bundle", "%w", err)
			}
			if fs.NArg() > 0 {
				return misuse("verify-bundle", "%q belongs to no flag: one bundle at a time", fs.Arg(0))
			}
			return checkBundle(ctx, e.stdout, path, *root)
		}
	},
}

// checkBundle checks the bundle at path and says what it found on w.
func checkBundle(ctx context.Context, w io.Writer, path, root string) error {
	c, err := bundle.Verify(ctx, path, root)
	if err != nil {
		return hint(fmt.Errorf("checking bundle: %w", err), "give the zip file as you got it, or the folder that has %s in it", "bagit.txt")
	}
	if r := c.Record; r != nil {
		if !c.OK() {
			fmt.Fprintln(w, "It says of itself, and this is not to be relied on:")
		}
		if r.Practice {
			fmt.Fprintln(w, "PRACTICE: this is not a real case.")
		}
		fmt.Fprintf(w, "Evidence bundle of case %s, %s\n", r.Case, plainLine(r.Organisation))
		fmt.Fprintf(w, "Made by %s (%s) on %s, for: %s\n", plainLine(r.MakerName), r.Maker, r.Made.Format("2006-01-02 15:04:05 UTC"), plainLine(r.For))
		if r.Why != "" {
			fmt.Fprintf(w, "What the person agreed to does not cover it. It rests on: %s\n", plainLine(r.Why))
		}
		fmt.Fprintf(w, "Bundle %s\n\n", c.Manifest)
	}
	if !c.OK() {
		for _, f := range c.Faults {
			if f.Path == "" {
				fmt.Fprintln(w, plainLine(f.Text))
				continue
			}
			fmt.Fprintf(w, "%s: %s\n", plainLine(f.Path), plainLine(f.Text))
		}
		return hint(errors.New("this bundle does not hold"), "do not rely on it; ask whoever gave it to you for a fresh copy, and check that one")
	}
	bundleHeld(w, c)
	bundleCaution(w, c, root)
	return nil
}

// plainLine is a text of the bundle's, harmless and on one line.
func plainLine(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }

func bundleHeld(w io.Writer, c *bundle.Checked) {
	r := c.Record
	fmt.Fprintf(w, "What held:\n- All %d files of its content are there, none was added, and each is byte for byte what it was when the bundle was made.\n", c.Files)
	fmt.Fprintf(w, "- %s signed for exactly this content, in an entry that follows the last one of the case.\n", plainLine(r.MakerName))
	fmt.Fprintf(w, "- %d of the case's %d entries are here as their authors signed them, and each names the one before it", c.Signed, len(r.Entries))
	if len(c.Authors) > 0 {
		fmt.Fprintf(w, ": %s", plainLine(strings.Join(c.Authors, ", ")))
	}
	fmt.Fprintln(w, ".")
	if c.Traced > 0 {
		fmt.Fprintf(w, "- %d of %d attached files are the very ones that the person's report announced, as an advocate signed it.\n", c.Traced, len(r.Files))
	}
	if c.Said > 0 {
		fmt.Fprintf(w, "- %d later messages are signed with the key that only the sender of the report has.\n", c.Said)
	}
	fmt.Fprintf(w, "- The list of people, version %d, is signed by the root keys with this fingerprint:\n  %s\n", c.Newest.Version, c.Roots)
}

func bundleCaution(w io.Writer, c *bundle.Checked, root string) {
	r := c.Record
	fmt.Fprintf(w, "\nWhat this does not show:\n- That what was told is true.\n")
	fmt.Fprintf(w, "- That the times are right: they are those of each author's own computer. The day of arrival is the server's.\n")
	fmt.Fprintf(w, "- That the page and the text files say the same as the entries: that is %s's word. What the authors signed is in data/journal.\n", plainLine(r.MakerName))
	for i, e := range c.Absent {
		if i == 20 {
			fmt.Fprintf(w, "- And %d more entries of which the same is to be said.\n", len(c.Absent)-i)
			break
		}
		fmt.Fprintf(w, "- What entry %d says: %s. The next signed entry names it, and no more.\n", e.Seq, plainLine(e.Absent))
	}
	if n := len(r.Files) - c.Traced; n > 0 {
		fmt.Fprintf(w, "- Where %d of the attached files come from: nothing signed in this bundle names them but the bundle itself.\n", n)
	}
	if c.Unsaid > 0 {
		fmt.Fprintf(w, "- That %d later messages are by the person: their signatures can't be checked here.\n", c.Unsaid)
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(w, "- What was left out, by hand:\n")
		for _, l := range r.LeftOut {
			fmt.Fprintf(w, "    %s\n", plainLine(l.Title))
		}
	}
	if root == "" {
		fmt.Fprintf(w, "- That the list of people is %s's own. Compare the fingerprint with one that you have from them, on paper or by voice,\n  or give that with --root.\n", plainLine(r.Organisation))
	}
	fmt.Fprintf(w, "- That nobody was shut out of the organisation before they signed, and that the case did not go on afterwards.\n")
}
