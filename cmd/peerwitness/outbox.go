package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"peerwitness/review/sheet"
	"peerwitness/vault/roster"
)

// outbox is how a workstation sends what it brings in from a spreadsheet: the
// way that phones do, work included.
type outbox struct{ api *publicAPI }

// Sheet is a desk's sheet, unchecked.
func (o outbox) Sheet(ctx context.Context, desk string) (roster.Sheet, error) {
	return o.api.sheet(ctx, desk)
}

// Post sends one report. See sheet.Outbox for its errors.
func (o outbox) Post(ctx context.Context, desk string, sealed []byte) error {
	_, err := o.api.post(ctx, desk, sealed)
	var refused *apiError
	switch {
	case errors.Is(err, errMoreWork):
		return fmt.Errorf("%w: %w", sheet.ErrBusy, err)
	case !errors.As(err, &refused):
		return err
	case refused.status == http.StatusServiceUnavailable, refused.status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", sheet.ErrBusy, err)
	case refused.status >= 400 && refused.status < 500 && refused.status != http.StatusRequestTimeout:
		return fmt.Errorf("%w: %w", sheet.ErrRefused, err)
	}
	return err
}
