// What the bundle has in place of code that age's library brings and this app never runs: NIST curves (for tag
// recipients), X25519 by itself (for classic ones), scrypt (for passphrases), and age's own handling of these kinds. It saves a quarter of the first visit; and were a recipient of such a kind
// ever to slip past checkRecipient, there would be nothing here to seal to it with. See vite.config.ts.

function absent(): never {
  throw new Error("not in this app");
}

/** Enough of a curve for the library to describe it when it starts; every use throws. */
const curve = {
  lengths: { secretKey: 32, publicKey: 33, publicKeyUncompressed: 65, seed: 48 },
  Point: { Fn: {}, fromBytes: absent },
  utils: { randomSecretKey: absent },
  keygen: absent,
  getPublicKey: absent,
  getSharedSecret: absent,
};

export { absent, curve as p256, curve as p384, absent as scalarMult, absent as scalarMultBase, absent as scrypt };
