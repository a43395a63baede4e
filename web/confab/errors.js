/**
 * Why a request was not carried out.
 *
 * `code` is one of the server's error codes, or one of three that only the
 * client knows: `network` (no answer came, the outcome is unknown), `timeout`
 * (likewise) and `session_ended` (log in again).
 */
export class ConfabError extends Error {
  /**
   * @param {string} code
   * @param {string} message  A sentence for people.
   * @param {{status?: number, retry_after_ms?: number, limit?: number, actual?: number, users?: string[]}} [details]
   *   `users`: those whom the refusal is about.
   */
  constructor(code, message, details = {}) {
    super(message);
    this.name = 'ConfabError';
    this.code = code;
    this.status = details.status ?? 0;
    this.retry_after_ms = details.retry_after_ms;
    this.limit = details.limit;
    this.actual = details.actual;
    this.users = details.users;
  }

  /** True where the same request may succeed later. */
  get retryable() {
    return RETRYABLE.has(this.code);
  }
}

const RETRYABLE = new Set(['rate_limited', 'unavailable', 'internal', 'network', 'timeout', 'unauthenticated', 'session_ended']);

/**
 * Turns an `error` frame into a {@link ConfabError}.
 * @param {{code: string, message: string}} frame
 */
export function errorFromFrame(frame) {
  return new ConfabError(frame.code, frame.message, frame);
}
