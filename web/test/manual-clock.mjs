/** Alarms that ring only when a test advances the time. */
export class ManualClock {
  now_ms = 0;
  #alarms = new Set();

  after(wait_ms, work) {
    const alarm = { at_ms: this.now_ms + wait_ms, work };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Advances the time, and lets promises settle between alarms. */
  async pass(wait_ms) {
    const end_ms = this.now_ms + wait_ms;
    await settled();
    for (;;) {
      const due = [...this.#alarms].filter((alarm) => alarm.at_ms <= end_ms).sort((a, b) => a.at_ms - b.at_ms)[0];
      if (!due) break;
      this.#alarms.delete(due);
      this.now_ms = due.at_ms;
      due.work();
      await settled();
    }
    this.now_ms = end_ms;
  }
}

/** Waits until everything that needs no time has run. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
