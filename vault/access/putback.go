package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/mux"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// maxLackingSent bounds how many blobs a restored server asks for in one answer.
const maxLackingSent = 1000

// LackingBlobs returns blobs that the store's feed names and whose bytes it has
// not: those a backup could not give, and those of records that were put back.
func (s *Server) LackingBlobs(ctx context.Context, bearer string) ([]vault.ID, error) {
	if _, err := s.may(ctx, bearer, actPutBack); err != nil {
		return nil, err
	}
	return s.store.LackingBlobs(ctx, maxLackingSent)
}

// PutBackBlob stores the bytes of a blob that lacks. vault.ErrNotFound when no
// record names it.
func (s *Server) PutBackBlob(ctx context.Context, bearer string, sum vault.ID, body []byte) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if _, err := s.may(ctx, bearer, actPutBack); err != nil {
		return err
	}
	return s.store.PutReplicaBlob(ctx, sum, body)
}

// PutBack gives a restored store records that it had before the restore, in the
// order in which they stood. The answer has, for each, nil when the store has it,
// or why it does not take it. stopped: the last one looked at has to be mended
// before anything behind it may come back, a roster whose documents are not here.
// vault.ErrNotRestored when the store lost nothing.
//
// Who gives a record says whose it was. For entries their readers hold that
// against the signature inside; what the server itself acts by, rosters,
// certificates, revocations, erasures and releases, it checks as when it came.
func (s *Server) PutBack(ctx context.Context, bearer string, records []vault.Record, objects [][]byte) (answers []error, stopped bool, err error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	if _, err := s.may(ctx, bearer, actPutBack); err != nil {
		return nil, false, err
	}
	if r, err := s.store.Restoration(ctx); err != nil {
		return nil, false, err
	} else if r == nil {
		return nil, false, vault.ErrNotRestored
	}
	if slices.ContainsFunc(records, erases) {
		release, err := s.keepPartners(ctx)
		if err != nil {
			return nil, false, err
		}
		defer release()
	}
	for from := 0; from < len(records); {
		to := from + 1
		if plain(records[from].Kind) {
			for to < len(records) && plain(records[to].Kind) {
				to++
			}
		} else {
			stop, err := s.mayComeBack(ctx, records[from], objects[from])
			if stop != nil {
				return append(answers, stop), true, nil
			}
			if err != nil {
				answers, from = append(answers, err), to
				continue
			}
		}
		some, err := s.store.PutBack(ctx, records[from:to], objects[from:to])
		if err != nil {
			return nil, false, err
		}
		if records[from].Kind == vault.KindRevocation && some[0] == nil {
			if v, err := vault.ParseRevocationObject(objects[from]); err == nil {
				if err := s.store.DeleteSessions(ctx, v.Person); err != nil {
					return nil, false, fmt.Errorf("ending sessions: %w", err)
				}
			}
		}
		answers, from = append(answers, some...), to
	}
	return answers, false, nil
}

// plain records are those that the server does not act by.
func plain(k vault.Kind) bool {
	return k == vault.KindDeposit || k == vault.KindBlob || k == vault.KindAppend
}

// mayComeBack checks a record that the server acts by. stop: nothing after it may
// come before it does.
func (s *Server) mayComeBack(ctx context.Context, r vault.Record, object []byte) (stop, refused error) {
	held, _, err := s.people.current(ctx)
	if err != nil {
		return err, nil
	}
	switch r.Kind {
	case vault.KindRoster:
		note, err := vault.ParseRosterObject(object)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(note, held.Note) {
			return nil, nil
		}
		next, err := roster.Parse(note)
		if err != nil {
			return nil, fmt.Errorf("%w: roster", vault.ErrMalformed)
		}
		// As of its own day: it was adopted then.
		issued, err := time.Parse(time.DateOnly, next.Issued)
		if err != nil {
			return nil, fmt.Errorf("%w: roster", vault.ErrMalformed)
		}
		if next, err = roster.Adopt(held, note, "", issued); errors.Is(err, roster.ErrOlder) {
			return nil, vault.ErrOld
		} else if err != nil {
			return nil, fmt.Errorf("%w: %w", vault.ErrMalformed, err)
		}
		return HoldsDocuments(ctx, s.store, next), nil
	case vault.KindCertificate:
		c, err := vault.ParseCertificateObject(object)
		if err != nil {
			return nil, err
		}
		if v, err := held.CheckCertificate(c.JSON); err != nil || v.Person != c.Person || v.Epoch != c.Epoch {
			return nil, fmt.Errorf("%w: certificate does not verify", vault.ErrMalformed)
		}
	case vault.KindRevocation:
		v, err := vault.ParseRevocationObject(object)
		if err != nil {
			return nil, err
		}
		if checked, err := held.CheckRevocation(v.JSON); err != nil || checked.Person != v.Person {
			return nil, fmt.Errorf("%w: revocation does not verify", vault.ErrMalformed)
		}
	case vault.KindErasure:
		return nil, s.mayEraseAgain(ctx, object)
	case vault.KindExpiry:
		return nil, fmt.Errorf("%w: an expiry counts places of a feed that is no more", vault.ErrMalformed)
	case vault.KindRelease:
		release, err := vault.ParseRelease(object)
		if err != nil {
			return nil, err
		}
		return nil, s.checkRelease(ctx, release)
	}
	return nil, nil
}

