package crash_test

import (
	"math/rand/v2"
	"testing"
)

// control is a build with a fault, and how it must be seen to lose something. A
// harness that finds nothing there would find nothing anywhere.
type control struct {
	program
	kills  bool                    // by kill -9
	course func(*rand.Rand) course // by power cuts in such a recording
	short  bool                    // in the short form too: a build takes a while
}

var controls = []control{
	{program{"without syncs", []edit{
		{"vault/bolt.go", "		FreelistType: bolt.FreelistMapType,\n", "		FreelistType: bolt.FreelistMapType, NoSync: true, NoGrowSync: true,\n"},
		{"vault/blobdir.go", "err = unsynced(f.Sync())", "err = nil"},
		{"vault/blobdir.go", `if runtime.GOOS == "windows" {`, `if runtime.GOOS != "" {`},
	}}, false, crowd, false},
	{program{"answering before the commit", []edit{
		{"vault/bolt_commit.go", "			head, err := t.head()\n", "			for i, o := range batch {\n				o.ended <- answers[i]\n			}\n			head, err := t.head()\n"},
	}}, true, crowd, true},
	{program{"without syncs of folders", []edit{
		{"vault/blobdir.go", `if runtime.GOOS == "windows" {`, `if runtime.GOOS != "" {`},
	}}, false, crowd, false},
	{program{"believing what a kill left", []edit{
		{"vault/bolt.go", "settle(path, db.Info().PageSize)", "error(nil)"},
	}}, false, alone, false},
	{program{"going on after a failed sync", []edit{
		{"vault/bolt_settle.go", "	s.stopped.CompareAndSwap(nil, &err)\n	return s.halted()\n", "	return err\n"},
	}}, false, failing, false},
}

// A server with a fault in it is caught: each control must lose something that it
// acknowledged.
func TestControlsLose(t *testing.T) {
	for _, c := range controls {
		t.Run(c.name, func(t *testing.T) {
			if *kills < fullKills && !c.short {
				t.Skip("only in make crash")
			}
			if c.kills {
				r := killing(t, c.program, 20)
				t.Logf("control, %s: %s", c.name, r)
				if len(r.lost) == 0 {
					t.Error("no kill showed the fault: this harness proves nothing")
				}
			}
			r := &powerless{}
			for n := 0; n < 25 && len(r.lost) == 0; n++ {
				at := []any{c.name, n}
				rec := record(t, c.program, c.course(chance(at...)), at...)
				cutting(t, rec, max(6, *cuts/10), r, at...)
			}
			t.Logf("control, %s: %s", c.name, r)
			if len(r.lost) == 0 {
				t.Error("no power cut showed the fault: this harness proves nothing")
			}
		})
	}
}

// fullKills is from how many kills on a run counts as a whole one.
const fullKills = 50
