import { ago } from './time.js';

/**
 * Returns a presence in words, or an empty text if it is not known.
 * @param {{status: string, last_active_at_ms?: number} | null} presence
 */
export function statusText(presence, now = Date.now()) {
  if (presence?.status === 'online') return 'online';
  return presence?.last_active_at_ms ? `last active ${ago(presence.last_active_at_ms, now)}` : '';
}

/** Returns whether a user is known to be online. */
export function isOnline(client, user) {
  return client.presence.get(user)?.status === 'online';
}
