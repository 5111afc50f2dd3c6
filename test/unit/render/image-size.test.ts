import { describe, expect, it } from 'vitest';
import { imageSize } from '../../../src/render/image-size.js';

const base64 = (...bytes: (number | string)[]) =>
  Buffer.concat(
    bytes.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from([part]))),
  ).toString('base64');

const PNG = base64('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x90\0\0\0\xc8\x08\x06\0\0\0');
const GIF = base64('GIF89a\x0a\x00\x14\x00\0\0\0');
const JPEG = base64(
  '\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x11\x08\0\x1e\0\x28\x03',
);
const WEBP_VP8X = base64('RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x63\0\0\x31\0\0');

describe('image size', () => {
  it.each([
    ['image/png', PNG, { width: 400, height: 200 }],
    ['image/png', PNG.replace(/(.{8})/g, '$1\n'), { width: 400, height: 200 }],
    ['image/gif', GIF, { width: 10, height: 20 }],
    ['image/jpeg', JPEG, { width: 40, height: 30 }],
    ['image/webp', WEBP_VP8X, { width: 100, height: 50 }],
    ['image/svg+xml', PNG, undefined],
    ['image/png', '', undefined],
    ['image/png', '!!!', undefined],
    ['image/png', GIF, undefined],
    ['image/jpeg', base64('\xff\xd8\xff\xff\xff\xff'), undefined],
  ])('%s %s', (mime, data, expected) => {
    expect(imageSize(mime, data)).toEqual(expected);
  });
});
