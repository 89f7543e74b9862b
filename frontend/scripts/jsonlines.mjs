// Reads products as JSON Lines and answers them the way `python -m categorizer` does.

const NEWLINE = 0x0a;
const BLANK = /^[ \t\r]*$/;

/** A line that cannot be answered. */
class BadLine extends Error {}

/**
 * Yields the lines of a stream of bytes, without their line feeds. Only a line feed ends a line:
 * readline would also split at carriage returns and Unicode's separators.
 *
 * @param {AsyncIterable<Uint8Array>} stream
 * @returns {AsyncGenerator<Buffer>}
 */
export async function* lines(stream) {
  /** @type {Uint8Array[]} */
  let begun = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...begun, chunk.subarray(start, end)]);
      begun = [];
      start = end + 1;
    }
    begun.push(chunk.subarray(start));
  }
  yield Buffer.concat(begun);
}

/**
 * @param {Uint8Array} line
 * @returns {Record<string, unknown> | undefined} nothing for a blank line
 */
function productIn(line) {
  let product;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
    if (BLANK.test(text)) {
      return undefined;
    }
    product = JSON.parse(text);
  } catch {
    throw new BadLine("not JSON");
  }
  if (typeof product !== "object" || product === null || Array.isArray(product)) {
    throw new BadLine("not a JSON object");
  }
  return product;
}

/**
 * Yields one line of JSON for each product in a stream, in order, and whether it is an answer.
 *
 * @param {AsyncIterable<Uint8Array>} stream
 * @param {(product: Record<string, unknown>) => unknown} answer
 * @param {new (...words: never[]) => Error} BadProduct what `answer` throws for a product it cannot read
 * @returns {AsyncGenerator<{ json: string, isAnswer: boolean }>}
 */
export async function* answers(stream, answer, BadProduct) {
  let number = 0;
  for await (const line of lines(stream)) {
    number++;
    try {
      const product = productIn(line);
      if (product !== undefined) {
        yield { json: JSON.stringify(answer(product)), isAnswer: true };
      }
    } catch (error) {
      if (!(error instanceof BadLine || error instanceof BadProduct)) {
        throw error;
      }
      const json = JSON.stringify({ error: `line ${number}: ${error.message}` });
      yield { json, isAnswer: false };
    }
  }
}
