// The one thing worth keeping of what cameras write: which way up the picture is.

const orientationTag = 0x0112;

/** orientation reads an EXIF block in TIFF form: 1 to 8, and 1 (upright) for whatever can't be read. */
export function orientation(tiff: Uint8Array): number {
  if (tiff.length < 8) return 1;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return 1;
  const little = order === 0x4949;
  const directory = view.getUint32(4, little);
  if (view.getUint16(2, little) !== 42 || directory + 2 > tiff.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > tiff.length) return 1;
    if (view.getUint16(at, little) !== orientationTag) continue;
    const value = view.getUint16(at + 8, little);
    return view.getUint16(at + 2, little) === 3 && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** orientationOnly is an EXIF block in TIFF form that says which way up a picture is and nothing else. */
export function orientationOnly(value: number): Uint8Array {
  // Big-endian TIFF, one directory at 8 with one entry: tag, type SHORT, one value; no next directory.
  return Uint8Array.of(0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0, 0, 0, 0, 0);
}

/** Cleaned is a picture in parts to be put end to end. `removed` tells whether anything hidden was taken out. */
export type Cleaned = { readonly parts: readonly Uint8Array[]; readonly removed: boolean };

export function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
