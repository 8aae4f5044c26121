package review

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/access"
)

// carrier carries a wish of one kind out, by what its data say.
type carrier func(ctx context.Context, w *Workstation, id vault.ID, data []byte) error

// carriers are the kinds that can wait. A kind that is not here needs a
// connection when it is done.
var carriers map[string]carrier

func init() { // it calls what looks into it
	carriers = map[string]carrier{
		"claim": func(ctx context.Context, w *Workstation, id vault.ID, _ []byte) error {
			_, err := w.Take(ctx, id)
			return err
		},
		"state": carried(func(ctx context.Context, w *Workstation, id vault.ID, ch Change) error {
			return w.SetState(ctx, id, ch)
		}),
		"note": carried(func(ctx context.Context, w *Workstation, id vault.ID, n Note) error { return w.AddNote(ctx, id, n) }),
		"assign": carried(func(ctx context.Context, w *Workstation, id vault.ID, s Step) error {
			return w.HandOver(ctx, id, s.To, s.Reason, s.Open)
		}),
		"propose": carried(func(ctx context.Context, w *Workstation, id vault.ID, s Step) error {
			if s.What == Restrict {
				return w.AskToRestrict(ctx, id, s.People, s.Reason)
			}
			return w.Propose(ctx, id, s.What, s.Reason)
		}),
		"agree": carried(func(ctx context.Context, w *Workstation, id vault.ID, s Step) error {
			return w.Agree(ctx, id, s.of())
		}),
		"task": carried(func(ctx context.Context, w *Workstation, id vault.ID, t Task) error { return w.SetTask(ctx, id, t) }),
		"custody": carried(func(ctx context.Context, w *Workstation, id vault.ID, k Custody) error {
			return w.SetCustody(ctx, id, k)
		}),
		"risk": carried(func(ctx context.Context, w *Workstation, id vault.ID, r Risk) error { return w.SetRisk(ctx, id, r) }),
		"answer": carried(func(ctx context.Context, w *Workstation, id vault.ID, a answering) error {
			return w.Answer(ctx, id, a.Text, a.Read)
		}),
		"coding": carried(func(ctx context.Context, w *Workstation, id vault.ID, k waitingCoding) error {
			book := w.book(k.Coding.Codebook)
			if book == nil {
				return notLegal("the codebook that it was coded with is not known here")
			}
			return w.SetCoding(ctx, id, k.Coding, book, k.Seen)
		}),
		"consent": carried(func(ctx context.Context, w *Workstation, id vault.ID, d Withdrawal) error {
			return w.Withdraw(ctx, id, d.Withdraw)
		}),
		"person": carried(func(ctx context.Context, w *Workstation, id vault.ID, p PersonLink) error {
			if !p.Linked {
				return w.UnlinkPerson(ctx, id, p.Person, p.Role)
			}
			return w.LinkPerson(ctx, id, p.Person, p.Role, p.As)
		}),
	}
}

func carried[T any](do func(context.Context, *Workstation, vault.ID, T) error) carrier {
	return func(ctx context.Context, w *Workstation, id vault.ID, data []byte) error {
		var v T
		if json.Unmarshal(data, &v) != nil {
			return errBody
		}
		return do(ctx, w, id, v)
	}
}

// waitingCoding is how a coding waits.
type waitingCoding struct {
	Coding Coding    `json:"coding"`
	Seen   *vault.ID `json:"seen"`
}

// recode makes a coding that waits follow the one that its case has now.
func (x *Wish) recode(c *Case) {
	var k waitingCoding
	if json.Unmarshal(x.data, &k) != nil || k.Seen == nil {
		return
	}
	k.Seen = &c.CodedIn
	if b, err := encode(k); err == nil {
		x.data = b
	}
}

// doing takes apart what a wish says. It fails for kinds that can't wait.
func doing(kind string, data []byte) (Doing, error) {
	var d Doing
	var err error
	switch kind {
	case "state":
		err = json.Unmarshal(data, &d.Change)
	case "note":
		err = json.Unmarshal(data, &d.Note)
	case "assign":
		var s Step
		err = json.Unmarshal(data, &s)
		d.To, d.Reason = s.To, s.Reason
	case "answer":
		var a answering
		err = json.Unmarshal(data, &a)
		d.Answer = a.Text
	case "task":
		err = json.Unmarshal(data, &d.Task)
	case "custody":
		err = json.Unmarshal(data, &d.Held)
	case "risk":
		var r Risk
		err = json.Unmarshal(data, &r)
		d.Risk = r.Text
	case "person":
		var p PersonLink
		err = json.Unmarshal(data, &p)
		d.Person = p.As
	default:
		if carriers[kind] == nil {
			err = errBody
		}
	}
	if err != nil {
		return Doing{}, errBody // the cause could quote the case
	}
	return d, nil
}

// carrying is, in a context, the id of the wish that is being carried out.
type carrying struct{}

