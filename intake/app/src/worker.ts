import { Engine } from "./lib/engine.ts";
import { openStore } from "./lib/store.ts";
import { serve } from "./lib/wire.ts";

// The worker's whole job: everything secret happens here, away from the page's own thread and its nodes.
serve(globalThis, (report) => new Engine({
  fetch: (path, init) => fetch(path, init),
  store: openStore(),
  now: () => new Date(),
  report,
}));
