// What only reports with files need, and those that wait, in one file of its own that is fetched when it is wanted.
export { sealAttachment } from "./attachment.ts";
export { lookAt } from "./clean.ts";
export { describeAll } from "./describe.ts";
export { keep, Parcel } from "./parcel.ts";
