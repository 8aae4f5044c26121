package access_test

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
	"peerwitness/vault/roster"
)

// restored is the site after its store was lost and an earlier backup restored.
func (s *site) restored(t *testing.T, backup []byte) *site {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	_, err := vault.RestoreBolt(ctx, dir, s.Clock, false, bytes.NewReader(backup))
	must(t, err)
	store, err := vault.OpenBolt(dir, s.Clock)
	must(t, err)
	t.Cleanup(func() { store.Close() })
	n := &site{Org: s.Org, store: store, secrets: s.secrets}
	router := mux.NewRouter()
	front := httptest.NewServer(router)
	t.Cleanup(front.Close)
	n.url = front.URL
	n.server = access.NewServer(store, n.url, s.Clock)
	n.server.Routes(router)
	return n
}

// everything reads a store's feed.
func everything(t *testing.T, s vault.Store) (records []vault.Record, objects [][]byte) {
	t.Helper()
	records, err := s.Feed(ctx, 0, 1000)
	must(t, err)
	for _, r := range records {
		b, err := s.Object(ctx, r)
		must(t, err)
		objects = append(objects, b)
	}
	return records, objects
}

// What comes back keeps author and day as far as they can be true; what the server
// acts by is checked again; a revocation that comes back ends sessions.
func TestPutBack(t *testing.T) {
	s := newSite(t)
	s.signIn(t, "advocate")
	s.signIn(t, "keeper")
	s.signIn(t, roster.Lead)
	var backup bytes.Buffer
	must(t, s.store.Backup(ctx, &backup, nil))
	s.Pass(48 * time.Hour)
	a, err := s.store.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: accesstest.Report(8, 0)})
	must(t, err)
	blob := []byte("sealed bytes")
	_, err = s.store.PutBlob(ctx, a.Ticket, vault.Sum(blob), blob)
	must(t, err)
	journal := accesstest.ID()
	_, err = s.store.Append(ctx, s.People["advocate"].ID, accesstest.Append(journal, 0, vault.ID{}, a.ID))
	must(t, err)
	lead := s.People[roster.Lead]
	revocation, err := roster.NewRevocation(s.People["keeper"].ID, s.Roster.Hash, lead.ID, vault.ID{}, lead.Private)
	must(t, err)
	must(t, s.store.PutRevocation(ctx, lead.ID, vault.Revocation{Person: s.People["keeper"].ID, JSON: toJSON(t, revocation)}))
	records, objects := everything(t, s.store)

	s.Pass(48 * time.Hour)
	n := s.restored(t, backup.Bytes())
	keeper, c := n.signIn(t, "keeper"), n.signIn(t, "advocate")
	answers, stopped, err := c.PutBack(ctx, records, objects)
	must(t, err)
	if err := errors.Join(answers...); err != nil || stopped || len(answers) != len(records) {
		t.Fatalf("putting back: %v, %v", answers, stopped)
	}
	again, _ := everything(t, n.store)
	if len(again) != len(records) {
		t.Fatalf("%d records, want %d", len(again), len(records))
	}
	for i, r := range again {
		if r.ID != records[i].ID || r.Author != records[i].Author || r.Day != records[i].Day {
			t.Errorf("record %d: %+v, was %+v", i, r, records[i])
		}
	}
	if _, _, _, err := keeper.Feed(ctx, 0, 1); err == nil {
		t.Error("who was revoked is still in")
	}
	if lacking, err := c.LackingBlobs(ctx); err != nil || len(lacking) != 1 || lacking[0] != vault.Sum(blob) {
		t.Errorf("lacking: %v, %v", lacking, err)
	}
	wantErr(t, c.PutBackBlob(ctx, vault.Sum([]byte("other")), []byte("other")), vault.ErrNotFound)
	wantErr(t, c.PutBackBlob(ctx, vault.Sum(blob), []byte("other")), vault.ErrHash)
	must(t, c.PutBackBlob(ctx, vault.Sum(blob), blob))
	must(t, n.store.Check(ctx))

	// Days that can't be true become the nearest that can; what could not be true at
	// all is refused, and what is beside it is not.
	put := func(r vault.Record, object []byte) error {
		t.Helper()
		r.ID = vault.Sum(object)
		answers, _, err := c.PutBack(ctx, []vault.Record{r}, [][]byte{object})
		must(t, err)
		return answers[0]
	}
	report := func() []byte {
		return vault.DepositObject(vault.Deposit{Desk: "street", Report: accesstest.Report(8, 0)})
	}
	today := vault.DayOf(s.Clock())
	for claimed, want := range map[vault.Day]vault.Day{1: today - 4, today + 900: today, today - 1: today - 1} {
		b := report()
		must(t, put(vault.Record{Kind: vault.KindDeposit, Day: claimed}, b))
		at, err := n.store.Feed(ctx, 0, 1000)
		must(t, err)
		if got := at[len(at)-1].Day; got != want {
			t.Errorf("day %s became %s, want %s", claimed, got, want)
		}
	}
	wantErr(t, put(vault.Record{Kind: vault.KindAppend, Author: lead.ID}, vault.AppendObject(accesstest.Append(journal, 0, vault.ID{}))), vault.ErrConflict)
	wantErr(t, put(vault.Record{Kind: vault.KindAppend, Author: lead.ID}, vault.AppendObject(accesstest.Append(accesstest.ID(), 0, vault.ID{}, a.ID))), vault.ErrClaimed)
	mine := s.People["advocate"].Certificate(t, s.Clock())
	mine.Person = lead.ID // for somebody else
	wantErr(t, put(vault.Record{Kind: vault.KindCertificate, Author: lead.ID}, vault.CertificateObject(vault.Certificate{Person: lead.ID, Epoch: mine.Epoch, JSON: toJSON(t, mine)})), vault.ErrMalformed)
	forged, err := roster.NewRevocation(lead.ID, s.Roster.Hash, s.People["advocate"].ID, vault.ID{}, s.People["advocate"].Private)
	must(t, err)
	wantErr(t, put(vault.Record{Kind: vault.KindRevocation, Author: lead.ID}, vault.RevocationObject(vault.Revocation{Person: lead.ID, JSON: toJSON(t, forged)})), vault.ErrMalformed)
	wantErr(t, put(vault.Record{Kind: vault.KindRoster, Author: lead.ID}, vault.RosterObject(bytes.Replace(s.Roster.Note, []byte(`"version":1`), []byte(`"version":9`), 1))), vault.ErrMalformed)
	wantErr(t, put(vault.Record{Kind: vault.KindRelease, Author: lead.ID}, vault.ReleaseObject(vault.Release{Body: []byte("figures")})), vault.ErrMalformed)

	// A list of people whose texts are not here holds up what is behind it.
	note := s.Next(t, func(r *roster.Roster) { r.Codebook = accesstest.ID().String() })
	held := vault.RosterObject(note)
	behind := report()
	_, stopped, err = c.PutBack(ctx, []vault.Record{{Kind: vault.KindRoster, ID: vault.Sum(held)}, {Kind: vault.KindDeposit, ID: vault.Sum(behind)}}, [][]byte{held, behind})
	if err != nil || !stopped {
		t.Errorf("a roster without its texts: %v, %v", stopped, err)
	}
	if _, _, err := n.store.Deposit(ctx, vault.Sum(behind)); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("what stands behind it came before: %v", err)
	}
	must(t, n.store.Check(ctx))

	// The whole is refused where its bytes are not what they say.
	_, _, err = c.PutBack(ctx, []vault.Record{{Kind: vault.KindDeposit, ID: accesstest.ID()}}, [][]byte{behind})
	wantErr(t, err, vault.ErrHash)
	_, _, err = c.PutBack(ctx, []vault.Record{{Kind: vault.KindAppend, ID: vault.Sum(behind)}}, [][]byte{behind})
	wantErr(t, err, vault.ErrMalformed)
	// And by a store that lost nothing.
	_, _, err = s.signIn(t, "advocate").PutBack(ctx, records, objects)
	wantErr(t, err, vault.ErrNotRestored)
}

