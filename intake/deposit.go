package intake

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"peerwitness/vault"
)

const (
	maxBlob        = vault.MaxBlob
	maxDepositBody = vault.MaxReport + 64<<10
	maxParts       = 3 // desk, report or by_hand, and work, which later versions ask for
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
	d, free, err := s.readDeposit(w, r, &room)
	if err != nil {
		return err
	}
	if err := s.book.checkReport(r.Context(), d); err != nil {
		return err
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

// readDeposit reads the parts of a deposit, holding nothing but the report.
func (s *server) readDeposit(w http.ResponseWriter, r *http.Request, room *room) (d vault.Deposit, free func(), err error) {
	free = func() {}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if b := params["boundary"]; err != nil || media != "multipart/form-data" || len(b) == 0 || len(b) > 70 {
		return d, nil, refuse(http.StatusUnsupportedMediaType, "a report is sent as multipart/form-data")
	}
	if r.ContentLength > maxDepositBody {
		return d, nil, vault.ErrTooLarge
	}
	// The body is read whole, in as few reads as it takes, and parsed from
	// memory: nothing of it goes to a disk.
	in := &metered{ctx: r.Context(), body: http.MaxBytesReader(w, r.Body, maxDepositBody), room: room}
	body, freeBody, err := in.whole(maxDepositBody)
	if err != nil {
		return d, nil, err
	}
	defer freeBody()
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	seen := map[string]bool{}
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return d, nil, unreadable(err)
		}
		name := part.FormName()
		kind := name
		if name == "by_hand" {
			kind = "report" // one or the other
		}
		if n == maxParts || seen[kind] {
			return d, nil, refuse(http.StatusBadRequest, "a part came twice, or one too many")
		}
		seen[kind] = true
		switch name {
		case "desk":
			text, err := io.ReadAll(io.LimitReader(part, vault.MaxDeskID+1))
			if err != nil {
				return d, nil, unreadable(err)
			}
			d.Desk = string(text)
		case "report", "by_hand":
			d.ByHand = name == "by_hand"
			if d.Report, free, err = readUpTo(part, vault.MaxReport, nil); err != nil {
				return d, nil, unreadable(err)
			}
		case "work":
			if n, err := io.Copy(io.Discard, part); err != nil || n > maxWork {
				return d, nil, errUnreadable
			}
		default:
			return d, nil, refuse(http.StatusBadRequest, "a part that does not belong to a report")
		}
	}
	if !seen["desk"] || !seen["report"] {
		return d, nil, refuse(http.StatusBadRequest, "the desk or the report is missing")
	}
	return d, free, nil
}

// ticket is what lets attachments follow a report.
func ticket(r *http.Request) string { return strings.TrimSpace(r.Header.Get("Peerwitness-Ticket")) }
