package crash_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is a build of peerwitnessd: the shipped one, or one with a fault put
// into it. A fault is put in by laying a changed file over the source for one
// build, so that nothing in the source can switch a sync off.
type program struct {
	name  string
	edits []edit
}

// edit replaces what occurs exactly once in a file of the module.
type edit struct{ file, old, new string }

var shipped = program{name: "shipped"}

var programs = map[string]string{} // built, by name

// build returns the path of the program, built once for all tests.
func build(t testing.TB, p program) string {
	t.Helper()
	if path := programs[p.name]; path != "" {
		return path
	}
	root, err := filepath.Abs("../..")
	must(t, err)
	dir := sharedDir(t)
	replace := map[string]string{}
	for i, e := range p.edits {
		source := filepath.Join(root, e.file)
		from := source
		if laid := replace[source]; laid != "" {
			from = laid
		}
		b, err := os.ReadFile(from)
		must(t, err)
		if n := strings.Count(string(b), e.old); n != 1 {
			t.Fatalf("%s: what is to be changed occurs %d times in %s", p.name, n, e.file)
		}
		laid := filepath.Join(dir, strings.Repeat("x", i+1)+".go")
		must(t, os.WriteFile(laid, []byte(strings.Replace(string(b), e.old, e.new, 1)), 0o600))
		replace[source] = laid
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	path := filepath.Join(dir, "peerwitnessd")
	cmd := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", path, "./cmd/peerwitnessd")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v: %s", p.name, err, out)
	}
	programs[p.name] = path
	return path
}
