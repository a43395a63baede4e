import { dayOf } from './time.js';

/** Time between two messages of one sender from which they are not grouped. Unit: milliseconds. */
const GROUP_MS = 5 * 60_000;

/**
 * Returns the rows of a conversation, from top to bottom: day lines, the line above unread messages, messages and
 * system entries in log order, and unsent messages last.
 * @param {object} view
 * @param {object[]} view.messages  Ascending by seq.
 * @param {object[]} view.entries  The outbox's, in order.
 * @param {string} view.user
 * @param {number[]} view.markers  Read marks of the other members.
 * @param {number | null} view.unreadAfter  Seq after which the unread line is shown, or null for none.
 */
export function rowsOf({ messages, entries, user, markers, unreadAfter }) {
  const known = new Set(messages.filter(({ sender }) => sender === user).map((message) => message.client_message_id));
  const waiting = entries.filter((entry) => !known.has(entry.client_message_id));
  const items = [
    ...messages.map((message) => fromMessage(message, user, markers)),
    ...waiting.map((entry) => fromEntry(entry, user)),
  ];
  return withSeparators(items, unreadAfter);
}

function fromMessage(message, user, markers) {
  const own = message.sender === user;
  const readers = own ? markers.filter((read_seq) => read_seq >= message.seq).length : 0;
  const state = own ? (readers ? 'read' : 'sent') : 'received';
  return {
    type: message.kind === 'text' ? 'message' : 'system',
    key: own ? `own:${message.client_message_id}` : `seq:${message.seq}`,
    own,
    state,
    readers,
    seq: message.seq,
    sender: message.sender,
    client_message_id: message.client_message_id,
    text: message.text ?? '',
    truncated: message.truncated === true,
    attachments: message.attachments?.length ?? 0,
    kind: message.kind,
    mentions: message.mentions ?? [],
    at_ms: message.sent_at_ms,
  };
}

function fromEntry(entry, user) {
  return {
    type: 'message',
    key: `own:${entry.client_message_id}`,
    own: true,
    state: entry.state,
    readers: 0,
    seq: null,
    sender: user,
    client_message_id: entry.client_message_id,
    text: entry.text,
    truncated: false,
    attachments: 0,
    kind: 'text',
    mentions: [],
    at_ms: entry.created_at_ms,
    error: entry.error,
  };
}

function withSeparators(items, unreadAfter) {
  const rows = [];
  let previous = null;
  let day = -Infinity;
  let unreadLineDue = unreadAfter !== null;
  for (const item of items) {
    // Later days only: order is by seq and clocks differ, so time may step back.
    const newDay = dayOf(item.at_ms) > day;
    if (newDay) {
      day = dayOf(item.at_ms);
      rows.push({ type: 'day', key: `day:${day}`, at_ms: item.at_ms });
    }
    const unreadLine = unreadLineDue && !item.own && item.seq > unreadAfter;
    if (unreadLine) {
      unreadLineDue = false;
      rows.push({ type: 'unread', key: 'unread' });
    }
    const joins = !newDay && !unreadLine && joinsGroup(previous, item);
    item.first = !joins;
    item.last = true;
    if (joins) previous.last = false;
    rows.push(item);
    previous = item;
  }
  markLastRead(items);
  return rows;
}

function joinsGroup(previous, item) {
  return (
    previous.type === 'message' &&
    item.type === 'message' &&
    previous.sender === item.sender &&
    previous.state !== 'failed' &&
    item.at_ms - previous.at_ms < GROUP_MS
  );
}

function markLastRead(items) {
  const lastOwn = items.findLast((item) => item.own && item.type === 'message');
  for (const item of items) item.saysRead = item === lastOwn && item.state === 'read';
}
