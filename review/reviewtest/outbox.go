package reviewtest

import (
	"context"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// Outbox sends reports straight into the store, as the public side would after
// its checks.
type Outbox struct {
	Org *Org
	// Before is asked ahead of each report, counted from 1; what it returns is
	// the answer, and nothing is stored. After's answer comes in place of the
	// store's.
	Before, After func(n int) error
	// Sent is every report that was tried, in the bytes that were sent.
	Sent [][]byte
}

// Sheet is a desk's sheet.
func (x *Outbox) Sheet(ctx context.Context, desk string) (roster.Sheet, error) {
	s := roster.Sheet{Desk: desk}
	d, _ := x.Org.Roster.Desk(desk)
	for _, id := range d.People {
		stored, err := x.Org.Store.Certificates(ctx, id)
		if err != nil {
			return roster.Sheet{}, err
		}
		for _, c := range stored {
			s.Certificates = append(s.Certificates, c.JSON)
		}
	}
	return s, nil
}

// Post stores one report.
func (x *Outbox) Post(ctx context.Context, desk string, sealed []byte) error {
	x.Sent = append(x.Sent, sealed)
	if x.Before != nil {
		if err := x.Before(len(x.Sent)); err != nil {
			return err
		}
	}
	if _, err := x.Org.Store.PutDeposit(ctx, vault.Deposit{Desk: desk, Report: sealed}); err != nil {
		return err
	}
	if x.After != nil {
		return x.After(len(x.Sent))
	}
	return nil
}
