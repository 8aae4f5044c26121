package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"peerwitness/vault/seal"
)

// minPassphrase is the shortest passphrase for a new key, in characters. The
// key file is what a seized laptop or a lost stick gives away.
const minPassphrase = 12

// keyWork is scrypt's work factor of new key files. The tests lower it.
var keyWork = 18

// passphrase reads the passphrase of the file named what from a file, or else
// from the terminal.
func (e *env) passphrase(file, what string) (string, error) {
	if file != "" {
		return passphraseFile(file)
	}
	return e.hidden("Passphrase of " + what + ": ")
}

// newPassphrase reads one for a new key: from a file, or twice from the terminal.
func (e *env) newPassphrase(file, what string) (string, error) {
	var p string
	var err error
	if file != "" {
		p, err = passphraseFile(file)
	} else {
		p, err = e.hidden("New passphrase for " + what + ": ")
	}
	if err != nil {
		return "", err
	}
	if utf8.RuneCountInString(p) < minPassphrase {
		return "", hint(fmt.Errorf("passphrase is shorter than %d characters", minPassphrase), "five or six unrelated words are easy to keep and hard to guess")
	}
	if file != "" {
		return p, nil
	}
	again, err := e.hidden("The same again: ")
	if err != nil {
		return "", err
	}
	if again != p {
		return "", errors.New("the two passphrases differ; nothing was written")
	}
	return p, nil
}

func passphraseFile(name string) (string, error) {
	b, err := readBounded(name, 4096)
	if err != nil {
		return "", fmt.Errorf("reading passphrase: %w", err)
	}
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 || len(bytes.TrimSpace(rest)) > 0 || !utf8.Valid(line) {
		return "", errors.New("reading passphrase: the file must hold one line of text")
	}
	return string(line), nil
}

// hidden asks at the terminal without showing what is typed.
func (e *env) hidden(prompt string) (string, error) {
	tty, ok := e.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(tty.Fd())) {
		var err error
		if tty, err = os.OpenFile("/dev/tty", os.O_RDWR, 0); err != nil {
			return "", hint(errors.New("there is no terminal to ask for the passphrase"), "give it with --passphrase-file FILE")
		}
		defer tty.Close()
	}
	fmt.Fprint(e.stderr, prompt)
	b, err := term.ReadPassword(int(tty.Fd()))
	fmt.Fprintln(e.stderr)
	if err != nil {
		return "", errors.New("reading passphrase: cut short")
	}
	if !utf8.Valid(b) {
		return "", errors.New("reading passphrase: not text")
	}
	return string(b), nil
}

// ask reads one visible line.
func (e *env) ask(prompt string) (string, error) {
	fmt.Fprint(e.stderr, prompt)
	s, err := e.lines.ReadString('\n')
	if s = strings.TrimSpace(s); s == "" {
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading answer: %w", err)
		}
		return "", errors.New("reading answer: nothing was typed")
	}
	return s, nil
}

// openKey reads and unlocks a key file, and returns its passphrase too.
func (e *env) openKey(file, passFile string) (k seal.KeyFile, pass string, err error) {
	b, err := readBounded(file, 1<<20)
	if err != nil {
		return k, "", fmt.Errorf("reading key: %w", err)
	}
	if pass, err = e.passphrase(passFile, file); err != nil {
		return k, "", err
	}
	k, err = seal.OpenKeyFile(b, pass)
	if err != nil {
		err = fmt.Errorf("opening %s: %w", file, err)
		if errors.Is(err, seal.ErrPassphrase) {
			err = hint(err, "nobody can reset it; try again, or another keyboard layout")
		}
		return seal.KeyFile{}, "", err
	}
	return k, pass, nil
}

// printable replaces what could steer a terminal or turn its text around.
// Line ends and tabs stay.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029', r == utf8.RuneError:
			return '\ufffd'
		}
		return r
	}, s)
}

// isTerminal reports whether w is one.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
