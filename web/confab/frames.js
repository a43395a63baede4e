/**
 * Largest frame that is sent. Unit: bytes of UTF-8, inclusive.
 * Two KB below the gateway's limit of 32 KB, beyond which it closes the socket.
 */
export const FRAME_BYTES_MAX = 30 * 1024;

const encoder = new TextEncoder();

/** Returns the size of a value as JSON in UTF-8. Unit: bytes. */
export function jsonBytes(value) {
  return encoder.encode(JSON.stringify(value)).length;
}

/** Returns whether a frame is small enough for the WebSocket. */
export function fitsFrame(frame) {
  return jsonBytes(frame) <= FRAME_BYTES_MAX;
}

/**
 * Splits cursors into one map for each `sync` frame.
 *
 * One map means a full sync; several mean partial ones. The result has at least one map, since an empty map requests
 * everything.
 * @param {Record<string, number>} cursors
 * @param {number} [bytesMax]
 * @returns {Record<string, number>[]}
 */
export function splitCursors(cursors, bytesMax = FRAME_BYTES_MAX - 512) {
  const parts = [{}];
  let bytes = 2;
  for (const [conversation, seq] of Object.entries(cursors)) {
    const entryBytes = jsonBytes(conversation) + String(seq).length + 2;
    if (bytes + entryBytes > bytesMax && bytes > 2) {
      parts.push({});
      bytes = 2;
    }
    parts.at(-1)[conversation] = seq;
    bytes += entryBytes;
  }
  return parts;
}
