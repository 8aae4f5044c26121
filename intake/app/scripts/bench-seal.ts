import { generateHybridIdentity, identityToRecipient } from "age-encryption";
import { utf8 } from "../src/lib/bytes.ts";
import { sealReport, throwaway } from "../src/lib/seal.ts";

// Prints how long sealing takes here: a report of 32 KiB to 8 slots, after what the app does while the form is filled. Budget (design.md §6): native × 6 ≤ 300 ms, so 50 ms natively.

const rounds = 15;
const budget = 50;

/** Milliseconds of processor time, so that what else the machine does counts little. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

const recipients: string[] = [];
for (let i = 0; i < 4; i++) recipients.push(await identityToRecipient(await generateHybridIdentity()));
const json = utf8(JSON.stringify({ story: "PRACTICE ".repeat(200) }));
const keys: number[] = [];
const seals: number[] = [];
// As Engine.prepare does.
const prepared: string[] = [];
while (prepared.length < 16) prepared.push(await throwaway());
for (let i = 0; i < 3; i++) await sealReport(new Uint8Array(2), prepared.slice(0, 1), 8, prepared.slice(1, 8));
for (let i = 0; i < rounds; i++) {
  const spares: string[] = [];
  for (let n = 0; n < 4; n++) keys.push(await timed(async () => spares.push(await throwaway())));
  seals.push(await timed(() => sealReport(json, recipients, 8, spares)));
}
const median = (all: number[]) => [...all].sort((a, b) => a - b)[all.length >> 1] ?? 0;
const print = (line: string) => process.stdout.write(`${line}\n`);
print(`seal 8 slots: first ${seals[0]!.toFixed(1)} ms (${(seals[0]! / budget).toFixed(2)} of the budget of ${budget} ms), median of ${rounds} ${median(seals).toFixed(1)} ms (${(median(seals) / budget).toFixed(2)} of it)`);
print(`a throwaway key: median ${median(keys).toFixed(1)} ms`);
