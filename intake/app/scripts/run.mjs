// Runs a TypeScript file of this folder: `node scripts/run.mjs scripts/vectors.ts`. Node 20 does not read TypeScript itself.
import { runnerImport } from "vite";

const [file] = process.argv.slice(2);
if (!file) throw new Error("usage: node scripts/run.mjs FILE");
await runnerImport(file, { configFile: false, define: { __BUILD__: '"script"' }, logLevel: "error" });
