// The parts of the page that not every visit needs, in one file. Were each a file of its own, rolldown would cut what they
// share with the first screens out of the first visit's script: a request more.
export { play, read } from "./heard.ts";
export { Help } from "./help.tsx";
export { Phone } from "./phone.tsx";
export { Reading } from "./reading.tsx";
export { Record } from "./record.tsx";
