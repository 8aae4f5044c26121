package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"peerwitness/vault/seal"
)

// onceStory is in the report that the walk follows, and nowhere else.
const onceStory = "PRACTICE walk: two officers took my bag on the invented Lantern Street."

// walk goes through the demo as its people would, and says each step.
type walk struct {
	d           *demo
	began       time.Time
	first, then *browser // Nino's and Amara's
	parcel      parcel
	path        string // of the case
	bundle      []byte
}

// once drives the whole way without a person: a report with a picture is
// sent, one advocate works the case in her pages until it is closed, a second
// one sees it in hers, and as keepers the two publish a half-year's figures.
func (d *demo) once(ctx context.Context) (err error) {
	w := &walk{d: d, began: d.e.now()}
	nino, amara := d.org.advocates[0], d.org.advocates[1]
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"the server hands out the signed roster", w.checkRoster},
		{"the server serves the phone app", w.checkApp},
		{"a report with a picture is sealed and sent", w.sendReport},
		{"sending it again changes nothing", w.sendAgain},
		{"the peer's words come back as the same receipt", w.checkWords},
		{"an advocate unlocks her workstation", w.opening(nino, &w.first)},
		{"her inbox has the report", w.seeInbox},
		{"she opens it, and the picture", w.openCase},
		{"she takes the case", w.takeCase},
		{"she moves it to review, with a reason", w.moveCase},
		{"she adds a note", w.addNote},
		{"a second advocate unlocks hers", w.opening(amara, &w.then)},
		{"the second advocate sees holder, state and note", w.seeCase},
		{"the first one answers the peer", w.answer},
		{"the peer reads it with her words alone", w.readAnswer},
		{"she writes again", w.writeAgain},
		{"her message is in the same case", w.seeMessage},
		{"the advocate codes the case", w.code},
		{"she closes it, and it is counted", w.closeCase},
		{"she makes an evidence bundle of it, and anybody can check it", w.makeBundle},
		{"one changed byte in it is noticed, by name", w.spoilBundle},
		{"the figures' programme was decided before the year, by two keepers", w.seeProgramme},
		{"one keeper closes the half-year " + d.period, w.closePeriod},
		{"publishing with one signature is refused", w.refused},
		{"the second keeper signs what her own computer counted", w.signSecond},
		{"the figures are published", w.publish},
		{"anybody can check them at the public address", w.verify},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintf(d.e.stdout, "ok  %s\n", step.name)
	}
	if err := w.checkStore(ctx); err != nil {
		return fmt.Errorf("the server's store is sound: %w", err)
	}
	fmt.Fprintf(d.e.stdout, "ok  the server's store is sound\nok  all of it, in %.1f seconds\n", d.e.now().Sub(w.began).Seconds())
	return nil
}

func (w *walk) checkRoster(ctx context.Context) error {
	note, err := w.d.api().roster(ctx)
	if err == nil && string(note) != string(w.d.org.roster.Note) {
		err = errors.New("it is not the one that was signed")
	}
	return err
}

func (w *walk) checkApp(ctx context.Context) error {
	_, b, err := w.d.api().do(ctx, http.MethodGet, "/", "", nil, "", 1<<20)
	if err == nil && !strings.Contains(strings.ToLower(string(b)), "<!doctype html") {
		err = errors.New("it is not a page")
	}
	return err
}

func (w *walk) sendReport(ctx context.Context) error {
	to, err := recipients(ctx, w.d.api(), w.d.org.roster, "street", w.d.e.now())
	if err != nil {
		return err
	}
	p := practice{Desk: "street", Lang: "en", Picture: true, Counted: true, Consent: []string{"legal-help", "count-me"}, Answers: map[string]any{
		"groups": []string{"police"}, "acts": []string{"stop-search"}, "who": []string{"police"}, "teller": "affected", "asked": "yes",
		"where": map[string]string{"region": "north", "part": "harbour", "place": "Lantern Street"}, "urgency": "danger-now",
		"need": []string{"lawyer-now"}, "story": onceStory,
	}}
	if w.parcel, err = p.seal(w.d.org.roster, to, 0, w.d.e.now()); err != nil {
		return err
	}
	d, err := w.parcel.send(ctx, w.d.api())
	if err == nil && !d.New {
		err = errors.New("the server says that it had it before")
	}
	return err
}

