package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"peerwitness/vault"
)

var restoreCommand = command{
	name:  "restore",
	short: "make a store of backups, in an empty folder",
	usage: `peerwitnessd restore --store DIR [--partial] FILE...

Makes a store in DIR, which must be empty or not there, of backups that follow one
another: a whole one first, then those that went on from it, in order. - is
standard input, which may hold several end to end. Every hash is checked on the
way. Where something is hurt, it is listed and nothing is restored.

The restored store begins a history of its own. Each workstation notices, says so,
and on its owner's word puts back what came after the backup. People sign in with
the second factors of the backup; invitations are made anew.

  --store DIR  where the store goes
  --partial    restore what is whole though something is hurt; the store keeps
               the list, and ` + "`peerwitnessd check`" + ` shows it

Examples:
  peerwitnessd restore --store /var/lib/peerwitness /mnt/backup/*.backup
  for f in 1.age 2.age; do age -d -i identity.txt $f; done | peerwitnessd restore --store /var/lib/peerwitness -
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		dir := fs.String("store", "", "")
		partial := fs.Bool("partial", false, "")
		return func(ctx context.Context, e *env) error {
			switch {
			case *dir == "":
				return misuse("restore", "--store is needed")
			case len(e.args) == 0:
				return misuse("restore", "a backup is needed")
			}
			return restoreStore(ctx, e, *dir, *partial, e.args)
		}
	},
}

func restoreStore(ctx context.Context, e *env, dir string, partial bool, names []string) error {
	streams, closeAll, err := openBackups(e, names)
	if err != nil {
		return err
	}
	defer closeAll()
	report, err := vault.RestoreBolt(ctx, dir, e.clock, partial, streams...)
	var hurt *vault.HurtError
	switch {
	case errors.As(err, &hurt):
		printHurt(e.stdout, hurt.Report)
		return hint(err, "nothing was restored. Take the backup from another copy, or restore what is whole with --partial: workstations put back what they have")
	case errors.Is(err, vault.ErrNotEmpty):
		return hint(err, "name a folder that is not there yet; a store that is there is never overwritten")
	case err != nil:
		return notBackups(err)
	}
	printHurt(e.stdout, report)
	for _, n := range report.Notes {
		fmt.Fprintf(e.stdout, "backup: %s, up to entry %d, fingerprint %s\n", n.ID, n.Pos, n.Sum)
	}
	fmt.Fprintf(e.stdout, "restored: %d entries, %d attachments, %d second factors\n", report.Entries, report.Blobs, report.Accounts)
	fmt.Fprintf(e.stdout, "next: peerwitnessd check --store %s, then serve. Tell everybody at the desks: the one who was connected last presses \"Put back\" first.\n", dir)
	return nil
}

// printRestoration says in `check` what a restored store lost and has not got back.
func printRestoration(ctx context.Context, e *env, store vault.Store) error {
	r, err := store.Restoration(ctx)
	if err != nil || r == nil {
		return err
	}
	fmt.Fprintf(e.stdout, "restored on %s from a backup that ended on %s\n", r.Day, r.From)
	for _, h := range r.Hurt {
		fmt.Fprintf(e.stdout, "hurt in that backup: %s\n", printable(h))
	}
	if r.More > 0 {
		fmt.Fprintf(e.stdout, "hurt in that backup: %d more\n", r.More)
	}
	if r.Lost+r.Lacking > 0 {
		fmt.Fprintf(e.stdout, "not back yet: %d entries, %d attachments; workstations put them back\n", r.Lost, r.Lacking)
	}
	return nil
}
