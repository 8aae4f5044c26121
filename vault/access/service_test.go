package access_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

const stream = "application/octet-stream"

// Every route, for everybody: what is allowed is in one table here and one
// there, and they must agree.
func TestEveryRouteForEverybody(t *testing.T) {
	s := newSite(t)
	who := []string{"signed out", "garbage", "advocate", roster.Lead, roster.Keeper, roster.Partner, roster.Community, "revoked", "removed"}
	leave := accesstest.NewPerson(t, "p-00000000000000aa", roster.Advocate, roster.Lead)
	gone := accesstest.NewPerson(t, "p-00000000000000bb", roster.Advocate, roster.Lead)
	s.People["revoked"], s.People["removed"] = leave, gone
	note := s.Next(t, func(r *roster.Roster) { r.People = append(r.People, leave.Person, gone.Person) })
	must(t, s.store.PutRoster(ctx, "", s.Roster.Version, note))
	tokens := map[string]string{"garbage": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
	for _, name := range who[2:] {
		tokens[name] = s.bearer(t, name)
	}
	lead := s.People[roster.Lead]
	revocation, err := roster.NewRevocation(leave.ID, s.Roster.Hash, lead.ID, vault.ID{}, lead.Private)
	must(t, err)
	must(t, s.store.PutRevocation(ctx, lead.ID, vault.Revocation{Person: leave.ID, JSON: toJSON(t, revocation)}))
	note = s.Next(t, accesstest.Without(gone.ID))
	must(t, s.store.PutRoster(ctx, "", s.Roster.Version, note))

	a, err := s.store.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: accesstest.Report(8, 0)})
	must(t, err)
	blob := []byte("sealed")
	_, err = s.store.PutBlob(ctx, a.Ticket, vault.Sum(blob), blob)
	must(t, err)

	sealers, staff := []string{"advocate", "lead"}, []string{"advocate", "lead", "keeper"}
	routes := []struct {
		method, path, mediaType string
		body                    func(name string) []byte
		ok                      int
		may                     []string
	}{
		{"GET", "/feed?after=0&limit=5", "", nil, 200, append([]string{"partner"}, staff...)},
		{"GET", "/places", "", nil, 200, []string{"partner"}},
		{"GET", "/ended", "", nil, 200, []string{"partner"}},
		{"GET", "/blobs/" + vault.Sum(blob).String(), "", nil, 200, staff},
		{"POST", "/append", stream, func(string) []byte {
			return vault.AppendObject(accesstest.Append(accesstest.ID(), 0, vault.ID{}))
		}, 201, staff},
		{"POST", "/releases", stream, func(string) []byte {
			release, err := s.store.LastRelease(ctx)
			must(t, err)
			return vault.ReleaseObject(vault.Release{Former: release, Body: s.Release(t, release, "2026-H1")})
		}, 201, []string{"lead", "keeper"}},
		{"POST", "/erasures", stream, func(string) []byte {
			e, _ := s.agreedCase(t)
			return vault.ErasureObject(e)
		}, 201, sealers},
		{"POST", "/certificates", "application/json", func(name string) []byte {
			p := s.People[name]
			if p == nil {
				p = s.People["advocate"]
			}
			return toJSON(t, p.Certificate(t, s.Clock()))
		}, 204, sealers},
		{"POST", "/revocations", "application/json", func(name string) []byte {
			p := s.People[name]
			if p == nil {
				p = lead
			}
			v, err := roster.NewRevocation("p-00000000000000cc", s.Roster.Hash, p.ID, vault.ID{}, p.Private)
			must(t, err)
			return toJSON(t, v)
		}, 204, []string{"lead"}},
		{"POST", "/roster", "text/plain", func(string) []byte { return s.Roster.Note }, 204, []string{"lead"}},
		{"POST", "/documents", "application/json", func(string) []byte { return codebook.Default() }, 200, []string{"lead"}},
		{"GET", "/put-back", "", nil, 200, staff},
		{"POST", "/put-back", stream, func(string) []byte {
			records, err := s.store.Feed(ctx, 0, 1)
			must(t, err)
			object, err := s.store.Object(ctx, records[0])
			must(t, err)
			var b bytes.Buffer
			must(t, access.WriteFrame(&b, records[0], object))
			return b.Bytes()
		}, 409, staff}, // this store lost nothing
		{"POST", "/put-back/" + vault.Sum(blob).String(), stream, func(string) []byte { return blob }, 204, staff},
		{"POST", "/logout", "", nil, 204, []string{"advocate", "lead", "keeper", "partner", "community"}},
	}
	for _, route := range routes {
		for _, name := range who {
			want := http.StatusForbidden
			if name == "signed out" || name == "garbage" {
				want = http.StatusUnauthorized
			}
			for _, m := range route.may {
				if m == name {
					want = route.ok
				}
			}
			if name == roster.Partner && strings.HasPrefix(route.path, "/blobs/") {
				want = http.StatusNotFound // none of hers
			}
			token := tokens[name]
			if want == http.StatusForbidden && (name == "revoked" || name == "removed") {
				// Her sessions ended with the first refusal: open one behind the server's back.
				raw := accesstest.ID()
				must(t, s.store.PutSession(ctx, vault.Session{Token: vault.Sum(raw[:]), Person: s.People[name].ID, Until: s.Clock().Add(time.Hour)}))
				token = base64url(raw[:])
			}
			var body []byte
			if route.body != nil {
				body = route.body(name)
			}
			status, out, _ := s.call(t, route.method, "/access/v1"+route.path, token, route.mediaType, body)
			if status != want {
				t.Errorf("%s %s as %s: %d, want %d (%v)", route.method, route.path, name, status, want, out)
			}
			if want == http.StatusForbidden && (name == "revoked" || name == "removed") {
				if status, _, _ := s.call(t, "GET", "/access/v1/feed", token, "", nil); status != http.StatusUnauthorized {
					t.Errorf("%s: session still there after a refusal: %d", name, status)
				}
			}
		}
	}
	// Open to anybody, and of no use to those who are out.
	for _, name := range []string{"revoked", "removed"} {
		s.Pass(time.Minute)
		_, _, err := s.server.Login(ctx, s.attempt(t, name, accesstest.Code(t, s.secrets[name], s.Clock())))
		wantErr(t, err, access.ErrSignIn)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/access/v1/nothing", 404}, {"GET", "/access/v1/", 404}, {"GET", "/access/v1/blobs/zz", 404},
		{"GET", "/access/v1/login", 405}, {"PUT", "/access/v1/append", 405}, {"OPTIONS", "/access/v1/append", 204},
	} {
		token := ""
		if strings.Contains(c.path, "blobs") {
			token = s.bearer(t, "advocate")
		}
		if got, _, h := s.call(t, c.method, c.path, token, "", nil); got != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, got, c.want)
		} else if h.Get("Access-Control-Allow-Origin") != "" {
			t.Error("an answer for other origins")
		}
	}
}

