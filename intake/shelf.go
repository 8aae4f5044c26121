package intake

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"peerwitness/vault"
)

// shelf knows which releases of figures there are. It asks the store each time
// for the last one, and reads only those that are new, one at a time.
type shelf struct {
	store vault.Reader

	mu   sync.Mutex // guards what follows, and lets one at a time read
	last vault.ID
	list []shelved // newest first
}

// shelved is what is kept in memory of a release, bounded and tidy.
type shelved struct {
	ID, Former vault.ID
	Size       int    // of the body
	Programme  string // its id
	Every      string
	Period     string
	Ledger     string            // hex
	Headline   map[string]string // in the list's languages
	Languages  []string          // that it has a page in
	Readable   bool              // false when the body is of another form than is known here
}

// releases returns all of them, newest first. The list may not be changed.
func (s *shelf) releases(ctx context.Context) ([]shelved, error) {
	last, err := s.store.LastRelease(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading releases: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last == s.last {
		return s.list, nil
	}
	var fresh []shelved
	for id := last; !id.IsZero() && id != s.last; {
		r, err := s.store.Release(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("reading release: %w", err)
		}
		fresh = append(fresh, shelve(id, r))
		id = r.Former
		if id.IsZero() {
			s.list = nil // all read anew: the store went back behind what was held
		}
	}
	s.last, s.list = last, slices.Concat(fresh, s.list)
	return s.list, nil
}

var (
	periodForm = regexp.MustCompile(`^[0-9]{4}(-[HQ]?[0-9]{1,2})?$`)
	codeForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
)

// shelve keeps of what a release says of itself only what is of the right form.
func shelve(id vault.ID, r vault.Release) shelved {
	out := shelved{ID: id, Former: r.Former, Size: len(r.Body), Headline: map[string]string{}}
	_, files, err := vault.UnpackRelease(r.Body)
	if err != nil {
		return out
	}
	says, err := vault.GlanceRelease(r.Body)
	if err != nil {
		return out
	}
	only := func(form *regexp.Regexp, s string) string {
		if !form.MatchString(s) {
			return ""
		}
		return strings.Clone(s)
	}
	out.Programme, out.Every = only(codeForm, says.Programme.ID), only(codeForm, says.Programme.Every)
	out.Period, out.Ledger = only(periodForm, says.Period), only(codeForm, says.Ledger)
	for _, lang := range figuresLanguages {
		out.Headline[lang] = visible(says.Headline[lang])
	}
	for _, f := range files {
		if m := pageFile.FindStringSubmatch(f.Name); m != nil {
			out.Languages = append(out.Languages, m[1])
		}
	}
	out.Readable = len(out.Languages) > 0
	return out
}

// find returns one of them. vault.ErrNotFound.
func (s *shelf) find(ctx context.Context, id string) (shelved, error) {
	list, err := s.releases(ctx)
	if err != nil {
		return shelved{}, err
	}
	for _, r := range list {
		if r.ID.String() == id {
			return r, nil
		}
	}
	return shelved{}, fmt.Errorf("%w: release", vault.ErrNotFound)
}
