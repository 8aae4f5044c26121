package intake

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"unicode"

	"peerwitness/vault"
)

// formPart is one part of a form; its content lies in the form's own bytes.
type formPart struct {
	name    string
	content []byte
}

const (
	headerKey     = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"
	maxPartHeader = 1 << 10
	maxBoundary   = 70
)

// splitForm takes a multipart/form-data body apart where it lies: reading a
// report through mime/multipart costs more than hashing it. It is stricter: no
// text before the first part or after the last, no folded header, nothing but
// form-data, and what looks like the boundary in a content refuses the form.
// What it accepts, mime/multipart reads the same way. vault.ErrMalformed.
func splitForm(body []byte, boundary string) ([]formPart, error) {
	bad := func(why string) ([]formPart, error) { return nil, fmt.Errorf("%w: form: %s", vault.ErrMalformed, why) }
	mark := []byte("\r\n--" + boundary)
	rest, ok := bytes.CutPrefix(body, mark[2:])
	if !ok {
		return bad("does not begin with its boundary")
	}
	var parts []formPart
	for {
		if end, ok := bytes.CutPrefix(rest, []byte("--")); ok {
			if len(end) > 0 && string(end) != "\r\n" {
				return bad("something follows the end")
			}
			return parts, nil
		}
		if len(parts) == maxParts {
			return bad("too many parts")
		}
		if rest, ok = bytes.CutPrefix(rest, mark[:2]); !ok {
			return bad("broken boundary")
		}
		at := bytes.Index(rest[:min(len(rest), maxPartHeader)], []byte("\r\n\r\n"))
		if at < 0 {
			return bad("a part's header is cut short or too long")
		}
		name, ok := partName(string(rest[:at]))
		if !ok {
			return bad("a part's header")
		}
		rest = rest[at+2:] // an empty content's boundary begins with the header's last end of line
		end := bytes.Index(rest, mark)
		if end < 0 {
			return bad("cut short")
		}
		parts = append(parts, formPart{name, rest[min(2, end):end]})
		rest = rest[end+len(mark):]
	}
}

// partName reads a part's header, which must name it once.
func partName(header string) (name string, ok bool) {
	for line := range strings.SplitSeq(header, "\r\n") {
		key, value, found := strings.Cut(line, ":")
		if !found || key == "" || strings.Trim(key, headerKey) != "" || strings.ContainsFunc(value, unicode.IsControl) {
			return "", false
		}
		if !strings.EqualFold(key, "Content-Disposition") {
			continue
		}
		kind, params, err := mime.ParseMediaType(strings.TrimSpace(value))
		if ok || err != nil || kind != "form-data" || params["name"] == "" {
			return "", false
		}
		name, ok = params["name"], true
	}
	return name, ok
}
