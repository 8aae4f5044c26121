import type { ProblemKind } from "./types.ts";

/** Failure is every error that this folder throws on purpose. `kind` is for the screens, the message for developers. */
export class Failure extends Error {
  readonly kind: ProblemKind;

  constructor(kind: ProblemKind, message: string) {
    super(message);
    this.name = "Failure";
    this.kind = kind;
  }
}

/** kindOf is the kind of a Failure, and `other` for whatever else was thrown. */
export function kindOf(error: unknown): ProblemKind {
  return error instanceof Failure ? error.kind : "other";
}

/** Reason is why a roster, a certificate or a revocation was refused; the vectors in testdata/vectors/roster pin each. */
export type Reason =
  | "shape" // not of the form that the protocol gives
  | "signatures" // one that claims a known key does not verify
  | "threshold" // too few distinct keys of its own roots
  | "root" // other root keys than the link's
  | "older" // a version not above the held one
  | "chain" // it does not follow from the held one
  | "expired"
  | "person"; // nobody on the roster in that role

/** Refusal is the Failure of whatever signed thing did not pass its check. */
export class Refusal extends Failure {
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(reason === "root" || reason === "expired" ? reason : "roster", message);
    this.reason = reason;
  }
}
