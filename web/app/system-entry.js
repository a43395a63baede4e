import { h } from './dom.js';

/**
 * A sentence in parts: texts and names. Names are shown in isolation, since users choose them.
 * @typedef {{text?: string, name?: string}[]} Phrase
 */

const ROLES = { owner: 'an owner', admin: 'an admin', member: 'a member' };

/**
 * Returns the sentence of a system entry, for example "Ada added Bob".
 * @param {{kind: string, sender: string, mentions?: string[], text?: string}} entry
 * @param {{user: string, nameOf: (user: string) => string}} reader
 * @returns {Phrase}
 */
export function phraseOf(entry, reader) {
  const sentence = Object.hasOwn(SENTENCES, entry.kind) ? SENTENCES[entry.kind] : () => null;
  return sentence(wordsFor(entry, reader)) ?? [{ text: 'Something has changed in this chat' }];
}

/** Returns the DOM nodes of a phrase. */
export function phraseNodes(phrase) {
  return phrase.map(({ text, name }) => (name === undefined ? document.createTextNode(text) : h('bdi', { text: name })));
}

/** Shows a phrase in an element. Does not touch an element that shows it already. */
export function showPhrase(element, phrase) {
  if (element.textContent !== phraseText(phrase)) element.replaceChildren(...phraseNodes(phrase));
}

/** Returns a phrase as plain text. */
export function phraseText(phrase) {
  return phrase.map(({ text, name }) => text ?? name).join('');
}

const SENTENCES = {
  group_created: ({ actor, given }) => [actor('You'), { text: ' created the group' }, ...(given ? [{ text: ' “' }, { name: given }, { text: '”' }] : [])],
  group_renamed: ({ actor, given }) => given && [actor('You'), { text: ' renamed the group to “' }, { name: given }, { text: '”' }],
  group_deleted: ({ actor }) => [actor('You'), { text: ' deleted the group' }],
  member_added: ({ actor, others, isOwnAct }) => others && (isOwnAct ? [actor('You'), { text: ' joined' }] : [actor('You'), { text: ' added ' }, ...others]),
  member_removed: ({ actor, others, isOwnAct }) => others && (isOwnAct ? [actor('You'), { text: ' left' }] : [actor('You'), { text: ' removed ' }, ...others]),
  role_changed: ({ actor, subject, others, isOwnAct, given }) => {
    const role = Object.hasOwn(ROLES, given ?? '') ? ROLES[given] : null;
    if (!others || !role) return null;
    if (isOwnAct) return [actor('You'), { text: subject === 'you' ? ` are now ${role}` : ` is now ${role}` }];
    return [actor('You'), { text: ' made ' }, ...others, { text: ` ${role}` }];
  },
};

function wordsFor({ sender, mentions = [], text }, { user, nameOf }) {
  const person = (who, you) => (who === user ? { text: you } : { name: nameOf(who) });
  return {
    actor: (you) => person(sender, you),
    others: mentions.length ? listed(mentions.map((who) => person(who, 'you'))) : null,
    subject: mentions[0] === user ? 'you' : 'other',
    /** The sender did it to themselves: joined, left, or gave up a role. */
    isOwnAct: mentions.length === 1 && mentions[0] === sender,
    given: text || null,
  };
}

/** Puts commas and an "and" between names. */
function listed(people) {
  return people.flatMap((person, index) => {
    if (index === 0) return [person];
    return [{ text: index === people.length - 1 ? ' and ' : ', ' }, person];
  });
}