// attack 31, from the client's side: a feed of another generation is known for one.
func TestAnotherGenerationIsSaid(t *testing.T) {
	s := newSite(t)
	replica, err := vault.OpenBolt(t.TempDir(), s.Clock)
	must(t, err)
	defer replica.Close()
	must(t, access.Sync(ctx, s.signIn(t, "advocate"), replica, nil))
	var backup bytes.Buffer
	must(t, s.store.Backup(ctx, &backup, nil))
	n := s.restored(t, backup.Bytes())
	err = access.Sync(ctx, n.signIn(t, "advocate"), replica, nil)
	var anew *access.AnewError
	if !errors.As(err, &anew) || !errors.Is(err, vault.ErrFork) || anew.Head.Pos == 0 {
		t.Errorf("syncing: %v", err)
	}
}

// Erasures come back by the statement of two people alone, before what they name or
// after it; what they name does not. An expiry does not come back.
func TestAttack31PutBackOfWhatWasErased(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"advocate", "lead"} {
		s.signIn(t, name)
	}
	var nothing, all bytes.Buffer
	must(t, s.store.Backup(ctx, &nothing, nil))
	e, _ := s.agreedCase(t)
	must(t, s.store.Backup(ctx, &all, nil))
	records, objects := everything(t, s.store)
	record := func(kind vault.Kind, b []byte) vault.Record {
		return vault.Record{Kind: kind, ID: vault.Sum(b), Author: e.Signed[1].By, Day: vault.DayOf(s.Clock())}
	}
	for name, backup := range map[string][]byte{"nothing of it": nothing.Bytes(), "all of it": all.Bytes()} {
		for _, late := range []bool{false, true} {
			r := s.restored(t, backup)
			c := r.signIn(t, "advocate")
			forged, strangers := e, s.signed(t, e, "keeper", "lead")
			forged.Signed[0].Sig[3] ^= 1
			if late {
				_, _, err := c.PutBack(ctx, records, objects)
				must(t, err)
			}
			for what, bad := range map[string]vault.Erasure{"forged": forged, "by one who keeps no cases": strangers} {
				b := vault.ErasureObject(bad)
				answers, _, err := c.PutBack(ctx, []vault.Record{record(vault.KindErasure, b)}, [][]byte{b})
				must(t, err)
				if answers[0] == nil {
					t.Errorf("%s: an erasure %s was taken", name, what)
				}
			}
			b := vault.ExpiryObject(1)
			answers, _, err := c.PutBack(ctx, []vault.Record{record(vault.KindExpiry, b)}, [][]byte{b})
			must(t, err)
			wantErr(t, answers[0], vault.ErrMalformed)

			b = vault.ErasureObject(e)
			answers, _, err = c.PutBack(ctx, []vault.Record{record(vault.KindErasure, b)}, [][]byte{b})
			must(t, errors.Join(append(answers, err)...))
			answers, _, err = c.PutBack(ctx, records, objects)
			must(t, err)
			for i, a := range answers {
				if a != nil && !errors.Is(a, vault.ErrErased) {
					t.Errorf("%s: record %d: %v", name, i, a)
				}
			}
			for i, a := range answers { // where it never was, it is not stored as bytes that nobody reads
				if name == "nothing of it" && !late && records[i].ID == e.Deposits[0] {
					wantErr(t, a, vault.ErrErased)
				}
			}
			_, _, err = r.store.Deposit(ctx, e.Deposits[0])
			wantErr(t, err, vault.ErrErased)
			_, err = r.store.Head(ctx, e.Journal)
			wantErr(t, err, vault.ErrErased)
			must(t, r.store.Check(ctx))
		}
	}
}

