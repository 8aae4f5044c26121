package ui

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"rsc.io/qr"

	"peerwitness/review"
	"peerwitness/review/sheet"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/seal"
)

// unlockForm is what the unlock and set-up pages show.
type unlockForm struct {
	Error   string
	Offline bool   // no server was named
	Secret  string // set-up, second step: to type where a picture can't be scanned
	Name    string
}

// enrolment is the state between the two steps of setting up a second factor.
type enrolment struct {
	key        seal.KeyFile
	passphrase string
	client     *access.Client
	secret     string
	url        string
}

// online bounds a conversation with the server that a person waits for.
const online = 30 * time.Second

func (s *Server) unlockPage(w http.ResponseWriter, r *http.Request) {
	if s.current() != nil || s.openingNow() != nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	s.show(w, r, http.StatusOK, "unlock", unlockForm{Offline: s.cfg.ServerURL == ""})
}

// unlock opens the key file and the workstation. With a code it signs in and
// syncs as well; without one it shows what is on this computer.
func (s *Server) unlock(w http.ResponseWriter, r *http.Request) {
	if s.openingNow() != nil { // pressed twice
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	s.opening.Lock()
	held := true
	defer func() {
		if held {
			s.opening.Unlock()
		}
	}()
	if s.current() != nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	fail := func(text string) {
		s.show(w, r, http.StatusUnprocessableEntity, "unlock", unlockForm{Error: text, Offline: s.cfg.ServerURL == ""})
	}
	pass := r.PostForm.Get("passphrase")
	key, text := s.loadKey(pass)
	if text != "" {
		fail(text)
		return
	}
	client := s.newClient()
	notice := ""
	if code := digits(r.PostForm.Get("code")); client != nil && code != "" {
		ctx, cancel := context.WithTimeout(r.Context(), online)
		err := client.SignIn(ctx, key.Person, key.Signing, code, s.cfg.Clock())
		cancel()
		switch {
		case refusedSignIn(err):
			fail(signInWords(err))
			return
		case err != nil:
			notice = "The server could not be reached. You are working with what is on this computer."
		}
	}
	o := s.openSoon(r.Context(), key, client, pass)
	held = false // whoever opens lets it go
	if text := o.wait(s.cfg.Patience); text != "" {
		s.forgetOpening(o)
		fail(text)
		return
	}
	if notice != "" {
		sessionOf(r).setFlash(notice)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// loadKey opens the key file, or says in words why it can't.
func (s *Server) loadKey(passphrase string) (seal.KeyFile, string) {
	if passphrase == "" {
		return seal.KeyFile{}, "Type your passphrase."
	}
	key, err := review.LoadKeyFile(s.cfg.KeyPath, passphrase)
	switch {
	case errors.Is(err, seal.ErrPassphrase):
		return key, "That is not the passphrase of this key file. Nothing was opened. Check capital letters and the keyboard's language, then try again."
	case errors.Is(err, fs.ErrNotExist):
		return key, "The key file is not where the program was told to look. If it is on a removable disk, plug it in and try again."
	case err != nil:
		return key, "The key file can't be read: it may be damaged. Take your spare copy, or ask your lead."
	case key.Kind != "person":
		return key, "This key file is not a person's. Start the program with your own key file."
	}
	return key, ""
}

func (s *Server) newClient() *access.Client {
	if s.cfg.ServerURL == "" {
		return nil
	}
	return access.NewClient(s.cfg.ServerURL, s.cfg.HTTPClient)
}

// open starts the desk. The caller holds opening.
func (s *Server) open(ctx context.Context, key seal.KeyFile, client *access.Client, passphrase string) string {
	work, err := review.Open(ctx, review.Config{Dir: s.cfg.Dir, Key: key, Client: client, Root: s.cfg.Root, Clock: s.cfg.Clock, Progress: s.openingNow().come})
	switch {
	case errors.Is(err, vault.ErrLocked):
		return "These cases are already open in another window of this program. Close it first; nothing was changed."
	case errors.Is(err, vault.ErrCorrupt):
		return "The workstation's folder is damaged. Your cases are safe on the server: move the folder away and sign in again to fetch them."
	case err != nil:
		return "The workstation's folder can't be opened. Check that the disk is there, is not full and may be written to, then try again."
	}
	run, stop := context.WithCancel(context.Background())
	d := &desk{work: work, client: client, key: key, run: run, stop: stop, ended: make(chan struct{}), used: s.cfg.Clock(), online: review.ErrOffline, ring: s.cfg.Ring, clock: s.cfg.Clock}
	d.calls.begin(work.View(), work.Me(), vault.DayOf(s.cfg.Clock()))
	if client != nil && client.SignedIn() {
		first, cancel := context.WithTimeout(ctx, online)
		d.sync(first, s.cfg.Clock())
		d.renew(first, s.cfg, passphrase)
		cancel()
	}
	d.codes = s.codebook(ctx, work.View())
	d.forms = sheet.NewMemory(filepath.Join(s.cfg.Dir, "sheets.age"), key)
	s.useCodebooks(work, d.codes)
	s.mu.Lock()
	s.desk, s.enrol = d, nil
	s.mu.Unlock()
	go s.keep(run, d)
	return ""
}

func (s *Server) enrolPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	e := s.enrol
	s.mu.Unlock()
	if e == nil {
		s.show(w, r, http.StatusOK, "enrol", unlockForm{Offline: s.cfg.ServerURL == ""})
		return
	}
	s.show(w, r, http.StatusOK, "enrolcode", unlockForm{Secret: spaced(e.secret), Name: e.key.Name})
}

// startEnrol trades the operator's one-time code for a second factor. Only the
// key's own signature asks for it, so nobody sets up another's.
func (s *Server) startEnrol(w http.ResponseWriter, r *http.Request) {
	s.opening.Lock()
	defer s.opening.Unlock()
	fail := func(text string) {
		s.show(w, r, http.StatusUnprocessableEntity, "enrol", unlockForm{Error: text, Offline: s.cfg.ServerURL == ""})
	}
	pass := r.PostForm.Get("passphrase")
	key, text := s.loadKey(pass)
	client := s.newClient()
	if text == "" && client == nil {
		text = "No server was named when the program started, so there is nothing to set up."
	}
	if text != "" {
		fail(text)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), online)
	defer cancel()
	secret, url, err := client.Enrol(ctx, key.Person, key.Signing, strings.TrimSpace(r.PostForm.Get("code")), s.cfg.Clock())
	switch {
	case errors.Is(err, access.ErrEnrol):
		fail("The one-time code was not accepted. It may be mistyped, used or run out; ask the operator for a new one. If this computer's clock is wrong, correct it first.")
		return
	case errors.Is(err, access.ErrThrottled):
		fail("Too many tries. Wait a few minutes, then try again.")
		return
	case err != nil:
		fail("The server could not be reached. The one-time code may still be good; try again when you are online.")
		return
	}
	s.mu.Lock()
	s.enrol = &enrolment{key: key, passphrase: pass, client: client, secret: secret, url: url}
	s.mu.Unlock()
	http.Redirect(w, r, "/enrol", http.StatusSeeOther)
}

// enrolQR draws the second factor for the person's phone.
func (s *Server) enrolQR(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	e := s.enrol
	s.mu.Unlock()
	if e == nil {
		s.notFound(w, r)
		return
	}
	code, err := qr.Encode(e.url, qr.M)
	if err != nil {
		s.notFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Write(code.PNG())
}

// finishEnrol signs in with the first code of the new factor.
func (s *Server) finishEnrol(w http.ResponseWriter, r *http.Request) {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.mu.Lock()
	e := s.enrol
	s.mu.Unlock()
	if e == nil {
		http.Redirect(w, r, "/enrol", http.StatusSeeOther)
		return
	}
	fail := func(text string) {
		s.show(w, r, http.StatusUnprocessableEntity, "enrolcode", unlockForm{Error: text, Secret: spaced(e.secret), Name: e.key.Name})
	}
	ctx, cancel := context.WithTimeout(r.Context(), online)
	defer cancel()
	err := e.client.SignIn(ctx, e.key.Person, e.key.Signing, digits(r.PostForm.Get("code")), s.cfg.Clock())
	switch {
	case refusedSignIn(err):
		fail(signInWords(err) + " The second factor above is kept; you need not begin again.")
		return
	case err != nil:
		fail("The server could not be reached. The second factor above is kept; try again when you are online.")
		return
	}
	if text := s.open(r.Context(), e.key, e.client, e.passphrase); text != "" {
		fail(text)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// signIn connects a desk that was unlocked without a code, or whose session ran out.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, d *desk) {
	x := sessionOf(r)
	if d.client == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), online)
	defer cancel()
	err := d.client.SignIn(ctx, d.key.Person, d.key.Signing, digits(r.PostForm.Get("code")), s.cfg.Clock())
	switch {
	case refusedSignIn(err):
		x.setFlash(signInWords(err))
	case err != nil:
		x.setFlash("The server could not be reached. What is on this computer stays open.")
	default:
		d.sync(ctx, s.cfg.Clock())
		x.setFlash("Connected.")
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Server) lockNow(w http.ResponseWriter, r *http.Request) {
	if err := s.Close(); err != nil {
		s.show(w, r, http.StatusInternalServerError, "message", message{Title: "Locked, with a problem",
			Text: "What was open is closed, but the workstation's folder reported an error. Check this computer's disk before you go on."})
		return
	}
	http.Redirect(w, r, "/unlock", http.StatusSeeOther)
}

func refusedSignIn(err error) bool {
	return errors.Is(err, access.ErrSignIn) || errors.Is(err, access.ErrThrottled) || errors.Is(err, access.ErrRemoved)
}

func signInWords(err error) string {
	switch {
	case errors.Is(err, access.ErrThrottled):
		return "Too many wrong codes. Wait a few minutes, then try again. Without a code you can work offline."
	case errors.Is(err, access.ErrRemoved):
		return "The server says that you are no longer on the list of people. What is on this computer stays as it is; speak to your lead."
	}
	return "The server did not accept the code. Each code works once: wait for the next one. If it keeps failing, check that this computer's clock is right. Without a code you can work offline."
}

// digits drops what people type between a code's digits.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\t' {
			return -1
		}
		return r
	}, s)
}

// spaced sets a secret in groups of four.
func spaced(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
