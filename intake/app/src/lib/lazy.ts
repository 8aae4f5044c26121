import { Failure } from "./failure.ts";

/** files loads what reports with files need; a Failure `offline` when it can't be fetched. */
export async function files(): Promise<typeof import("./files.ts")> {
  try {
    return await import("./files.ts");
  } catch {
    throw new Failure("offline", "fetching a part of the app failed");
  }
}
