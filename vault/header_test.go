package vault_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"runtime"
	"strings"
	"testing"

	"peerwitness/vault"
)

const intro = "age-encryption.org/v1\n"

func b64(n int) string { return base64.RawStdEncoding.EncodeToString(fill(n, 0xa5)) }

func stanza() string { return "-> mlkem768x25519 " + b64(1120) + "\n" + b64(32) + "\n" }

func header(stanzas int) string {
	return intro + strings.Repeat(stanza(), stanzas) + "--- " + b64(32) + "\n"
}

// padded is the length of a payload that holds n bytes.
func padded(n int) int { return 16 + n + 16*((n+65535)/65536) }

func report(stanzas, plain int) []byte {
	return append([]byte(header(stanzas)), make([]byte, padded(plain))...)
}

func TestParseHeader(t *testing.T) {
	for _, n := range []int{1, 8, 16} {
		stanzas, payload, err := vault.ParseHeader(report(n, 32<<10))
		if stanzas != n || payload != padded(32<<10) || err != nil {
			t.Errorf("%d stanzas: %d, %d, %v", n, stanzas, payload, err)
		}
	}
	if n, payload, err := vault.ParseHeader([]byte(header(1))); n != 1 || payload != 0 || err != nil {
		t.Errorf("no payload: %d, %d, %v", n, payload, err)
	}
}

