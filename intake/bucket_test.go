package intake_test

import (
	"bytes"
	"crypto/ed25519"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
	"peerwitness/vault/seal"
)

// TestAttack17RightAndWrongReceipt fetches as the one who has the receipt of an
// answered report does, and as one who typed other words does. The server is
// asked for the same thing and answers the same, in the same time. Where the
// roster splits answers over buckets, one that holds answers for the receipt
// and one that holds as many for others differ in nothing but sealed bytes.
func TestAttack17RightAndWrongReceipt(t *testing.T) {
	s := newSite(t)
	right, wrong := seal.Receipt{1}, seal.Receipt{2}
	path := func(r seal.Receipt, bits int) string {
		value, prefix := r.Bucket(), ""
		for i := range bits {
			prefix += string(rune('0' + value[i/8]>>(7-i%8)&1))
		}
		return prefix
	}
	const bits = 4
	if path(right, bits) == path(wrong, bits) {
		t.Fatal("the two receipts share a bucket: choose others")
	}
	_, key, err := ed25519.GenerateKey(nil)
	must(t, err)
	sealed := func(to seal.Receipt) []byte {
		t.Helper()
		slots, err := seal.SealReply(seal.Reply{Thread: to.ThreadID(), Desk: "street", Author: s.People["advocate"].ID, Roster: 1, Day: "2026-11-23", Text: "PRACTICE"},
			to.ReplyIdentity().Recipient(), key)
		must(t, err)
		return slots[0]
	}
	a := accesstest.Append(accesstest.ID(), 0, vault.ID{})
	a.Replies = []vault.Reply{{Slot: sealed(right)}, {Prefix: path(right, bits), Slot: sealed(right)}, {Prefix: path(wrong, bits), Slot: sealed(seal.Receipt{3})}}
	for n := range byte(20) { // a box as full as it is aimed to be
		a.Replies = append(a.Replies, vault.Reply{Slot: sealed(seal.Receipt{9, n})})
	}
	_, err = s.store.Append(ctx, s.People["advocate"].ID, a)
	must(t, err)

	who := func(string) (ed25519.PublicKey, bool) { return key.Public().(ed25519.PublicKey), true }
	opened := func(r seal.Receipt, body []byte) int {
		return len(seal.ReadReplies(slices.Collect(slices.Chunk(body, vault.SlotSize)), r.ThreadID(), r.ReplyIdentity(), who).Said)
	}
	hc := &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: time.Minute}
	defer hc.CloseIdleConnections()
	fetch := func(path string) answer {
		t.Helper()
		res, err := hc.Get(s.url + path)
		must(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		must(t, err)
		res.Header.Del("Date")
		return answer{res.StatusCode, res.Header, b}
	}
	for b, count := range map[int]int{0: 23, bits: 22} {
		const fetches = 1000
		var head http.Header
		var times [2][]time.Duration
		var last [2][]byte
		for n := range 2 * fetches {
			i := (n + n/2) % 2 // neither is always the first
			began := time.Now()
			got := fetch("/v1/buckets/b" + path([]seal.Receipt{right, wrong}[i], b))
			times[i] = append(times[i], time.Since(began))
			if got.status != 200 || len(got.body) != count*vault.SlotSize || got.header.Get("Cache-Control") != "no-store" {
				t.Fatalf("%d bits: status %d, %d bytes, %v", b, got.status, len(got.body), got.header)
			}
			if last[i] != nil && !bytes.Equal(last[i], got.body) {
				t.Fatalf("%d bits: the same fetch gives other bytes", b)
			}
			last[i] = got.body
			if n > 0 && !maps.EqualFunc(head, got.header, slices.Equal[[]string]) {
				t.Fatalf("%d bits: headers %v and %v", b, head, got.header)
			}
			head = got.header
		}
		if b == 0 && !bytes.Equal(last[0], last[1]) {
			t.Error("right and wrong receipt get other bytes")
		}
		if opened(right, last[0]) == 0 || opened(wrong, last[1]) != 0 {
			t.Errorf("%d bits: right opens %d, wrong %d", b, opened(right, last[0]), opened(wrong, last[1]))
		}
		median := func(d []time.Duration) time.Duration { slices.Sort(d); return d[len(d)/2] }
		r, w := median(times[0]), median(times[1])
		if diff := (r - w).Abs(); diff > max(r, w)/4 && diff > 200*time.Microsecond {
			t.Errorf("%d bits: right takes %v, wrong %v", b, r, w)
		}
		t.Logf("%d bits: medians of %d fetches %v and %v", b, fetches, r, w)
	}
}
