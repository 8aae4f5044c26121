package vault_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"peerwitness/vault"
)

// alone runs the test in a process of its own, and is true in there: the limit
// below also holds for the log that `go test` keeps of the files a test opens.
func alone(t *testing.T) bool {
	t.Helper()
	const mark = "PEERWITNESS_TEST_ALONE"
	if os.Getenv(mark) != "" {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mark+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v: %s", err, out)
	}
	return false
}

// limitFiles lets no file of this process grow over n bytes until the returned
// function is called: a disk that is full.
func limitFiles(t *testing.T, n uint64) (lift func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	lifted := false
	lift = func() {
		if !lifted {
			lifted = true
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(lift)
	return lift
}

func TestDiskFullForTheDatabase(t *testing.T) {
	if !alone(t) {
		return
	}
	dir := t.TempDir()
	s := openAt(t, dir, nil)
	putDeposit(t, s, []byte("before"))
	info, err := os.Stat(filepath.Join(dir, dbName))
	if err != nil {
		t.Fatal(err)
	}
	lift := limitFiles(t, uint64(info.Size()))
	stored, failed := 0, []byte(nil)
	for i := range 100 {
		report := append(fill(vault.MaxReport-8, 1), vault.U64(uint64(i))...)
		if _, err := s.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: report}); err != nil {
			if !strings.Contains(err.Error(), syscall.EFBIG.Error()) { // bbolt drops the cause
				t.Fatalf("not a clear error: %v", err)
			}
			failed = report
			break
		}
		stored++
	}
	if failed == nil {
		t.Fatal("the disk was never full")
	}
	if _, _, err := s.Deposit(ctx, (vault.Deposit{Desk: "street", Report: failed}).ID()); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("what was not acknowledged: %v", err)
	}
	putDeposit(t, s, []byte("small ones still fit"))
	lift()
	if got := putDeposit(t, s, failed); !got.New {
		t.Errorf("with room again: %+v", got)
	}
	if head, err := s.FeedHead(ctx); err != nil || head.Pos != uint64(stored)+3 {
		t.Errorf("feed is %d long after %d: %v", head.Pos, stored+3, err)
	}
	checkClean(t, s)
}

func TestDiskFullForABlob(t *testing.T) {
	if !alone(t) {
		return
	}
	dir := t.TempDir()
	s := openAt(t, dir, nil)
	d := putDeposit(t, s, []byte("report"))
	body := fill(vault.MaxBlob, 1)
	lift := limitFiles(t, vault.MaxBlob/2)
	_, err := s.PutBlob(ctx, d.Ticket, vault.Sum(body), body)
	lift()
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("not a clear error: %v", err)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "blobs", "*", "*")); err != nil || len(files) != 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
	if missing, err := s.MissingBlobs(ctx, d.Ticket, []vault.ID{vault.Sum(body)}); err != nil || len(missing) != 1 {
		t.Errorf("missing: %v, %v", missing, err)
	}
	putBlob(t, s, d.Ticket, body)
	checkClean(t, s)
}

func TestOpeningWhatIsNoStore(t *testing.T) {
	for name, b := range map[string][]byte{
		"text":    []byte("not a database, and longer than nothing at all"),
		"zeros":   make([]byte, 64<<10),
		"letters": fill(64<<10, 'x'),
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, dbName), b, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := vault.OpenBolt(dir, nil); err == nil {
			s.Close()
			t.Errorf("%s: opened", name)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.OpenBolt(file, nil); err == nil {
		t.Error("a file for a folder: opened")
	}
}
