package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"peerwitness/intake"
	"peerwitness/vault/roster"
)

// auditByHand compares the pages without a script with what this program makes
// of the roster and the desks' sheets that the server hands out to phones. A
// changed page could have a report sealed to somebody else, and no app would
// be there to notice. It says in words what it found, and whose roster it was.
func auditByHand(ctx context.Context, e *env, a *publicAPI, root string, say func(string, ...any)) error {
	note, err := a.roster(ctx)
	if err != nil {
		var refused *apiError
		if errors.As(err, &refused) && refused.status == http.StatusNotFound {
			say("the server gives no list of the organisation's people, so nobody can send through it")
			return nil
		}
		return err
	}
	ro, err := roster.Adopt(nil, note, root, e.now())
	if err != nil {
		say("the server's list of the organisation's people does not hold: %v", err)
		return nil
	}
	var trouble error // the server's, not an honest difference
	pages, err := intake.ByHandPages(ro, func(desk string) ([]roster.Opener, error) {
		sheet, err := a.sheet(ctx, desk)
		if err != nil {
			trouble = err
			return nil, err
		}
		openers, _, err := ro.Openers(desk, sheet, e.now())
		return openers, err
	})
	switch {
	case trouble != nil:
		return trouble
	case err != nil:
		say("the server's lists of who can open reports do not hold: %v", err)
		return nil
	}
	same := 0
	for _, path := range slices.Sorted(maps.Keys(pages)) {
		status, head, b, err := a.look(ctx, path)
		if err != nil {
			return err
		}
		var want http.Header // of a list to keep nothing is asked but that it leads nowhere
		if strings.HasPrefix(path, "/by-hand?") {
			want = intake.ByHandHeaders()
		}
		switch {
		case status != http.StatusOK:
			say("%s is missing: the server answers %d", path, status)
			continue
		case !bytes.Equal(b, pages[path]):
			say("%s differs from what this program makes of the server's own list of people: %d bytes here, %d there", path, len(pages[path]), len(b))
		default:
			same++
		}
		rules(head, say, want)
	}
	fmt.Fprintf(e.stdout, "%d of %d pages and lists for sealing by hand are the same, byte for byte.\n", same, len(pages))
	if root == "" {
		fmt.Fprintf(e.stdout, "They go by a list of people signed by root keys %s: compare that with the organisation's own paper, or give it with --root.\n", ro.Fingerprint())
	}
	return nil
}
