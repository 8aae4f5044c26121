package review_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault/seal"
)

func TestMarksStaySealedAndAreKept(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	x := newPlace(t, o, o.Nino)
	w := x.open(true)
	sync(t, w)
	c := find(t, w, s.Deposit)
	if !w.Unread(c) {
		t.Error("a case that nobody opened is read")
	}
	w.Seen(c)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	if w.Unread(find(t, w, s.Deposit)) {
		t.Error("taking it makes it unread")
	}
	for _, bad := range []review.Search{{}, {Name: "x"}, {Name: " x", Query: "y"}, {Name: "x", Query: strings.Repeat("y", 500)}, {Name: "a\u202eb", Query: "y"}, {Name: strings.Repeat("x", 61), Query: "y"}} {
		if err := w.SaveSearch(bad); !errors.Is(err, review.ErrNotLegal) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	for _, good := range []review.Search{{Name: "pier cases", Query: "kestrel"}, {Name: "other", Query: "heron"}, {Name: "pier cases", Query: "bittern"}} {
		if err := w.SaveSearch(good); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.RemoveSearch("other"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	onlySealed(t, x.dir, "pier cases", "kestrel", "bittern", "heron")

	w = x.open(true)
	if got := w.Searches(); len(got) != 1 || got[0] != (review.Search{Name: "pier cases", Query: "bittern"}) {
		t.Errorf("saved are %+v", got)
	}
	if w.Unread(find(t, w, s.Deposit)) {
		t.Error("after its end the case is unread")
	}
	s.Say(seal.Message{Text: "PRACTICE: one more thing"})
	sync(t, w)
	if !w.Unread(find(t, w, s.Deposit)) {
		t.Error("a new message leaves the case read")
	}
	for range 50 {
		if err := w.SaveSearch(review.Search{Name: review.NewPersonKey(), Query: "y"}); err != nil {
			if !errors.Is(err, review.ErrNotLegal) {
				t.Error(err)
			}
		}
	}
	if n := len(w.Searches()); n != 40 {
		t.Errorf("%d are saved", n)
	}
	w.Close()

	path := filepath.Join(x.dir, "marks-"+o.Nino.ID()+".age")
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	w = x.open(false)
	if a := strings.Join(w.View().Alarms, " "); !strings.Contains(a, "saved searches") {
		t.Errorf("alarms %q", a)
	}
	if err := w.SaveSearch(review.Search{Name: "x", Query: "y"}); err == nil || errors.Is(err, review.ErrNotLegal) {
		t.Errorf("saving over what can't be read: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "damaged" {
		t.Errorf("the file was changed: %v", err)
	}
}

func FuzzMarks(f *testing.F) {
	f.Add([]byte(`{"v":1,"seen":{"` + strings.Repeat("ab", 32) + `":2},"searches":[{"name":"a","query":"b"}]}`))
	f.Add([]byte(`{"v":1,"seen":{"x":2}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := review.ParseMarks(b)
		if err != nil {
			return
		}
		if back, err := review.ParseMarks(again); err != nil || string(back) != string(again) {
			t.Errorf("%q is written as %q, and that as %q, %v", b, again, back, err)
		}
	})
}
