package access_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
)

func TestPutRelease(t *testing.T) {
	s := newSite(t)
	keeper, lead := s.signIn(t, "keeper"), s.signIn(t, "lead")
	first := s.Release(t, vault.ID{}, "2026-H1")
	id, err := keeper.PutRelease(ctx, vault.ID{}, first)
	must(t, err)
	if want := vault.Sum(vault.ReleaseObject(vault.Release{Body: first})); id != want {
		t.Fatalf("id %v, want %v", id, want)
	}
	again, err := lead.PutRelease(ctx, vault.ID{}, first) // a lost answer, and another sender
	must(t, err)
	if again != id {
		t.Fatal("the same release got another id")
	}
	second := s.Release(t, id, "2026-H2")
	next, err := lead.PutRelease(ctx, id, second)
	must(t, err)
	_, err = keeper.PutRelease(ctx, vault.ID{}, first) // no longer the last, and there still
	must(t, err)

	for name, body := range map[vault.ID][]byte{{}: s.Release(t, vault.ID{}, "2027-H1"), id: s.Release(t, id, "2027-H1")} {
		_, err = lead.PutRelease(ctx, name, body)
		var former *vault.FormerError
		if !errors.As(err, &former) || former.Last != next || !errors.Is(err, vault.ErrConflict) {
			t.Errorf("after %v: told %v, want %v", name, err, next)
		}
	}
	ids, _, err := s.store.Releases(ctx)
	must(t, err)
	if len(ids) != 2 || ids[0] != id || ids[1] != next {
		t.Errorf("the store has %v", ids)
	}
	records, err := s.store.Feed(ctx, 0, 100)
	must(t, err)
	var authors []string
	for _, r := range records {
		if r.Kind == vault.KindRelease {
			authors = append(authors, r.Author)
		}
	}
	if fmt.Sprint(authors) != fmt.Sprint([]string{s.People["keeper"].ID, s.People["lead"].ID}) {
		t.Errorf("authors %v", authors)
	}
	must(t, s.store.Check(ctx))
}

// The first release of all, told from a missing head.
func TestReleaseBeforeTheFirst(t *testing.T) {
	s := newSite(t)
	lead := s.signIn(t, "lead")
	none := accesstest.ID()
	_, err := lead.PutRelease(ctx, none, s.Release(t, none, "2026-H1"))
	var former *vault.FormerError
	if !errors.As(err, &former) || !former.Last.IsZero() {
		t.Fatalf("told %v", err)
	}
}

func TestSameReleaseAtOnceIsNewOnce(t *testing.T) {
	s := newSite(t)
	token := s.bearer(t, "keeper")
	object := vault.ReleaseObject(vault.Release{Body: s.Release(t, vault.ID{}, "2026-H1")})
	status := make([]int, 8)
	var wg sync.WaitGroup
	for i := range status {
		wg.Go(func() { status[i], _, _ = s.call(t, "POST", "/access/v1/releases", token, stream, object) })
	}
	wg.Wait()
	count := map[int]int{}
	for _, c := range status {
		count[c]++
	}
	if count[http.StatusCreated] != 1 || count[http.StatusOK] != len(status)-1 {
		t.Errorf("%v", count)
	}
}

func TestBadReleases(t *testing.T) {
	s := newSite(t)
	token := s.bearer(t, "keeper")
	pack := func(sigs, json string, more ...vault.ReleaseFile) []byte {
		fields := [][]byte{[]byte(sigs), []byte(vault.ReleaseJSON), []byte(json)}
		for _, f := range more {
			fields = append(fields, []byte(f.Name), f.Body)
		}
		return vault.LP("peerwitness/figures/v1", fields...)
	}
	good := `{"organisation":"Peers & Rights","former":""}`
	for name, c := range map[string]struct {
		body []byte
		want int
	}{
		"nothing":                   {nil, 422},
		"noise":                     {[]byte("figures"), 422},
		"no signatures field":       {pack("", good), 422},
		"another organisation":      {pack("[]", `{"organisation":"Others","former":""}`), 422},
		"another former":            {pack("[]", `{"organisation":"Peers & Rights","former":"00"}`), 422},
		"a key twice":               {pack("[]", `{"organisation":"Peers & Rights","former":"","former":""}`), 422},
		"a key in other letters":    {pack("[]", `{"organisation":"Peers & Rights","former":"","Former":""}`), 422},
		"not JSON":                  {pack("[]", `figures`), 422},
		"a file's name that climbs": {pack("[]", good, vault.ReleaseFile{Name: "../x"}), 422},
		"too large":                 {make([]byte, vault.MaxRelease+1), 413},
	} {
		status, body, _ := s.call(t, "POST", "/access/v1/releases", token, stream, vault.ReleaseObject(vault.Release{Body: c.body}))
		if words, _ := body["error"].(string); status != c.want || words == "" {
			t.Errorf("%s: %d %v, want %d", name, status, body, c.want)
		}
	}
	if last, err := s.store.LastRelease(ctx); err != nil || !last.IsZero() {
		t.Errorf("something was stored: %v %v", last, err)
	}
	status, _, _ := s.call(t, "POST", "/access/v1/releases", token, "application/json", []byte("{}"))
	if status != http.StatusUnsupportedMediaType {
		t.Errorf("as JSON: %d", status)
	}
	_, err := access.NewClient(s.url, nil).PutRelease(ctx, vault.ID{}, s.Release(t, vault.ID{}, "2026-H1"))
	wantErr(t, err, access.ErrSignedOut)
}
