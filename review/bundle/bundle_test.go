package bundle_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"peerwitness/review/bundle"
	"peerwitness/review/bundle/bundletest"
	"peerwitness/vault"
)

var ctx = context.Background()

func verify(t *testing.T, path string) *bundle.Checked {
	t.Helper()
	c, err := bundle.Verify(ctx, path, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func names(c *bundle.Checked, path string) bool {
	return slices.ContainsFunc(c.Faults, func(f bundle.Fault) bool { return f.Path == path })
}

// checkers are the other programs that people outside check a bundle with.
// bagit.py, the Library of Congress's, is in neither Debian 12 nor a registry
// that the project's tests use: with PEERWITNESS_BAGIT set it must be there.
func checkers(t *testing.T) map[string]func(dir string) (string, error) {
	t.Helper()
	run := func(dir, name string, args ...string) (string, error) {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Fatal("sha256sum is missing; it is part of every Debian")
	}
	all := map[string]func(string) (string, error){"sha256sum": func(dir string) (string, error) {
		return run(dir, "sha256sum", "--strict", "-c", "manifest-sha256.txt", "tagmanifest-sha256.txt")
	}}
	if _, err := exec.LookPath("bagit.py"); err == nil {
		all["bagit.py"] = func(dir string) (string, error) { return run(dir, "bagit.py", "--validate", ".") }
	} else if os.Getenv("PEERWITNESS_BAGIT") != "" {
		t.Fatal("bagit.py is missing: install it with pip install bagit")
	} else {
		t.Log("NOT RUN: bagit.py is not here")
	}
	return all
}

// A bundle holds for everybody who checks it; one changed byte, whatever the
// file, fails for all of them, by name.
func TestOneChangedByteFailsByName(t *testing.T) {
	c := bundletest.New(t)
	for _, without := range [][]string{nil, {"reach", "entry-2"}} {
		content := c.Zip(without...)
		dir := t.TempDir()
		files := bundletest.Unpack(t, content, dir)
		others := checkers(t)
		for _, path := range []string{dir, bundletest.File(t, content)} {
			if got := verify(t, path); !got.OK() {
				t.Fatalf("a fresh bundle: %v", got.Faults)
			}
		}
		for name, check := range others {
			if out, err := check(dir); err != nil {
				t.Fatalf("%s on a fresh bundle: %v\n%s", name, err, out)
			}
		}
		for _, name := range files {
			file := filepath.Join(dir, filepath.FromSlash(name))
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			blame, spoilt := name, bytes.Clone(b)
			if name == "tagmanifest-sha256.txt" {
				// Nothing lists this one: the file whose hash changed in it is the one that fails.
				blame, spoilt[0] = "START-HERE.txt", map[bool]byte{true: '1', false: '0'}[b[0] == '0']
			} else {
				spoilt[len(b)/2] ^= 1
			}
			if err := os.WriteFile(file, spoilt, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := verify(t, dir); !names(got, blame) {
				t.Errorf("%s: the change is not named: %v", name, got.Faults)
			}
			for who, check := range others {
				if out, err := check(dir); err == nil || !strings.Contains(out, blame) {
					t.Errorf("%s: %s says %v\n%s", name, who, err, out)
				}
			}
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			// And a file that is gone, but for the list itself.
			if err := os.Rename(file, file+".away"); err != nil {
				t.Fatal(err)
			}
			got := verify(t, dir)
			if !names(got, name) || !names(got, name+".away") {
				t.Errorf("%s: missing, and added under another name: %v", name, got.Faults)
			}
			if err := os.Rename(file+".away", file); err != nil {
				t.Fatal(err)
			}
		}
		if got := verify(t, dir); !got.OK() {
			t.Errorf("the bundle was not put back: %v", got.Faults)
		}
	}
}

func TestWhatHeld(t *testing.T) {
	c := bundletest.New(t)
	got, err := bundle.Verify(ctx, bundletest.File(t, c.Zip()), c.Root())
	if err != nil || !got.OK() {
		t.Fatalf("%v, %+v", err, got)
	}
	if got.Signed != 4 || len(got.Absent) != 1 || got.Said != 1 || got.Unsaid != 0 || got.Traced != 1 || got.Roots != c.Root() || !got.Record.Practice {
		t.Errorf("of everything: %+v", got)
	}
	got = verify(t, bundletest.File(t, c.Zip("reach")))
	if got.Signed != 3 || len(got.Absent) != 2 || got.Traced != 0 || got.Said != 0 || got.Unsaid != 1 {
		t.Errorf("without how to reach the person: %+v", got)
	}
	other, err := bundle.Verify(ctx, bundletest.File(t, c.Zip()), "another")
	if err != nil || other.OK() || other.Signed != 0 {
		t.Errorf("another organisation's root keys: %v, %+v", err, other)
	}
}

// What was left out is nowhere: not in words, not in a signed text, not as a
// hash of it, and no key of a file is in any bundle.
func TestLeftOutIsNowhere(t *testing.T) {
	c := bundletest.New(t)
	texts := map[string]string{"story": bundletest.Story, "message-1": bundletest.Message, "reach": bundletest.Reach, "entry-2": bundletest.Note, "file-1": string(c.Content)}
	for _, p := range bundle.PartsOf(c.Case) {
		text := texts[p.ID]
		content := c.Zip(p.ID)
		sum := vault.Sum([]byte(text)).String()
		for what, leak := range map[string]string{"its words": text, "its hash": sum, "a key": "AGE-SECRET-KEY"} {
			if bytes.Contains(content, []byte(leak)) {
				t.Errorf("without %s: the bundle holds %s", p.ID, what)
			}
		}
		for id, other := range texts {
			if id != p.ID && !bytes.Contains(content, []byte(other)) {
				t.Errorf("without %s: %s is gone as well", p.ID, id)
			}
		}
		if got := verify(t, bundletest.File(t, content)); !got.OK() || len(got.Record.LeftOut) != 1 || got.Record.LeftOut[0].ID != p.ID {
			t.Errorf("without %s: %v", p.ID, got.Faults)
		}
	}
	if full := c.Zip(); bytes.Contains(full, []byte("AGE-SECRET-KEY")) || !bytes.Contains(full, []byte("withheld:")) {
		t.Error("a bundle of everything holds a key, or not the claim")
	}
}

// An entry that holds what no part stands for stays in, unless everything goes.
func TestWhatNobodyCouldTick(t *testing.T) {
	c := bundletest.New(t)
	c.Entries[3].Needs = []string{"unshown"}
	if got := verify(t, bundletest.File(t, c.Zip("reach"))); got.Signed != 2 {
		t.Errorf("redacted: %d signed entries", got.Signed)
	}
	if got := verify(t, bundletest.File(t, c.Zip())); got.Signed != 4 {
		t.Errorf("everything: %d signed entries", got.Signed)
	}
}

func TestMakeRefuses(t *testing.T) {
	c := bundletest.New(t)
	for _, x := range []struct {
		redacted bool
		without  []string
	}{{false, []string{"reach"}}, {true, []string{"no-such-part"}}} {
		if _, err := bundle.Make(ctx, c.Case, x.redacted, x.without); !errors.Is(err, bundle.ErrPart) {
			t.Errorf("%+v: %v", x, err)
		}
	}
	twice := c.Case
	twice.Parts = append(slices.Clone(c.Parts), c.Parts[0])
	if _, err := bundle.Make(ctx, twice, true, nil); !errors.Is(err, bundle.ErrPart) {
		t.Errorf("one part twice: %v", err)
	}
	broken := errors.New("no part of it is here")
	c.Files[0].Open = func(context.Context) ([]byte, error) { return nil, broken }
	if _, err := bundle.Make(ctx, c.Case, false, nil); !errors.Is(err, broken) {
		t.Errorf("a file that can't be opened: %v", err)
	}
	// A file that is another when it is opened again.
	n := byte(0)
	c.Files[0].Open = func(context.Context) ([]byte, error) { n++; return []byte{n}, nil }
	b, err := bundle.Make(ctx, c.Case, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.WriteZip(ctx, &bytes.Buffer{}, c.Record(b, bundle.Full)); !errors.Is(err, bundle.ErrChanged) {
		t.Errorf("a file that changed meanwhile: %v", err)
	}
}
