// English: the words for coming back. Fetched only by who does.
export const reading = {
  // Words
  enter_title: "Come back with your words",
  enter_hint: "Type the 12 words from your paper, in order, with a space between. Capitals and accents don’t matter. If you have digits, type those.",
  enter_label: "Your words",
  enter_safe: "The words never leave this phone, and nothing of them is kept when you leave this page.",
  count_words: "{n} of {total} words",
  count_digits: "{n} of {total} digits",
  unknown: "“{word}” is not in our list.",
  unknown_maybe: "“{word}” is not in our list. Perhaps “{maybe}”?",
  need_words: "It takes {total} words; these are {n}.",
  need_digits: "It takes {total} digits; these are {n}.",
  mismatch: "Something in these words is different from your paper. Look at the order, and at each word.",
  lists_missing: "The list of words could not be fetched. Check the connection and try again.",
  read: "Read the answer",

  // Looking
  looking_title: "Looking for an answer",
  looking: "Fetching and opening what is there…",
  unread_title: "We could not look",
  unread_server: "The server did not give the answers.",
  unread_kept: "Your words are still here, on this page only.",
  unread_next: "Check the connection and try again.",
  back_to_words: "Back to my words",

  // Answers
  answers_title: "What the desk answered",
  from_desk: "The desk",
  unfinished: "The end of this answer is not here.",
  ran_out: "Earlier answers have run out. An answer is kept for {days} days.",
  kept_days: "An answer is kept for {days} days. Then it is erased.",
  unconfirmed_title: "Could not be confirmed",
  unconfirmed: "Something else came with your words, but we could not confirm that the desk wrote it. So it is not shown. Pieces: {n}. Ask the desk about it.",
  none_confirmed: "No answer that we could confirm",
  none_title: "No answer here yet, or these are other words",
  none_hint: "We can’t tell which: only you know your words. Compare them with your paper. If they are right, come back in a few days.",
  none_unsure: "You can also write to the desk now. With other words than yours, the desk can’t tell which report it belongs to.",
  check_words: "Look at my words again",
  write: "Write to the desk",
  take_back: "Take back something I allowed",
  finish_hint: "“Done” empties this page. Your words stay good: keep the paper.",

  // Writing back
  desk_same: "Choose the desk that you sent your report to.",
  write_title: "Write to the desk",
  write_hint: "It is locked on this phone. On the next page you see who can open it.",
  write_label: "Your message",
  write_need: "Write something first, or go back.",
  openers_again: "If you left someone out of your report, leave them out here too.",

  // Taking back
  take_title: "What do you want to take back?",
  take_hint: "You may have allowed some of these. Nothing is sent until you have seen who can open it.",
  take_this: "I take this back",
  take_this_what: "I take this back: {what}",
  take_what: "You take this back: {what}",
  take_after: "The desk stops when it reads this. What was done before can’t be undone.",

  // Sent
  sent_title: "It has arrived",
  sent_write: "The desk reads it together with your report. Come back with the same words for the answer.",
  sent_keep: "Keep your words. You can come back with them as often as you like.",
  back_to_answers: "Back to the answers",
};

/** ReadingStrings is what every language must have for coming back: the same keys. */
export type ReadingStrings = { readonly [K in keyof typeof reading]: string };
