// This tablet as a witness: it keeps the last checkpoint of the server's log that it accepted, and
// at each meeting the server has to prove that its log still begins with exactly that.
import { ask, Refused, Unreachable } from "../api/client.ts";
import type { Consistency, LogKeys } from "../api/types.ts";
import { type Checkpoint, continues, type Note, opened, parse, signed } from "./checkpoint.ts";
import { type Alarm, keep, type Reason, type Witnessed } from "./device.ts";

type Told = Pick<Consistency, "proof" | "checkpoint">;
type Keys = Pick<LogKeys, "vkeys" | "rotations">;

const ROTATION = "shelfmark-key-rotation/1";
// More than any note has, and what the server takes.
const MOST_KEPT = 20_000;

/**
 * Let the server prove that its log continues what this tablet kept, and keep what it proved.
 *
 * What does not fit is kept beside the old checkpoint as an alarm. No answer is no alarm: then, and
 * while the server has no log, what is known is returned as it is.
 */
export async function check(now: Date): Promise<Witnessed> {
  const known = await keep((found) => found);
  try {
    return await meet(known, now);
  } catch (error) {
    if (error instanceof Unreachable || error instanceof Refused) {
      return known;
    }
    throw error;
  }
}

async function meet(known: Witnessed, now: Date): Promise<Witnessed> {
  const old = parse(known.note);
  const alarm = (reason: Reason, seen: unknown, proof: readonly unknown[] = []) =>
    raise({
      at: now.toISOString(),
      reason,
      kept: known.note,
      seen: typeof seen === "string" ? seen.slice(0, MOST_KEPT) : "",
      proof,
    });
  let told: Told;
  try {
    told = await tell(known.size);
  } catch (error) {
    if (old === null || !isRefusal(error)) {
      throw error;
    }
    const instead = await tell(0).catch(() => null);
    return alarm("refused", instead?.checkpoint);
  }
  const proof = Array.isArray(told?.proof) ? told.proof : [null];
  const fresh = parse(told?.checkpoint);
  const trust = fresh && (await trusted(known.vkeys, fresh));
  if (fresh !== null && trust !== null) {
    if (old === null || (old.origin === fresh.origin && (await continues(old, fresh, proof)))) {
      return accept(fresh, trust, now);
    }
  }
  if (old === null) {
    return known; // nothing that it could contradict
  }
  const isShorter = fresh !== null && fresh.size < old.size;
  const reason = trust === null ? "signature" : isShorter ? "shorter" : "rewritten";
  return alarm(reason, told?.checkpoint, proof);
}

async function tell(from: number): Promise<Told> {
  return (await ask<Told>(`ledger/consistency?from=${from}`, { isUrgent: true })).data;
}

/** Whether the server understood and will not; not that it is busy or asks for a sign-in. */
function isRefusal(error: unknown): boolean {
  return error instanceof Refused && [400, 404, 409, 410, 422].includes(error.status);
}

function accept(fresh: Checkpoint, trust: Trust, now: Date): Promise<Witnessed> {
  return keep((found) => ({
    ...found,
    ...(fresh.size >= found.size && { note: fresh.note, size: fresh.size, ...trust }),
    checkedAt: now.toISOString(),
  }));
}

function raise(alarm: Alarm): Promise<Witnessed> {
  return keep((found) => ({ ...found, alarm: found.alarm ?? alarm }));
}

interface Trust {
  vkeys: readonly string[];
  isSigned: boolean;
}

/** Return the keys to trust from now on, or null if no key that is trusted signed this. */
async function trusted(known: readonly string[], fresh: Checkpoint): Promise<Trust | null> {
  const by = await signers(fresh, known);
  if (by !== null) {
    return { ...by, vkeys: known };
  }
  const { vkeys, rotations } = await listing();
  if (known.length === 0) {
    return signers(fresh, vkeys);
  }
  const followed = await followers(known, rotations);
  const late = await signers(fresh, followed);
  return late && { ...late, vkeys: followed };
}

/** Return the keys that are known, and those that such a key has named as the next. */
async function followers(
  known: readonly string[],
  rotations: readonly unknown[],
): Promise<readonly string[]> {
  let vkeys = known;
  for (const rotation of rotations) {
    const statement = opened(rotation);
    const [format, old = "", next = ""] = statement?.text.split("\n") ?? [];
    // Not by the name beside it: anybody can put a second signature below a note.
    if (
      statement &&
      format === ROTATION &&
      vkeys.includes(old) &&
      (await signers(statement, [old]))
    ) {
      vkeys = [...vkeys, next];
    }
  }
  return vkeys;
}

/** Return the keys that the server names, and the statements that lead from one to the next. */
async function listing(): Promise<Keys> {
  try {
    const { data } = await ask<Partial<Keys>>("ledger/key", { isUrgent: true });
    return { vkeys: data?.vkeys ?? [], rotations: data?.rotations ?? [] };
  } catch (error) {
    if (isRefusal(error)) {
      return { vkeys: [], rotations: [] };
    }
    throw error;
  }
}

/** Return which of these keys signed, or null if none did. */
async function signers(note: Note, vkeys: readonly string[]): Promise<Trust | null> {
  const found: string[] = [];
  let isSigned = false;
  for (const vkey of vkeys) {
    const answer = await signed(note, vkey);
    if (answer !== false) {
      found.push(vkey);
      isSigned ||= answer === true;
    }
  }
  return found.length > 0 ? { vkeys: found, isSigned } : null;
}

/** Tell the server what this tablet holds: a model, a checkpoint, and what was wrong. */
export async function report(found: Witnessed, model: string | null): Promise<void> {
  const { tablet, size, alarm } = found;
  await ask(`tablets/${tablet}`, {
    method: "POST",
    body: {
      model_sha256: model,
      checkpoint_size: size,
      alarm: alarm && { kept: alarm.kept, seen: alarm.seen },
    },
  });
}
