package vault_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"peerwitness/vault"
)

// Two advocates take the same case at the same moment, and the answer to the
// winner is lost on its way: one journal, and nothing in it twice.
func TestAttack26TwoClaimOneDepositAtOnce(t *testing.T) {
	s := openAt(t, t.TempDir(), nil)
	for round := range 20 {
		deposit := putDeposit(t, s, fmt.Append(nil, "report ", round)).ID
		before, err := s.FeedHead(ctx)
		if err != nil {
			t.Fatal(err)
		}
		claims := make([]vault.Append, 2)
		authors := []string{ana, berta}
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i := range claims {
			journal := vault.Sum(fmt.Append(nil, round, authors[i]))
			claims[i] = vault.Append{
				Entry:   vault.Entry{Journal: journal, Epoch: 1, Sealed: []byte("claim")},
				Claims:  []vault.ID{deposit},
				Grants:  []vault.Grant{{Journal: journal, Epoch: 1, To: authors[i], Body: []byte("grant")}},
				Replies: []vault.Reply{{Slot: fill(vault.SlotSize, byte(i))}},
			}
			wg.Go(func() { _, errs[i] = s.Append(ctx, authors[i], claims[i]) })
		}
		wg.Wait()
		won, lost := 0, 1
		if errs[0] != nil {
			won, lost = 1, 0
		}
		var claimed *vault.ClaimedError
		if errs[won] != nil || !errors.As(errs[lost], &claimed) || claimed.Journal != claims[won].Entry.Journal {
			t.Fatalf("round %d: %v", round, errs)
		}

		// The winner never got the answer, and asks again; so does the loser.
		for range 3 {
			got, err := s.Append(ctx, authors[won], claims[won])
			if err != nil || got != (vault.Appended{ID: claims[won].Entry.ID()}) {
				t.Fatalf("retried: %+v, %v", got, err)
			}
			if _, err := s.Append(ctx, authors[lost], claims[lost]); !errors.Is(err, vault.ErrClaimed) {
				t.Fatalf("the loser retried: %v", err)
			}
		}
		_, info, err := s.Deposit(ctx, deposit)
		if err != nil || info.ClaimedBy != claims[won].Entry.Journal {
			t.Fatalf("claimed by %s: %v", info.ClaimedBy, err)
		}
		if _, err := s.Head(ctx, claims[lost].Entry.Journal); !errors.Is(err, vault.ErrNotFound) {
			t.Fatalf("the loser has a journal: %v", err)
		}
		if appends, err := s.Appends(ctx, info.ClaimedBy, 0); err != nil || len(appends) != 1 {
			t.Fatalf("%d entries: %v", len(appends), err)
		}
		if slots, err := s.Bucket(ctx, ""); err != nil || len(slots) != round+1 {
			t.Fatalf("%d replies after %d rounds: %v", len(slots), round+1, err)
		}
		if after, err := s.FeedHead(ctx); err != nil || after.Pos != before.Pos+1 {
			t.Fatalf("feed went from %d to %d: %v", before.Pos, after.Pos, err)
		}
	}
	checkClean(t, s)
}

// A blob without a ticket, with one that is forged, for another deposit or over
// its quota.
func TestAttack32BlobsWithoutARightfulTicket(t *testing.T) {
	s := openAt(t, t.TempDir(), nil)
	mine := putDeposit(t, s, []byte("mine"))
	hers := putDeposit(t, s, []byte("hers"))
	other := openAt(t, t.TempDir(), nil)
	elsewhere := putDeposit(t, other, []byte("mine"))
	body := []byte("flood")
	for name, ticket := range map[string]string{
		"none":                    "",
		"text":                    "let me in",
		"of another store":        elsewhere.Ticket,
		"hers, with my signature": hers.Ticket[:60] + mine.Ticket[60:],
		"one character changed":   "A" + mine.Ticket[1:],
	} {
		if ticket == mine.Ticket {
			t.Fatalf("%s: is the real one", name)
		}
		if _, err := s.PutBlob(ctx, ticket, vault.Sum(body), body); !errors.Is(err, vault.ErrTicket) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.MissingBlobs(ctx, ticket, []vault.ID{vault.Sum(body)}); !errors.Is(err, vault.ErrTicket) {
			t.Errorf("%s, asking what is missing: %v", name, err)
		}
	}
	if _, err := s.Blob(ctx, vault.Sum(body)); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("a refused blob is there: %v", err)
	}

	// My ticket fills my deposit and never hers.
	for i := range vault.TicketQuota / vault.MaxBlob {
		putBlob(t, s, mine.Ticket, append(fill(vault.MaxBlob-8, 1), vault.U64(uint64(i))...))
	}
	if _, err := s.PutBlob(ctx, mine.Ticket, vault.Sum(body), body); !errors.Is(err, vault.ErrQuota) {
		t.Errorf("over the quota: %v", err)
	}
	if _, info, err := s.Deposit(ctx, hers.ID); err != nil || len(info.Blobs) != 0 {
		t.Errorf("her deposit has %d blobs: %v", len(info.Blobs), err)
	}
	putBlob(t, s, hers.Ticket, body)
	checkClean(t, s)
}
