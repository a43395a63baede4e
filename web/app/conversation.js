import { composer } from './composer.js';
import { batched, h, unlessRunning } from './dom.js';
import { acceptAdds } from './group-consent.js';
import { openGroupInfo } from './group-info.js';
import { phraseText, showPhrase } from './system-entry.js';
import { icon } from './icons.js';
import { menuButton } from './menu.js';
import { MessageList } from './message-list.js';
import { mutedMark, muteItems, updateMutedMark } from './mute.js';
import { closedText, detailOf, isShownEnded, maySayWhoAdds, titleOf, typingIn } from './names.js';
import { portrait, updatePortrait } from './portrait.js';
import { isOnline } from './presence.js';
import { relationItems } from './relations.js';
import { toast } from './toast.js';
import { typingAnnouncer } from './typing.js';
import { peerOf } from '../confab.js';

/** Events after which the header is updated. */
const CHANGES = ['change', 'presence', 'contacts', 'typing'];
const MINUTE_MS = 60_000;

/**
 * The view of one conversation: header, messages and composer.
 * @param {{client: object, drafts: import('./drafts.js').Drafts, conversation: string, onBack: () => void, onOpen: (conversation: string) => void}} use
 */
export function conversationView({ client, drafts, conversation, onBack, onOpen }) {
  const chat = client.chats.ensure(conversation);
  const isGroup = chat.kind === 'group';
  const peer = peerOf(conversation, client.user);
  const list = new MessageList(client, conversation);
  const picture = portrait();
  const name = h('h2', { class: 'peer-name', dir: 'auto', tabindex: '-1' });
  const detail = h('p', { class: 'peer-detail', 'data-testid': 'peer-detail' });
  const typingNews = h('p', { class: 'visually-hidden', role: 'status', 'data-testid': 'typing-news' });
  const announceTyping = typingAnnouncer(typingNews);
  const back = h('button', { class: 'icon-button back', type: 'button', 'aria-label': 'Back to chats', 'data-testid': 'back', on: { click: onBack } }, icon('back'));
  const showInfo = () => openGroupInfo({ client, conversation, onOpen });
  const info = isGroup ? h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Group info', title: 'Group info', 'data-testid': 'group-info', on: { click: showInfo } }, icon('group')) : null;
  const dismiss = async () => {
    await client.dismiss(conversation);
    toast([{ name: titleOf(client, chat).name }, { text: ' is no longer in your list.' }]);
    onBack();
  };
  const items = () => {
    if (chat.left) return [{ icon: 'remove', text: 'Remove from the list', testid: 'dismiss', run: dismiss }];
    return [...muteItems(client, chat), ...(peer ? relationItems(client, peer) : [])];
  };
  const menu = menuButton({ label: 'Options for this chat', testid: 'chat-menu', items });
  const muted = mutedMark();
  const send = (text) => {
    list.follow();
    return client.send(conversation, text);
  };
  const writer = composer({ conversation, drafts, name: '', onSend: send, onType: () => client.typing.typing(conversation) });
  const closed = h('p', { role: 'status', 'data-testid': 'closed' });
  const accept = h('button', { class: 'text-button', type: 'button', text: 'Let others add me again', 'data-testid': 'accept-adds', hidden: true, on: { click: unlessRunning(() => acceptAdds(client, conversation, titleOf(client, chat).name)) } });
  const closing = h('div', { class: 'closed', hidden: true }, closed, accept);
  const element = h(
    'section',
    { class: 'conversation', 'aria-label': 'Conversation' },
    h('header', { class: 'pane-header' }, back, picture, h('div', { class: 'peer' }, h('div', { class: 'peer-title' }, name, muted), detail), info, menu),
    typingNews,
    list.element,
    writer.element,
    closing,
  );
  const show = () => {
    const title = titleOf(client, chat);
    updatePortrait(picture, { ...title, online: peer !== null && isOnline(client, peer) });
    name.textContent = title.name;
    updateMutedMark(muted, chat);
    showDetail();
    writer.setName(title.name);
    showClosed();
  };
  const showDetail = () => {
    const typing = typingIn(client, chat);
    showPhrase(detail, detailOf(client, chat));
    detail.classList.toggle('is-typing', typing !== null);
    announceTyping(typing ? phraseText(typing) : '');
  };
  const showClosed = () => {
    const text = closedText(chat);
    const accepts = maySayWhoAdds(chat);
    const losesFocus = (text && writer.element.contains(document.activeElement)) || (!accepts && document.activeElement === accept);
    closing.hidden = !text;
    if (closed.textContent !== (text ?? '')) closed.textContent = text ?? '';
    accept.hidden = !accepts;
    writer.element.hidden = Boolean(text);
    if (info) info.hidden = Boolean(text);
    menu.hidden = Boolean(text) && !isShownEnded(chat);
    if (losesFocus) name.focus();
  };
  const update = batched(show);
  for (const type of CHANGES) client.addEventListener(type, update);
  const timer = setInterval(update, MINUTE_MS);
  show();
  const unwatch = isGroup ? client.groups.watch(conversation) : () => {};
  if (peer) {
    client.profiles.refresh(peer);
    client.presence.ask([peer]);
  }
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.isComposing) onBack();
  });
  return {
    element,
    focus: ({ toComposer }) => (toComposer && !chat.left ? writer.focus() : name.focus()),
    dispose: () => {
      for (const type of CHANGES) client.removeEventListener(type, update);
      clearInterval(timer);
      unwatch();
      list.dispose();
      writer.dispose();
    },
  };
}
