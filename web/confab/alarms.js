/**
 * Timers. `after(wait_ms, work)` returns a function that cancels.
 * @typedef {{after: (wait_ms: number, work: () => void) => () => void}} Alarms
 */

/** @type {Alarms} */
export const plainAlarms = {
  after(wait_ms, work) {
    const timer = setTimeout(work, wait_ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Returns alarms that a hidden page does not slow down, or {@link plainAlarms} where workers are not available.
 * @returns {Alarms}
 */
export function steadyAlarms() {
  let worker;
  try {
    worker = new Worker(new URL('./alarm-worker.js', import.meta.url));
  } catch {
    return plainAlarms;
  }
  const waiting = new Map();
  let lastId = 0;
  let broken = false;
  const ring = (id) => {
    const alarm = waiting.get(id);
    waiting.delete(id);
    alarm?.work();
  };
  worker.addEventListener('message', ({ data }) => ring(data));
  worker.addEventListener('error', () => {
    broken = true;
    for (const [id, { wait_ms }] of waiting) plainAlarms.after(wait_ms, () => ring(id));
  });
  return {
    after(wait_ms, work) {
      if (broken) return plainAlarms.after(wait_ms, work);
      lastId += 1;
      const id = lastId;
      waiting.set(id, { work, wait_ms });
      worker.postMessage({ id, wait_ms });
      return () => {
        if (waiting.delete(id)) worker.postMessage({ id, wait_ms: null });
      };
    },
  };
}
