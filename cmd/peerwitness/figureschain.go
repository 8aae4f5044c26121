package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"peerwitness/review/figures"
	"peerwitness/vault"
)

// Bounds on what is taken of a server's list of releases.
const (
	maxReleases    = 1000
	maxReleaseList = 1 << 20
)

// listed is a release as a server lists it.
type listed struct{ id, former vault.ID }

// runServer checks one release of a server, or all of them, and their chain.
func (v *verifier) runServer(ctx context.Context, e *env) error {
	base, wanted, err := releaseAddress(v.release)
	if err != nil {
		return misuse("figures verify", "%w", err)
	}
	api, err := publicServer(base)
	if err != nil {
		return misuse("figures verify", "%w", err)
	}
	if v.rosterFrom == "" {
		v.rosterFrom, v.sameServer = base, true
	}
	if err := v.takeRoster(ctx); err != nil {
		return err
	}
	list, err := api.releases(ctx)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("the server has no releases yet")
	}
	at := -1 // which release was asked for
	for i, l := range list {
		if l.id == wanted {
			at = i
		}
	}
	if !wanted.IsZero() && at < 0 {
		return hint(fmt.Errorf("release %s is not on the server's list", wanted), "a release stays listed for good: ask the organisation, and keep what you have of it")
	}
	failed := 0
	for i, l := range list { // oldest first
		r, body, err := v.fetched(ctx, api, l, wanted.IsZero() || i == at)
		switch {
		case err != nil && !wanted.IsZero():
			return err
		case err != nil:
			failed++
			fmt.Fprintf(e.stdout, "release %s DID NOT HOLD\n", l.id)
			report(e.stdout, err)
			fmt.Fprintln(e.stdout)
		case wanted.IsZero() || i == at:
			v.say(e, r, l.id, body)
			place := "the first of %d on the server, and says so"
			if i > 0 {
				place = fmt.Sprintf("number %d", i+1) + " of %d on the server, and names the one before it"
			}
			fmt.Fprintf(e.stdout, "- It is "+place+".\n\n", len(list))
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d releases did not hold", failed, len(list))
	}
	fmt.Fprintf(e.stdout, "Releases on the server: %d, one chain from the first on. The newest is %s.\n", len(list), list[len(list)-1].id)
	v.caution(e, "That everybody is shown the same list: compare the newest release's hash with what others see.")
	return nil
}

// fetched gets a release and checks that it is the one that the list names, and
// in its place; whole also that everything in it holds.
func (v *verifier) fetched(ctx context.Context, api *publicAPI, l listed, whole bool) (figures.Release, []byte, error) {
	_, body, err := api.do(ctx, http.MethodGet, "/figures/"+l.id.String()+"/release.peerwitness", "", nil, "", vault.MaxRelease)
	if err != nil {
		return figures.Release{}, nil, fmt.Errorf("fetching release: %w", err)
	}
	const broken = "do not use this server's releases before the organisation has explained it"
	if vault.Sum(vault.ReleaseObject(vault.Release{Former: l.former, Body: body})) != l.id {
		return figures.Release{}, nil, hint(fmt.Errorf("release %s: the server gave other bytes, or another former release, than its hash stands for", l.id), broken)
	}
	if says, err := vault.GlanceRelease(body); err != nil || !says.Follows(l.former) {
		return figures.Release{}, nil, hint(fmt.Errorf("release %s: what was signed names another former release than the server's list", l.id), broken)
	}
	if !whole {
		return figures.Release{}, nil, nil
	}
	r, err := v.check(body)
	return r, body, err
}

// releases returns the server's list, oldest first, once it is one chain.
func (a *publicAPI) releases(ctx context.Context) ([]listed, error) {
	_, b, err := a.do(ctx, http.MethodGet, "/v1/releases", "", nil, "", maxReleaseList)
	if err != nil {
		return nil, fmt.Errorf("reading list of releases: %w", err)
	}
	var said struct {
		Releases []struct{ ID, Former string }
	}
	if json.Unmarshal(b, &said) != nil || len(said.Releases) > maxReleases {
		return nil, errors.New("reading list of releases: the server's answer is not one")
	}
	var out []listed
	for i := len(said.Releases) - 1; i >= 0; i-- {
		item := said.Releases[i]
		l := listed{}
		if l.id, err = vault.ParseID(item.ID); err == nil && item.Former != "" {
			l.former, err = vault.ParseID(item.Former)
		}
		if err != nil {
			return nil, errors.New("reading list of releases: it holds something that is no hash")
		}
		last := vault.ID{}
		if len(out) > 0 {
			last = out[len(out)-1].id
		}
		if l.former != last {
			return nil, hint(fmt.Errorf("reading list of releases: they are not one chain: %s does not follow the one before it", l.id),
				"one was taken out, or put in between; keep what you have of it, and ask the organisation")
		}
		out = append(out, l)
	}
	return out, nil
}

// releaseAddress reads what a browser shows: a server, its list, or something of
// one release. The zero id stands for all of them.
func releaseAddress(s string) (base string, id vault.ID, err error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil {
		return "", vault.ID{}, fmt.Errorf("%q is not an address, such as https://reports.example/figures", s)
	}
	base = u.Scheme + "://" + u.Host
	path := strings.Trim(u.Path, "/")
	if path == "" || path == "figures" || path == "v1/releases" {
		return base, vault.ID{}, nil
	}
	name, ok := strings.CutPrefix(path, "figures/")
	name, _, _ = strings.Cut(name, "/")
	if id, err = vault.ParseID(name); !ok || err != nil {
		return "", vault.ID{}, fmt.Errorf("%q is neither a server, nor its list of figures, nor a release", s)
	}
	return base, id, nil
}
