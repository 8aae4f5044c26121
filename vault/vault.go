// Package vault is what the server keeps: sealed deposits and blobs, the
// journals of cases, grants, reply slots, the public notes and sheets, the
// accounts of people on the roster, and one ordered, hash-chained feed of all
// of it. It is blind: nothing here, and nothing it imports, can decrypt.
//
// A [Store] is safe for concurrent use. Every write that returns nil is
// durable: the transaction, and any file it names with its directory, were
// synced before the return. Every write is named by the hash of its bytes, and
// repeating one that is already stored at its place succeeds and changes
// nothing. Exact bytes are in PROTOCOL.md.
package vault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Limits on single items, in bytes unless named otherwise.
const (
	MaxReport    = 4 << 20
	MaxBlob      = 1 << 20
	MaxAppend    = 12 << 20
	MaxNote      = 1 << 20
	MaxDocument  = 4 << 20
	MaxDeskID    = 32
	SlotSize     = 4096
	MaxPrefix    = 16 // characters of a reply's bucket prefix
	MaxClaims    = 256
	MaxGrants    = 64
	MaxReplies   = 64
	TicketDays   = 30
	TicketQuota  = 128 << 20
	MinCharge    = 4096 // what a blob counts at least against a ticket's quota
	MaxTOTPSteps = 3    // codes that may match at one moment
)

// Sentinels. A store wraps them; compare with errors.Is.
var (
	// ErrNotFound: nothing is stored under that name.
	ErrNotFound = errors.New("not found")
	// ErrErased: it was there and was taken away for good, by two people's
	// erasure or because its time was over. It matches ErrNotFound as well.
	ErrErased = fmt.Errorf("erased: %w", ErrNotFound)
	// ErrPlausible: the clock can't be right, going by the feed's own days, so
	// nothing was taken away by it.
	ErrPlausible = errors.New("the clock does not go with the days of the feed")
	// ErrTooLarge: over one of the limits above.
	ErrTooLarge = errors.New("too large")
	// ErrMalformed: the bytes are not of the form that PROTOCOL.md gives.
	ErrMalformed = errors.New("malformed")
	// ErrHash: the bytes do not have the hash they were announced under.
	ErrHash = errors.New("bytes do not match their hash")
	// ErrTicket: no ticket, a forged one, or one that has run out.
	ErrTicket = errors.New("ticket refused")
	// ErrQuota: the ticket's bytes are used up.
	ErrQuota = errors.New("ticket's quota used up")
	// ErrConflict: the place is taken by something else. An append that lost
	// the race gets a *ConflictError, which matches ErrConflict.
	ErrConflict = errors.New("conflict")
	// ErrClaimed: another journal holds the deposit. A *ClaimedError matches it.
	ErrClaimed = errors.New("deposit already claimed")
	// ErrEpoch: an append to an epoch that is neither the journal's nor the one
	// after it. A journal's first append is of epoch 1.
	ErrEpoch = errors.New("epoch is neither the journal's nor its next")
	// ErrFork: a feed record does not continue the feed that is held.
	ErrFork = errors.New("feed does not continue the one held")
	// ErrUsedCode: that step of the second factor, or a later one, was used.
	ErrUsedCode = errors.New("code already used")
	// ErrOld: a roster version not above the stored one.
	ErrOld = errors.New("not newer than the stored one")
	// ErrCorrupt: what is stored fails its own checks.
	ErrCorrupt = errors.New("store is damaged")
	// ErrLocked: another process has the store open.
	ErrLocked = errors.New("store is in use by another process")
	// ErrFollows: a store that follows another one's feed was asked to add to it.
	ErrFollows = errors.New("store follows another one and takes no writes of its own")
	// ErrStopped: a sync failed, or nobody knows whether a commit is on the disk. The
	// store reads, and takes no writes until it is opened again.
	ErrStopped = errors.New("store takes no writes until it is opened again")
	// ErrOtherHistory: a backup, or the note of one, is of another feed.
	ErrOtherHistory = errors.New("belongs to another history of the store")
	// ErrNotRestored: something was to be put back into a store that lost nothing.
	ErrNotRestored = errors.New("store was not restored from a backup")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
)

// ConflictError tells the loser of an append where the journal stands; the
// zero Head when the journal does not exist and the append is not its first.
type ConflictError struct{ Head Head }

func (e *ConflictError) Error() string {
	if e.Head.Entry.IsZero() {
		return "journal has no entries"
	}
	return fmt.Sprintf("journal has moved on to entry %d", e.Head.Seq)
}
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// FormerError tells who wanted to publish a release after another one than the
// last which one is the last; zero when there is none.
type FormerError struct{ Last ID }

func (e *FormerError) Error() string {
	if e.Last.IsZero() {
		return "there is no release yet to follow"
	}
	return "the last release is another one"
}
func (e *FormerError) Is(target error) bool { return target == ErrConflict }

