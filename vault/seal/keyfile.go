package seal

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"filippo.io/age"
)

// WorkFactor is log2 of scrypt's N for key files: 256 MiB and about a second.
// A file that asks for more is refused, since it could exhaust the machine.
const WorkFactor = 18

const maxKeyFile = 1 << 20

// Kinds of key files.
const (
	KindPerson   = "person"
	KindRecovery = "recovery"
	KindRoot     = "root"
)

// KeyFile is somebody's private keys. It formats as "key file", whatever is in it.
type KeyFile struct {
	Kind     string // person, recovery or root
	Person   string // person id
	Name     string // display name, or a root key's name
	Signing  ed25519.PrivateKey
	Personal Identity
	Intake   []IntakeKey
	Recovery Identity
	Signer   string // a note private key
}

// IntakeKey is the private half of a certificate.
type IntakeKey struct {
	Epoch    uint32   `json:"epoch"`
	Identity Identity `json:"identity"`
	From     string   `json:"from"`  // day
	Until    string   `json:"until"` // day
}

// String gives "key file", whatever is in it.
func (k KeyFile) String() string { return "key file" }

// Format writes "key file" for every verb.
func (k KeyFile) Format(f fmt.State, _ rune) { io.WriteString(f, "key file") }

// LogValue keeps the keys out of structured logs.
func (k KeyFile) LogValue() slog.Value { return slog.StringValue("key file") }

// MarshalJSON refuses: keys are written by SealKeyFile only.
func (k KeyFile) MarshalJSON() ([]byte, error) {
	return nil, fmt.Errorf("%w: not to be written unsealed", ErrContent)
}

type keyJSON struct {
	V        int         `json:"v"`
	Kind     string      `json:"kind"`
	Person   string      `json:"person,omitempty"`
	Name     string      `json:"name,omitempty"`
	Signing  string      `json:"signing,omitempty"`
	Personal Identity    `json:"personal,omitempty"`
	Intake   []IntakeKey `json:"intake,omitempty"`
	Identity Identity    `json:"identity,omitempty"`
	Signer   string      `json:"signer,omitempty"`
}

// NewPerson makes the keys of a person, without any intake key yet.
func NewPerson(person, name string) (KeyFile, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return KeyFile{}, fmt.Errorf("making a signing key: %w", err)
	}
	personal, err := NewIdentity()
	if err != nil {
		return KeyFile{}, err
	}
	k := KeyFile{Kind: KindPerson, Person: person, Name: name, Signing: key, Personal: personal}
	return k, k.check()
}

// SealKeyFile seals k with a passphrase, as a binary age file. workFactor is
// WorkFactor, or less in tests. ErrPassphrase when it is empty, ErrContent when k
// is not whole.
func SealKeyFile(k KeyFile, passphrase string, workFactor int) ([]byte, error) {
	if passphrase == "" {
		return nil, fmt.Errorf("%w: it can't be empty", ErrPassphrase)
	}
	if workFactor < 1 || workFactor > WorkFactor {
		return nil, fmt.Errorf("%w: work factor must be 1 to %d", ErrContent, WorkFactor)
	}
	if err := k.check(); err != nil {
		return nil, err
	}
	j := keyJSON{V: 1, Kind: k.Kind, Person: k.Person, Name: k.Name, Personal: k.Personal,
		Intake: k.Intake, Identity: k.Recovery, Signer: k.Signer}
	if k.Kind == KindPerson {
		j.Signing = b64.EncodeToString(k.Signing.Seed())
	}
	plain, err := encode(j)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	if len(plain) > maxKeyFile/2 {
		return nil, fmt.Errorf("%w: key file over %d bytes", ErrTooLarge, maxKeyFile/2)
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("sealing a key file: %w", ErrPassphrase)
	}
	r.SetWorkFactor(workFactor)
	return encrypt(plain, r)
}

