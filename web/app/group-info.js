import { avatar, updateAvatar } from './avatar.js';
import { cannotAddText } from './cannot-add.js';
import { confirmDialog, openDialog } from './dialog.js';
import { batched, h, reconcile, unlessRunning } from './dom.js';
import { field } from './field.js';
import { createMember, updateMember } from './group-member.js';
import { handleAdder } from './handle-adder.js';
import { isolated, membersText, nameOf } from './names.js';
import { isOnline } from './presence.js';
import { inOrder, mayRemove, rolesToGive, runsGroup } from './rights.js';
import { displayNameError } from './rules.js';
import { toast } from './toast.js';
import { toastOutcome } from './toast-outcome.js';
import { problemOf } from './words.js';

/** Delay that gathers changes for one render, since names arrive one by one. Unit: milliseconds. */
const RENDER_MS = 30;
const ROLE_WORDS = { owner: 'an owner', admin: 'an admin', member: 'a member' };

/** Opens the group's dialog: its members, and the changes that the user's role allows. */
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
    // Presence events do not cover members who are no friends.
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
        return this.#add(user, display_name || handle);
      },
    });
    this.heading = h('h3', { class: 'members-title', tabindex: '-1', text: 'Members' });
    this.wait = h('p', { class: 'devices-wait' }, h('span', { class: 'spinner', role: 'img', 'aria-label': 'Loading' }));
    this.list = h('ul', { class: 'members', 'aria-label': 'Members', 'data-testid': 'members' });
    this.note = h('p', { class: 'dialog-error', role: 'alert', 'data-testid': 'group-error' });
    this.leave = h('button', { class: 'button', type: 'button', text: 'Leave group', 'data-testid': 'group-leave', on: { click: unlessRunning(() => this.#leave()) } });
    this.remove = h('button', { class: 'button danger', type: 'button', text: 'Delete group', 'data-testid': 'group-delete', hidden: true, on: { click: unlessRunning(() => this.#delete()) } });
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
    this.note.textContent = error ? problemOf(error) : '';
  }

  #renderName(name) {
    updateAvatar(this.picture, this.#conversation, name);
    this.title.textContent = name;
    // A name that the user is typing is kept when the group's name changes meanwhile.
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
          onRole: unlessRunning((member, role) => this.#giveRole(member, role)),
          onRemove: unlessRunning((member) => this.#removeMember(member)),
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
      toast([{ text: 'The group is named ' }, { name: wanted }, { text: ' now.' }]);
    } catch (error) {
      this.name.setError(problemOf(error));
    } finally {
      this.save.disabled = false;
    }
  }

  #write({ user }) {
    this.dialog.close();
    this.#onOpen(this.#client.conversationWith(user));
  }

  async #add(user, name) {
    try {
      await this.#client.groups.putMember(this.#conversation, user);
    } catch (error) {
      const cannot = cannotAddText(error, (of) => (of === user ? name : nameOf(this.#client, of)));
      throw new Error(cannot ? `${cannot}. They may not want that, or have left this group and not allowed it since.` : problemOf(error), { cause: error });
    }
    toast([{ name }, { text: ' is in the group now.' }]);
  }

  async #giveRole({ user, isSelf, name }, role) {
    const question = isSelf
      ? ['Give up owning this group?', 'Only an owner can make you one again.', 'Give up']
      : [`Make ${isolated(name)} an owner?`, 'An owner can do everything, also remove you and delete the group.', 'Make owner'];
    if ((isSelf || role === 'owner') && !(await confirmDialog(...question))) return;
    const done = isSelf ? `You are ${ROLE_WORDS[role]} now.` : [{ name }, { text: ` is ${ROLE_WORDS[role]} now.` }];
    await toastOutcome(() => this.#client.groups.putMember(this.#conversation, user, role), done);
  }

  async #removeMember({ user, name }) {
    if (!(await confirmDialog(`Remove ${isolated(name)}?`, 'They can read the messages up to now, but no later ones.', 'Remove'))) return;
    await toastOutcome(() => this.#client.groups.removeMember(this.#conversation, user), [{ name }, { text: ' is no longer in the group.' }]);
  }

  async #leave() {
    if (!(await confirmDialog('Leave this group?', 'You will get no more of its messages, and it leaves your list. Only a friend in it can add you again, unless you allow others to.', 'Leave'))) return;
    const isOnlyOwner = this.#client.groups.roleIn(this.#conversation) === 'owner';
    const special = isOnlyOwner ? { forbidden: 'You are the only owner. Make somebody else an owner first, or delete the group.' } : {};
    await toastOutcome(() => this.#client.groups.leave(this.#conversation), [{ text: 'You have left ' }, { name: this.#shownName }, { text: '.' }], special);
  }

  async #delete() {
    if (!(await confirmDialog('Delete this group?', 'It ends for everybody in it. They can still read its messages, but nobody can write. This cannot be undone.', 'Delete'))) return;
    await toastOutcome(() => this.#client.groups.delete(this.#conversation), [{ name: this.#shownName }, { text: ' is deleted.' }]);
  }
}