// ClaimedError names the journal that holds the deposit.
type ClaimedError struct{ Deposit, Journal ID }

func (e *ClaimedError) Error() string {
	return "deposit is already claimed by journal " + e.Journal.String()
}
func (e *ClaimedError) Is(target error) bool { return target == ErrClaimed }

// Clock tells the time. Stores, servers and workstations take one; tests and
// the demo inject theirs, the shipped programs use time.Now.
type Clock func() time.Time

// Deposit is a sealed report as it arrived.
type Deposit struct {
	Desk   string
	Report []byte // an age file, ≤ MaxReport
	ByHand bool   // sealed by the sender's own age, plain text inside
}

// Accepted is the answer to a deposit. The same deposit gets the same answer.
type Accepted struct {
	ID     ID
	Day    Day    // the day it arrived, UTC
	Ticket string // lets its attachments follow
	New    bool   // false when it was stored before
}

// DepositInfo is what the store knows of a deposit without opening it.
type DepositInfo struct {
	Day       Day
	ClaimedBy ID   // the zero ID while unclaimed
	Blobs     []ID // put with its ticket, in the order they came
}

// Head is a journal's last entry.
type Head struct {
	Seq   uint64
	Entry ID
	Epoch uint32
}

// Outline is what can be told of a journal without opening it, nor believed
// without its grants' signatures.
type Outline struct {
	Head   Head
	Claims []ID     // ascending
	Held   []string // who was made out a grant of the head's epoch, sorted
}

// mayBeFollowedIn reports whether an entry after the head may be of that epoch:
// the head's, or the next; after none, the first. Whoever may append could otherwise use up in one
// entry all the keys that a case can have.
func (h Head) mayBeFollowedIn(epoch uint32) bool { return epoch >= h.Epoch && epoch-h.Epoch <= 1 }

// Entry is one step of a journal, sealed.
type Entry struct {
	Journal ID
	Epoch   uint32
	Seq     uint64
	Prev    ID
	Sealed  []byte
}

// Grant gives one person (or recovery) an epoch's case identity. Body is
// sealed and signed by its granter; the store does not read it.
type Grant struct {
	Journal ID
	Epoch   uint32
	To      string
	Body    []byte
}

// Reply is one slot in a bucket.
type Reply struct {
	Prefix string // 0 to MaxPrefix characters '0' or '1'
	Slot   []byte // exactly SlotSize bytes
}

// Append is an entry and everything that commits with it.
type Append struct {
	Entry   Entry
	Claims  []ID
	Grants  []Grant
	Replies []Reply
}

// Appended is the answer to an append. The same append gets the same answer.
type Appended struct {
	ID  ID // of the entry
	Seq uint64
	New bool
}

// Kind says what a feed record stands for.
type Kind string

const (
	KindDeposit     Kind = "deposit"
	KindBlob        Kind = "blob"
	KindAppend      Kind = "append"
	KindRoster      Kind = "roster"
	KindCertificate Kind = "certificate"
	KindRevocation  Kind = "revocation"
	KindRelease     Kind = "release"
	KindErasure     Kind = "erasure"
	KindExpiry      Kind = "expiry"
)

// Record is one position of the feed. Hash covers the generation, all other
// fields and the former record's hash.
type Record struct {
	Pos    uint64
	Kind   Kind
	ID     ID // of the object behind it
	Day    Day
	Author string // person id, or empty
	Hash   ID
}

// FeedHead is where a feed ends.
type FeedHead struct {
	Generation [16]byte
	Pos        uint64
	Hash       ID
}

// Certificate is a person's signed intake certificate, as bytes.
type Certificate struct {
	Person string
	Epoch  uint32
	JSON   []byte
}

// Revocation is a lead's signed statement about a person, as bytes.
type Revocation struct {
	Person string
	JSON   []byte
}

// Account is what the server keeps to let a person of the roster sign in.
type Account struct {
	Person string
	// Invite is the hash of the one-time enrolment code, zero when there is none.
	Invite ID
	// InviteUntil is the last day of the invitation.
	InviteUntil Day
	// Secret is the TOTP secret, empty before enrolment.
	Secret []byte
	// LastStep is the highest TOTP step used.
	LastStep uint64
}

// Session is a signed-in person's session, named by the hash of its token.
type Session struct {
	Token  ID
	Person string
	Until  time.Time
}

