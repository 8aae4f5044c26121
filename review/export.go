package review

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// What of a case an export holds.
const (
	ExportFull     = "full"
	ExportRedacted = "redacted"
)

// Export says that a case left the sealed store as an evidence bundle. The
// entry is written before the bundle is handed out, so that none goes without
// one; its author and time are the entry's.
type Export struct {
	V       int    `json:"v"`
	Variant string `json:"variant"`
	// Manifest is the hex SHA-256 of the bundle's manifest of its content.
	Manifest string   `json:"manifest"`
	LeftOut  []string `json:"left_out"` // ids of the parts that were left out, in the case's order
	For      string   `json:"for"`      // who gets it and what for, in the author's words
	// Why is given where the person's consent did not cover it: what it rests on then.
	Why string `json:"why"`
}

// Bounds of an export entry.
const (
	maxExport     = 64 << 10 // bytes of JSON
	maxLeftOut    = 4096
	maxExportText = 2000 // bytes of each text
)

var (
	errExport = errors.New("not a record of an export")
	partForm  = regexp.MustCompile(`^[a-z][a-z0-9-]{0,40}$`)
)

// parseExport reads the data of an export entry.
func parseExport(b []byte) (Export, error) {
	var e Export
	if err := strict(b, maxExport, &e); err != nil || e.check() != nil {
		return Export{}, errExport
	}
	if again, err := encode(e); err != nil || !bytes.Equal(again, b) {
		return Export{}, errExport
	}
	return e, nil
}

func (e Export) check() error {
	switch {
	case e.V != 1, e.Variant != ExportFull && e.Variant != ExportRedacted, !isHex(e.Manifest, 32):
		return errExport
	case e.LeftOut == nil, len(e.LeftOut) > maxLeftOut, e.Variant == ExportFull && len(e.LeftOut) > 0:
		return errExport
	case len(e.For) > maxExportText, len(e.Why) > maxExportText, strings.TrimSpace(e.For) == "":
		return errExport
	case !plainText(e.For), !plainText(e.Why):
		return errExport
	}
	for _, p := range e.LeftOut {
		if !partForm.MatchString(p) {
			return errExport
		}
	}
	return nil
}

// tidy puts the author's words on one line.
func (e Export) tidy() Export {
	e.For, e.Why = strings.Join(strings.Fields(e.For), " "), strings.Join(strings.Fields(e.Why), " ")
	return e
}

// CheckExport tells in words for people what is missing before a bundle may be
// made of the case. ErrNotLegal.
func (c *Case) CheckExport(e Export) error {
	if c.Journal.IsZero() {
		return notLegal("take the case first")
	}
	e = e.tidy()
	switch {
	case c.Under18 && !c.Safeguarded:
		return notLegal("someone under 18 is affected: write the safeguarding note before the case goes anywhere")
	case c.Erase != nil:
		return notLegal("two people agreed that this case is to be erased")
	case strings.TrimSpace(e.For) == "":
		return notLegal("write down who gets the bundle and what for")
	case len(e.For) > maxExportText || len(e.Why) > maxExportText:
		return notLegal("who gets it, and why, are to fit in 2,000 bytes each")
	case !plainText(e.For) || !plainText(e.Why):
		return notLegal("who gets it, or why, has characters that can't be shown")
	case !c.MayExport() && strings.TrimSpace(e.Why) == "":
		return notLegal("what the person agreed to does not cover this: write down what it rests on")
	}
	return nil
}

// MayExport reports whether what the person agreed to covers that the case is
// shown to people outside: for a complaint, or to partners named to her.
func (c *Case) MayExport() bool {
	complain, _ := c.MayComplain()
	share, _ := c.MayShare()
	return complain || share
}

// RecordExport writes into the case that it leaves as a bundle. after is the
// last entry that the bundle holds: where the case has gone on since, or the
// person sent something new, nothing is recorded and the error matches
// ErrNotLegal, so that a bundle never misses what came before it. What is
// returned is the entry as the bundle carries it.
func (w *Workstation) RecordExport(ctx context.Context, id, after vault.ID, e Export) (seal.Shown, error) {
	e = e.tidy()
	if e.LeftOut == nil {
		e.LeftOut = []string{}
	}
	e.V = 1
	err := w.act(ctx, id, "export", e, func(c *Case, _ bool) error {
		switch {
		case c.head.Entry != after:
			return notLegal("the case went on while the bundle was being made: look at what is new, then make it again")
		case c.CheckExport(e) != nil:
			return c.CheckExport(e)
		case e.check() != nil:
			return notLegal("this bundle can't be recorded in the case")
		}
		return nil
	})
	if err != nil {
		return seal.Shown{}, err
	}
	signed, err := w.SignedEntries(ctx, id)
	if err != nil {
		return seal.Shown{}, err
	}
	for i, s := range signed {
		if s.Accepted && s.Kind == "export" && s.Export.Manifest == e.Manifest && i > 0 && signed[i-1].ID == after {
			return s.Shown, nil
		}
	}
	return seal.Shown{}, fmt.Errorf("%w: the entry is not in the replica yet", ErrUnsure)
}
