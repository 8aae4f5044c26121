import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { buildId, lean, licences, packed, plain, root, terse } from "./scripts/bundle.ts";
import { texts } from "./scripts/texts.ts";

// What a library calls when it is loaded, to make further kinds of keys: without effects, so left out.
const treeshake = { manualPureFunctions: ["QSF", "createKitchenSink", "ecdhKem"] };

const names = {
  entryFileNames: "assets/[name]-[hash].js",
  chunkFileNames: "assets/[name]-[hash].js",
  assetFileNames: "assets/[name]-[hash][extname]",
  comments: false, // notes to bundlers; the licences are in licences.txt
};

export default defineConfig(({ command }) => ({
  root,
  base: "/",
  plugins: [plain(), packed(), texts(root), terse(), licences()],
  define: { __BUILD__: JSON.stringify(command === "build" ? buildId() : "development") },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the page's rules allow no data: address for scripts and styles
    modulePreload: false,
    reportCompressedSize: false,
    sourcemap: false,
    rolldownOptions: {
      input: { index: join(root, "index.html"), sw: join(root, "src/sw.ts") },
      output: { ...names, entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : names.entryFileNames) },
      treeshake,
    },
  },
  worker: {
    format: "es",
    plugins: () => [lean(), terse()],
    rolldownOptions: { output: names, treeshake },
  },
  test: {
    environment: "node",
    include: ["test/**/*.test.ts", "src/**/*.test.ts", "src/**/*.test.tsx"],
    testTimeout: 30_000,
  },
}));