// Depositor takes what phones send.
type Depositor interface {
	// PutDeposit stores d and returns its id, day and ticket. ErrTooLarge,
	// ErrMalformed (empty report, bad desk id). The caller has checked the
	// report's shape (CheckReport, CheckByHand); the store does not look inside.
	PutDeposit(ctx context.Context, d Deposit) (Accepted, error)
	// PutBlob stores body under its hash for the ticket's deposit, and tells
	// whether that is new for the deposit. ErrTicket, ErrQuota, ErrHash, ErrTooLarge.
	PutBlob(ctx context.Context, ticket string, sum ID, body []byte) (created bool, err error)
	// MissingBlobs returns those of sums that the ticket's deposit has not
	// stored yet, in the given order. ErrTicket.
	MissingBlobs(ctx context.Context, ticket string, sums []ID) ([]ID, error)
}

// Journaler takes what advocates write.
type Journaler interface {
	// Append commits a's entry with its claims, grants and replies, or nothing.
	// *ConflictError, *ClaimedError, ErrEpoch, ErrNotFound (a claimed deposit
	// that does not exist), ErrTooLarge, ErrMalformed.
	Append(ctx context.Context, author string, a Append) (Appended, error)
	// PutCertificate stores or repeats a certificate. ErrConflict when the
	// person has another one for that epoch.
	PutCertificate(ctx context.Context, author string, c Certificate) error
	// PutRevocation stores or repeats a revocation.
	PutRevocation(ctx context.Context, author string, r Revocation) error
	// PutRoster makes note the current roster. The caller has checked it.
	// ErrOld when version is not above the stored one and the bytes differ,
	// ErrMalformed when version is not the note's own (RosterVersion).
	PutRoster(ctx context.Context, author string, version uint64, note []byte) error
	// PutRelease adds a release after former (zero for the first), or repeats
	// one. *FormerError when former is not the last one.
	PutRelease(ctx context.Context, author string, former ID, body []byte) (ID, error)
	// PutDocument stores public bytes (codebook, texts) under their SHA-256.
	PutDocument(ctx context.Context, body []byte) (ID, error)
}

// Reader reads everything that is not an account. Every byte slice returned
// belongs to the caller.
type Reader interface {
	Deposit(ctx context.Context, id ID) (Deposit, DepositInfo, error)
	Blob(ctx context.Context, sum ID) ([]byte, error)
	Document(ctx context.Context, sum ID) ([]byte, error)
	// Roster returns the current note. ErrNotFound before the first.
	Roster(ctx context.Context) (version uint64, note []byte, err error)
	// RosterAt returns the note of one version.
	RosterAt(ctx context.Context, version uint64) ([]byte, error)
	// Certificates returns a person's certificates, lowest epoch first.
	Certificates(ctx context.Context, person string) ([]Certificate, error)
	Revocations(ctx context.Context) ([]Revocation, error)
	// Head returns a journal's head. ErrNotFound for an unknown journal, ErrErased
	// for one that was erased.
	Head(ctx context.Context, journal ID) (Head, error)
	// Outline returns what a journal's outside says of it. ErrNotFound, ErrErased.
	Outline(ctx context.Context, journal ID) (Outline, error)
	// Appends returns the journal's appends with seq ≥ from, in order.
	Appends(ctx context.Context, journal ID, from uint64) ([]Append, error)
	// Bucket returns the slots whose prefix begins prefix or is begun by it,
	// oldest first. ErrMalformed for a bad prefix.
	Bucket(ctx context.Context, prefix string) ([][]byte, error)
	// LastRelease returns the id of the last release, zero before the first.
	LastRelease(ctx context.Context) (ID, error)
	// Release returns the release of that id. ErrNotFound.
	Release(ctx context.Context, id ID) (Release, error)
	// Releases returns ids and bodies, oldest first: all of them in memory.
	Releases(ctx context.Context) ([]ID, [][]byte, error)
	// Feed returns up to limit records after position after, in order.
	Feed(ctx context.Context, after uint64, limit int) ([]Record, error)
	// Record returns the record of the object of that id. ErrNotFound.
	Record(ctx context.Context, id ID) (Record, error)
	// Object returns the bytes whose hash is r.ID. *GoneError when they were
	// taken away.
	Object(ctx context.Context, r Record) ([]byte, error)
	FeedHead(ctx context.Context) (FeedHead, error)
}

// Accountant keeps accounts and sessions; none of it enters the feed.
type Accountant interface {
	Account(ctx context.Context, person string) (Account, error)
	Accounts(ctx context.Context) ([]Account, error)
	// Invite makes or renews an account's invitation; an enrolled factor
	// stays until the invitation is used.
	Invite(ctx context.Context, person string, code ID, until Day) error
	// Enrol uses up the invitation and stores the secret, in one commit;
	// sessions of that person end. ErrNotFound when the code is not the
	// invitation's or its last day has passed.
	Enrol(ctx context.Context, person string, code ID, secret []byte) error
	// UseStep records a TOTP step. Of many concurrent calls with one step
	// exactly one returns nil; the rest, and any lower step, get ErrUsedCode.
	// ErrNotFound when nobody of that name is enrolled.
	UseStep(ctx context.Context, person string, step uint64) error
	// PutSession stores a session, its end kept to the second, and forgets
	// those that have run out.
	PutSession(ctx context.Context, s Session) error
	// Session returns a session that has not run out. ErrNotFound.
	Session(ctx context.Context, token ID) (Session, error)
	DeleteSession(ctx context.Context, token ID) error
	// DeleteSessions ends all sessions of a person.
	DeleteSessions(ctx context.Context, person string) error
}

