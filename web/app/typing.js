/** Time between two announcements of typing to a screen reader. Unit: milliseconds. */
const QUIET_MS = 30_000;

/**
 * Returns a sentence that says who is typing, or null if nobody is.
 * @param {string[]} users
 * @param {(user: string) => string} nameOf
 * @returns {import('./system-entry.js').Phrase | null}
 */
export function typingPhrase(users, nameOf) {
  const [first, second] = users.map((user) => ({ name: nameOf(user) }));
  if (users.length === 0) return null;
  if (users.length === 1) return [first, { text: ' is typing…' }];
  if (users.length === 2) return [first, { text: ' and ' }, second, { text: ' are typing…' }];
  return [{ text: 'Several people are typing…' }];
}

/**
 * Announces in a live region that users are typing, at most once in {@link QUIET_MS}, since users stop and continue
 * all the time.
 * @param {HTMLElement} region
 * @returns {(sentence: string) => void}  Takes the shown sentence, empty if nobody is typing.
 */
export function typingAnnouncer(region, now = Date.now) {
  let announced_at_ms = -Infinity;
  let wasTyping = false;
  return (sentence) => {
    const begins = sentence !== '' && !wasTyping;
    wasTyping = sentence !== '';
    if (!begins || now() - announced_at_ms < QUIET_MS) {
      if (!wasTyping) region.textContent = '';
      return;
    }
    announced_at_ms = now();
    region.textContent = sentence;
  };
}
