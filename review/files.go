package review

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"peerwitness/vault/seal"
)

// WriteFile replaces the file at path, or leaves the old one whole: the bytes
// and the name are on the disk before it returns. Only the owner can read it.
func WriteFile(path string, b []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// maxKeyFile bounds what is read as a key file.
const maxKeyFile = 1 << 20

// LoadKeyFile reads and opens the key file at path. seal.ErrPassphrase.
func LoadKeyFile(path, passphrase string) (seal.KeyFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return seal.KeyFile{}, fmt.Errorf("reading key file: %w", fs.ErrNotExist)
		}
		return seal.KeyFile{}, fmt.Errorf("reading key file: %w", err)
	}
	if info.Size() > maxKeyFile {
		return seal.KeyFile{}, errors.New("reading key file: it is far too large to be one")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return seal.KeyFile{}, fmt.Errorf("reading key file: %w", err)
	}
	return seal.OpenKeyFile(b, passphrase)
}

// SaveKeyFile seals k with the passphrase and replaces the file at path with
// it. workFactor is scrypt's, as a power of two.
func SaveKeyFile(path string, k seal.KeyFile, passphrase string, workFactor int) error {
	b, err := seal.SealKeyFile(k, passphrase, workFactor)
	if err != nil {
		return err
	}
	return WriteFile(path, b)
}
