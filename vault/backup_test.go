package vault_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/vaulttest"
)

// backupOf is a store's backup, everything or what came since after.
func backupOf(t testing.TB, s vault.Store, after *vault.BackupNote) ([]byte, *vault.BackupNote) {
	t.Helper()
	var b bytes.Buffer
	if err := s.Backup(ctx, &b, after); err != nil {
		t.Fatal(err)
	}
	report, err := vault.VerifyBackup(ctx, bytes.NewReader(b.Bytes()))
	if err != nil || !report.Whole() || len(report.Notes) != 1 {
		t.Fatalf("a fresh backup: %+v, %v", report, err)
	}
	return b.Bytes(), report.Notes[0]
}

func streams(backups ...[]byte) (out []io.Reader) {
	for _, b := range backups {
		out = append(out, bytes.NewReader(b))
	}
	return out
}

// restored makes a store of backups and opens it.
func restored(t *testing.T, clock vault.Clock, partial bool, backups ...[]byte) (vault.Store, *vault.BackupReport) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	report, err := vault.RestoreBolt(ctx, dir, clock, partial, streams(backups...)...)
	if err != nil {
		t.Fatal(err)
	}
	s := openAt(t, dir, clock)
	checkClean(t, s)
	return s, report
}

// full is a store with some of everything, accounts and a session too.
func full(t *testing.T) (vault.Store, *vaulttest.Clock) {
	t.Helper()
	clock := vaulttest.NewClock()
	s := openAt(t, t.TempDir(), clock.Now)
	vaulttest.Furnish(t, s, clock)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, body := range []string{"codebook", "texts"} {
		_, err := s.PutDocument(ctx, []byte(body))
		must(err)
	}
	must(s.Invite(ctx, ana, vault.Sum([]byte("used")), 1<<20))
	must(s.Enrol(ctx, ana, vault.Sum([]byte("used")), []byte("the secret of ana")))
	must(s.UseStep(ctx, ana, step))
	must(s.Invite(ctx, ana, vault.Sum([]byte("a code")), inviteDay))
	must(s.Invite(ctx, berta, vault.Sum([]byte("another code")), inviteDay))
	must(s.PutSession(ctx, vault.Session{Token: vault.Sum([]byte("token")), Person: ana, Until: clock.Now().Add(time.Hour)}))
	return s, clock
}

const (
	step      = 59_123_457 // of a second factor
	inviteDay = 77_777
)

func TestBackupRestores(t *testing.T) {
	s, clock := full(t)
	again := putDeposit(t, s, []byte("a report whose file is on its way"))
	backup, note := backupOf(t, s, nil)
	r, report := restored(t, clock.Now, false, backup)
	vaulttest.SameContent(t, r, s)
	head, err := s.FeedHead(ctx)
	now, err2 := r.FeedHead(ctx)
	if err != nil || err2 != nil || head.Generation == now.Generation || note.Hash != head.Hash || report.Entries != head.Pos {
		t.Errorf("heads %+v and %+v, note %+v, report %+v: %v, %v", head, now, note, report, err, err2)
	}
	a, err := r.Account(ctx, ana)
	if err != nil || string(a.Secret) != "the secret of ana" || a.LastStep != 0 || !a.Invite.IsZero() || a.InviteUntil != 0 {
		t.Errorf("account: %+v, %v", a, err)
	}
	if list, err := r.Accounts(ctx); err != nil || len(list) != 1 {
		t.Errorf("accounts: %+v, %v", list, err)
	}
	if _, err := r.Session(ctx, vault.Sum([]byte("token"))); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("a session came back: %v", err)
	}
	if b, err := r.Document(ctx, vault.Sum([]byte("codebook"))); err != nil || string(b) != "codebook" {
		t.Errorf("document: %q, %v", b, err)
	}
	putBlob(t, r, again.Ticket, []byte("the file arrives after all")) // with the ticket of before
	info, err := r.Restoration(ctx)
	if err != nil || info == nil || info.Lost != 0 || info.Lacking != 0 || len(info.Hurt) != 0 {
		t.Errorf("restoration: %+v, %v", info, err)
	}
	if info, err := s.Restoration(ctx); err != nil || info != nil {
		t.Errorf("a store that was not restored: %+v, %v", info, err)
	}
	checkClean(t, r)
}