func (s *Server) servePutBack(w http.ResponseWriter, r *http.Request) error {
	b, done, err := s.allowedBody(w, r, actPutBack, "application/octet-stream", maxBody)
	if err != nil {
		return err
	}
	defer done()
	var records []vault.Record
	var objects [][]byte
	for rd := bytes.NewReader(b); ; {
		rec, object, err := ReadFrame(rd)
		if err == io.EOF {
			break
		}
		if err == nil && len(records) == maxFeedItems {
			err = fmt.Errorf("%w: over %d records", vault.ErrTooLarge, maxFeedItems)
		}
		if err != nil {
			return err
		}
		records, objects = append(records, rec), append(objects, object)
	}
	answers, stopped, err := s.PutBack(r.Context(), bearer(r), records, objects)
	if err != nil {
		return err
	}
	out := make([]string, len(answers))
	for i, a := range answers {
		if a == nil {
			continue
		}
		status, p := judge(a)
		if status == http.StatusInternalServerError {
			return a
		}
		out[i] = p.Code
	}
	write(w, http.StatusOK, map[string]any{"results": out, "stopped": stopped})
	return nil
}

func (s *Server) serveLacking(w http.ResponseWriter, r *http.Request) error {
	sums, err := s.LackingBlobs(r.Context(), bearer(r))
	if err != nil {
		return err
	}
	if sums == nil {
		sums = []vault.ID{}
	}
	write(w, http.StatusOK, map[string][]vault.ID{"lacking": sums})
	return nil
}

func (s *Server) servePutBackBlob(w http.ResponseWriter, r *http.Request) error {
	sum, err := vault.ParseID(mux.Vars(r)["sum"])
	if err != nil {
		return fmt.Errorf("%w: blob", vault.ErrNotFound)
	}
	return s.served(w, r, actPutBack, "application/octet-stream", vault.MaxBlob, func(ctx context.Context, bearer string, b []byte) error {
		return s.PutBackBlob(ctx, bearer, sum, b)
	})
}

// PutBack gives a restored server records that it lost, in the order of the feed
// they stood in. The answer has one error, or nil, for each record that was
// looked at: vault's sentinels. stopped: see Server.PutBack; then the answer may be
// shorter than records.
func (c *Client) PutBack(ctx context.Context, records []vault.Record, objects [][]byte) (answers []error, stopped bool, err error) {
	const doing = "putting back"
	var b bytes.Buffer
	for i, r := range records {
		if err := WriteFrame(&b, r, objects[i]); err != nil {
			return nil, false, fmt.Errorf("%s: %w", doing, err)
		}
	}
	_, body, err := c.post(ctx, "/put-back", "application/octet-stream", b.Bytes())
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", doing, err)
	}
	var out struct {
		Results []string
		Stopped bool
	}
	if json.Unmarshal(body, &out) != nil || len(out.Results) > len(records) || len(out.Results) < len(records) && !out.Stopped {
		return nil, false, fmt.Errorf("%s: %w", doing, ErrServer)
	}
	answers = make([]error, len(out.Results))
	for i, word := range out.Results {
		if word == "" {
			continue
		}
		answers[i] = fmt.Errorf("%w: a refusal of no known kind", ErrServer)
		for _, v := range verdicts {
			if v.word == word {
				answers[i] = v.err
			}
		}
	}
	return answers, out.Stopped, nil
}

// LackingBlobs returns some of the blobs whose bytes the server has not.
func (c *Client) LackingBlobs(ctx context.Context) ([]vault.ID, error) {
	_, b, err := c.do(ctx, http.MethodGet, "/put-back", "", nil, 80*maxLackingSent)
	if err != nil {
		return nil, fmt.Errorf("asking what lacks: %w", err)
	}
	var out struct{ Lacking []vault.ID }
	if json.Unmarshal(b, &out) != nil || len(out.Lacking) > maxLackingSent {
		return nil, fmt.Errorf("asking what lacks: %w", ErrServer)
	}
	return out.Lacking, nil
}

// PutBackBlob gives the server the bytes of a blob that it lacks.
func (c *Client) PutBackBlob(ctx context.Context, sum vault.ID, body []byte) error {
	return c.put(ctx, "/put-back/"+sum.String(), "application/octet-stream", body, "putting back attachment")
}
