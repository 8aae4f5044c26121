package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"peerwitness/review/bundle/bundletest"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// sheetCmd is `sheet OUT DESK PASSFILE KEY…`: it certifies the keys as their
// owners would, and writes the desk's sheet as a server would serve it.
func sheetCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: sheet OUT DESK PASSFILE KEY...")
	}
	pass, err := passphraseFile(ts.MkAbs(args[2]))
	ts.Check(err)
	s := roster.Sheet{Desk: args[1], Revocations: []json.RawMessage{}}
	for _, file := range args[3:] {
		cert, err := certifyFile(ts.MkAbs(file), pass)
		ts.Check(err)
		s.Certificates = append(s.Certificates, cert)
	}
	b, err := json.Marshal(s)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// certifyFile gives a key file its current intake key and returns the certificate.
func certifyFile(file, pass string) ([]byte, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	k, err := seal.OpenKeyFile(b, pass)
	if err != nil {
		return nil, err
	}
	cert, fresh, err := currentCertificate(&k, time.Now())
	if err != nil {
		return nil, err
	}
	if fresh {
		if b, err = seal.SealKeyFile(k, pass, keyWork); err != nil {
			return nil, err
		}
		if err := replace(file, b); err != nil {
			return nil, err
		}
	}
	return json.Marshal(cert)
}

// modeCmd is `mode 0600 FILE…`.
func modeCmd(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, file := range args[1:] {
		info, err := os.Stat(ts.MkAbs(file))
		ts.Check(err)
		if (uint64(info.Mode().Perm()) == want) == neg {
			ts.Fatalf("%s has mode %o", file, info.Mode().Perm())
		}
	}
}

// bundleCmd is `bundle FILE [PART…]`: it makes an invented case's bundle, of
// everything or without parts.
func bundleCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: bundle FILE [PART...]")
	}
	c := bundletest.New(scriptT{ts: ts})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), c.Zip(args[1:]...), 0o644))
}

// unpackCmd is `unpack FILE FOLDER`.
func unpackCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unpack FILE FOLDER")
	}
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	bundletest.Unpack(scriptT{ts: ts}, b, ts.MkAbs(args[1]))
}

// scriptT lets helpers of tests fail a script.
type scriptT struct {
	testing.TB
	ts *testscript.TestScript
}

func (t scriptT) Helper()           {}
func (t scriptT) Fatal(args ...any) { t.ts.Fatalf("%s", fmt.Sprint(args...)) }

// editCmd is `edit FILE FROM TO`: the first FROM in the file becomes TO.
func editCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE FROM TO")
	}
	file := ts.MkAbs(args[0])
	b, err := os.ReadFile(file)
	ts.Check(err)
	if !bytes.Contains(b, []byte(args[1])) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(file, []byte(strings.Replace(string(b), args[1], args[2], 1)), 0o644))
}
