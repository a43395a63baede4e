/** Returns the message that an `ack` confirms. */
export function ownMessage(sender, { client_message_id, text }, { conversation, seq, sent_at_ms }) {
  return { conversation, seq, sender, client_message_id, text, kind: 'text', sent_at_ms };
}

/**
 * Returns the events of a request for the other windows, which share its socket. The server sends these events to
 * every socket but the sender's.
 */
export function echoOf(sender, { action, id, to, text, messages }, answer) {
  const event = (message, ack) => ({ type: 'message', ...ownMessage(sender, message, ack) });
  if (action === 'send') return [event({ client_message_id: id, text }, answer)];
  if (action !== 'send_many') return [];
  const texts = new Map(messages.map((message) => [message.id, message.text]));
  const acked = answer.acks.filter(({ seq }) => seq !== undefined);
  return acked.map(({ id: client_message_id, ...ack }) => event({ client_message_id, text: texts.get(client_message_id) }, { conversation: to, ...ack }));
}
