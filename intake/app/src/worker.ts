import { Engine } from "./lib/engine.ts";
import { standBetween, type Between } from "./lib/offline.ts";
import { openStore } from "./lib/store.ts";
import { serve } from "./lib/wire.ts";

// One file for two places, which saves the first visit a request. As the page's worker its whole job is here: everything
// secret happens in it, away from the page's own thread and its nodes. As the browser's service worker it keeps the app's
// files for a visit without a connection, and sees nothing of a report.
if ("registration" in globalThis) standBetween(globalThis as unknown as Between);
else {
  serve(globalThis, (report) => new Engine({
    fetch: (path, init) => fetch(path, init),
    store: openStore(),
    now: () => new Date(),
    report,
  }));
}
