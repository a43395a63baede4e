const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * Returns a sentence that says why something failed and what to do.
 * @param {Error & {code?: string, retry_after_ms?: number}} error
 * @param {Record<string, string>} [special]  Sentences for error codes that have a special meaning in this place.
 */
export function problemOf(error, special = {}) {
  const { code = '' } = error;
  if (Object.hasOwn(special, code)) return special[code];
  if (Object.hasOwn(PROBLEMS, code)) return PROBLEMS[code](error);
  return error.message || 'Something went wrong. Try again.';
}

const PROBLEMS = {
  network: () => 'The server can’t be reached. Check your connection and try again.',
  timeout: () => 'The server did not answer. Try again.',
  unavailable: () => 'The server is busy. Try again in a moment.',
  internal: () => 'Something went wrong at the server. Try again in a moment.',
  rate_limited: ({ retry_after_ms }) => `You did that too often in a short time. Try again ${waitOf(retry_after_ms)}.`,
  forbidden: () => 'You may not do that. Something may have changed meanwhile: look again.',
  conflict: () => 'Something has changed meanwhile. Look again and try once more.',
  not_found: () => 'That is not there any more. Look again.',
  group_full: () => 'This group is full: it has 100 members.',
};

/** Returns a wait in words, such as "in 5 minutes". */
function waitOf(wait_ms = 0) {
  if (wait_ms <= SECOND_MS) return 'in a moment';
  if (wait_ms < MINUTE_MS) return `in ${Math.ceil(wait_ms / SECOND_MS)} seconds`;
  if (wait_ms < HOUR_MS) return counted(Math.ceil(wait_ms / MINUTE_MS), 'minute');
  return counted(Math.ceil(wait_ms / HOUR_MS), 'hour');
}

function counted(number, unit) {
  return `in ${number} ${unit}${number === 1 ? '' : 's'}`;
}
