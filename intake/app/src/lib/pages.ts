// Which pages of this browser are open. Each holds a lock by its tab's random number for as long as its worker lives, and
// a browser lets go of it however the page ends.

const prefix = "tab-";

/** openPages counts this page among those that are open, and gives the tabs of all. Where a browser has no locks it knows of none. */
export async function openPages(tab: string): Promise<string[]> {
  const { navigator } = globalThis as { navigator?: { readonly locks?: LockManager } };
  const locks = navigator?.locks;
  if (!locks) return [];
  try {
    void locks.request(prefix + tab, { mode: "shared" }, () => new Promise<never>(() => undefined)).catch(() => undefined);
    return ((await locks.query()).held ?? []).map(({ name = "" }) => name.slice(prefix.length));
  } catch {
    return []; // a private window that forbids it
  }
}