// kept decides what becomes of an action that failed with err: one that the
// network kept from happening waits, and the error is then ErrKept as well. The
// caller holds acting, so that the network is not asked meanwhile.
func (w *Workstation) kept(ctx context.Context, err error, id vault.ID, kind string, data any, legal func(*Case, bool) error) error {
	if !withoutNetwork(err) || carriers[kind] == nil || ctx.Value(carrying{}) != nil {
		return err
	}
	c, e := w.View().Case(id)
	switch {
	case e != nil:
		return e
	case kind != "claim" && c.Journal.IsZero():
		return notLegal("take the case first")
	case !c.Readable || kind != "claim" && c.key == "":
		return ErrNotYours
	}
	// What waits already for the case comes before, so that only then can it be known.
	if !slices.ContainsFunc(w.Waiting(), func(o Wish) bool { return o.Case == c.ID }) && legal != nil {
		full := data
		if d, ok := data.(interface{ onCase(*Case) any }); ok {
			full = d.onCase(c)
		}
		if e := c.permitNow(c.draft(kind, full), w.now()); e != nil {
			return e
		}
		if e := legal(c, false); e != nil {
			return e
		}
	}
	// By which it was known when it was sent; taking a case has no body.
	var sum vault.ID
	if b, e := encode(data); e == nil && kind != "claim" {
		sum = vault.Sum(b)
	}
	if d, ok := data.(interface{ waits() any }); ok {
		data = d.waits()
	}
	wish := Wish{Case: c.ID, Kind: kind, Made: w.clock().UTC()}
	if wish.data, e = encode(data); e == nil {
		wish.Doing, e = doing(kind, wish.data)
	}
	if e != nil {
		return err
	}
	for what, s := range w.missed { // its answer was lost: it may have arrived
		if what.kind == kind && what.data == sum && (what.where == c.Journal || what.where == c.ID) {
			wish.sent = s.object
		}
	}
	if e := w.wishes.add(wish); e != nil {
		return errors.Join(err, e)
	}
	return errors.Join(ErrKept, err)
}

// withoutNetwork reports whether err says that the server was not asked, or
// its answer not had, and nothing worse.
func withoutNetwork(err error) bool {
	if errors.Is(err, access.ErrRemoved) || errors.Is(err, access.ErrRole) || errors.Is(err, vault.ErrFork) {
		return false
	}
	return errors.Is(err, ErrOffline) || errors.Is(err, ErrUnsure) || errors.Is(err, access.ErrSignedOut)
}

// goes notes on disk that a wish is about to be sent as these bytes, before
// they are: whatever happens then, they are recognised, and it is done once.
// An entry of another kind goes with a wish by the way, and is not noted.
func (w *Workstation) goes(ctx context.Context, kind string, a vault.Append) error {
	id, ok := ctx.Value(carrying{}).(string)
	if !ok {
		return nil
	}
	return w.wishes.change(id, func(x *Wish) bool {
		if x.Kind == kind {
			x.sent = vault.AppendObject(a)
		}
		return true
	})
}

// carry carries out what waits, in its order. What can't be done stops, and
// with it what comes after it for the same case. The caller has synced.
func (w *Workstation) carry(ctx context.Context) {
	if !w.carries.TryLock() {
		return
	}
	defer w.carries.Unlock()
	stopped := map[vault.ID]bool{}
	for _, wish := range w.Waiting() {
		id := wish.Case
		if c, err := w.View().Case(id); err == nil {
			id = c.ID // by now it may have been taken
		}
		if wish.Stopped != "" || stopped[id] {
			stopped[id] = true
			continue
		}
		done, err := w.settled(ctx, wish)
		if err == nil && !done {
			err = carriers[wish.Kind](context.WithValue(ctx, carrying{}, wish.ID), w, wish.Case, wish.data)
		}
		switch {
		case errors.Is(err, errTakenBack):
		case err == nil:
			err = w.wishes.change(wish.ID, func(*Wish) bool { return false })
			if err != nil && !errors.Is(err, errTakenBack) {
				return // it was done; that is recognised at the next sync
			}
		case withoutNetwork(err) || ctx.Err() != nil:
			return
		default:
			stopped[id] = true
			words := wishWords(err)
			if w.wishes.change(wish.ID, func(x *Wish) bool { x.Stopped = words; return true }) != nil {
				return
			}
		}
	}
}

// settled reports whether a wish that was sent before has arrived. Where that
// can't be seen, the same bytes go again, which the server takes once.
func (w *Workstation) settled(ctx context.Context, wish Wish) (bool, error) {
	if len(wish.sent) == 0 {
		return false, nil
	}
	a, err := vault.ParseAppend(wish.sent)
	if err != nil {
		return false, errBody
	}
	w.acting.Lock()
	defer w.acting.Unlock()
	arrived := w.arrived(ctx, sent{a, wish.sent})
	if !arrived {
		_, err = w.client.Append(ctx, a)
		switch {
		case err == nil:
			arrived = true
		case errors.Is(err, access.ErrSignedOut) || !definite(err):
			return false, errors.Join(ErrUnsure, err)
		case errors.Is(err, access.ErrRemoved) || errors.Is(err, access.ErrRole):
			return false, err
		}
	}
	for what, s := range w.missed {
		if slices.Equal(s.object, wish.sent) {
			delete(w.missed, what)
		}
	}
	if arrived {
		delete(w.landed, intent{a.Entry.Journal, wish.Kind, vault.Sum(wish.data)})
		return true, w.settle(ctx)
	}
	// Somebody else's entry has that place: it never happened.
	return false, w.wishes.change(wish.ID, func(x *Wish) bool { x.sent = nil; return true })
}

// wishWords says why a wish could not be done.
func wishWords(err error) string {
	var taken *TakenError
	var recoded *RecodedError
	switch {
	case errors.As(err, &recoded):
		return sentence(recoded) + " Look at theirs first. If you try again, yours goes in its place, and theirs stays in the history."
	case errors.As(err, &taken):
		return sentence(taken)
	case errors.Is(err, ErrErased):
		return "The case was erased."
	case errors.Is(err, ErrNoCase):
		return "The case is not here any more."
	}
	return sentence(err)
}
