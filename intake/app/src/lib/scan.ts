// The coded data of a JPEG's scans, walked through as a decoder would, code by code, to find where each ends: what stands
// between the last block and the next marker is no picture, and every decoder skips it. No pixel is computed.

/** Component is one of a frame's planes: how it is sampled, and the blocks of 8 by 8 that it has. */
type Component = { readonly h: number; readonly v: number; readonly quantised: number; readonly wide: number; readonly high: number; seen?: Uint32Array };
/** Frame is a picture's frame header. */
export type Frame = { readonly code: number; readonly width: number; readonly height: number; readonly h: number; readonly v: number; readonly components: ReadonlyMap<number, Component> };
/** Table is one definition of a table, which is worth keeping once a scan has used it. */
export type Table = { readonly bytes: Uint8Array; used: boolean; codes?: Uint16Array };

/** All the blocks that the scans of a picture may have between them: a photo of 200 megapixels in ten scans has 50 million. */
export const maxBlocks = 1 << 26;
/** A scan counts as so many blocks more, since its tables take time too. */
const scanCost = 1 << 14;
const maxSeen = 1 << 22;

/** frameOf reads a frame header; null for one that makes no sense. */
export function frameOf(code: number, segment: Uint8Array): Frame | null {
  const count = segment[5] ?? 0;
  if (count < 1 || count > 4 || segment.length < 6 + 3 * count) return null;
  const [height, width] = [(segment[1]! << 8) | segment[2]!, (segment[3]! << 8) | segment[4]!];
  const each = Array.from({ length: count }, (_, i) => segment.subarray(6 + 3 * i, 9 + 3 * i));
  const sampled = each.flatMap(([, s]) => [s! >> 4, s! & 15]);
  if (width === 0 || sampled.some((n) => n < 1 || n > 4)) return null;
  const h = Math.max(...sampled.filter((_, i) => i % 2 === 0));
  const v = Math.max(...sampled.filter((_, i) => i % 2 === 1));
  const components = new Map(each.map(([id, s, quantised]) => {
    const blocks = (length: number, mine: number, most: number) => Math.ceil((length * mine) / (most * 8));
    return [id!, { h: s! >> 4, v: s! & 15, quantised: quantised!, wide: blocks(width, s! >> 4, h), high: blocks(height, s! & 15, v) }];
  }));
  return components.size === count ? { code, width, height, h, v, components } : null;
}

/**
 * walk gives what of a scan's coded data a decoder reads, markers of restarts among it. `table` finds a Huffman
 * table by its class and slot. It does as libjpeg does with data that is cut or damaged, so that this shows as before. A scan that is not
 * walked is given whole: arithmetic and lossless coding, and what lacks a table or a height. `left` counts blocks down; below zero is too much.
 */
