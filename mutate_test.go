//go:build mutate

package peerwitness_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mutation switches off what keeps an attack from succeeding. The attack's named
// test must fail then: a test that can't fail holds nothing. `make mutate`.
type mutation struct {
	attack, what   string
	file, old, new string // old occurs exactly once in file
	pkg, test      string
}

var mutations = []mutation{
	{"01", "a recipient of any kind is taken", "vault/roster/recipient.go",
		"func CheckRecipient(s string) error {\n", "func CheckRecipient(s string) error {\n\treturn nil\n", "./vault/roster", "TestAttack01"},
	{"02", "sealing to nobody is no error", "vault/seal/identity.go",
		"\tif len(texts) == 0 {\n\t\treturn nil, ErrNoRecipients\n\t}\n", "", "./vault/seal", "TestAttack02"},
	{"03", "any number of stanzas is taken", "vault/header.go", "if n != slots {", "if n > maxStanzas {", "./intake", "TestAttack03HostileHeaders"},
	{"04", "a point of low order is tried", "vault/seal/header.go",
		"|| lowOrder(enc[len(enc)-x25519Size:])", "", "./vault/seal", "TestAttack04"},
	{"07", "a nonce counts as often as it comes", "vault/access/signin.go",
		"return ok && s.nonces.use(nonce, now)", "return ok", "./vault/access", "TestAttack07"},
	{"08", "a step of the second factor counts again", "vault/bolt_accounts.go", "if step <= a.LastStep {", "if step < a.LastStep {", "./vault/access", "TestAttack08"},
	{"10", "a grant's signature is not looked at", "vault/seal/grant.go",
		"!ed25519.Verify(key, b.statement(g.Journal, sum, vault.Sum(sealed)), sig)", "len(sig) == 0", "./vault/seal", "TestAttack10"},
	{"11", "an entry opens at whatever place it stands", "vault/seal/entry.go",
		"case b.Journal != e.Journal.String(), b.Epoch != e.Epoch, b.Seq != e.Seq, b.Prev != e.Prev.String():", "case false:", "./vault/seal", "TestAttack11"},
	{"12", "a feed may be shorter than it was", "vault/access/sync.go", "case head.Pos < held.Pos:", "case false:", "./vault/access", "TestAttack12"},
	{"12", "whoever works on cases may erase any", "review/erasure.go",
		"if !has[s.By] && (whole || out || !w.atDesks(s.By, e.Deposits, at)) {", "if false {", "./review", "TestAttack12ForgedErasure"},
	{"31", "an entry of what was erased is taken as a repeat", "vault/bolt_journals.go",
		"if it.kind == KindAppend && t.get(bErased, erasedKey('j', it.append.Entry.Journal)) != nil {", "if false {", "./review", "TestAttack31"},
	{"13", "each signature counts, whoever's it is", "vault/roster/note.go", "return len(signed), nil", "return len(sigs), nil", "./vault/roster", "TestAttack13"},
	{"16", "an answer's signature is not looked at", "vault/seal/reply.go",
		"!ed25519.Verify(pub, vault.LP(tagReplyBody, []byte(env.Body)), sig)", "len(sig) == 0", "./vault/seal", "TestAttack16"},
	{"19", "the server's own log writes what net/http says", "cmd/peerwitnessd/log.go",
		"return log.New(httpLog{l}, \"\", 0)", "return log.New(l.w, \"\", 0)", "./cmd/peerwitnessd", "TestAttack19"},
	{"24", "the pages answer to any name", "review/ui/guard.go", "if r.Host != s.cfg.Addr {", "if false {", "./review/ui", "TestAttack24"},
	{"25", "a challenge may be anybody's making", "intake/work.go", "|| !hmac.Equal(b[9:], f.mac(id, b[:9]))", "", "./intake", "TestAttack25Flood"},
	{"26", "an append needs not follow the head", "vault/bolt_apply.go",
		"if known && (e.Seq != head.Seq+1 || e.Prev != head.Entry) || !known && e.Seq != 0 {", "if known && false {", "./review", "TestAttack26"},
	{"31", "what is missing at a restored server is not looked for", "review/putback.go", "case !there && !refused[r.ID]:", "case false:", "./review", "TestAttack31"},
	{"33", "anybody who holds a case's key may do everything to it", "review/rules.go", "if !m.has(m.by, r.who) {", "if false {", "./review", "TestAttack33"},
}

func TestMutations(t *testing.T) {
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	caught := 0
	for _, m := range mutations {
		began := time.Now()
		b, err := os.ReadFile(m.file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(b), m.old); n != 1 {
			t.Errorf("attack %s: what is to be switched off occurs %d times in %s", m.attack, n, m.file)
			continue
		}
		dir := t.TempDir()
		changed := filepath.Join(dir, "changed.go")
		overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, m.file): changed}})
		if err != nil {
			t.Fatal(err)
		}
		for file, content := range map[string][]byte{changed: []byte(strings.Replace(string(b), m.old, m.new, 1)), filepath.Join(dir, "overlay.json"): overlay} {
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		run := func(flags string) (string, error) {
			cmd := exec.Command("go", "test", "-count=1", "-run", "^"+m.test, m.pkg)
			// By the environment, since some tests build the programs that they start.
			cmd.Env = append(os.Environ(), "GOFLAGS="+flags)
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		if out, err := run(""); err != nil || !strings.Contains(out, "ok ") || strings.Contains(out, "no tests to run") {
			t.Errorf("attack %s: %s in %s does not pass as things are:\n%s", m.attack, m.test, m.pkg, out)
			continue
		}
		out, err := run("-overlay=" + filepath.Join(dir, "overlay.json"))
		switch {
		case err == nil:
			t.Errorf("attack %s: NOT CAUGHT by %s in %s: %s", m.attack, m.test, m.pkg, m.what)
		case !strings.Contains(out, "--- FAIL: "+m.test):
			t.Errorf("attack %s: it did not come to the test:\n%s", m.attack, out)
		default:
			caught++
			t.Logf("attack %s: caught in %.0f s: %s", m.attack, time.Since(began).Seconds(), m.what)
		}
	}
	t.Logf("%d of %d caught", caught, len(mutations))
}