func TestBadRequests(t *testing.T) {
	s := newSite(t)
	token := s.bearer(t, "lead")
	other := s.People["other"].Certificate(t, s.Clock())
	forged := s.People["lead"].Certificate(t, s.Clock())
	forged.Sig = other.Sig
	for name, c := range map[string]struct {
		method, path, mediaType string
		body                    []byte
		want                    int
	}{
		"login that is no JSON":    {"POST", "/login", "application/json", []byte("{"), 400},
		"login with two values":    {"POST", "/login", "application/json", []byte("{}{}"), 400},
		"login as a form":          {"POST", "/login", "application/x-www-form-urlencoded", []byte("a=b"), 415},
		"login too large":          {"POST", "/login", "application/json", make([]byte, 17<<10), 413},
		"append as JSON":           {"POST", "/append", "application/json", []byte("{}"), 415},
		"append of nothing":        {"POST", "/append", stream, nil, 422},
		"append of noise":          {"POST", "/append", stream, make([]byte, 1000), 422},
		"append too large":         {"POST", "/append", stream, make([]byte, vault.MaxAppend+1), 413},
		"feed after a word":        {"GET", "/feed?after=x", "", nil, 400},
		"feed limit negative":      {"GET", "/feed?limit=-1", "", nil, 400},
		"blob that is not there":   {"GET", "/blobs/" + accesstest.ID().String(), "", nil, 404},
		"another's certificate":    {"POST", "/certificates", "application/json", toJSON(t, other), 403},
		"forged certificate":       {"POST", "/certificates", "application/json", toJSON(t, forged), 422},
		"certificate of noise":     {"POST", "/certificates", "application/json", []byte("[]"), 422},
		"revocation of noise":      {"POST", "/revocations", "application/json", []byte("[]"), 422},
		"roster of noise":          {"POST", "/roster", "text/plain", []byte("hello"), 422},
		"document that is too big": {"POST", "/documents", "application/json", make([]byte, vault.MaxDocument+1), 413},
	} {
		status, body, _ := s.call(t, c.method, "/access/v1"+c.path, token, c.mediaType, c.body)
		if words, _ := body["error"].(string); status != c.want || words == "" {
			t.Errorf("%s: %d %v, want %d", name, status, body, c.want)
		}
	}
}

