import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phoneScreen, pushSummary } from '../app/phone-screen.js';

const ADA = 'dm_ada';
const TEAM = 'grp_team';

function apns(aps, facts) {
  const { conversation } = facts;
  return { user: 'usr_me', device: 'dev_me', platform: 'apns', payload: { aps: { 'thread-id': conversation, ...aps }, confab: facts }, attributes: { COLLAPSE_ID: conversation, TTL: '86400' }, sent_at_ms: facts.sent_at_ms };
}

function fcm(message, facts) {
  const { conversation } = facts;
  const data = Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, String(value)]));
  const android = { collapse_key: conversation, ...(message.notification && { notification: { tag: conversation, notification_count: facts.badge } }) };
  return { user: 'usr_me', device: 'dev_me', platform: 'fcm', payload: { message: { ...message, data, android } }, attributes: { TTL: '86400' }, sent_at_ms: facts.sent_at_ms };
}

const MAKERS = {
  apns: {
    alert: (conversation, seq, badge, sent_at_ms = seq) => apns({ alert: { title: conversation, body: `New message ${seq}` }, badge }, { conversation, badge, type: 'message', seq, sent_at_ms }),
    read: (conversation, read_seq, badge, sent_at_ms = 100) => apns({ badge, 'content-available': 1 }, { conversation, badge, type: 'read', read_seq, sent_at_ms }),
  },
  fcm: {
    alert: (conversation, seq, badge, sent_at_ms = seq) => fcm({ notification: { title: conversation, body: `New message ${seq}` } }, { conversation, badge, type: 'message', seq, sent_at_ms }),
    read: (conversation, read_seq, badge, sent_at_ms = 100) => fcm({}, { conversation, badge, type: 'read', read_seq, sent_at_ms }),
  },
};

const bodies = ({ notifications }) => notifications.map(({ conversation, body }) => `${conversation}: ${body}`);

for (const [platform, { alert, read }] of Object.entries(MAKERS)) {
  test(`${platform}: a later push of a conversation replaces the earlier one, and the newest is first`, () => {
    const screen = phoneScreen([alert(ADA, 1, 1), alert(TEAM, 7, 2), alert(ADA, 2, 3)]);
    assert.deepEqual(bodies(screen), ['dm_ada: New message 2', 'grp_team: New message 7']);
    assert.equal(screen.badge, 3);
    assert.equal(screen.notifications[0].platform, platform);
  });

  test(`${platform}: a clear removes notifications that were read elsewhere, and sets the badge`, () => {
    const screen = phoneScreen([alert(ADA, 1, 1), alert(TEAM, 7, 2), read(ADA, 1, 1)]);
    assert.deepEqual(bodies(screen), ['grp_team: New message 7']);
    assert.equal(screen.badge, 1);
  });

  test(`${platform}: a notification that was not read up to its end stays`, () => {
    const screen = phoneScreen([alert(ADA, 1, 1), alert(ADA, 2, 2), read(ADA, 1, 1)]);
    assert.deepEqual(bodies(screen), ['dm_ada: New message 2']);
    assert.equal(screen.badge, 1);
  });

  test(`${platform}: a push after the clear is shown`, () => {
    const screen = phoneScreen([alert(ADA, 1, 1), read(ADA, 1, 0), alert(ADA, 2, 1, 200)]);
    assert.deepEqual(bodies(screen), ['dm_ada: New message 2']);
    assert.equal(screen.badge, 1);
  });

  test(`${platform}: sequences compare as numbers`, () => {
    assert.deepEqual(bodies(phoneScreen([alert(ADA, 9, 1), read(ADA, 10, 0)])), []);
    assert.deepEqual(bodies(phoneScreen([alert(ADA, 10, 1), read(ADA, 9, 1)])), ['dm_ada: New message 10']);
  });

  test(`${platform}: a push has a short description`, () => {
    assert.equal(pushSummary(alert(ADA, 4, 1)), 'message 4');
    assert.equal(pushSummary(read(ADA, 4, 0)), 'read up to 4, silent');
  });
}

const { alert } = MAKERS.apns;

test('an app shows no notifications of messages that it has read itself', () => {
  const readSeq = (conversation) => (conversation === ADA ? 2 : 0);
  assert.deepEqual(bodies(phoneScreen([alert(ADA, 2, 1), alert(TEAM, 7, 2)], { readSeq })), ['grp_team: New message 7']);
});

test('the number that a connected app has set stays until a later push', () => {
  const seen = { at_ms: 50, badge: 0 };
  const before = alert(ADA, 1, 4, 40);
  assert.equal(phoneScreen([before], { seen }).badge, 0);
  assert.equal(phoneScreen([before, alert(ADA, 2, 1, 60)], { seen }).badge, 1);
});

test('without pushes there are no notifications and no badge', () => {
  assert.deepEqual(phoneScreen([]), { badge: 0, notifications: [] });
});

test('a push of an unknown kind shows nothing', () => {
  const strange = [apns({}, { conversation: ADA, type: 'call', sent_at_ms: 1 }), { platform: 'fcm', payload: 'what', attributes: {}, sent_at_ms: 2 }];
  assert.deepEqual(phoneScreen(strange), { badge: 0, notifications: [] });
  assert.equal(pushSummary(strange[1]), 'unknown');
});
