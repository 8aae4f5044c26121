package access_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
	"peerwitness/vault/roster"
)

// shared is a journal as advocates write it, with a key for the partner where
// they give her one.
type shared struct {
	t    *testing.T
	s    *site
	desk *access.Client
	last vault.Entry
}

func (s *site) journal(t *testing.T, desk *access.Client, claims ...vault.ID) *shared {
	t.Helper()
	a := accesstest.Append(accesstest.ID(), 0, vault.ID{}, claims...)
	_, err := desk.Append(ctx, a)
	must(t, err)
	return &shared{t, s, desk, a.Entry}
}

// next is the journal's next append.
func (j *shared) next(epoch uint32, to ...string) vault.Append {
	a := accesstest.Append(j.last.Journal, j.last.Seq+1, j.last.ID())
	a.Entry.Epoch = epoch
	for _, p := range to {
		a.Grants = append(a.Grants, vault.Grant{Journal: j.last.Journal, Epoch: epoch, To: p, Body: []byte("sealed")})
	}
	return a
}

func (j *shared) write(epoch uint32, to ...string) {
	j.t.Helper()
	a := j.next(epoch, to...)
	_, err := j.desk.Append(ctx, a)
	must(j.t, err)
	j.last = a.Entry
}

// entries are how many of a journal's entries a replica has.
func entries(t *testing.T, r vault.Store, journal vault.ID) int {
	t.Helper()
	a, err := r.Appends(ctx, journal, 0)
	if err != nil {
		return 0
	}
	return len(a)
}

// attack 33, at the server: a partner's program is given the lists of people and
// the one case that was shared with her, as far as her key goes, whatever it
// asks for; and it can write nowhere else, nor give anybody anything.
func TestAttack33PartnerSeesOneCase(t *testing.T) {
	s := newSite(t)
	desk, her := s.signIn(t, "advocate"), s.signIn(t, roster.Partner)
	id := s.People[roster.Partner].ID
	d1, d2 := s.deposit(t, "one"), s.deposit(t, "two")
	other := s.journal(t, desk, d2.ID)
	case1 := s.journal(t, desk, d1.ID)
	case1.write(1)
	replica := s.replica(t)
	sync := func() []uint64 {
		t.Helper()
		must(t, access.Sync(ctx, her, replica, nil))
		places, err := her.Places(ctx)
		must(t, err)
		head, err := replica.FeedHead(ctx)
		must(t, err)
		if uint64(len(places)) != head.Pos {
			t.Fatalf("%d places of %d records", len(places), head.Pos)
		}
		return places
	}
	if n := len(sync()); n != 1 {
		t.Fatalf("before anything is shared: %d records", n)
	}
	if _, err := her.Append(ctx, case1.next(1)); err == nil {
		t.Fatal("she wrote to a case that is not hers")
	}
	case1.write(1, id)
	other.write(1)
	places := sync()
	// The list, then her case: its report, its file, its three entries.
	if diff := cmp.Diff([]uint64{1, 2, 3, 7, 8, 9}, places); diff != "" {
		t.Fatal(diff)
	}
	if entries(t, replica, case1.last.Journal) != 3 || entries(t, replica, other.last.Journal) != 0 {
		t.Error("other entries than her case's")
	}
	if b, err := replica.Blob(ctx, vault.Sum([]byte("one"))); err != nil || string(b) != "one" {
		t.Errorf("the file of her case: %v", err)
	}
	_, err := her.Blob(ctx, vault.Sum([]byte("two")))
	wantErr(t, err, vault.ErrNotFound)

	// She writes where she may, and nothing besides.
	_, err = her.Append(ctx, other.next(1))
	wantErr(t, err, access.ErrRole)
	_, err = her.Append(ctx, accesstest.Append(accesstest.ID(), 0, vault.ID{}))
	wantErr(t, err, access.ErrRole)
	_, err = her.Append(ctx, case1.next(1, s.People[roster.Keeper].ID))
	wantErr(t, err, access.ErrRole)
	_, err = her.Append(ctx, case1.next(2))
	wantErr(t, err, access.ErrRole)
	claims := case1.next(1)
	claims.Claims = []vault.ID{s.deposit(t, "three").ID}
	_, err = her.Append(ctx, claims)
	wantErr(t, err, access.ErrRole)
	mine := case1.next(1)
	_, err = her.Append(ctx, mine)
	must(t, err)
	case1.last = mine.Entry
	// Nobody but the desk gives a partner a key.
	_, err = s.signIn(t, roster.Keeper).Append(ctx, other.next(1, id))
	wantErr(t, err, access.ErrRole)

	// The share ends with a new key: what comes then is not hers, a file neither.
	before := sync()
	case1.write(2)
	case1.write(2)
	late := []byte("late")
	_, err = s.store.PutBlob(ctx, d1.Ticket, vault.Sum(late), late)
	must(t, err)
	if diff := cmp.Diff(before, sync()); diff != "" {
		t.Errorf("after the share ended: %s", diff)
	}
	ended, err := her.Ended(ctx)
	must(t, err)
	if diff := cmp.Diff([]vault.ID{case1.last.Journal}, ended); diff != "" {
		t.Errorf("shares that ended: %s", diff)
	}
	_, err = her.Append(ctx, case1.next(1))
	wantErr(t, err, access.ErrRole)
	_, err = her.Blob(ctx, vault.Sum(late))
	wantErr(t, err, vault.ErrNotFound)

	// Shared anew, all of it is there, and each in its place.
	case1.write(2, id)
	sync()
	if ended, err = her.Ended(ctx); err != nil || len(ended) > 0 {
		t.Errorf("shared anew, and ended: %v %v", ended, err)
	}
	if n := entries(t, replica, case1.last.Journal); n != 7 {
		t.Errorf("%d entries after it was shared anew", n)
	}
	if _, err := replica.Blob(ctx, vault.Sum(late)); err != nil {
		t.Errorf("the file that came meanwhile: %v", err)
	}
	must(t, replica.Check(ctx))

	// A server that begins anew shows the same feed.
	again := access.NewServer(s.store, s.url, s.Clock)
	token := s.bearer(t, roster.Partner)
	want, shown, stored, own, err := again.Feed(ctx, token, 0, 1000)
	must(t, err)
	got, err := replica.FeedHead(ctx)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" || len(shown) != len(stored) || !own || !her.OwnFeed() || desk.OwnFeed() {
		t.Errorf("made anew: %s", diff)
	}
	for i, r := range stored {
		if p := sync()[i]; p != r.Pos {
			t.Errorf("record %d stands at %d and is said to at %d", i, r.Pos, p)
		}
	}
}

