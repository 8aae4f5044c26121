package bundle_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"peerwitness/review/bundle"
	"peerwitness/review/bundle/bundletest"
	"peerwitness/vault/seal"
)

// member is one file of a zip that is made by hand.
type member struct {
	name string
	text []byte
	mode fs.FileMode
}

// members reads a zip in its order.
func members(t testing.TB, content []byte) []member {
	t.Helper()
	dir := t.TempDir()
	var out []member
	for _, name := range bundletest.Unpack(t, content, dir) {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, member{"evidence/" + name, b, 0o644})
	}
	return out
}

func pack(t testing.TB, list []member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range list {
		h := &zip.FileHeader{Name: m.name, Method: zip.Store}
		h.SetMode(m.mode)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(m.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// resum writes both manifests anew, as somebody would who changes a bundle with care.
func resum(list []member) []member {
	lines := func(payload bool) []byte {
		var out []string
		for _, m := range list {
			name := strings.TrimPrefix(m.name, "evidence/")
			if strings.HasPrefix(name, "data/") == payload && name != "tagmanifest-sha256.txt" {
				out = append(out, fmt.Sprintf("%s\x00%x  %s\n", name, sha256.Sum256(m.text), name))
			}
		}
		slices.Sort(out)
		var b strings.Builder
		for _, l := range out {
			_, l, _ = strings.Cut(l, "\x00")
			b.WriteString(l)
		}
		return []byte(b.String())
	}
	set := func(name string, text []byte) {
		for i := range list {
			if list[i].name == "evidence/"+name {
				list[i].text = text
			}
		}
	}
	set("manifest-sha256.txt", lines(true))
	set("tagmanifest-sha256.txt", lines(false))
	return list
}

// attack 23: a hostile zip writes nothing, opens nothing outside of itself, and
// each thing that is wrong with it is named.
func TestAttack23HostileBundle(t *testing.T) {
	good := members(t, bundletest.New(t).Zip())
	words := []byte("PRACTICE added")
	for what, c := range map[string]struct {
		add   []member
		fault string
	}{
		"a way out":             {[]member{{"evidence/../../x", words, 0o644}}, "../../x: was added: it has a name that no bundle's file has"},
		"a way out of the root": {[]member{{"../x", words, 0o644}}, "../x: was added: it lies outside"},
		"an absolute name":      {[]member{{"/etc/passwd", words, 0o644}}, "/etc/passwd: was added: it lies outside"},
		"backslashes":           {[]member{{`evidence/..\..\x`, words, 0o644}}, `..\..\x: was added: it has a name`},
		"a drive":               {[]member{{"evidence/C:x", words, 0o644}}, "C:x: was added: it has a name"},
		"an escape":             {[]member{{"evidence/\x1b[31mx", words, 0o644}}, "␛[31mx: was added: it has a name"},
		"turned text":           {[]member{{"evidence/data/files/\u202egpj.exe", words, 0o644}}, "data/files/⟨U+202E⟩gpj.exe: was added"},
		"a name twice":          {[]member{{"evidence/data/words.txt", words, 0o644}}, "data/words.txt: is there twice"},
		"a twin":                {[]member{{"evidence/data/WORDS.txt", words, 0o644}}, "data/WORDS.txt: differs only in capitals from data/words.txt"},
		"a link":                {[]member{{"evidence/data/link", []byte("/etc/passwd"), 0o777 | fs.ModeSymlink}}, "data/link: is a link"},
		"a device":              {[]member{{"evidence/data/null", nil, 0o666 | fs.ModeDevice}}, "data/null: is a link or something else"},
		"one more file":         {[]member{{"evidence/data/files/file-02.jpg", words, 0o644}}, "data/files/file-02.jpg: was added: no manifest names it"},
		"one beside data":       {[]member{{"evidence/fetch.txt", words, 0o644}}, "fetch.txt: was added: no manifest names it"},
		"another bundle":        {[]member{{"other/bagit.txt", good[0].text, 0o644}}, "other/bagit.txt: was added: it lies outside"},
	} {
		got := verify(t, bundletest.File(t, pack(t, append(slices.Clone(good), c.add...))))
		var said []string
		for _, f := range got.Faults {
			said = append(said, f.Path+": "+f.Text)
		}
		if !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, c.fault) }) {
			t.Errorf("%s: faults are %q", what, said)
		}
	}
	if got := verify(t, bundletest.File(t, pack(t, good))); !got.OK() {
		t.Fatalf("packed again: %v", got.Faults)
	}
	for what, b := range map[string][]byte{"nothing": nil, "no zip": []byte("PK\x03\x04 and no more"), "no bag": pack(t, []member{{"x", words, 0o644}})} {
		if _, err := bundle.Verify(ctx, bundletest.File(t, b), ""); !errors.Is(err, bundle.ErrNoBundle) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := bundle.Verify(ctx, filepath.Join(t.TempDir(), "none"), ""); !errors.Is(err, bundle.ErrNoBundle) {
		t.Errorf("no file: %v", err)
	}
}

// A zip that would unpack to far more than it is gets no further than its list.
func TestZipBomb(t *testing.T) {
	good := members(t, bundletest.New(t).Zip())
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range good {
		w, err := z.Create(m.name)
		if err == nil {
			_, err = w.Write(m.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w, err := z.Create("evidence/data/files/file-02.bin")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 100 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	quickest := time.Hour // of a few: on a busy machine one may stand still for a while
	for range 5 {
		began := time.Now()
		if _, err := bundle.Verify(ctx, bundletest.File(t, b.Bytes()), ""); !errors.Is(err, bundle.ErrNoBundle) || !strings.Contains(err.Error(), "far more than it is") {
			t.Errorf("%v", err)
		}
		if quickest = min(quickest, time.Since(began)); quickest <= time.Second {
			break
		}
	}
	if quickest > time.Second {
		t.Errorf("took %v", quickest)
	}
	// One that says it is small and goes on: read no further than it said.
	lying := pack(t, append(slices.Clone(good), member{"evidence/data/files/file-02.bin", bytes.Repeat([]byte("x"), 4096), 0o644}))
	at := bytes.LastIndex(lying, []byte("PK\x01\x02"))
	copy(lying[at+24:], []byte{1, 0, 0, 0})
	if got := verify(t, bundletest.File(t, lying)); got.OK() {
		t.Error("a size that is not so is taken")
	}
}

func TestFolderWithLinks(t *testing.T) {
	dir := t.TempDir()
	bundletest.Unpack(t, bundletest.New(t).Zip(), dir)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("PRACTICE"), 0o600); err != nil {
		t.Fatal(err)
	}
	words := filepath.Join(dir, "data", "words.txt")
	if err := os.Remove(words); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, words); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/", filepath.Join(dir, "data", "files", "root")); err != nil {
		t.Fatal(err)
	}
	got := verify(t, dir)
	if !names(got, "data/words.txt") || !names(got, "data/files/root") || len(got.Faults) != 3 {
		t.Errorf("%v", got.Faults)
	}
}

// Whoever changes a bundle and writes its manifests anew is told by signatures.
func TestChangedWithCare(t *testing.T) {
	c := bundletest.New(t)
	content := c.Zip()
	other := bundletest.New(t).Zip()
	text := func(list []member, name string) *[]byte {
		for i := range list {
			if list[i].name == "evidence/"+name {
				return &list[i].text
			}
		}
		t.Fatalf("no %s", name)
		return nil
	}
	swap := func(name, from, to string) func([]member) {
		return func(list []member) {
			b := text(list, name)
			if !bytes.Contains(*b, []byte(from)) {
				t.Fatalf("%s does not hold %q", name, from)
			}
			*b = bytes.Replace(*b, []byte(from), []byte(to), 1)
		}
	}
	for what, x := range map[string]struct {
		change func([]member)
		path   string
	}{
		"a word":                    {swap("data/words.txt", "two of them", "one of them"), "export.json"},
		"another's note":            {swap("data/journal/0002.json", "lamp", "gate"), "data/journal/0002.json"},
		"another time of an entry":  {swap("data/bundle.json", "2026-11-23T09:02:00Z", "2026-11-23T08:02:00Z"), "data/journal/0002.json"},
		"another kind of an entry":  {swap("data/bundle.json", `"kind": "note"`, `"kind": "state"`), "data/journal/0002.json"},
		"another id of an entry":    {swap("data/bundle.json", `"id": "`+c.Entries[1].ID, `"id": "`+c.Entries[2].ID), "data/journal/0002.json"},
		"another maker's name":      {swap("data/bundle.json", `"maker_name": "Advocate Nino"`, `"maker_name": "The District Court"`), "export.json"},
		"another maker":             {swap("data/bundle.json", `"maker": "p-0000000000000001"`, `"maker": "p-0000000000000002"`), "export.json"},
		"everything made redacted":  {swap("data/bundle.json", `"variant": "full"`, `"variant": "redacted"`), "export.json"},
		"a file's hash":             {swap("data/bundle.json", `"sha256": "`, `"sha256": "0`), "data/files/file-01.jpg"},
		"a record with a key twice": {swap("data/bundle.json", `"v": 1,`, `"v": 1, "v": 1,`), "data/bundle.json"},
		"bag-info":                  {swap("bag-info.txt", "Practice: yes", "Practice: no"), "bag-info.txt"},
		"how to check":              {swap("START-HERE.txt", "verify-bundle .", "verify-bundle /"), "START-HERE.txt"},
		"another list of people": {func(l []member) {
			*text(l, "data/rosters/roster-1.txt") = *text(members(t, other), "data/rosters/roster-1.txt")
		}, "export.json"},
		"a list that is none":         {swap("data/rosters/roster-1.txt", "Harbour", "Harbor"), "data/rosters/roster-1.txt"},
		"another bundle's record":     {func(l []member) { *text(l, "export.json") = *text(members(t, other), "export.json") }, "export.json"},
		"an export that is no JSON":   {func(l []member) { *text(l, "export.json") = []byte("{}") }, "export.json"},
		"the claim as an export":      {func(l []member) { *text(l, "export.json") = envelope(c.Entries[2].Shown) }, "export.json"},
		"a bagit.txt of another form": {swap("bagit.txt", "1.0", "0.97"), "bagit.txt"},
	} {
		list := members(t, content)
		x.change(list)
		if got := verify(t, bundletest.File(t, pack(t, resum(list)))); !names(got, x.path) {
			t.Errorf("%s: %v", what, got.Faults)
		}
	}
}

// A maker who signs what the list of people does not say of her.
func TestMakerGoesByTheList(t *testing.T) {
	for what, change := range map[string]func(*bundletest.Case){
		"name":         func(c *bundletest.Case) { c.MakerName = "The District Court" },
		"organisation": func(c *bundletest.Case) { c.Organisation = "The Ministry" },
	} {
		c := bundletest.New(t)
		change(c)
		if got := verify(t, bundletest.File(t, c.Zip())); !names(got, "data/bundle.json") {
			t.Errorf("%s: %v", what, got.Faults)
		}
	}
}

// A bundle is checked where somebody gave up waiting, no further.
func TestVerifyStops(t *testing.T) {
	ended, stop := context.WithCancel(ctx)
	stop()
	if _, err := bundle.Verify(ended, bundletest.File(t, bundletest.New(t).Zip()), ""); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func envelope(s seal.Shown) []byte {
	return []byte(fmt.Sprintf("{\n \"body\": %q,\n \"sig\": %q\n}\n", s.Text, s.Sig))
}

// attack 23: what a person or a colleague wrote is inert on the page and in a
// terminal, and a page stays one that can be opened.
func TestAttack23HostileTexts(t *testing.T) {
	c := bundletest.New(t)
	evil := "</style></div><script>alert(1)</script><img src=x onerror=alert(1)> \x1b[31m\u009b31m \u202egpj\u2069 \U000e0041 \xff ../../x\r\n=cmd|' /C calc'!A1"
	long := strings.Repeat("PRACTICE long ", 4<<20/14)
	c.Parts[0].Words[0] = bundle.Words{Title: evil, Lang: `en" onload="alert(1)`, Text: evil + long}
	c.Parts[1].Facts = []bundle.Fact{{Label: evil, Values: append(slices.Repeat([]string{"x"}, 5000), evil)}}
	c.Parts[2].Title, c.Parts[2].Group = evil, evil
	c.Entries[2].Text, c.Entries[2].What, c.Entries[2].Name, c.Entries[2].Custody = evil+long, evil, evil, "=cmd"
	c.Organisation, c.MakerName, c.For, c.Notices, c.Holders = evil, evil, evil, []string{evil}, []string{evil}
	c.Files[0].Type = evil
	for _, without := range [][]string{nil, {"reach"}} {
		dir := t.TempDir()
		for _, name := range bundletest.Unpack(t, c.Zip(without...), dir) {
			b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(name, "data/files/") && !strings.HasPrefix(name, "data/rosters/") {
				for _, bad := range []string{"\x1b", "\u009b", "\u202e", "\u2069", "\r"} {
					if bytes.Contains(b, []byte(bad)) {
						t.Errorf("%s holds %q", name, bad)
					}
				}
			}
			switch name {
			case "data/index.html":
				if bytes.Contains(b, []byte("<script")) || bytes.Contains(b, []byte("<img")) || bytes.Contains(b, []byte(`onload="`)) || bytes.Count(b, []byte("</style>")) != 1 {
					t.Error("the page holds what somebody wrote as its own")
				}
				if len(b) > 512<<10 {
					t.Errorf("the page has %d bytes", len(b))
				}
			case "data/words.txt":
				if len(b) < 4<<20-100 {
					t.Errorf("the words were cut to %d bytes", len(b))
				}
			case "data/custody.tsv":
				for l := range strings.Lines(string(b)) {
					if strings.Count(l, "\t") != 2 || strings.Contains(l, "\t=") || strings.HasPrefix(l, "=") {
						t.Errorf("a line of custody is %q", l)
					}
				}
			}
		}
	}
	if got := bundle.Cell("=1+1"); got != "'=1+1" {
		t.Errorf("a formula becomes %q", got)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(strings.Repeat("0", 64)+"  data/words.txt\n"), true)
	f.Add([]byte(strings.Repeat("0", 64)+"  ../x\n"), false)
	f.Add([]byte(strings.Repeat("0", 64)+" *bagit.txt\n"), false)
	f.Fuzz(func(t *testing.T, b []byte, payload bool) {
		if again, err := bundle.ManifestAgain(b, payload); err == nil && !bytes.Equal(again, b) {
			t.Errorf("%q is read as %q", b, again)
		}
	})
}

func FuzzRecord(f *testing.F) {
	for _, m := range members(f, bundletest.New(f).Zip("reach")) {
		if strings.HasSuffix(m.name, "bundle.json") {
			f.Add(m.text)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if again, err := bundle.RecordAgain(b); err == nil && !bytes.Equal(again, b) {
			t.Errorf("%q is read as %q", b, again)
		}
	})
}

// Whatever is called a bundle, checking it ends, without a panic; what it takes
// for a file has a plain name. Only the one that was made holds.
func FuzzBundle(f *testing.F) {
	good := bundletest.New(f).Zip("file-1")
	f.Add(good)
	f.Add(good[:len(good)/2])
	spoilt := bytes.Clone(good)
	spoilt[len(spoilt)-200] ^= 1
	f.Add(spoilt)
	want := crc32.ChecksumIEEE(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		faults, names, err := bundle.VerifyZip(ctx, b)
		for _, n := range names {
			if !fs.ValidPath(n) || strings.ContainsAny(n, `\:`) {
				t.Errorf("%q is taken for a file", n)
			}
		}
		if err == nil && len(faults) == 0 && crc32.ChecksumIEEE(b) != want {
			t.Log("another packing of the same files") // bytes between them may be anything
		}
	})
}
