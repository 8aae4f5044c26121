package vaulttest

import (
	"errors"
	"testing"

	"peerwitness/vault"
)

func testRosters(t *testing.T, h *house) {
	_, _, err := h.Roster(ctx)
	refused(t, err, vault.ErrNotFound)
	for _, v := range []uint64{1, 2, 255, 256, 300} {
		ok(t, h.PutRoster(ctx, ana, v, note(v)))
		ok(t, h.PutRoster(ctx, ana, v, note(v)))
		version, got, err := h.Roster(ctx)
		ok(t, err)
		same(t, version, v)
		same(t, got, note(v))
	}
	ok(t, h.PutRoster(ctx, berta, 2, note(2))) // an old one again changes nothing
	other := append(note(300), 'x')
	refused(t, h.PutRoster(ctx, ana, 300, other), vault.ErrOld)
	refused(t, h.PutRoster(ctx, ana, 299, note(299)), vault.ErrOld)
	refused(t, h.PutRoster(ctx, ana, 302, note(301)), vault.ErrMalformed)
	refused(t, h.PutRoster(ctx, ana, 301, nil), vault.ErrMalformed)
	refused(t, h.PutRoster(ctx, ana, 301, append(note(301), fill(vault.MaxNote, 'x')...)), vault.ErrTooLarge)
	version, _, err := h.Roster(ctx)
	ok(t, err)
	same(t, version, uint64(300))
	same(t, must(h.RosterAt(ctx, 255))(t), note(255))
	_, err = h.RosterAt(ctx, 254)
	refused(t, err, vault.ErrNotFound)
	same(t, h.pos(), uint64(5))
}

func testCertificates(t *testing.T, h *house) {
	same(t, len(must(h.Certificates(ctx, ana))(t)), 0)
	var want []vault.Certificate
	for _, epoch := range []uint32{202612, 1, 255, 256, 202611} {
		c := vault.Certificate{Person: ana, Epoch: epoch, JSON: []byte("{}")}
		ok(t, h.PutCertificate(ctx, ana, c))
		ok(t, h.PutCertificate(ctx, ana, c))
		refused(t, h.PutCertificate(ctx, ana, vault.Certificate{Person: ana, Epoch: epoch, JSON: []byte("{ }")}), vault.ErrConflict)
		want = append(want, c)
	}
	ok(t, h.PutCertificate(ctx, berta, vault.Certificate{Person: berta, Epoch: 1, JSON: []byte("{}")}))
	same(t, must(h.Certificates(ctx, ana))(t), []vault.Certificate{want[1], want[2], want[3], want[4], want[0]})
	same(t, len(must(h.Certificates(ctx, berta))(t)), 1)
	same(t, len(must(h.Certificates(ctx, carla))(t)), 0)
	refused(t, h.PutCertificate(ctx, ana, vault.Certificate{Person: "ana", JSON: []byte("{}")}), vault.ErrMalformed)
	refused(t, h.PutCertificate(ctx, ana, vault.Certificate{Person: carla}), vault.ErrMalformed)
	refused(t, h.PutCertificate(ctx, ana, vault.Certificate{Person: carla, JSON: fill(vault.MaxCertificate+1, 1)}), vault.ErrTooLarge)
	same(t, h.pos(), uint64(6))
}

func testRevocations(t *testing.T, h *house) {
	same(t, len(must(h.Revocations(ctx))(t)), 0)
	want := []vault.Revocation{{Person: berta, JSON: []byte("{1}")}, {Person: ana, JSON: []byte("{2}")}, {Person: berta, JSON: []byte("{3}")}}
	for _, r := range want {
		ok(t, h.PutRevocation(ctx, ana, r))
		ok(t, h.PutRevocation(ctx, ana, r))
	}
	same(t, must(h.Revocations(ctx))(t), want)
	refused(t, h.PutRevocation(ctx, ana, vault.Revocation{Person: ana}), vault.ErrMalformed)
	refused(t, h.PutRevocation(ctx, ana, vault.Revocation{JSON: []byte("{}")}), vault.ErrMalformed)
	same(t, h.pos(), uint64(3))
}

