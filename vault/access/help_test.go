package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/mux"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
)

var ctx = context.Background()

// site is a served organisation.
type site struct {
	*accesstest.Org
	store   vault.Store
	server  *access.Server
	url     string
	secrets map[string]string // by the person's name in Org.People
}

func newSite(t *testing.T) *site {
	t.Helper()
	org := accesstest.NewOrg(t)
	s := &site{Org: org, store: org.Store(t, t.TempDir()), secrets: map[string]string{}}
	router := mux.NewRouter()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", org.Clock().Format(http.TimeFormat))
		router.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	s.url = front.URL
	s.server = access.NewServer(s.store, s.url, org.Clock)
	s.server.Routes(router)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// enrol gives a person a second factor.
func (s *site) enrol(t testing.TB, name string) {
	t.Helper()
	p := s.People[name]
	_, code, _, err := access.Invite(ctx, s.store, s.Clock, p.ID)
	must(t, err)
	secret, _, err := access.NewClient(s.url, nil).Enrol(ctx, p.ID, p.Private, code, s.Clock())
	must(t, err)
	s.secrets[name] = secret
}

// signIn enrols a person if need be, and returns her signed-in client.
func (s *site) signIn(t testing.TB, name string) *access.Client {
	t.Helper()
	if s.secrets[name] == "" {
		s.enrol(t, name)
	}
	s.Pass(31e9) // each code works once
	c := access.NewClient(s.url, nil)
	p := s.People[name]
	must(t, c.SignIn(ctx, p.ID, p.Private, accesstest.Code(t, s.secrets[name], s.Clock()), s.Clock()))
	return c
}

// bearer signs in on the service layer and returns the token.
func (s *site) bearer(t testing.TB, name string) string {
	t.Helper()
	if s.secrets[name] == "" {
		s.enrol(t, name)
	}
	s.Pass(31e9)
	a := s.attempt(t, name, accesstest.Code(t, s.secrets[name], s.Clock()))
	token, _, err := s.server.Login(ctx, a)
	must(t, err)
	return token
}

// call sends one raw request and returns the status and the decoded body.
func (s *site) call(t testing.TB, method, path, token, mediaType string, body []byte) (int, map[string]any, http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	must(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	var out map[string]any
	_ = json.Unmarshal(b, &out) // a feed isn't JSON
	return res.StatusCode, out, res.Header
}

func toJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return b
}
