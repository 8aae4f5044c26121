package review_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// cut loses the answers, or the requests, of some appends.
type cut struct {
	n, at  int
	before bool
	stop   func() // ends whoever waits for the answer
}

func (c *cut) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/append") || c.at == 0 {
		return http.DefaultTransport.RoundTrip(r)
	}
	if c.n++; c.n != c.at {
		return http.DefaultTransport.RoundTrip(r)
	}
	if !c.before {
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			resp.Body.Close()
		}
	}
	c.stop()
	return nil, context.DeadlineExceeded
}

// A crash or a lost answer at any step of counting is put right by the next one.
func TestCountingIsHarmlessToRepeat(t *testing.T) {
	n := newNewsroom(t)
	c := &cut{}
	w := n.Org.Workstation(n.Ana, &http.Client{Transport: c, Timeout: 10 * time.Second})
	for at := 1; at <= 3; at++ {
		for _, before := range []bool{true, false} {
			s := n.Send("street", nil)
			id, err := w.Take(ctx, s.Deposit)
			ok(t, err)
			n.CodeCase(w, id, "extortion")
			ctx1, stop := context.WithCancel(ctx)
			*c = cut{at: at, before: before, stop: stop}
			if err := w.Count(ctx1, id); err == nil {
				t.Errorf("cut at %d (before %v): counting knows of nothing", at, before)
			}
			*c = cut{}
			ok(t, w.Count(ctx, id))
			if k := find(t, w, id); k.Counted.Record == nil || k.Counted.Record.N != 0 || k.Counted.Entry.IsZero() || len(k.Problems) != 0 {
				t.Errorf("cut at %d (before %v): %+v, %v", at, before, k.Counted, k.Problems)
			}
		}
	}
	ok(t, n.mari.Sync(ctx, nil))
	if got := len(n.mari.Records()); got != 6 || len(n.mari.Figures().Problems) != 0 {
		t.Errorf("%d records of 6 cases; problems %v", got, n.mari.Figures().Problems)
	}
}

// A practice report is never counted, and one without consent isn't either.
func TestWhatIsNotCounted(t *testing.T) {
	n := newNewsroom(t)
	for why, change := range map[string]func(*seal.Report){
		"practice":      func(r *seal.Report) { r.Practice = true },
		"did not agree": func(r *seal.Report) { r.Consent = []string{"legal-help"} },
	} {
		_, id := n.CountedCase(n.nino.Workstation, change)
		if err := n.nino.Count(ctx, id); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
		if c := find(t, n.nino.Workstation, id); c.Counted.Record != nil || len(c.Problems) != 0 {
			t.Errorf("%s: %+v", why, c.Counted)
		}
	}
	ok(t, n.mari.Sync(ctx, nil))
	if len(n.mari.Records()) != 0 {
		t.Error("something was counted")
	}
}

