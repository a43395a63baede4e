import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitLinks } from '../app/links.js';

const links = (text) => splitLinks(text).filter((part) => part.href).map((part) => part.text);

function check(text, expected) {
  assert.deepEqual(links(text), expected);
  assert.equal(splitLinks(text).map((part) => part.text).join(''), text);
}

test('addresses are found within text', () => check('see https://a.example/x and http://b.example', ['https://a.example/x', 'http://b.example']));
test('punctuation after an address is not part of it', () => check('(https://a.example/x), "https://b.example".', ['https://a.example/x', 'https://b.example']));
test('balanced brackets are part of it', () => check('https://a.example/x_(y) ok', ['https://a.example/x_(y)']));
test('other schemes stay text', () => check('javascript:alert(1) data:text/html,x ftp://a.example', []));
test('a scheme without a host stays text', () => check('https:// and http://', []));
test('text without addresses stays whole', () => check('<b>hello</b>\n  there', []));
test('only brackets that nothing opens are cut off', () => check('https://a.example/(x)).) y', ['https://a.example/(x)']));
test('an address of any length with punctuation after it is cut in no time', () => {
  const started = performance.now();
  for (const end of [')', '(', '.', '()']) check(`http://${end.repeat(100_000)}`, []);
  check(`https://a.example/${')'.repeat(100_000)}`, ['https://a.example/']);
  assert.ok(performance.now() - started < 500);
});
test('an address that is too long stays text', () => {
  const longest = `https://a.example/${'x'.repeat(2_048 - 'https://a.example/'.length)}`;
  check(`${longest} ${longest}x`, [longest]);
});
