// Asks our own API. Every answer is JSON or a problem (RFC 9457); whatever else arrives, a sign-in
// page of a captive portal for example, did not come from us.

export interface Fault {
  pointer: string;
  field: string;
  detail: string;
  code: string;
}

/** The server understood and refused. `message` is fit to show. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly faults: readonly Fault[];
  readonly requestId: string;
  readonly headers: Headers;

  constructor(status: number, problem: Partial<Problem>, headers = new Headers()) {
    super(problem.detail ?? `The server refused this (${status}).`);
    this.name = "Refused";
    this.status = status;
    this.code = problem.code ?? "";
    this.faults = problem.errors ?? [];
    this.requestId = problem.request_id ?? "";
    this.headers = headers;
  }
}

/** Nothing is known about what became of the request. `message` is fit to show. */
export class Unreachable extends Error {
  /** Whether we stopped waiting, rather than that there is nobody to wait for. */
  readonly isSlow: boolean;
  /** Whether we were sent elsewhere, to a page where people sign in for example. */
  readonly isSentElsewhere: boolean;

  constructor(isSlow = false, isSentElsewhere = false) {
    super("The server cannot be reached. Check the connection, then try again.");
    this.name = "Unreachable";
    this.isSlow = isSlow;
    this.isSentElsewhere = isSentElsewhere;
  }
}

interface Problem {
  detail: string;
  code: string;
  request_id: string;
  errors: Fault[];
}

export interface Answer<T> {
  data: T;
  headers: Headers;
  /** Whether the service worker answered from its cache because the network did not. */
  isCached: boolean;
  /** When the cached answer had arrived, if it is cached and known. */
  cachedAt: Date | null;
}

export interface Options {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  /** The same key for the same change, however often it is sent. */
  idempotencyKey?: string;
  /** The version that was read: another one answers 409. */
  version?: number;
  headers?: Readonly<Record<string, string>>;
  /** Instead of the token in the cookie: a worker does not see that. */
  csrf?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Ask the server even if nobody expects it to answer in time. */
  isUrgent?: boolean;
}

/** Return the answer of `path` below /api/v1/. Throw Refused or Unreachable. */
export async function ask<T>(path: string, options: Options = {}): Promise<Answer<T>> {
  const { body, method = "GET", timeoutMs = 15_000 } = options;
  const headers = new Headers({ ...options.headers, Accept: "application/json" });
  if (body !== undefined) {
    headers.set("Content-Type", "application/json");
  }
  if (method !== "GET") {
    headers.set("X-CSRFToken", options.csrf ?? csrfToken());
  }
  if (options.idempotencyKey !== undefined) {
    headers.set("Idempotency-Key", options.idempotencyKey);
  }
  if (options.version !== undefined) {
    headers.set("If-Match", `"${options.version}"`);
  }
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      redirect: "manual",
      cache: options.isUrgent ? "reload" : "default",
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof DOMException || error instanceof TypeError) {
      throw new Unreachable(error.name === "TimeoutError");
    }
    throw error;
  }
  return read<T>(response);
}

async function read<T>(response: Response): Promise<Answer<T>> {
  const type = response.headers.get("Content-Type") ?? "";
  if (!(response.status === 204 || /^application\/(problem\+)?json/.test(type))) {
    throw new Unreachable(false, response.type === "opaqueredirect");
  }
  let content: unknown = null;
  try {
    content = response.status === 204 ? null : await response.json();
  } catch {
    throw new Unreachable(); // cut off on the way
  }
  if (!response.ok) {
    throw new Refused(response.status, content as Partial<Problem>, response.headers);
  }
  const cachedAt = response.headers.get("x-sw-cached-at");
  return {
    data: content as T,
    headers: response.headers,
    isCached: response.headers.get("x-from-sw-cache") === "1",
    cachedAt: cachedAt === null ? null : new Date(cachedAt),
  };
}

/** Read at the moment of sending: Django gives a new token at every sign-in. */
function csrfToken(): string {
  const found = /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie);
  return found?.[1] ?? "";
}
