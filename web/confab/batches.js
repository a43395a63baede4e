import { ConfabError, errorFromFrame } from './errors.js';
import { fitsFrame } from './frames.js';
import { newClientMessageId } from './ids.js';

/** Largest number of messages in one `send_many`. */
export const BATCH_MAX = 16;

/**
 * Returns the entries of one conversation that are sent next, in one frame: the first entry, and as many of the
 * following ones as fit. A first entry that does not fit into a frame is returned alone; it is sent by HTTP.
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

/** Returns the frame that sends the given entries of one conversation. */
export function frameOf(entries) {
  const [{ conversation: to }] = entries;
  const messages = entries.map(({ client_message_id: id, text, read_seq }) => ({ id, text, read_seq }));
  if (messages.length === 1) return { action: 'send', to, ...messages[0] };
  return { action: 'send_many', id: newClientMessageId(), to, messages };
}

/**
 * Returns the outcome of each entry that the answer mentions: its `ack`, or its `error`, which is then the last
 * outcome. The server did not try entries that the answer does not mention.
 * @returns {{entry: object, ack?: object, error?: ConfabError}[]}
 * @throws {ConfabError} The answer mentions none of the entries.
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
