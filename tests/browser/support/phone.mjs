/** Actions with the developers' phone. */

export async function openPhone(person) {
  const entry = person.find('menu-phone');
  // The page learns only after the login whether there is a phone.
  for (;;) {
    await person.find('menu').click();
    await person.find('menu-devices').waitFor();
    if (await entry.isVisible()) break;
    await person.page.keyboard.press('Escape');
  }
  await entry.click();
  await person.page.getByRole('dialog', { name: 'Phone' }).waitFor();
}

/** @param {'apns' | 'fcm'} platform */
export async function registerPhone(person, platform) {
  await person.find(`register-${platform}`).click();
  await person.find('unregister').waitFor();
}

export async function goOffline(person) {
  await person.page.getByRole('switch', { name: 'Go offline', checked: false }).click();
  await person.page.getByRole('switch', { name: 'Go offline', checked: true }).waitFor();
  await person.notOnline();
}

/** Returns the notification of a sender or group. */
export function notification(person, title) {
  return person.find('phone-notification').filter({ hasText: title });
}