// A lead publishes the next roster: who left is out before the call returns.
func TestPutRoster(t *testing.T) {
	s := newSite(t)
	lead, out := s.signIn(t, "lead"), s.signIn(t, "other")
	held := *s.Roster
	gone := s.People["other"].ID

	late := s.Next(t, func(r *roster.Roster) { r.Expires = "2026-11-02" })
	*s.Roster = held
	wantErr(t, lead.PutRoster(ctx, late), roster.ErrExpired)
	leap := s.Next(t, func(r *roster.Roster) { r.Former = accesstest.ID().String() })
	*s.Roster = held
	wantErr(t, lead.PutRoster(ctx, leap), roster.ErrChain)
	lacks := s.Next(t, func(r *roster.Roster) { r.Codebook = accesstest.ID().String() })
	*s.Roster = held
	wantErr(t, lead.PutRoster(ctx, lacks), vault.ErrNotFound)
	note := s.Next(t, accesstest.Without(gone))
	unsigned := note[:bytes.LastIndex(bytes.TrimRight(note, "\n"), []byte("\n"))+1]
	wantErr(t, lead.PutRoster(ctx, unsigned), roster.ErrThreshold)

	if _, _, _, err := out.Feed(ctx, 0, 1); err != nil {
		t.Fatalf("refused rosters took effect: %v", err)
	}
	must(t, lead.PutRoster(ctx, note))
	must(t, lead.PutRoster(ctx, note)) // a lost answer
	_, _, _, err := out.Feed(ctx, 0, 1)
	wantErr(t, err, access.ErrSignedOut)
	wantErr(t, lead.PutRoster(ctx, held.Note), vault.ErrOld)

	id, err := lead.PutDocument(ctx, []byte(`{"new":true}`))
	must(t, err)
	must(t, lead.PutRoster(ctx, s.Next(t, func(r *roster.Roster) { r.Codebook = id.String() })))
}

// A person whose signing key is replaced has to sign in with the new one.
func TestNewKeyEndsSessions(t *testing.T) {
	s := newSite(t)
	lead, c := s.signIn(t, "lead"), s.signIn(t, "other")
	fresh := accesstest.NewPerson(t, s.People["other"].ID, roster.Advocate)
	must(t, lead.PutRoster(ctx, s.Next(t, func(r *roster.Roster) { r.People[1].Signing = fresh.Signing })))
	_, _, _, err := c.Feed(ctx, 0, 1)
	wantErr(t, err, access.ErrSignedOut)
}

func TestAttack15RevokedIsOutAtOnce(t *testing.T) {
	s := newSite(t)
	lead, out := s.signIn(t, "lead"), s.signIn(t, "other")
	gone, by := s.People["other"], s.People["lead"]
	claim := s.People["advocate"] // an advocate can't revoke, even with a good signature of her own
	v, err := roster.NewRevocation(gone.ID, s.Roster.Hash, claim.ID, vault.ID{}, claim.Private)
	must(t, err)
	wantErr(t, lead.PutRevocation(ctx, toJSON(t, v)), vault.ErrMalformed)

	v, err = roster.NewRevocation(gone.ID, s.Roster.Hash, by.ID, vault.ID{}, by.Private)
	must(t, err)
	must(t, lead.PutRevocation(ctx, toJSON(t, v)))
	must(t, lead.PutRevocation(ctx, toJSON(t, v)))
	for name, err := range map[string]error{
		"feed":   second(out.Feed(ctx, 0, 1)),
		"blob":   first(out.Blob(ctx, accesstest.ID())),
		"append": first2(out.Append(ctx, accesstest.Append(accesstest.ID(), 0, vault.ID{}))),
		"again":  out.SignIn(ctx, gone.ID, gone.Private, accesstest.Code(t, s.secrets["other"], s.Clock().Add(30*time.Second)), s.Clock()),
	} {
		if err == nil {
			t.Errorf("%s after revocation: allowed", name)
		}
	}
}

func first[A any](_ A, err error) error                  { return err }
func first2(_ vault.Appended, err error) error           { return err }
func second[A, B, C any](_ A, _ B, _ C, err error) error { return err }

