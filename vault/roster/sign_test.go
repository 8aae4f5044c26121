package roster_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

func TestRootCeremony(t *testing.T) {
	var signers []string
	r := first(t)
	r.Roots = nil
	for _, name := range []string{"medium-1", "medium-2", "example.org/medium-3"} {
		signer, verifier, err := roster.NewRoot(name)
		if err != nil {
			t.Fatal(err)
		}
		signers, r.Roots = append(signers, signer), append(r.Roots, verifier)
	}
	n, err := roster.Compose(r)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range signers {
		if n, err = roster.Sign(n, s); err != nil {
			t.Fatal(err)
		}
		got, err := roster.Parse(n)
		if enough := i >= 1; enough != (err == nil) || !enough && !errors.Is(err, roster.ErrThreshold) {
			t.Errorf("after %d signatures: %v, %v", i+1, got, err)
		}
	}
	again, err := roster.Sign(n, signers[2])
	if err != nil || !bytes.Equal(again, n) {
		t.Errorf("signing a second time changes the note: %v", err)
	}
	again, err = roster.Sign(n, signers[0])
	if err != nil || bytes.Count(again, []byte("\n— ")) != 3 {
		t.Errorf("signing a second time doesn't replace the first: %v", err)
	}
}

// A held root that is no root of the new roster signs it all the same.
func TestSignByHeldRoot(t *testing.T) {
	n, err := roster.Sign(read(t, "third-rotated.note"), rootB)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := roster.Adopt(parse(t, "second.note"), n, "", date(t, "2026-11-23")); err != nil {
		t.Error(err)
	}
}

func TestNewRootNames(t *testing.T) {
	for _, name := range []string{"", "a b", "a+b", "é", "a\n", strings.Repeat("x", 81)} {
		if _, _, err := roster.NewRoot(name); err == nil {
			t.Errorf("a root key named %q", name)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	text := textOf(t, read(t, "first.note"))
	odd, _, err := note.GenerateKey(nil, "zoé")
	if err != nil {
		t.Fatal(err)
	}
	for name, signer := range map[string]string{"empty": "", "verifier": first(t).Roots[0], "cut": rootA[:len(rootA)-3], "name": odd} {
		_, err := roster.Sign(text, signer)
		if err == nil {
			t.Errorf("%s: signed", name)
		} else if len(signer) > 20 && strings.Contains(err.Error(), signer[20:]) {
			t.Errorf("%s: the error quotes the key: %v", name, err)
		}
	}
	large := bytes.Replace(text, []byte(`"threshold"`), []byte(`"later":"`+strings.Repeat("x", vault.MaxNote-len(text)-20)+`","threshold"`), 1)
	if len(large) > vault.MaxNote {
		t.Fatal("the text alone is over the limit")
	}
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"nothing":         {nil, roster.ErrShape},
		"another format":  {[]byte("peerwitness/roster/v2\n{}\n"), roster.ErrShape},
		"one line":        {[]byte("peerwitness/roster/v1\n"), roster.ErrShape},
		"empty roster":    {[]byte("peerwitness/roster/v1\n{}\n"), roster.ErrShape},
		"white space":     {bytes.Replace(text, []byte(`:1,`), []byte(`: 1,`), 1), roster.ErrShape},
		"third line":      {append(bytes.Clone(text), "x\n"...), roster.ErrShape},
		"no signatures":   {append(bytes.Clone(text), '\n'), roster.ErrShape},
		"classic":         {textOf(t, read(t, "recipient-classic.note")), roster.ErrShape},
		"spoilt":          {read(t, "spoilt-signature.note"), roster.ErrSignatures},
		"changed":         {read(t, "changed-after-signing.note"), roster.ErrSignatures},
		"full to the rim": {large, roster.ErrShape},
	} {
		if _, err := roster.Sign(c.in, rootA); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
