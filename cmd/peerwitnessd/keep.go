package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

var expireCommand = command{
	name:  "expire",
	short: "let go what is older than the roster's policy lets it be",
	usage: `peerwitnessd expire --store DIR [--dry-run]

Takes away answers that lie in their boxes for longer than the roster's policy
says, and reports that nobody took in that time, with their files. A running
server does this by itself once a day; this works beside it. It prints numbers
and nothing else. What only people can judge, closed cases and reports without
any consent, their workstations list for them.

A wrong clock does little harm: nothing goes when the clock is behind the feed's
days or more than 60 days ahead of them, and no more than 31 days' worth goes in
a day.

  --store DIR  the store
  --dry-run    print what would go, and let nothing go

Example:
  peerwitnessd expire --store /var/lib/peerwitness --dry-run
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		dir := fs.String("store", "", "")
		dry := fs.Bool("dry-run", false, "")
		return func(ctx context.Context, e *env) error {
			switch {
			case len(e.args) > 0:
				return misuse("expire", "%q belongs to no flag", e.args[0])
			case *dir == "":
				return misuse("expire", "--store is needed")
			}
			req := request{Do: "expire"}
			if *dry {
				req.Do = "expire-dry"
			}
			out, err := accountCommand(ctx, *dir, req, e.clock)
			if err == nil {
				fmt.Fprint(e.stdout, out)
			}
			return err
		}
	},
}

// expire lets go what the policy of the store's roster says, and returns what
// to print.
func expire(ctx context.Context, store vault.Store, dry bool) (string, error) {
	_, note, err := store.Roster(ctx)
	if err != nil {
		return "", err
	}
	r, err := roster.Parse(note)
	if err != nil {
		return "", fmt.Errorf("reading the store's roster: %w", err)
	}
	got, err := store.Expire(ctx, vault.Keep{Answers: r.Policy.AnswersDays, Unclaimed: r.Policy.UnclaimedDays}, dry)
	if errors.Is(err, vault.ErrPlausible) {
		return "", hint(err, "set the server's clock right; if it is, wait until something has come in on a day or two")
	}
	if err != nil {
		return "", err
	}
	word := "gone"
	if dry {
		word = "would go"
	}
	out := fmt.Sprintf("%s: %d answers, %d reports that nobody took, %d files\n", word, got.Answers, got.Deposits, got.Blobs)
	if got.More {
		out += "more is due: it goes in steps, one a day\n"
	}
	return out, nil
}

// keepDaily lets go what is due, now and each day, until ctx ends. The ticker
// goes by the machine's own pace, whatever its clock says.
func keepDaily(ctx context.Context, store vault.Store, log *logbook) {
	daily := time.NewTicker(24 * time.Hour)
	defer daily.Stop()
	for {
		switch _, err := expire(ctx, store, false); {
		case errors.Is(err, vault.ErrPlausible):
			log.say("the clock does not go with the days of the feed: nothing that is due was let go; see peerwitnessd expire --dry-run")
		case err != nil:
			log.trouble(err)
		}
		select {
		case <-daily.C:
		case <-ctx.Done():
			return
		}
	}
}

var compactCommand = command{
	name:  "compact",
	short: "leave nothing in the store's file of what was erased",
	usage: `peerwitnessd compact --store DIR

Writes what the store holds into a new file and puts it in the place of the old
one. Pages of the old file may hold what was erased until then; the new one has
nothing of it. The server must not be running. It needs room for a second file.
Stopped at any moment, by a power cut too, the store is the old one or the new.

What the disk itself keeps of the old file is beyond any program: a disk that is
encrypted, and whose key can be destroyed, is what helps.

  --store DIR  the store

Example:
  peerwitnessd compact --store /var/lib/peerwitness
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		dir := fs.String("store", "", "")
		return func(ctx context.Context, e *env) error {
			switch {
			case len(e.args) > 0:
				return misuse("compact", "%q belongs to no flag", e.args[0])
			case *dir == "":
				return misuse("compact", "--store is needed")
			}
			path := filepath.Join(*dir, "peerwitness.db")
			before, err := os.Stat(path)
			if err != nil {
				return hint(fmt.Errorf("no store in %s", *dir), "give the folder that `peerwitnessd init` made")
			}
			if err := vault.CompactBolt(*dir); errors.Is(err, vault.ErrLocked) {
				return hint(err, "another peerwitnessd has it open: stop that one first")
			} else if errors.Is(err, vault.ErrCorrupt) {
				return hint(err, "nothing was changed; run `peerwitnessd check --store %s`", *dir)
			} else if err != nil {
				return err
			}
			after, err := os.Stat(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "compacted: %d MiB before, %d MiB now\n", before.Size()>>20, after.Size()>>20)
			return nil
		}
	},
}
