/** Longest that an engine may take for anything, in milliseconds: one that hangs must not end the run. */
const PATIENCE = 600_000;

/** A worker whose calls are promises. */
class Caller {
  constructor(script) {
    this.calls = new Map();
    this.last = 0;
    this.worker = new Worker(script, { type: 'module' });
    this.worker.onmessage = ({ data: { id, value, error } }) => {
      const call = this.calls.get(id);
      this.calls.delete(id);
      if (error === undefined) call?.resolve(value);
      else call?.reject(new Error(error));
    };
    this.worker.onerror = (event) => {
      for (const { reject } of this.calls.values()) reject(new Error(event.message || `${script} could not be loaded`));
      this.calls.clear();
    };
  }

  call(name, args) {
    this.last += 1;
    const id = this.last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} took longer than ${PATIENCE / 1000} s`)), PATIENCE);
      const settled = (settle) => (value) => {
        clearTimeout(timer);
        settle(value);
      };
      this.calls.set(id, { resolve: settled(resolve), reject: settled(reject) });
      this.worker.postMessage({ id, name, args });
    });
  }
}

/** The workers of one engine: one, or as many as threads where an engine has an instance a thread. */
export class Group {
  constructor(script, count) {
    this.callers = Array.from({ length: count }, () => new Caller(script));
  }

  /** The same call to every worker; gives what each answers. */
  all(name, ...args) {
    return Promise.all(this.callers.map((caller) => caller.call(name, args)));
  }

  close() {
    for (const caller of this.callers) caller.worker.terminate();
  }
}
