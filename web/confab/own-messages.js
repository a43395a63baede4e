/** Returns the message that an `ack` says is in the log. */
export function ownMessage(sender, { client_message_id, text }, { conversation, seq, sent_at_ms }) {
  return { conversation, seq, sender, client_message_id, text, kind: 'text', sent_at_ms };
}

/**
 * Returns the events that a request and its answer mean for the windows that did not make it: the server
 * sends them to every socket but the one that sent.
 */
export function echoOf(sender, { action, id, to, text, messages }, answer) {
  const event = (message, ack) => ({ type: 'message', ...ownMessage(sender, message, ack) });
  if (action === 'send') return [event({ client_message_id: id, text }, answer)];
  if (action !== 'send_many') return [];
  const texts = new Map(messages.map((message) => [message.id, message.text]));
  const acked = answer.acks.filter(({ seq }) => seq !== undefined);
  return acked.map(({ id: client_message_id, ...ack }) => event({ client_message_id, text: texts.get(client_message_id) }, { conversation: to, ...ack }));
}
