package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

//go:embed demo/practice.json
var practiceJSON []byte

// practice is one practice report. Places are invented, and each story says
// that it is practice.
type practice struct {
	Desk    string          `json:"desk"`
	Lang    string          `json:"lang"`
	DaysAgo int             `json:"days_ago"`
	Answers map[string]any  `json:"answers"`
	Contact json.RawMessage `json:"contact,omitempty"`
	Consent []string        `json:"consent,omitempty"`
	Picture bool            `json:"picture,omitempty"`
	// Counted leaves out the mark by which figures leave practice out: the
	// demo's year is to be counted.
	Counted bool `json:"-"`
}

// demoBook is the codebook that a demo works by.
var demoBook = sync.OnceValues(func() (*codebook.Codebook, error) { return codebook.Parse(codebook.Default()) })

func practiceReports() ([]practice, error) {
	var list []practice
	dec := json.NewDecoder(bytes.NewReader(practiceJSON))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil {
		return nil, fmt.Errorf("reading practice reports: %w", err)
	}
	return list, nil
}

// seal seals p as a phone would today.
func (p practice) seal(r *roster.Roster, to []string, n int, now time.Time) (parcel, error) {
	answers := make(map[string]any)
	for k, v := range p.Answers {
		answers[k] = v
	}
	answers["when"] = map[string]any{"kind": "date", "date": now.UTC().AddDate(0, 0, -p.DaysAgo).Format(time.DateOnly), "clock": "phone"}
	report := map[string]any{"answers": answers, "lang": p.Lang}
	if !p.Counted {
		report["practice"] = true
	}
	if p.Contact != nil {
		report["contact"] = p.Contact
	}
	if p.Consent != nil {
		report["consent"] = p.Consent
	}
	b, err := encodeJSON(report)
	if err != nil {
		return parcel{}, err
	}
	cb, err := demoBook()
	if err != nil {
		return parcel{}, err
	}
	fields, err := readAnswers(b, cb)
	if err != nil {
		return parcel{}, fmt.Errorf("reading practice report %d: %w", n+1, err)
	}
	var files []attached
	if p.Picture {
		picture, err := drawPicture(n)
		if err != nil {
			return parcel{}, err
		}
		files = append(files, picture)
	}
	return sealReport(r, p.Desk, audience{to: to}, fields, files, now)
}

// fill sends the practice reports through the public HTTP side, several at once.
func (d *demo) fill(ctx context.Context) error {
	list, err := practiceReports()
	if err != nil {
		return err
	}
	to := make(map[string][]string)
	for _, desk := range d.org.roster.Desks {
		if to[desk.ID], err = recipients(ctx, d.api(), d.org.roster, desk.ID, d.e.now()); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done atomic.Int64
	var wg sync.WaitGroup
	work := make(chan int)
	for range min(8, max(2, runtime.NumCPU())) {
		wg.Go(func() {
			for n := range work {
				p, err := list[n].seal(d.org.roster, to[list[n].Desk], n, d.e.now())
				if err == nil {
					_, err = p.send(ctx, d.api())
				}
				if err != nil {
					cancel(fmt.Errorf("sending practice report %d: %w", n+1, err))
					return
				}
				if i := done.Add(1); i%10 == 0 || int(i) == len(list) {
					d.e.say("Sealed and sent %d of %d practice reports", i, len(list))
				}
			}
		})
	}
	for n := range list {
		select {
		case work <- n:
		case <-ctx.Done():
		}
	}
	close(work)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return nil
}

// recipients fetches a desk's sheet and says what to seal to, as a phone does.
func recipients(ctx context.Context, api *publicAPI, r *roster.Roster, desk string, now time.Time) ([]string, error) {
	sheet, err := api.sheet(ctx, desk)
	if err != nil {
		return nil, fmt.Errorf("fetching desk's sheet: %w", err)
	}
	list, refused, err := r.Openers(desk, sheet, now)
	if err == nil {
		err = errors.Join(refused...)
	}
	if err != nil {
		return nil, err
	}
	var to []string
	for _, o := range list {
		if o.Certificate.Recipient == "" {
			return nil, fmt.Errorf("%s has no certificate", o.Person.Name)
		}
		to = append(to, o.Certificate.Recipient)
	}
	return slices.Clip(to), nil
}
