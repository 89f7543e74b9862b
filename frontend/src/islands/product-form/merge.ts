// What to do when somebody else changed the same product in the meantime.
import { differing, type Name, type Values } from "../../forms/fields.ts";

export interface Difference {
  name: Name;
  mine: string;
  theirs: string;
  /** Whether I had changed it, too. If not, theirs is the one to take. */
  isMine: boolean;
}

/** Return the fields that somebody else changed and that do not read as I have them. */
export function differences(start: Values, mine: Values, theirs: Values): Difference[] {
  const changedByThem = differing(start, theirs);
  const changedByMe = differing(start, mine);
  return changedByThem
    .filter((name) => mine[name].trim() !== theirs[name].trim())
    .map((name) => ({
      name,
      mine: mine[name],
      theirs: theirs[name],
      isMine: changedByMe.includes(name),
    }));
}

export type Choices = Partial<Record<Name, "mine" | "theirs">>;

/** Return the choices that need no person: what only they changed is theirs. */
export function obvious(found: readonly Difference[]): Choices {
  return Object.fromEntries(
    found.filter(({ isMine }) => !isMine).map(({ name }) => [name, "theirs"]),
  );
}

/** Return my values with theirs where theirs were chosen. */
export function merged(mine: Values, found: readonly Difference[], choices: Choices): Values {
  const result = { ...mine };
  for (const { name, theirs } of found) {
    if (choices[name] === "theirs") {
      result[name] = theirs;
    }
  }
  return result;
}
