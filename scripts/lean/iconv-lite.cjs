// Takes the place of iconv-lite in the bundle: what body-parser and raw-body call of it, done by the decoders that Node has.
'use strict';

/** raw-body and body-parser tell this message from others and answer 415. */
function decoder(encoding) {
  try {
    return new TextDecoder(encoding);
  } catch {
    throw new Error(`Encoding not recognized: '${encoding}'`);
  }
}

exports.encodingExists = (encoding) => {
  try {
    decoder(encoding);
    return true;
  } catch {
    // that is the answer
    return false;
  }
};
exports.decode = (bytes, encoding) => decoder(encoding).decode(bytes);
exports.getDecoder = (encoding) => {
  const stream = decoder(encoding);
  return { write: (bytes) => stream.decode(bytes, { stream: true }), end: () => stream.decode() };
};
