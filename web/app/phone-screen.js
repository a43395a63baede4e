/**
 * A push, as `GET /dev/pushes` lists it.
 * @typedef {{user: string, device: string, platform: 'apns' | 'fcm', payload: object, attributes: object, sent_at_ms: number}} Pushed
 */

/**
 * Returns what a phone shows after these pushes: the notifications, newest first, and the number on the app's icon.
 *
 * @param {Pushed[]} pushes  To this phone, in order.
 * @param {object} [app]  What the app on the phone does itself.
 * @param {(conversation: string) => number} [app.readSeq]
 *   The read mark of the app. It shows no notifications up to there.
 * @param {{at_ms: number, badge: number} | null} [app.seen]
 *   When the app was last connected, and the number that it set then.
 * @returns {{badge: number, notifications: {conversation: string, seq: number, title: string, body: string, platform: string, at_ms: number, push: Pushed}[]}}
 */
export function phoneScreen(pushes, { readSeq = () => 0, seen = null } = {}) {
  const shown = new Map();
  let badge = seen?.badge ?? 0;
  for (const push of pushes) {
    const { collapse, title, body, ...facts } = read(push);
    if (facts.badge !== null && push.sent_at_ms > (seen?.at_ms ?? 0)) badge = facts.badge;
    if (facts.type === 'message') {
      // Moved to the end: a notification that replaces another moves up.
      shown.delete(collapse);
      shown.set(collapse, { conversation: facts.conversation, seq: facts.seq, title, body, platform: push.platform, at_ms: push.sent_at_ms, push });
    } else if (facts.type === 'read') {
      for (const [key, { conversation, seq }] of shown) {
        if (conversation === facts.conversation && seq <= facts.read_seq) shown.delete(key);
      }
    }
  }
  const notifications = [...shown.values()].filter(({ conversation, seq }) => seq > readSeq(conversation));
  return { badge, notifications: notifications.reverse() };
}

/** Returns a short description of a push. */
export function pushSummary(push) {
  const { type, seq, read_seq } = read(push);
  if (type === 'message') return `message ${seq}`;
  if (type === 'read') return `read up to ${read_seq}, silent`;
  return 'unknown';
}

/** Returns the common fields of both platforms' payloads. FCM has all values as strings. */
function read({ platform, payload, attributes }) {
  const isApns = platform === 'apns';
  const { aps = {}, message = {} } = payload;
  const facts = (isApns ? payload.confab : message.data) ?? {};
  const words = (isApns ? aps.alert : message.notification) ?? {};
  const collapse = isApns ? (attributes?.COLLAPSE_ID ?? aps['thread-id']) : (message.android?.notification?.tag ?? message.android?.collapse_key);
  const badge = isApns ? aps.badge : (message.android?.notification?.notification_count ?? facts.badge);
  return {
    type: facts.type,
    conversation: facts.conversation,
    seq: Number(facts.seq),
    read_seq: Number(facts.read_seq),
    badge: badge === undefined ? null : Number(badge),
    collapse: collapse ?? facts.conversation,
    title: words.title ?? '',
    body: words.body ?? '',
  };
}
