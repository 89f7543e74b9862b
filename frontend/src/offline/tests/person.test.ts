import "fake-indexeddb/auto";
import { beforeEach, expect, test } from "vitest";
import {
  forget,
  keyOf,
  lastPerson,
  noteSealed,
  remember,
  type Session,
  sealedHere,
  setLeaving,
} from "../person.ts";

const NOW = new Date("2026-11-20T14:02:00Z");
const CARLA: Session = {
  authenticated: true,
  user_id: 7,
  username: "carla",
  display_name: "Carla",
  permissions: ["inventory.view_product"],
  perms_hash: "0123456789abcdef",
  csrf: "secret",
  session_expires_at: "2026-12-04T14:02:00Z",
};
const NOBODY: Session = {
  authenticated: false,
  user_id: null,
  username: null,
  display_name: null,
  permissions: [],
  perms_hash: "",
  csrf: "another",
  session_expires_at: null,
};

beforeEach(forget);

test("a tablet that nobody has used knows nobody", async () => {
  expect(await lastPerson()).toBeUndefined();
});

test("it remembers who was signed in and when the server last said so, and no token", async () => {
  await remember(CARLA, NOW);
  expect(await lastPerson()).toEqual({
    id: 7,
    name: "Carla",
    permissions: ["inventory.view_product"],
    permsHash: "0123456789abcdef",
    seenAt: "2026-11-20T14:02:00.000Z",
    sessionEnds: "2026-12-04T14:02:00Z",
  });
});

test("a session that ended by itself makes nobody forgotten", async () => {
  await remember(CARLA, NOW);
  expect(await remember(NOBODY, NOW)).toBeNull();
  expect((await lastPerson())?.name).toBe("Carla");
  await forget();
  expect(await lastPerson()).toBeUndefined();
});

test("whoever left changes here is named until they come back or none is left", async () => {
  await remember(CARLA, NOW);
  await noteSealed(7, 3);
  expect(await sealedHere()).toEqual([{ id: 7, name: "Carla", count: 3 }]);
  await noteSealed(7, 2);
  expect(await sealedHere()).toEqual([{ id: 7, name: "Carla", count: 2 }]);
  await remember(CARLA, NOW);
  expect(await sealedHere()).toEqual([]);
  await noteSealed(7, 1);
  await noteSealed(7, 0);
  expect(await sealedHere()).toEqual([]);
});

test("answers are kept for one person in one role", () => {
  const key = keyOf({ id: 7, permsHash: "a" });
  expect(keyOf({ id: 7, permsHash: "b" })).not.toBe(key);
  expect(keyOf({ id: 8, permsHash: "a" })).not.toBe(key);
});

test("an answer about the session that somebody left does not bring them back", async () => {
  await remember(CARLA, NOW);
  await setLeaving({ id: 7, sessionEnds: CARLA.session_expires_at ?? null });
  await forget();
  expect(await remember(CARLA, NOW)).toBeNull();
  expect(await lastPerson()).toBeUndefined();
  // Another session of hers is another matter.
  const again = { ...CARLA, session_expires_at: "2026-12-05T14:02:00Z" };
  expect((await remember(again, NOW))?.name).toBe("Carla");
  await setLeaving(null);
});
