// Package herald tells people outside of the server that something came in, and
// nothing else: the server is blind and knows no more than that.
//
// Whoever carries the message learns that this server exists and that within one
// quarter of an hour, or however long the operator chose, at least one deposit
// came. So nothing is sent when a deposit comes: it is sent at fixed times, each
// moved by a random part, one message for everything since the last, the same
// bytes always. Not even the desk is named: desks are topics and regions, and
// "custody" told to a mail provider at three in the morning is an arrest.
//
// Nothing is written to disk. A server that starts doesn't know what was told
// before it, so it tells once, at the first time that comes.
package herald

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"peerwitness/vault"
)

// What is sent, whatever came in.
const (
	words       = "Something came in. Open the desk."
	ntfyBody    = words
	webhookBody = `{"text":"` + words + `"}`
)

// Herald tells a few places. Its Run may be called once.
type Herald struct {
	// Every is the time between two messages. Each is sent up to a third of it
	// later, by chance.
	Every   time.Duration
	targets []*target
}

// target is one place to tell.
type target struct {
	kind string
	send func(context.Context) error
	due  bool // something came in that was not told there
}

// What kept a message from going. The causes are dropped: they quote addresses.
var (
	errPrivate = errors.New("its address is inside of a private network: see --notify-private")
	errStatus  = errors.New("it was refused there")
	errReach   = errors.New("nobody was reached, or not in time")
	errTLS     = errors.New("the mail server offers no STARTTLS, or a certificate that is not good")
	errSignIn  = errors.New("the mail server did not take the name and the password")
)

// Longest is how long after its arrival something is told at the latest, where
// all goes well.
func (h *Herald) Longest() time.Duration { return h.Every + h.Every/3 + sendTime }

// sendTime bounds one try. What did not go is tried again at the next time, not
// before.
const sendTime = 20 * time.Second

// Run tells of deposits until ctx ends. say takes what the operator should know:
// fixed words, without an address, a token or a time.
func (h *Herald) Run(ctx context.Context, store vault.Store, say func(string)) {
	var pos uint64
	if head, err := store.FeedHead(ctx); err == nil {
		pos = head.Pos
	}
	for _, t := range h.targets {
		t.due = true
	}
	for {
		timer := time.NewTimer(h.next(time.Now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		came, err := arrived(ctx, store, &pos)
		if err != nil && ctx.Err() == nil {
			say("notifications: the store could not be asked what came in")
		}
		h.tell(ctx, came, say)
	}
}

// next is how long until the next message goes: the next full multiple of
// Every, and a random part.
func (h *Herald) next(now time.Time) time.Duration {
	return now.Truncate(h.Every).Add(h.Every).Sub(now) + rand.N(h.Every/3)
}

// arrived reports whether there is a deposit after pos, and moves pos on.
func arrived(ctx context.Context, store vault.Store, pos *uint64) (came bool, err error) {
	for {
		records, err := store.Feed(ctx, *pos, 512)
		if err != nil || len(records) == 0 {
			return came, err
		}
		for _, r := range records {
			came = came || r.Kind == vault.KindDeposit
			*pos = r.Pos
		}
	}
}

// tell sends one message to each place that was not told yet, all at once.
func (h *Herald) tell(ctx context.Context, came bool, say func(string)) {
	var wg sync.WaitGroup
	for _, t := range h.targets {
		if t.due = t.due || came; !t.due {
			continue
		}
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, sendTime)
			defer cancel()
			if err := t.send(ctx); err != nil {
				say("notifications: one by " + t.kind + " did not go: " + plain(err) + ". It is tried again at the next time")
				return
			}
			t.due = false
		})
	}
	wg.Wait()
}

// plain is the reason without what the cause would quote.
func plain(err error) string {
	for _, known := range []error{errPrivate, errStatus, errTLS, errSignIn} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return errReach.Error()
}
