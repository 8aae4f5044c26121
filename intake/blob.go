package intake

import (
	"encoding/json"
	"mime"
	"net/http"

	"github.com/gorilla/mux"

	"peerwitness/vault"
)

const (
	maxAsked       = 1024
	maxMissingBody = 128 << 10
)

// serveBlob takes one piece of an attachment under the ticket of its deposit.
func (s *server) serveBlob(w http.ResponseWriter, r *http.Request) error {
	sum, err := vault.ParseID(mux.Vars(r)["sum"])
	if err != nil {
		return refuse(http.StatusNotFound, "a blob is named by its SHA-256")
	}
	tk := ticket(r)
	// A ticket that is no good is refused before its bytes take up room.
	if _, err := s.Store.MissingBlobs(r.Context(), tk, nil); err != nil {
		return err
	}
	if r.ContentLength > maxBlob {
		return vault.ErrTooLarge
	}
	room := room{of: s.blobs}
	defer room.leave()
	in := &metered{ctx: r.Context(), body: http.MaxBytesReader(w, r.Body, maxBlob), room: &room}
	body, free, err := in.whole(maxBlob)
	if err != nil {
		return err
	}
	created, err := s.Store.PutBlob(r.Context(), tk, sum, body)
	if err != nil {
		return err // the buffer may still be read: it is left to the collector
	}
	free()
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return answer(w, status, struct{}{})
}

// serveMissing tells which blobs a deposit still lacks.
func (s *server) serveMissing(w http.ResponseWriter, r *http.Request) error {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "the list is sent as application/json")
	}
	if r.ContentLength > maxMissingBody {
		return vault.ErrTooLarge
	}
	room := room{of: s.reports}
	defer room.leave()
	body := &metered{ctx: r.Context(), body: http.MaxBytesReader(w, r.Body, maxMissingBody), room: &room}
	b, free, err := body.whole(maxMissingBody)
	if err != nil {
		return err
	}
	defer free()
	var in struct {
		Blobs []string `json:"blobs"`
	}
	if json.Unmarshal(b, &in) != nil || len(in.Blobs) > maxAsked {
		return refuse(http.StatusBadRequest, "the list can't be read, or holds more than 1024")
	}
	sums := make([]vault.ID, len(in.Blobs))
	for i, text := range in.Blobs {
		if sums[i], err = vault.ParseID(text); err != nil {
			return refuse(http.StatusBadRequest, "a blob is named by its SHA-256")
		}
	}
	missing, err := s.Store.MissingBlobs(r.Context(), ticket(r), sums)
	if err != nil {
		return err
	}
	out := struct {
		Missing []string `json:"missing"`
	}{make([]string, len(missing))}
	for i, sum := range missing {
		out.Missing[i] = sum.String()
	}
	return answer(w, http.StatusOK, out)
}