// Nothing that says when or how somebody signed in is in a backup.
func TestBackupHoldsNoTime(t *testing.T) {
	s, clock := full(t)
	backup, _ := backupOf(t, s, nil)
	now := clock.Now().Unix()
	for what, bytesOf := range map[string][]byte{
		"the step":           binary.BigEndian.AppendUint64(nil, step),
		"the step in digits": fmt.Append(nil, step),
		"the session":        idBytes("token"),
		"its name":           []byte(vault.Sum([]byte("token")).String()),
		"an invitation":      []byte(vault.Sum([]byte("a code")).String()),
		"its day":            fmt.Append(nil, inviteDay),
		"the session's end":  fmt.Append(nil, now+3600),
		"an hour":            fmt.Append(nil, now/3600),
	} {
		if bytes.Contains(backup, bytesOf) {
			t.Errorf("%s is in the backup", what)
		}
	}
	if !bytes.Contains(backup, []byte("eyJ")) && !bytes.Contains(backup, []byte("secret")) {
		t.Error("the accounts are not there: this test sees nothing")
	}
}

// layout tells what stands where in a good backup.
type layout struct {
	from, to int
	names    []string // one of which must be said when a bit in there is flipped
}

func layoutOf(b []byte) (out []layout) {
	const begin = 21 + 1 + 16 + 32
	out = append(out, layout{0, 2 * begin, []string{"the beginning of backup 1"}})
	for at := 2 * begin; at < len(b); {
		size := int(binary.BigEndian.Uint32(b[at+25:]))
		pos, id := binary.BigEndian.Uint64(b[at+29:]), hex.EncodeToString(b[at+37:at+69])
		names := []string{}
		switch b[at+16] {
		case 'R', 'G':
			names = append(names, fmt.Sprintf("entry %d (%s)", pos, id))
		case 'B':
			names = append(names, fmt.Sprintf("attachment %s of entry %d", id, pos))
		case 'D':
			names = append(names, "document "+id)
		case 'A':
			names = append(names, "a second factor")
		case 'H':
			names = append(names, "the head")
		case 'M':
			names = append(names, "a list of parts", fmt.Sprintf("parts %d to", binary.BigEndian.Uint64(b[at+17:])))
		case 'E':
			names = append(names, "the end")
		}
		next := at + 101 + size + 32
		out = append(out, layout{at, next, names})
		at = next
	}
	return out
}

// Whatever bit is flipped, it is found, and what it hurts is named.
func TestEveryFlippedBitIsNamed(t *testing.T) {
	s, _ := full(t)
	backup, _ := backupOf(t, s, nil)
	parts := layoutOf(backup)
	if len(parts) < 25 {
		t.Fatalf("%d parts: this test no longer reads the format", len(parts))
	}
	random := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	// Each part's every field once at least, then anywhere.
	var places []int
	for _, p := range parts {
		for _, at := range []int{0, 16, 17, 24, 25, 28, 29, 40, 69, 100, 101, 110} {
			if p.from+at < p.to {
				places = append(places, p.from+at)
			}
		}
		places = append(places, p.to-1)
	}
	for range 800 {
		places = append(places, random.IntN(len(backup)))
	}
	for _, at := range places {
		hurt := bytes.Clone(backup)
		hurt[at] ^= 1 << random.IntN(8)
		report, err := vault.VerifyBackup(ctx, bytes.NewReader(hurt))
		if err != nil {
			t.Fatalf("a bit of byte %d: %v", at, err)
		}
		i := slices.IndexFunc(parts, func(p layout) bool { return at < p.to })
		said := strings.Join(report.Hurt, "\n")
		if !slices.ContainsFunc(parts[i].names, func(n string) bool { return strings.Contains(said, n) }) {
			t.Fatalf("a bit of byte %d, in %v (from %d): said only %q", at, parts[i].names, at-parts[i].from, report.Hurt)
		}
		if len(report.Hurt) > 2 {
			t.Fatalf("a bit of byte %d, in %v: too much is said to be hurt: %q", at, parts[i].names, report.Hurt)
		}
	}
	t.Logf("%d flipped bits in %d bytes, %d parts: each found and named", len(places), len(backup), len(parts))
}

