package review

import (
	"errors"
	"slices"

	"peerwitness/review/figures"
	"peerwitness/vault"
)

// publicRelease is a release that the server shows to everybody.
type publicRelease struct {
	id      vault.ID
	day     vault.Day
	body    []byte
	release figures.Release
	signed  []string
	wrong   error // what anybody can see is wrong with it
	made    bool  // the ledger gives it, which stays so
}

// takeRelease takes in a release from the feed. One that two people of the
// roster did not sign is no release: somebody put it there, and that is shown.
func (ix *index) takeRelease(r vault.Record, object []byte) error {
	v, err := vault.ParseRelease(object)
	if err != nil {
		return err
	}
	p := publicRelease{id: r.ID, day: r.Day, body: v.Body}
	former := ""
	if len(ix.releases) > 0 {
		former = ix.releases[len(ix.releases)-1].id.String()
	}
	// The files of one that an older version of this program made need not be
	// those that this version would make of it; the signatures are over them.
	at := ix.rosterAt(r.Pos)
	if at == nil {
		p.wrong = errors.New("no list of people was in force when they came")
	} else if p.release, p.signed, p.wrong = figures.Signed(v.Body, at); p.wrong == nil && p.release.Former != former {
		p.wrong = errors.New("they do not follow the figures before them")
	} else if p.wrong == nil && p.release.Organisation != at.Organisation {
		p.wrong = errors.New("they bear another organisation's name")
	}
	ix.releases = append(ix.releases, p)
	return nil
}

// formerBodies are the releases on the server, oldest first, and the id of the last.
func (ix *index) formerBodies() (bodies [][]byte, last vault.ID) {
	for _, r := range ix.releases {
		bodies, last = append(bodies, r.body), r.id
	}
	return bodies, last
}

// releaseAlarms says what is wrong with the figures that the public sees. Who
// holds the figures' key compares them with the ledger as well.
func (ix *index) releaseAlarms() []string {
	var out []string
	j := ix.figs.journal
	for i := range ix.releases {
		r := &ix.releases[i]
		if r.wrong == nil && !r.made && ix.figs.founded && j.whole() {
			r.made = j.made(r.release)
		}
		switch {
		case r.wrong != nil:
			out = append(out, "Figures that the server shows to the public are not the organisation's: "+plainReason(r.wrong)+". Warn whoever may quote them, and ask the operator.")
		case !r.made && ix.figs.founded && j.whole():
			out = append(out, "Figures of "+r.release.Period+" are public, well signed, and are not those of the ledger: somebody keeps a second ledger, or this workstation was not shown all of it.")
		}
	}
	return out
}

// made reports whether a release has the numbers that the ledger gives.
func (j *figureJournal) made(r figures.Release) bool {
	for i, c := range j.closed {
		if c.batch.Period != r.Period || c.batch.Programme != r.Programme.Hash {
			continue
		}
		// Its head is that of the ledger at some time from the period's closing on.
		named := slices.ContainsFunc(j.ledger[i:], func(e figures.Entry) bool { return e.Hash().String() == r.Ledger })
		out := figures.Output{V: 1, Programme: r.Programme.Hash, Version: r.Programme.Version, Period: r.Period}
		for _, t := range r.Tables {
			out.Tables = append(out.Tables, figures.Cells{Table: t.ID, Cells: t.Cells})
		}
		return named && out.Hash() == c.output.Hash()
	}
	return false
}

// ledgerPin is what the folder remembers of the figures' ledger between runs. The
// replica holds the ledger itself; the pin notices a replica that was swapped.
type ledgerPin struct {
	Lines int    `json:"lines"`
	Head  string `json:"head"` // hex hash of the last of them
}

func (p ledgerPin) grown(ledger []figures.Entry) ledgerPin {
	if len(ledger) <= p.Lines {
		return p
	}
	return ledgerPin{len(ledger), ledger[len(ledger)-1].Hash().String()}
}

// ledgerAlarm says that the ledger does not continue the one that was seen before.
func (w *Workstation) ledgerAlarm() []string {
	ledger := w.ix.figs.journal.ledger
	switch {
	case w.ledger.Lines == 0, len(ledger) >= w.ledger.Lines && ledger[w.ledger.Lines-1].Hash().String() == w.ledger.Head:
		return nil
	case len(w.ix.figs.journal.keys) == 0 && w.ix.pos == 0:
		return nil // nothing has been read yet
	}
	return []string{"The server shows another ledger of the figures, or a shorter one, than this workstation has already seen. Publish nothing; compare with the other keepers."}
}
