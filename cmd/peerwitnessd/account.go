package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/roster"
)

var accountInvite = command{
	name:  "account invite",
	short: "print a one-time code with which somebody sets up her second factor",
	usage: `peerwitnessd account invite --store DIR PERSON...

Prints a one-time code for each, good for 7 days, with which a person of the
roster sets up her second factor from her own computer. Only her own key can use
it. A second factor that she has stays until then. Works beside a running server.

  --store DIR  the store
  PERSON       her id on the roster, or her display name

Example:
  peerwitnessd account invite --store /var/lib/peerwitness "Advocate Nino"
`,
	flags: accountFlags("invite", true),
}

var accountList = command{
	name:  "account list",
	short: "list the roster's people and who has set up a second factor",
	usage: `peerwitnessd account list --store DIR

Lists the people of the roster, and accounts of people no longer on it.
Works beside a running server.

  --store DIR  the store

Example:
  peerwitnessd account list --store /var/lib/peerwitness
`,
	flags: accountFlags("list", false),
}

var accountEnd = command{
	name:  "account end",
	short: "end somebody's sessions and void her code",
	usage: `peerwitnessd account end --store DIR PERSON...

Ends all sessions of a person and voids a code that was not used. She can sign
in again while she is on the roster: to keep her out, a lead revokes her. Works
beside a running server.

  --store DIR  the store
  PERSON       her id on the roster, or her display name

Example:
  peerwitnessd account end --store /var/lib/peerwitness p-0123456789abcdef
`,
	flags: accountFlags("end", true),
}

// request is one account command, as it also goes over the control socket, or
// one for a backup, which goes there alone.
type request struct {
	Do     string            `json:"do"`
	Person string            `json:"person,omitempty"`
	After  *vault.BackupNote `json:"after,omitempty"`
}

func accountFlags(do string, person bool) func(*flag.FlagSet) func(context.Context, *env) error {
	return func(fs *flag.FlagSet) func(context.Context, *env) error {
		dir := fs.String("store", "", "")
		return func(ctx context.Context, e *env) error {
			req := request{Do: do}
			switch {
			case *dir == "":
				return misuse("account "+do, "--store is needed")
			case person && len(e.args) == 0:
				return misuse("account "+do, "a person is needed")
			case !person && len(e.args) > 0:
				return misuse("account "+do, "%q belongs to no flag", e.args[0])
			}
			people := e.args
			if !person {
				people = []string{""}
			}
			for _, who := range people {
				req.Person = who
				out, err := accountCommand(ctx, *dir, req, e.clock)
				if err != nil {
					return err
				}
				fmt.Fprint(e.stdout, out)
			}
			return nil
		}
	}
}

// accountCommand does req on the store in dir, or asks the server that has it
// open to do it.
func accountCommand(ctx context.Context, dir string, req request, clock vault.Clock) (out string, err error) {
	store, err := openStore(dir, clock)
	if errors.Is(err, vault.ErrLocked) {
		return askServer(ctx, filepath.Join(dir, socketName), req)
	}
	if err != nil {
		return "", err
	}
	defer closing(store, &err)
	return doAccount(ctx, store, req, clock)
}

// doAccount does req and returns what to print.
func doAccount(ctx context.Context, store vault.Store, req request, clock vault.Clock) (string, error) {
	switch req.Do {
	case "invite":
		p, code, until, err := access.Invite(ctx, store, clock, req.Person)
		if err != nil {
			return "", nobody(err)
		}
		return fmt.Sprintf("person: %s %s\ncode: %s\ngood until: %s\n", p.ID, printable(p.Name), code, until), nil
	case "end":
		id := req.Person
		if p, err := access.Find(ctx, store, req.Person); err == nil {
			id = p.ID
		}
		if err := access.End(ctx, store, id); err != nil {
			return "", nobody(err)
		}
		return "ended: " + id + "\n", nil
	case "list":
		return listAccounts(ctx, store)
	case "expire", "expire-dry":
		return expire(ctx, store, req.Do == "expire-dry")
	}
	return "", errors.New("no such account command")
}

func nobody(err error) error {
	if errors.Is(err, vault.ErrNotFound) {
		return hint(err, "`peerwitnessd account list` shows who is on the roster")
	}
	return err
}

func listAccounts(ctx context.Context, store vault.Store) (string, error) {
	_, note, err := store.Roster(ctx)
	if err != nil {
		return "", err
	}
	r, err := roster.Parse(note)
	if err != nil {
		return "", err
	}
	list, err := store.Accounts(ctx)
	if err != nil {
		return "", err
	}
	accounts := map[string]vault.Account{}
	for _, a := range list {
		accounts[a.Person] = a
	}
	var b strings.Builder
	for _, p := range r.People {
		fmt.Fprintf(&b, "%s  %s  %s\n", p.ID, state(accounts[p.ID]), printable(p.Name))
		delete(accounts, p.ID)
	}
	for _, a := range list {
		if _, left := accounts[a.Person]; left {
			fmt.Fprintf(&b, "%s  %s  (not on the roster)\n", a.Person, state(a))
		}
	}
	return b.String(), nil
}

func state(a vault.Account) string {
	switch {
	case len(a.Secret) > 0:
		return "enrolled"
	case !a.Invite.IsZero() && a.InviteUntil > 0:
		return "invited until " + a.InviteUntil.String()
	}
	return "not invited"
}

// socketPath is where a running server takes account commands, or empty when
// the system takes no socket name of that length.
func socketPath(dir string) (string, error) {
	path := filepath.Join(dir, socketName)
	if len(path) < maxSocketPath {
		return path, nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if rel, err := filepath.Rel(wd, abs); err == nil && len(rel) < maxSocketPath {
		return rel, nil
	}
	return "", errors.New("the store's path is too long for a socket")
}