// A restored server believes nobody about the end of a case whose beginning it
// has: two who never held it can't erase it by naming one, nor what is no case.
func TestAttack31PutBackByStrangers(t *testing.T) {
	s := newSite(t)
	e, appends := s.agreedCase(t)
	figures := accesstest.Append(accesstest.ID(), 0, vault.ID{})
	for _, to := range []string{"advocate", "lead"} {
		figures.Grants = append(figures.Grants, vault.Grant{Journal: figures.Entry.Journal, Epoch: 1, To: s.People[to].ID, Body: []byte("sealed")})
	}
	_, err := s.store.Append(ctx, s.People["lead"].ID, figures)
	must(t, err)
	var all bytes.Buffer
	must(t, s.store.Backup(ctx, &all, nil))
	r := s.restored(t, all.Bytes())
	c := r.signIn(t, "advocate")
	last := appends[2].Entry
	for name, x := range map[string]struct {
		e    vault.Erasure
		by   [2]string
		want error
	}{
		"at its end, by one who does not hold it": {vault.Erasure{Journal: e.Journal, Seq: last.Seq, After: last.ID(), Deposits: e.Deposits}, [2]string{"other", "lead"}, roster.ErrSigners},
		"beyond its end":                       {vault.Erasure{Journal: e.Journal, Seq: last.Seq + 9, After: accesstest.ID(), Deposits: e.Deposits}, [2]string{"lead", "other"}, roster.ErrSigners},
		"what claimed nothing":                 {vault.Erasure{Journal: figures.Entry.Journal, Seq: 0, After: figures.Entry.ID(), Deposits: []vault.ID{accesstest.ID()}}, [2]string{"advocate", "lead"}, vault.ErrMalformed},
		"what claimed nothing, beyond its end": {vault.Erasure{Journal: figures.Entry.Journal, Seq: 7, After: accesstest.ID(), Deposits: []vault.ID{accesstest.ID()}}, [2]string{"advocate", "lead"}, vault.ErrMalformed},
	} {
		b := vault.ErasureObject(s.signed(t, x.e, x.by[0], x.by[1]))
		answers, _, err := c.PutBack(ctx, []vault.Record{{Kind: vault.KindErasure, ID: vault.Sum(b), Author: s.People["advocate"].ID, Day: vault.DayOf(s.Clock())}}, [][]byte{b})
		must(t, err)
		if !errors.Is(answers[0], x.want) {
			t.Errorf("%s: %v, want %v", name, answers[0], x.want)
		}
	}
	_, _, err = r.store.Deposit(ctx, e.Deposits[0])
	must(t, err)
	must(t, r.store.Check(ctx))
}
