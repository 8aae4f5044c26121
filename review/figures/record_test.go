package figures_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"peerwitness/review/figures"
)

func TestRecordHasOneSpelling(t *testing.T) {
	for _, r := range draw(t, 50, 3, frozen) {
		b, err := r.JSON()
		must(t, err)
		again, err := figures.ParseRecord(b)
		must(t, err)
		c, err := again.JSON()
		must(t, err)
		if string(b) != string(c) {
			t.Fatalf("%s became %s", b, c)
		}
	}
}

func TestRecordRefuses(t *testing.T) {
	good := draw(t, 8, 3, frozen)[7]
	b, err := good.JSON()
	must(t, err)
	for _, c := range [][2]string{
		{`"v":1`, `"v":2`}, {`"v":1`, `"v": 1`}, {`{"v":1,`, `{`}, {`"n":0`, `"n":-1`}, {`"n":0`, `"n":0,"note":"x"`}, {`"n":0,`, ``},
		{`"day":"2026-03-01"`, `"day":"2026-03-02"`}, {`2026-03-01","frozen":"2026-03-01`, `2026-02-30","frozen":"2026-02-30`},
		{`"practice":false`, `"practice":"false"`}, {`"region":"`, `"region":"-`}, {`"group":"`, `"group":"Ü`}, {`"act":"`, `"act":"","x":"`},
		{`"people":[`, `"people":["00",`}, {`"people":[`, `"people":["` + good.People[1] + `",`}, {`"populations":[`, `"populations":["zz",`},
		{`"services":[`, `"services":[{"service":"zz","outcome":"full"},`}, {`"services":[`, `"services":[{},`}, {`"key":"`, `"key":"0`}, {`"key"`, `"Key"`},
	} {
		bad := strings.Replace(string(b), c[0], c[1], 1)
		if bad == string(b) {
			t.Fatalf("%s: nothing changed", c[0])
		}
		_, err := figures.ParseRecord([]byte(bad))
		if !errors.Is(err, figures.ErrShape) {
			t.Errorf("%s → %s: %v", c[0], c[1], err)
		} else if strings.Contains(err.Error(), good.Key.Reveal()) || strings.Contains(err.Error(), good.People[0]) {
			t.Errorf("the error quotes the record: %v", err)
		}
	}
	for _, list := range []string{"people", "populations", "services"} {
		i := strings.Index(string(b), `"`+list+`":[`) + len(list) + 3
		j := i + strings.IndexByte(string(b[i:]), ']') + 1
		if _, err := figures.ParseRecord([]byte(string(b[:i]) + "null" + string(b[j:]))); !errors.Is(err, figures.ErrShape) {
			t.Errorf("%s null: %v", list, err)
		}
	}
	long := good
	for i := range 65 {
		long.People = append(long.People, fmt.Sprintf("%032x", i))
	}
	long = long.Tidy()
	if _, err := long.JSON(); !errors.Is(err, figures.ErrShape) {
		t.Errorf("67 people: %v", err)
	}
}

func TestKeysStayOutOfLogs(t *testing.T) {
	k := figures.NewKey()
	if k == figures.NewKey() {
		t.Error("two fresh keys are one")
	}
	if s := fmt.Sprintf("%v %s %+v", k, k, figures.Ref{Key: k}); strings.Contains(s, k.Reveal()[:8]) {
		t.Errorf("printed: %s", s)
	}
	again, err := figures.ParseKey(k.Reveal())
	if err != nil || again != k {
		t.Errorf("read again: %v", err)
	}
	for _, s := range []string{"", "00", strings.ToUpper(k.Reveal()) + "A", k.Reveal() + "00", strings.Repeat("x", 64)} {
		if _, err := figures.ParseKey(s); !errors.Is(err, figures.ErrShape) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	for _, r := range draw(f, 4, 3, frozen) {
		b, err := r.JSON()
		must(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := figures.ParseRecord(b)
		if err != nil {
			return
		}
		again, err := r.JSON()
		if err != nil || string(again) != string(b) {
			t.Errorf("%q came back as %q, %v", b, again, err)
		}
	})
}

func FuzzParseProgramme(f *testing.F) {
	b, err := testProgramme(f).JSON()
	must(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := figures.ParseProgramme(b)
		if err != nil {
			return
		}
		again, err := p.JSON()
		if err != nil || string(again) != string(b) {
			t.Errorf("%q came back as %q, %v", b, again, err)
		}
	})
}

func FuzzParseEntry(f *testing.F) {
	b, err := newWorld(f, nil).in.Ledger[0].JSON()
	must(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := figures.ParseEntry(b)
		if err != nil {
			return
		}
		again, err := e.JSON()
		if err != nil || string(again) != string(b) {
			t.Errorf("%q came back as %q, %v", b, again, err)
		}
	})
}

func FuzzParseBatch(f *testing.F) {
	b, err := newWorld(f, draw(f, 20, 1, frozen)).b.JSON()
	must(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := figures.ParseBatch(b)
		if err != nil {
			return
		}
		again, err := p.JSON()
		if err != nil || string(again) != string(b) {
			t.Errorf("%q came back as %q, %v", b, again, err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	body := newWorld(f, draw(f, 20, 1, frozen)).in.Body
	f.Add(body)
	f.Add(body[:len(body)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		_, files, sigs, err := figures.Open(b)
		if err != nil {
			return
		}
		if again := figures.Repack(files, sigs); string(again) != string(b) {
			t.Error("came back as other bytes")
		}
	})
}
