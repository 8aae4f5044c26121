package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// The third part of the walk: the half-year is closed, signed and published.

func (w *walk) figuresPath(step string) string { return "/figures/" + w.d.period + "/" + step }

func (w *walk) seeProgramme(ctx context.Context) error {
	if err := w.first.get(ctx, "/figures"); err != nil {
		return err
	}
	for _, want := range []string{"In force", "Over, not closed", w.d.org.advocates[0].key.Name, w.d.org.advocates[1].key.Name} {
		if !w.first.shows(want) {
			return fmt.Errorf("the page does not show %q", want)
		}
	}
	return nil
}

func (w *walk) closePeriod(ctx context.Context) error {
	if err := w.first.submit(ctx, w.figuresPath("close")); err != nil {
		return err
	}
	if !w.first.shows("The period is closed") {
		return errors.New("the page does not say so")
	}
	return nil
}

var reasonItems = regexp.MustCompile(`(?s)<ul class="reasons">(.*?)</ul>`)

// refused publishes with one signature, which the gate must not let through,
// and prints the gate's own words.
func (w *walk) refused(ctx context.Context) error {
	if err := w.first.submit(ctx, w.figuresPath("sign")); err != nil {
		return err
	}
	if strings.Contains(w.first.page, `action="`+w.figuresPath("publish")+`"`) {
		return errors.New("the page offers to publish what one person signed")
	}
	// The page offers no button for it, so it is asked for without one.
	if err := w.first.get(ctx, "/figures"); err != nil {
		return err
	}
	if err := w.first.sendTo(ctx, "/sync", w.figuresPath("publish")); err == nil {
		return errors.New("it was published")
	}
	list := reasonItems.FindStringSubmatch(w.first.page)
	if list == nil || !strings.Contains(list[1], "Two people must sign") {
		return errors.New("the page does not say why")
	}
	for _, item := range strings.Split(strings.TrimSpace(list[1]), "</li>") {
		if text := strings.TrimSpace(html.UnescapeString(anyTag.ReplaceAllString(item, ""))); text != "" {
			fmt.Fprintf(w.d.e.stdout, "      refused: %s\n", text)
		}
	}
	if _, err := w.releases(ctx); err == nil {
		return errors.New("the server shows figures all the same")
	}
	return nil
}

func (w *walk) signSecond(ctx context.Context) error {
	if err := w.then.submit(ctx, "/sync"); err != nil {
		return err
	}
	if err := w.then.get(ctx, "/figures"); err != nil {
		return err
	}
	if err := w.then.submit(ctx, w.figuresPath("sign")); err != nil {
		return err
	}
	if !w.then.shows("You signed what this computer itself counted") {
		return errors.New("the page does not say that it is signed")
	}
	return nil
}

func (w *walk) publish(ctx context.Context) error {
	for _, step := range []func() error{
		func() error { return w.first.get(ctx, "/") },
		func() error { return w.first.submit(ctx, "/sync") },
		func() error { return w.first.get(ctx, "/figures") },
		func() error { return w.first.submit(ctx, w.figuresPath("publish")) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if !w.first.shows("The figures are public") {
		return errors.New("the page does not say so")
	}
	return nil
}

var releaseLink = regexp.MustCompile(`href="(/figures/[0-9a-f]{64})[/"]`)

// releases are the paths of the releases that the public page lists.
func (w *walk) releases(ctx context.Context) ([]string, error) {
	_, b, err := w.d.api().do(ctx, http.MethodGet, "/figures", "", nil, "", 1<<20)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range releaseLink.FindAllStringSubmatch(string(b), -1) {
		out = append(out, m[1])
	}
	if len(out) == 0 {
		return nil, errors.New("the page lists no figures")
	}
	return out, nil
}

// verify checks what the public sees as anybody can.
func (w *walk) verify(ctx context.Context) error {
	list, err := w.releases(ctx)
	if err != nil {
		return err
	}
	v := &verifier{release: w.d.origin + "/figures", root: w.d.root}
	if w.d.lan != nil { // whose certificate no program here trusts: by the file
		_, b, err := w.d.api().do(ctx, http.MethodGet, list[0]+"/release.peerwitness", "", nil, "", 4<<20)
		if err != nil {
			return err
		}
		v.release, v.rosterFrom = filepath.Join(w.d.dir, "release.peerwitness"), w.d.org.rosterFile
		if err := os.WriteFile(v.release, b, 0o600); err != nil {
			return err
		}
	}
	out, err := w.words(ctx, "", func(_ *wordsOptions, e *env) error { return v.run(ctx, e) })
	if err != nil {
		return err
	}
	for _, line := range strings.Split(out, "\n")[:2] {
		fmt.Fprintf(w.d.e.stdout, "      %s\n", line)
	}
	return nil
}
