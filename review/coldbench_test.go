package review_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"runtime"
	"slices"
	gosync "sync"
	"testing"
	"time"

	"filippo.io/age"

	"peerwitness/vault"
)

// bareCase is one journal as what must be opened and checked in it, whoever does.
type bareCase struct {
	key    string // the case's identity
	grant  []byte // sealed to the person
	sealed [][]byte
	signed []bareSigned
}

type bareSigned struct {
	by       ed25519.PublicKey
	msg, sig []byte
}

// BenchmarkColdOpen goes from an unlocked key to a list of 10,000 cases without a
// snapshot. design.md's limit is half as much again as age and Ed25519 alone take
// for the same bytes on the same cores: each case's key, each of its entries, and
// the signature of each. It is measured in turns with that.
func BenchmarkColdOpen(b *testing.B) {
	n := casesToOpen(b)
	o, dir, open := fullFolder(b, n)
	w := open(false)
	var cases []bareCase
	author := o.Nino.Key.Signing.Public().(ed25519.PublicKey)
	for _, c := range w.View().Cases {
		key := w.Key(c.ID)
		x := bareCase{key: key.Reveal()}
		appends, err := o.Store.Appends(ctx, c.Journal, 0)
		if err != nil {
			b.Fatal(err)
		}
		for _, a := range appends {
			for _, g := range a.Grants {
				if g.To != o.Nino.ID() {
					continue
				}
				var body struct{ Sealed []byte }
				if err := json.Unmarshal(g.Body, &body); err != nil {
					b.Fatal(err)
				}
				x.grant = body.Sealed
				// Its statement is about as long as this one: what counts is one check more.
				x.signed = append(x.signed, bareSigned{author, g.Body[:256], ed25519.Sign(o.Nino.Key.Signing, g.Body[:256])})
			}
			x.sealed = append(x.sealed, a.Entry.Sealed)
			plain := bareOpen(b, a.Entry.Sealed, x.key)
			var e struct{ Body, Sig string }
			if err := json.Unmarshal(bytes.TrimRight(plain[4:], "\x00"), &e); err != nil {
				b.Fatal(err)
			}
			sig, err := base64.StdEncoding.DecodeString(e.Sig)
			if err != nil {
				b.Fatal(err)
			}
			x.signed = append(x.signed, bareSigned{author, vault.LP("peerwitness/entry-body/v1", []byte(e.Body)), sig})
		}
		cases = append(cases, x)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	personal := o.Nino.Key.Personal.Reveal()
	bare := func() time.Duration {
		began := time.Now()
		next := make(chan bareCase)
		var wg gosync.WaitGroup
		for range max(2, runtime.GOMAXPROCS(0)) {
			wg.Go(func() {
				mine := bareIdentity(b, personal)
				for x := range next {
					bareRead(b, x.grant, mine)
					id := bareIdentity(b, x.key)
					for _, sealed := range x.sealed {
						bareRead(b, sealed, id)
					}
					for _, s := range x.signed {
						if !ed25519.Verify(s.by, s.msg, s.sig) {
							b.Error("a signature fails")
						}
					}
				}
			})
		}
		for _, x := range cases {
			next <- x
		}
		close(next)
		wg.Wait()
		return time.Since(began)
	}
	snapshot := dir + "/snapshot-" + o.Nino.ID() + ".age"
	cold := func() time.Duration {
		if err := os.Remove(snapshot); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		w := open(false)
		d := time.Since(began)
		if len(w.View().Cases) != n || w.Snapped() > 0 {
			b.Fatalf("%d cases, snapshot at %d", len(w.View().Cases), w.Snapped())
		}
		if err := w.Close(); err != nil { // writes the next snapshot
			b.Fatal(err)
		}
		return d
	}
	var ours, theirs []time.Duration
	for b.Loop() {
		theirs, ours = append(theirs, bare()), append(ours, cold())
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	d, limit := ours[len(ours)/2], theirs[len(theirs)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(limit.Seconds()*1000, "bare-ms")
	b.ReportMetric(d.Seconds()*1000, "cold-ms")
	b.ReportMetric(d.Seconds()/limit.Seconds(), "ratio")
}

func bareIdentity(b *testing.B, text string) age.Identity {
	id, err := age.ParseHybridIdentity(text)
	if err != nil {
		b.Error(err)
	}
	return id
}

func bareRead(b *testing.B, sealed []byte, id age.Identity) []byte {
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		b.Error(err)
		return nil
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		b.Error(err)
	}
	return plain
}

func bareOpen(b *testing.B, sealed []byte, key string) []byte {
	return bareRead(b, sealed, bareIdentity(b, key))
}
