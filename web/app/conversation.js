import { avatar, updateAvatar } from './avatar.js';
import { composer } from './composer.js';
import { batched, h } from './dom.js';
import { openGroupInfo } from './group-info.js';
import { icon } from './icons.js';
import { MessageList } from './message-list.js';
import { closedText, detailOf, titleOf } from './names.js';
import { peerOf } from '../confab.js';

/**
 * One conversation: who it is with, its messages, and where to write.
 * @param {{client: object, conversation: string, onBack: () => void, onOpen: (conversation: string) => void}} use
 */
export function conversationView({ client, conversation, onBack, onOpen }) {
  const chat = client.chats.ensure(conversation);
  const isGroup = chat.kind === 'group';
  const list = new MessageList(client, conversation);
  const picture = avatar(conversation, '');
  const name = h('h2', { class: 'peer-name', dir: 'auto', tabindex: '-1' });
  const detail = h('p', { class: 'peer-detail', 'data-testid': 'peer-detail' });
  const back = h('button', { class: 'icon-button back', type: 'button', 'aria-label': 'Back to chats', 'data-testid': 'back', on: { click: onBack } }, icon('back'));
  const showInfo = () => openGroupInfo({ client, conversation, onOpen });
  const info = isGroup ? h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Group info', title: 'Group info', 'data-testid': 'group-info', on: { click: showInfo } }, icon('group')) : null;
  const send = (text) => {
    list.follow();
    return client.send(conversation, text);
  };
  const writer = composer({ conversation, name: '', onSend: send });
  const closed = h('p', { class: 'closed', role: 'status', 'data-testid': 'closed' });
  const element = h(
    'section',
    { class: 'conversation', 'aria-label': 'Conversation' },
    h('header', { class: 'pane-header' }, back, picture, h('div', { class: 'peer' }, name, detail), info),
    list.element,
    writer.element,
    closed,
  );
  const show = () => {
    const title = titleOf(client, chat);
    updateAvatar(picture, title.id, title.name);
    name.textContent = title.name;
    detail.textContent = detailOf(client, chat);
    writer.setName(title.name);
    showClosed();
  };
  const showClosed = () => {
    const text = closedText(chat);
    const losesFocus = text && writer.element.contains(document.activeElement);
    closed.textContent = text ?? '';
    writer.element.hidden = Boolean(text);
    if (info) info.hidden = Boolean(text);
    if (losesFocus) name.focus();
  };
  const update = batched(show);
  client.addEventListener('change', update);
  show();
  const unwatch = isGroup ? client.groups.watch(conversation) : () => {};
  const peer = peerOf(conversation, client.user);
  if (peer) client.profiles.refresh(peer);
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.isComposing) onBack();
  });
  return {
    element,
    focus: ({ toComposer }) => (toComposer && !chat.left ? writer.focus() : name.focus()),
    dispose: () => {
      client.removeEventListener('change', update);
      unwatch();
      list.dispose();
    },
  };
}
