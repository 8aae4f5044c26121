package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"peerwitness/vault"
)

const dbName = "peerwitness.db"

// furnished is a closed store with some of everything in it.
func furnished(t *testing.T) (dir string, deposit, blob vault.ID) {
	t.Helper()
	dir = t.TempDir()
	s := openAt(t, dir, nil)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.PutRoster(ctx, "", 1, []byte("x\n{\"version\":1}\n")))
	must(s.PutCertificate(ctx, ana, vault.Certificate{Person: ana, Epoch: 1, JSON: []byte("{}")}))
	must(s.PutRevocation(ctx, ana, vault.Revocation{Person: berta, JSON: []byte("{}")}))
	d := putDeposit(t, s, append([]byte("a report to be found again"), fill(9000, 'r')...))
	blob = putBlob(t, s, d.Ticket, []byte("blob"))
	for i := range 30 {
		putDeposit(t, s, fmt.Append(nil, "report ", i))
	}
	journal := vault.Sum([]byte("journal"))
	a := vault.Append{Entry: vault.Entry{Journal: journal, Epoch: 1, Sealed: []byte("s")}, Claims: []vault.ID{d.ID},
		Replies: []vault.Reply{{Prefix: "01", Slot: fill(vault.SlotSize, 1)}}}
	_, err := s.Append(ctx, ana, a)
	must(err)
	_, err = s.PutRelease(ctx, ana, vault.ID{}, []byte("figures"))
	must(err)
	must(s.Invite(ctx, ana, vault.Sum(nil), 1))
	_, err = s.PutDocument(ctx, []byte("codebook"))
	must(err)
	checkClean(t, s)
	closeStore(t, s)
	return dir, d.ID, blob
}

// hurt opens the store and holds that it says it is damaged.
func hurt(t *testing.T, what, dir string) {
	t.Helper()
	s, err := vault.OpenBolt(dir, nil)
	if err == nil {
		err = s.Check(ctx)
		s.Close()
	}
	if !errors.Is(err, vault.ErrCorrupt) {
		t.Errorf("%s: %v", what, err)
	}
}

func TestDamagedBlobIsFound(t *testing.T) {
	for what, damage := range map[string]func(path string) error{
		"a byte changed": func(path string) error { return os.WriteFile(path, []byte("bloc"), 0o600) },
		"cut short":      func(path string) error { return os.Truncate(path, 3) },
		"longer":         func(path string) error { return os.WriteFile(path, fill(2<<20, 1), 0o600) },
		"gone":           os.Remove,
	} {
		dir, _, blob := furnished(t)
		name := blob.String()
		if err := damage(filepath.Join(dir, "blobs", name[:2], name)); err != nil {
			t.Fatal(err)
		}
		hurt(t, what, dir)
		s := openAt(t, dir, nil)
		if _, err := s.Blob(ctx, blob); !errors.Is(err, vault.ErrCorrupt) {
			t.Errorf("%s: read anyway: %v", what, err)
		}
		closeStore(t, s)
	}
}

