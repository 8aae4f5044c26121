package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// desksDemo is a running demo of several workstations, and what is typed into it.
type desksDemo struct {
	t   *testing.T
	dir string
	in  io.Writer
	out *bufio.Scanner
	all string
	end func()
}

// startDesks starts one. The tool is this test's own binary, under its name.
func startDesks(t *testing.T) *desksDemo {
	t.Helper()
	me, err := exec.LookPath("peerwitness")
	if err != nil {
		t.Fatal(err)
	}
	d := &desksDemo{t: t, dir: filepath.Join(t.TempDir(), "o")}
	cmd := exec.Command(me, "demo", "--desks", "--dir", d.dir)
	var said tail
	cmd.Stderr = &said
	d.in, err = cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.out = bufio.NewScanner(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	d.end = func() {
		if ended {
			return
		}
		ended = true
		cmd.Process.Signal(os.Interrupt)
		go io.Copy(io.Discard, out)
		timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
		defer timer.Stop()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demo ended with %v: %s", err, said.String())
		}
	}
	t.Cleanup(d.end)
	for d.out.Scan() {
		d.all += d.out.Text() + "\n"
		if strings.HasPrefix(d.out.Text(), "  time  ") {
			return d
		}
	}
	t.Fatalf("no time was said:\n%s\n%s", d.all, said.String())
	return nil
}

// types types a line and returns the answer without its first word.
func (d *desksDemo) types(line string) string {
	d.t.Helper()
	if _, err := io.WriteString(d.in, line+"\n"); err != nil || !d.out.Scan() {
		d.t.Fatalf("%q: no answer, %v", line, err)
	}
	if strings.HasPrefix(d.out.Text(), "not done: ") {
		return d.out.Text()
	}
	_, rest, _ := strings.Cut(d.out.Text(), "  ")
	return rest
}

// unlocks opens a desk in a browser.
func (d *desksDemo) unlocks(url, name, code string) *browser {
	d.t.Helper()
	b, err := browse(d.t.Context(), url)
	if err == nil {
		err = b.unlock(d.t.Context(), demoPassphrase, code)
	}
	if err != nil {
		d.t.Fatalf("%s: %v", name, err)
	}
	return b
}

