package intake

import (
	"errors"
	"mime"
	"net/http"
	"strings"

	"peerwitness/vault"
)

const (
	maxBlob        = vault.MaxBlob
	maxDepositBody = vault.MaxReport + 64<<10
	maxParts       = 3 // desk, report or by_hand, and work, when it is asked for
	maxWork        = 1 << 10
)

type accepted struct {
	ID     string `json:"id"`
	Day    string `json:"day"`
	Ticket string `json:"ticket"`
}

// serveDeposit takes a sealed report. It answers when the store has committed
// and synced it, never before.
func (s *server) serveDeposit(w http.ResponseWriter, r *http.Request) error {
	room := room{of: s.reports}
	defer room.leave()
	d, work, free, err := s.readDeposit(w, r, &room)
	if err != nil {
		return err
	}
	if err := s.book.checkReport(r.Context(), d); err != nil {
		return err
	}
	if ask, err := s.admit(r, d, work); err != nil {
		return err
	} else if ask != nil {
		free()
		return answer(w, http.StatusPreconditionRequired, ask)
	}
	a, err := s.Store.PutDeposit(r.Context(), d)
	if err != nil {
		return err // the buffer may still be read: it is left to the collector
	}
	free()
	status := http.StatusOK
	if a.New {
		status = http.StatusCreated
	}
	return answer(w, status, accepted{a.ID.String(), a.Day.String(), a.Ticket})
}

// admit asks for work when too many new deposits come. One that is stored
// already needs none: it is answered as before.
func (s *server) admit(r *http.Request, d vault.Deposit, work string) (*asked, error) {
	if s.flood.calm == 0 {
		return nil, nil
	}
	id := d.ID()
	// One that was erased is answered as a repeat too, and must look like one.
	if _, _, err := s.Store.Deposit(r.Context(), id); err == nil || errors.Is(err, vault.ErrErased) {
		return nil, nil
	} else if !errors.Is(err, vault.ErrNotFound) {
		return nil, err
	}
	return s.flood.admit(id, d.ByHand, work)
}

// readDeposit reads a deposit into memory, where its report stays until free is
// called; nothing of it goes to a disk.
func (s *server) readDeposit(w http.ResponseWriter, r *http.Request, room *room) (d vault.Deposit, work string, free func(), err error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if b := params["boundary"]; err != nil || media != "multipart/form-data" || len(b) == 0 || len(b) > maxBoundary {
		return d, "", nil, refuse(http.StatusUnsupportedMediaType, "a report is sent as multipart/form-data")
	}
	if r.ContentLength > maxDepositBody {
		return d, "", nil, vault.ErrTooLarge
	}
	in := &metered{ctx: r.Context(), body: http.MaxBytesReader(w, r.Body, maxDepositBody), room: room}
	body, free, err := in.whole(maxDepositBody)
	if err != nil {
		return d, "", nil, err
	}
	parts, err := splitForm(body, params["boundary"])
	if err == nil {
		d, work, err = depositOf(parts)
	}
	if errors.Is(err, vault.ErrMalformed) {
		err = errUnreadable
	}
	if err != nil {
		free()
		return d, "", nil, err
	}
	return d, work, free, nil
}

// depositOf makes a deposit of the parts of a form, in any order.
func depositOf(parts []formPart) (d vault.Deposit, work string, err error) {
	seen := map[string]bool{}
	for _, p := range parts {
		kind := p.name
		if kind == "by_hand" {
			kind = "report" // one or the other
		}
		if seen[kind] {
			return d, "", refuse(http.StatusBadRequest, "a part came twice")
		}
		seen[kind] = true
		switch p.name {
		case "desk":
			d.Desk = string(p.content[:min(len(p.content), vault.MaxDeskID+1)])
		case "report", "by_hand":
			d.Report, d.ByHand = p.content, p.name == "by_hand"
		case "work":
			if len(p.content) > maxWork {
				return d, "", errUnreadable
			}
			work = string(p.content)
		default:
			return d, "", refuse(http.StatusBadRequest, "a part that does not belong to a report")
		}
	}
	if !seen["desk"] || !seen["report"] {
		return d, "", refuse(http.StatusBadRequest, "the desk or the report is missing")
	}
	if len(d.Report) > vault.MaxReport {
		return d, "", vault.ErrTooLarge
	}
	return d, work, nil
}

// ticket is what lets attachments follow a report.
func ticket(r *http.Request) string { return strings.TrimSpace(r.Header.Get("Peerwitness-Ticket")) }
