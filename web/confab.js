/**
 * Client of the Confab protocol for web pages: sessions, HTTP, the WebSocket, and a local store that is kept in step
 * with the server. Does not use the DOM.
 *
 * Use {@link Accounts} to log in and {@link ConfabClient} to chat:
 *
 *     const accounts = new Accounts();
 *     const session = await new ConfabHttp().login({ handle, password });
 *     await accounts.logIn(session, { handle });
 *     const client = await ConfabClient.open({ user: session.user, credentials: accounts.credentials(session.user) });
 *     client.addEventListener('message', ({ detail }) => console.log(detail.messages));
 *     client.start();
 */
export { Accounts } from './confab/accounts.js';
export { isMuted } from './confab/chats.js';
export { ConfabClient } from './confab/client.js';
export { Connection } from './confab/connection.js';
export { Contacts } from './confab/contacts.js';
export { countsAsUnread } from './confab/entries.js';
export { ConfabError } from './confab/errors.js';
export { ConfabHttp } from './confab/http.js';
export { dmOf, newClientMessageId, peerOf } from './confab/ids.js';
export { Outbox } from './confab/outbox.js';
export { PendingLogouts } from './confab/pending-logouts.js';
export { Presence } from './confab/presence.js';
export { SharedConnection } from './confab/shared-connection.js';
export { Store } from './confab/store.js';
export { Timeline } from './confab/timeline.js';
export { Typing } from './confab/typing.js';
