const CANDIDATE = /https?:\/\/[^\s<>"]+/giu;

/**
 * Splits a text into plain parts and addresses that are safe to open.
 * @returns {{text: string, href?: string}[]}
 */
export function splitLinks(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const address = trimmed(match[0]);
    const href = safeHref(address);
    if (!href) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

function trimmed(address) {
  let result = address;
  for (;;) {
    const last = result.at(-1);
    const unopened = last === ')' && count(result, '(') < count(result, ')');
    if (!unopened && !".,;:!?'*_]}".includes(last)) return result;
    result = result.slice(0, -1);
  }
}

function count(text, character) {
  return text.split(character).length - 1;
}

function safeHref(address) {
  try {
    const url = new URL(address);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}
