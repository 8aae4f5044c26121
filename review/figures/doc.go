// Package figures turns coded cases into figures that can't be turned back into
// a person, and shows how: exact discrete noise, masking and rounding; a budget
// that adds up for life; a ledger; a gate; releases that two people sign.
//
// The way of a figure: a signed [Programme] says beforehand which tables there
// are. At coding freeze a case leaves a count [Record]. After the cut-off
// [Close] gathers the people of a period in a [Batch], [Compute] makes its
// [Output], a ledger [Entry] pins both. [NewRelease] and [Pack] make the files,
// two people [Sign] them, and only what [Gate] lets through may go to the server.
// Anybody checks a release with [Verify].
//
// Everything here is a function of its arguments: nothing reads a clock, a disk
// or a random source except [NewKey]. Records, batches, noise keys and ledger
// entries are secrets of the figures journal; an Output, a Release and its files
// hold nothing but published values. No error quotes a record.
package figures
