/**
 * Returns a function that runs `work`, never concurrently. Calls during a run share one following run, so that each
 * call gets a result of a run that began after the call.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {() => Promise<T>}
 */
export function oneAtATime(work) {
  let running = null;
  let next = null;
  const start = () => {
    next = null;
    const run = work().finally(() => {
      if (running === run) running = null;
    });
    running = run;
    return run;
  };
  const startUnlessRunning = () => running ?? start();
  return () => {
    if (!running) return start();
    next ??= running.then(startUnlessRunning, startUnlessRunning);
    return next;
  };
}
