package figures

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// Days that the gate asks for.
const (
	SettleDays = 14 // between the cut-off and a release
	WindowDays = 28 // at least in a period
)

// ErrRefused is matched by every refusal of [Gate].
var ErrRefused = errors.New("release refused")

// Refusal is why a release may not go out. The reasons are whole sentences for
// people, and name no record.
type Refusal struct{ Reasons []string }

// Error lists the reasons, one a line.
func (r *Refusal) Error() string {
	return ErrRefused.Error() + ":\n- " + strings.Join(r.Reasons, "\n- ")
}

// Is reports whether target is ErrRefused.
func (r *Refusal) Is(target error) bool { return target == ErrRefused }

// GateInput is what a release is judged by. All of it comes from the figures
// journal but the roster, the releases before it, and the clock.
type GateInput struct {
	Now        time.Time
	Roster     *roster.Roster // in force, revocations applied
	Programmes []Registered   // of the journal
	Records    []Record       // all versions that the journal holds before the batch's own entry
	Batches    []Batch        // all closed ones, oldest first
	Ledger     []Entry        // from the first on
	Noise      Key            // the noise key of this release's batch
	Former     [][]byte       // bodies of the releases on the server, oldest first
	Body       []byte         // the release
}

// Registered is a signed programme as the journal holds it.
type Registered struct {
	SignedProgramme
	// Since is the day by which two people had entered their signatures; see [InForce].
	Since Day
}

// Gate returns nil when a release may be published, and else a *Refusal with
// every reason there is. It publishes no percentages and lets none through.
func Gate(in GateInput) error {
	g := &gate{in: in}
	g.run()
	if len(g.reasons) > 0 {
		return &Refusal{g.reasons}
	}
	return nil
}

type gate struct {
	in      GateInput
	reasons []string
}

func (g *gate) refuse(format string, args ...any) {
	g.reasons = append(g.reasons, fmt.Sprintf(format, args...))
}

func (g *gate) run() {
	files, sigs, err := unpack(g.in.Body)
	if err != nil {
		g.refuse("The release can't be read: %v.", err)
		return
	}
	var r Release
	if err := decode(files[0].Body, MaxReleaseJSON, &r); err != nil {
		g.refuse("The release can't be read, or holds something that may not be in one: %v.", err)
		return
	}
	if err := r.check(); err != nil {
		g.refuse("The release breaks a rule of its own: %v.", err)
	}
	g.files(r, files)
	if err := checkSigners(g.in.Roster, statement(files), sigs); err != nil {
		g.refuse("Two people must sign who are keepers, leads or sent by the community: %v.", err)
	}
	if r.Organisation != g.in.Roster.Organisation {
		g.refuse("The release bears another organisation's name than the roster.")
	}
	g.chain(r)
	p, ok := g.programme(r)
	if !ok {
		return
	}
	g.grid(p, r)
	i := slices.IndexFunc(g.in.Batches, func(b Batch) bool { return b.Programme == r.Programme.Hash && b.Period == r.Period })
	if i < 0 {
		g.refuse("No batch has been closed for %s.", r.Period)
		return
	}
	g.batch(p, g.in.Batches[i], g.in.Batches[:i])
	g.recompute(p, g.in.Batches[i], r)
}

// programme finds the registered programme that the release names.
func (g *gate) programme(r Release) (Programme, bool) {
	for _, s := range g.in.Programmes {
		if vault.Sum([]byte(s.Body)).String() != r.Programme.Hash {
			continue
		}
		p, err := s.Check(g.in.Roster)
		if err != nil {
			g.refuse("The programme is not in force: %v.", err)
			return Programme{}, false
		}
		if from, _, err := Window(p.Every, r.Period); err == nil && (s.Since == "" || s.Since > from) {
			g.refuse("Two people had signed the programme only by %s, after the period had begun on %s: tables are fixed before there are data.", s.Since, from)
		}
		return p, true
	}
	g.refuse("The release's programme and version are not registered.")
	return Programme{}, false
}

// grid checks that the release holds the programme's tables, whole, and nothing
// of its own beside them.
func (g *gate) grid(p Programme, r Release) {
	out := Output{Programme: p.Hash().String(), Version: p.Version, Period: r.Period}
	for _, t := range r.Tables {
		out.Tables = append(out.Tables, Cells{Table: t.ID, Cells: t.Cells})
	}
	want, err := NewRelease(p, out, r.Organisation, vault.ID{}, vault.ID{})
	if err != nil {
		g.refuse("The release does not have the programme's full grid: %v.", err)
		return
	}
	want.Ledger, want.Former = r.Ledger, r.Former
	a, errA := want.JSON()
	b, errB := encode(r)
	if errA != nil || errB != nil || string(a) != string(b) {
		g.refuse("The release's tables, labels or words are not those of the programme.")
	}
}

// chain checks the ledger and the releases before this one.
func (g *gate) chain(r Release) {
	head, err := Head(g.in.Ledger)
	switch {
	case err != nil:
		g.refuse("The ledger is not one chain; somebody may have forked it.")
	case len(g.in.Ledger) == 0 || r.Ledger != head.String():
		g.refuse("The release does not name the ledger's present head.")
	}
	var hashes []string
	for _, e := range g.in.Ledger {
		hashes = append(hashes, e.Hash().String())
	}
	former, at := vault.ID{}, -1
	for i, body := range g.in.Former {
		former = vault.Sum(vault.ReleaseObject(vault.Release{Former: former, Body: body}))
		old, err := vault.GlanceRelease(body)
		if err != nil {
			g.refuse("Release %d on the server can't be read.", i+1)
			continue
		}
		place := slices.Index(hashes, old.Ledger)
		if place < 0 || place < at {
			g.refuse("Release %d on the server names a ledger that this one does not continue: there are two ledgers.", i+1)
		}
		at = max(at, place)
		if overlap(old.Programme.Every, old.Period, r.Programme.Every, r.Period) {
			g.refuse("Figures of %s are out already, and a published figure is never revised.", old.Period)
		}
	}
	want := ""
	if len(g.in.Former) > 0 {
		want = former.String()
	}
	if r.Former != want {
		g.refuse("The release does not follow the last one on the server.")
	}
}

func overlap(everyA, a, everyB, b string) bool {
	fromA, untilA, errA := Window(everyA, a)
	fromB, untilB, errB := Window(everyB, b)
	return errA == nil && errB == nil && fromA <= untilB && fromB <= untilA
}