func TestBackupCutShort(t *testing.T) {
	s, clock := full(t)
	backup, _ := backupOf(t, s, nil)
	for n := 0; n < len(backup); n += 1 + n/37 {
		report, err := vault.VerifyBackup(ctx, bytes.NewReader(backup[:n]))
		if err != nil || report.Whole() || len(report.Notes) != 0 {
			t.Fatalf("cut after %d bytes: %+v, %v", n, report, err)
		}
		if said := strings.Join(report.Hurt, " "); !strings.Contains(said, "end of backup") && !strings.Contains(said, "beginning") && !strings.Contains(said, "cut short") {
			t.Fatalf("cut after %d bytes: %q", n, said)
		}
	}
	dir := t.TempDir()
	_, err := vault.RestoreBolt(ctx, dir, clock.Now, false, bytes.NewReader(backup[:len(backup)-1]))
	var hurt *vault.HurtError
	if !errors.As(err, &hurt) || len(hurt.Report.Hurt) == 0 || !errors.Is(err, vault.ErrCorrupt) {
		t.Errorf("restoring one that was cut: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	report, err := vault.VerifyBackup(ctx, bytes.NewReader(append(bytes.Clone(backup), 'x')))
	if err != nil || report.Whole() {
		t.Errorf("something behind the end: %+v, %v", report, err)
	}
	if _, err := vault.VerifyBackup(ctx, io.MultiReader(bytes.NewReader(backup[:500]), failing{})); !errors.Is(err, errDisk) {
		t.Errorf("a disk that can't be read: %v", err)
	}
}

var errDisk = errors.New("input/output error")

type failing struct{}

func (failing) Read([]byte) (int, error)  { return 0, errDisk }
func (failing) Write([]byte) (int, error) { return 0, errDisk }

func TestBackupChain(t *testing.T) {
	s, clock := full(t)
	one, after := backupOf(t, s, nil)
	if read, err := vault.ParseBackupNote(after.Encode()); err != nil || read.Sum != after.Sum {
		t.Fatalf("note: %+v, %v", read, err)
	}
	d := putDeposit(t, s, []byte("between the first and the second"))
	putBlob(t, s, d.Ticket, []byte("its file"))
	_, err := s.PutDocument(ctx, []byte("newer texts"))
	if err != nil {
		t.Fatal(err)
	}
	two, after2 := backupOf(t, s, after)
	putDeposit(t, s, []byte("between the second and the third"))
	three, after3 := backupOf(t, s, after2)
	empty, _ := backupOf(t, s, after3)
	if bytes.Contains(two, []byte("codebook")) || !bytes.Contains(two, []byte("newer texts")) || len(two) > 4000 || len(empty) > 2500 {
		t.Errorf("an incremental backup holds what the former has: %d and %d bytes of %d", len(two), len(empty), len(one))
	}
	for what, given := range map[string][][]byte{
		"one by one": {one, two, two, one, three, empty},
		"end to end": {slices.Concat(one, two, three, empty)},
	} {
		r, _ := restored(t, clock.Now, false, given...)
		t.Log(what)
		vaulttest.SameContent(t, r, s)
	}
	for what, given := range map[string][][]byte{
		"without the first":  {two, three},
		"without the second": {one, three},
	} {
		_, err := vault.RestoreBolt(ctx, filepath.Join(t.TempDir(), "s"), clock.Now, false, streams(given...)...)
		if !errors.Is(err, vault.ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if report, err := vault.VerifyBackup(ctx, streams(two, three)...); err != nil || !report.Whole() {
		t.Errorf("verifying two that go on from another: %+v, %v", report, err)
	}
	if report, err := vault.VerifyBackup(ctx, streams(one, three)...); err != nil || report.Whole() {
		t.Errorf("verifying with a gap: %+v, %v", report, err)
	}
	other, _ := full(t)
	foreign, note := backupOf(t, other, nil)
	if _, err := vault.VerifyBackup(ctx, streams(one, foreign)...); !errors.Is(err, vault.ErrOtherHistory) {
		t.Errorf("two histories: %v", err)
	}
	if err := s.Backup(ctx, io.Discard, note); !errors.Is(err, vault.ErrOtherHistory) {
		t.Errorf("after another store's note: %v", err)
	}
	ahead := *after3
	ahead.Pos++
	if err := s.Backup(ctx, io.Discard, &ahead); !errors.Is(err, vault.ErrOtherHistory) {
		t.Errorf("after a note that is ahead: %v", err)
	}
	forked := *after
	forked.Hash = vault.Sum(nil)
	if err := s.Backup(ctx, io.Discard, &forked); !errors.Is(err, vault.ErrOtherHistory) {
		t.Errorf("after a note of a fork: %v", err)
	}
	if err := s.Backup(ctx, failing{}, nil); !errors.Is(err, errDisk) {
		t.Errorf("to a disk that fails: %v", err)
	}
	for _, bad := range []string{"", "{}", string(after.Encode()) + " ", strings.Replace(string(after.Encode()), `"v":1`, `"v":2`, 1)} {
		if _, err := vault.ParseBackupNote([]byte(bad)); !errors.Is(err, vault.ErrMalformed) {
			t.Errorf("note %q: %v", bad, err)
		}
	}
	// A restored store begins a history of its own.
	r, _ := restored(t, clock.Now, false, one)
	if err := r.Backup(ctx, io.Discard, after); !errors.Is(err, vault.ErrOtherHistory) {
		t.Errorf("a restored store after the former one's note: %v", err)
	}
	again, _ := backupOf(t, r, nil)
	rr, _ := restored(t, clock.Now, false, again)
	vaulttest.SameContent(t, rr, r)
}

func TestRestoreOnlyIntoAnEmptyFolder(t *testing.T) {
	s, clock := full(t)
	backup, _ := backupOf(t, s, nil)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.RestoreBolt(ctx, dir, clock.Now, false, bytes.NewReader(backup)); !errors.Is(err, vault.ErrNotEmpty) {
		t.Errorf("a folder with a file: %v", err)
	}
	if _, err := vault.RestoreBolt(ctx, filepath.Join(dir, "mine"), clock.Now, false, bytes.NewReader(backup)); err == nil {
		t.Error("a file in place of a folder")
	}
	if _, err := vault.RestoreBolt(ctx, filepath.Join(dir, "none"), clock.Now, false); !errors.Is(err, vault.ErrMalformed) {
		t.Errorf("no backup: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	// One that was killed half-way is not opened.
	half := filepath.Join(dir, "half")
	vault.LeaveHalfRestored(t, half, backup)
	if _, err := vault.OpenBolt(half, clock.Now); !errors.Is(err, vault.ErrCorrupt) || !strings.Contains(err.Error(), "restore into it was not finished") {
		t.Errorf("a half-restored store: %v", err)
	}
}

// What is hurt is left out with what hangs on it, is kept in a list, and comes back
// from whoever has it.
func TestRestoreInPart(t *testing.T) {
	s, clock := full(t)
	backup, _ := backupOf(t, s, nil)
	random := rand.New(rand.NewPCG(2, uint64(time.Now().UnixNano())))
	head, err := s.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	records, err := s.Feed(ctx, 0, int(head.Pos))
	if err != nil {
		t.Fatal(err)
	}
	var objects [][]byte
	for _, r := range records {
		b, err := s.Object(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, b)
	}
	for range 3 {
		hurt := bytes.Clone(backup)
		for range 1 + random.IntN(4) {
			at := 150 + random.IntN(len(hurt)-150)
			hurt[at] ^= 1 << random.IntN(8)
		}
		r, report := restored(t, clock.Now, true, hurt)
		if report.Whole() {
			t.Fatal("nothing is said to be hurt")
		}
		info, err := r.Restoration(ctx)
		if err != nil || len(info.Hurt) == 0 {
			t.Fatalf("the store keeps no list: %+v, %v", info, err)
		}
		now, err := r.FeedHead(ctx)
		nameless := strings.Contains(strings.Join(info.Hurt, " "), "whose names can't be read") // their list was hurt, too
		if err != nil || now.Pos+info.Lost != head.Pos && !nameless {
			t.Fatalf("%d entries and %d lost of %d: %v; %q", now.Pos, info.Lost, head.Pos, err, info.Hurt)
		}
		answers, err := r.PutBack(ctx, records, objects)
		if err != nil {
			t.Fatal(err)
		}
		for i, err := range answers {
			if err != nil {
				t.Errorf("putting back entry %d: %v", records[i].Pos, err)
			}
		}
		lacking, err := r.LackingBlobs(ctx, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, sum := range lacking {
			if _, err := r.Blob(ctx, sum); !errors.Is(err, vault.ErrNotFound) {
				t.Errorf("a blob that lacks: %v", err)
			}
			b, err := s.Blob(ctx, sum)
			if err == nil {
				err = r.PutReplicaBlob(ctx, sum, b)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if info, err := r.Restoration(ctx); err != nil || info.Lost != 0 || info.Lacking != 0 {
			t.Errorf("after everything came back: %+v, %v", info, err)
		}
		if now, err := r.FeedHead(ctx); err != nil || now.Pos != head.Pos {
			t.Errorf("%d entries of %d: %v", now.Pos, head.Pos, err)
		}
		checkClean(t, r)
		closeStore(t, r)
	}
}

func idBytes(s string) []byte {
	id := vault.Sum([]byte(s))
	return id[:]
}
