package bundle

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"regexp"
	"strings"

	"peerwitness/vault"
)

// listed is one line of a manifest.
type listed struct {
	path string
	sum  vault.ID
}

var manifestLine = regexp.MustCompile(`^([0-9a-f]{64})  (\S+)$`)

// parseManifest reads a manifest in the one form that sums writes: sorted by
// path, no path twice, names such as we give. ErrNoBundle.
func parseManifest(b []byte, payload bool) ([]listed, error) {
	if len(b) > maxManifest || len(b) > 0 && b[len(b)-1] != '\n' {
		return nil, ErrNoBundle
	}
	var out []listed
	for l := range bytes.Lines(b) {
		m := manifestLine.FindSubmatch(bytes.TrimSuffix(l, []byte("\n")))
		if m == nil || len(out) == maxFiles {
			return nil, ErrNoBundle
		}
		path := string(m[2])
		sum, err := vault.ParseID(string(m[1]))
		if err != nil || !nameForm.MatchString(path) || strings.HasPrefix(path, "data/") != payload || len(out) > 0 && path <= out[len(out)-1].path {
			return nil, ErrNoBundle
		}
		out = append(out, listed{path, sum})
	}
	return out, nil
}

// summer hashes what is written to it.
type summer struct{ hash.Hash }

func newSum() summer { return summer{sha256.New()} }

func (s summer) id() vault.ID { return vault.ID(s.Sum(nil)) }
