import { avatar, updateAvatar } from './avatar.js';
import { confirmDialog, openDialog } from './dialog.js';
import { batched, h, reconcile } from './dom.js';
import { field } from './field.js';
import { createMember, updateMember } from './group-member.js';
import { handleAdder } from './handle-adder.js';
import { isolated, membersText, nameOf } from './names.js';
import { isOnline } from './presence.js';
import { inOrder, mayRemove, rolesToGive, runsGroup } from './rights.js';
import { displayNameError } from './rules.js';

/** Names arrive one by one; a long list is not drawn for each. Unit: milliseconds. */
const RENDER_MS = 30;

/** Shows who is in a group, and lets its members change what their role allows. */
export function openGroupInfo({ client, conversation, onOpen }) {
  new GroupInfo({ client, conversation, onOpen });
}

class GroupInfo {
  #client;
  #conversation;
  #onOpen;
  #chat;
  #shownName = '';

  constructor({ client, conversation, onOpen }) {
    this.#client = client;
    this.#conversation = conversation;
    this.#onOpen = onOpen;
    this.#chat = client.chats.ensure(conversation);
    this.#build();
    const render = batched(() => this.#render(), RENDER_MS);
    const unwatch = client.groups.watch(conversation);
    // No event tells of members who are no friends.
    client.presence.ask(client.groups.watchedMembers);
    for (const type of ['change', 'presence']) client.addEventListener(type, render);
    this.dialog.addEventListener('close', () => {
      for (const type of ['change', 'presence']) client.removeEventListener(type, render);
      unwatch();
    });
    this.#render();
  }

  get #group() {
    return this.#client.groups.get(this.#conversation);
  }

