export { fr as strings } from "../strings/fr.ts";
export { wordlist as words } from "@scure/bip39/wordlists/french.js";
