import { expect, test } from "vitest";
import { allowedConsent, day, emptyDraft, mayShare, readDay } from "./draft.ts";
import { same, two } from "./screens/after.tsx";
import { answers, submission } from "./submission.ts";

const now = new Date(2026, 10, 23, 0, 30);

test("nothing told gives nothing but the desk", () => {
  expect(submission({ ...emptyDraft(), desk: "street" }, "en", false, now)).toEqual({
    desk: "street", lang: "en", answers: {}, contact: {}, consent: [], leftOut: [], files: [], receipt: true,
  });
});

test("today becomes the phone's date when it is sealed, midnight passed or not, and says so", () => {
  const d = emptyDraft();
  d.when = { kind: "date", date: "2026-11-22", today: true, hour: "0" };
  expect(answers(d, now)).toEqual({ when: { kind: "date", date: "2026-11-23", hour: 0, clock: "phone" } });
});

test("not sure stands alone, and a kind without a day is no answer", () => {
  const d = emptyDraft();
  d.when = { kind: "not-sure", date: "", today: false, hour: "" };
  expect(answers(d, now)).toEqual({ when: { kind: "not-sure" } });
  d.when = { kind: "about", date: "", today: false, hour: "3" };
  expect(answers(d, now)).toEqual({});
});

test("what was told of someone held goes only while someone is held", () => {
  const d = emptyDraft();
  d.custody.name = "A";
  d.urgency = "not-urgent";
  expect(answers(d, now)).toEqual({ urgency: "not-urgent" });
  d.urgency = "in-custody-now";
  expect(answers(d, now)).toEqual({ urgency: "in-custody-now", custody: { name: "A" } });
});

test("an own word for gender goes only with that choice", () => {
  const d = { ...emptyDraft(), gender: "woman", genderOwn: "left over" };
  expect(answers(d, now)).toEqual({ affected: { gender: "woman" } });
});

test("only the affected person, or one who asked them, may share; an older tick does not travel", () => {
  const d = { ...emptyDraft(), consent: ["legal-help", "publish-story", "share-with-partners", "complaint"] };
  for (const [teller, asked, may] of [["affected", "", true], ["witness", "yes", true], ["witness", "no", false], ["staff", "could-not", false], ["", "", false], ["", "yes", false]] as const) {
    const told = { ...d, teller, asked };
    expect(mayShare(told), `${teller} ${asked}`).toBe(may);
    expect(allowedConsent(told)).toEqual(may ? d.consent : ["legal-help"]);
    expect(submission(told, "en", false, now).consent).toEqual(allowedConsent(told));
  }
});

test("files that were refused or are still looked at stay behind", () => {
  const file = new File(["x"], "a.jpg");
  const d = emptyDraft();
  d.files = [
    { key: 1, file, original: false, ready: null, refused: "no", heic: true },
    { key: 2, file, original: true, ready: { size: 1, type: "image/jpeg", found: "original" }, refused: "", heic: false },
    { key: 3, file, original: false, ready: null, refused: "", heic: false },
  ];
  expect(submission(d, "en", false, now).files).toEqual([{ file, original: true }]);
});

test("practice and the yes to an old list are said only when they are so", () => {
  const d = { ...emptyDraft(), desk: "street" };
  expect(submission(d, "en", true, now).practice).toBe(true);
  expect("acceptExpired" in submission(d, "en", false, now)).toBe(false);
  expect(submission({ ...d, expiredYes: true }, "en", false, now).acceptExpired).toBe(true);
});

test("days are the calendar's own", () => {
  expect(day(now, 1)).toBe("2026-11-22");
  expect(day(new Date(2026, 0, 1), 1)).toBe("2025-12-31");
  expect(readDay("2024-02-29")).toBe(true);
  for (const bad of ["2026-02-29", "2026-13-01", "23/11/2026", "2026-1-1", ""]) expect(readDay(bad), bad).toBe(false);
});

test("a word from paper counts whatever its case, accents and spaces", () => {
  expect(same("  ABDIQUER ", "abdiquer")).toBe(true);
  expect(same("élève", "e\u0301le\u0300ve")).toBe(true);
  expect(same("eleve", "élève")).toBe(true);
  expect(same("", "abdiquer")).toBe(false);
});

test("two different places are asked for, in order", () => {
  for (let i = 0; i < 500; i++) {
    const [a, b] = two(12);
    expect(a).toBeGreaterThanOrEqual(0);
    expect(a).toBeLessThan(b);
    expect(b).toBeLessThan(12);
  }
});
