package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
)

// traces looks for what must be nowhere.
type traces struct {
	words    map[string][]byte
	from, to time.Time
}

// word adds text in the forms in which it might be written.
func (tr *traces) word(name, text string) {
	tr.words[name] = []byte(text)
	tr.words[name+" in hex"] = []byte(hex.EncodeToString([]byte(text)))
	var wide []byte
	for _, r := range text {
		wide = binary.LittleEndian.AppendUint16(wide, uint16(r))
	}
	tr.words[name+" in UTF-16"] = wide
}

// times adds the moments of the test as text and as seconds since 1970.
func (tr *traces) times() {
	for at := tr.from; !at.After(tr.to); at = at.Add(time.Second) {
		for _, zone := range []*time.Location{time.UTC, time.Local} {
			for _, form := range []string{"15:04:05", "T15:04", "150405Z"} {
				text := at.In(zone).Format(form)
				tr.words["time "+text] = []byte(text)
			}
		}
		s := at.Unix()
		tr.words["seconds "+strconv.FormatInt(s, 10)] = []byte(strconv.FormatInt(s, 10))
		tr.words["seconds, big-endian"+strconv.FormatInt(s, 10)] = binary.BigEndian.AppendUint32(nil, uint32(s))
		tr.words["seconds, little-endian"+strconv.FormatInt(s, 10)] = binary.LittleEndian.AppendUint32(nil, uint32(s))
	}
}

// find returns what is in b, fine clocks (milli-, micro- and nanoseconds)
// included.
func (tr *traces) find(b []byte) (found []string) {
	for name, w := range tr.words {
		if bytes.Contains(b, w) {
			found = append(found, name)
		}
	}
	for i := 0; i+8 <= len(b); i++ {
		for _, n := range []uint64{binary.BigEndian.Uint64(b[i:]), binary.LittleEndian.Uint64(b[i:])} {
			for _, unit := range []time.Duration{time.Millisecond, time.Microsecond, time.Nanosecond} {
				per := uint64(time.Second / unit)
				if n >= uint64(tr.from.Unix())*per && n < uint64(tr.to.Unix()+1)*per {
					found = append(found, "a fine clock")
				}
			}
		}
	}
	return found
}

