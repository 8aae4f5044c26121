package access

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// Invite makes, or makes anew, the one-time code with which a person of the
// current roster enrols her second factor: four groups of five, 100 bits, good
// for InviteDays. The store keeps its hash. Who is a person id, or a display
// name that only one person has. vault.ErrNotFound when nobody is meant.
func Invite(ctx context.Context, store vault.Store, clock vault.Clock, who string) (p roster.Person, code string, until vault.Day, err error) {
	p, err = Find(ctx, store, who)
	if err != nil {
		return roster.Person{}, "", 0, err
	}
	var raw [13]byte
	rand.Read(raw[:])
	text := base32Plain.EncodeToString(raw[:])
	groups := []string{text[:5], text[5:10], text[10:15], text[15:20]}
	code = strings.Join(groups, "-")
	until = vault.DayOf(clock()) + InviteDays
	if err := store.Invite(ctx, p.ID, inviteHash(p.ID, code), until); err != nil {
		return roster.Person{}, "", 0, fmt.Errorf("storing invitation: %w", err)
	}
	return p, code, until, nil
}

// End closes a person's sessions and voids her invitation, whether or not she
// is on the roster still. To keep her out for good takes a roster or a revocation.
func End(ctx context.Context, store vault.Store, person string) error {
	account, err := store.Account(ctx, person)
	if err != nil {
		return fmt.Errorf("reading account: %w", err)
	}
	if !account.Invite.IsZero() {
		var nothing [32]byte
		rand.Read(nothing[:]) // a hash that no code has
		if err := store.Invite(ctx, person, nothing, 0); err != nil {
			return fmt.Errorf("voiding invitation: %w", err)
		}
	}
	if err := store.DeleteSessions(ctx, person); err != nil {
		return fmt.Errorf("ending sessions: %w", err)
	}
	return nil
}

// Find returns the person of the store's current roster with that id, or with
// that display name if nobody else has it, revoked or not.
func Find(ctx context.Context, store vault.Reader, who string) (roster.Person, error) {
	_, note, err := store.Roster(ctx)
	if err != nil {
		return roster.Person{}, fmt.Errorf("reading roster: %w", err)
	}
	r, err := roster.Parse(note)
	if err != nil {
		return roster.Person{}, fmt.Errorf("reading roster: %w", err)
	}
	if p, ok := r.Person(who); ok {
		return p, nil
	}
	var found []roster.Person
	for _, p := range r.People {
		if p.Name == who {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		return roster.Person{}, fmt.Errorf("%w: %d people on the roster go by that id or name", vault.ErrNotFound, len(found))
	}
	return found[0], nil
}

// inviteHash is what the store keeps of an enrolment code, however it was typed.
func inviteHash(person, code string) vault.ID {
	code = strings.ToUpper(strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, code))
	return vault.Sum(vault.LP("peerwitness/invite/v1", []byte(person), []byte(code)))
}
