package access_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
	"peerwitness/vault/roster"
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

// swapped exchanges two texts of one length.
func swapped(b []byte, one, other string) []byte {
	hold := bytes.Repeat([]byte("#"), len(one))
	b = bytes.ReplaceAll(b, []byte(one), hold)
	b = bytes.ReplaceAll(b, []byte(other), []byte(one))
	return bytes.ReplaceAll(b, hold, []byte(other))
}

// Who was revoked signs nothing any more.
func TestReleaseOfTheRevoked(t *testing.T) {
	s := newSite(t)
	lead := s.signIn(t, "lead")
	v, err := roster.NewRevocation(s.People["keeper"].ID, s.Roster.Hash, s.People["lead"].ID, vault.ID{}, s.People["lead"].Private)
	must(t, err)
	must(t, lead.PutRevocation(ctx, toJSON(t, v)))
	_, err = lead.PutRelease(ctx, vault.ID{}, s.Release(t, vault.ID{}, "2026-H1"))
	wantErr(t, err, roster.ErrSigners)
	_, err = lead.PutRelease(ctx, vault.ID{}, s.Release(t, vault.ID{}, "2026-H1", "lead", "community"))
	must(t, err)
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
	signed := func(json string) []byte { return s.SignRelease(t, []byte(json), "lead", "keeper") }
	byTwo := signed(good)
	raw, _, err := vault.UnpackRelease(byTwo)
	must(t, err)
	sigs, err := roster.ParseSignatures(raw)
	must(t, err)
	lead, keeper := s.People["lead"].ID, s.People["keeper"].ID
	for name, c := range map[string]struct {
		body []byte
		code string
	}{
		"nothing":                   {nil, "malformed"},
		"noise":                     {[]byte("figures"), "malformed"},
		"no signatures field":       {pack("", good), "malformed"},
		"another organisation":      {signed(`{"organisation":"Others","former":""}`), "malformed"},
		"another former":            {signed(`{"organisation":"Peers & Rights","former":"00"}`), "malformed"},
		"a key twice":               {signed(`{"organisation":"Peers & Rights","former":"","former":""}`), "malformed"},
		"a key in other letters":    {signed(`{"organisation":"Peers & Rights","former":"","Former":""}`), "malformed"},
		"not JSON":                  {signed(`figures`), "malformed"},
		"a file's name that climbs": {pack("[]", good, vault.ReleaseFile{Name: "../x"}), "malformed"},
		"nobody signed":             {s.SignRelease(t, []byte(good)), "signers"},
		"signatures of null":        {pack("null", good), "malformed"},
		"one signed":                {s.SignRelease(t, []byte(good), "keeper"), "signers"},
		"an advocate signed":        {s.SignRelease(t, []byte(good), "keeper", "advocate"), "signers"},
		"one signed twice":          {bytes.ReplaceAll(byTwo, []byte(lead), []byte(keeper)), "malformed"},
		"signed for each other":     {swapped(byTwo, sigs[0].Sig, sigs[1].Sig), "signature"},
		"changed after signing":     {bytes.Replace(s.Release(t, vault.ID{}, "2026-H1"), []byte("2026-H1"), []byte("2026-H2"), 1), "signature"},
		"too large":                 {make([]byte, vault.MaxRelease+1), "too-large"},
	} {
		want := http.StatusUnprocessableEntity
		if c.code == "too-large" {
			want = http.StatusRequestEntityTooLarge
		}
		status, body, _ := s.call(t, "POST", "/access/v1/releases", token, stream, vault.ReleaseObject(vault.Release{Body: c.body}))
		if words, _ := body["error"].(string); status != want || words == "" || body["code"] != c.code {
			t.Errorf("%s: %d %v, want %d, %s", name, status, body, want, c.code)
		}
	}
	if last, err := s.store.LastRelease(ctx); err != nil || !last.IsZero() {
		t.Errorf("something was stored: %v %v", last, err)
	}
	status, _, _ := s.call(t, "POST", "/access/v1/releases", token, "application/json", []byte("{}"))
	if status != http.StatusUnsupportedMediaType {
		t.Errorf("as JSON: %d", status)
	}
	_, err = access.NewClient(s.url, nil).PutRelease(ctx, vault.ID{}, s.Release(t, vault.ID{}, "2026-H1"))
	wantErr(t, err, access.ErrSignedOut)
}