func TestTracesAreFound(t *testing.T) {
	now := time.Now()
	tr := &traces{map[string][]byte{}, now.Add(-time.Second), now}
	tr.word("marker", "MARKER")
	tr.times()
	for name, b := range map[string][]byte{
		"text":          []byte("a MARKER b"),
		"time":          []byte("at " + now.UTC().Format(time.RFC3339)),
		"seconds":       []byte(strconv.FormatInt(now.Unix(), 10)),
		"4 bytes":       binary.BigEndian.AppendUint32([]byte("x"), uint32(now.Unix())),
		"8 bytes":       binary.LittleEndian.AppendUint64([]byte("x"), uint64(now.Unix())),
		"nanoseconds":   binary.BigEndian.AppendUint64([]byte("xyz"), uint64(now.UnixNano())),
		"milliseconds":  binary.LittleEndian.AppendUint64([]byte("xyz"), uint64(now.UnixMilli())),
		"utf-16":        []byte("M\x00A\x00R\x00K\x00E\x00R\x00"),
		"hex of marker": []byte(hex.EncodeToString([]byte("MARKER"))),
	} {
		if len(tr.find(b)) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
	if got := tr.find([]byte("nothing of the kind, on " + now.Format(time.DateOnly))); got != nil {
		t.Errorf("found %v in nothing", got)
	}
}

func TestAttack18NoTraceOfAnybody(t *testing.T) {
	org := accesstest.NewOrgAt(t, time.Now())
	dir := initStoreOf(t, org)
	p := org.People["advocate"]
	d := start(t, dir)
	tr := &traces{map[string][]byte{}, time.Now(), time.Time{}}
	out, _, err := in(t, org, "account", "invite", "--store", dir, p.ID)
	must(t, err)
	code := codeLine.FindStringSubmatch(out)[1]
	tr.word("enrolment code", code)
	tr.word("enrolment code, unbroken", strings.ReplaceAll(code, "-", ""))

	for name, text := range map[string]string{
		"address": "127.0.0.77", "user agent": "UA-6f1c2d77", "forwarded for": "203.0.113.186", "cookie": "CK-6f1c2d77",
		"referer": "RF-6f1c2d77", "file name": "FN-6f1c2d77", "plain text": "PT-6f1c2d77", "path": "PA-6f1c2d77",
	} {
		tr.word(name, text)
	}
	tr.words["address, packed"] = []byte{127, 0, 0, 77}
	tr.words["forwarded for, packed"] = []byte{203, 0, 113, 186}

	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 77)}}
	hc := &http.Client{Transport: headers{&http.Transport{DialContext: from.DialContext}, map[string]string{
		"User-Agent": "UA-6f1c2d77", "X-Forwarded-For": "203.0.113.186", "Forwarded": "for=203.0.113.186",
		"X-Real-IP": "203.0.113.186", "Cookie": "CK-6f1c2d77=1", "Referer": "http://RF-6f1c2d77/",
	}}}
	send := func(method, path, media string, body []byte, want int, more ...string) []byte {
		t.Helper()
		req, err := http.NewRequest(method, d.url+path, bytes.NewReader(body))
		must(t, err)
		req.Header.Set("Content-Type", media)
		for i := 0; i+1 < len(more); i += 2 {
			req.Header.Set(more[i], more[i+1])
		}
		res, err := hc.Do(req)
		must(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		must(t, err)
		if res.StatusCode != want {
			t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, b)
		}
		return b
	}

	// What a phone does, with a report of few different bytes, so that no run
	// of them is a clock's by chance.
	report := accesstest.Report(8, 0)
	report = append(report[:len(report)-32<<10], bytes.Repeat([]byte{0xa5}, 32<<10)...)
	media, body := form(t, "street", report)
	body = bytes.ReplaceAll(body, []byte("report.age"), []byte("FN-6f1c2d77"))
	var accepted struct{ Ticket string }
	must(t, json.Unmarshal(send("POST", "/v1/deposits", media, body, 201), &accepted))
	send("POST", "/v1/deposits", media, body, 200)
	tr.word("ticket", accepted.Ticket)
	raw, err := base64.RawURLEncoding.DecodeString(accepted.Ticket)
	must(t, err)
	tr.words["ticket, packed"] = raw
	blob := bytes.Repeat([]byte{0x5a}, 100<<10)
	send("PUT", "/v1/blobs/"+vault.Sum(blob).String(), "", blob, 201, "Peerwitness-Ticket", accepted.Ticket)
	send("GET", "/v1/buckets/b01", "", nil, 200)

	// What goes wrong.
	media, plain := form(t, "street", []byte("PT-6f1c2d77"))
	send("POST", "/v1/deposits", media, plain, 422)
	media, wide := form(t, "street", bytes.Repeat([]byte("PT-6f1c2d77"), 5<<17))
	send("POST", "/v1/deposits", media, wide, 413)
	send("POST", "/v1/deposits", "text/plain", []byte("PT-6f1c2d77"), 415)
	send("PUT", "/v1/blobs/"+vault.Sum(plain).String(), "", []byte("PT-6f1c2d77"), 403, "Peerwitness-Ticket", "PT-6f1c2d77")
	send("PUT", "/v1/blobs/"+vault.Sum(plain).String(), "", []byte("PT-6f1c2d77"), 422, "Peerwitness-Ticket", accepted.Ticket)
	send("GET", "/PA-6f1c2d77?PA-6f1c2d77", "", nil, 404)
	send("GET", "/access/v1/feed", "", nil, 401, "Authorization", "Bearer PT-6f1c2d77")
	broken, err := from.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	must(t, err)
	io.WriteString(broken, "POST /v1/deposits HTTP/1.1\r\nHost: PA-6f1c2d77\r\nContent-Type: "+media+"\r\nContent-Length: 9999\r\n\r\nPT-6f1c2d77")
	broken.Close()

	// What an advocate does; hc sees her token.
	ctx := context.Background()
	var token string
	seen := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if b := r.Header.Get("Authorization"); b != "" {
			token = strings.TrimPrefix(b, "Bearer ")
		}
		return hc.Transport.RoundTrip(r)
	})}
	c := access.NewClient(d.url, seen)
	secret, _, err := c.Enrol(ctx, p.ID, p.Private, code, time.Now())
	must(t, err)
	if err := c.SignIn(ctx, p.ID, p.Private, "000000", time.Now()); !errors.Is(err, access.ErrSignIn) {
		t.Fatalf("a wrong code: %v", err)
	}
	must(t, c.SignIn(ctx, p.ID, p.Private, accesstest.Code(t, secret, time.Now()), time.Now()))
	must(t, access.Sync(ctx, c, replicaOf(t), nil))
	a := accesstest.Append(accesstest.ID(), 0, vault.ID{})
	a.Entry.Sealed = bytes.Repeat([]byte{0xa5}, 5000)
	_, err = c.Append(ctx, a)
	must(t, err)
	cert, err := json.Marshal(p.Certificate(t, time.Now()))
	must(t, err)
	must(t, c.PutCertificate(ctx, cert))
	if token == "" {
		t.Fatal("no token seen")
	}
	tr.word("token", token)
	raw, err = base64.RawURLEncoding.DecodeString(token)
	must(t, err)
	tr.words["token, packed"] = raw

	printed := d.stop(t)
	tr.to = time.Now()
	tr.times()
	for name, text := range map[string]string{"log": d.logged(), "output": printed} {
		if found := tr.find([]byte(text)); found != nil || text != "" {
			t.Errorf("%s: %q, found %v", name, text, found)
		}
	}
	files := 0
	for _, root := range []string{dir, d.temp} {
		must(t, filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			files++
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if found := tr.find(b); found != nil {
				t.Errorf("%s: found %v", path, found)
			}
			if found := tr.find([]byte(filepath.Base(path))); found != nil {
				t.Errorf("name of %s: found %v", path, found)
			}
			if info, err := e.Info(); err == nil && strings.Contains(path, "blobs") && info.ModTime().Unix()%86400 != 0 {
				t.Errorf("%s: the file tells when it came: %v", path, info.ModTime())
			}
			return nil
		}))
	}
	if files < 2 {
		t.Fatalf("%d files searched", files)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
