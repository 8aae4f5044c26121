export { es as strings } from "../strings/es.ts";
export { wordlist as words } from "@scure/bip39/wordlists/spanish.js";
