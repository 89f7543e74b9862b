// Times what a tablet does with its model. A page imports this; its files come from the benchmark.

const PART = 262_144;
const STORE = "parts";

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("bench", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Keep a model as the tablet does: in parts. */
export async function keep() {
  const bytes = new Uint8Array(await (await fetch("/model")).arrayBuffer());
  const database = await opened();
  const transaction = database.transaction(STORE, "readwrite");
  for (let at = 0; at * PART < bytes.length; at += 1) {
    transaction.objectStore(STORE).put(bytes.slice(at * PART, (at + 1) * PART), at);
  }
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onerror = () => reject(transaction.error);
  });
  database.close();
}

/** @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function kept() {
  const database = await opened();
  const request = database.transaction(STORE).objectStore(STORE).getAll();
  /** @type {Uint8Array[]} */
  const parts = await new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  database.close();
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** @param {Worker} worker */
function asker(worker) {
  let id = 0;
  /** @param {Record<string, unknown>} body @param {Transferable[]} [transfer] */
  return (body, transfer = []) =>
    new Promise((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
      worker.postMessage({ id: (id += 1), ...body }, transfer);
    });
}

/**
 * Start the model in a worker and ask it, one product after the other, as the tablet's screens do.
 *
 * @param {{ sha256: string, isAsked: boolean }} given
 */
export async function inWorker({ sha256, isAsked }) {
  const [products, vectors] = await Promise.all(
    ["/questions", "/vectors"].map(async (name) => (await fetch(name)).json()),
  );
  const begun = performance.now();
  const model = await kept();
  const worker = new Worker("/tablet-worker.js");
  const ask = asker(worker);
  await ask({ model, sha256, vectors }, [model.buffer]);
  const load_ms = performance.now() - begun;
  const times = [];
  for (const product of isAsked ? products : []) {
    const start = performance.now();
    await ask({ products: [product], top: 5 });
    times.push((performance.now() - start) * 1000);
  }
  worker.terminate();
  return { load_ms, times, is_exact_clock: crossOriginIsolated };
}

/**
 * The same in the page itself, whose processor time Chromium can throttle.
 *
 * @param {{ sha256: string, isAsked: boolean }} given
 */
export async function inPage({ sha256, isAsked }) {
  const products = await (await fetch("/questions")).json();
  const begun = performance.now();
  const { load } = await import("/categorizer.js");
  const twin = await load(await kept(), sha256);
  const load_ms = performance.now() - begun;
  const times = [];
  for (const product of isAsked ? products : []) {
    const start = performance.now();
    twin.suggest(product, 5);
    times.push((performance.now() - start) * 1000);
  }
  return { load_ms, times, is_exact_clock: crossOriginIsolated };
}
