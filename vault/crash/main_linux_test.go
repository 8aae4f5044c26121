package crash_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"peerwitness/vault"
)

// How much is done: the defaults are the short form that goes with every change.
var (
	kills = flag.Int("kills", 3, "how often the server is killed")
	cuts  = flag.Int("cuts", 8, "how many power cuts there are")
	seed  = flag.Uint64("seed", 0, "what chance begins with; 0 draws one")
)

const clients = 32

var ctx = context.Background()

func TestMain(m *testing.M) {
	flag.Parse()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	code := m.Run()
	for _, dir := range toRemove {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// toRemove are folders that several tests share; only this goroutine's tests add.
var toRemove []string

func sharedDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "peerwitness-crash-")
	must(t, err)
	toRemove = append(toRemove, dir)
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// scratch is a folder for what is looked at and thrown away: in memory where there
// is such a place, so that copies wait for no disk. Servers work on a disk.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "peerwitness-crash-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// chance is a source of its own for whoever is named, from the seed. Moments and
// sizes come from it; what the scheduler of the machine does, does not.
func chance(who ...any) *rand.Rand {
	return rand.New(rand.NewChaCha8([32]byte(vault.Sum(fmt.Append(nil, *seed, who)))))
}

// fill is n bytes that no other number gives.
func fill(n int, number uint64) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte(vault.Sum(vault.U64(number)))).Read(b) // never fails
	return b
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}