// erase has two people erase a journal, who write its last two entries.
func (j *shared) erase(claims ...vault.ID) vault.Erasure {
	j.t.Helper()
	slices.SortFunc(claims, func(a, b vault.ID) int { return slices.Compare(a[:], b[:]) })
	e := vault.Erasure{Journal: j.last.Journal, Seq: j.last.Seq, After: j.last.ID(), Deposits: claims}
	for _, by := range []string{"advocate", "lead"} {
		a := j.next(j.last.Epoch)
		_, err := j.s.store.Append(ctx, j.s.People[by].ID, a)
		must(j.t, err)
		j.last = a.Entry
	}
	e = j.s.signed(j.t, e, "advocate", "lead")
	must(j.t, j.desk.PutErasure(ctx, e))
	return e
}

// An erased case is gone from a partner's feed too, whoever's it was. She is told
// of hers, by the two people's own statement, and of no other.
func TestPartnerIsToldOfErasure(t *testing.T) {
	s := newSite(t)
	desk, her := s.signIn(t, "advocate"), s.signIn(t, roster.Partner)
	id, both := s.People[roster.Partner].ID, []string{s.People["advocate"].ID, s.People["lead"].ID}
	d1, d2, d3 := s.deposit(t, "one"), s.deposit(t, "two"), s.deposit(t, "three")
	case1, other, kept := s.journal(t, desk, d1.ID), s.journal(t, desk, d2.ID), s.journal(t, desk, d3.ID)
	case1.write(1, append(both, id)...)
	other.write(1, both...)
	kept.write(1, id)
	replica, late := s.replica(t), s.replica(t)
	must(t, access.Sync(ctx, her, replica, nil))
	other.erase(d2.ID)
	e := case1.erase(d1.ID)
	kept.write(1)
	for name, r := range map[string]vault.Store{"she had it": replica, "she had nothing": late} {
		must(t, access.Sync(ctx, her, r, nil))
		said := map[uint64]vault.ID{}
		var pos uint64
		records, err := r.Feed(ctx, 0, 1000)
		must(t, err)
		for _, x := range records {
			if x.Kind == vault.KindErasure {
				pos, said[x.Pos] = x.Pos, x.ID
			}
		}
		if diff := cmp.Diff(map[uint64]vault.ID{pos: e.ID()}, said); diff != "" {
			t.Fatalf("%s: told of %s", name, diff)
		}
		gone, err := r.Gone(ctx)
		must(t, err)
		for _, g := range gone {
			if g.By != pos {
				t.Errorf("%s: %d is gone by %d, and the statement stands at %d", name, g.Record.Pos, g.By, pos)
			}
		}
		if n := len(gone); name == "she had nothing" && n < 4 {
			t.Errorf("%d gone", n)
		}
		must(t, r.CarryOut(ctx, pos))
		if n := entries(t, r, case1.last.Journal); n != 0 {
			t.Errorf("%s: %d entries of it are left", name, n)
		}
		if n := entries(t, r, kept.last.Journal); n != 3 {
			t.Errorf("%s: %d entries of her other case", name, n)
		}
		must(t, r.Check(ctx))
	}
	_, err := her.Append(ctx, case1.next(1))
	wantErr(t, err, vault.ErrErased)
	_, err = her.Blob(ctx, vault.Sum([]byte("one")))
	wantErr(t, err, vault.ErrNotFound)
}