func TestDamagedReportIsFound(t *testing.T) {
	dir, deposit, _ := furnished(t)
	path := filepath.Join(dir, dbName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for at := 0; ; found++ {
		n := bytes.Index(b[at:], []byte("a report to be found"))
		if n < 0 {
			break
		}
		b[at+n] ^= 1
		at += n + 1
	}
	if found == 0 {
		t.Fatal("no report in the file")
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	hurt(t, "a byte of a report", dir)
	s := openAt(t, dir, nil)
	if _, _, err := s.Deposit(ctx, deposit); !errors.Is(err, vault.ErrCorrupt) {
		t.Errorf("read anyway: %v", err)
	}
}

// Every row that the feed makes is looked for, and none may be there besides.
func TestEveryRowIsChecked(t *testing.T) {
	whole, _, _ := furnished(t)
	for _, name := range vault.Buckets() {
		for what, damage := range map[string]func(*bolt.Bucket) error{
			"row gone": func(b *bolt.Bucket) error {
				k, v := b.Cursor().First()
				if v == nil {
					return b.DeleteBucket(k)
				}
				return b.Delete(k)
			},
			"row changed": func(b *bolt.Bucket) error {
				k, v := b.Cursor().First()
				if v == nil {
					b = b.Bucket(k)
					k, v = b.Cursor().First()
				}
				v = append([]byte{}, v...)
				if len(v) == 0 {
					v = []byte{0}
				}
				v[len(v)-1] ^= 2
				return b.Put(k, v)
			},
			"row too many": func(b *bolt.Bucket) error {
				k, v := b.Cursor().Last()
				key := append([]byte{}, k...)
				key[0] ^= 0x40
				if v == nil {
					d, err := b.CreateBucket(key)
					if err != nil {
						return err
					}
					return d.Put(key, []byte("object"))
				}
				return b.Put(key, v)
			},
		} {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			db, err := bolt.Open(filepath.Join(dir, dbName), 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Update(func(tx *bolt.Tx) error { return damage(tx.Bucket(name)) }); err != nil {
				t.Fatalf("%s, %s: %v", name, what, err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			hurt(t, fmt.Sprintf("%s, %s", name, what), dir)
		}
	}
}

// Whatever byte of the file changes, the store ends with an error or is whole;
// it does not bring the program down.
func TestFlippedBytesNeverCrash(t *testing.T) {
	dir, _, _ := furnished(t)
	path := filepath.Join(dir, dbName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	used := len(bytes.TrimRight(whole, "\x00"))
	random := rand.New(rand.NewPCG(1, 2))
	found := 0
	for i := range 150 {
		b := bytes.Clone(whole[:used+4096])
		at := random.IntN(used)
		if i < 50 { // the pages' own headers and element tables
			at = random.IntN(used/4096)*4096 + random.IntN(64)
		}
		b[at] ^= byte(1 << random.IntN(8))
		into := t.TempDir()
		if err := os.CopyFS(into, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(into, dbName), b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := vault.OpenBolt(into, nil)
		if err == nil {
			err = s.Check(ctx)
			s.Close()
		}
		if err != nil {
			found++
		}
	}
	if found < 50 {
		t.Errorf("only %d of 150 were found", found)
	}
}

// A power cut may leave the newest meta page torn, and then the commit before it is
// what there is; one that tears a page in use is found, whatever is left of it.
func TestTornPages(t *testing.T) {
	dir, _, _ := furnished(t)
	path := filepath.Join(dir, dbName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	used := len(bytes.TrimRight(whole, "\x00"))
	open := func(b []byte) error {
		into := t.TempDir()
		if err := errors.Join(os.CopyFS(filepath.Join(into, "blobs"), os.DirFS(filepath.Join(dir, "blobs"))),
			os.WriteFile(filepath.Join(into, dbName), b, 0o600)); err != nil {
			t.Fatal(err)
		}
		s, err := vault.OpenBolt(into, nil)
		if err != nil {
			return err
		}
		return errors.Join(s.Check(ctx), s.Close())
	}
	found := 0
	for page := 0; page*pageSize < used; page++ {
		keep := []int{0, 512, 2048}[page%3]
		b := bytes.Clone(whole[:(used/pageSize+1)*pageSize])
		clear(b[page*pageSize+keep : (page+1)*pageSize])
		switch err := open(b); {
		case errors.Is(err, vault.ErrCorrupt):
			found++
		case err != nil:
			t.Errorf("page %d torn after %d bytes: %v", page, keep, err)
		}
	}
	if found == 0 {
		t.Error("no torn page was found")
	}
	if err := open(whole[:used/pageSize*pageSize]); !errors.Is(err, vault.ErrCorrupt) {
		t.Errorf("the last page cut off: %v", err)
	}
	if err := open(whole); err != nil {
		t.Errorf("nothing torn: %v", err)
	}
}