func TestAttack26TwoClaimOneDeposit(t *testing.T) {
	s := newSite(t)
	clients := []*access.Client{s.signIn(t, "advocate"), s.signIn(t, "other")}
	for round := range 10 {
		a, err := s.store.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: accesstest.Report(8, 0)})
		must(t, err)
		claims := make([]vault.Append, 2)
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i, c := range clients {
			claims[i] = accesstest.Append(accesstest.ID(), 0, vault.ID{}, a.ID)
			wg.Go(func() { _, errs[i] = c.Append(ctx, claims[i]) })
		}
		wg.Wait()
		won := 0
		if errs[0] != nil {
			won = 1
		}
		if errs[won] != nil || errs[1-won] == nil {
			t.Fatalf("round %d: %v", round, errs)
		}
		var claimed *vault.ClaimedError
		if !errors.As(errs[1-won], &claimed) || claimed.Journal != claims[won].Entry.Journal || claimed.Deposit != a.ID {
			t.Fatalf("the loser got %v", errs[1-won])
		}
		_, info, err := s.store.Deposit(ctx, a.ID)
		must(t, err)
		if info.ClaimedBy != claims[won].Entry.Journal {
			t.Fatal("claimed by somebody else")
		}

		// The acknowledgement was lost: the same append again is the first answer.
		before, err := s.store.FeedHead(ctx)
		must(t, err)
		again, err := clients[won].Append(ctx, claims[won])
		must(t, err)
		after, err := s.store.FeedHead(ctx)
		must(t, err)
		if again.New || after != before {
			t.Fatal("a retry was stored twice")
		}

		// Both write the next entry: the loser is told where the journal stands.
		head := claims[won].Entry
		next := []vault.Append{accesstest.Append(head.Journal, 1, head.ID()), accesstest.Append(head.Journal, 1, head.ID())}
		for i, c := range clients {
			wg.Go(func() { _, errs[i] = c.Append(ctx, next[i]) })
		}
		wg.Wait()
		lost := 0
		if errs[0] == nil {
			lost = 1
		}
		var conflict *vault.ConflictError
		if errs[1-lost] != nil || !errors.As(errs[lost], &conflict) {
			t.Fatalf("round %d: %v", round, errs)
		}
		want := vault.Head{Seq: 1, Entry: next[1-lost].Entry.ID(), Epoch: 1}
		if conflict.Head != want {
			t.Fatalf("told %+v, want %+v", conflict.Head, want)
		}
		rebased := accesstest.Append(head.Journal, 2, conflict.Head.Entry)
		if _, err := clients[lost].Append(ctx, rebased); err != nil {
			t.Fatalf("re-based: %v", err)
		}
	}
	must(t, s.store.Check(ctx))
}

func TestAppendErrorsTravel(t *testing.T) {
	s := newSite(t)
	c := s.signIn(t, "advocate")
	_, err := c.Append(ctx, accesstest.Append(accesstest.ID(), 0, vault.ID{}, accesstest.ID()))
	wantErr(t, err, vault.ErrNotFound)
	a := accesstest.Append(accesstest.ID(), 0, vault.ID{})
	_, err = c.Append(ctx, a)
	must(t, err)
	b := accesstest.Append(a.Entry.Journal, 1, a.Entry.ID())
	b.Entry.Epoch = 3
	_, err = c.Append(ctx, b)
	wantErr(t, err, vault.ErrEpoch)
	cert := toJSON(t, s.People["advocate"].Certificate(t, s.Clock()))
	must(t, c.PutCertificate(ctx, cert))
	must(t, c.PutCertificate(ctx, cert))
	wantErr(t, c.PutCertificate(ctx, toJSON(t, s.People["advocate"].Certificate(t, s.Clock()))), vault.ErrConflict)
}

// A keeper writes to the figures journal, and takes no report from the desks.
func TestKeeperClaimsAndAnswersNothing(t *testing.T) {
	s := newSite(t)
	keeper, advocate := s.signIn(t, "keeper"), s.signIn(t, "advocate")
	d, err := s.store.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: accesstest.Report(8, 0)})
	must(t, err)
	claim := accesstest.Append(accesstest.ID(), 0, vault.ID{}, d.ID)
	_, err = keeper.Append(ctx, claim)
	wantErr(t, err, access.ErrRole)
	reply := accesstest.Append(accesstest.ID(), 0, vault.ID{})
	reply.Replies = []vault.Reply{{Slot: make([]byte, vault.SlotSize)}}
	_, err = keeper.Append(ctx, reply)
	wantErr(t, err, access.ErrRole)
	plain := accesstest.Append(accesstest.ID(), 0, vault.ID{})
	plain.Grants = []vault.Grant{{Journal: plain.Entry.Journal, Epoch: 1, To: "recovery", Body: []byte("g")}}
	_, err = keeper.Append(ctx, plain)
	must(t, err)
	_, err = advocate.Append(ctx, claim)
	must(t, err)
	_, err = advocate.Append(ctx, reply)
	must(t, err)
}

// Causes are for the log; a client gets the sentinel's words and no more.
func TestInternalErrorsSayNothing(t *testing.T) {
	s := newSite(t)
	token := s.bearer(t, "advocate")
	var told []error
	s.server.Trouble = func(err error) { told = append(told, err) }
	must(t, s.store.Close())
	status, body, _ := s.call(t, "GET", "/access/v1/feed", token, "", nil)
	if status != http.StatusInternalServerError || fmt.Sprint(body["error"]) != "internal error" {
		t.Fatalf("%d %v", status, body)
	}
	if len(told) != 1 {
		t.Fatalf("told of %d errors", len(told))
	}
	wantErr(t, told[0], vault.ErrClosed)
}