export function walk(coded: Uint8Array, head: Uint8Array, frame: Frame, table: (of: number) => Table | undefined, interval: number, left: { blocks: number }): Uint8Array {
  const chosen = Array.from({ length: head[0]! }, (_, i) => ({ of: frame.components.get(head[1 + 2 * i]!)!, slots: head[2 + 2 * i]! }));
  const progressive = frame.code === 0xc2;
  const [from, to, steps] = progressive ? [...head.subarray(1 + 2 * chosen.length)] as [number, number, number] : [0, 63, 0];
  const [first, fine] = [from === 0, steps >> 4 !== 0];
  const lone = chosen.length === 1 ? chosen[0]!.of : null;
  if (frame.code > 0xc2 || frame.height === 0 || to > 63 || (progressive && !first && !lone)) return coded;
  const codes = (of: number, needed: boolean) => {
    const t = table(of);
    return needed ? t && (t.codes ??= codesOf(t.bytes)) : none;
  };
  const blocks: { of: Component; dc: Uint16Array; ac: Uint16Array }[] = [];
  for (const { of, slots } of chosen) {
    const [dc, ac] = [codes(slots >> 4, first && !fine), codes(16 | (slots & 15), !progressive || !first)];
    if (!dc || !ac) return coded;
    for (let i = lone ? 1 : of.h * of.v; i > 0; i--) blocks.push({ of, dc, ac });
  }
  const units = lone ? lone.wide * lone.high : Math.ceil(frame.width / (8 * frame.h)) * Math.ceil(frame.height / (8 * frame.v));
  if ((left.blocks -= units * blocks.length + scanCost) < 0) return coded;
  let seen = lone?.seen;
  if (progressive && lone && !first && !seen) {
    if (lone.wide * lone.high > maxSeen) return coded;
    seen = lone.seen = new Uint32Array(2 * lone.wide * lone.high);
  }

  // `hold` has the next `held` bits in its lower part; the last `added` of them are zeros that stand for what is missing.
  let [at, hold, held, added, run] = [0, 0, 0, 0, 0];
  const fill = () => {
    while (held < 17) {
      const b = coded[at];
      if (b === undefined || (b === 0xff && coded[at + 1] !== 0)) {
        hold <<= 8;
        added += 8;
      } else {
        hold = (hold << 8) | b;
        at += b === 0xff ? 2 : 1;
      }
      held += 8;
    }
  };
  const bits = (n: number): number => {
    if (held < n) fill();
    held -= n;
    return (hold >>> held) & ((1 << n) - 1);
  };
  const symbol = (t: Uint16Array): number => {
    if (held < 17) fill();
    const found = t[(hold >>> (held - 16)) & 0xffff]!;
    held -= found >> 8;
    return found & 255;
  };
  const sequential = (dc: Uint16Array, ac: Uint16Array) => {
    bits(symbol(dc) & 15);
    for (let k = 1; k < 64; k++) {
      const s = symbol(ac);
      if ((s & 15) === 0 && s !== 0xf0) return;
      k += s >> 4;
      bits(s & 15);
    }
  };
  const refine = (ac: Uint16Array, block: number) => {
    const has = (k: number) => (seen![2 * block + (k >> 5)]! >>> (k & 31)) & 1;
    let k = from;
    for (; run === 0 && k <= to; k++) {
      const s = symbol(ac);
      let skip = s >> 4;
      if (s & 15) bits(1);
      else if (skip < 15) {
        run = (1 << skip) + bits(skip);
        break;
      }
      for (; k <= to; k++) if (has(k)) bits(1); else if (--skip < 0) break;
      if (s & 15) mark(block, k);
    }
    if (run === 0) return;
    run--;
    for (; k <= to; k++) if (has(k)) bits(1);
  };
  const mark = (block: number, k: number) => {
    const last = Math.min(k, 63);
    seen![2 * block + (last >> 5)]! |= 1 << (last & 31);
  };
  const begin = (ac: Uint16Array, block: number) => {
    if (run > 0) {
      run--;
      return;
    }
    for (let k = from; k <= to; k++) {
      const s = symbol(ac);
      const skip = s >> 4;
      if ((s & 15) === 0 && skip < 15) {
        run = (1 << skip) - 1 + bits(skip);
        return;
      }
      k += skip;
      if ((s & 15) === 0) continue;
      bits(s & 15);
      mark(block, k);
    }
  };

  // Nothing is copied until something is left out.
  let copy: Uint8Array | null = null;
  let [start, kept] = [0, 0];
  const keep = (end: number) => {
    if (start > kept) copy ??= coded.slice();
    copy?.set(coded.subarray(start, end), kept);
    kept += end - start;
  };
  const all = () => (copy ?? coded).subarray(0, kept);
  const close = () => {
    // Whole bytes that were taken and not used are given back.
    for (let n = (held - added) >> 3; n > 0; n--) at -= coded[at - 1] === 0 && coded[at - 2] === 0xff ? 2 : 1;
    keep(at);
  };
  for (let unit = 0; unit < units; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) {
      close();
      const expected = 0xd0 | ((unit / interval - 1) & 7);
      do at = coded.indexOf(0xff, at) + 1; while (at > 0 && coded[at] === 0);
      if (at === 0) return all();
      start = at - 1;
      // Restarts in disorder: where a decoder goes on is its own guess.
      if (coded[at] !== expected) {
        keep(coded.length);
        return all();
      }
      at++;
      [hold, held, added, run] = [0, 0, 0, 0];
    }
    if (held < added) continue; // nothing is left until the next restart
    if (!progressive) for (const b of blocks) sequential(b.dc, b.ac);
    else if (first) for (const b of blocks) bits(fine ? 1 : symbol(b.dc) & 15);
    else if (fine) refine(blocks[0]!.ac, unit);
    else begin(blocks[0]!.ac, unit);
  }
  close();
  return all();
}

const none = new Uint16Array(0);

/** For each 16 bits that may come next the length of the code that they begin with, and its symbol below; 17 and 0 where none does. */
function codesOf(table: Uint8Array): Uint16Array {
  const codes = new Uint16Array(1 << 16).fill(17 << 8);
  let [code, k] = [0, 17];
  for (let length = 1; length <= 16; length++) {
    for (let i = table[length]!; i > 0; i--) codes.fill((length << 8) | table[k++]!, code, code += 1 << (16 - length));
  }
  return codes;
}
