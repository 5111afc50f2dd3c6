/**
 * Width and height of an image from the first bytes of its base64 text, so that a page can reserve the space before
 * the image is decoded and nothing below it jumps.
 */

export interface ImageSize {
  /** pixels */
  width: number;
  height: number;
}

/** Bytes looked at: a JPEG may carry a thumbnail and a colour profile before its frame header. */
const HEAD_BYTES = 96 * 1024;

/** undefined when the type is not PNG, JPEG, GIF or WebP, or the header is not where it should be. */
export function imageSize(mime: string, base64: string): ImageSize | undefined {
  const bytes = decodeHead(base64, mime === 'image/jpeg' ? HEAD_BYTES : 48);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const size = READERS[mime]?.(view);
    return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // shorter than its own header says
    throw error;
  }
}

function decodeHead(base64: string, length: number): Uint8Array | undefined {
  const head = base64.slice(0, Math.ceil((length * 4) / 3) + 512).replace(/\s/g, '');
  try {
    return Uint8Array.from(atob(head.slice(0, head.length - (head.length % 4))), (char) =>
      char.charCodeAt(0),
    );
  } catch {
    return undefined; // not base64: the image will not show, and needs no space
  }
}

const READERS: Partial<Record<string, (view: DataView) => ImageSize | undefined>> = {
  'image/png': (view) =>
    view.getUint32(0) === 0x89504e47 ? { width: view.getUint32(16), height: view.getUint32(20) } : undefined,
  'image/gif': (view) =>
    view.getUint32(0) === 0x47494638
      ? { width: view.getUint16(6, true), height: view.getUint16(8, true) }
      : undefined,
  'image/jpeg': jpegSize,
  'image/webp': webpSize,
};

/** Walks the segments up to the frame header (ITU T.81, B.2.2: SOF0–SOF15 without DHT, JPG and DAC). */
function jpegSize(view: DataView): ImageSize | undefined {
  if (view.getUint16(0) !== 0xffd8) return undefined;
  for (let at = 2; ;) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1; // fill byte
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    } else {
      at += 2 + view.getUint16(at + 2);
    }
  }
}

/** The three kinds of WebP: lossy (VP8), lossless (VP8L), extended (VP8X). */
function webpSize(view: DataView): ImageSize | undefined {
  if (view.getUint32(0) !== 0x52494646 || view.getUint32(8) !== 0x57454250) return undefined;
  switch (view.getUint32(12)) {
    case 0x56503820:
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 0x5650384c: {
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 0x56503858: {
      const uint24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
      return { width: uint24(24) + 1, height: uint24(27) + 1 };
    }
    default:
      return undefined;
  }
}