// Her feed is the same after the server began again, though what an erased case
// held can't be read any more: whoever has it follows it on, and it is no fork.
func TestPartnerFeedOutlivesErasureAndRestart(t *testing.T) {
	s := newSite(t)
	desk, her := s.signIn(t, "advocate"), s.signIn(t, roster.Partner)
	id, both := s.People[roster.Partner].ID, []string{s.People["advocate"].ID, s.People["lead"].ID}
	d1, d2, d3, d4 := s.deposit(t, "one"), s.deposit(t, "two"), s.deposit(t, "three"), s.deposit(t, "four")
	case1, case2, other := s.journal(t, desk, d1.ID), s.journal(t, desk, d2.ID), s.journal(t, desk, d3.ID)
	case1.write(1, append(both, id)...)
	case2.write(1, id)
	other.write(1, both...)
	case2.write(2) // the share ends
	replica := s.replica(t)
	must(t, access.Sync(ctx, her, replica, nil))
	other.erase(d3.ID)
	case1.erase(d1.ID)
	ended := s.journal(t, desk, d4.ID)
	ended.write(1, append(both, id)...) // she never fetched it
	ended.write(2, both...)
	ended.erase(d4.ID)
	must(t, access.Sync(ctx, her, replica, nil))
	case2.write(2)
	want, err := replica.FeedHead(ctx)
	must(t, err)

	// Another server over the same store, as after a restart.
	feed := func(limit int) (vault.FeedHead, []vault.Record) {
		t.Helper()
		again := access.NewServer(s.store, s.url, s.Clock)
		head, shown, stored, _, err := again.Feed(ctx, s.bearer(t, roster.Partner), 0, limit)
		must(t, err)
		if len(shown) != len(stored) {
			t.Fatalf("%d shown of %d", len(shown), len(stored))
		}
		return head, shown
	}
	got, shown := feed(1000)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("after a restart: %s", diff)
	}
	mine, err := replica.Feed(ctx, 0, 1000)
	must(t, err)
	if diff := cmp.Diff(mine, shown); diff != "" {
		t.Error(diff)
	}
	case2.write(2, id)
	must(t, access.Sync(ctx, her, replica, nil))
	if n := entries(t, replica, case2.last.Journal); n != 5 {
		t.Errorf("%d entries of the case shared anew", n)
	}
	want, err = replica.FeedHead(ctx)
	must(t, err)
	if got, _ := feed(0); got != want {
		t.Errorf("shared anew, and after a restart: %v, not %v", got, want)
	}
	must(t, replica.Check(ctx))
	must(t, s.store.Check(ctx))

	// Where nothing was kept it is a feed of its own, which no replica takes for hers.
	must(t, s.store.KeepFeeds(ctx, map[string][]byte{id: []byte("{}")}))
	got, _ = feed(0)
	if got.Generation == want.Generation || got.Pos >= want.Pos {
		t.Errorf("made from nothing: %v", got)
	}
	if again, _ := feed(0); again != got {
		t.Errorf("and once more: %v, not %v", again, got)
	}
	must(t, s.store.KeepFeeds(ctx, map[string][]byte{id: []byte("{")}))
	_, _, _, _, err = access.NewServer(s.store, s.url, s.Clock).Feed(ctx, s.bearer(t, roster.Partner), 0, 1)
	wantErr(t, err, vault.ErrCorrupt)
}
