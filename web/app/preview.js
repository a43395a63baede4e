import { phraseOf } from './system-entry.js';
import { closedText, nameOf, typingIn } from './names.js';

/**
 * Returns the line below a chat's name in the list: who is typing, or what was said last, and in a group by whom.
 * @param {object} chat
 * @param {object | null} entry  The newest unsent message.
 * @param {string} [draft]  What is typed and not sent.
 * @returns {import('./system-entry.js').Phrase}
 */
export function previewOf(client, chat, entry, draft = '') {
  if (entry?.state === 'failed') return [{ text: `Not sent: ${oneLine(entry.text)}` }];
  const typing = typingIn(client, chat);
  if (typing) return typing;
  if (chat.left) return [{ text: closedText(chat) }];
  if (oneLine(draft)) return [{ text: `Draft: ${oneLine(draft)}` }];
  if (entry) return [{ text: `You: ${oneLine(entry.text)}` }];
  return messagePreviewOf(client, chat);
}

/**
 * Returns what was said last in a chat, and in a group by whom.
 * @returns {import('./system-entry.js').Phrase}
 */
export function messagePreviewOf(client, chat) {
  const message = chat.last_message;
  if (!message) return [{ text: 'No messages yet' }];
  if (message.kind !== 'text') return phraseOf(message, { user: client.user, nameOf: (user) => nameOf(client, user) });
  const text = message.text ? oneLine(message.text) : 'Attachment';
  if (message.sender === client.user) return [{ text: `You: ${text}` }];
  if (chat.kind === 'group') return [{ name: nameOf(client, message.sender) }, { text: `: ${text}` }];
  return [{ text }];
}

function oneLine(text) {
  return text.slice(0, 200).replace(/\s+/gu, ' ').trim();
}
