package ui_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"peerwitness/review/reviewtest"
	"peerwitness/review/ui"
	"peerwitness/vault/seal"
)

// attack 24: foreign host, DNS rebinding, cross-site post, no launch token,
// another user of the same computer: 403, and nothing is done.
func TestAttack24OnlyThisBrowser(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	b := unlocked(t, o, o.Nino)
	_, page := b.get("/")
	form := tokenField.FindStringSubmatch(page)[1]
	take := "/case/" + s.Deposit.String() + "/take"
	_, port, _ := strings.Cut(strings.TrimPrefix(b.base, "http://"), ":")
	cases := []struct {
		name, method, path, host string
		header                   map[string]string
		cookie, form             bool
	}{
		{name: "no cookie", method: "GET", path: "/"},
		{name: "no cookie, style", method: "GET", path: "/static/desk.css"},
		{name: "no cookie, case", method: "GET", path: "/case/" + s.Deposit.String()},
		{name: "no cookie, post", method: "POST", path: take, header: map[string]string{"Origin": b.base}, form: true},
		{name: "guessed launch token", method: "GET", path: "/launch?token=AAAA"},
		{name: "empty launch token", method: "GET", path: "/launch"},
		{name: "foreign host", method: "GET", path: "/", host: "evil.example", cookie: true},
		{name: "rebound name with the port", method: "GET", path: "/", host: "evil.example:" + port, cookie: true},
		{name: "localhost", method: "GET", path: "/", host: "localhost:" + port, cookie: true},
		{name: "address without port", method: "GET", path: "/", host: "127.0.0.1", cookie: true},
		{name: "another loopback address", method: "GET", path: "/", host: "127.0.0.2:" + port, cookie: true},
		{name: "read from another site", method: "GET", path: "/", header: map[string]string{"Sec-Fetch-Site": "cross-site"}, cookie: true},
		{name: "read from another port", method: "GET", path: "/", header: map[string]string{"Sec-Fetch-Site": "same-site"}, cookie: true},
		{name: "post from another site", method: "POST", path: take, header: map[string]string{"Origin": "https://evil.example"}, cookie: true, form: true},
		{name: "post from another port", method: "POST", path: take, header: map[string]string{"Origin": "http://127.0.0.1:1"}, cookie: true, form: true},
		{name: "post of an opaque origin", method: "POST", path: take, header: map[string]string{"Origin": "null"}, cookie: true, form: true},
		{name: "post without origin", method: "POST", path: take, cookie: true, form: true},
		{name: "cross-site fetch", method: "POST", path: take, header: map[string]string{"Origin": b.base, "Sec-Fetch-Site": "cross-site"}, cookie: true, form: true},
		{name: "post without form token", method: "POST", path: take, header: map[string]string{"Origin": b.base}, cookie: true},
		{name: "lock without form token", method: "POST", path: "/lock", header: map[string]string{"Origin": b.base}, cookie: true},
	}
	for _, c := range cases {
		var body *strings.Reader = strings.NewReader("")
		if c.form {
			body = strings.NewReader(url.Values{"form": {form}}.Encode())
		}
		r, err := http.NewRequest(c.method, b.base+c.path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		if c.host != "" {
			r.Host = c.host
		}
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		if c.cookie {
			client.Jar = b.http.Jar
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", c.name, resp.StatusCode)
		}
	}
	launch := strings.TrimPrefix(b.ui.LaunchURL(), b.base)
	if resp, _ := b.get(launch); resp.StatusCode != http.StatusOK {
		t.Errorf("a fresh launch address: status %d", resp.StatusCode)
	}
	if resp, _ := b.get(launch); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a launch address used twice: status %d, want 403", resp.StatusCode)
	}
	if _, page = b.get("/"); !strings.Contains(text(page), "Not taken yet 1") {
		t.Error("one of the refused requests did something")
	}
}

func TestOnlyOnLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:8000", "192.0.2.1:8000", "localhost:8000", "[::1]:8000", "127.0.0.1", ""} {
		if _, err := ui.New(ui.Config{Addr: addr}); err == nil {
			t.Errorf("pages on %q were not refused", addr)
		}
	}
}

