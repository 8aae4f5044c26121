// What the screens and the engine in the worker say to each other. Everything here survives a structured clone.

/** Labels is one short text in several languages, by BCP 47 tag in lower case. */
export type Labels = { readonly [lang: string]: string };

export type Desk = {
  readonly id: string;
  readonly labels: Labels;
  readonly topics: readonly string[];
  readonly regions: readonly string[];
};

export type Region = {
  readonly id: string;
  readonly labels: Labels;
  readonly parts: readonly { readonly id: string; readonly labels: Labels }[];
};

/** Code is one answer that the codebook offers. */
export type Code = {
  readonly code: string;
  readonly label: Labels;
  readonly help?: Labels;
  readonly icon?: string;
  readonly you?: Labels;
  readonly them?: Labels;
  readonly label_under_18?: Labels;
};

export type Group = Code & { readonly acts: readonly Code[] };

export type Codebook = {
  readonly version: number;
  readonly languages: readonly string[];
  readonly groups: readonly Group[];
  readonly lists: { readonly [list: string]: readonly Code[] };
};

export type Policy = {
  readonly answers_days: number;
  readonly unclaimed_days: number;
  readonly no_consent_days: number;
  readonly closed_years: number;
  readonly bucket_bits: number;
};

/** OrganisationData is what the signed roster and its codebook say, checked by all rules of PROTOCOL.md §3. */
export type OrganisationData = {
  readonly name: string;
  readonly version: number;
  /** Hex SHA-256 of the note. */
  readonly hash: string;
  /** The fingerprint of its root keys, what a link's `#root=` carries. */
  readonly root: string;
  /** The last day it is good on, `YYYY-MM-DD`. */
  readonly expires: string;
  /** Today, UTC, is after that day: sealing takes the peer's yes (`acceptExpired`). */
  readonly expired: boolean;
  /** The server could not be reached or showed a list that was refused; this is the one kept from before. */
  readonly kept: "" | "offline" | "refused";
  readonly desks: readonly Desk[];
  readonly regions: readonly Region[];
  /** Names of the people with the role `partner`. */
  readonly partners: readonly string[];
  readonly policy: Policy;
  /** The languages that the organisation has signed words in. */
  readonly languages: readonly string[];
  readonly codebook: Codebook;
};

export type Reader = {
  readonly id: string;
  readonly name: string;
  /** There is a key to seal to. False when she is revoked or nobody has seen a certificate of hers. */
  readonly canOpen: boolean;
  /** Her certificate is good today; false when only an older one is known. */
  readonly current: boolean;
  readonly revoked: boolean;
};

/** Readers is who can open the reports of a desk, in the roster's order. */
export type Readers = { readonly desk: string; readonly people: readonly Reader[] };

/** Texts is the organisation's signed words in one language. */
export type Texts = {
  readonly lang: string;
  /** How the page is to look; of a form that nobody has checked. */
  readonly look?: { readonly name?: unknown; readonly icon?: unknown; readonly colour?: unknown };
  readonly help_first?: {
    readonly title: string;
    readonly steps: readonly string[];
    readonly numbers: readonly { readonly label: string; readonly number: string; readonly police?: boolean }[];
  };
  /** For who is held by police or others now. */
  readonly held?: Texts["help_first"];
  readonly not_a_call?: string;
  readonly hours?: string;
  readonly before_story?: string;
  readonly attachments?: string;
  readonly before_start?: string;
  readonly after?: {
    readonly title: string;
    readonly next: readonly string[];
    readonly can: readonly string[];
    readonly cannot: readonly string[];
  };
  readonly support?: readonly { readonly label: string; readonly contact: string }[];
  readonly child_protection?: string;
  readonly rights?: readonly string[];
  /** Screens that were read aloud, by name: a recording's hash and type. */
  readonly audio?: { readonly [screen: string]: { readonly sha256?: unknown; readonly type?: unknown } };
  /** The app's own sentences on the screens of agreeing, as the organisation had them reviewed; of a form that nobody has checked. */
  readonly app?: { readonly [key: string]: unknown };
  /** The codebook with the labels of this language alone, and what a phone shows of it. */
  readonly codebook?: Codebook;
};

/** Prepared is what looking at a file told. */
export type Prepared = {
  /** Bytes as they would be sent, before padding. */
  readonly size: number;
  readonly type: string;
  /**
   * `cleaned`: something hidden was taken out. `nothing`: looked through, nothing hidden found. `unknown`: a kind of
   * file that can't be looked into. `original`: goes as it is, because the peer chose so.
   */
  readonly found: "cleaned" | "nothing" | "unknown" | "original";
};

/** FileChoice is one file to send; `original` sends it as it is. */
export type FileChoice = { readonly file: File; readonly original: boolean };

