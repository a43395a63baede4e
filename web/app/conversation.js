import { avatar, updateAvatar } from './avatar.js';
import { composer } from './composer.js';
import { batched, h } from './dom.js';
import { icon } from './icons.js';
import { MessageList } from './message-list.js';
import { titleOf } from './names.js';
import { peerOf } from '../confab.js';

/**
 * One conversation: who it is with, its messages, and where to write.
 * @param {{client: object, conversation: string, onBack: () => void}} use
 */
export function conversationView({ client, conversation, onBack }) {
  const chat = client.chats.ensure(conversation);
  const list = new MessageList(client, conversation);
  const picture = avatar(conversation, '');
  const name = h('h2', { class: 'peer-name', dir: 'auto', tabindex: '-1' });
  const handle = h('p', { class: 'peer-handle' });
  const back = h('button', { class: 'icon-button back', type: 'button', 'aria-label': 'Back to chats', 'data-testid': 'back', on: { click: onBack } }, icon('back'));
  const send = (text) => {
    list.follow();
    return client.send(conversation, text);
  };
  const writer = composer({ conversation, name: '', onSend: send });
  const element = h(
    'section',
    { class: 'conversation', 'aria-label': 'Conversation' },
    h('header', { class: 'pane-header' }, back, picture, h('div', { class: 'peer' }, name, handle)),
    list.element,
    writer.element,
  );
  const showTitle = batched(() => {
    const title = titleOf(client, chat);
    updateAvatar(picture, title.id, title.name);
    name.textContent = title.name;
    handle.textContent = title.handle ? `@${title.handle}` : '';
    writer.setName(title.name);
  });
  client.addEventListener('change', showTitle);
  showTitle();
  const peer = peerOf(conversation, client.user);
  if (peer) client.profiles.refresh(peer);
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.isComposing) onBack();
  });
  return {
    element,
    focus: ({ toComposer }) => (toComposer ? writer.focus() : name.focus()),
    dispose: () => {
      client.removeEventListener('change', showTitle);
      list.dispose();
    },
  };
}
