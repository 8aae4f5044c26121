package reviewtest

import (
	"context"
	"time"

	"peerwitness/review"
	"peerwitness/review/figures"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/seal"
)

// Seat is a person's workstation that is opened again after the clock was moved.
type Seat struct {
	*review.Workstation
	Org    *Org
	Person *Person
	Dir    string
	client *access.Client
}

// Seat opens a workstation as Workstation does; it stays with its folder.
func (o *Org) Seat(p *Person) *Seat {
	o.T.Helper()
	s := &Seat{Org: o, Person: p, Dir: o.T.TempDir()}
	s.Open()
	o.T.Cleanup(func() {
		if s.Workstation != nil {
			o.must(s.Workstation.Close())
		}
	})
	return s
}

// Open closes the workstation if it is open, opens it from its folder, signs in
// and syncs.
func (s *Seat) Open() {
	s.Org.T.Helper()
	if s.Workstation != nil {
		s.Org.must(s.Workstation.Close())
		s.Workstation = nil
	}
	s.client = s.Org.Client(s.Person, nil)
	w, err := review.Open(context.Background(), review.Config{
		Dir: s.Dir, Key: s.Person.Key, Client: s.client, Root: s.Org.Roster.Fingerprint(), Clock: s.Org.Clock.Now,
	})
	s.Org.must(err)
	s.Workstation = w
	s.Org.must(w.Sync(context.Background(), nil))
}

// Later moves the clock to a moment and signs the seats in anew.
func (o *Org) Later(to time.Time, seats ...*Seat) {
	o.T.Helper()
	o.Clock.Advance(to.Sub(o.Clock.Now()))
	for _, s := range seats {
		o.must(s.client.SignIn(context.Background(), s.Person.ID(), s.Person.Key.Signing, o.Code(s.Person), o.Clock.Now()))
		o.must(s.Sync(context.Background(), nil))
	}
}

// CountedCase sends a report, takes it, codes and closes it at w, so that it is
// counted where figures are founded. It returns the case's id.
func (o *Org) CountedCase(w *review.Workstation, change func(*seal.Report)) (*Sent, vault.ID) {
	o.T.Helper()
	s := o.Send("street", change)
	id, err := w.Take(context.Background(), s.Deposit)
	o.must(err)
	o.CodeCase(w, id, "extortion")
	o.must(w.SetState(context.Background(), id, review.Change{To: review.Closed, Close: "resolved"}))
	return s, id
}

// Programme is the default programme with monthly periods, decided today.
func (o *Org) Programme(first string) figures.Programme {
	o.T.Helper()
	planning := figures.Labels{}
	for _, l := range figures.PageLanguages() {
		planning[l] = "Outreach contacts a year (invented)"
	}
	half := figures.PeriodOf(figures.HalfYearly, figures.DayOf(o.Clock.Now()))
	p, err := figures.Default(o.Book(), o.Roster, half, figures.DayOf(o.Clock.Now()), 20, planning)
	o.must(err)
	p.Every, p.First = figures.Monthly, first
	return p
}
