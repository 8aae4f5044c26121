package figures

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// Files of a release, by name and in this order; the pages follow as en.html, fr.html.
const (
	FileRelease = vault.ReleaseJSON
	FileCSV     = "figures.csv"
	FilePackage = "datapackage.json"
)

func pageName(lang string) string { return lang + ".html" }

// ErrFiles: a file of a release is not what its canonical JSON makes, or one is
// missing, or there is one too many.
var ErrFiles = errors.New("a file does not follow from the release")

// File is one file of a release.
type File = vault.ReleaseFile

// Export makes all files of a release. The same release gives the same bytes.
func Export(r Release) ([]File, error) {
	release, err := r.JSON()
	if err != nil {
		return nil, fmt.Errorf("exporting release: %w", err)
	}
	table, err := csvFile(r)
	if err != nil {
		return nil, fmt.Errorf("exporting release: %w", err)
	}
	descriptor, err := packageFile(r, table)
	if err != nil {
		return nil, fmt.Errorf("exporting release: %w", err)
	}
	files := []File{{Name: FileRelease, Body: release}, {Name: FileCSV, Body: table}, {Name: FilePackage, Body: descriptor}}
	for _, lang := range PageLanguages() {
		b, err := pageFile(r, lang)
		if err != nil {
			return nil, fmt.Errorf("exporting release: %w", err)
		}
		files = append(files, File{Name: pageName(lang), Body: b})
	}
	return files, nil
}

// Pack makes the release's body as the server keeps it, not signed yet.
func Pack(r Release) ([]byte, error) {
	files, err := Export(r)
	if err != nil {
		return nil, err
	}
	return pack(files, []Signature{})
}

func pack(files []File, sigs []Signature) ([]byte, error) {
	s, err := encode(sigs)
	if err != nil {
		return nil, err
	}
	return vault.PackRelease(s, files)
}

// statement is what people sign: every file, by name and hash, in order.
func statement(files []File) []byte { return vault.ReleaseStatement(files) }

// Open reads a release's body and checks everything but who signed: the form,
// the release itself, and that each file is byte for byte what the release makes.
// ErrShape, ErrFiles.
func Open(body []byte) (Release, []File, []Signature, error) {
	files, sigs, err := unpack(body)
	if err != nil {
		return Release{}, nil, nil, fmt.Errorf("opening release: %w", err)
	}
	r, err := ParseRelease(files[0].Body)
	if err != nil {
		return Release{}, nil, nil, err
	}
	want, err := Export(r)
	if err != nil {
		return Release{}, nil, nil, err
	}
	if err := sameFiles(files, want); err != nil {
		return Release{}, nil, nil, fmt.Errorf("opening release: %w", err)
	}
	return r, files, sigs, nil
}

// sameFiles says which file is missing, too many or not as wanted. ErrFiles.
func sameFiles(files, want []File) error {
	named := func(list []File, name string) bool {
		return slices.ContainsFunc(list, func(f File) bool { return f.Name == name })
	}
	for _, f := range want {
		if !named(files, f.Name) {
			return fmt.Errorf("%w: %s is missing", ErrFiles, f.Name)
		}
	}
	for i, f := range files {
		switch {
		case !named(want, f.Name):
			return fmt.Errorf("%w: %s is one too many", ErrFiles, f.Name)
		case f.Name != want[i].Name:
			return fmt.Errorf("%w: %s is not in its place", ErrFiles, f.Name)
		case !bytes.Equal(f.Body, want[i].Body):
			return fmt.Errorf("%w: %s is not what %s makes", ErrFiles, f.Name, FileRelease)
		}
	}
	return nil
}

func unpack(body []byte) ([]File, []Signature, error) {
	raw, files, err := vault.UnpackRelease(body)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: container: %w", ErrShape, err)
	}
	sigs, err := roster.ParseSignatures(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: signatures", ErrShape)
	}
	return files, sigs, nil
}

// Sign adds a person's signature to a release's body, after checking the body as
// Open does. Whether it may be published is for [Gate].
func Sign(body []byte, by string, key ed25519.PrivateKey) ([]byte, error) {
	_, files, sigs, err := Open(body)
	if err != nil {
		return nil, err
	}
	sigs, err = addSignature(sigs, statement(files), by, key)
	if err != nil {
		return nil, fmt.Errorf("signing release: %w", err)
	}
	return pack(files, sigs)
}

// Verify is what anybody can check of a release: all that Open checks, and that
// two people on r who may sign have signed every file. ErrShape, ErrFiles,
// ErrSignatures, ErrSigners.
func Verify(body []byte, r *roster.Roster) (Release, error) {
	release, files, sigs, err := Open(body)
	if err != nil {
		return Release{}, err
	}
	if err := checkSigners(r, statement(files), sigs); err != nil {
		return Release{}, fmt.Errorf("verifying release: %w", err)
	}
	return release, nil
}
