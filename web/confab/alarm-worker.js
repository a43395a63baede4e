// Timers in a worker. Browsers slow the timers of hidden pages down to one a minute, which is too slow for
// heartbeats; they do not slow down timers in a worker.
const timers = new Map();

addEventListener('message', ({ data: { id, wait_ms } }) => {
  if (wait_ms === null) {
    clearTimeout(timers.get(id));
    timers.delete(id);
    return;
  }
  timers.set(
    id,
    setTimeout(() => {
      timers.delete(id);
      postMessage(id);
    }, wait_ms),
  );
});
