// Package peerwitness_test holds the house to its layout: which package may
// import which, and what the blind server must never link.
package peerwitness_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "peerwitness"

// pkg is what `go list -json` says of a package, as far as it is asked here.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,TestImports,XTestImports,Deps"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// room names the part of the house that a package is in.
func room(path string) string {
	rest, ok := strings.CutPrefix(path, module+"/")
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

// mayImport gives, for each room, the rooms it may look into. Within vault the
// order is finer; see TestVaultIsTheFloor.
var mayImport = map[string][]string{
	"cmd":    {"cmd", "intake", "review", "vault"},
	"intake": {"intake", "vault"},
	"review": {"review", "vault"},
	"vault":  {"vault"},
}

func TestImportsRunOneWay(t *testing.T) {
	pkgs := list(t, "./...")
	seen := map[string]bool{}
	for _, p := range pkgs {
		from := room(p.ImportPath)
		if from == "" {
			continue // this package: tests of the house itself
		}
		seen[from] = true
		allowed, ok := mayImport[from]
		if !ok {
			t.Errorf("%s is in no room of the house; add the room or move the package", p.ImportPath)
			continue
		}
		for _, imp := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if to := room(imp); to != "" && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s: %s may look into %v only", p.ImportPath, imp, from, allowed)
			}
		}
	}
	for r := range mayImport {
		if !seen[r] {
			t.Errorf("no package found in room %s: this test no longer sees the house", r)
		}
	}
}

func TestVaultIsTheFloor(t *testing.T) {
	// age may be imported in one place only, so that there is one strict wrapper to trust.
	for _, p := range list(t, "./...") {
		for _, imp := range p.Imports {
			if (imp == "filippo.io/age" || strings.HasPrefix(imp, "filippo.io/age/")) && p.ImportPath != module+"/vault/seal" {
				t.Errorf("%s imports %s: only vault/seal may", p.ImportPath, imp)
			}
		}
		switch p.ImportPath {
		case module + "/vault":
			for _, imp := range p.Imports {
				if strings.HasPrefix(imp, module+"/") {
					t.Errorf("vault imports %s: it stands on nothing of ours", imp)
				}
			}
		case module + "/vault/roster", module + "/vault/access", module + "/vault/codebook":
			if slices.Contains(p.Deps, module+"/vault/seal") {
				t.Errorf("%s reaches vault/seal: the server links it", p.ImportPath)
			}
		}
	}
}

// Who checks an evidence bundle needs no workstation, no store and no server.
func TestBundleStandsAlone(t *testing.T) {
	found := list(t, "./review/bundle")
	if len(found) != 1 {
		t.Fatalf("go list saw %d packages", len(found))
	}
	allowed := []string{module + "/vault", module + "/vault/roster", module + "/vault/seal"}
	for _, imp := range found[0].Imports {
		if strings.HasPrefix(imp, module+"/") && !slices.Contains(allowed, imp) {
			t.Errorf("review/bundle imports %s", imp)
		}
	}
}

func TestServerIsBlind(t *testing.T) {
	forbidden := regexp.MustCompile(`^filippo\.io/age|^peerwitness/vault/seal|^peerwitness/review`)
	found := list(t, "./cmd/peerwitnessd")
	if len(found) != 1 || len(found[0].Deps) < 50 {
		t.Fatalf("go list saw %d packages: this test no longer looks at the server", len(found))
	}
	for _, dep := range found[0].Deps {
		if forbidden.MatchString(dep) {
			t.Errorf("cmd/peerwitnessd links %s: the server must not be able to open anything", dep)
		}
	}
}

// attacks lists those of the threat list that have their tests; a number that
// loses its test fails here.
var attacks = []string{"01", "02", "03", "04", "05", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20",
	"21", "22", "23", "24", "25", "26", "30", "31", "32", "33"}

func TestEveryAttackHasItsTest(t *testing.T) {
	goTest := regexp.MustCompile(`func TestAttack(\d\d)`)
	appTest := regexp.MustCompile("[\"'`]attack (\\d\\d)")
	have := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "dist") {
			return filepath.SkipDir
		}
		var find *regexp.Regexp
		switch {
		case strings.HasSuffix(path, "_test.go"):
			find = goTest
		case strings.HasSuffix(path, ".test.ts"), strings.HasPrefix(path, "intake/app/browser/") && strings.HasSuffix(path, ".mjs"):
			find = appTest
		default:
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range find.FindAllStringSubmatch(string(b), -1) {
			have[m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range attacks {
		if !have[n] {
			t.Errorf("attack %s has no test named after it", n)
		}
	}
}