func TestHeaders(t *testing.T) {
	o := reviewtest.New(t)
	b := unlocked(t, o, o.Nino)
	for _, path := range []string{"/", "/static/desk.css", "/quarantine", "/no/such/page", "/launch?token=x"} {
		resp, body := b.get(path)
		for k, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"Cache-Control":                "no-store",
			"Cross-Origin-Resource-Policy": "same-origin",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "same-origin",
		} {
			if got := resp.Header.Get(k); got != want {
				t.Errorf("%s: %s is %q, want %q", path, k, got, want)
			}
		}
		if strings.Contains(body, "<script") || strings.Contains(body, " style=") || strings.Contains(body, " on") && strings.Contains(body, "onclick") {
			t.Errorf("%s holds a script or an inline style", path)
		}
	}
	for _, c := range b.http.Jar.Cookies(mustURL(t, b.base)) {
		if !strings.HasPrefix(c.Name, "peerwitness_") || len(c.Value) < 43 {
			t.Errorf("cookie %q", c.Name)
		}
	}
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// attack 23: whatever a report says, the page stays ours.
func TestAttack23HostileReport(t *testing.T) {
	o := reviewtest.New(t)
	evil := `</textarea></div><script>alert(1)</script><img src=x onerror=alert(1)>` + "\u202egnp.exe\u2066\x1b[31m\x00" + `{{.Form}} ../../x =cmd`
	s := o.Send("street", func(r *seal.Report) {
		r.Lang = `en" onload="x`
		r.Answers.Story, r.Answers.WhoText, r.Answers.Where.Place = evil, evil, evil
		r.Answers.Acts = []string{evil, "extortion"}
		r.Answers.When.Date, r.Answers.Urgency = evil, evil
		r.Contact = &seal.Contact{Name: evil, Reach: evil, Not: evil}
		r.Consent = []string{evil}
		r.Answers.Custody = &seal.Custody{Name: evil, Hearing: evil}
		reviewtest.Attach(o, r, evil, []byte("PRACTICE"))
	})
	s.Say(seal.Message{Text: evil, Withdraw: []string{evil}})
	o.Deposit("street", o.Seal("street", []byte(`{"v":1,"kind":"report","x":`+strings.Repeat("[", 1e5))))
	b := unlocked(t, o, o.Nino)
	path := "/case/" + s.Deposit.String()
	for _, p := range []string{"/", path, "/quarantine"} {
		resp, page := b.get(p)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d", p, resp.StatusCode)
		}
		for _, bad := range []string{"<script", "<img src=x", `" onload=`, "\u202e", "\u2066", "\x1b", "\x00"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s holds %q as it was sent", p, bad)
			}
		}
	}
	_, page := b.get(path)
	b.sees(page, "<script>alert(1)</script>", "⟨U+202E⟩gnp.exe", "␛[31m", "{{.Form}}")
	_, page = b.post(path+"/take", url.Values{})
	b.sees(page, "The case is yours.")
	_, page = b.post(path+"/note", url.Values{"text": {evil}})
	if strings.Contains(page, "<script") {
		t.Error("a note's markup is live")
	}
	_, page = b.get("/quarantine")
	b.sees(page, "not a report")
}

func TestPictures(t *testing.T) {
	o := reviewtest.New(t)
	img := image.NewRGBA(image.Rect(0, 0, 3000, 10))
	img.Set(0, 0, color.RGBA{200, 30, 30, 255})
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, img, nil); err != nil {
		t.Fatal(err)
	}
	marked := append(photo.Bytes(), []byte("<script>trailer</script>")...)
	// A picture of 60,000 × 60,000 in a few bytes.
	var bomb bytes.Buffer
	if err := png.Encode(&bomb, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	huge := bytes.Clone(bomb.Bytes())
	copy(huge[16:24], []byte{0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60})
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	if conf, err := png.DecodeConfig(bytes.NewReader(huge)); err != nil || conf.Width != 60000 {
		t.Fatalf("the huge picture is not one: %v", err)
	}
	files := [][]byte{marked, huge, []byte("<svg onload=alert(1)>")}
	types := []string{"image/jpeg", "image/png", "image/png"}
	var blobs [][][]byte
	s := o.Send("street", func(r *seal.Report) {
		for i, f := range files {
			blobs = append(blobs, reviewtest.Attach(o, r, types[i], f))
		}
	})
	var m seal.Message
	for i, parts := range blobs {
		m.Attachments = append(m.Attachments, seal.BlobNames{N: i, Blobs: s.Deliver(parts)})
	}
	s.Say(m)
	b := unlocked(t, o, o.Nino)
	base := "/case/" + s.Deposit.String() + "/file/"
	resp, body := b.get(base + "0")
	conf, err := jpeg.DecodeConfig(strings.NewReader(body))
	if err != nil || conf.Width != 2000 || resp.Header.Get("Content-Type") != "image/jpeg" || strings.Contains(body, "trailer") {
		t.Errorf("picture: %v, %d wide, %s", err, conf.Width, resp.Header.Get("Content-Type"))
	}
	for _, n := range []string{"1", "2"} {
		if resp, _ := b.get(base + n); resp.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("file %s as a picture: status %d", n, resp.StatusCode)
		}
	}
	resp, body = b.get(base + "2/download")
	if resp.Header.Get("Content-Type") != "application/octet-stream" || body != string(files[2]) ||
		!strings.HasPrefix(resp.Header.Get("Content-Disposition"), `attachment; filename="case-`) {
		t.Errorf("download: %v", resp.Header)
	}
	if resp, _ := b.get(base + "9"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a file that is not there: status %d", resp.StatusCode)
	}
}
