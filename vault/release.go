package vault

import (
	"encoding/json"
	"fmt"
	"regexp"
)

const (
	tagReleaseBody      = "peerwitness/figures/v1"
	tagReleaseStatement = "peerwitness/release-body/v1"
)

// Limits on a release's body.
const (
	MaxReleaseFiles      = 15
	MaxReleaseSignatures = 4 << 10 // bytes of their JSON
)

// ReleaseJSON is the name of a release's first file, from which the others follow.
const ReleaseJSON = "release.json"

var releaseFileName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// ReleaseFile is one file of a release.
type ReleaseFile struct {
	Name string // [a-z0-9][a-z0-9._-]{0,63}, once in a release
	Body []byte
}

// PackRelease makes a release's body of its files, release.json first, and the
// JSON of its signatures. ErrMalformed, ErrTooLarge.
func PackRelease(signatures []byte, files []ReleaseFile) ([]byte, error) {
	fields := [][]byte{signatures}
	for _, f := range files {
		fields = append(fields, []byte(f.Name), f.Body)
	}
	body := LP(tagReleaseBody, fields...)
	if _, _, err := UnpackRelease(body); err != nil {
		return nil, fmt.Errorf("packing release: %w", err)
	}
	return body, nil
}

// UnpackRelease takes a release's body apart without reading what is in it. The
// parts alias body, and packing them gives body again. ErrMalformed, ErrTooLarge.
func UnpackRelease(body []byte) (signatures []byte, files []ReleaseFile, err error) {
	if len(body) > MaxRelease {
		return nil, nil, fmt.Errorf("unpacking release: %w: over %d bytes", ErrTooLarge, MaxRelease)
	}
	c, _ := cut(body, tagReleaseBody)
	signatures = c.bytes("signatures of a release", 1, MaxReleaseSignatures)
	seen := map[string]bool{}
	for c.err == nil && len(c.b) > 0 {
		f := ReleaseFile{Name: string(c.field()), Body: c.field()}
		c.hold(releaseFileName.MatchString(f.Name) && !seen[f.Name], "a release's file of a bad name, or of one that it has")
		c.hold(len(files) > 0 || f.Name == ReleaseJSON, "a release that does not begin with "+ReleaseJSON)
		c.hold(len(files) < MaxReleaseFiles, "a release of too many files")
		seen[f.Name], files = true, append(files, f)
	}
	c.hold(len(files) > 0, "a release without files")
	if err := c.end(); err != nil {
		return nil, nil, fmt.Errorf("unpacking release: %w", err)
	}
	return signatures, files, nil
}

// ReleaseStatement is what people sign of a release: every file, by name and
// hash, in order.
func ReleaseStatement(files []ReleaseFile) []byte {
	var fields [][]byte
	for _, f := range files {
		sum := Sum(f.Body)
		fields = append(fields, []byte(f.Name), sum[:])
	}
	return LP(tagReleaseStatement, fields...)
}

// ReleaseGlance is what a release says of itself, as far as a list of releases
// shows it. Nothing of it is checked: that takes the whole of review/figures.
type ReleaseGlance struct {
	Organisation string `json:"organisation"`
	Programme    struct {
		ID    string `json:"id"`
		Every string `json:"every"` // month, quarter, half-year or year
	} `json:"programme"`
	Period   string            `json:"period"`
	Ledger   string            `json:"ledger"`   // hex
	Former   string            `json:"former"`   // hex id of the release before, empty for the first
	Headline map[string]string `json:"headline"` // by language
}

// GlanceRelease reads what a release's body says of itself. ErrMalformed, ErrTooLarge.
func GlanceRelease(body []byte) (ReleaseGlance, error) {
	_, files, err := UnpackRelease(body)
	if err != nil {
		return ReleaseGlance{}, err
	}
	var g ReleaseGlance
	if json.Unmarshal(files[0].Body, &g) != nil {
		return ReleaseGlance{}, fmt.Errorf("reading release: %w: %s", ErrMalformed, ReleaseJSON)
	}
	return g, nil
}

// Follows reports whether the release says that it follows former, the zero ID
// for none.
func (g ReleaseGlance) Follows(former ID) bool {
	if former.IsZero() {
		return g.Former == ""
	}
	return g.Former == former.String()
}
