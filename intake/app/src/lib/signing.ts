import { concat, unbase64, type Bytes } from "./bytes.ts";

// Ed25519 (RFC 8032) by the browser where it can, else by noble, loaded only then. Both give the same signatures.

let native: Promise<boolean> | undefined;

/** The browser can do Ed25519: asked once. */
function hasNative(): Promise<boolean> {
  native ??= crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]).then(() => true, () => false);
  return native;
}

const noble = () => import("./ed25519.ts").then((m) => m.ed25519);

// PKCS #8 before the 32 bytes of a seed (RFC 8410, section 7).
const pkcs8 = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20);

/** verify tells whether a signature over a message is that key's. */
export async function verify(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  if (key.length !== 32 || signature.length !== 64) return false;
  if (await hasNative()) {
    try {
      const k = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
      return await crypto.subtle.verify("Ed25519", k, signature, message);
    } catch {
      return false;
    }
  }
  const ed25519 = await noble();
  try {
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}

/** publicKey is the public half of a 32-byte seed. */
export async function publicKey(seed: Bytes): Promise<Bytes> {
  if (!(await hasNative())) return new Uint8Array((await noble()).getPublicKey(seed));
  const key = await crypto.subtle.importKey("pkcs8", concat(pkcs8, seed), "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", key);
  return unbase64(`${(x ?? "").replace(/-/g, "+").replace(/_/g, "/")}=`) ?? unreachable();
}

/** sign signs a message with the key of a 32-byte seed. */
export async function sign(seed: Bytes, message: Bytes): Promise<Bytes> {
  if (!(await hasNative())) return new Uint8Array((await noble()).sign(message, seed));
  const key = await crypto.subtle.importKey("pkcs8", concat(pkcs8, seed), "Ed25519", false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, message));
}

function unreachable(): never {
  throw new Error("a browser gave an Ed25519 key without a public half");
}
