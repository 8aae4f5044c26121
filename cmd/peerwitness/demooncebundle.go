package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The third part of the walk: the case leaves as an evidence bundle.

const onceWhy = "PRACTICE: the person asked for it by word of mouth."

// makeBundle makes a bundle of everything in the pages, and checks it as
// whoever gets it would.
func (w *walk) makeBundle(ctx context.Context) error {
	b, form := w.first, w.path+"/evidence"
	if err := b.get(ctx, form); err != nil {
		return err
	}
	if err := b.submit(ctx, form, "variant", "full", "for", "PRACTICE court of the invented harbour", "why", onceWhy); err != nil {
		return err
	}
	if !b.shows("It holds everything in the case") {
		return errors.New("the page does not say what would leave")
	}
	if err := b.submit(ctx, form+"/download"); err != nil {
		return err
	}
	w.bundle = []byte(b.page)
	out, err := w.checkBundle(ctx, w.bundle)
	if err != nil {
		return err
	}
	for _, want := range []string{"What held", "of 1 attached files are the very ones", "2 later messages are signed", w.d.root} {
		if !strings.Contains(out, want) {
			return fmt.Errorf("the check does not say %q:\n%s", want, out)
		}
	}
	if err := b.get(ctx, w.path); err != nil {
		return err
	}
	if !b.shows("made an evidence bundle of everything") {
		return errors.New("the case's history does not show that it left")
	}
	return nil
}

// spoilBundle changes one byte of the story.
func (w *walk) spoilBundle(ctx context.Context) error {
	at := bytes.Index(w.bundle, []byte(onceStory))
	if at < 0 {
		return errors.New("the bundle does not hold the story")
	}
	spoilt := bytes.Clone(w.bundle)
	spoilt[at] ^= 1
	out, err := w.checkBundle(ctx, spoilt)
	if err == nil || !strings.Contains(out, ": was changed") {
		return fmt.Errorf("the check says %v:\n%s", err, out)
	}
	return nil
}

func (w *walk) checkBundle(ctx context.Context, zip []byte) (string, error) {
	dir, err := os.MkdirTemp("", "peerwitness-bundle-")
	if err != nil {
		return "", plainPath(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "bundle.zip")
	if err := os.WriteFile(file, zip, 0o600); err != nil {
		return "", plainPath(err)
	}
	var out bytes.Buffer
	err = checkBundle(ctx, &out, file, w.d.root)
	return out.String(), err
}
