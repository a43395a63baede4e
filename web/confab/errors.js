/**
 * Error of a request.
 *
 * `code` is an error code of the server or one of three codes of the client: `network` (no answer arrived; the
 * outcome is unknown), `timeout` (likewise) and `session_ended` (log in again).
 */
export class ConfabError extends Error {
  /**
   * @param {string} code
   * @param {string} message  A sentence for people.
   * @param {{status?: number, retry_after_ms?: number, limit?: number, actual?: number, users?: string[]}} [details]
   *   `users`: the users because of whom the server refused.
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

  /** Whether the same request may succeed later. */
  get retryable() {
    return RETRYABLE.has(this.code);
  }
}

const RETRYABLE = new Set(['rate_limited', 'unavailable', 'internal', 'network', 'timeout', 'unauthenticated', 'session_ended']);

/**
 * Converts an `error` frame to a {@link ConfabError}.
 * @param {{code: string, message: string}} frame
 */
export function errorFromFrame(frame) {
  return new ConfabError(frame.code, frame.message, frame);
}
