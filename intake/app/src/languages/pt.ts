export { pt as strings } from "../strings/pt.ts";
export { wordlist as words } from "@scure/bip39/wordlists/portuguese.js";
