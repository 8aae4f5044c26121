package review

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"peerwitness/review/figures"
	"peerwitness/vault"
)

// ErrSame: a count record would say nothing that the one before did not say.
var ErrSame = errors.New("nothing to count has changed")

// CountRecord is the record by which a case is counted, as the figures journal
// takes it. It has nothing of the person's words, no name, and no place but the
// region. former is the newest record of that case, nil at coding freeze; the
// record that follows it keeps its day of freeze, and is never of an earlier day
// than it. Consent that was taken back since shows in it. ErrNotLegal when the
// case is not coded or, at freeze, may not be counted; ErrSame when a later
// record would say nothing new.
func (w *Workstation) CountRecord(c *Case, day vault.Day, former []byte) ([]byte, error) {
	k := c.Coding
	if k == nil {
		return nil, notLegal("code the case first, with its main act; then it can be counted")
	}
	book := w.book(k.Codebook)
	if book == nil {
		return nil, notLegal("the codebook that the case was coded with is not known here")
	}
	if faults := k.Faults(book); len(faults) > 0 {
		return nil, notLegal("the case's coding does not fit its codebook")
	}
	key, err := figures.ParseKey(k.RecordKey)
	if err != nil {
		return nil, fmt.Errorf("making count record: %w", err)
	}
	may, why := c.MayCount()
	main := k.Main()
	group, _ := book.GroupOf(main.Code)
	r := figures.Record{
		Key: key, Day: figures.Day(day.String()), Frozen: figures.Day(day.String()), Practice: c.Practice, CountMe: may, People: c.PersonKeys(),
		Region: k.Region, ActIndex: slices.IndexFunc(k.Acts, func(a CodedAct) bool { return a.Main }), Act: main.Code, Group: group,
	}
	if len(main.Perpetrators) > 0 {
		r.Perpetrator = main.Perpetrators[0]
	}
	for _, p := range k.People {
		r.Populations = append(r.Populations, p.Populations...)
	}
	for _, s := range k.Services {
		r.Services = append(r.Services, figures.Served{Service: s.Code, Outcome: s.Outcome})
	}
	r = r.Tidy()
	switch {
	case former != nil:
		return follow(r, former)
	case !may:
		return nil, notLegal("the case is not counted: " + why)
	}
	return r.JSON()
}

// follow makes a record the next version after former.
func follow(r figures.Record, former []byte) ([]byte, error) {
	old, err := figures.ParseRecord(former)
	if err != nil || old.Key != r.Key {
		return nil, errors.New("making count record: the former one is not of this case")
	}
	same := r
	same.N, same.Day, same.Frozen = old.N, old.Day, old.Frozen
	b, err := same.JSON()
	if err != nil {
		return nil, fmt.Errorf("making count record: %w", err)
	}
	if bytes.Equal(b, former) {
		return nil, ErrSame
	}
	// Where this computer's date is behind, a consent that was taken back must
	// not wait for it.
	r.N, r.Day, r.Frozen = old.N+1, max(r.Day, old.Day), old.Frozen
	return r.JSON()
}