// Several workstations, each a program of its own: time goes on for all of them
// and the server at once, a line can be cut, a program ended; and afterwards the
// journals can be laid side by side.
func TestDesks(t *testing.T) {
	d := startDesks(t)
	ctx := context.Background()
	seat := regexp.MustCompile(`(?m)^  (nino|amara|luc|mei) +(http://127\.0\.0\.1:\d+/launch\?token=\S+)\n +\S+ \S+, sign-in code (\d{3}) (\d{3}), key (\S+), folder (\S+)$`)
	urls, keys, folders := map[string]string{}, map[string]string{}, map[string]string{}
	for _, m := range seat.FindAllStringSubmatch(d.all, -1) {
		urls[m[1]], keys[m[1]], folders[m[1]] = m[2], m[5], m[6]
	}
	phone := regexp.MustCompile(`(?m)^  phone +(\S+)/#root=(\S+)$`).FindStringSubmatch(d.all)
	if len(urls) != 4 || phone == nil || !strings.Contains(d.all, demoPassphrase) {
		t.Fatalf("an address is missing:\n%s", d.all)
	}
	amara := d.unlocks(urls["amara"], "Amara", d.types("code amara"))
	luc := d.unlocks(d.types("address luc"), "Luc", d.types("code luc"))
	if _, errs, code := call("", "report", "--practice", "--roster", phone[1], "--root", phone[2], "--desk", "street", "--send", phone[1], "--no-words"); code != 0 {
		t.Fatal(errs)
	}
	sync := func(b *browser) { // as "Sync now" does
		t.Helper()
		if err := b.get(ctx, "/"); err != nil {
			t.Fatal(err)
		}
		if err := b.submit(ctx, "/sync"); err != nil {
			t.Fatal(err)
		}
	}
	sync(amara)
	path, err := amara.findCase(ctx, "PRACTICE")
	if err != nil {
		t.Fatal(err)
	}
	if err := amara.get(ctx, path); err != nil {
		t.Fatal(err)
	}
	if err := amara.submit(ctx, path+"/take"); err != nil {
		t.Fatal(err)
	}

	// A cut line: Luc's workstation says that it is offline, and Amara's goes on.
	d.types("cut luc")
	if sync(luc); !luc.shows("Offline") {
		t.Error("a cut line is not noticed")
	}
	if sync(amara); amara.shows("Offline") {
		t.Error("the line of one is cut for another")
	}
	d.types("mend luc")
	if sync(luc); luc.shows("Offline") {
		t.Error("the line is not mended")
	}

	// Its program is ended; started again it has what it had.
	d.types("kill luc")
	if got := d.types("address luc"); !strings.Contains(got, "does not run") {
		t.Errorf("a killed one answers %q", got)
	}
	if got := d.types("kill luc"); !strings.Contains(got, "does not run") {
		t.Errorf("killed twice: %q", got)
	}
	again := d.types("start luc")
	if got := d.types("start luc"); !strings.Contains(got, "runs already") {
		t.Errorf("started twice: %q", got)
	}
	// A day later a new code is good, for the server and the workstation have the same time.
	before, err := time.Parse(time.RFC3339, d.types("later 1h"))
	if err != nil {
		t.Fatal(err)
	}
	after, err := time.Parse(time.RFC3339, d.types("later 24h"))
	if err != nil || after.Sub(before) < 24*time.Hour || after.Sub(before) > 25*time.Hour || time.Since(after) < 5*24*time.Hour {
		t.Errorf("time went on from %v to %v, %v", before, after, err)
	}
	if _, err := browse(ctx, again); err == nil {
		t.Error("an address of the day before still opens the pages")
	}
	luc = d.unlocks(d.types("address luc"), "Luc", d.types("code luc"))
	if sync(luc); luc.shows("Offline") {
		t.Error("a day later Luc is not connected")
	}
	for line, want := range map[string]string{
		"later 2000h": "can't go past", "later -1h": "give a length of time", "later soon": "give a length of time", "cut nobody": "nobody here is called",
		"sing luc": "none of the words", "code": "type one of the words", "": "type one of the words", "code luc now": "type one of the words",
	} {
		if got := d.types(line); !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}

	// While it runs its folder is its own; then the journals are the same.
	pass := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(pass, []byte(demoPassphrase+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	journal := func(name string, more ...string) (string, string, int) {
		return call("", append([]string{"journal", "--key", keys[name], "--dir", folders[name], "--passphrase-file", pass}, more...)...)
	}
	if _, errs, code := journal("luc"); code != 1 || !strings.Contains(errs, "open in another program") {
		t.Errorf("while it runs: %d %s", code, errs)
	}
	d.end()
	checkJournals(t, journal)
}

func checkJournals(t *testing.T, journal func(name string, more ...string) (string, string, int)) {
	t.Helper()
	read := func(name string) journalsJSON {
		t.Helper()
		var j journalsJSON
		out, errs, code := journal(name, "--json")
		if err := json.Unmarshal([]byte(out), &j); err != nil || code != 0 {
			t.Fatalf("%s: %v, code %d, %s", name, err, code, errs)
		}
		return j
	}
	amara, luc := read("amara"), read("luc")
	if len(amara.Cases) != 1 || len(luc.Cases) != 1 || len(luc.Cases[0].Entries) != 1 || amara.Cases[0].Entries[0] != luc.Cases[0].Entries[0] || luc.Cases[0].State != "triage" {
		t.Errorf("Amara has %+v\nLuc has %+v", amara.Cases, luc.Cases)
	}
	if out, errs, code := journal("luc", "--case", luc.Cases[0].Case.String()[:8]); code != 0 || !strings.Contains(out, "claim") || !strings.Contains(out, "Advocate Amara") || !strings.Contains(out, "with Advocate Amara") || strings.Contains(out, "PRACTICE") {
		t.Errorf("for people: %d %s\n%s", code, errs, out)
	}
	if _, errs, code := journal("luc", "--case", "ffff0000"); code != 1 || !strings.Contains(errs, "no case") {
		t.Errorf("another case: %d %s", code, errs)
	}
	if _, errs, code := journal("mei"); code != 1 || !strings.Contains(errs, "no workstation") {
		t.Errorf("where nothing was opened yet: %d %s", code, errs)
	}
}

// Nothing but a demo can have its clock moved, and that by no flag.
func TestNoFlagSetsAClock(t *testing.T) {
	clock := regexp.MustCompile(`clock|time|^date$|now$|today|offset`)
	for _, c := range commands {
		for name := range flagsOf(c) {
			if clock.MatchString(name) {
				t.Errorf("%s: --%s looks as if it set a clock", c.name, name)
			}
		}
	}
}

func TestSeatRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(want string) {
		t.Helper()
		if _, errs, code := call("", "demo", "--desk", "luc", "--dir", dir); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("code %d, want %q in\n%s", code, want, errs)
		}
	}
	refused("no demo with several workstations")
	write(seatPlanFile, "{")
	refused("no demo with several workstations")
	write(seatPlanFile, `{"origin":"http://127.0.0.1:1","seats":[{"name":"nino"}]}`)
	refused(`nobody there is called "luc"`)
	// A clock that can be moved is for this computer alone.
	write(seatPlanFile, `{"origin":"https://reports.example","seats":[{"name":"luc","line":"127.0.0.1:1"}]}`)
	refused("not on this computer")
	write(seatPlanFile, `{"origin":"http://127.0.0.1:1","seats":[{"name":"luc","line":"192.0.2.1:443"}]}`)
	refused("not on this computer")
	write(seatPlanFile, `{"origin":"http://127.0.0.1:1","seats":[{"name":"luc","line":"127.0.0.1:1"}]}`)
	refused("reading demo's clock")
	write(movedClockFile, "short")
	refused("by how much it is moved")
	for _, args := range []string{"--desks --once", "--desks --reports 200", "--desks --desk luc", "--desk luc", "--desk luc --lan"} {
		if _, errs, code := call("", append([]string{"demo"}, strings.Fields(args)...)...); code != 2 {
			t.Errorf("%s: code %d\n%s", args, code, errs)
		}
	}
}
