// One demo organisation for all browser tests of a run that need its public side only: making its past year is most of what a
// short test costs. Writes where it is into FILE, whole or not at all, and stays until it is interrupted.
//   node browser/standing.mjs FILE
import { rename, writeFile } from "node:fs/promises";
import { cleanUp, demo } from "./tools.mjs";

const file = process.argv[2];
const interrupted = new Promise((r) => { for (const s of ["SIGINT", "SIGTERM"]) process.on(s, () => r(s)); });
try {
  const made = demo("--reports", "100");
  const org = await Promise.race([made, interrupted]);
  if (typeof org !== "string") {
    await writeFile(`${file}.part`, JSON.stringify({ dir: org.dir, phone: org.phone }));
    await rename(`${file}.part`, file);
    await interrupted;
  }
} catch (e) {
  console.error(`error: ${e.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
