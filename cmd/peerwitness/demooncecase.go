package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
)

// The second part of the walk: the case is answered, coded and closed.

const (
	onceAnswer  = "PRACTICE answer: thank you. Ask for the paper that they owe you; we can do that with you."
	onceMessage = "PRACTICE message: yes please, ask for it with me."
)

func (w *walk) answer(ctx context.Context) error {
	b := w.first
	if err := b.get(ctx, w.path); err != nil {
		return err
	}
	if err := b.submit(ctx, w.path+"/answer", "text", onceAnswer); err != nil {
		return err
	}
	if !b.shows(onceAnswer) || !b.shows("Send the answer") {
		return errors.New("the page does not show what the person will read")
	}
	if err := b.submit(ctx, w.path+"/answer/send"); err != nil {
		return err
	}
	if !b.shows("Your answer is in the desk's box") {
		return errors.New("the page does not say that it was sent")
	}
	return nil
}

// readAnswer comes back as the peer does: with the receipt alone, by the box
// whose number it gives.
func (w *walk) readAnswer(ctx context.Context) error {
	out, err := w.words(ctx, "", func(o *wordsOptions, e *env) error {
		return o.read(ctx, e, w.d.api(), w.d.org.roster, w.parcel.receipt)
	})
	if err == nil && (!strings.Contains(out, onceAnswer) || !strings.Contains(out, "Street desk")) {
		err = fmt.Errorf("what she reads is %q", out)
	}
	return err
}

func (w *walk) writeAgain(ctx context.Context) error {
	_, err := w.words(ctx, onceMessage, func(o *wordsOptions, e *env) error {
		o.say, o.desk = "-", "street"
		return o.tell(ctx, e, w.d.api(), w.d.org.roster, w.parcel.receipt)
	})
	return err
}

// words runs what `peerwitness words` runs.
func (w *walk) words(_ context.Context, in string, run func(o *wordsOptions, e *env) error) (string, error) {
	var out, errs bytes.Buffer
	e := &env{stdout: &out, stderr: &errs, now: w.d.e.now, lines: bufio.NewReader(strings.NewReader(in))}
	o := &wordsOptions{lang: "en", root: w.d.root}
	if err := run(o, e); err != nil {
		return "", fmt.Errorf("%w: %s", err, errs.String())
	}
	if strings.Contains(errs.String(), "warning:") {
		return "", errors.New(errs.String())
	}
	return out.String(), nil
}

// seeMessage finds the message on the page of the same case.
func (w *walk) seeMessage(ctx context.Context) error {
	path, err := w.find(ctx, w.first)
	switch {
	case err != nil:
		return err
	case path != w.path:
		return errors.New("the case has another address now")
	case !w.first.shows(onceMessage):
		return errors.New("the page does not show the message")
	}
	return nil
}

// code saves the form as it is filled in from the person's answers, with what
// only an advocate can say.
func (w *walk) code(ctx context.Context) error {
	b, form := w.first, w.path+"/coding"
	if err := b.get(ctx, form); err != nil {
		return err
	}
	if err := b.send(ctx, form, "do", "save", "main", "0", "verification", "single-account",
		"services-0-code", "legal-primary", "services-0-day", w.began.UTC().Format("2006-01-02"), "services-0-outcome", "full"); err != nil {
		return err
	}
	if !b.shows("The coding is in the case") {
		return errors.New("the page does not say that it was saved")
	}
	return nil
}

func (w *walk) closeCase(ctx context.Context) error {
	b := w.first
	if err := b.get(ctx, w.path); err != nil {
		return err
	}
	if err := b.submit(ctx, w.path+"/state", "to", "closed", "close", "resolved", "reason", "PRACTICE: the paper was given."); err != nil {
		return err
	}
	if !b.shows("Counted. Its coding was frozen for the figures on") {
		return errors.New("the page does not say that the case is counted")
	}
	return nil
}
