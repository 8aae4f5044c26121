package access_test

import (
	"errors"
	"slices"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
	"peerwitness/vault/roster"
)

// agreedCase is a case of one deposit that an advocate proposed to erase and the
// lead agreed to, both of whom hold it, with their statement.
func (s *site) agreedCase(t testing.TB) (e vault.Erasure, appends []vault.Append) {
	t.Helper()
	d, err := s.store.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: accesstest.Report(8, 0)})
	must(t, err)
	claim := accesstest.Append(accesstest.ID(), 0, vault.ID{}, d.ID)
	for _, to := range []string{"advocate", "lead"} {
		claim.Grants = append(claim.Grants, vault.Grant{Journal: claim.Entry.Journal, Epoch: 1, To: s.People[to].ID, Body: []byte("sealed")})
	}
	propose := accesstest.Append(claim.Entry.Journal, 1, claim.Entry.ID())
	agree := accesstest.Append(claim.Entry.Journal, 2, propose.Entry.ID())
	appends = []vault.Append{claim, propose, agree}
	for i, by := range []string{"advocate", "advocate", "lead"} {
		_, err := s.store.Append(ctx, s.People[by].ID, appends[i])
		must(t, err)
	}
	e = vault.Erasure{Journal: claim.Entry.Journal, After: claim.Entry.ID(), Deposits: []vault.ID{d.ID}}
	return s.signed(t, e, "advocate", "lead"), appends
}

func (s *site) signed(t testing.TB, e vault.Erasure, names ...string) vault.Erasure {
	t.Helper()
	for i, name := range names {
		sig, err := roster.SignErasure(e, s.People[name].Private)
		must(t, err)
		e.Signed[i] = vault.ErasureSignature{By: s.People[name].ID, Sig: sig}
	}
	return e
}

func TestPutErasure(t *testing.T) {
	s := newSite(t)
	lead, advocate := s.signIn(t, "lead"), s.signIn(t, "advocate")
	e, appends := s.agreedCase(t)
	must(t, lead.PutErasure(ctx, e))
	must(t, lead.PutErasure(ctx, e)) // its answer was lost
	must(t, advocate.PutErasure(ctx, e))
	_, err := advocate.Append(ctx, appends[0])
	wantErr(t, err, vault.ErrErased)
	wantErr(t, lead.PutErasure(ctx, s.signed(t, e, "lead", "advocate")), vault.ErrErased)
	_, _, err = s.store.Deposit(ctx, e.Deposits[0])
	wantErr(t, err, vault.ErrErased)
	must(t, s.store.Check(ctx))

	// Who follows gets its places without bytes, and does nothing by itself.
	r, err := vault.OpenBolt(t.TempDir(), s.Clock)
	must(t, err)
	defer r.Close()
	must(t, access.Sync(ctx, lead, r, nil))
	gone, err := r.Gone(ctx)
	must(t, err)
	head, err := r.FeedHead(ctx)
	must(t, err)
	if len(gone) != 4 || gone[0].By != head.Pos {
		t.Errorf("%d gone of a deposit and three entries", len(gone))
	}
	if done, err := r.Done(ctx, head.Pos); err != nil || done {
		t.Errorf("carried out without being asked: %v %v", done, err)
	}
	must(t, r.Check(ctx))

	// The signer who left since: the same statement still has its answer.
	note := s.Next(t, accesstest.Without(s.People["advocate"].ID))
	must(t, s.store.PutRoster(ctx, "", s.Roster.Version, note))
	must(t, lead.PutErasure(ctx, e))
}

func TestPutErasureRefuses(t *testing.T) {
	s := newSite(t)
	s.People["twin"] = &accesstest.Person{Person: s.People["lead"].Person, Private: s.People["lead"].Private}
	s.People["twin"].ID = "p-00000000000000ff" // the same key under another name
	s.People["out"] = accesstest.NewPerson(t, "p-00000000000000dd", roster.Advocate)
	note := s.Next(t, func(r *roster.Roster) { r.People = append(r.People, s.People["out"].Person) })
	must(t, s.store.PutRoster(ctx, "", s.Roster.Version, note))
	lead := s.signIn(t, "lead")
	revocation, err := roster.NewRevocation(s.People["out"].ID, s.Roster.Hash, s.People["lead"].ID, vault.ID{}, s.People["lead"].Private)
	must(t, err)
	must(t, lead.PutRevocation(ctx, toJSON(t, revocation)))

	e, _ := s.agreedCase(t)
	other, _ := s.agreedCase(t)
	before, err := s.store.FeedHead(ctx)
	must(t, err)
	for name, c := range map[string]struct {
		e    func() vault.Erasure
		want error
	}{
		"forged":          {func() vault.Erasure { x := e; x.Signed[0].Sig[9] ^= 1; return x }, roster.ErrSignature},
		"one signature":   {func() vault.Erasure { x := e; x.Signed[1].Sig = [64]byte{}; return x }, roster.ErrSignature},
		"one signs twice": {func() vault.Erasure { x := e; x.Signed[1].Sig = x.Signed[0].Sig; return x }, roster.ErrSignature},
		"one person twice": {func() vault.Erasure {
			x := e
			x.Signed[1] = x.Signed[0]
			return x
		}, vault.ErrMalformed},
		"the same key under two names": {func() vault.Erasure { return s.signed(t, e, "twin", "lead") }, roster.ErrPerson},
		"without a grant":              {func() vault.Erasure { return s.signed(t, e, "advocate", "other") }, roster.ErrSigners},
		"a keeper":                     {func() vault.Erasure { return s.signed(t, e, "advocate", "keeper") }, roster.ErrPerson},
		"somebody shut out":            {func() vault.Erasure { return s.signed(t, e, "advocate", "out") }, roster.ErrPerson},
		"who agreed is another":        {func() vault.Erasure { return s.signed(t, e, "lead", "advocate") }, vault.ErrConflict},
		"of another case":              {func() vault.Erasure { x := e; x.Journal = other.Journal; return x }, roster.ErrSignature},
		"another case's deposits": {func() vault.Erasure {
			x := e
			x.Deposits = other.Deposits
			return s.signed(t, x, "advocate", "lead")
		}, vault.ErrMalformed},
		"more than its deposits": {func() vault.Erasure {
			x := e
			x.Deposits = append(slices.Clone(e.Deposits), accesstest.ID())
			slices.SortFunc(x.Deposits, func(a, b vault.ID) int { return slices.Compare(a[:], b[:]) })
			return s.signed(t, x, "advocate", "lead")
		}, vault.ErrMalformed},
		"of no case": {func() vault.Erasure { x := e; x.Journal[0] ^= 1; return s.signed(t, x, "advocate", "lead") }, vault.ErrNotFound},
		"long ago": {func() vault.Erasure {
			x := e
			x.Seq, x.After = 1, accesstest.ID()
			return s.signed(t, x, "advocate", "lead")
		}, vault.ErrConflict},
	} {
		if err := lead.PutErasure(ctx, c.e()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	// A note that came between: what both agreed to is not what there is now.
	last, err := s.store.Head(ctx, e.Journal)
	must(t, err)
	_, err = lead.Append(ctx, accesstest.Append(e.Journal, last.Seq+1, last.Entry))
	must(t, err)
	wantErr(t, lead.PutErasure(ctx, e), vault.ErrConflict)
	if after, err := s.store.FeedHead(ctx); err != nil || after.Pos != before.Pos+1 {
		t.Errorf("something was erased: %v", err)
	}
	must(t, s.store.Check(ctx))
}
