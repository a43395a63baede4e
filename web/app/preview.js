import { phraseOf } from './system-entry.js';
import { closedText, nameOf, typingIn } from './names.js';

/**
 * Returns the line below a chat's name in the list: typing, a draft, or the last entry with its sender in a group.
 * @param {object} chat
 * @param {object | null} entry  The newest unsent message.
 * @param {string} [draft]  Typed and unsent text.
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
 * Returns a chat's last entry in words, in a group with its sender.
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
