import { ConfabError, errorFromFrame } from './errors.js';
import { fitsFrame } from './frames.js';
import { newClientMessageId } from './ids.js';

/** Messages in one `send_many`. */
export const BATCH_MAX = 16;

/**
 * Returns those of a conversation's entries that go next, in one frame: the first, and what follows it as far as it fits.
 * A first one that fits no frame goes by itself, by HTTP.
 * @param {object[]} entries  In order.
 */
export function batchOf(entries) {
  const batch = entries.slice(0, 1);
  for (const entry of entries.slice(1, BATCH_MAX)) {
    if (!fitsFrame(frameOf([...batch, entry]))) break;
    batch.push(entry);
  }
  return batch;
}

/** Returns the frame that sends entries of one conversation. */
export function frameOf(entries) {
  const [{ conversation: to }] = entries;
  const messages = entries.map(({ client_message_id: id, text, read_seq }) => ({ id, text, read_seq }));
  if (messages.length === 1) return { action: 'send', to, ...messages[0] };
  return { action: 'send_many', id: newClientMessageId(), to, messages };
}

/**
 * Returns what an answer says of the entries that were sent: the `ack` of each, or its `error`, which is the last then.
 * Entries of which it says nothing were not tried.
 * @returns {{entry: object, ack?: object, error?: ConfabError}[]}
 * @throws {ConfabError} It says nothing at all.
 */
export function outcomesOf(entries, answer) {
  if (entries.length === 1) return [{ entry: entries[0], ack: answer }];
  const known = new Map(entries.map((entry) => [entry.client_message_id, entry]));
  const outcomes = (answer.acks ?? []).filter(({ id }) => known.has(id)).map((outcome) => outcomeOf(known.get(outcome.id), outcome));
  if (outcomes.length === 0) throw new ConfabError('internal', 'The server has answered for none of the messages.');
  return outcomes;
}

function outcomeOf(entry, { code, ...ack }) {
  if (code !== undefined) return { entry, error: errorFromFrame({ code, ...ack }) };
  return { entry, ack: { ...ack, conversation: entry.conversation } };
}
