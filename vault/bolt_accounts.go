package vault

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// accountRow is an account as it stands in the database.
type accountRow struct {
	Invite      string `json:"invite,omitempty"`
	InviteUntil Day    `json:"invite_until,omitempty"`
	Secret      []byte `json:"secret,omitempty"`
	LastStep    uint64 `json:"last_step,omitempty"`
}

type sessionRow struct {
	Person string `json:"person"`
	Until  int64  `json:"until"` // seconds since 1970
}

func parseSession(v []byte) (row sessionRow, err error) {
	if err := json.Unmarshal(v, &row); err != nil {
		return sessionRow{}, fmt.Errorf("%w: session", ErrCorrupt)
	}
	return row, nil
}

// account returns what is kept of a person. ErrNotFound.
func (t *tx) account(person string) (Account, error) {
	v := t.get(bAccounts, []byte(person))
	if v == nil {
		return Account{}, ErrNotFound
	}
	return parseAccount([]byte(person), v)
}

func parseAccount(k, v []byte) (Account, error) {
	var row accountRow
	if err := json.Unmarshal(v, &row); err != nil {
		return Account{}, fmt.Errorf("%w: account", ErrCorrupt)
	}
	a := Account{Person: string(k), InviteUntil: row.InviteUntil, Secret: row.Secret, LastStep: row.LastStep}
	if row.Invite != "" {
		id, err := ParseID(row.Invite)
		if err != nil {
			return Account{}, fmt.Errorf("%w: account", ErrCorrupt)
		}
		a.Invite = id
	}
	return a, nil
}

func (t *tx) putAccount(a Account) error {
	row := accountRow{InviteUntil: a.InviteUntil, Secret: a.Secret, LastStep: a.LastStep}
	if !a.Invite.IsZero() {
		row.Invite = a.Invite.String()
	}
	v, err := json.Marshal(row)
	if err != nil {
		return err
	}
	return t.write(bAccounts, []byte(a.Person), v)
}

func (s *boltStore) Account(ctx context.Context, person string) (Account, error) {
	var a Account
	err := s.view(ctx, "reading account", func(t *tx) (err error) {
		a, err = t.account(person)
		return err
	})
	return a, err
}

func (s *boltStore) Accounts(ctx context.Context) ([]Account, error) {
	var out []Account
	err := s.view(ctx, "reading accounts", func(t *tx) error {
		return t.scan(bAccounts, nil, func(k, v []byte) error {
			a, err := parseAccount(k, v)
			out = append(out, a)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *boltStore) Invite(ctx context.Context, person string, code ID, until Day) error {
	const doing = "inviting"
	if !validPerson(person) || code.IsZero() {
		return fmt.Errorf("%s: %w: bad person id or no code", doing, ErrMalformed)
	}
	return s.write(ctx, doing, &op{run: func(t *tx) error {
		a, err := t.account(person)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		a.Person, a.Invite, a.InviteUntil = person, code, until
		return t.putAccount(a)
	}})
}

func (s *boltStore) Enrol(ctx context.Context, person string, code ID, secret []byte) error {
	const doing = "enrolling"
	if len(secret) == 0 {
		return fmt.Errorf("%s: %w: no secret", doing, ErrMalformed)
	}
	today := s.today()
	secret = clone(secret)
	return s.write(ctx, doing, &op{run: func(t *tx) error {
		a, err := t.account(person)
		if err != nil {
			return err
		}
		if a.Invite.IsZero() || subtle.ConstantTimeCompare(a.Invite[:], code[:]) != 1 || today > a.InviteUntil {
			return fmt.Errorf("%w: no such invitation", ErrNotFound)
		}
		// A new secret has no used steps.
		if err := t.putAccount(Account{Person: person, Secret: secret}); err != nil {
			return err
		}
		return t.endSessions(func(r sessionRow) bool { return r.Person == person })
	}})
}

func (s *boltStore) UseStep(ctx context.Context, person string, step uint64) error {
	return s.write(ctx, "using code", &op{run: func(t *tx) error {
		a, err := t.account(person)
		if err != nil {
			return err
		}
		if len(a.Secret) == 0 {
			return fmt.Errorf("%w: not enrolled", ErrNotFound)
		}
		if step <= a.LastStep {
			return ErrUsedCode
		}
		a.LastStep = step
		return t.putAccount(a)
	}})
}

func (s *boltStore) PutSession(ctx context.Context, session Session) error {
	const doing = "storing session"
	if !validPerson(session.Person) || session.Token.IsZero() {
		return fmt.Errorf("%s: %w: bad person id or no token", doing, ErrMalformed)
	}
	v, err := json.Marshal(sessionRow{Person: session.Person, Until: session.Until.Unix()})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	now := s.clock().Unix()
	return s.write(ctx, doing, &op{run: func(t *tx) error {
		if err := t.endSessions(func(r sessionRow) bool { return r.Until <= now }); err != nil {
			return err
		}
		return t.write(bSessions, session.Token[:], v)
	}})
}

func (s *boltStore) Session(ctx context.Context, token ID) (Session, error) {
	const doing = "reading session"
	var got Session
	now := s.clock()
	err := s.view(ctx, doing, func(t *tx) error {
		v := t.get(bSessions, token[:])
		if v == nil {
			return ErrNotFound
		}
		row, err := parseSession(v)
		if err != nil {
			return err
		}
		got = Session{Token: token, Person: row.Person, Until: time.Unix(row.Until, 0).UTC()}
		if !now.Before(got.Until) {
			return fmt.Errorf("%w: it has run out", ErrNotFound)
		}
		return nil
	})
	if err != nil {
		return Session{}, err
	}
	return got, nil
}

func (s *boltStore) DeleteSession(ctx context.Context, token ID) error {
	return s.write(ctx, "ending session", &op{run: func(t *tx) error {
		if t.get(bSessions, token[:]) == nil {
			return nil
		}
		return t.del(bSessions, token[:])
	}})
}

func (s *boltStore) DeleteSessions(ctx context.Context, person string) error {
	return s.write(ctx, "ending sessions", &op{run: func(t *tx) error {
		return t.endSessions(func(r sessionRow) bool { return r.Person == person })
	}})
}

// endSessions deletes the sessions that match. There are few: one or two for
// each person on the roster.
func (t *tx) endSessions(match func(sessionRow) bool) error {
	var ended [][]byte
	err := t.scan(bSessions, nil, func(k, v []byte) error {
		row, err := parseSession(v)
		if err != nil {
			return err
		}
		if match(row) {
			ended = append(ended, clone(k))
		}
		return nil
	})
	for _, k := range ended {
		err = errors.Join(err, t.del(bSessions, k))
	}
	return err
}
