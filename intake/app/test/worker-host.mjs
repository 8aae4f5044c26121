// A browser's worker scope, as far as the built worker uses it, in a thread of Node. Its requests go to the test.
import { parentPort, workerData } from "node:worker_threads";

let n = 0;
const waiting = new Map();

globalThis.postMessage = (tell) => parentPort.postMessage({ tell });
globalThis.fetch = async (path, init) => {
  const request = new Request(new URL(path, "http://test"), { method: init.method, body: init.body });
  const body = init.body ? new Uint8Array(await request.arrayBuffer()) : null;
  const answered = new Promise((done) => waiting.set(++n, done));
  parentPort.postMessage({ fetch: { n, path, method: request.method, body, type: request.headers.get("Content-Type") ?? "" } });
  const { status, body: bytes } = await answered;
  return new Response(bytes, { status });
};
// A thread of Node has no database: the worker then keeps things in memory, as in a private window.
await import(workerData);
parentPort.on("message", ({ call, fetched }) => {
  if (fetched) waiting.get(fetched.n)(fetched);
  else globalThis.onmessage({ data: call });
});
