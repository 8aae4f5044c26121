package bundle

import (
	"bytes"
	"context"
	"io"
)

// What the fuzz tests and those of hostile bundles reach.
var (
	Inert = inert
	Cell  = cell
)

// ManifestAgain parses a manifest and writes what was read.
func ManifestAgain(b []byte, payload bool) ([]byte, error) {
	list, err := parseManifest(b, payload)
	if err != nil {
		return nil, err
	}
	var out []item
	for _, l := range list {
		out = append(out, item{path: l.path, sum: l.sum})
	}
	return sums(out), nil
}

// RecordAgain does the same with a record.
func RecordAgain(b []byte) ([]byte, error) {
	var r Record
	if err := decode(b, &r); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return encode(r)
}

// VerifyZip is Verify of a zip file in memory. It reports the faults, and the
// names that were taken for files.
func VerifyZip(ctx context.Context, b []byte) (faults []Fault, names []string, err error) {
	s, err := zipSource(bytes.NewReader(b), int64(len(b)), io.NopCloser(nil).Close)
	if err != nil {
		return nil, nil, err
	}
	for n := range s.files {
		names = append(names, n)
	}
	c, err := verify(ctx, s, "")
	if err != nil {
		return nil, names, err
	}
	return c.Faults, names, nil
}
