import { Failure } from "./failure.ts";

// Parts of the worker that not every visit needs. A Failure `offline` when one can't be fetched.

/** files is what reports with files need, and those that wait on this phone. */
export const files = () => part(() => import("./files.ts"));

/** reading is what reading answers needs. */
export const reading = () => part(() => import("./reading.ts"));

async function part<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch {
    throw new Failure("offline", "fetching a part of the app failed");
  }
}
