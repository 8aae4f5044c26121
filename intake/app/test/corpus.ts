import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hideInFilm, hideInJpeg, hideInStream, hideInWebp } from "./hide.ts";

// Pictures, films and sounds as many programs write them, with a place, dates and names in every corner that the container
// has. scripts/setup installs the programs; one that is missing fails the test.

/** Words and numbers that no cleaned file may hold. */
export const marks = ["Sparrowmark", "Quincebrook", "41.7151", "+41.7151+044.8271"];

const run = (dir: string, program: string, ...args: string[]) => execFileSync(program, args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64 << 20 });

/** Made is a file of the corpus, and which program encoded it. */
export type Made = { readonly name: string; readonly encoder: string };

/** makeCorpus makes the files, bare, into `dir`/bare, and with what hides in them into `dir`/full. */
export function makeCorpus(dir: string): Made[] {
  const made: Made[] = [];
  for (const d of ["bare", "full"]) mkdirSync(join(dir, d));
  const bare = join(dir, "bare");
  const x = (program: string, ...args: string[]) => run(bare, program, ...args);
  const add = (encoder: string, name: string, ...args: string[]) => {
    x(encoder === "ImageMagick" ? "convert" : encoder === "GraphicsMagick" ? "gm" : encoder, ...args);
    made.push({ name, encoder });
  };

  x("convert", "-size", "160x120", "plasma:tomato-steelblue", "-seed", "7", "PNG24:source.png");
  x("convert", "source.png", "source.ppm");
  x("convert", "source.png", "-alpha", "set", "-channel", "A", "-fx", "i/w", "PNG32:alpha.png");
  x("convert", "source.png", "-resize", "64x48", "thumb.jpg");

  for (const [name, ...flags] of [["base"], ["progressive", "-progressive"], ["arithmetic", "-arithmetic"], ["grey", "-grayscale"], ["rgb", "-rgb"], ["restart", "-restart", "1"], ["optimised", "-optimize"], ["fine", "-quality", "98", "-sample", "1x1"], ["coarse", "-quality", "20"], ["smooth", "-smooth", "30"]]) {
    add("cjpeg", `cjpeg-${name!}.jpg`, ...flags, "-outfile", `cjpeg-${name!}.jpg`, "source.ppm");
  }
  for (const [name, ...flags] of [["444", "-sampling-factor", "4:4:4"], ["420", "-sampling-factor", "4:2:0"], ["cmyk", "-colorspace", "CMYK"], ["grey", "-colorspace", "Gray"], ["plane", "-interlace", "Plane"], ["422", "-sampling-factor", "4:2:2"], ["tiny", "-resize", "9x7"]]) {
    add("ImageMagick", `im-${name!}.jpg`, "source.png", ...flags, `im-${name!}.jpg`);
  }
  add("GraphicsMagick", "gm.jpg", "convert", "source.png", "gm.jpg");
  add("GraphicsMagick", "gm-progressive.jpg", "convert", "source.png", "-interlace", "Line", "gm-progressive.jpg");
  add("ffmpeg", "ff.jpg", "-v", "error", "-i", "source.png", "ff.jpg");
  add("ffmpeg", "ff-444.jpg", "-v", "error", "-i", "source.png", "-pix_fmt", "yuvj444p", "ff-444.jpg");

  for (const [name, to, ...flags] of [["8", "PNG8"], ["24", "PNG24"], ["32", "PNG32"], ["48", "PNG48"], ["interlaced", "PNG24", "-interlace", "PNG"], ["grey", "PNG24", "-colorspace", "Gray"], ["64", "PNG64"], ["tiny", "PNG24", "-resize", "9x7"]]) {
    add("ImageMagick", `im-${name!}.png`, "source.png", ...flags, `${to!}:im-${name!}.png`);
  }
  add("GraphicsMagick", "gm.png", "convert", "source.png", "gm.png");
  add("ffmpeg", "ff.png", "-v", "error", "-i", "source.png", "ff.png");
  add("ffmpeg", "ff-moving.png", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x48:r=5:d=1", "-f", "apng", "ff-moving.png");
  add("optipng", "opti.png", "-quiet", "-o1", "-out", "opti.png", "source.png");
  add("optipng", "opti-alpha.png", "-quiet", "-o1", "-out", "opti-alpha.png", "alpha.png");

  for (const [name, from, ...flags] of [["lossy", "source.png", "-q", "80"], ["lossless", "source.png", "-lossless"], ["alpha", "alpha.png", "-q", "80"], ["alpha-lossless", "alpha.png", "-lossless"], ["sharp", "source.png", "-sharp_yuv", "-q", "60"], ["near", "source.png", "-near_lossless", "60"]]) {
    add("cwebp", `cwebp-${name!}.webp`, "-quiet", ...flags, from!, "-o", `cwebp-${name!}.webp`);
  }
  add("ImageMagick", "im.webp", "source.png", "im.webp");
  add("ffmpeg", "ff.webp", "-v", "error", "-i", "source.png", "-c:v", "libwebp", "ff.webp");
  add("img2webp", "moving.webp", "-lossy", "-d", "100", "source.png", "alpha.png", "-o", "moving.webp");

  // Films: one second of pictures, a tone, and what phones and cameras put beside them.
  const film = ["-v", "error", "-f", "lavfi", "-i", "testsrc=s=96x64:r=10:d=1", "-f", "lavfi", "-i", "sine=f=440:d=1"];
  const told = ["-metadata", "location=+41.7151+044.8271/", "-metadata", "location-eng=+41.7151+044.8271/", "-metadata", "title=Sparrowmark", "-metadata", "artist=Sparrowmark", "-metadata", "comment=Quincebrook", "-metadata", "creation_time=2019-03-04T05:06:07Z",
    "-metadata", "make=Sparrowmark", "-metadata", "model=Sparrowmark", "-metadata", "com.apple.quicktime.location.ISO6709=+41.7151+044.8271/", "-metadata:s:v", "handler_name=Sparrowmark", "-metadata:s:a", "handler_name=Sparrowmark", "-metadata:s:v", "language=kat"];
  const quick = ["-movflags", "+use_metadata_tags"];
  writeFileSync(join(bare, "gps.srt"), "1\n00:00:00,000 --> 00:00:01,000\nGPS(41.7151,44.8271) Quincebrook\n");
  for (const [name, ...flags] of [
    ["h264.mp4", "-c:v", "libx264", "-c:a", "aac"], ["h264-front.mp4", "-c:v", "libx264", "-c:a", "aac", "-movflags", "+faststart"], ["h264-tags.mp4", "-c:v", "libx264", "-c:a", "aac", ...quick],
    ["h265.mp4", "-c:v", "libx265", "-x265-params", "log-level=error", "-tag:v", "hvc1", "-c:a", "aac"], ["mpeg4.mp4", "-c:v", "mpeg4", "-c:a", "aac"], ["vp9.mp4", "-c:v", "libvpx-vp9", "-c:a", "libopus"], ["flac.mp4", "-c:v", "libx264", "-c:a", "flac", "-strict", "-2"],
    ["h264.mov", "-c:v", "libx264", "-c:a", "aac"], ["h264-tags.mov", "-c:v", "libx264", "-c:a", "pcm_s16le", ...quick], ["prores.mov", "-c:v", "prores_ks", "-c:a", "pcm_s24le"], ["pcm8.mov", "-c:v", "libx264", "-c:a", "pcm_u8"], ["timecode.mov", "-c:v", "libx264", "-c:a", "alac", "-timecode", "05:06:07:00"],
    ["mpeg4.mov", "-c:v", "mpeg4", "-c:a", "adpcm_ima_qt"], ["h263.3gp", "-s", "128x96", "-c:v", "h263", "-c:a", "aac"], ["mpeg4.3gp", "-c:v", "mpeg4", "-c:a", "aac"], ["rotated.mp4", "-c:v", "libx264", "-c:a", "aac"],
  ]) add("ffmpeg", `film-${name!}`, ...film, ...flags, "-pix_fmt", name === "prores.mov" ? "yuv422p10le" : "yuv420p", ...told, `film-${name!}`);
  add("ffmpeg", "film-subtitles.mp4", ...film, "-i", "gps.srt", "-c:v", "libx264", "-c:a", "aac", "-c:s", "mov_text", ...told, "film-subtitles.mp4");
  add("ffmpeg", "sound-aac.m4a", "-v", "error", "-f", "lavfi", "-i", "sine=f=440:d=1", "-c:a", "aac", ...told, "sound-aac.m4a");
  add("ffmpeg", "sound-alac.m4a", "-v", "error", "-f", "lavfi", "-i", "sine=f=440:d=1", "-c:a", "alac", ...told, "sound-alac.m4a");

  // Messages beside the pictures, as cameras write them.
  for (const [name, codec, ...flags] of [["h264", "libx264", "-x264-params", "pic-struct=1:bframes=0:threads=1"], ["hevc", "libx265", "-x265-params", "log-level=error:bframes=0:frame-threads=1"]] as const) {
    x("ffmpeg", ...film.slice(0, 6), "-c:v", codec, ...flags, "-f", name, `raw.${name}`);
    writeFileSync(join(bare, `told.${name}`), hideInStream(readFileSync(join(bare, `raw.${name}`)), name === "hevc"));
    add("ffmpeg", `film-told-${name}.mp4`, "-v", "error", "-framerate", "10", "-i", `told.${name}`, "-c", "copy", `film-told-${name}.mp4`);
  }
  for (const name of ["h264.mp4", "h264-tags.mov", "h265.mp4", "mpeg4.mov", "timecode.mov", "vp9.mp4", "flac.mp4", "h263.3gp"]) {
    writeFileSync(join(bare, `film-behind-${name}`), hideInFilm(readFileSync(join(bare, `film-${name}`))));
    made.push({ name: `film-behind-${name}`, encoder: "ffmpeg" });
  }
  const behind = ["cjpeg-progressive.jpg", "cjpeg-restart.jpg", "im-420.jpg", "cwebp-alpha.webp"];
  for (const name of behind) {
    copyFileSync(join(bare, name), join(bare, `behind-${name}`));
    made.push({ name: `behind-${name}`, encoder: "ImageMagick" });
  }

  for (const { name } of made) copyFileSync(join(bare, name), join(dir, "full", name));
  const pictures = made.map((m) => m.name).filter((n) => !/^(film|sound)/.test(n));
  const common = ["-GPSLatitude=41.7151", "-GPSLatitudeRef=N", "-GPSLongitude=44.8271", "-GPSLongitudeRef=E", "-EXIF:Make=Sparrowmark", "-EXIF:Model=Sparrowmark", "-EXIF:Artist=Sparrowmark", "-EXIF:DateTimeOriginal=2019:03:04 05:06:07",
    "-EXIF:SerialNumber=Sparrowmark", "-EXIF:Orientation#=6", "-EXIF:UserComment=Quincebrook", "-XMP:Creator=Sparrowmark", "-XMP:GPSLatitude=41.7151", "-XMP:GPSLongitude=44.8271", "-XMP:Location=Quincebrook"];
  const exiftool = (names: string[], ...args: string[]) => run(join(dir, "full"), "exiftool", "-q", "-q", "-m", "-overwrite_original", ...args, ...names);
  exiftool(pictures, ...common);
  exiftool(pictures.filter((n) => n.endsWith(".jpg")), "-IPTC:City=Quincebrook", "-IPTC:By-line=Sparrowmark", "-Comment=Quincebrook", "-ThumbnailImage<=../bare/thumb.jpg", "-Photoshop:PhotoshopQuality=7");
  exiftool(pictures.filter((n) => n.endsWith(".png")), "-PNG:Comment=Quincebrook", "-PNG:Author=Sparrowmark", "-PNG:CreationTime=2019:03:04 05:06:07", "-PNG:ModifyDate=2019:03:04 05:06:07");
  exiftool(["film-rotated.mp4"], "-Rotation=90");
  const films = made.map((m) => m.name).filter((n) => /^(film|sound)/.test(n));
  exiftool(films, "-XMP:Creator=Sparrowmark", "-XMP:GPSLatitude=41.7151", "-XMP:GPSLongitude=44.8271", "-UserData:GPSCoordinates=41.7151 44.8271 400", "-Keys:GPSCoordinates=41.7151 44.8271 400", "-Keys:Author=Sparrowmark", "-ItemList:Artist=Sparrowmark", "-QuickTime:CreateDate=2019:03:04 05:06:07", "-api", "LargeFileSupport=1");
  for (const name of behind.map((n) => join(dir, "full", `behind-${n}`))) writeFileSync(name, (name.endsWith(".jpg") ? hideInJpeg : hideInWebp)(readFileSync(name)));
  return made;
}
