import { h } from './dom.js';
import { portrait, updatePortrait } from './portrait.js';
import { ago } from './time.js';

const ROLE_NAMES = { owner: 'Owner', admin: 'Admin' };
const GIVES = { owner: 'Make owner', admin: 'Make admin', member: 'Make member' };
const TAKES = { admin: 'Become admin', member: 'Become member' };

let lastId = 0;

/**
 * Returns the element of a group member. A click opens the actions for the member.
 * @param {{onWrite: (member) => void, onRole: (member, role: string) => void, onRemove: (member) => void}} actions
 */
export function createMember(actions) {
  lastId += 1;
  const id = `member-${lastId}`;
  const parts = {
    picture: portrait(),
    name: h('bdi'),
    you: h('span', { class: 'member-you', text: ' (you)' }),
    detail: h('span', { class: 'member-detail' }),
    role: h('span', { class: 'member-role', 'data-testid': 'member-role' }),
    actions: h('div', { class: 'member-actions', id, hidden: true }),
  };
  parts.summary = h(
    'button',
    { class: 'person', type: 'button', 'aria-controls': id, 'data-testid': 'member-open' },
    parts.picture,
    h('span', { class: 'person-words' }, h('strong', {}, parts.name, parts.you), parts.detail),
    parts.role,
  );
  const element = h('li', { class: 'member', 'data-testid': 'member' }, parts.summary, parts.actions);
  Object.assign(element, { parts, actions });
  parts.summary.addEventListener('click', () => show(parts, parts.actions.hidden));
  return element;
}

/**
 * Updates the element of a member.
 * @param {{user: string, name: string, handle: string | null, role: string, joined_at_ms: number, isSelf: boolean, online: boolean, roles: string[], removable: boolean}} member
 */
export function updateMember(element, member) {
  const { parts, actions } = element;
  const detail = [member.handle && `@${member.handle}`, `joined ${ago(member.joined_at_ms)}`].filter(Boolean).join(' · ');
  const signature = JSON.stringify([member, detail]);
  if (element.signature === signature) return;
  element.signature = signature;
  element.dataset.user = member.user;
  element.dataset.role = member.role;
  updatePortrait(parts.picture, { ...member, id: member.user });
  parts.name.textContent = member.name;
  parts.you.hidden = !member.isSelf;
  parts.detail.textContent = detail;
  parts.role.textContent = ROLE_NAMES[member.role] ?? '';
  showActions(parts, member, actions);
}

function showActions(parts, member, { onWrite, onRole, onRemove }) {
  const words = member.isSelf ? TAKES : GIVES;
  const held = document.activeElement?.dataset.act;
  const hadFocus = parts.actions.contains(document.activeElement);
  const button = (act, text, run, kind = '') => {
    const element = h('button', { class: `button ${kind}`, type: 'button', text, 'data-testid': `member-${act}`, data: { act }, on: { click: run } });
    return element;
  };
  parts.actions.replaceChildren(
    ...(member.isSelf ? [] : [button('write', 'Write a message', () => onWrite(member))]),
    ...member.roles.filter((role) => words[role]).map((role) => button(role, words[role], () => onRole(member, role))),
    ...(member.removable ? [button('remove', 'Remove', () => onRemove(member), 'danger')] : []),
  );
  const possible = parts.actions.childElementCount > 0;
  parts.summary.disabled = !possible;
  show(parts, possible && !parts.actions.hidden);
  if (hadFocus) (parts.actions.querySelector(`[data-act="${held}"]`) ?? parts.summary).focus();
}

function show({ summary, actions }, open) {
  actions.hidden = !open;
  summary.setAttribute('aria-expanded', String(open));
}
