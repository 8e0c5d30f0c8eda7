/** What a viewport is told about the user's fingers, mouse and wheel. Coordinates are relative to the element. */
export interface GestureTarget {
  /** One pointer moved by (`dx`, `dy`) to `x`. */
  drag(dx: number, dy: number, x: number): void;
  /** The pointers' distance changed by `factor` around (`x`, `y`), or the wheel turned. */
  zoom(factor: number, x: number, y: number): void;
  /** Whether a wheel event is meant for the picture rather than for the page. */
  wantsWheel(event: WheelEvent): boolean;
}

/** Follows pointers and wheel on `element`. The returned function stops that. */
export function followGestures(element: HTMLElement, target: GestureTarget): () => void {
  const pointers = new Map<number, { x: number; y: number }>();
  const stop = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void): void =>
    element.addEventListener(type, listener, { signal: stop.signal, passive: false });

  const place = (event: { clientX: number; clientY: number }): { x: number; y: number } => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const spread = (): { distance: number; x: number; y: number } => {
    const [a, b] = [...pointers.values()];
    if (!a || !b) return { distance: 0, x: 0, y: 0 };
    return { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };

  on('pointerdown', (event) => {
    if (event.button !== 0 || pointers.size >= 2) return;
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
  });
  on('pointermove', (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const wide = spread();
    const now = place(event);
    pointers.set(event.pointerId, now);
    if (pointers.size === 1) target.drag(now.x - before.x, now.y - before.y, now.x);
    else if (wide.distance > 0) {
      const next = spread();
      target.zoom(next.distance / wide.distance, next.x, next.y);
    }
  });
  const release = (event: PointerEvent): void => void pointers.delete(event.pointerId);
  on('pointerup', release);
  on('pointercancel', release);
  on('wheel', (event) => {
    if (!target.wantsWheel(event)) return;
    event.preventDefault();
    const { x, y } = place(event);
    // Lines rather than pixels in some browsers; a step is then about 16 pixels.
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * 16;
    target.zoom(Math.exp(-Math.max(-120, Math.min(120, pixels)) / 300), x, y);
  });
  return () => stop.abort();
}
