package vaulttest

import (
	"testing"

	"peerwitness/vault"
)

func testKeptFeeds(t *testing.T, h *house) {
	_, err := h.KeptFeed(ctx, ana)
	refused(t, err, vault.ErrNotFound)
	large := fill(1<<20, 3)
	for _, feeds := range []map[string][]byte{nil, {ana: []byte("one"), berta: large}, {ana: []byte("two")}} {
		if err := h.KeepFeeds(ctx, feeds); err != nil {
			t.Fatal(err)
		}
		h.check()
	}
	refused(t, h.KeepFeeds(ctx, map[string][]byte{"ana": nil, berta: nil}), vault.ErrMalformed)
	for range 2 {
		same(t, string(must(h.KeptFeed(ctx, ana))(t)), "two")
		same(t, must(h.KeptFeed(ctx, berta))(t), large)
		h.Store = h.reopen(t, h.Store)
	}
	same(t, h.pos(), uint64(0)) // no part of the feed
}
