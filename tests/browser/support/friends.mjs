/** Actions in the friends dialog and with the menu of a 1:1 conversation. */

export async function openFriends(person) {
  await person.find('menu').click();
  await person.find('menu-friends').click();
  await person.page.getByRole('dialog', { name: 'Friends' }).waitFor();
}

export async function closeDialog(person) {
  await person.page.keyboard.press('Escape');
  await person.page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** Returns the row of a user in one of the dialog's lists: `friends`, `requests`, `requested` or `blocks`. */
export function listed(person, list, name) {
  return person.find(list).getByTestId('person').filter({ hasText: name });
}

export async function addFriend(person, handle) {
  await person.find('add-handle').fill(handle);
  await person.find('add-handle-submit').click();
}

export function confirm(person, button) {
  return person.page.getByRole('dialog').last().getByRole('button', { name: button, exact: true }).click();
}

/** Chooses an item from the menu of the open 1:1 conversation. */
export async function choose(person, testid) {
  await person.find('chat-menu').click();
  await person.page.getByRole('menu').getByTestId(testid).click();
}

/** Makes two users friends, without a page. */
export async function befriend(one, other) {
  await one.call('PUT', `/v1/contacts/${other.user}`);
  await other.call('PUT', `/v1/contacts/${one.user}`);
}

/** Waits for a text in the line below the name of the open conversation. */
export function detail(person, pattern) {
  return person.find('peer-detail').filter({ hasText: pattern }).waitFor();
}

/** Waits until a chat in the list has a presence dot, or has none. */
export function dotInList(person, name, state = 'visible') {
  return person.chat(name).getByRole('img', { name: 'online', includeHidden: true }).waitFor({ state });
}
