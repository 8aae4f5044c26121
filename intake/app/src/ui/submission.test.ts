import { expect, test } from "vitest";
import { allowedConsent, day, emptyDraft, mayShare, readDay } from "./draft.ts";
import { same, two } from "./screens/after.tsx";
import { answers, submission } from "./submission.ts";

test("nothing told gives nothing but the desk", () => {
  expect(submission({ ...emptyDraft(), desk: "street" }, "en", false)).toEqual({
    desk: "street", lang: "en", answers: {}, contact: {}, consent: [], leftOut: [], files: [], receipt: true,
  });
});

test("today stays the day that it was when she said so, though midnight passes, and it says whose clock that was", () => {
  const d = emptyDraft();
  d.when = { kind: "date", date: "2026-11-22", today: true, hour: "0" };
  expect(answers(d)).toEqual({ when: { kind: "date", date: "2026-11-22", hour: 0, clock: "phone" } });
});

test("not sure stands alone, and a kind without a day is no answer", () => {
  const d = emptyDraft();
  d.when = { kind: "not-sure", date: "", today: false, hour: "" };
  expect(answers(d)).toEqual({ when: { kind: "not-sure" } });
  d.when = { kind: "about", date: "", today: false, hour: "3" };
  expect(answers(d)).toEqual({});
});

test("what was told of someone held goes only while someone is held", () => {
  const d = emptyDraft();
  d.custody.name = "A";
  d.urgency = "not-urgent";
  expect(answers(d)).toEqual({ urgency: "not-urgent" });
  d.urgency = "in-custody-now";
  expect(answers(d)).toEqual({ urgency: "in-custody-now", custody: { name: "A" } });
});

test("an own word for gender goes only with that choice", () => {
  const d = { ...emptyDraft(), gender: "woman", genderOwn: "left over" };
  expect(answers(d)).toEqual({ affected: { gender: "woman" } });
});

test("only the affected person, or one who asked them, may share; an older tick does not travel", () => {
  const d = { ...emptyDraft(), consent: ["legal-help", "publish-story", "share-with-partners", "complaint"] };
  for (const [teller, asked, may] of [["affected", "", true], ["witness", "yes", true], ["witness", "no", false], ["staff", "could-not", false], ["", "", false], ["", "yes", false]] as const) {
    const told = { ...d, teller, asked };
    expect(mayShare(told), `${teller} ${asked}`).toBe(may);
    expect(allowedConsent(told)).toEqual(may ? d.consent : ["legal-help"]);
    expect(submission(told, "en", false).consent).toEqual(allowedConsent(told));
  }
});

test("of somebody under 18 nothing is called work, and no story is told", () => {
  const d = { ...emptyDraft(), teller: "affected", age: "15-17", grounds: ["sex-work", "poverty"], consent: ["legal-help", "publish-story"] };
  expect(answers(d)).toMatchObject({ grounds: ["poverty"] });
  expect(allowedConsent(d)).toEqual(["legal-help"]);
  expect(answers({ ...d, age: "18-24" })).toMatchObject({ grounds: ["sex-work", "poverty"] });
});

test("who was shown as not able to open it is left out, whatever key comes later", () => {
  const d = { ...emptyDraft(), desk: "street", leftOut: ["p-1"] };
  expect(submission(d, "en", false, ["p-2"]).leftOut).toEqual(["p-1", "p-2"]);
});

test("files that were refused or are still looked at stay behind", () => {
  const file = new File(["x"], "a.jpg");
  const d = emptyDraft();
  d.files = [
    { key: 1, file, original: false, ready: null, refused: "no", asItIs: true },
    { key: 2, file, original: true, ready: { size: 1, type: "image/jpeg", found: "original" }, refused: "", asItIs: false },
    { key: 3, file, original: false, ready: null, refused: "", asItIs: false },
  ];
  expect(submission(d, "en", false).files).toEqual([{ file, original: true }]);
});

test("practice and the yes to an old list are said only when they are so", () => {
  const d = { ...emptyDraft(), desk: "street" };
  expect(submission(d, "en", true).practice).toBe(true);
  expect("acceptExpired" in submission(d, "en", false)).toBe(false);
  expect(submission({ ...d, expiredYes: true }, "en", false).acceptExpired).toBe(true);
});

test("days are the calendar's own", () => {
  expect(day(new Date(2026, 10, 23, 0, 30), 1)).toBe("2026-11-22");
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
