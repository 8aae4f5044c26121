// Everything that one language needs, in one file: a visit fetches the one of its language.
export { en as strings } from "../strings/en.ts";
export { wordlist as words } from "@scure/bip39/wordlists/english.js";
