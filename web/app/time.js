const DAY_MS = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const shortWeekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long' });
const shortDate = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dateWithYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** Returns the start of a time's day. Unit: milliseconds since the Unix epoch, local days. */
export function dayOf(at_ms) {
  return new Date(at_ms).setHours(0, 0, 0, 0);
}

export function clockTime(at_ms) {
  return clock.format(at_ms);
}

export function fullTime(at_ms) {
  return full.format(at_ms);
}

/** Returns the label of a day between messages. */
export function dayLabel(at_ms, now = Date.now()) {
  const days = daysAgo(at_ms, now);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days < 7) return weekday.format(at_ms);
  return sameYear(at_ms, now) ? date.format(at_ms) : dateWithYear.format(at_ms);
}

/** Returns the label of a time in the chat list. */
export function listTime(at_ms, now = Date.now()) {
  const days = daysAgo(at_ms, now);
  if (days <= 0) return clockTime(at_ms);
  if (days === 1) return 'Yesterday';
  if (days < 7) return shortWeekday.format(at_ms);
  return shortDate.format(at_ms);
}

/** Returns how long ago a time was, in words. */
export function ago(at_ms, now = Date.now()) {
  const minutes = Math.max(0, Math.round((now - at_ms) / 60_000));
  if (minutes < 2) return 'just now';
  if (minutes < 60) return `${minutes} minutes ago`;
  if (daysAgo(at_ms, now) <= 0) return `today at ${clockTime(at_ms)}`;
  if (daysAgo(at_ms, now) === 1) return `yesterday at ${clockTime(at_ms)}`;
  return `on ${dateWithYear.format(at_ms)}`;
}

/** Returns a future time in words that follow "until". */
export function untilTime(at_ms, now = Date.now()) {
  const days = -daysAgo(at_ms, now);
  if (days <= 0) return clockTime(at_ms);
  return days === 1 ? `tomorrow at ${clockTime(at_ms)}` : `${dateWithYear.format(at_ms)}, ${clockTime(at_ms)}`;
}

function daysAgo(at_ms, now) {
  // Rounded, because a day with a clock change has 23 or 25 hours.
  return Math.round((dayOf(now) - dayOf(at_ms)) / DAY_MS);
}

function sameYear(a, b) {
  return new Date(a).getFullYear() === new Date(b).getFullYear();
}
