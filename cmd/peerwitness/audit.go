package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"

	"peerwitness/intake"
	"peerwitness/intake/app"
	"peerwitness/vault"
)

var auditSite = command{
	name:  "audit-site",
	short: "compare a server's app, file by file, with the one in this program",
	usage: `Usage: peerwitness audit-site [--root FINGERPRINT] URL

Fetches the page that phones get from a server, every file of the app, and
every further file that the served page or its scripts name, and compares each
byte with the app in this program, which anybody can build from the sources.
It also compares the rules that the page is sent with, and the pages for who
seals by hand, without a script, with what this program makes of the list of
people that the server hands out.

  --root FINGERPRINT  whose list that has to be, from the organisation's paper

It asks as an ordinary browser does. A server can still show you one page and
somebody else another: ask from several places, at odd times, and through Tor.

It ends with 0 when everything is the same, and with 1 when something differs,
is missing, or is there besides.

Example:
  peerwitness audit-site https://reports.example
`,
	flags: func(set *flag.FlagSet) func(context.Context, *env) error {
		root := set.String("root", "", "")
		return func(ctx context.Context, e *env) error {
			if len(e.args) != 1 {
				return misuse("audit-site", "name one server's address")
			}
			a, err := publicServer(strings.TrimRight(e.args[0], "/"))
			if err != nil {
				return misuse("audit-site", "%w", err)
			}
			dist, err := fs.Sub(app.Files, "dist")
			if err != nil {
				return err
			}
			return audit(ctx, e, a, dist, *root)
		}
	},
}

var errDiffers = errors.New("comparing the app: it is not the one in this program")

// Bounds of what a hostile server can have fetched.
const (
	maxAudited   = 500
	maxAuditFile = 8 << 20
)

// named finds the names of the app's files in its page and scripts.
var named = regexp.MustCompile(`(?:assets|icons)/[A-Za-z0-9_.-]{1,120}|\b[a-z0-9_-]{1,60}-[A-Za-z0-9_-]{8}\.(?:js|css)\b|[\w./-]{1,120}\.m?js\b`)

// audit compares, and says in words what it found.
func audit(ctx context.Context, e *env, a *publicAPI, own fs.FS, root string) error {
	files, err := intake.AppFiles(own)
	if err != nil {
		return err
	}
	var found []string
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	want := map[string]intake.File{}
	for _, f := range files {
		want[f.Path] = f
	}
	queue := slices.Sorted(maps.Keys(want))
	asked := map[string]bool{}
	same := 0
	for len(queue) > 0 && len(asked) < maxAudited {
		path := queue[0]
		if queue = queue[1:]; asked[path] {
			continue
		}
		asked[path] = true
		f, ours := want[path]
		status, head, b, err := a.look(ctx, path)
		switch {
		case err != nil:
			return err
		case !ours && status == http.StatusNotFound:
			continue // a name in a script that stands for nothing
		case !ours:
			say("%s is served, and is no file of this app", path)
		case status != http.StatusOK:
			say("%s is missing: the server answers %d", path, status)
			continue
		case vault.Sum(b).String() != f.SHA256:
			say("%s differs: %d bytes here, %d there", path, f.Size, len(b))
		default:
			same++
			continue // what our own files name is ours
		}
		if path == "/" {
			rules(head, say, intake.PageHeaders())
		}
		for _, name := range named.FindAllString(string(b), maxAudited) {
			name = strings.TrimPrefix(strings.TrimPrefix(name, "."), "/")
			if !strings.Contains(name, "/") && name != "sw.js" {
				name = "assets/" + name
			}
			queue = append(queue, "/"+name)
		}
	}
	if status, head, _, err := a.look(ctx, "/"); err == nil && status == http.StatusOK {
		rules(head, say, intake.PageHeaders())
	}
	if status, _, b, err := a.look(ctx, "/.well-known/peerwitness-app.json"); err == nil && status == http.StatusOK {
		var says struct{ Files []intake.File }
		if json.Unmarshal(b, &says) != nil || !slices.Equal(says.Files, files) {
			say("the server's own list of the app's files is another one")
		}
	} else {
		say("the server gives no list of the app's files")
	}
	if status, head, b, err := a.look(ctx, "/app.webmanifest"); err == nil && status == http.StatusOK {
		var m map[string]any
		if json.Unmarshal(b, &m) != nil || m["start_url"] != "/" || m["scope"] != "/" || m["id"] != nil || m["shortcuts"] != nil || m["share_target"] != nil || m["protocol_handlers"] != nil {
			say("the app's manifest leads a phone that installs it elsewhere")
		}
		if g := head.Values("Refresh"); len(g) > 0 {
			say("the app's manifest comes with Refresh: %q", strings.Join(g, ", "))
		}
	} else {
		say("the server gives no manifest of the app")
	}
	if err := auditByHand(ctx, e, a, root, say); err != nil {
		return err
	}
	slices.Sort(found)
	found = slices.Compact(found)
	fmt.Fprintf(e.stdout, "%d of %d files are the same, byte for byte.\n", same, len(files))
	for _, line := range found {
		fmt.Fprintf(e.stdout, "NOT THE SAME: %s\n", printable(line))
	}
	if len(found) > 0 {
		return hint(errDiffers, "it may be another version: compare with the release that the organisation names. If it names this one, do not send through this page, and tell the organisation another way")
	}
	fmt.Fprintln(e.stdout, "The page's rules are the same too. This server showed this computer, now, the app in this program.")
	return nil
}

// rules compares the headers that something came with: those it must have, and
// those that nothing here has.
func rules(got http.Header, say func(string, ...any), want http.Header) {
	for _, name := range []string{"Refresh", "Location", "Content-Location", "Link", "Set-Cookie", "Clear-Site-Data", "NEL", "Report-To", "Reporting-Endpoints", "Service-Worker-Allowed"} {
		if g := got.Values(name); len(g) > 0 {
			say("the page comes with %s: %q, which this app's does not", name, strings.Join(g, ", "))
		}
	}
	for name, values := range want {
		if g := got.Values(name); !slices.Equal(g, values) {
			say("the page's rule %s is %q, not %q", name, strings.Join(g, ", "), strings.Join(values, ", "))
		}
	}
}

// look fetches a path as an ordinary browser would. It follows no redirect.
func (a *publicAPI) look(ctx context.Context, path string) (int, http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+path, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	req.Header.Set("Accept-Language", "en-US,en;q=0.5")
	req.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	page := strings.HasSuffix(path, "/")
	for name, value := range map[string]string{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "script"} {
		if page {
			value = map[string]string{"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}[name]
		}
		req.Header.Set(name, value)
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0")
	resp, err := a.hc.Do(req)
	if err != nil {
		return 0, nil, nil, hint(fmt.Errorf("reaching server: %w", err), "the same command again is safe")
	}
	defer resp.Body.Close()
	var body io.Reader = resp.Body
	switch resp.Header.Get("Content-Encoding") {
	case "br":
		body = brotli.NewReader(body)
	case "gzip":
		if body, err = gzip.NewReader(body); err != nil {
			return 0, nil, nil, fmt.Errorf("reading server's answer: %w", err)
		}
	}
	b, err := io.ReadAll(io.LimitReader(body, maxAuditFile+1))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("reading server's answer: %w", err)
	}
	if len(b) > maxAuditFile {
		b = bytes.Clone(b[:maxAuditFile])
	}
	return resp.StatusCode, resp.Header, b, nil
}
