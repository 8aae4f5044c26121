// Command seal writes testdata/vectors/seal: go run ./testdata/vectors/gen/seal [PART]…
// from the top of the tree. What is sealed is random, so every run changes those files; the rest
// comes out the same. testdata/vectors/README.md says what each file holds.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

const dir = "testdata/vectors/seal"

var parts = []struct {
	name  string
	write func()
}{
	{"hash", hashes}, {"keys", keys}, {"receipts", receipts}, {"padding", padding}, {"reports", reports}, {"follow-ups", followUps},
	{"sealed", sealed}, {"attachments", attachments}, {"journal", journal}, {"replies", replies},
}

func main() {
	for _, sub := range []string{"sealed", "attachments", "replies"} {
		check(os.MkdirAll(filepath.Join(dir, sub), 0o755))
	}
	for _, p := range parts {
		if len(os.Args) == 1 || slices.Contains(os.Args[1:], p.name) {
			p.write()
		}
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

// write writes an index file.
func write(name string, v any) {
	b := must(json.MarshalIndent(v, "", " "))
	check(os.WriteFile(filepath.Join(dir, name), append(b, '\n'), 0o644))
}

func writeBytes(name string, b []byte) { check(os.WriteFile(filepath.Join(dir, name), b, 0o644)) }

// seed is a fixed 32-byte seed; nothing sealed for real is sealed to it.
func seed(n byte) (s [32]byte) {
	for i := range s {
		s[i] = n
	}
	return s
}

func hashes() {
	type lp struct {
		Name   string   `json:"name"`
		Tag    string   `json:"tag"`
		Fields []string `json:"fields"`
		LP     string   `json:"lp"`
		SHA256 string   `json:"sha256"`
	}
	var lps []lp
	add := func(name, tag string, fields ...[]byte) {
		c := lp{Name: name, Tag: tag, Fields: []string{}}
		for _, f := range fields {
			c.Fields = append(c.Fields, hex.EncodeToString(f))
		}
		b := vault.LP(tag, fields...)
		c.LP, c.SHA256 = hex.EncodeToString(b), vault.Sum(b).String()
		lps = append(lps, c)
	}
	add("tag alone", "peerwitness/test/v1")
	add("one empty field", "peerwitness/test/v1", nil)
	add("a b", "peerwitness/test/v1", []byte("a"), []byte("b"))
	add("ab and nothing", "peerwitness/test/v1", []byte("ab"), nil)
	add("text in Burmese", "peerwitness/test/v1", []byte("မြန်မာ"))
	add("numbers", "peerwitness/test/v1", vault.U32(202611), vault.U64(1<<53+1))
	add("deposit", "peerwitness/deposit/v1", []byte("street"), []byte("age-encryption.org/v1\n"))

	type thread struct {
		Key string `json:"key"`
		ID  string `json:"id"`
	}
	var threads []thread
	for n := range byte(3) {
		s := seed(n)
		threads = append(threads, thread{hex.EncodeToString(s[:]), seal.ThreadID(s[:])})
	}
	write("hash.json", map[string]any{"lp": lps, "threads": threads})
}

func padding() {
	type size struct {
		JSON   int `json:"json"`
		Padded int `json:"padded"`
	}
	var sizes []size
	for _, n := range []int{0, 1, 10, 9000, 32764, 32765, 65532, 65533, 1<<20 - 4, 1<<20 - 3, 2<<20 - 4} {
		padded := 32 << 10
		for padded < n+4 {
			padded *= 2
		}
		sizes = append(sizes, size{n, padded})
	}
	// What to build: size bytes of zero, u32(length) at the start, and where
	// nonzero is not -1 the byte 01 there.
	type unpad struct {
		Name    string `json:"name"`
		Size    int    `json:"size"`
		Length  uint32 `json:"length"`
		Nonzero int    `json:"nonzero"`
		OK      bool   `json:"ok"`
	}
	write("padding.json", map[string]any{"sizes": sizes, "too_large": []int{2<<20 - 3, 4 << 20}, "unpad": []unpad{
		{"empty text", 32768, 0, -1, true},
		{"full", 32768, 32764, -1, true},
		{"last byte of the text is not padding", 32768, 100, 103, true},
		{"larger than it need be", 131072, 10, -1, true},
		{"largest", 2 << 20, 5, -1, true},
		{"length one too many", 32768, 32765, -1, false},
		{"length of 4 GiB", 32768, 1<<32 - 1, -1, false},
		{"first byte of padding not zero", 32768, 100, 104, false},
		{"last byte of padding not zero", 32768, 100, 32767, false},
		{"no bytes", 0, 0, -1, false},
		{"three bytes", 3, 0, -1, false},
		{"half the least size", 16384, 0, -1, false},
		{"one byte short", 32767, 0, -1, false},
		{"three times 32 KiB", 98304, 0, -1, false},
		{"over the largest", 4 << 20, 0, -1, false},
	}})
	type padme struct {
		Length int64 `json:"length"`
		Padded int64 `json:"padded"`
	}
	var ps []padme
	for _, n := range []int64{2, 3, 7, 8, 9, 10, 15, 16, 17, 100, 1000, 1023, 1024, 1025, 65544, 99999, 1 << 20, 1<<20 + 1, 10_000_008, 100<<20 + 8} {
		ps = append(ps, padme{n, seal.Padme(n)})
	}
	write("padme.json", ps)
}

func receipts() {
	type accepted struct {
		Entropy        string   `json:"entropy"`
		EN             []string `json:"en"`
		FR             []string `json:"fr"`
		ES             []string `json:"es"`
		PT             []string `json:"pt"`
		Digits         string   `json:"digits"`
		ReplyIdentity  string   `json:"reply_identity"`
		ReplyRecipient string   `json:"reply_recipient"`
		ThreadPublic   string   `json:"thread_public"`
		ThreadID       string   `json:"thread_id"`
		Bucket         string   `json:"bucket"`
	}
	type typed struct {
		Name    string `json:"name"`
		Text    string `json:"text"`
		Lang    string `json:"lang"`
		Entropy string `json:"entropy,omitempty"`
	}
	var good []accepted
	for _, s := range []string{"00000000000000000000000000000000", "ffffffffffffffffffffffffffffffff",
		"000102030405060708090a0b0c0d0e0f", "7f3a9c01d2e4b5860718293a4b5c6d7e"} {
		r := entropy(s)
		t := r.Thread()
		good = append(good, accepted{s, must(r.Words("en")), must(r.Words("fr")), must(r.Words("es")), must(r.Words("pt")), r.Digits(),
			r.ReplyIdentity().Reveal(), t.Reply, t.Key, t.ID, t.Bucket})
	}
	g := good[3]
	en, fr := strings.Join(g.EN, " "), strings.Join(g.FR, " ")
	plain := strings.NewReplacer("\u0301", "", "\u0300", "").Replace(fr)
	accented := good[slices.IndexFunc(good, func(a accepted) bool { return strings.ContainsRune(strings.Join(a.ES, ""), '\u0301') })]
	composed := strings.NewReplacer("e\u0301", "é", "e\u0300", "è").Replace(fr)
	ways := []typed{
		{"upper case", strings.ToUpper(en), "en", g.Entropy},
		{"spaces and line ends", "  " + strings.Join(g.EN, " \n\t ") + "\n", "en", g.Entropy},
		{"commas", strings.Join(g.EN, ", "), "en", g.Entropy},
		{"as shown", fr, "fr", g.Entropy},
		{"composed accents", composed, "fr", g.Entropy},
		{"upper case, composed accents", strings.ToUpper(composed), "fr", g.Entropy},
		{"without accents", plain, "fr", g.Entropy},
		{"upper case, without accents", strings.ToUpper(plain), "fr", g.Entropy},
		{"Spanish, composed accents", norm.NFC.String(strings.Join(accented.ES, " ")), "es", accented.Entropy},
		{"Portuguese", strings.Join(g.PT, " "), "pt", g.Entropy},
		{"Arabic digits and commas", strings.ReplaceAll(digitsIn('٠', g.Digits), " ", "، "), "ar", g.Entropy},
		{"Persian digits", digitsIn('۰', g.Digits), "prs", g.Entropy},
		{"Burmese digits and signs", strings.ReplaceAll(digitsIn('၀', g.Digits), " ", "၊"), "my", g.Entropy},
		{"digits", g.Digits, "en", g.Entropy},
		{"digits, no list for the language", g.Digits, "my", g.Entropy},
		{"digits without spaces", strings.ReplaceAll(g.Digits, " ", ""), "en", g.Entropy},
		{"digits with hyphens", strings.ReplaceAll(g.Digits, " ", "-"), "en", g.Entropy},
	}
	wrongDigit := "0" + g.Digits[1:]
	if wrongDigit == g.Digits {
		wrongDigit = "1" + g.Digits[1:]
	}
	lastDigit := g.Digits[:46] + string('0'+(g.Digits[46]-'0'+1)%10)
	bad := []typed{
		{"nothing", "", "en", ""},
		{"eleven words", strings.Join(g.EN[:11], " "), "en", ""},
		{"thirteen words", en + " zoo", "en", ""},
		{"a word that is not on the list", strings.Join(g.EN[:11], " ") + " peerwitness", "en", ""},
		{"check of the words", strings.TrimSpace(strings.Repeat("abandon ", 12)), "en", ""},
		{"two words changed round", strings.Join(append([]string{g.EN[1], g.EN[0]}, g.EN[2:]...), " "), "en", ""},
		{"words of the other language", en, "fr", ""},
		{"language without a list", en, "my", ""},
		{"a wrong digit", wrongDigit, "en", ""},
		{"a wrong last digit", lastDigit, "en", ""},
		{"39 digits", strings.ReplaceAll(g.Digits, " ", "")[:39], "en", ""},
		{"41 digits", strings.ReplaceAll(g.Digits, " ", "") + "0", "en", ""},
		{"over 132 bits", strings.Repeat("9", 40), "en", ""},
		{"a letter among digits", "x" + g.Digits[1:], "en", ""},
	}
	write("receipts.json", map[string]any{"receipts": good, "typed": ways, "refused": bad})
}

// digitsIn writes the digits of s with those that follow another zero.
func digitsIn(zero rune, s string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return zero + c - '0'
		}
		return c
	}, s)
}

func entropy(s string) seal.Receipt { return seal.Receipt(must(hex.DecodeString(s))) }

func readVector(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