// Replicator makes a store follow another one's feed. A store that follows
// takes no other writes that enter the feed.
type Replicator interface {
	// Follow begins (or, with the same generation, continues) to follow a feed.
	// ErrFork when the store already has another feed.
	Follow(ctx context.Context, generation [16]byte) error
	// Apply stores the given records and objects, in order, in one commit, doing
	// to deposits, journals and the rest what the original writes did.
	// Records that are already held, at their places, are passed over. In the
	// place of an object may stand a GoneObject; then the record alone is stored.
	// ErrFork when a record does not continue the feed, ErrHash when an
	// object does not match, ErrMalformed when it can't be parsed or could not
	// have been accepted after what came before; nothing of the call is stored then.
	Apply(ctx context.Context, records []Record, objects [][]byte) error
	// PutReplicaBlob stores a blob that some applied blob record names.
	// ErrNotFound when none does, ErrHash when the bytes are not the blob's.
	PutReplicaBlob(ctx context.Context, sum ID, body []byte) error
	// LackingBlobs returns up to limit blobs that records name and the store does not hold.
	LackingBlobs(ctx context.Context, limit int) ([]ID, error)
}

// Eraser takes things away for good. What is gone keeps its record in the feed,
// and so its place in the chain; its bytes are in no page that is in use and in
// no file. Free pages keep old bytes until they are written over or CompactBolt
// has run.
type Eraser interface {
	// PutErasure takes a journal away with all its entries, grants, replies and
	// deposits and their blobs, in one commit, and tells whether that is new.
	// From then on the journal takes no append and nobody claims its deposits
	// (ErrErased); a deposit or blob of it that is offered again is answered as
	// a repeat and not stored. It holds as well for what is not here yet.
	//
	// The caller has checked the signatures. *ConflictError when the journal
	// has other entries after e.After than one by each signer, in their order;
	// *ClaimedError when another journal holds one of the deposits, ErrMalformed
	// when the journal claimed one that e does not name, ErrErased when the
	// journal was erased by another statement.
	PutErasure(ctx context.Context, author string, e Erasure) (created bool, err error)
	// Expire takes away what is older than the policy lets it be: answers from
	// their buckets, and deposits that nobody claimed with their blobs. With dry
	// it only counts. ErrPlausible, and nothing is touched; at most MaxExpiryStep
	// days' worth go in one call, and what is left with later days' calls.
	Expire(ctx context.Context, keep Keep, dry bool) (Expired, error)
	// CarryOut does to a store that follows a feed what the erasure or expiry at
	// that position says. Until its reader has checked it and calls this, such
	// a record does nothing there. ErrNotFound for a record of another kind;
	// the errors of PutErasure. Twice is once.
	CarryOut(ctx context.Context, pos uint64) error
	// Done tells whether the erasure or expiry at that position was carried out.
	Done(ctx context.Context, pos uint64) (bool, error)
	// Gone lists the records whose objects are not here because they were taken
	// away, in order.
	Gone(ctx context.Context) ([]Gone, error)
}

// Rememberer keeps, for a server that shows somebody a part of the feed only, what
// of it she was shown: once an object was taken away nothing else tells. It is in
// no feed and no backup, and Check does not read it.
type Rememberer interface {
	// KeepFeeds keeps bytes for each of these people, in one commit, in place of
	// what was kept for them before. ErrMalformed (bad person id).
	KeepFeeds(ctx context.Context, feeds map[string][]byte) error
	// KeptFeed returns what was kept last for a person. ErrNotFound.
	KeptFeed(ctx context.Context, person string) ([]byte, error)
}

// Store is everything. vaulttest.Test is its contract as a test.
//
// A write whose context ends while it waits returns the context's error and may
// still be stored, or not: repeat it to know. Writes that enter the feed take a
// person id or nothing as their author (ErrMalformed). When a sync failed all
// writes return ErrStopped from then on, whatever became of the one that met it.
// After Close everything returns ErrClosed.
type Store interface {
	Depositor
	Journaler
	Reader
	Accountant
	Replicator
	Archiver
	Restored
	Eraser
	Rememberer
	// Check verifies the whole store: every hash, the feed's chain, every
	// journal, claim, reference and file. It returns nil, or an error
	// matching ErrCorrupt that lists what is hurt.
	Check(ctx context.Context) error
	Close() error
}