// Keepers come and go: a new one reads all that was written before her, one who
// left reads nothing that comes after, and the next batch has another noise key.
func TestFiguresWhenKeepersChange(t *testing.T) {
	n := newNewsroom(t)
	n.CountedCase(n.nino.Workstation, nil)
	ana := n.Seat(n.Ana)
	n.Next(func(r *roster.Roster) {
		for i := range r.People {
			if r.People[i].ID == n.Ana.ID() {
				r.People[i].Roles = append(r.People[i].Roles, roster.Keeper)
			}
		}
	})
	ok(t, ana.Sync(ctx, nil))
	if v := ana.Figures(); !v.Keeper || v.Holder {
		t.Errorf("a new keeper before anybody gave her the key: %+v", v)
	}
	p := n.Programme("2027-01")
	p.Version = 2
	ok(t, n.mari.ProposeProgramme(ctx, p))
	ok(t, ana.Sync(ctx, nil))
	if v := ana.Figures(); !v.Holder || len(ana.Records()) != 1 {
		t.Errorf("a new keeper: %+v", v)
	}
	noise := n.mari.Noise()
	n.Next(func(r *roster.Roster) {
		for i := range r.People {
			if r.People[i].ID == n.Keti.ID() {
				r.People[i].Roles = []string{roster.Partner}
			}
		}
	})
	ok(t, ana.SignProgramme(ctx, p.Hash()))
	n.CountedCase(n.nino.Workstation, nil)
	ok(t, n.mari.Sync(ctx, nil))
	if v := n.mari.Figures(); len(n.mari.Records()) != 2 || n.mari.Noise() == noise || slices.Contains(v.Keepers, n.Keti.ID()) || v.Renew || len(v.Problems) != 0 {
		t.Errorf("after a keeper left: %+v", v)
	}
	last, err := n.Store.Appends(ctx, figuresAt(0), 0)
	ok(t, err)
	for _, a := range last {
		for _, g := range a.Grants {
			if g.Epoch == 2 && g.To == n.Keti.ID() {
				t.Error("who left was given the new key")
			}
		}
	}
	if last[len(last)-1].Entry.Epoch != 2 {
		t.Error("the record after it is sealed to the old key")
	}
}

// Where a case says that the figures have it and they do not, it is still due.
func TestCountedWithoutAnEntryIsNotBelieved(t *testing.T) {
	n := newNewsroom(t)
	c := &cut{}
	w := n.Org.Workstation(n.Ana, &http.Client{Transport: c, Timeout: 10 * time.Second})
	s := n.Send("street", nil)
	id, err := w.Take(ctx, s.Deposit)
	ok(t, err)
	n.CodeCase(w, id, "extortion")
	ctx1, stop := context.WithCancel(ctx)
	*c = cut{at: 2, before: true, stop: stop}
	if err := w.Count(ctx1, id); err == nil || find(t, w, id).Counted.Record == nil {
		t.Fatalf("counting without the figures journal: %v", err)
	}
	*c = cut{}
	none := strings.Repeat("12", 32)
	ok(t, w.Write(ctx, id, "counted", struct {
		N     int    `json:"n"`
		Entry string `json:"entry"`
	}{0, none}))
	k := find(t, w, id)
	if len(k.Problems) != 1 || !strings.Contains(k.Problems[0].Text, "no effect") || k.Counted.Entry.IsZero() || k.Counted.Entry.String() == none {
		t.Errorf("%v, %+v", k.Problems, k.Counted)
	}
}

// A consent that is taken back while the case's record is on its way to the
// figures takes it out of them, by the next record.
func TestTakenBackBeforeTheRecordArrived(t *testing.T) {
	n := newNewsroom(t)
	c := &cut{}
	w := n.Org.Workstation(n.Ana, &http.Client{Transport: c, Timeout: 10 * time.Second})
	s := n.Send("street", nil)
	id, err := w.Take(ctx, s.Deposit)
	ok(t, err)
	n.CodeCase(w, id, "extortion")
	ctx1, stop := context.WithCancel(ctx)
	*c = cut{at: 2, before: true, stop: stop}
	if err := w.Count(ctx1, id); err == nil {
		t.Fatal("nothing was cut")
	}
	*c = cut{}
	if k := find(t, w, id).Counted; k.Record == nil || !k.Record.CountMe || !k.Entry.IsZero() {
		t.Fatalf("not on its way: %+v", k)
	}
	s.Say(seal.Message{Withdraw: []string{review.CountMe}})
	ok(t, w.Sync(ctx, nil))
	if k := find(t, w, id).Counted; k.Record.N != 1 || k.Record.CountMe || k.Entry.IsZero() {
		t.Errorf("the case leaves %+v", k)
	}
	ok(t, n.mari.Sync(ctx, nil))
	if got := n.mari.Records(); len(got) != 2 || got[1].CountMe || len(n.mari.Figures().Problems) != 0 {
		t.Errorf("the figures have %+v", got)
	}
}
