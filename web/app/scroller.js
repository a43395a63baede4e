/** Distance from the end that still counts as the end. Unit: CSS pixels. */
const END_PX = 80;
/** Distance from the top at which older content is loaded. Unit: CSS pixels. */
const NEAR_TOP_PX = 600;

/** Longest distance that is scrolled smoothly. Unit: heights of the viewport. */
const SMOOTH_MAX = 3;

/** Keeps the scroll position of a growing column: at its end, or at the row that the reader sees. */
export class Scroller {
  #viewport;
  #onMove;
  #onNearTop;
  #sticks = true;
  #hasLeftEnd = false;
  /** The scroll position at the last measurement. A different position means that the reader has scrolled. */
  #top = 0;
  #resizes;

  /** @param {{onMove: () => void, onNearTop: () => void}} use */
  constructor(viewport, { onMove, onNearTop }) {
    this.#viewport = viewport;
    this.#onMove = onMove;
    this.#onNearTop = onNearTop;
    viewport.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.#resizes = new ResizeObserver(() => {
      this.#notice();
      if (this.#sticks) this.toEnd();
    });
    this.#resizes.observe(viewport);
  }

  dispose() {
    this.#resizes.disconnect();
  }

  get atEnd() {
    return this.#sticks;
  }

  /** Whether the viewport has ever left the end. From then on, the reader determines its position. */
  get hasLeftEnd() {
    this.#notice();
    return this.#hasLeftEnd;
  }

  /** Scrolls to the end and follows it from then on. */
  toEnd({ smooth = false } = {}) {
    this.#sticks = true;
    const { scrollTop, scrollHeight, clientHeight } = this.#viewport;
    const near = scrollHeight - scrollTop < SMOOTH_MAX * clientHeight;
    const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#viewport.scrollTo({ top: scrollHeight, behavior: smooth && near && !reducedMotion ? 'smooth' : 'instant' });
    this.#top = this.#viewport.scrollTop;
    this.#onMove();
  }

  /** Scrolls up to an element, if it is above the visible part. */
  showFrom(element) {
    const above = element.getBoundingClientRect().top - this.#viewport.getBoundingClientRect().top;
    if (above >= 0) return;
    this.#viewport.scrollBy({ top: above - 16, behavior: 'instant' });
    this.#measure();
  }

  /** Runs a change of the content and keeps the reader's position. */
  preserve(change) {
    this.#notice();
    const anchor = this.#sticks ? null : this.#firstVisible();
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (this.#sticks) this.toEnd();
    else if (anchor?.isConnected) this.#moveBy(anchor.getBoundingClientRect().top - before);
    this.#askForMore();
  }

  /** Returns the highest `data-seq` whose element's end is visible, or 0. */
  lastVisibleSeq(rows) {
    const { bottom } = this.#viewport.getBoundingClientRect();
    for (let row = rows.lastElementChild; row; row = row.previousElementSibling) {
      const seq = Number(row.dataset.seq ?? 0);
      if (seq && row.getBoundingClientRect().bottom <= bottom + 1) return seq;
    }
    return 0;
  }

  #moveBy(distance) {
    // An assignment that changes nothing would still stop a smooth scroll.
    if (distance === 0) return;
    this.#viewport.scrollTop += distance;
    this.#top = this.#viewport.scrollTop;
  }

  /** Handles a scroll whose event, which comes a frame late, has not arrived yet. */
  #notice() {
    if (this.#viewport.scrollTop !== this.#top) this.#measure();
  }

  #measure() {
    const { scrollTop, scrollHeight, clientHeight } = this.#viewport;
    this.#sticks = scrollHeight - scrollTop - clientHeight <= END_PX;
    this.#hasLeftEnd ||= !this.#sticks;
    this.#top = scrollTop;
  }

  #firstVisible() {
    const { top } = this.#viewport.getBoundingClientRect();
    return [...this.#viewport.querySelectorAll('.message, .system-line')].find((row) => row.getBoundingClientRect().bottom > top);
  }

  #scrolled() {
    this.#measure();
    this.#onMove();
    this.#askForMore();
  }

  #askForMore() {
    if (this.#viewport.scrollTop < NEAR_TOP_PX) this.#onNearTop();
  }
}