func TestParseHeaderRefuses(t *testing.T) {
	good := header(8)
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in a header", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	arg, body := b64(1120), b64(32)
	// Bits beyond the last byte are set: other bytes for the same value.
	loose := func(s string) string { return s[:len(s)-1] + string(s[len(s)-1]+1) }
	for name, h := range map[string]string{
		"nothing":              "",
		"text":                 "I was stopped by the police",
		"armor":                "-----BEGIN AGE ENCRYPTED FILE-----\n",
		"other version":        swap("org/v1", "org/v2"),
		"carriage returns":     strings.ReplaceAll(good, "\n", "\r\n"),
		"no stanzas":           header(0),
		"17 stanzas":           header(17),
		"classic":              swap("mlkem768x25519 "+arg, "X25519 "+body),
		"scrypt":               swap("mlkem768x25519 "+arg, "scrypt "+body+" 18"),
		"grease":               swap("mlkem768x25519 ", "x-grease "),
		"two arguments":        swap(arg, arg+" x"),
		"no argument":          swap(" "+arg, ""),
		"two spaces":           swap("-> ", "->  "),
		"long argument":        swap(arg, arg+"A"),
		"short argument":       swap(arg, arg[1:]),
		"padded argument":      swap(arg, arg[:len(arg)-1]+"="),
		"loose argument":       swap(arg, loose(arg)),
		"newline in argument":  swap(arg, arg[:10]+"\n"+arg[11:]),
		"return in argument":   swap(arg, arg[:10]+"\r"+arg[11:]),
		"url alphabet":         swap(arg, "-"+arg[1:]),
		"short body":           swap("\n"+body, "\n"+body[1:]),
		"long body":            swap("\n"+body, "\n"+body+"AAAA"),
		"loose body":           swap("\n"+body, "\n"+loose(body)),
		"empty line":           swap("\n"+body+"\n", "\n"+body+"\n\n"),
		"mac short":            swap("--- "+body, "--- "+body[1:]),
		"mac loose":            swap("--- "+body, "--- "+loose(body)),
		"mac gone":             swap("--- "+body, "---"),
		"mac without its line": strings.TrimSuffix(good, "\n"),
		"no mac":               intro + strings.Repeat(stanza(), 8),
	} {
		if n, _, err := vault.ParseHeader([]byte(h)); !errors.Is(err, vault.ErrMalformed) || n > 16 {
			t.Errorf("%s: %d stanzas, %v", name, n, err)
		}
	}
	for n := range good {
		if _, _, err := vault.ParseHeader([]byte(good[:n])); !errors.Is(err, vault.ErrMalformed) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func TestCheckReportLengths(t *testing.T) {
	for k := range 7 {
		if err := vault.CheckReport(report(8, 32<<10<<k), 8); err != nil {
			t.Errorf("32 KiB·2^%d: %v", k, err)
		}
	}
	for _, n := range []int{0, 1, 16 << 10, 32<<10 - 1, 32<<10 + 1, 96 << 10, 4 << 20} {
		if err := vault.CheckReport(report(8, n), 8); err == nil {
			t.Errorf("%d bytes: taken", n)
		}
	}
	if err := vault.CheckReport(append(report(8, 64<<10), make([]byte, 16)...), 8); !errors.Is(err, vault.ErrMalformed) {
		t.Errorf("an empty last chunk: %v", err)
	}
	if err := vault.CheckReport(report(16, 32<<10), 16); err != nil {
		t.Errorf("16 slots: %v", err)
	}
	if err := vault.CheckReport(report(16, 32<<10), 8); !errors.Is(err, vault.ErrMalformed) {
		t.Errorf("16 stanzas for 8 slots: %v", err)
	}
	if err := vault.CheckReport(report(8, 4<<20), 8); !errors.Is(err, vault.ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
}

func TestCheckByHand(t *testing.T) {
	for _, n := range []int{1, 5, 40 << 10, 64 << 10, 64<<10 + 1, 3 << 20} {
		if err := vault.CheckByHand(report(1, n)); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	empty := append([]byte(header(16)), make([]byte, 32)...)
	if err := vault.CheckByHand(empty); err != nil {
		t.Errorf("an empty file: %v", err)
	}
	for _, n := range []int{0, 15, 31, 16 + 65552 + 15, 16 + 65552 + 16} {
		b := append([]byte(header(1)), make([]byte, n)...)
		if err := vault.CheckByHand(b); !errors.Is(err, vault.ErrMalformed) {
			t.Errorf("payload of %d bytes: %v", n, err)
		}
	}
	if err := vault.CheckByHand([]byte("my story in plain words")); !errors.Is(err, vault.ErrMalformed) {
		t.Errorf("text: %v", err)
	}
	if err := vault.CheckByHand(report(1, 4<<20)); !errors.Is(err, vault.ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
}

func TestAttack03ReportsOfAnotherShapeAreRefusedInBoundedMemory(t *testing.T) {
	huge := intro + strings.Repeat(stanza(), 3<<20/len(stanza())) + "--- " + b64(32) + "\n"
	line := intro + "-> mlkem768x25519 " + strings.Repeat("A", 3<<20) + "\n"
	kind := strings.Replace(header(8), "mlkem768x25519", "piv-p256-pq0000", 1)
	for name, b := range map[string][]byte{
		"7 stanzas":              report(7, 32<<10),
		"9 stanzas":              report(9, 32<<10),
		"an unknown stanza type": append([]byte(kind), make([]byte, padded(32<<10))...),
		"a 3 MiB header":         []byte(huge),
		"a 3 MiB line":           []byte(line),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := vault.CheckReport(b, 8)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, vault.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
			t.Errorf("%s: %d bytes allocated to refuse it", name, n)
		}
	}
	if err := vault.CheckReport(report(8, 32<<10), 8); err != nil {
		t.Errorf("8 stanzas: %v", err)
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add(report(1, 1))
	f.Add(report(8, 32<<10))
	f.Add([]byte(header(0)))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, payload, err := vault.ParseHeader(b)
		if err != nil {
			if !errors.Is(err, vault.ErrMalformed) {
				t.Fatalf("refused without a name: %v", err)
			}
			return
		}
		h := b[:len(b)-payload]
		if n < 1 || n > 16 || len(h) != len(header(n)) || !bytes.HasSuffix(h, []byte("\n")) {
			t.Fatalf("%d stanzas in a header of %d bytes", n, len(h))
		}
	})
}

// The check of a header's lines takes exactly what the strict decoder takes.
func FuzzCanonicalBase64(f *testing.F) {
	for _, line := range []string{"", "A", "AA", "AB", "AAA", "AAB", "AAE", "AAAA", "AA==", "A-_A", "\nAAA", "AA\r\n", "+/+/", "\x80AAA", "AQ", "AAg"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		_, err := base64.RawStdEncoding.Strict().DecodeString(string(line))
		want := err == nil && !bytes.ContainsAny(line, "\r\n") // the decoder skips those
		if got := vault.CanonicalBase64(line); got != want {
			t.Errorf("%q: %v", line, got)
		}
	})
}
