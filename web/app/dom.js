const PROPERTIES = new Set(['value', 'disabled', 'hidden', 'checked', 'inert']);

/**
 * Returns a new element.
 *
 * `text` sets the text, `data` the dataset, `on` the listeners. All other options are attributes, left out if null,
 * undefined or false.
 */
export function h(tag, { text, data, on, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (PROPERTIES.has(name)) element[name] = value;
    else setAttribute(element, name, value);
  }
  Object.assign(element.dataset, data);
  for (const [type, listener] of Object.entries(on ?? {})) element.addEventListener(type, listener);
  if (text !== undefined) element.textContent = text;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets an attribute, or removes it if the value is null, undefined or false. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? '' : value);
}

/**
 * Makes the children of `parent` show `items`. Reuses the elements of items that stay, so that focus, selection and
 * scroll position are kept.
 * @param {{key: (item) => string, create: (item) => HTMLElement, update: (element, item) => void}} how
 */
export function reconcile(parent, items, { key, create, update }) {
  const old = new Map(Array.from(parent.children, (child) => [child.dataset.key, child]));
  const elements = items.map((item) => {
    const itemKey = key(item);
    const element = old.get(itemKey) ?? create(item);
    old.delete(itemKey);
    element.dataset.key = itemKey;
    update(element, item);
    return element;
  });
  for (const removed of old.values()) removed.remove();
  elements.forEach((element, index) => {
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
  });
}

/** Returns a function that runs `work` in a microtask, or after `wait_ms`, once for all calls until then. */
export function batched(work, wait_ms = 0) {
  let planned = false;
  return () => {
    if (planned) return;
    planned = true;
    const run = () => {
      planned = false;
      work();
    };
    if (wait_ms) setTimeout(run, wait_ms);
    else queueMicrotask(run);
  };
}

/**
 * Returns a listener that starts `work` unless it is running. Unlike a disabled button, the button keeps the focus
 * meanwhile.
 */
export function unlessRunning(work) {
  let running = false;
  return async (...args) => {
    if (running) return;
    running = true;
    try {
      await work(...args);
    } finally {
      running = false;
    }
  };
}
