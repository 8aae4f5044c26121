package access

import (
	"encoding/json"
	"errors"
	"net/http"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// A verdict is how one sentinel travels: its status and its word, which the
// client turns back into the sentinel.
type verdict struct {
	err    error
	status int
	word   string
}

// verdicts is the one table between errors and HTTP. The first that matches is
// sent with the sentinel's own words and nothing of the cause; an error that
// is not here is an internal error.
var verdicts = []verdict{
	{ErrSignIn, http.StatusUnauthorized, "sign-in"},
	{ErrSignedOut, http.StatusUnauthorized, "signed-out"},
	{ErrEnrol, http.StatusForbidden, "enrol"},
	{ErrRemoved, http.StatusForbidden, "removed"},
	{ErrRole, http.StatusForbidden, "role"},
	{ErrThrottled, http.StatusTooManyRequests, "throttled"},
	{ErrType, http.StatusUnsupportedMediaType, "type"},
	{ErrRequest, http.StatusBadRequest, "request"},
	{ErrBusy, http.StatusServiceUnavailable, "busy"},
	{vault.ErrStopped, http.StatusServiceUnavailable, "stopped"},
	{vault.ErrConflict, http.StatusConflict, "conflict"},
	{vault.ErrClaimed, http.StatusConflict, "claimed"},
	{vault.ErrEpoch, http.StatusConflict, "epoch"},
	{vault.ErrOld, http.StatusConflict, "old"},
	{vault.ErrNotRestored, http.StatusConflict, "not-restored"},
	{vault.ErrErased, http.StatusGone, "erased"},
	{vault.ErrNotFound, http.StatusNotFound, "not-found"},
	{vault.ErrTooLarge, http.StatusRequestEntityTooLarge, "too-large"},
	{roster.ErrSignatures, http.StatusUnprocessableEntity, "signatures"},
	{roster.ErrThreshold, http.StatusUnprocessableEntity, "threshold"},
	{roster.ErrChain, http.StatusUnprocessableEntity, "chain"},
	{roster.ErrExpired, http.StatusUnprocessableEntity, "expired"},
	{roster.ErrSignature, http.StatusUnprocessableEntity, "signature"},
	{roster.ErrSigners, http.StatusUnprocessableEntity, "signers"},
	{roster.ErrPerson, http.StatusUnprocessableEntity, "person"},
	{vault.ErrMalformed, http.StatusUnprocessableEntity, "malformed"},
	{vault.ErrHash, http.StatusUnprocessableEntity, "hash"},
}

// problem is the body of an error.
type problem struct {
	Error     string    `json:"error"`
	Code      string    `json:"code"`
	Head      *wireHead `json:"head,omitempty"`
	Deposit   string    `json:"deposit,omitempty"`
	ClaimedBy string    `json:"claimed_by,omitempty"`
	Last      string    `json:"last,omitempty"` // release, zeros when there is none
}

type wireHead struct {
	Seq   uint64 `json:"seq"`
	ID    string `json:"id"`
	Epoch uint32 `json:"epoch"`
}

// judge says what the client is told of err.
func judge(err error) (status int, p problem) {
	for _, v := range verdicts {
		if !errors.Is(err, v.err) {
			continue
		}
		p = problem{Error: v.err.Error(), Code: v.word}
		var conflict *vault.ConflictError
		if errors.As(err, &conflict) {
			p.Head = &wireHead{conflict.Head.Seq, conflict.Head.Entry.String(), conflict.Head.Epoch}
		}
		var former *vault.FormerError
		if errors.As(err, &former) {
			p.Last = former.Last.String()
		}
		var claimed *vault.ClaimedError
		if errors.As(err, &claimed) {
			p.Deposit, p.ClaimedBy = claimed.Deposit.String(), claimed.Journal.String()
		}
		return v.status, p
	}
	return http.StatusInternalServerError, problem{Error: "internal error", Code: "internal"}
}

// unjudge is judge's other direction, for the client.
func unjudge(status int, body []byte) error {
	var p problem
	if json.Unmarshal(body, &p) != nil {
		p = problem{}
	}
	var sentinel error
	for _, v := range verdicts {
		if v.status == status && v.word == p.Code {
			sentinel = v.err
		}
	}
	switch {
	case sentinel == nil:
		return &StatusError{Status: status}
	case sentinel == vault.ErrConflict && p.Head != nil:
		id, err := vault.ParseID(p.Head.ID)
		if err != nil {
			return err
		}
		return &vault.ConflictError{Head: vault.Head{Seq: p.Head.Seq, Entry: id, Epoch: p.Head.Epoch}}
	case sentinel == vault.ErrConflict && p.Last != "":
		id, err := vault.ParseID(p.Last)
		if err != nil {
			return err
		}
		return &vault.FormerError{Last: id}
	case sentinel == vault.ErrClaimed:
		journal, err := vault.ParseID(p.ClaimedBy)
		if err != nil {
			return err
		}
		deposit, err := vault.ParseID(p.Deposit)
		if err != nil {
			return err
		}
		return &vault.ClaimedError{Deposit: deposit, Journal: journal}
	}
	return sentinel
}
