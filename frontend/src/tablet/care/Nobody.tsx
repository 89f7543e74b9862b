import type { Sealed } from "../../offline/person.ts";
import { Title } from "../parts.tsx";
import type { Who } from "../who.ts";
import { count } from "./words.ts";

type Stranger = Extract<Who, { state: "nobody" | "unknown" }>;

/** What somebody sees who is not signed in. `path`: where they want to go. */
export function Nobody({ who, path }: { who: Stranger; path: string }) {
  return (
    <>
      {who.state === "nobody" ? (
        <>
          <Title>Nobody is signed in</Title>
          <p>Sign in to look up products and to say where they belong.</p>
          <p>
            <a className="button main" href={`/sign-in?next=${encodeURIComponent(path)}`}>
              Sign in
            </a>
          </p>
        </>
      ) : (
        <>
          <Title>This tablet does not know you yet</Title>
          <p>
            The server cannot be reached, and nobody is signed in on this tablet. Sign in once with
            a connection; from then on it works without one.
          </p>
        </>
      )}
      {who.sealed.map((one) => (
        <SealedHere key={one.id} sealed={one} />
      ))}
    </>
  );
}

/** Whose changes wait here for them. What they are about is nobody else's business. */
function SealedHere({ sealed }: { sealed: Sealed }) {
  const { name, count: number } = sealed;
  return (
    <p className="banner">
      {count(number, "change")} of {name} {number === 1 ? "waits" : "wait"} on this tablet until{" "}
      {name} signs in here.
    </p>
  );
}