/** Submission is everything the form gives. `answers` and `contact` go into the report as they are. */
export type Submission = {
  readonly desk: string;
  readonly lang: string;
  readonly answers: { readonly [key: string]: unknown };
  readonly contact?: { readonly [key: string]: string };
  readonly consent: readonly string[];
  /** Person ids that the report is not sealed to. */
  readonly leftOut: readonly string[];
  readonly files: readonly FileChoice[];
  /** Whether the peer wants words to come back with. */
  readonly receipt: boolean;
  readonly practice?: boolean;
  /** Sealed before the form's end was reached: what may be done with it was not asked yet. */
  readonly unfinished?: boolean;
  /** The peer's yes to sealing with an expired roster. */
  readonly acceptExpired?: boolean;
};

/** Said is one message of the desk. `n` is its place in the thread; `day` is `YYYY-MM-DD`; not `whole` when its end is not there. */
export type Said = { readonly n: number; readonly day: string; readonly desk: string; readonly text: string; readonly whole: boolean };

/**
 * Answers is what the desk said to the holder of some words, oldest first. None is no sign that the words are right or
 * wrong: nobody but their holder can tell.
 */
export type Answers = {
  readonly said: readonly Said[];
  /** How many pieces there were before the first that is there; they have run out. */
  readonly runOut: number;
  /** How many pieces were meant for these words and are not to be believed. */
  readonly unconfirmed: number;
};

/** Addition is what the holder of some words sends after her report. `withdraw` are the codes of consents that she takes back, `helped` how the help went. */
export type Addition = Pick<Submission, "desk" | "leftOut" | "acceptExpired"> & { readonly text: string; readonly withdraw: readonly string[]; readonly helped?: string; readonly files?: readonly FileChoice[]; readonly practice?: boolean };

/** Progress is where sending stands. */
export type Progress =
  | { readonly stage: "sealing" }
  | { readonly stage: "story" }
  | { readonly stage: "working" } // the server is flooded and asks for work
  | { readonly stage: "keeping"; readonly n: number; readonly total: number; readonly done: number; readonly size: number }
  | { readonly stage: "file"; readonly n: number; readonly total: number; readonly done: number; readonly size: number }
  | { readonly stage: "follow-up" };

/** ReceiptText is a receipt as it is shown: words where the language has a list, and always digits. */
export type ReceiptText = { readonly words: readonly string[] | null; readonly digits: readonly string[] };

/** Problem says why something failed, in a word that the screens have a text for. */
export type ProblemKind =
  | "offline" // no connection, or none that lasted
  | "server" // the server could not take it just now
  | "refused" // the server will never take it as it is
  | "large" // too large for the server or the format
  | "seal" // could not be sealed safely; nothing left the phone
  | "expired" // the roster has expired and the peer has not said yes
  | "nobody" // nobody is left who could open it
  | "stopped" // the peer stopped it
  | "roster" // the list failed its checks and none was held
  | "root" // the list is not the one that the link promised
  | "clock" // by this phone's clock the list was made in the future
  | "crypto" // this browser can't do the cryptography
  | "heic" // a photo format that can't be cleaned
  | "broken" // a file that can't be read
  | "empty" // a file without content
  | "other";

/**
 * Outcome is what became of a send or a retry.
 *
 * Once `story` is true the words are stored at the server for good, whatever happens to the files; `missing` then
 * lists the positions in `files` of what did not get there. `problem` says why it is not `done`; `retry` goes on from
 * there. `receipt` is given from the moment the story has arrived, or waits on this phone, when one was wanted.
 */
export type Outcome = {
  readonly done: boolean;
  readonly story: boolean;
  readonly missing: readonly number[];
  readonly problem: ProblemKind | "";
  readonly receipt: ReceiptText | null;
  /** What is not there yet waits on this phone, sealed, under this name; empty when it is in memory only. */
  readonly waiting: string;
};

/** Waiting is a report that waits on this phone. `copy` is one that was sealed before it was finished, when a file was about to be chosen. */
export type Waiting = {
  readonly id: string;
  readonly kind: "report" | "message" | "copy";
  readonly desk: string;
  readonly practice: boolean;
  /** The words have arrived; only files are left. */
  readonly story: boolean;
  readonly files: number;
  /** Who can open it, by the names they chose. */
  readonly names: readonly string[];
  /** How many of those it was sealed to are not to be sealed to any more: off the list, or revoked. */
  readonly gone: number;
};

/** Visit is what the page knows of where it runs: as an app on the phone's own screen or in a browser, and which page of it. */
export type Visit = { readonly installed: boolean; readonly tab: string; readonly left?: string };
