package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// postmen is how many phones send at once.
const postmen = 8

// deliver sends what arrives on one day, as phones do: over HTTP, sealed to the
// certificates that the desk's sheet shows that day.
func (y *year) deliver(ctx context.Context, letters []letter) error {
	if len(letters) == 0 {
		return nil
	}
	api := &publicAPI{base: y.base, hc: y.hc}
	to, err := y.sheets(ctx, api)
	if err != nil {
		return err
	}
	next := make(chan letter)
	errs := make(chan error, postmen)
	var wg sync.WaitGroup
	for range min(postmen, len(letters)) {
		wg.Go(func() {
			var err error
			for l := range next {
				if err == nil {
					err = y.deliverOne(ctx, api, l, to[y.tales[l.tale].Desk])
				}
			}
			errs <- err
		})
	}
	for _, l := range letters {
		next <- l
	}
	close(next)
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// sheets says to whom each desk's reports are sealed. A phone keeps a desk's
// sheet for a while; here all of them ask anew once a week.
func (y *year) sheets(ctx context.Context, api *publicAPI) (map[string][]string, error) {
	now := y.clock.now()
	if y.to != nil && now.Sub(y.asked) < 7*24*time.Hour {
		return y.to, nil
	}
	to := map[string][]string{}
	for _, desk := range y.d.org.roster.Desks {
		var err error
		if to[desk.ID], err = recipients(ctx, api, y.d.org.roster, desk.ID, now); err != nil {
			return nil, err
		}
	}
	y.to, y.asked = to, now
	return to, nil
}

func (y *year) deliverOne(ctx context.Context, api *publicAPI, l letter, to []string) error {
	if l.later {
		return y.say(ctx, api, l.tale, to)
	}
	p, err := y.tales[l.tale].seal(y.d.org.roster, to, l.tale, y.clock.now())
	if err != nil {
		return fmt.Errorf("sealing report %d: %w", l.tale, err)
	}
	got, err := p.send(ctx, api)
	if err != nil {
		return fmt.Errorf("report %d: %w", l.tale, err)
	}
	id, err := vault.ParseID(got.ID)
	y.sent[l.tale] = sentTale{id, p.receipt}
	return err
}

// say sends what a tale's teller adds or takes back, signed with her receipt.
func (y *year) say(ctx context.Context, api *publicAPI, n int, to []string) error {
	t := y.tales[n]
	id, err := seal.NewReportID()
	if err != nil {
		return err
	}
	m, err := seal.NewFollowUp(t.Desk, seal.Message{ID: id, Text: t.said.text, Withdraw: t.said.withdraw}, y.sent[n].receipt.ThreadKey())
	if err != nil {
		return fmt.Errorf("writing message to report %d: %w", n, err)
	}
	desk, _ := y.d.org.roster.Desk(t.Desk)
	file, err := seal.SealReport(m, append([]string{y.d.org.roster.Recovery}, to...), desk.Slots)
	if err != nil {
		return fmt.Errorf("sealing message to report %d: %w", n, err)
	}
	_, err = api.post(ctx, t.Desk, file)
	return err
}
