// What only reports with files need, in one file of its own that is fetched when the first file is chosen.
export { sealAttachment } from "./attachment.ts";
export { lookAt } from "./clean.ts";
export { describeAll } from "./describe.ts";
