/** Time between two announcements of typing to a screen reader. Unit: milliseconds. */
const QUIET_MS = 30_000;

/**
 * Returns in words who is typing, or null where nobody is.
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
 * Says now and then, in a live region, that somebody is typing. People stop and
 * go on all the time, and who listens wants to hear of it once.
 * @param {HTMLElement} region
 * @returns {(sentence: string) => void}  Takes what is shown; empty where nobody is typing.
 */
export function typingAnnouncer(region, now = Date.now) {
  let said_at_ms = -Infinity;
  let wasTyping = false;
  return (sentence) => {
    const begins = sentence !== '' && !wasTyping;
    wasTyping = sentence !== '';
    if (!begins || now() - said_at_ms < QUIET_MS) {
      if (!wasTyping) region.textContent = '';
      return;
    }
    said_at_ms = now();
    region.textContent = sentence;
  };
}