func testReleases(t *testing.T, h *house) {
	var ids []vault.ID
	var bodies [][]byte
	former := vault.ID{}
	_, err := h.PutRelease(ctx, ana, sum("none"), []byte("x"))
	stale(t, err, former)
	for i := range uint64(4) {
		b := body(100, i%3) // the last repeats the first one's body
		same(t, must(h.LastRelease(ctx))(t), former)
		id := must(h.PutRelease(ctx, ana, former, b))(t)
		same(t, must(h.PutRelease(ctx, berta, former, b))(t), id)
		_, err := h.PutRelease(ctx, ana, former, flip(b, 9))
		stale(t, err, id)
		same(t, must(h.Release(ctx, id))(t), vault.Release{Former: former, Body: b})
		ids, bodies, former = append(ids, id), append(bodies, b), id
	}
	same(t, must(h.LastRelease(ctx))(t), former)
	for _, id := range []vault.ID{{}, sum("none"), h.deposit(1).ID} {
		_, err := h.Release(ctx, id)
		refused(t, err, vault.ErrNotFound)
	}
	_, err = h.PutRelease(ctx, ana, vault.ID{}, []byte("x"))
	stale(t, err, former)
	_, err = h.PutRelease(ctx, ana, former, nil)
	refused(t, err, vault.ErrMalformed)
	_, err = h.PutRelease(ctx, ana, former, fill(vault.MaxRelease+1, 1))
	refused(t, err, vault.ErrTooLarge)
	gotIDs, gotBodies, err := h.Releases(ctx)
	ok(t, err)
	same(t, gotIDs, ids)
	same(t, gotBodies, bodies)
	same(t, h.pos(), uint64(5)) // and a deposit
}

// stale holds that a release was refused and its author told the last one.
func stale(t *testing.T, err error, last vault.ID) {
	t.Helper()
	refused(t, err, vault.ErrConflict)
	var former *vault.FormerError
	if !errors.As(err, &former) || former.Last != last {
		t.Fatalf("told %v, want %v", err, last)
	}
}

func testDocuments(t *testing.T, h *house) {
	for _, n := range []int{1, 5000, vault.MaxDocument} {
		b := body(n, uint64(n))
		for range 2 {
			same(t, must(h.PutDocument(ctx, b))(t), vault.Sum(b))
		}
		same(t, must(h.Document(ctx, vault.Sum(b)))(t), b)
		h.check()
	}
	_, err := h.PutDocument(ctx, fill(vault.MaxDocument+1, 1))
	refused(t, err, vault.ErrTooLarge)
	_, err = h.PutDocument(ctx, nil)
	refused(t, err, vault.ErrMalformed)
	_, err = h.Document(ctx, sum("nothing"))
	refused(t, err, vault.ErrNotFound)
	same(t, h.pos(), uint64(0)) // no part of the feed
}

func testAuthors(t *testing.T, h *house) {
	for _, bad := range []string{"ana", "recovery", "p-00000000000000AA", "p-00000000000000aa ", "p-0"} {
		_, err := h.Append(ctx, bad, first(sum("j")))
		refused(t, err, vault.ErrMalformed)
		refused(t, h.PutRoster(ctx, bad, 1, note(1)), vault.ErrMalformed)
		refused(t, h.PutRevocation(ctx, bad, vault.Revocation{Person: ana, JSON: []byte("{}")}), vault.ErrMalformed)
		refused(t, h.PutCertificate(ctx, bad, vault.Certificate{Person: ana, JSON: []byte("{}")}), vault.ErrMalformed)
		_, err = h.PutRelease(ctx, bad, vault.ID{}, []byte("x"))
		refused(t, err, vault.ErrMalformed)
	}
	same(t, h.pos(), uint64(0))
	ok(t, h.PutRoster(ctx, "", 1, note(1)))
	must(h.Append(ctx, ana, first(sum("j"))))(t)
	records, _ := feed(t, h.Store)
	same(t, []string{records[0].Author, records[1].Author}, []string{"", ana})
}
