// The categorizer in a worker of its own, asked with promises.

import type { Answer, Explanation, Product } from "../categorizer/index.ts";
import type { Request, Response, Vector } from "../categorizer/worker.ts";
import workerUrl from "../categorizer/worker.ts?worker&url";
import { Unfit } from "../offline/model.ts";

// A model loads in tenths of a second, and a question takes a thousandth of one.
const PATIENCE_MS = 20_000;

/** The worker ended, or says nothing: nothing is known of what it was asked. */
export class Died extends Error {
  override name = "Died";
}

/** What the worker answered instead; the message may be shown. */
export class Unanswered extends Error {
  override name = "Unanswered";
}

type Body = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;
type Waiting = { resolve(response: Response): void; reject(error: Died): void };

export class Twin {
  readonly sha256: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #isDead = false;

  private constructor(sha256: string) {
    this.sha256 = sha256;
    this.#worker = new Worker(workerUrl);
    this.#worker.onmessage = ({ data }: MessageEvent<Response>) => {
      this.#waiting.get(data.id)?.resolve(data);
      this.#waiting.delete(data.id);
    };
    this.#worker.onerror = this.#worker.onmessageerror = () => this.close();
  }

  /** Start a model; its bytes go away. Throws Unfit, Died. */
  static async start(
    model: Uint8Array<ArrayBuffer>,
    sha256: string,
    vectors: readonly Vector[],
  ): Promise<Twin> {
    const twin = new Twin(sha256);
    try {
      await twin.#ask({ model, sha256, vectors }, [model.buffer]);
    } catch (error) {
      twin.close();
      throw error instanceof Unanswered ? new Unfit(error.message) : error;
    }
    return twin;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Throws Died, Unanswered. */
  async suggest(product: Product, top: number): Promise<Answer> {
    const response = await this.#ask({ products: [product], top });
    return ("answers" in response ? response.answers[0] : undefined) as Answer;
  }

  /** Throws Died, Unanswered. */
  async explain(product: Product, label: string): Promise<Explanation> {
    const response = await this.#ask({ explain: product, label });
    return ("explanation" in response ? response.explanation : undefined) as Explanation;
  }

  close(): void {
    this.#isDead = true;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) {
      reject(new Died("The categorizer of this tablet has stopped. Try again."));
    }
    this.#waiting.clear();
  }

  async #ask(body: Body, transfer: Transferable[] = []): Promise<Response> {
    const id = ++this.#asked;
    const timer = setTimeout(() => this.close(), PATIENCE_MS);
    try {
      const response = await new Promise<Response>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        this.#worker.postMessage({ ...body, id } as Request, transfer);
      });
      if ("error" in response) {
        throw new Unanswered(response.error);
      }
      return response;
    } finally {
      clearTimeout(timer);
    }
  }
}