func (w *walk) sendAgain(ctx context.Context) error {
	d, err := w.parcel.send(ctx, w.d.api())
	if err == nil && d.New {
		err = errors.New("the server took it for another report")
	}
	return err
}

func (w *walk) checkWords(context.Context) error {
	for _, lang := range []string{"en", "fr"} {
		words, err := w.parcel.receipt.Words(lang)
		if err != nil {
			return err
		}
		again, err := seal.ParseReceipt(strings.Join(words, " "), lang)
		if err == nil && again != w.parcel.receipt {
			err = errors.New("they name another thread")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// opening starts an advocate's workstation and unlocks it in a browser.
func (w *walk) opening(a *advocate, in **browser) func(context.Context) error {
	return func(ctx context.Context) error {
		desk, stop, err := w.d.desk(ctx, a)
		if err != nil {
			return err
		}
		w.d.closers = append(w.d.closers, stop)
		b, err := browse(ctx, desk.ui.LaunchURL())
		if err != nil {
			return err
		}
		code, err := a.code(w.d.e.now())
		if err != nil {
			return err
		}
		*in = b
		return b.unlock(ctx, demoPassphrase, code)
	}
}

func (w *walk) seeInbox(ctx context.Context) (err error) {
	w.path, err = w.find(ctx, w.first)
	return err
}

func (w *walk) openCase(ctx context.Context) error {
	if err := w.first.get(ctx, w.path); err != nil {
		return err
	}
	if !w.first.shows(onceStory) {
		return errors.New("the page does not show the story")
	}
	if !strings.Contains(w.first.page, w.path+"/file/0") {
		return errors.New("the page does not show the picture")
	}
	kind, err := w.first.fetch(ctx, w.path+"/file/0")
	if err == nil && !strings.HasPrefix(kind, "image/") {
		err = fmt.Errorf("the picture came as %q", kind)
	}
	return err
}

func (w *walk) takeCase(ctx context.Context) error {
	if err := w.first.get(ctx, w.path); err != nil {
		return err
	}
	if err := w.first.submit(ctx, w.path+"/take"); err != nil {
		return err
	}
	// Taken, the case goes by its journal's id.
	path, err := w.find(ctx, w.first)
	if err != nil {
		return err
	}
	w.path = path
	return nil
}

// find returns the path of the case in b's inbox, and leaves its page open.
func (w *walk) find(ctx context.Context, b *browser) (string, error) {
	path, err := b.findCase(ctx, onceStory[:24])
	if err != nil {
		return "", err
	}
	if err := b.get(ctx, path); err != nil {
		return "", err
	}
	if !b.shows(onceStory) {
		return "", errors.New("the case's page does not show the story")
	}
	return path, nil
}

const (
	onceReason = "PRACTICE reason: the story is clear enough to work on."
	onceNote   = "PRACTICE note: asked for the name of the street lamp."
)

func (w *walk) moveCase(ctx context.Context) error {
	if err := w.first.submit(ctx, w.path+"/state", "to", "in-review", "reason", onceReason); err != nil {
		return err
	}
	if !w.first.shows(onceReason) {
		return errors.New("the page does not show the reason")
	}
	return nil
}

func (w *walk) addNote(ctx context.Context) error {
	if err := w.first.submit(ctx, w.path+"/note", "text", onceNote); err != nil {
		return err
	}
	if !w.first.shows(onceNote) {
		return errors.New("the page does not show the note")
	}
	return nil
}

func (w *walk) seeCase(ctx context.Context) error {
	if _, err := w.find(ctx, w.then); err != nil {
		return err
	}
	for _, want := range []string{w.d.org.advocates[0].key.Name, onceReason, onceNote, "In review"} {
		if !w.then.shows(want) {
			return fmt.Errorf("the page does not show %q", want)
		}
	}
	return nil
}

// checkStore stops everything and has the server verify what it stored.
func (w *walk) checkStore(ctx context.Context) error {
	if err := w.d.closeDesks(); err != nil {
		return err
	}
	if err := w.d.server.stop(); err != nil {
		return err
	}
	out, err := runServer(ctx, "check", "--store", filepath.Join(w.d.dir, "store"))
	if err == nil && len(out) == 0 {
		err = errors.New("it said nothing")
	}
	return err
}