  #build() {
    const { groups } = this.#client;
    this.picture = avatar(this.#conversation, '');
    this.title = h('p', { class: 'group-name', dir: 'auto', 'data-testid': 'group-title' });
    this.detail = h('p', { class: 'group-detail' });
    this.save = h('button', { class: 'field-action', type: 'submit', text: 'Save', 'data-testid': 'group-rename' });
    this.name = field({ label: 'Group name', testid: 'group-name', name: 'group_name', autocomplete: 'off', dir: 'auto', maxlength: '128', after: this.save });
    this.renaming = h('form', { novalidate: true }, this.name.element);
    this.renaming.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#rename();
    });
    this.adder = handleAdder({
      client: this.#client,
      label: 'Add somebody',
      hint: 'By their exact handle.',
      onFound: ({ user, display_name, handle }) => {
        if (this.#group?.members.some((member) => member.user === user)) throw new Error(`${display_name || handle} is in the group already.`);
        return groups.putMember(this.#conversation, user);
      },
    });
    this.heading = h('h3', { class: 'members-title', tabindex: '-1', text: 'Members' });
    this.wait = h('p', { class: 'devices-wait' }, h('span', { class: 'spinner', role: 'img', 'aria-label': 'Loading' }));
    this.list = h('ul', { class: 'members', 'aria-label': 'Members', 'data-testid': 'members' });
    this.note = h('p', { class: 'dialog-error', role: 'alert', 'data-testid': 'group-error' });
    this.leave = h('button', { class: 'button', type: 'button', text: 'Leave group', 'data-testid': 'group-leave', on: { click: () => this.#leave() } });
    this.remove = h('button', { class: 'button danger', type: 'button', text: 'Delete group', 'data-testid': 'group-delete', hidden: true, on: { click: () => this.#delete() } });
    this.dialog = openDialog(
      'Group info',
      h('div', { class: 'group-head' }, this.picture, h('div', {}, this.title, this.detail)),
      h('div', { class: 'dialog-form' }, this.renaming, this.adder.element),
      this.heading,
      this.wait,
      this.list,
      this.note,
      h('div', { class: 'dialog-actions group-actions' }, this.leave, this.remove),
    );
  }

  #render() {
    if (this.#chat.left) {
      this.dialog.close();
      return;
    }
    const group = this.#group;
    const role = this.#client.groups.roleIn(this.#conversation);
    const error = group ? null : this.#client.groups.errorOf(this.#conversation);
    this.#renderName(this.#chat.name ?? group?.name ?? 'Group');
    this.detail.textContent = membersText(group);
    this.renaming.hidden = !runsGroup(role);
    this.adder.element.hidden = !runsGroup(role);
    this.remove.hidden = role !== 'owner';
    this.wait.hidden = Boolean(group || error);
    this.#renderMembers(group?.members ?? [], role);
    if (error) this.note.textContent = error.message;
  }

  #renderName(name) {
    updateAvatar(this.picture, this.#conversation, name);
    this.title.textContent = name;
    // What somebody is typing stays when the name changes meanwhile.
    if (this.name.input.value === this.#shownName) this.name.input.value = name;
    this.#shownName = name;
  }

  #renderMembers(members, ownRole) {
    const hadFocus = this.list.contains(document.activeElement);
    const owners = members.filter(({ role }) => role === 'owner').length;
    reconcile(this.list, inOrder(members), {
      key: ({ user }) => user,
      create: () =>
        createMember({
          onWrite: (member) => this.#write(member),
          onRole: (member, role, button) => this.#giveRole(member, role, button),
          onRemove: (member, button) => this.#removeMember(member, button),
        }),
      update: (element, member) => {
        const isSelf = member.user === this.#client.user;
        const of = { role: member.role, isSelf, owners };
        const profile = this.#client.profiles.get(member.user);
        updateMember(element, {
          ...member,
          isSelf,
          online: isOnline(this.#client, member.user),
          name: nameOf(this.#client, member.user),
          handle: profile?.handle ?? null,
          roles: rolesToGive(ownRole, of),
          removable: mayRemove(ownRole, of),
        });
      },
    });
    if (hadFocus && !this.list.contains(document.activeElement)) this.heading.focus();
  }

  /** Carries a change out; what the server has against it is shown. */
  async #attempt(button, change) {
    this.note.textContent = '';
    button.disabled = true;
    try {
      await change();
    } catch (error) {
      this.note.textContent = error.message;
      this.note.scrollIntoView({ block: 'nearest' });
    } finally {
      button.disabled = false;
    }
  }

  async #rename() {
    const wanted = this.name.input.value.trim();
    const wrong = displayNameError(wanted);
    this.name.setError(wrong);
    if (wrong || this.save.disabled) return;
    this.save.disabled = true;
    try {
      await this.#client.groups.rename(this.#conversation, wanted);
      this.name.input.value = wanted;
      this.#shownName = wanted;
    } catch (error) {
      this.name.setError(error.message);
    } finally {
      this.save.disabled = false;
    }
  }

  #write({ user }) {
    this.dialog.close();
    this.#onOpen(this.#client.conversationWith(user));
  }

  async #giveRole({ user, isSelf, name }, role, button) {
    const question = isSelf
      ? ['Give up owning this group?', 'Only an owner can make you one again.', 'Give up']
      : [`Make ${isolated(name)} an owner?`, 'An owner can do everything, also remove you and delete the group.', 'Make owner'];
    if ((isSelf || role === 'owner') && !(await confirmDialog(...question))) return;
    await this.#attempt(button, () => this.#client.groups.putMember(this.#conversation, user, role));
  }

  async #removeMember({ user, name }, button) {
    if (!(await confirmDialog(`Remove ${isolated(name)}?`, 'They can read what was said up to now, and nothing that follows.', 'Remove'))) return;
    await this.#attempt(button, () => this.#client.groups.removeMember(this.#conversation, user));
  }

  async #leave() {
    if (!(await confirmDialog('Leave this group?', 'You will get no more of its messages, and it leaves your list. Somebody in it can add you again.', 'Leave'))) return;
    await this.#attempt(this.leave, () => this.#client.groups.leave(this.#conversation));
  }

  async #delete() {
    if (!(await confirmDialog('Delete this group?', 'It ends for everybody in it, and nobody can read its messages on the server any more. This cannot be undone.', 'Delete'))) return;
    await this.#attempt(this.remove, () => this.#client.groups.delete(this.#conversation));
  }
}
