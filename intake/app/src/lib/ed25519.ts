// For browsers without Ed25519: a file of its own, so that the others don't fetch it.
export { ed25519 } from "@noble/curves/ed25519.js";