// OpenKeyFile opens a key file. ErrPassphrase for a wrong one, ErrShape for
// what is no passphrase-sealed file or asks for more work than WorkFactor,
// ErrDamaged, ErrContent, ErrTooLarge.
func OpenKeyFile(b []byte, passphrase string) (KeyFile, error) {
	if len(b) > maxKeyFile {
		return KeyFile{}, fmt.Errorf("%w: key file over %d bytes", ErrTooLarge, maxKeyFile)
	}
	if !bytes.HasPrefix(b, []byte("age-encryption.org/v1\n-> scrypt ")) {
		return KeyFile{}, fmt.Errorf("%w: not sealed with a passphrase", ErrShape)
	}
	if passphrase == "" {
		return KeyFile{}, fmt.Errorf("%w: it can't be empty", ErrPassphrase)
	}
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return KeyFile{}, ErrPassphrase
	}
	id.SetMaxWorkFactor(WorkFactor)
	r, err := age.Decrypt(bytes.NewReader(b), id)
	var no *age.NoIdentityMatchError
	if errors.As(err, &no) {
		return KeyFile{}, ErrPassphrase
	}
	if err != nil {
		return KeyFile{}, fmt.Errorf("%w: bad header of a key file", ErrShape)
	}
	plain, err := io.ReadAll(&limited{r, maxKeyFile})
	defer clear(plain)
	if err != nil {
		return KeyFile{}, fmt.Errorf("%w: cut short or altered", ErrDamaged)
	}
	return parseKeyFile(plain)
}

func parseKeyFile(plain []byte) (KeyFile, error) {
	if err := checkJSON(plain, maxKeyFile, MaxText, MaxDepth); err != nil {
		return KeyFile{}, err
	}
	var j keyJSON
	if err := decode(plain, &j); err != nil {
		return KeyFile{}, err
	}
	if j.V != 1 {
		return KeyFile{}, fmt.Errorf("%w: not version 1", ErrContent)
	}
	k := KeyFile{Kind: j.Kind, Person: j.Person, Name: j.Name, Personal: j.Personal,
		Intake: j.Intake, Recovery: j.Identity, Signer: j.Signer}
	if j.Signing != "" {
		seed, ok := unb64(j.Signing, ed25519.SeedSize)
		if !ok {
			return KeyFile{}, fmt.Errorf("%w: bad signing key", ErrContent)
		}
		k.Signing = ed25519.NewKeyFromSeed(seed)
	}
	return k, k.check()
}

// check tells whether k has what its kind needs and nothing else.
func (k KeyFile) check() error {
	person := k.Person != "" || k.Signing != nil || k.Personal != "" || len(k.Intake) > 0
	switch k.Kind {
	case KindPerson:
		if !isPerson(k.Person) || k.Person == "recovery" || checkKey(k.Signing) != nil || k.Recovery != "" || k.Signer != "" {
			return fmt.Errorf("%w: not the keys of a person", ErrContent)
		}
		if _, err := k.Personal.age(); err != nil {
			return err
		}
		return checkIntake(k.Intake)
	case KindRecovery:
		if person || k.Signer != "" {
			return fmt.Errorf("%w: not a recovery key", ErrContent)
		}
		_, err := k.Recovery.age()
		return err
	case KindRoot:
		if person || k.Recovery != "" || k.Signer == "" || k.Name == "" {
			return fmt.Errorf("%w: not a root key", ErrContent)
		}
		return nil
	}
	return fmt.Errorf("%w: unknown kind of key file", ErrContent)
}

func checkIntake(keys []IntakeKey) error {
	seen := map[uint32]bool{}
	for _, i := range keys {
		if seen[i.Epoch] || !isDay(i.From) || !isDay(i.Until) || i.Until < i.From {
			return fmt.Errorf("%w: bad intake key", ErrContent)
		}
		seen[i.Epoch] = true
		if _, err := i.Identity.age(); err != nil {
			return err
		}
	}
	return nil
}

func isDay(s string) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && t.Format(time.DateOnly) == s
}
