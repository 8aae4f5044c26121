package review

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"peerwitness/vault"
)

// ErrSame: a count record would say nothing that the one before did not say.
var ErrSame = errors.New("nothing to count has changed")

// countRecord is what a coded case leaves for the figures, in the order and
// form of figures.Record. It has nothing of the person's words, no name, and
// no place but the region.
type countRecord struct {
	V           int      `json:"v"`
	Key         string   `json:"key"`
	N           int      `json:"n"`
	Day         string   `json:"day"`
	Frozen      string   `json:"frozen"`
	Practice    bool     `json:"practice"`
	CountMe     bool     `json:"count_me"`
	People      []string `json:"people"`
	Region      string   `json:"region"`
	ActIndex    int      `json:"act_index"`
	Act         string   `json:"act"`
	Group       string   `json:"group"`
	Perpetrator string   `json:"perpetrator"`
	Populations []string `json:"populations"`
	Services    []served `json:"services"`
}

type served struct {
	Service string `json:"service"`
	Outcome string `json:"outcome"`
}

// maxCountRecord bounds a former record that is read, in bytes.
const maxCountRecord = 64 << 10

// CountRecord is the record by which a case is counted, as the figures journal
// takes it. former is the newest record of that case in the journal, nil at
// coding freeze; the record that follows it keeps its day of freeze. Consent
// that was taken back since shows in it. ErrNotLegal when the case is not coded or, at
// freeze, may not be counted; ErrSame when a later record would say nothing new.
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
	may, why := c.MayCount()
	main := k.Main()
	group, _ := book.GroupOf(main.Code)
	r := countRecord{
		V: 1, Key: k.RecordKey, Day: day.String(), Frozen: day.String(), Practice: c.Practice, CountMe: may, People: full(c.PersonKeys()),
		Region: k.Region, ActIndex: slices.IndexFunc(k.Acts, func(a CodedAct) bool { return a.Main }), Act: main.Code, Group: group,
		Populations: []string{}, Services: []served{},
	}
	if len(main.Perpetrators) > 0 {
		r.Perpetrator = main.Perpetrators[0]
	}
	for _, p := range k.People {
		r.Populations = append(r.Populations, p.Populations...)
	}
	r.Populations = slices.Compact(slices.Sorted(slices.Values(r.Populations)))
	for _, s := range k.Services {
		r.Services = append(r.Services, served{s.Code, s.Outcome})
	}
	slices.SortFunc(r.Services, func(a, b served) int {
		if d := strings.Compare(a.Service, b.Service); d != 0 {
			return d
		}
		return strings.Compare(a.Outcome, b.Outcome)
	})
	r.Services = slices.Compact(r.Services)
	r.Populations = full(r.Populations)
	if former == nil {
		if !may {
			return nil, notLegal("the case is not counted: " + why)
		}
		return encode(r)
	}
	return r.follow(former)
}

// follow makes the record the next version after former.
func (r countRecord) follow(former []byte) ([]byte, error) {
	var old countRecord
	d := json.NewDecoder(bytes.NewReader(former))
	d.DisallowUnknownFields()
	if len(former) > maxCountRecord || d.Decode(&old) != nil || old.V != 1 || old.Key != r.Key {
		return nil, errors.New("making count record: the former one is not of this case")
	}
	if r.Day < old.Day {
		return nil, errors.New("making count record: the former one is of a later day; check this computer's date")
	}
	now := r
	r.N, r.Frozen = old.N+1, old.Frozen
	now.N, now.Day, now.Frozen = old.N, old.Day, old.Frozen
	same, err := encode(now)
	if err != nil {
		return nil, fmt.Errorf("making count record: %w", err)
	}
	if bytes.Equal(same, former) {
		return nil, ErrSame
	}
	return encode(r)
}
