package vaulttest

import (
	"testing"
	"time"

	"peerwitness/vault"
)

func testAccounts(t *testing.T, h *house) {
	_, err := h.Account(ctx, ana)
	refused(t, err, vault.ErrNotFound)
	refused(t, h.UseStep(ctx, ana, 1), vault.ErrNotFound)
	refused(t, h.Enrol(ctx, ana, sum("code"), []byte("secret")), vault.ErrNotFound)
	refused(t, h.Invite(ctx, "ana", sum("code"), 1), vault.ErrMalformed)
	refused(t, h.Invite(ctx, ana, vault.ID{}, 1), vault.ErrMalformed)

	until := vault.DayOf(h.clock.Now()) + 7
	ok(t, h.Invite(ctx, ana, sum("code"), until))
	ok(t, h.Invite(ctx, ana, sum("code"), until))
	same(t, must(h.Account(ctx, ana))(t), vault.Account{Person: ana, Invite: sum("code"), InviteUntil: until})
	refused(t, h.UseStep(ctx, ana, 1), vault.ErrNotFound)
	refused(t, h.Enrol(ctx, ana, sum("other"), []byte("secret")), vault.ErrNotFound)
	refused(t, h.Enrol(ctx, ana, vault.ID{}, []byte("secret")), vault.ErrNotFound)
	refused(t, h.Enrol(ctx, ana, sum("code"), nil), vault.ErrMalformed)

	// Somebody else's invitation does not do.
	ok(t, h.Invite(ctx, berta, sum("hers"), until))
	refused(t, h.Enrol(ctx, ana, sum("hers"), []byte("secret")), vault.ErrNotFound)

	h.clock.Move(7 * day)
	ok(t, h.Enrol(ctx, ana, sum("code"), []byte("secret")))
	refused(t, h.Enrol(ctx, ana, sum("code"), []byte("secret")), vault.ErrNotFound) // once
	same(t, must(h.Account(ctx, ana))(t), vault.Account{Person: ana, Secret: []byte("secret")})
	h.clock.Move(day)
	refused(t, h.Enrol(ctx, berta, sum("hers"), []byte("secret")), vault.ErrNotFound) // too late

	ok(t, h.UseStep(ctx, ana, 10))
	refused(t, h.UseStep(ctx, ana, 10), vault.ErrUsedCode)
	refused(t, h.UseStep(ctx, ana, 9), vault.ErrUsedCode)
	ok(t, h.UseStep(ctx, ana, 11))

	// An invitation leaves the factor until it is used; then sessions end.
	now := h.clock.Now()
	for _, s := range []vault.Session{{Token: sum("a1"), Person: ana, Until: now.Add(time.Hour)}, {Token: sum("b1"), Person: berta, Until: now.Add(time.Hour)}} {
		ok(t, h.PutSession(ctx, s))
	}
	until = vault.DayOf(now) + 1
	ok(t, h.Invite(ctx, ana, sum("new"), until))
	same(t, must(h.Account(ctx, ana))(t), vault.Account{Person: ana, Invite: sum("new"), InviteUntil: until, Secret: []byte("secret"), LastStep: 11})
	must(h.Session(ctx, sum("a1")))(t)
	ok(t, h.Enrol(ctx, ana, sum("new"), []byte("other")))
	_, err = h.Session(ctx, sum("a1"))
	refused(t, err, vault.ErrNotFound)
	must(h.Session(ctx, sum("b1")))(t)
	ok(t, h.UseStep(ctx, ana, 1))

	all := must(h.Accounts(ctx))(t)
	same(t, []string{all[0].Person, all[1].Person}, []string{ana, berta})
	same(t, len(all), 2)
	same(t, h.pos(), uint64(0)) // no part of the feed
	h.check()
}

func testOneStepAtOnce(t *testing.T, h *house) {
	ok(t, h.Invite(ctx, ana, sum("code"), vault.DayOf(h.clock.Now())))
	errs := atOnce(20, func(i int) error { return h.Enrol(ctx, ana, sum("code"), []byte{byte(i + 1)}) })
	if n := winners(t, errs, vault.ErrNotFound); n != 1 {
		t.Fatalf("one invitation enrolled %d times", n)
	}
	for step := range uint64(5) {
		errs := atOnce(20, func(int) error { return h.UseStep(ctx, ana, 100+step) })
		if n := winners(t, errs, vault.ErrUsedCode); n != 1 {
			t.Fatalf("one code used %d times", n)
		}
	}
	errs = atOnce(20, func(i int) error { return h.UseStep(ctx, ana, 200+uint64(i)) })
	if n := winners(t, errs, vault.ErrUsedCode); n < 1 || errs[19] != nil {
		t.Fatalf("%d steps used, the highest: %v", n, errs[19])
	}
	same(t, must(h.Account(ctx, ana))(t).LastStep, uint64(219))
	h.check()
}

func testSessions(t *testing.T, h *house) {
	start := h.clock.Now().Truncate(time.Second)
	put := func(name, person string, d time.Duration) vault.Session {
		t.Helper()
		s := vault.Session{Token: sum(name), Person: person, Until: start.Add(d)}
		ok(t, h.PutSession(ctx, s))
		return s
	}
	a := put("a", ana, time.Hour)
	put("a2", ana, 2*time.Hour)
	put("b", berta, 12*time.Hour)
	put("c", carla, 12*time.Hour)
	same(t, must(h.Session(ctx, sum("a")))(t), a)
	_, err := h.Session(ctx, sum("nothing"))
	refused(t, err, vault.ErrNotFound)
	refused(t, h.PutSession(ctx, vault.Session{Person: ana}), vault.ErrMalformed)
	refused(t, h.PutSession(ctx, vault.Session{Token: sum("x"), Person: "ana"}), vault.ErrMalformed)

	h.clock.Move(time.Hour - time.Second)
	must(h.Session(ctx, sum("a")))(t)
	h.clock.Move(time.Second)
	_, err = h.Session(ctx, sum("a"))
	refused(t, err, vault.ErrNotFound)
	must(h.Session(ctx, sum("a2")))(t)

	// One that ran out is forgotten when another comes, and stays so though
	// the clock is set back.
	put("d", carla, 12*time.Hour)
	h.clock.Move(-time.Hour)
	_, err = h.Session(ctx, sum("a"))
	refused(t, err, vault.ErrNotFound)

	ok(t, h.DeleteSession(ctx, sum("b")))
	ok(t, h.DeleteSession(ctx, sum("b")))
	_, err = h.Session(ctx, sum("b"))
	refused(t, err, vault.ErrNotFound)
	ok(t, h.DeleteSessions(ctx, carla))
	ok(t, h.DeleteSessions(ctx, carla))
	for _, name := range []string{"c", "d"} {
		_, err = h.Session(ctx, sum(name))
		refused(t, err, vault.ErrNotFound)
	}
	must(h.Session(ctx, sum("a2")))(t)
	h.check()
}
